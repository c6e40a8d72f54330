"""Folded up-sampling and reordered pooling are the same functions as the plain forms; networks fit every size."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genstudio.models.blocks import conv, mlp, pool
from genstudio.models.blocks.fold import UpConv3
from genstudio.models.blocks.layout import Flatten, Unflatten

SIZES = [(6, 8), (5, 5), (7, 12)]  # of the small picture


def both(before, after, small, size):
    """(folded, plain) outputs and gradients of the same random layer in float64: lists of tensors."""
    generator = torch.Generator().manual_seed(0)
    layer = UpConv3(before, after, size).double()
    x = torch.randn(3, before, *small, generator=generator, dtype=torch.float64, requires_grad=True)
    pull = torch.randn(3, after, *size, generator=generator, dtype=torch.float64)

    def plain(x):
        return F.conv2d(F.interpolate(x, size), layer.weight, layer.bias, padding=1)

    found = []
    for function in (layer, plain):
        out = function(x)
        slopes = torch.autograd.grad((out * pull).sum(), [x, layer.weight, layer.bias], create_graph=True)
        # a penalty on the gradient, as critics have, differentiates twice
        second = torch.autograd.grad(sum(s.square().sum() for s in slopes), [x, layer.weight])
        found.append([out, *slopes, *second])
    return found


@pytest.mark.parametrize("after", [1, 3, 8, 12])
@pytest.mark.parametrize("small", SIZES)
def test_folded_up_sampling_is_the_same_function_with_the_same_gradients(after, small):
    folded, plain = both(4, after, small, (2 * small[0], 2 * small[1]))
    for mine, theirs in zip(folded, plain, strict=True):
        assert mine.shape == theirs.shape
        assert (mine - theirs).abs().max() <= 1e-12 * max(1, theirs.abs().max())


@pytest.mark.parametrize("size", [(11, 12), (13, 16), (12, 15), (12, 8)])
def test_sizes_that_do_not_double_are_computed_in_the_plain_form(size):
    folded, plain = both(2, 3, (6, 7), size)
    for mine, theirs in zip(folded, plain, strict=True):
        assert torch.equal(mine, theirs)


def test_folded_layer_has_the_parameters_and_the_start_of_a_3x3_convolution():
    torch.manual_seed(5)
    mine = UpConv3(4, 6, (8, 8)).state_dict()
    torch.manual_seed(5)
    theirs = nn.Conv2d(4, 6, 3, padding=1).state_dict()
    assert list(mine) == list(theirs) == ["weight", "bias"]
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("after", [1, 8])
def test_folded_layer_in_bfloat16_stays_near_float32(after):
    generator = torch.Generator().manual_seed(0)
    layer, x = UpConv3(16, after, (12, 12)), torch.randn(2, 16, 6, 6, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x)
    assert out.dtype == torch.bfloat16
    assert (out.float() - layer(x)).abs().max() < 0.05 * layer(x).abs().max()


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 17, 3), (32, 32, 3)])
def test_the_articles_network_is_the_one_that_the_article_lists(shape):
    """The listing's own order: convolution, ReLU, pooling; up-sampling, convolution."""
    torch.manual_seed(0)
    encoder, decoder = pool.Encoder(shape, 4, 6).double(), pool.Decoder(shape, 4, 6).double()
    conv1, conv2 = (m for m in encoder if isinstance(m, nn.Conv2d))
    dense, up = decoder.body[0], decoder.body[3]
    half, bottom = (shape[0] // 2, shape[1] // 2), (shape[0] // 4, shape[1] // 4)
    x = torch.rand(5, shape[2], *shape[:2], dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[:, :, :8] = 0  # empty paper: ties for the pooling

    def listed(x):
        x = F.max_pool2d(F.relu(conv1(x)), 2)
        x = F.max_pool2d(F.relu(conv2(x)), 2)
        x = encoder[-1](x.permute(0, 2, 3, 1).flatten(1))  # pixel by pixel, which a dense layer cannot tell
        x = F.relu(dense(x)).unflatten(1, (*bottom, 8)).permute(0, 3, 1, 2)
        x = F.relu(F.conv2d(F.interpolate(x, half), up.weight, up.bias, padding=1))
        return F.conv2d(F.interpolate(x, shape[:2]), decoder.out.weight, decoder.out.bias, padding=1)

    parameters = [*encoder.parameters(), *decoder.parameters()]
    results = []
    for function in (listed, lambda x: decoder(encoder(x))):
        out = function(x)
        results.append([out, *torch.autograd.grad((out - x).square().sum(), parameters)])
    for mine, theirs in zip(*results, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("module", [conv, mlp, pool])
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 15, 3), (28, 28, 1), (64, 33, 3)])
def test_every_network_takes_every_size_and_gives_it_back(module, shape):
    x = torch.rand(2, shape[2], *shape[:2], generator=torch.Generator().manual_seed(0))
    codes = module.Encoder(shape, 4, 5)(x)
    assert codes.shape == (2, 5)
    assert module.Decoder(shape, 4, 5)(codes).shape == x.shape


def test_flattened_pictures_come_back_as_they_were():
    x = torch.arange(48.0).view(2, 3, 2, 4).contiguous(memory_format=torch.channels_last)
    rows = Flatten()(x)
    assert rows[0, :3].tolist() == x[0, :, 0, 0].tolist()
    assert rows.data_ptr() == x.data_ptr()  # nothing was moved
    back = Unflatten((3, 2, 4))(rows)
    assert torch.equal(back, x)
    assert back.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("module", [conv, pool])
def test_no_layer_is_handed_a_gradient_in_another_order_than_its_output(module):
    """A mixed pair costs each elementwise layer four times its time."""
    shape, last = (16, 16, 1), {"memory_format": torch.channels_last}
    encoder, decoder = module.Encoder(shape, 4, 5).to(**last), module.Decoder(shape, 4, 5).to(**last)
    wrong = []

    def look(name, out):
        out.register_hook(lambda slope: wrong.append(name) if not slope.is_contiguous(**last) else None)

    for part in (encoder, decoder.body):
        for name, layer in part.named_modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.MaxPool2d):
                layer.register_forward_hook(lambda m, _, out, name=name: look(name, out))
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0)).contiguous(**last)
    decoder(encoder(x)).square().sum().backward()
    assert wrong == []


def test_a_copy_of_a_network_shares_nothing_with_it():
    decoder = pool.Decoder((16, 16, 1), 4, 5)
    twin = copy.deepcopy(decoder)
    codes = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(twin(codes), decoder(codes))
    with torch.no_grad():
        twin.out.weight.zero_()
    assert decoder.out.weight.any()
