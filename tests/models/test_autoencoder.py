"""Plain, denoising, regularised, by label, on points: what each knob of the autoencoder changes."""

import pytest
import torch

from genstudio.core.errors import InputError
from genstudio.models.autoencoder import Autoencoder, AutoencoderConfig
from genstudio.models.base import Context, Facts

SHAPE = (8, 8, 3)
SMALL = {"network": "mlp", "width": 4, "latent_dim": 3}


def build(facts=None, **knobs):
    torch.manual_seed(3)
    return Autoencoder(AutoencoderConfig.parse({**SMALL, **knobs}), facts or Facts(SHAPE, 0.3, classes=2))


def batch(count=12):
    image = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return {"image": image, "label": torch.arange(count) % 2}


def step(model, of=None, at=0, seed=1):
    (objective,) = model.training_step(of or batch(), Context(at, torch.Generator().manual_seed(seed)))
    return objective


def fit(model, of, steps, rate=3e-3):
    optimizer = torch.optim.Adam(model.parameters(), rate)
    for at in range(steps):
        optimizer.zero_grad()
        step(model, of, at, at).loss.backward()
        optimizer.step()


def seen_by_encoder(model, of=None):
    seen = []
    hook = model.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    step(model, of)
    hook.remove()
    return seen[0]


def test_plain_sees_the_picture_itself_and_draws_no_random_numbers():
    rng = torch.Generator().manual_seed(1)
    state = rng.get_state()
    list(build().training_step(batch(), Context(0, rng)))
    assert torch.equal(rng.get_state(), state)
    assert torch.equal(seen_by_encoder(build()), batch()["image"])


def test_noise_is_on_the_input_and_the_target_stays_clean():
    given = batch(400)
    disturbed = seen_by_encoder(build(noise=0.3), given) - given["image"]
    assert disturbed.std().item() == pytest.approx(0.3, rel=0.02)
    assert abs(disturbed.mean().item()) < 0.01
    model = build(noise=0.3)
    objective = step(model)
    model.config = model.config.with_values({"noise": 0.0})  # live
    assert torch.equal(seen_by_encoder(model), batch()["image"])
    expected = (model.decoder(model.encoder(seen_by_encoder(build(noise=0.3)))) - batch()["image"]).square().sum()
    assert objective.loss.item() == pytest.approx(expected.item() / 12, rel=1e-4)


def test_masking_hides_whole_pixels():
    given = {"image": torch.ones(300, 3, 8, 8), "label": torch.zeros(300, dtype=torch.int64)}
    hidden = seen_by_encoder(build(masking=0.25), given)
    assert set(hidden.unique().tolist()) == {0.0, 1.0}
    assert (hidden == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(hidden[:, 0], hidden[:, 2])


def test_denoising_learns_to_remove_noise():
    given = {"image": batch(8)["image"].repeat(8, 1, 1, 1)}
    model = build(noise=0.4, width=16)
    fit(model, given, 80, 1e-2)
    noisy = given["image"] + 0.4 * torch.randn(given["image"].shape, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        cleaned = model.decode(model.encode(noisy))
    assert (cleaned - given["image"]).square().mean() < 0.3 * (noisy - given["image"]).square().mean()


def test_code_weight_adds_half_the_squared_length_of_the_code():
    plain, weighted = step(build()), step(build(code_weight=2.0))
    codes = build().encode(batch()["image"])
    assert (weighted.loss - plain.loss).item() == pytest.approx(codes.square().sum(1).mean().item(), rel=1e-3)
    assert plain.logs["reconstruction"] == weighted.logs["reconstruction"]
    assert plain.logs["code"].item() == pytest.approx(codes.square().mean().item(), rel=1e-5)


def test_decoder_weight_pulls_at_the_decoder_alone():
    plain, weighted = build(), build(decoder_weight=0.5)
    step(plain).loss.backward()
    step(weighted).loss.backward()
    for name, parameter in weighted.named_parameters():
        difference = parameter.grad - plain.get_parameter(name).grad
        expected = 0.5 * parameter.detach() if name.startswith("decoder") else torch.zeros_like(parameter)
        torch.testing.assert_close(difference, expected, rtol=1e-3, atol=1e-4)


def test_the_regularised_code_is_shorter():
    lengths = {}
    for weight in (0.0, 1.0):
        model = build(code_weight=weight)
        fit(model, batch(), 60, 1e-2)
        lengths[weight] = step(model).logs["code"].item()
    assert lengths[1.0] < 0.7 * lengths[0.0]


def test_by_label_needs_labels_and_leaves_the_label_to_the_decoder():
    with pytest.raises(InputError, match="has no labels"):
        build(Facts(SHAPE), conditional=True)
    model, label = build(conditional=True, latent_dim=1, code_weight=1.0), torch.arange(16) % 2
    bright = torch.where(label[:, None, None, None] == 1, 0.9, 0.1).expand(16, 3, 8, 8).contiguous()
    fit(model, {"image": bright, "label": label}, 80, 1e-2)
    with torch.no_grad():
        means = [model.sample(torch.zeros(4, 1), torch.full((4,), k)).mean().item() for k in (0, 1)]
    assert means == pytest.approx([0.1, 0.9], abs=0.15)


def test_points_come_back_where_they_were():
    rng = torch.Generator().manual_seed(0)
    given = {"point": 5 + 2 * torch.randn(128, 2, generator=rng)}
    model = build(Facts((2,), 5.0, 2.0), latent_dim=2, width=8, likelihood="bernoulli")
    fit(model, given, 80, 1e-2)
    with torch.no_grad():
        again = model.decode(model.encode(given["point"]))
        drawn = model.sample(torch.randn(500, 2, generator=rng))
    assert (again - given["point"]).norm(dim=1).median() < 0.5
    assert (drawn.mean(0) - 5).abs().max() < 1
    assert drawn.std(0).tolist() == pytest.approx([2, 2], rel=0.3)
