"""Flow matching: what it learns, how it samples, in pixels, in codes and on points."""

import pytest
import torch

from genstudio.core.errors import InputError
from genstudio.models.base import Context, Facts
from genstudio.models.blocks.spatial import code_size
from genstudio.models.flow import Flow, FlowConfig

SMALL = {"width": 4}


def flow(shape=(8, 8, 1), classes=0, **knobs):
    torch.manual_seed(3)
    return Flow(FlowConfig.parse({**SMALL, **knobs}), Facts(shape, 0.4, 0.3, classes))


def context(step=0, progress=0.0, seed=1):
    return Context(step, torch.Generator().manual_seed(seed), progress=progress)


def noise(count, model, seed=0):
    return torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(seed))


def bars(count=32, size=8):
    """Pictures with one bright column each; the label tells which half it is in."""
    column = torch.arange(count) % size
    image = torch.zeros(count, 1, size, size)
    image[torch.arange(count), 0, :, column] = 1
    return {"image": image, "label": (column >= size // 2).long()}


def train(model, batch, steps, rate=3e-3, progress=0.0):
    """Losses of all players after `steps` updates each."""
    groups = {name: list(group) for name, group in model.players().items()}
    optimizers = {name: torch.optim.Adam(group, rate) for name, group in groups.items()}
    logs = []
    for step in range(steps):
        for objective in model.training_step(batch, context(step, progress, seed=step)):
            optimizers[objective.player].zero_grad()
            objective.loss.backward(inputs=groups[objective.player])
            optimizers[objective.player].step()
            logs.append({k: v.item() for k, v in objective.logs.items()})
    return logs


@pytest.fixture(scope="module")
def learnt():
    """A model by label that has seen bars, and its logs; who changes its knobs puts them back."""
    model = flow(classes=2, width=8, conditional=True)
    return model, train(model, bars(), 180)


# --- learning -----------------------------------------------------------------------------------------


def test_training_brings_samples_to_the_data(learnt):
    model, logs = learnt
    first, last = (sum(log["loss"] for log in part) / 20 for part in (logs[:20], logs[-20:]))
    assert last < 0.7 * first
    with torch.no_grad():
        drawn = model.sample(noise(32, model))
    # real ones: each column is one colour, one column in eight is bright
    assert drawn.std(2).mean() < 0.5 * torch.rand(32, 1, 8, 8).std(2).mean()
    assert drawn.mean().item() == pytest.approx(1 / 8, abs=0.1)


def test_a_net_that_knows_nothing_moves_to_the_mean_of_the_data():
    model = flow((16, 16, 1))
    with torch.no_grad():
        model.field.net.unet.out.weight.zero_()
        drawn = model.sample(torch.zeros(1, model.latent_dim))
    assert drawn.numpy() == pytest.approx(0.4, abs=1e-6)


def test_a_net_that_knows_nothing_keeps_the_variance_of_the_noise():
    model = flow((16, 16, 3), sampling_steps=64)
    with torch.no_grad():
        model.field.net.unet.out.weight.zero_()
        data = model.encode(torch.full((1, 3, 16, 16), 0.7))
    assert data.numpy() == pytest.approx(1.0, abs=1e-2)  # one standard deviation above the mean on either side


# --- sampling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["pixels", "latent"])
def test_the_same_noise_gives_the_same_pictures_and_other_noise_others(space):
    model = flow((9, 14, 3), space=space)
    with torch.no_grad():
        drawn, again, other = (model.sample(noise(3, model, seed)) for seed in (0, 0, 1))
    assert torch.equal(drawn, again)
    assert not torch.equal(drawn, other)


def test_more_steps_come_nearer_to_the_flow_and_heun_faster_than_euler(learnt, monkeypatch):
    model, _ = learnt
    z = noise(16, model)

    def drawn(**knobs):
        monkeypatch.setattr(model, "config", model.config.with_values(knobs))
        with torch.no_grad():
            return model.sample(z)

    exact = drawn(sampling_steps=60, heun=True)
    error = {(n, h): (drawn(sampling_steps=n, heun=h) - exact).abs().mean() for n in (5, 10) for h in (True, False)}
    assert error[10, True] < 0.75 * error[5, True]
    assert error[10, False] < error[5, False]
    assert error[10, True] < 0.6 * error[10, False]


def test_noise_that_a_picture_is_carried_back_to_draws_it_again(learnt, monkeypatch):
    (model, _), batch = learnt, bars()
    monkeypatch.setattr(model, "config", model.config.with_values({"sampling_steps": 60}))
    with torch.no_grad():
        again = model.decode(model.encode(batch["image"]))
    assert (again - batch["image"]).abs().mean() < 0.03


# --- labels -------------------------------------------------------------------------------------------


def test_labels_steer_the_samples_and_guidance_more_so(learnt, monkeypatch):
    model, _ = learnt
    z = noise(64, model)

    def right_half(label, guidance=1.0):
        monkeypatch.setattr(model, "config", model.config.with_values({"guidance": guidance}))
        with torch.no_grad():
            drawn = model.sample(z, torch.full((64,), label))
        return (drawn[..., 4:].sum() / drawn.sum()).item()

    assert right_half(1) > 0.7 > 0.3 > right_half(0)
    assert right_half(1, 2.0) > right_half(1)
    assert right_half(1, 0.0) == pytest.approx(right_half(0, 0.0))


def test_minus_one_and_none_both_mean_no_label():
    model = flow(classes=2, conditional=True)
    z = noise(4, model)
    with torch.no_grad():
        assert torch.equal(model.sample(z), model.sample(z, torch.full((4,), -1)))
        assert not torch.equal(model.sample(z), model.sample(z, torch.ones(4, dtype=torch.int64)))


def test_labels_are_ignored_unless_asked_for():
    model = flow(classes=2)
    z = noise(4, model)
    with torch.no_grad():
        assert torch.equal(model.sample(z), model.sample(z, torch.ones(4, dtype=torch.int64)))


def test_dropped_labels_train_the_row_for_no_label_alone():
    model = flow(classes=2, conditional=True, label_drop=1.0)
    (objective,) = model.training_step(bars(), context())
    objective.loss.backward()
    rows = model.field.embedding.label.rows.weight.grad.abs().sum(1)
    assert rows[:2].tolist() == [0, 0]
    assert rows[2] > 0


def test_learning_by_label_without_labels_is_refused():
    with pytest.raises(InputError, match="no labels"):
        flow(conditional=True)


# --- latent space -------------------------------------------------------------------------------------


def test_the_autoencoder_learns_first_then_the_flow_on_frozen_codes():
    model, batch = flow(space="latent", code_share=0.3), bars()

    def players(progress):
        return [o.player for o in model.training_step(batch, context(progress=progress))]

    assert players(0.1) == ["autoencoder"]
    assert players(0.3) == players(0.99) == ["flow"]
    assert players(0.0) == ["autoencoder", "flow"]  # no plan
    before = {k: v.clone() for k, v in model.autoencoder.state_dict().items()}
    train(model, batch, 3, progress=0.5)
    assert all(torch.equal(v, before[k]) for k, v in model.autoencoder.state_dict().items())


def test_codes_are_brought_to_mean_zero_and_variance_one():
    model, batch = flow((12, 12, 1), space="latent", code_channels=3), bars(64, 12)
    train(model, batch, 20, progress=0.1)
    train(model, batch, 60, rate=0.0, progress=0.1)  # they move faster than averages follow
    with torch.no_grad():
        codes = model.autoencoder.standardised(model.autoencoder.posterior(batch["image"])[0])
    assert codes.shape == (64, 3, 3, 3)
    assert codes.mean((0, 2, 3)).numpy() == pytest.approx(0.0, abs=0.1)
    assert codes.std((0, 2, 3)).numpy() == pytest.approx(1.0, abs=0.1)


def test_the_autoencoder_learns_to_reconstruct():
    model, batch = flow(space="latent", width=8), bars()
    logs = train(model, batch, 80, progress=0.1)
    assert logs[-1]["mse"] < 0.3 * logs[0]["mse"]
    with torch.no_grad():
        codes = model.autoencoder.standardised(model.autoencoder.posterior(batch["image"])[0])
        assert (model.autoencoder.draw(codes) - batch["image"]).abs().mean() < 0.1


@pytest.mark.parametrize(("size", "code"), [((28, 28), (7, 7)), ((9, 13), (3, 4)), ((64, 8), (16, 2))])
def test_codes_have_a_quarter_of_the_size_rounded_up(size, code):
    assert code_size(size) == code
    model = flow((*size, 1), space="latent", code_channels=2)
    assert model.latent_dim == 2 * code[0] * code[1]


# --- sizes and points ---------------------------------------------------------------------------------


@pytest.mark.parametrize("patch", [1, 2, 3, 4])
def test_every_size_fits_every_patch(patch):
    for shape in ((8, 11, 1), (17, 9, 3)):
        model = flow(shape, patch=patch, sampling_steps=1)
        with torch.no_grad():
            drawn = model.sample(noise(2, model))
        assert drawn.shape == (2, shape[2], *shape[:2])
        assert model.latent_dim == shape[0] * shape[1] * shape[2]


def test_points_are_learnt_in_their_own_units():
    """Two narrow spots, far from zero: both are found, in about equal shares, and nothing in between."""
    rng = torch.Generator().manual_seed(0)
    spot = torch.randint(0, 2, (512,), generator=rng)
    points = torch.tensor([[10.0, 3.0], [14.0, 5.0]])[spot] + 0.1 * torch.randn(512, 2, generator=rng)
    torch.manual_seed(3)
    model = Flow(FlowConfig(), Facts((2,), points.mean().item(), points.std().item()))
    train(model, {"point": points}, 150)
    with torch.no_grad():
        drawn = model.sample(noise(500, model))
        again = model.decode(model.encode(points[:100]))
    near = [(drawn - centre).norm(dim=1) < 0.6 for centre in torch.tensor([[10.0, 3.0], [14.0, 5.0]])]
    assert (near[0] | near[1]).float().mean() > 0.85
    assert 0.35 < near[0].float().mean() < 0.65
    assert (again - points[:100]).abs().mean() < 0.3
