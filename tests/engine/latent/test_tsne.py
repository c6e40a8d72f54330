"""Maps by t-SNE from a child process: they grow, turn as little as can be, and end when nobody looks."""

import contextlib
import itertools
import subprocess
import sys

import numpy as np
import psutil
import pytest

from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent.principal import principal_axes, read_codes
from genstudio.engine.latent.tsne import Arranged, arrange, place_new, rows_to_arrange, turn_onto
from genstudio.engine.latent.tsne_child import Measure


def clusters(each, size=8, seed=0):
    """Codes [3·each, size] of three groups, and which each is of."""
    rng = np.random.default_rng(seed)
    group = np.arange(3 * each) % 3
    middles = np.random.default_rng(5).normal(0, 6, (3, size))
    return (middles[group] + rng.normal(size=(3 * each, size))).astype(np.float32), group


def children():
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if any("tsne_child" in word for word in child.cmdline()):
                found.append(child)
    return found


def apart(xy, group):
    """How many times farther the groups are from each other than from their own middles."""
    middles = np.stack([xy[group == i].mean(0) for i in range(3)])
    inside = np.sqrt(np.square(xy - middles[group]).sum(1).mean())
    return min(np.linalg.norm(middles[i] - middles[j]) for i, j in ((0, 1), (0, 2), (1, 2))) / inside


@pytest.fixture(scope="module")
def mapped():
    """Codes, their groups, a map shown before, and all that came."""
    codes, group = clusters(30)
    found = principal_axes(read_codes(codes), 2)
    like = ((codes - found.mean) @ found.directions.T * [1, -1]).astype(np.float32)
    return codes, group, like, [item for item in arrange(codes, most=60, like=like, seed=3) if item is not None]


def test_a_map_grows_until_it_is_whole(mapped):
    _, group, _, items = mapped
    assert [item.stage for item in items[:2]] == ["neighbours", "arranging"]
    moving = [item for item in items if item.stage == "arranging"]
    assert [item.done for item in moving] == list(range(25, 751, 25))
    rows = rows_to_arrange(90, 60, 3)
    for item in moving:
        np.testing.assert_array_equal(item.rows, rows)
        assert (item.xy.dtype, item.xy.shape, item.whole, item.total) == (np.float32, (60, 2), False, 750)
        np.testing.assert_allclose(item.xy.mean(0), 0, atol=1e-5)
        assert np.square(item.xy).sum(1).mean() == pytest.approx(1, rel=1e-4)
    whole = items[-1]
    assert (whole.stage, whole.done, whole.total, whole.whole) == ("placing", 30, 30, True)
    np.testing.assert_array_equal(whole.rows, np.arange(90))
    np.testing.assert_array_equal(whole.xy[rows], moving[-1].xy)
    assert whole.scale > 1
    assert apart(whole.xy, group) > 4
    assert apart(whole.xy[np.setdiff1d(np.arange(90), rows)], group[np.setdiff1d(np.arange(90), rows)]) > 4


def test_a_map_lies_as_the_one_before_and_does_not_jump(mapped):
    _, _, like, items = mapped
    moving = [item for item in items if item.stage == "arranging"]
    target = like[moving[0].rows] / np.sqrt(np.square(like[moving[0].rows]).sum(1).mean())
    # the start is what was shown, mirrored as that was
    assert np.sqrt(np.square(moving[0].xy - target).sum(1).mean()) < 0.5
    for before, now in itertools.pairwise(moving):
        np.testing.assert_allclose(turn_onto(now.xy.astype(float), before.xy), np.eye(2), atol=1e-3)


def test_codes_of_a_later_step_go_on_from_where_they_stood(mapped):
    codes, group, _, items = mapped
    later = (codes * np.float32(1.05) + np.random.default_rng(1).normal(0, 0.05, codes.shape)).astype(np.float32)
    again = [item for item in arrange(later, start=items[-1], most=60, seed=3) if item is not None]
    moving = [item for item in again if item.stage == "arranging"]
    assert moving[-1].done == moving[-1].total == 250
    for item in moving:
        before = items[-1].xy[item.rows]
        middles = np.stack([before[group[item.rows] == i].mean(0) for i in range(3)])
        moved = np.stack([item.xy[group[item.rows] == i].mean(0) for i in range(3)])
        assert np.linalg.norm(moved - middles, axis=1).max() < 0.3
    assert apart(again[-1].xy, group) > 4


def test_new_codes_find_their_place_and_the_map_stays(mapped):
    codes, group, _, items = mapped
    whole = items[-1]
    new, of = clusters(4, seed=7)
    placed = [item for item in place_new(codes, whole, new) if item is not None][-1]
    assert (placed.whole, placed.xy.shape, placed.rows.tolist()) == (True, (12, 2), list(range(12)))
    middles = np.stack([whole.xy[group == i].mean(0) for i in range(3)])
    nearest = np.linalg.norm(placed.xy[:, None] - middles, axis=2).argmin(1)
    np.testing.assert_array_equal(nearest, of)
    assert np.linalg.norm(placed.xy - middles[of], axis=1).max() < 1


def test_closing_the_map_ends_the_child():
    items = arrange(clusters(500)[0])
    next(items)
    (child,) = children()
    items.close()
    assert not child.is_running()
    assert not children()


def test_the_child_stays_small():
    heavy = "torch", "PySide6", "genstudio.engine.latent.explorer"
    code = f"import sys, genstudio.engine.latent.tsne_child; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("broken", "words"),
    [("raise ImportError", "need openTSNE: install it"), ("import os; os._exit(9)", "ended before it was done"),
     ("raise ValueError('odd')", r"ValueError: odd")],
)  # fmt: skip
def test_a_child_that_fails_is_a_sentence(tmp_path, monkeypatch, broken, words):
    (tmp_path / "openTSNE.py").write_text(broken)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkError, match=words):
        list(arrange(clusters(10)[0]))
    assert not children()


@pytest.mark.parametrize(
    ("codes", "words"),
    [(np.zeros((9, 4)), "at least 10 codes, there are 9"), (np.ones((30, 4)), "All codes are equal"),
     (np.full((30, 4), np.nan), "not finite"), (np.empty((30, 0)), "not finite")],
)  # fmt: skip
def test_what_cannot_be_arranged_is_refused_before_a_child_starts(codes, words):
    with pytest.raises(InputError, match=words):
        next(arrange(codes.astype(np.float32)))
    assert not children()


def test_codes_of_another_size_are_not_placed():
    codes, _ = clusters(4)
    xy = np.zeros((12, 2), np.float32)
    whole = Arranged(xy, np.arange(12), "arranging", 750, 750, 10.0, True)
    with pytest.raises(InputError, match="could take"):
        next(place_new(codes, whole, codes[:, :3]))
    few = Arranged(xy[:3], np.arange(3), "arranging", 750, 750, 10.0, True)
    with pytest.raises(InputError, match="too few"):
        next(place_new(codes, few, codes))


def test_ten_codes_some_of_them_equal_are_enough():
    codes = np.repeat(np.arange(5, dtype=np.float32), 2)[:, None]
    *_, whole = (item for item in arrange(codes) if item is not None)
    assert whole.whole
    assert np.isfinite(whole.xy).all()


def test_a_dead_dimension_is_not_blown_up():
    rng = np.random.default_rng(0)
    codes = np.concatenate([rng.normal(0, 2, (500, 3)), rng.normal(0, 0.002, (500, 9))], 1).astype(np.float32)
    spread = Measure(codes).of(codes).std(0)
    np.testing.assert_allclose(spread[:3], 1, atol=0.1)
    assert (spread[3:] < 0.02).all()
    assert Measure(rng.normal(size=(200, 80)).astype(np.float32)).of(np.zeros((7, 80), np.float32)).shape == (7, 50)
