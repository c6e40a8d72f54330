"""Directions: principal, GANSpace, SeFa."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tiny_runs import drive, spec_of

from genstudio.core.errors import InputError, WorkError
from genstudio.data import open_source
from genstudio.engine.latent.directions import find, ganspace, kinds, measured, principal, sefa
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.ganspace import components
from genstudio.models import families
from genstudio.models.base import Facts
from genstudio.models.capabilities import FirstLayer, Posterior

EVERY_NETWORK = pytest.mark.parametrize("network", ["mlp", "dcgan", "resnet"])


@pytest.fixture(scope="module")
def explorer_of(tmp_path_factory):
    made = {}

    def explorer(family):
        if family not in made:
            path = tmp_path_factory.mktemp(family) / "r"
            drive(spec_of(family, {"latent_dim": 8} if family == "gan" else {}, steps=30), path)
            made[family] = Explorer.open(path)
        return made[family]

    return explorer


def gan(network="mlp", shape=(8, 8, 1), **knobs):
    cls = families.load("gan")
    torch.manual_seed(3)
    config = cls.Config.parse({"network": network, "width": 4, "latent_dim": 6, **knobs})
    return cls(config, Facts(shape, 0.3, classes=3)).eval()


def last(steps):
    *shares, result = steps
    assert all(isinstance(share, float) and 0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    return result


# --- what models tell of themselves --------------------------------------------------------------------


@EVERY_NETWORK
@pytest.mark.parametrize("conditional", [False, True])
@torch.no_grad()
def test_the_first_map_is_what_noise_meets_first(network, conditional):
    model = gan(network, conditional=conditional)
    assert isinstance(model, FirstLayer)
    first = next(m for m in model.generator.modules() if isinstance(m, torch.nn.Linear))
    met = []
    handle = first.register_forward_hook(lambda _module, _given, out: met.append(out.clone()))
    noise, move = torch.randn(1, 6), torch.randn(1, 6)
    model.sample(torch.cat([noise, noise + move]))
    handle.remove()
    torch.testing.assert_close(met[-1][1] - met[-1][0], (move @ model.first_map().T)[0], rtol=1e-3, atol=1e-5)


@EVERY_NETWORK
@torch.no_grad()
def test_first_features_are_each_of_its_own_noise_and_label(network):
    model = gan(network, (9, 13, 3), conditional=True)
    noise, labels = torch.randn(5, 6), torch.tensor([0, 1, 2, -1, 0])
    features = model.first_features(noise, labels)
    assert features.ndim == 2
    assert len(features) == 5
    torch.testing.assert_close(model.first_features(noise[2:4], labels[2:4]), features[2:4], rtol=1e-4, atol=1e-5)
    assert not torch.equal(model.first_features(noise, labels.flip(0)), features)


def test_points_have_first_features_too():
    cls = families.load("gan")
    model = cls(cls.Config.parse({"width": 4, "latent_dim": 6}), Facts((2,), 0.0, std=1.0))
    assert model.first_map().shape == (16, 6)
    assert model.first_features(torch.zeros(3, 6)).shape == (3, 16)


@torch.no_grad()
def test_the_mean_of_the_posterior_is_the_code():
    cls = families.load("vae")
    model = cls(cls.Config.parse({"width": 4, "latent_dim": 3}), Facts((8, 8, 1), 0.3))
    assert isinstance(model, Posterior)
    assert not isinstance(gan(), Posterior)
    items = torch.rand(4, 1, 8, 8)
    mean, log_var = model.posterior(items)
    assert torch.equal(mean, model.encode(items))
    assert log_var.shape == (4, 3)


# --- principal directions ------------------------------------------------------------------------------


def test_principal_directions_of_an_ellipsoid_are_its_axes():
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    spread = np.array([5.0, 3.0, 1.0, 0.5])
    codes = (np.random.default_rng(2).normal(size=(4000, 4)) * spread @ axes.T + 7).astype(np.float32)
    found = principal(codes, 3)
    assert [d.name for d in found] == ["Principal 1", "Principal 2", "Principal 3"]
    for direction, axis, length in zip(found, axes.T, spread, strict=False):
        assert np.linalg.norm(direction.vector) == pytest.approx(length, rel=0.05)
        assert abs(direction.vector @ axis) == pytest.approx(length, rel=0.05)
        assert direction.share == pytest.approx(length**2 / (spread**2).sum(), rel=0.1)


@settings(max_examples=60)
@given(npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8),
                   elements=st.floats(-100, 100, width=32)))  # fmt: skip
def test_a_principal_direction_is_as_long_as_the_deviation_along_it(codes):
    found = principal(codes, 10)
    for direction in found:
        length = np.linalg.norm(direction.vector)
        assert np.isfinite(direction.vector).all()
        along = codes.astype(np.float64) @ (direction.vector / max(length, 1e-30))
        assert along.std() == pytest.approx(length, rel=1e-2, abs=2e-3)
        assert direction.vector.max() >= -0.999 * direction.vector.min()
    assert sum(d.share for d in found) <= 1 + 1e-6
    assert all(a.share >= b.share for a, b in pairwise(found))


def test_equal_codes_have_no_direction():
    assert principal(np.ones((5, 3), np.float32)) == ()


# --- GANSpace and SeFa ---------------------------------------------------------------------------------


def test_sefa_finds_what_the_first_layer_stretches_most(explorer_of):
    explorer = explorer_of("gan")
    found = sefa(explorer, 8)
    weights = explorer.trained.model.first_map().numpy()
    stretched = [np.linalg.norm(weights @ d.vector) for d in found]
    singular = np.linalg.svd(weights, compute_uv=False)
    np.testing.assert_allclose(stretched, singular, rtol=1e-4)
    np.testing.assert_allclose([np.linalg.norm(d.vector) for d in found], 1, rtol=1e-5)
    assert sum(d.share for d in found) == pytest.approx(1, abs=1e-5)
    others = np.random.default_rng(0).normal(size=(200, 8))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert np.linalg.norm(others @ weights.T, axis=1).max() <= stretched[0] + 1e-5


def test_ganspace_directions_are_the_regression_of_noise_oncomponents(explorer_of):
    explorer = explorer_of("gan")
    found = last(ganspace(explorer, 4, 500))
    noise = explorer.random(500, 0)
    with torch.no_grad():
        features = explorer.trained.model.first_features(torch.from_numpy(noise)).double().numpy()
    features -= features.mean(0)
    _, singular, basis = np.linalg.svd(features, full_matrices=False)
    slopes = np.linalg.lstsq(features @ basis[:4].T, noise - noise.mean(0), rcond=None)[0]
    assert len(found) == 4
    for direction, slope, value in zip(found, slopes, singular, strict=False):
        cosine = direction.vector @ slope / np.linalg.norm(slope)
        assert abs(cosine) > 0.99
        assert np.linalg.norm(direction.vector) == pytest.approx(1, abs=1e-5)
        assert direction.share == pytest.approx(value**2 / (singular**2).sum(), rel=1e-3)


def test_ganspace_directions_change_pictures_more_than_random_ones(explorer_of):
    explorer = explorer_of("gan")
    codes = explorer.random(200, 1)
    found = last(find(explorer, "ganspace", codes, count=3, seconds=1e6))
    rng = np.random.default_rng(0)
    base = codes[:16]

    def effect(vector):
        unit = (vector / np.linalg.norm(vector)).astype(np.float32)
        middle = base - np.outer(base @ unit, unit)
        return np.abs(explorer.draw(middle + unit).astype(float) - explorer.draw(middle - unit)).mean()

    assert effect(found[0].vector) > np.mean([effect(rng.normal(size=8)) for _ in range(10)])


def test_labels_are_no_direction(tmp_path):
    drive(spec_of("gan", {"conditional": True}, steps=10), tmp_path / "r")
    explorer = Explorer.open(tmp_path / "r")
    body = explorer.trained.model.generator
    body.label.rows.weight *= 100  # pictures differ by their label above all
    found = last(ganspace(explorer, 3, 500))
    assert len(found) >= 1
    assert max(d.share for d in found) > 0.1


@settings(max_examples=25)
@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 2**32 - 1))
def testcomponents_are_those_of_the_singular_values(count, size, seed):
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(count, size)) * 0.5 ** np.arange(size)).astype(np.float32)
    *_, (variances, scores) = _returned(components(features, 3))
    singular = np.linalg.svd(features.astype(np.float64), compute_uv=False)[: len(variances)]
    np.testing.assert_allclose(variances, singular**2 / count, rtol=1e-3)
    np.testing.assert_allclose(scores.T @ scores / count, np.eye(len(variances)), atol=1e-3)


def _returned(steps):
    yield (yield from steps)


# --- all kinds -----------------------------------------------------------------------------------------


def test_each_family_offers_what_it_has(explorer_of):
    offered = {family: list(kinds(explorer_of(family))) for family in families}
    assert offered.pop("gan") == ["ganspace", "sefa"]
    assert set(map(tuple, offered.values())) == {("principal",)}


@pytest.mark.parametrize("family", list(families))
def test_all_kinds_are_found_with_their_effect_the_largest_first(explorer_of, family):
    explorer = explorer_of(family)
    images = open_source("digits").images[:40]
    codes = explorer.encode(images) if explorer.can_encode else explorer.random(40, 0)
    for kind in kinds(explorer):
        found = last(find(explorer, kind, codes, count=4, seconds=1e6))
        effects = [d.effect for d in found]
        assert 1 <= len(found) <= 4
        assert all(e >= 0 for e in effects)
        assert effects == sorted(effects, reverse=True)
        assert all(d.vector.shape == (explorer.size,) and d.vector.dtype == np.float32 for d in found)
        assert all(0 < d.share <= 1 and d.origin.endswith(".") for d in found)


def test_what_there_is_no_time_for_stands_last_without_effect(explorer_of):
    explorer = explorer_of("gan")
    found = last(measured(explorer, sefa(explorer, 4), explorer.random(20, 0), seconds=1e-9))
    assert [np.isnan(d.effect) for d in found] == [False, True, True, True]


def test_kinds_that_make_no_sense_are_a_sentence(explorer_of):
    for family, kind, message in (
        ("gan", "principal", "alike all around"),
        ("vae", "ganspace", "generator of a GAN"),
        ("vae", "sefa", "generator of a GAN"),
        ("vae", "magic", "no directions “magic”"),
    ):
        explorer = explorer_of(family)
        with pytest.raises(InputError, match=message):
            list(find(explorer, kind, np.zeros((4, explorer.size), np.float32)))


@pytest.mark.parametrize(
    "codes",
    [
        np.zeros((0, 3), np.float32),
        np.zeros((1, 3), np.float32),
        np.full((4, 3), np.inf, np.float32),
        np.zeros((4, 9)),
    ],
)
def test_codes_without_directions_are_a_sentence(explorer_of, codes):
    with pytest.raises(InputError):
        list(find(explorer_of("vae"), "principal", codes.astype(np.float32)))


def test_equal_codes_give_an_empty_list(explorer_of):
    assert last(find(explorer_of("vae"), "principal", np.ones((4, 3), np.float32))) == ()


def test_weights_that_are_not_finite_are_a_sentence(tmp_path):
    drive(spec_of("gan", steps=2), tmp_path / "r")
    explorer = Explorer.open(tmp_path / "r")
    next(iter(explorer.trained.model.parameters())).data.view(-1)[0] = float("inf")
    for kind in ("ganspace", "sefa"):
        with pytest.raises(WorkError, match="not finite"):
            next(find(explorer, kind, np.zeros((4, 3), np.float32)))
    with pytest.raises(WorkError, match="not finite"):
        next(ganspace(explorer))
