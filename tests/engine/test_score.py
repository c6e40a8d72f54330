"""The cheap score of a training: right on models whose samples are known, and never felt by the training."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from genstudio.data import Dataset, open_source
from genstudio.engine.device import Machine
from genstudio.engine.load import build_model
from genstudio.engine.score import LiveScore, Patience, principal_axes, watched
from genstudio.models import families
from genstudio.models.base import Facts, FamilyConfig

CPU = Machine(torch.device("cpu"), 1, False)


class Draws(nn.Module):
    """Samples what it is given, whatever the noise."""

    latent_dim, config = 2, FamilyConfig()

    def __init__(self, items):
        super().__init__()
        self.items = torch.as_tensor(items, dtype=torch.float32)
        self.norm, self.asked, self.noise = nn.BatchNorm1d(2), 0, []

    def sample(self, noise, labels=None):
        self.norm(noise)
        self.noise.append(noise)
        drawn = self.items[torch.arange(self.asked, self.asked + len(noise)) % len(self.items)]
        self.asked += len(noise)
        return drawn


class Echoes(nn.Module):
    """Draws every item again, darker by `less`."""

    config = FamilyConfig()

    def __init__(self, less):
        super().__init__()
        self.less = less

    def encode(self, items, labels=None):
        return items

    def decode(self, codes, labels=None):
        return codes - self.less


@pytest.fixture(scope="module")
def digits():
    return open_source("digits")


def unit(images):
    return images.transpose(0, 3, 1, 2) / 255


def test_real_pictures_score_well_and_collapse_and_noise_are_seen(digits):
    score = LiveScore(digits, 0, CPU)
    real = score.measure(Draws(unit(digits.images)))
    assert set(real) == {"fd_pca", "diversity", "coverage"}
    assert real["diversity"] == pytest.approx(1, abs=0.02)
    assert real["coverage"] > 0.9
    collapsed = score.measure(Draws(unit(digits.images[:1])))
    assert collapsed["diversity"] == 0
    assert collapsed["coverage"] < 0.02
    noise = score.measure(Draws(np.random.default_rng(0).uniform(size=(1024, 1, 8, 8))))
    assert noise["coverage"] < 0.02
    assert min(collapsed["fd_pca"], noise["fd_pca"]) > 20 * real["fd_pca"]


def test_points_are_scored_by_their_coordinates():
    grid = open_source("grid")
    score = LiveScore(grid, 0, CPU)
    real = score.measure(Draws(grid.points[:1500]))
    assert real["fd_pca"] < 0.1
    assert real["coverage"] > 0.9
    half = score.measure(Draws(grid.points[grid.points[:, 0] < 1]))
    assert half["coverage"] < 0.75
    moved = score.measure(Draws(grid.points + np.float32([3, 0])))
    assert moved["fd_pca"] == pytest.approx(9, rel=0.1)  # raw coordinates: the squared distance that they moved


def test_reconstruction_is_of_held_out_items_where_there_are_some(digits):
    score = LiveScore(digits, 0, CPU)
    assert score.measure(Echoes(0.0)) == {"reconstruction": 0}
    assert score.measure(Echoes(0.5))["reconstruction"] == pytest.approx(0.25)
    held_out = Dataset("white", "white", images=np.full((9, 8, 8, 1), 255, np.uint8))

    class Dark(Echoes):
        def decode(self, codes, labels=None):
            return codes * 0

    assert LiveScore(digits, 0, CPU, held_out).measure(Dark(0))["reconstruction"] == 1
    assert score.measure(Dark(0))["reconstruction"] < 0.5


def test_samples_that_are_not_finite_have_the_worst_score(digits):
    found = LiveScore(digits, 0, CPU).measure(Draws(np.full((4, 1, 8, 8), np.nan)))
    assert found["fd_pca"] == math.inf
    assert math.isnan(found["diversity"])
    assert found["coverage"] == 0


@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_looking_changes_neither_model_nor_random_numbers_and_gives_the_same_each_time(digits, family):
    facts = Facts(digits.shape, float(digits.images.mean()) / 255)
    config = families.load(family).Config.parse({"network": "mlp", "width": 4, "latent_dim": 3})
    model = build_model(family, config, facts, 0)
    before, state = {n: t.clone() for n, t in model.state_dict().items()}, torch.get_rng_state()
    np_state = repr(np.random.get_state())
    first, again = (LiveScore(digits, 0, CPU).measure(model) for _ in range(2))
    assert set(first) == {"reconstruction", "fd_pca", "diversity", "coverage"}
    assert first == again
    assert torch.equal(state, torch.get_rng_state())
    assert np_state == repr(np.random.get_state())
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert model.training
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_each_part_of_a_model_is_put_back_into_its_mode(digits):
    model = Draws(unit(digits.images))
    running = model.norm.running_mean.clone()
    LiveScore(digits, 0, CPU).measure(model)
    assert model.training
    assert model.norm.training
    assert torch.equal(running, model.norm.running_mean)
    model.norm.eval()
    LiveScore(digits, 0, CPU).measure(model)
    assert model.training
    assert not model.norm.training


def test_noise_is_the_same_each_time_and_of_the_seed(digits):
    models = [Draws(unit(digits.images)) for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        LiveScore(digits, seed, CPU, samples=300).measure(model)
    first, same, other = (torch.cat(model.noise) for model in models)
    assert first.shape == (300, 2)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_few_and_large_pictures_are_scored_too():
    rng = np.random.default_rng(0)
    for count, size in ((6, 8), (30, 64)):
        images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        data = Dataset("few", "few", images=images)
        found = LiveScore(data, 0, CPU).measure(Draws(unit(images)))
        assert found["coverage"] == 1
        assert np.isfinite(list(found.values())).all()
    tiny = dataclasses.replace(data, images=images[:5])
    assert LiveScore(tiny, 0, CPU).measure(Draws(unit(images))) == {}
    assert LiveScore(tiny, 0, CPU).measure(Echoes(0.0)) == {"reconstruction": 0}


def test_principal_axes_are_those_of_the_covariance():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    rows = (rng.standard_normal((500, 60)) * np.geomspace(10, 0.1, 60)) @ turn
    rows -= rows.mean(0)
    axes = principal_axes(torch.from_numpy(rows.astype(np.float32)), 5, 0).numpy()
    vectors = np.linalg.eigh(rows.T @ rows).eigenvectors
    assert np.abs(axes @ vectors[:, ::-1][:, :5]).round(2) == pytest.approx(np.eye(5), abs=0.02)


def test_patience_ends_when_nothing_has_improved_for_its_steps():
    patience = Patience(steps=100, least=0.1, looks=2)
    assert not patience.update(10.0, 10)
    assert not patience.update(5.0, 20)
    assert not patience.update(4.8, 120)  # less than a tenth better, but the first look
    assert patience.update(4.6, 121)
    assert (patience.best, patience.best_step) == (5.0, 20)


def test_patience_starts_anew_with_each_improvement():
    patience = Patience(steps=100, looks=1)
    assert [patience.update(v, s) for v, s in [(9, 0), (8, 99), (7, 198), (7, 297), (7, 298)]] == [
        False, False, False, False, True,
    ]  # fmt: skip


def test_patience_takes_numbers_that_are_not_finite_for_no_improvement():
    patience = Patience(steps=10, looks=2)
    assert [patience.update(v, s) for v, s in [(math.nan, 0), (math.inf, 5), (3.0, 20), (math.nan, 30)]] == [
        False, False, False, False,
    ]  # fmt: skip
    assert patience.best == 3
    assert patience.update(math.nan, 31)


def test_patience_goes_on_from_its_state():
    patience = Patience(steps=50, looks=1)
    assert Patience.of(patience.state()) == patience
    patience.update(3.0, 5)
    patience.update(4.0, 6)
    assert Patience.of(patience.state()) == patience


def test_the_score_that_is_watched_is_the_distance_to_the_data():
    assert watched({"reconstruction": 1.0, "fd_pca": 2.0}) == "fd_pca"
    assert watched({"reconstruction": 1.0}) == "reconstruction"
    assert watched({}) is None
