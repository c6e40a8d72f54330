"""The article's autoencoder is wired as it was meant (both ends meet at 7x7x64) and learns on real pictures."""

import numpy as np
import pytest
import torch
from torch import nn

from genstudio.data import open_source
from genstudio.data.batches import ImageBatches
from genstudio.models import families
from genstudio.models.base import Context, Facts

SHAPE = (28, 28, 1)


def article(mean=0.3):
    cls = families.load("autoencoder")
    torch.manual_seed(0)
    return cls(cls.Config.parse(cls.presets["article"].knobs), Facts(SHAPE, mean))


def shapes_inside(network, x):
    """(class name, output shape) of each layer, in the order in which they run."""
    seen = []
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda m, _, out: seen.append((type(m).__name__, tuple(out.shape[1:]))))
    with torch.no_grad():
        network(x)
    return seen


def test_encoder_is_conv_32_pool_conv_64_pool_dense_128():
    assert shapes_inside(article().encoder, torch.zeros(1, 1, 28, 28)) == [
        ("Conv2d", (32, 28, 28)),
        ("MaxPool2d", (32, 14, 14)),  # the article's ReLU first is the same function
        ("ReLU", (32, 14, 14)),
        ("Conv2d", (64, 14, 14)),
        ("MaxPool2d", (64, 7, 7)),
        ("ReLU", (64, 7, 7)),
        ("Flatten", (64 * 7 * 7,)),
        ("Linear", (128,)),
    ]


def test_decoder_mirrors_it_from_7_x_7_x_64():
    assert shapes_inside(article().decoder, torch.zeros(1, 128)) == [
        ("Linear", (64 * 7 * 7,)),
        ("Unflatten", (64, 7, 7)),
        ("ReLU", (64, 7, 7)),
        ("UpConv3", (32, 14, 14)),  # up-sampling and the convolution after it
        ("ReLU", (32, 14, 14)),
        ("UpConv3", (1, 28, 28)),
    ]


def test_convolutions_are_3_x_3_and_the_output_is_linear():
    model = article()
    kernels = {m.kernel_size for m in model.modules() if isinstance(m, nn.Conv2d)}
    assert kernels == {(3, 3)}
    assert model.config.likelihood == "mse"
    assert model.decoder(torch.full((1, 128), 50.0)).max() > 1  # no sigmoid inside


def test_one_graph_end_to_end():
    model = article()
    batch = {"image": torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))}
    (objective,) = model.training_step(batch, Context(0, torch.Generator().manual_seed(0)))
    objective.loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())
    expected = (model.decoder(model.encoder(batch["image"])) - batch["image"]).square().sum() / 4
    assert objective.loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist"])
def test_does_not_collapse_to_black_on_real_pictures(real_data, name):
    data = open_source(str(real_data / name), "test")
    mean = float(data.images.mean()) / 255
    model = article(mean)
    batches = ImageBatches(data.images, 32, seed=0, device=torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), model.config.learning_rate)
    rng = torch.Generator().manual_seed(0)
    for step in range(50):
        for objective in model.training_step(batches.next(), Context(step, rng)):
            optimizer.zero_grad()
            objective.loss.backward()
            optimizer.step()
    with torch.no_grad():
        images = batches.next()["image"]
        drawn = model.decode(model.encode(images)).numpy()
    images = images.numpy()
    always_the_mean = np.square(images - images.mean(0)).mean()
    assert np.square(drawn - images).mean() < 0.5 * always_the_mean
    assert drawn.mean() == pytest.approx(images.mean(), abs=0.05)
    assert drawn.max() > 0.6
    assert drawn.std(axis=0).mean() > 0.4 * images.std(axis=0).mean()  # each picture its own
