"""What every registered family promises, with each of its networks and likelihoods."""

import math
import random

import numpy as np
import pytest
import torch

from genstudio.models import families
from genstudio.models.base import Context, Decodes, Encodes, Facts, Objective, Samples

SHAPES = [(8, 8, 1), (9, 13, 3), (28, 28, 1), (31, 17, 1), (8, 64, 3), (64, 64, 3)]


OF_THE_OPTIMIZER = {"schedule", "method"}  # the engine's affair


def variants():
    """(family, knobs) at the defaults, with each other choice and each switch, as small as the bounds allow."""
    for name in families:
        knobs = families.load(name).Config.knobs()
        small = {k.name: v for k in knobs for n, v in (("width", 4), ("latent_dim", 3)) if k.name == n}
        yield pytest.param(name, small, id=name)
        for knob in knobs:
            values = knob.choices if knob.kind == "choice" else (True, False) if knob.kind == "bool" else ()
            for value in values:
                if value != knob.default and knob.name not in OF_THE_OPTIMIZER:
                    yield pytest.param(name, {**small, knob.name: value}, id=f"{name}-{knob.name}={value}")


every_variant = pytest.mark.parametrize(("family", "knobs"), list(variants()))
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[1]}x{s[0]}x{s[2]}")


def build(family, knobs, shape, mean=0.3):
    cls = families.load(family)
    torch.manual_seed(5)
    return cls(cls.Config.parse(knobs), Facts(shape, mean, classes=3))


def pictures(shape, count=6, seed=0):
    """A batch as it comes from the data: float32 [N, C, H, W] in 0..1, half of it ink."""
    height, width, channels = shape
    noise = torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(seed))
    image = (noise > 0.5).float().contiguous(memory_format=torch.channels_last)
    return {"image": image, "label": torch.arange(count) % 4 - 1}


def context(step=0, seed=1, bf16=False):
    return Context(step, torch.Generator().manual_seed(seed), bf16)


@every_shape
@every_variant
def test_each_objective_reaches_every_parameter_of_its_player(family, knobs, shape):
    model = build(family, knobs, shape)
    parameters = {name: list(group) for name, group in model.players().items()}
    named = {id(p): name for name, p in model.named_parameters()}
    stepped = set()
    for objective in model.training_step(pictures(shape), context()):
        assert isinstance(objective, Objective)
        assert objective.loss.shape == ()
        assert objective.loss.dtype == torch.float32
        assert math.isfinite(objective.loss.item())
        model.zero_grad(set_to_none=True)
        objective.loss.backward(inputs=parameters[objective.player])
        silent = [named[id(p)] for p in parameters[objective.player] if p.grad is None or not p.grad.any()]
        assert silent == []
        stepped.add(objective.player)
    assert stepped == set(parameters)


@every_variant
def test_players_are_disjoint_and_cover_all_parameters(family, knobs):
    model = build(family, knobs, (8, 8, 1))
    owned = [id(p) for group in model.players().values() for p in group]
    assert len(owned) == len(set(owned))
    assert set(owned) == {id(p) for p in model.parameters()}
    for player in model.players():
        assert model.optimizer(player).learning_rate > 0


@every_shape
@every_variant
def test_capabilities_honour_their_protocols(family, knobs, shape):
    model = build(family, knobs, shape).eval()
    height, width, channels = shape
    assert isinstance(model, Samples | Encodes)
    with torch.no_grad():
        if isinstance(model, Samples):
            for count in (1, 5):
                noise = torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(0))
                drawn = model.sample(noise)
                assert drawn.shape == (count, channels, height, width)
                assert drawn.dtype == torch.float32
                assert 0 <= drawn.min() <= drawn.max() <= 1
                assert torch.equal(drawn, model.sample(noise))
        if isinstance(model, Encodes):
            images = pictures(shape)["image"]
            codes = model.encode(images)
            assert codes.shape == (len(images), model.latent_dim)
            assert codes.dtype == torch.float32
            assert torch.equal(codes, model.encode(images))
        if isinstance(model, Encodes) and isinstance(model, Decodes):
            again = model.decode(codes)
            assert again.shape == images.shape
            assert 0 <= again.min() <= again.max() <= 1


@every_variant
def test_a_few_steps_lower_the_loss_of_a_fixed_batch(family, knobs):
    model, batch = build(family, knobs, (8, 8, 1)), pictures((8, 8, 1))

    if len(model.players()) > 1:
        pytest.skip("what one player gains the other may lose")

    def losses():
        with torch.no_grad():
            return [o.loss.item() for o in model.training_step(batch, context(step=10_000, seed=3))]

    groups = {name: list(group) for name, group in model.players().items()}
    optimizers = {name: torch.optim.Adam(group, 3e-3) for name, group in groups.items()}
    before = losses()
    for step in range(60):
        for objective in model.training_step(batch, context(step=10_000 + step, seed=step)):
            optimizers[objective.player].zero_grad()
            objective.loss.backward(inputs=groups[objective.player])
            optimizers[objective.player].step()
    after = losses()
    assert all(new < 0.97 * old for old, new in zip(before, after, strict=True)), (before, after)


@every_variant
def test_only_the_given_generator_is_drawn_from(family, knobs):
    model, batch = build(family, knobs, (8, 8, 1)), pictures((8, 8, 1))
    state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    first = [o.loss for o in model.training_step(batch, context(seed=7))]
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.array_equal(np.random.get_state()[1], state[1])
    assert random.getstate() == state[2]
    fresh = build(family, knobs, (8, 8, 1))
    again = [o.loss for o in fresh.training_step(batch, context(seed=7))]
    assert [a.item() for a in again] == [f.item() for f in first]


@every_variant
def test_logs_are_the_declared_curves(family, knobs):
    model = build(family, knobs, (8, 8, 1))
    names = [curve.name for curve in model.curves]
    assert len(names) == len(set(names))
    for objective in model.training_step(pictures((8, 8, 1)), context()):
        assert set(objective.logs) <= set(names)
        for value in objective.logs.values():
            assert value.shape == ()
            assert not value.requires_grad


@every_variant
def test_bf16_gives_losses_in_float32_and_codes_that_agree(family, knobs):
    shape = (16, 16, 1)
    model = build(family, knobs, shape)
    if not model.allows_bf16:
        pytest.skip(f"{family} keeps to float32")
    for full, half in zip(
        model.training_step(pictures(shape), context(seed=2)),
        model.training_step(pictures(shape), context(seed=2, bf16=True)),
        strict=True,
    ):
        assert half.loss.dtype == torch.float32
        assert half.loss.item() == pytest.approx(full.loss.item(), rel=0.05)


@every_variant
def test_f12_a_batch_that_is_not_finite_leaves_the_statistics_alone(family, knobs):
    model, batch = build(family, knobs, (8, 8, 1)), pictures((8, 8, 1))
    for bad in (math.nan, math.inf, 3e38):
        before = {name: buffer.clone() for name, buffer in model.named_buffers()}
        poisoned = {"image": batch["image"].clone()}
        poisoned["image"][0, 0, 0, 0] = bad
        losses = [objective.loss.item() for objective in model.training_step(poisoned, context())]
        assert not all(map(math.isfinite, losses))
        for name, buffer in model.named_buffers():
            assert buffer.isfinite().all(), name
            if not math.isfinite(bad):
                assert torch.equal(buffer, before[name]), name


@every_variant
def test_the_output_starts_at_the_mean_of_the_data(family, knobs):
    model = build(family, knobs, (16, 16, 1), mean=0.2)
    if isinstance(model, Decodes) and "likelihood" in type(model.config).model_fields:
        bias = model.decoder.get_submodule("out").get_parameter("bias")
        start = torch.sigmoid(bias) if model.config.likelihood == "bernoulli" else bias
        assert start.detach().numpy() == pytest.approx(0.2)
        drawn = model.decode(torch.zeros(1, model.latent_dim))
        assert drawn.mean().item() == pytest.approx(0.2, abs=0.1)
