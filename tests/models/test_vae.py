"""The members of the VAE's family: what each of their objectives is, and what each knob changes."""

import math

import pytest
import torch
from torch.distributions import Normal

from genstudio.core.errors import InputError
from genstudio.models.base import Context, Facts
from genstudio.models.losses import kl_to_standard_normal
from genstudio.models.vae import VAE, VAEConfig

SHAPE = (8, 8, 1)
SMALL = {"network": "mlp", "width": 4, "latent_dim": 3, "kl_warmup": 0}


def build(facts=None, **knobs):
    torch.manual_seed(3)
    return VAE(VAEConfig.parse({**SMALL, **knobs}), facts or Facts(SHAPE, 0.3, classes=4))


def batch(count=12, seed=0):
    image = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return {"image": image, "label": torch.arange(count) % 4}


def points(count=128, seed=0):
    rng = torch.Generator().manual_seed(seed)
    side = torch.where(torch.rand(count, 1, generator=rng) < 0.5, -1.0, 1.0)
    return {"point": 10 + 3 * side + 0.1 * torch.randn(count, 2, generator=rng)}


def step(model, of=None, at=0, seed=1):
    (objective,) = model.training_step(of or batch(), Context(at, torch.Generator().manual_seed(seed)))
    return objective


def logs(objective):
    return {name: value.item() for name, value in objective.logs.items()}


def fit(model, of, steps, rate=3e-3):
    optimizer = torch.optim.Adam(model.parameters(), rate)
    for at in range(steps):
        objective = step(model, of, at, seed=at)
        optimizer.zero_grad()
        objective.loss.backward()
        optimizer.step()
    return logs(step(model, of, steps, seed=steps))


# --- objectives ---------------------------------------------------------------------------------------


def test_beta_weighs_the_kl_term_alone():
    one, four = step(build()), step(build(beta=4.0))
    assert logs(one) == logs(four)
    assert (four.loss - one.loss).item() == pytest.approx(3 * logs(one)["kl"], rel=1e-4)


def test_beta_tc_is_the_plain_bound_at_beta_one_and_adds_total_correlation_above():
    plain, one, six = step(build()), step(build(objective="beta-tc")), step(build(objective="beta-tc", beta=6.0))
    assert one.loss.item() == pytest.approx(plain.loss.item(), rel=1e-6)
    assert (six.loss - one.loss).item() == pytest.approx(5 * logs(six)["total_correlation"], abs=1e-3)
    assert "total_correlation" not in plain.logs


def test_iwae_with_one_particle_is_an_estimate_of_the_bound():
    given = {"image": batch()["image"].repeat(100, 1, 1, 1)}
    many, plain = (step(build(**knobs), given).loss.item() for knobs in ({"objective": "iwae", "particles": 1}, {}))
    assert many == pytest.approx(plain, rel=0.002)


def test_iwae_is_the_log_mean_weight_of_its_particles():
    model, given = build(objective="iwae", particles=3), batch(2)
    objective = step(model, given)
    features = model.encoder(given["image"])
    mean, log_var = features.chunk(2, 1)
    noise = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(1))
    codes = mean + (0.5 * log_var).exp() * noise
    prior = Normal(torch.tensor(0.0), torch.tensor(1.0))
    weights = []
    for code in codes:
        logits = model.decoder(code)
        ink = given["image"] * logits.sigmoid().log() + (1 - given["image"]) * (-logits).sigmoid().log()
        q = Normal(mean, (0.5 * log_var).exp()).log_prob(code)
        weights.append(ink.flatten(1).sum(1) + prior.log_prob(code).sum(1) - q.sum(1))
    expected = -(torch.stack(weights).logsumexp(0) - math.log(3)).mean()
    assert objective.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert logs(objective)["bound"] == pytest.approx(expected.item(), rel=1e-5)


def test_more_particles_give_a_tighter_bound():
    model = build(objective="iwae")
    fit(model, batch(), 40)

    def bound(particles):
        model.config = model.config.with_values({"particles": particles})
        return sum(logs(step(model, seed=s))["bound"] for s in range(8)) / 8

    assert bound(20) < bound(1) - 0.01


def test_free_bits_let_each_dimension_keep_its_share():
    plain, free = step(build()), step(build(free_bits=5.0))
    assert logs(plain) == logs(free)
    assert free.loss.item() == pytest.approx(logs(plain)["reconstruction"] + 3 * 5.0, rel=1e-5)  # all are below 5
    tight = step(build(free_bits=1e-6))
    assert tight.loss.item() == pytest.approx(plain.loss.item(), rel=1e-5)


def test_kl_warm_up_grows_to_its_full_weight():
    model = build(kl_warmup=10)
    kl, reconstruction = logs(step(model))["kl"], logs(step(model))["reconstruction"]
    for at, weight in ((0, 0.1), (4, 0.5), (9, 1.0), (500, 1.0)):
        assert step(model, at=at).loss.item() == pytest.approx(reconstruction + weight * kl, rel=1e-5)


def test_active_units_counts_the_dimensions_in_use():
    model = build()
    with torch.no_grad():
        last = model.encoder[-1]
        last.weight.zero_()
        last.bias.zero_()
        assert logs(step(model))["active_units"] == 0
        last.weight[1].normal_(generator=torch.Generator().manual_seed(0))
    assert logs(step(model))["active_units"] == 1


# --- likelihoods --------------------------------------------------------------------------------------


def test_learned_noise_is_a_normal_at_its_best_deviation():
    model, given = build(likelihood="gaussian"), batch()
    objective = step(model, given)
    codes_noise = torch.randn(12, 3, generator=torch.Generator().manual_seed(1))
    mean, log_var = model.encoder(given["image"]).chunk(2, 1)
    output = model.decoder(mean + (0.5 * log_var).exp() * codes_noise)
    sigma = (output - given["image"]).square().mean().sqrt()
    expected = -Normal(output, sigma).log_prob(given["image"]).flatten(1).sum(1).mean()
    assert logs(objective)["reconstruction"] == pytest.approx(expected.item(), rel=1e-4)
    for other in (0.9, 1.1):
        worse = -Normal(output, sigma * other).log_prob(given["image"]).flatten(1).sum(1).mean()
        assert worse > expected


def test_learned_noise_follows_the_error_down():
    model = build(likelihood="gaussian")
    before = logs(step(model))["reconstruction"]
    after = fit(model, batch(), 80, 1e-2)["reconstruction"]
    assert after < before - 10


# --- labels -------------------------------------------------------------------------------------------


def test_conditional_needs_labels():
    with pytest.raises(InputError, match="has no labels"):
        build(Facts(SHAPE), conditional=True)


@pytest.mark.parametrize("latent", ["gaussian", "vq"])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_conditional_models_draw_what_the_label_says(latent, network):
    """Pictures are black or white by their label alone: the model must put that into the label."""
    model = build(conditional=True, latent=latent, network=network, codebook_size=4, beta=2.0)
    label = torch.arange(16) % 2
    bright = torch.where(label[:, None, None, None] == 1, 0.9, 0.1).expand(16, 1, 8, 8)
    fit(model, {"image": bright.contiguous(), "label": label}, 60, 1e-2)
    noise = torch.randn(6, model.latent_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        dark, light = (model.sample(noise, torch.full((6,), k)).mean().item() for k in (0, 1))
        none = model.sample(noise)
        assert torch.equal(none, model.sample(noise, torch.full((6,), -1)))
    assert dark < 0.3
    assert light > 0.7


# --- codebook -----------------------------------------------------------------------------------------


def test_codes_of_a_codebook_are_its_entries_and_decode_to_the_same():
    model = build(latent="vq", codebook_size=8, network="conv")
    assert model.latent_dim == 2 * 2 * 3  # a place for each 4 x 4 pixels
    codes = model.encode(batch()["image"]).view(-1, 3)
    assert torch.cdist(codes, model.quantizer.codebook).min(1).values.max() < 1e-3
    near = model.encode(batch()["image"]) + 1e-4
    torch.testing.assert_close(model.decode(near), model.decode(model.encode(batch()["image"])))


def test_a_codebook_learns_and_stays_in_use():
    model = build(latent="vq", codebook_size=8, network="conv", beta=0.25)
    before = logs(step(model))
    ink = {"image": (batch(64)["image"] > 0.5).float()}
    ink["image"] = ink["image"][:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)  # one pattern a place
    after = fit(model, ink, 60, 1e-2)
    assert after["reconstruction"] < before["reconstruction"]
    assert after["perplexity"] > 2.5
    assert "kl" not in after
    assert "active_units" not in after


def test_samples_of_a_codebook_say_what_they_are():
    assert build(latent="vq").sampling != build().sampling
    assert "codebook" in build(latent="vq").sampling


def test_a_codebook_takes_no_objective_for_gaussian_codes():
    for objective in ("iwae", "beta-tc"):
        with pytest.raises(InputError, match="gaussian"):
            build(latent="vq", objective=objective)


# --- points -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knobs", [{}, {"likelihood": "mse"}, {"latent": "vq"}], ids=str)
def test_points_come_back_where_they_were(knobs):
    given = points()
    facts = Facts((2,), given["point"].mean().item(), given["point"].std().item())
    model = build(facts, latent_dim=2, width=8, **knobs)
    fit(model, given, 80, 1e-2)
    with torch.no_grad():
        again = model.decode(model.encode(given["point"]))
        drawn = model.sample(torch.randn(500, model.latent_dim, generator=torch.Generator().manual_seed(0)))
    assert again.shape == given["point"].shape
    assert (again - given["point"]).norm(dim=1).median() < 0.6
    assert (drawn.mean(0) - 10).abs().max() < 2


def test_what_a_sampler_is_fitted_to_is_drawn_from_the_posterior():
    model, image = build(), batch()["image"]
    zero, noise = torch.zeros(12, 3), torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.draw_codes(image, zero), model.encode(image))
    mean, log_var = model.encoder(image).chunk(2, 1)
    torch.testing.assert_close(model.draw_codes(image, noise) - mean, noise * (0.5 * log_var).exp())
    assert kl_to_standard_normal(mean, log_var).sum() > 0
