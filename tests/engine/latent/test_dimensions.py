"""Which dimensions carry something, and how much of the picture each changes."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_runs import drive, spec_of

from genstudio.core.errors import InputError, WorkError
from genstudio.data import open_source
from genstudio.engine.latent.dimensions import DEAD_EFFECT, Dimensions, Probe, measure, thinned, traversal
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place
from genstudio.models import families

DEAD = [2, 5, 7]


@pytest.fixture(scope="module")
def explorer_of(tmp_path_factory):
    """{family: Explorer}, trained when first asked for."""
    made = {}

    def explorer(family):
        if family not in made:
            path = tmp_path_factory.mktemp(family) / "r"
            drive(spec_of(family, steps=30), path)
            made[family] = Explorer.open(path)
        return made[family]

    return explorer


@pytest.fixture(scope="module")
def collapsed(tmp_path_factory):
    """A VAE of 12 dimensions, of which 2, 5 and 7 say nothing of the item and the decoder does not look at them."""
    path = tmp_path_factory.mktemp("collapsed") / "r"
    drive(spec_of("vae", {"latent_dim": 12, "width": 8, "learning_rate": 3e-3, "beta": 0.1}, steps=100), path)
    explorer = Explorer.open(path)
    model, rows = explorer.trained.model, torch.tensor(DEAD)
    linear = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    heads, stem = (next(m for m in linear if m.out_features == 24), next(m for m in linear if m.in_features == 12))
    for weight in (heads.weight, heads.bias):
        weight[rows] = weight[rows + 12] = 0.0
    stem.weight[:, rows] = 0.0
    return explorer


@pytest.fixture(scope="module")
def found(collapsed):
    images = open_source("digits").images
    return last(measure(collapsed, collapsed.encode(images[:500]), images[:500], seconds=1e6))


def last(steps):
    *shares, result = steps
    assert all(isinstance(share, float) and 0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    return result


def test_dimensions_of_a_collapsed_vae_are_told_from_those_that_carry_something(found):
    assert np.flatnonzero(found.dead).tolist() == DEAD
    assert not found.kl[DEAD].any()
    assert not found.effect[DEAD].any()
    assert found.kl[~found.dead].min() > 0.01
    assert found.effect[~found.dead].min() > DEAD_EFFECT


def test_a_dimension_that_the_decoder_looks_at_is_dead_when_it_says_nothing(collapsed, found):
    model = copy.deepcopy(collapsed.trained.model)
    stem = next(m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.in_features == 12)
    stem.weight[:, DEAD] = 1.0
    images = open_source("digits").images[:100]
    codes = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    explorer = Explorer(replace(collapsed.trained, model=model))
    again = last(measure(explorer, codes, images, seconds=1e6))
    assert again.effect[DEAD].min() > 1
    assert np.flatnonzero(again.dead).tolist() == DEAD
    assert set(again.order[-3:]) == set(DEAD)


def test_order_goes_from_the_largest_effect_to_the_dead(found):
    assert sorted(found.order) == list(range(12))
    dead = found.dead[found.order]
    assert dead.tolist() == [False] * 9 + [True] * 3
    alive = found.effect[found.order][~dead]
    assert (np.diff(alive) <= 0).all()


def test_ranges_reach_three_deviations_of_the_codes_and_those_of_the_prior_where_dead(found):
    alive = ~found.dead
    np.testing.assert_allclose(found.high[alive] - found.low[alive], 6 * found.std[alive], rtol=1e-4)
    np.testing.assert_allclose(found.high[DEAD] - found.low[DEAD], 6, rtol=1e-4)


def test_kl_is_that_of_the_whole_posterior(collapsed, found):
    images = open_source("digits").images[:500]
    with torch.no_grad():
        mean, log_var = collapsed.trained.model.posterior(collapsed.unit(images))
    expected = (0.5 * (mean**2 + log_var.exp() - 1 - log_var)).mean(0).numpy()
    np.testing.assert_allclose(found.kl, expected, rtol=1e-3, atol=1e-4)


def test_the_effect_is_the_change_of_pixels(collapsed):
    images = open_source("digits").images[:16]
    codes = collapsed.encode(images)
    result = last(measure(collapsed, codes, seconds=1e6))
    dimension = result.order[0]
    low, high = codes.copy(), codes.copy()
    low[:, dimension] = codes[:, dimension].mean() - codes[:, dimension].std()
    high[:, dimension] = codes[:, dimension].mean() + codes[:, dimension].std()
    change = collapsed.draw(high).astype(float) - collapsed.draw(low)
    assert result.effect[dimension] == pytest.approx(np.sqrt((change**2).mean()) / 255 * 100, rel=0.02)
    assert result.kl is None


@pytest.mark.parametrize("family", list(families))
def test_every_family_is_measured(explorer_of, family):
    explorer = explorer_of(family)
    images = open_source("digits").images[:20]
    codes = explorer.encode(images) if explorer.can_encode else explorer.random(20, 0)
    found = last(measure(explorer, codes, images, seconds=0.2))
    assert isinstance(found, Dimensions)
    assert (found.kl is not None) == (family == "vae")
    assert sorted(found.order) == list(range(explorer.size))
    assert np.isfinite(found.effect).any()
    assert (found.low < found.high).all()


def test_without_time_some_dimensions_are_measured_and_it_is_said(explorer_of):
    explorer = explorer_of("flow")
    found = last(measure(explorer, explorer.random(30, 0), seconds=1e-9))
    assert np.isfinite(found.effect).sum() == 1
    assert np.isfinite(found.effect[found.order[0]])
    assert "at 2 codes only, of 1 of the 64 dimensions" in found.note
    assert not found.dead[np.isnan(found.effect)].any()


def test_a_codebook_has_no_kl(tmp_path):
    drive(spec_of("vae", {"latent": "vq", "latent_dim": 2}, steps=4), tmp_path / "r")
    explorer = Explorer.open(tmp_path / "r")
    images = open_source("digits").images[:20]
    assert last(measure(explorer, explorer.encode(images), images)).kl is None


def test_labels_reach_the_drawing(tmp_path):
    drive(spec_of("vae", {"conditional": True}, steps=10), tmp_path / "r")
    explorer = Explorer.open(tmp_path / "r")
    data = open_source("digits")
    labels = np.asarray(data.labels[:20], np.int64)
    codes = explorer.encode(data.images[:20], labels)
    low, high = codes[:16] - 1, codes[:16] + 1
    effects = {label: Probe(explorer, codes[:16], label, 1, 1e6).effect(low, high) for label in (0, 7)}
    assert effects[0] != effects[7]
    assert last(measure(explorer, codes, data.images[:20], labels, labels)).kl.shape == (3,)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((0, 12), np.float32), "there are 0"),
        (np.zeros((1, 12), np.float32), "there is 1"),
        (np.zeros((5, 3), np.float32), "has 12 numbers, not"),
        (np.zeros(12, np.float32), "has 12 numbers"),
        (np.full((5, 12), np.nan, np.float32), "not finite"),
    ],
)
def test_codes_that_cannot_be_measured_are_refused(collapsed, codes, message):
    with pytest.raises(InputError, match=message):
        next(measure(collapsed, codes))


def test_equal_codes_move_nothing_and_keep_a_range(collapsed):
    found = last(measure(collapsed, np.ones((4, 12), np.float32)))
    assert found.dead.all()
    assert (found.low < found.high).all()


def test_weights_that_are_not_finite_are_a_sentence(tmp_path):
    drive(spec_of("vae", steps=2), tmp_path / "r")
    explorer = Explorer.open(tmp_path / "r")
    next(iter(explorer.trained.model.parameters())).data.view(-1)[0] = float("nan")
    with pytest.raises(WorkError, match="weights of step 2 hold numbers that are not finite"):
        next(measure(explorer, np.zeros((4, 3), np.float32)))


def test_a_traversal_changes_one_dimension_a_row(collapsed, found):
    place = Place(np.zeros(12, np.float32))
    rows = list(traversal(collapsed, place, found.order[:2], found.low, found.high, 5))
    assert [row for row, _ in rows] == [0, 1]
    for dimension, (_, pictures) in zip(found.order, rows, strict=False):
        assert (pictures.dtype, pictures.shape) == (np.uint8, (5, 8, 8, 1))
        end = place.code.copy()
        end[dimension] = found.high[dimension]
        assert np.abs(collapsed.picture(Place(end)).astype(int) - pictures[-1]).max() <= 1
    assert not place.code.any()


@pytest.mark.parametrize(
    ("dims", "steps", "message"), [([12], 5, "no dimension 13"), ([-1], 5, "no dimension 0"), ([0], 1, "2 pictures")]
)
def test_traversals_that_cannot_be_are_refused(collapsed, found, dims, steps, message):
    with pytest.raises(InputError, match=message):
        list(traversal(collapsed, Place(np.zeros(12, np.float32)), dims, found.low, found.high, steps))


def test_thinned_keeps_both_ends():
    assert thinned(np.arange(101), 3).tolist() == [0, 50, 100]
    assert thinned(np.arange(3), 5).tolist() == [0, 1, 2]
