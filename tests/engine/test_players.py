"""Players: one optimizer step, its gradient's norm, and the moving average of the weights."""

import math

import pytest
import torch

from genstudio.core.errors import WorkError
from genstudio.engine.players import MovingAverage, Players, all_finite
from genstudio.models import families
from genstudio.models.base import Context, Facts, Objective

every_family = pytest.mark.parametrize("family", ["autoencoder", "vae"])  # one player, networks by the same names


def build(family="vae", **knobs):
    cls = families.load(family)
    torch.manual_seed(0)
    return cls(cls.Config.parse({"network": "mlp", "width": 4, "latent_dim": 3, **knobs}), Facts((8, 8, 1)))


def objective(model, seed=0, scale=1.0):
    """The family's own objective on a fixed batch, its loss multiplied by `scale`."""
    images = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    context = Context(1000, torch.Generator().manual_seed(seed))
    (found,) = model.training_step({"image": images}, context)
    return Objective(found.player, found.loss * scale, found.logs)


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@every_family
@pytest.mark.parametrize("knobs", [{}, {"learning_rate": 0.01, "weight_decay": 0.1}, {"clip_norm": 0.5}])
def test_a_step_is_that_of_adamw(family, knobs):
    model, twin = build(family, **knobs), build(family, **knobs)
    players = Players(model)
    reference = torch.optim.AdamW(
        twin.parameters(), lr=knobs.get("learning_rate", 1e-3), weight_decay=knobs.get("weight_decay", 0.0)
    )
    for seed in range(3):
        norm = players.step(objective(model, seed))
        reference.zero_grad()
        objective(twin, seed).loss.backward()
        expected = torch.nn.utils.clip_grad_norm_(twin.parameters(), knobs.get("clip_norm", math.inf))
        reference.step()
        assert norm.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, p in twin.named_parameters():
        torch.testing.assert_close(model.get_parameter(name), p, rtol=1e-4, atol=1e-6)


def test_f12_gradient_is_scaled_down_to_the_norm_asked_for():
    model = build(clip_norm=0.25)
    norm = Players(model).step(objective(model))
    assert norm > 1  # what is told is the norm before
    after = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    assert after.item() == pytest.approx(0.25, rel=1e-4)


@every_family
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_f12_a_loss_that_is_not_finite_changes_neither_weights_nor_optimizer(family, bad):
    model = build(family)
    players = Players(model)
    players.step(objective(model))
    before = weights(model), {k: v.clone() for k, v in players.state().items()}
    norm = players.step(objective(model, scale=bad))
    assert not math.isfinite(norm.item())
    assert all(torch.equal(p, before[0][name]) for name, p in model.named_parameters())
    assert all(torch.equal(v, before[1][key]) for key, v in players.state().items())
    players.step(objective(model))
    assert any(not torch.equal(p, before[0][name]) for name, p in model.named_parameters())
    assert all_finite(weights(model))


def test_f12_a_gradient_that_is_not_finite_behind_a_finite_loss_changes_nothing():
    model = build()
    players = Players(model)
    before = weights(model)
    model.decoder.out.bias.register_hook(lambda gradient: gradient * math.nan)
    assert math.isfinite(objective(model).loss.item())
    players.step(objective(model))
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_settings_are_read_again_after_an_edit():
    model = build(learning_rate=1e-3)
    players = Players(model)
    model.config = model.config.with_values({"learning_rate": 0.5, "weight_decay": 0.25})
    before = weights(model)
    players.refresh(model)
    players.step(objective(model))
    moved = max((p - (1 - 0.5 * 0.25) * before[name]).abs().max().item() for name, p in model.named_parameters())
    assert moved == pytest.approx(0.5, rel=1e-3)  # Adam's first step is the learning rate


@pytest.mark.parametrize("network", ["mlp", "conv", "pool"])
@every_family
def test_state_goes_round_exactly(family, network):
    # channels last, as when training: moments in another order in memory would move the wrong weights
    model, twin = (build(family, network=network).to(memory_format=torch.channels_last) for _ in range(2))
    players, others = Players(model), Players(twin)
    for seed in range(3):
        players.step(objective(model, seed))
    twin.load_state_dict(model.state_dict())
    others.load(players.state())
    players.step(objective(model, 9))
    others.step(objective(twin, 9))
    assert all(torch.equal(p, twin.get_parameter(name)) for name, p in model.named_parameters())
    assert all(torch.equal(v, players.state()[key]) for key, v in others.state().items())


@pytest.mark.parametrize("method", ["adam", "rmsprop", "sgd"])
def test_state_of_two_players_goes_round_exactly_by_every_method(method):
    cls = families.load("gan")
    config = cls.Config.parse({"network": "dcgan", "width": 4, "latent_dim": 3, "method": method})
    torch.manual_seed(0)
    model, twin = (cls(config, Facts((8, 8, 1))).to(memory_format=torch.channels_last) for _ in range(2))
    players, others = Players(model), Players(twin)

    def step(model, players, seed):
        rng = torch.Generator().manual_seed(seed)
        for found in model.training_step({"image": torch.rand(8, 1, 8, 8, generator=rng)}, Context(0, rng)):
            players.step(found)

    for seed in range(3):
        step(model, players, seed)
    twin.load_state_dict(model.state_dict())
    others.load(players.state())
    step(model, players, 9)
    step(twin, others, 9)
    assert all(torch.equal(p, twin.get_parameter(name)) for name, p in model.named_parameters())


def wrong_states():
    model = build()
    players = Players(model)
    players.step(objective(model))
    good = players.state()
    yield "shape", {**good, "model.0.exp_avg": torch.zeros(3)}
    yield "one number", {**good, "model.0.exp_avg_sq": torch.zeros(1)}
    yield "type", {**good, "model.0.exp_avg": good["model.0.exp_avg"].double()}
    yield "counter", {**good, "model.0.step": torch.zeros(2)}
    yield "missing", {k: v for k, v in good.items() if k != "model.0.exp_avg"}
    yield "unknown", {**good, "model.0.max_exp_avg_sq": good["model.0.exp_avg"]}


@pytest.mark.parametrize(("name", "tensors"), list(wrong_states()), ids=lambda v: v if isinstance(v, str) else "")
def test_f41_optimizer_state_that_does_not_fit_is_refused_by_name(name, tensors):
    with pytest.raises(WorkError, match="optimizer state"):
        Players(build()).load(tensors)


def test_moving_average_warms_up():
    model = build()
    average = MovingAverage(model, 0.9)
    expected = {name: p.double() for name, p in weights(model).items()}
    for step in (1, 2, 3, 200):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.1 * step)
        average.update(step)
        keep = min(0.9, (1 + step) / (10 + step))
        for name, p in weights(model).items():
            expected[name] = keep * expected[name] + (1 - keep) * p.double()
    for name, p in average.snapshot().named_parameters():
        torch.testing.assert_close(p.double(), expected[name], rtol=1e-5, atol=1e-6)


def walk(average, model, steps):
    """Move the weights a little at each of the `steps` and update the average; how often it moved."""
    moved = 0
    for step in steps:
        with torch.no_grad():
            for p in model.parameters():
                p.add_(math.sin(step / 100) / 100)
        before = next(average.model.parameters()).clone()
        average.update(step)
        moved += not torch.equal(before, next(average.model.parameters()))
    return moved


def test_a_long_average_moves_now_and_then_by_as_much_as_in_all_steps():
    model, steps = build(), range(1, 2000)
    average, expected = MovingAverage(model, 0.999), next(model.parameters()).double()
    weights_of = [next(model.parameters()).double()]
    for step in steps:
        walk(average, model, [step])
        weights_of.append(next(model.parameters()).double())
        keep = min(0.999, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * weights_of[-1]
    spread = torch.stack(weights_of).std(0).max()
    assert (next(average.model.parameters()) - expected).abs().max() < 0.02 * spread


@pytest.mark.parametrize(
    ("decay", "steps", "moves"),
    [(0.999, (1, 101), 100), (0.999, (8001, 8801), 100), (0.99, (8001, 8801), 200), (0.9, (8001, 8101), 100)],
)
def test_the_longer_an_average_the_less_often_it_moves(decay, steps, moves):
    model = build()
    assert walk(MovingAverage(model, decay), model, range(*steps)) == moves


def test_an_average_that_goes_on_does_as_one_that_never_stopped():
    whole, halves = build(), build()
    straight, first = MovingAverage(whole, 0.999), MovingAverage(halves, 0.999)
    walk(straight, whole, range(1, 1504))
    walk(first, halves, range(1, 1003))
    second = MovingAverage(halves, 0.999)
    second.model.load_state_dict(first.model.state_dict())
    walk(second, halves, range(1003, 1504))
    assert all(torch.equal(a, b) for a, b in zip(straight.model.parameters(), second.model.parameters(), strict=True))


def test_moving_average_takes_buffers_and_settings_as_they_are():
    model = build("autoencoder", ema=0.99)
    average = MovingAverage(model, 0.99)
    model.code_mean.fill_(7.0)
    model.config = model.config.with_values({"learning_rate": 0.5})
    shown = average.snapshot()
    assert shown.code_mean.tolist() == [7.0, 7.0, 7.0]
    assert shown.config.learning_rate == 0.5
    assert not any(p.requires_grad for p in shown.parameters())


@pytest.mark.parametrize(
    ("tensor", "finite"),
    [
        (torch.tensor([1.0, math.nan]), False),
        (torch.tensor([math.inf, -math.inf]), False),
        (torch.full((4,), 3e38), True),  # the sum overflows, the numbers do not
        (torch.tensor([1, 2]), True),
        (torch.empty(0), True),
    ],
)
def test_all_finite(tensor, finite):
    assert all_finite({"good": torch.ones(2), "x": tensor}) is finite
