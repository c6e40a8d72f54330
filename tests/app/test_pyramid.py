"""The pyramid against the raw data it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genstudio.app.widgets.pyramid import MinMaxPyramid


def extremes(y):
    y = y[np.isfinite(y)]
    return (y.min(), y.max()) if len(y) else None


def inside(x, y, x0, x1):
    return y[(x >= x0) & (x <= x1)]


@st.composite
def logs(draw):
    """Increasing steps logged every 1, 10 or 100 steps in turn, values with gaps, cut into chunks."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    runs = draw(
        st.lists(st.tuples(st.sampled_from([1, 10, 100, 100_000]), st.integers(1, 6000)), min_size=1, max_size=4)
    )
    steps = np.cumsum(np.concatenate([np.full(n, every) for every, n in runs]))
    values = rng.normal(size=len(steps)) * 10.0 ** draw(st.integers(-12, 12))
    odd = rng.random(len(steps)) < draw(st.sampled_from([0.0, 0.01, 0.7, 1.0]))
    values[odd] = rng.choice([np.nan, np.inf, -np.inf], odd.sum())
    cuts = np.sort(rng.integers(0, len(steps), draw(st.integers(0, 12))))
    return steps, values, cuts


@settings(max_examples=60, deadline=None)
@given(
    log=logs(),
    seed=st.integers(0, 2**32 - 1),
    pixels=st.integers(1, 1200),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_view_holds_exactly_the_raw_extremes_of_what_is_visible(log, seed, pixels, dtype):
    steps, values, cuts = log
    values = values.astype(dtype)
    pyramid = MinMaxPyramid(dtype)
    for x, y in zip(np.split(steps, cuts), np.split(values, cuts), strict=True):
        pyramid.append(x, y)
    rng = np.random.default_rng(seed)
    borders = rng.uniform(steps[0] - 50, steps[-1] + 50, (12, 2))
    at_points = rng.choice(steps, (4, 2)) + np.array([0, 0.5])
    for x0, x1 in [(0, steps[-1]), *np.sort(borders), *np.sort(at_points)]:
        if x0 == x1:
            continue
        x, y = pyramid.view(x0, x1, pixels)
        assert (np.diff(x) >= 0).all()
        assert len(x) <= 4 * pixels + 8
        assert extremes(inside(x, y, x0, x1)) == extremes(inside(steps, values, x0, x1))


@settings(max_examples=30, deadline=None)
@given(log=logs(), pixels=st.integers(1, 300))
def test_sums_and_counts_of_cells_are_those_of_the_raw_values(log, pixels):
    steps, values, cuts = log
    pyramid = MinMaxPyramid()
    for x, y in zip(np.split(steps, cuts), np.split(values, cuts), strict=True):
        pyramid.append(x, y)
    cells = pyramid.cells(0, steps[-1], pixels)
    finite = values[np.isfinite(values)]
    assert cells.number.sum() == len(finite)
    assert cells.total.sum() == pytest.approx(finite.sum(), rel=1e-9, abs=1e-9 * np.abs(finite).sum())
    assert (np.isnan(cells.low) == (cells.number == 0)).all()


def test_everything_is_kept_as_it_came():
    rng = np.random.default_rng(0)
    steps, values = np.arange(5000) * 7, rng.normal(size=5000)
    values[::9] = np.nan
    values[1] = np.inf
    pyramid = MinMaxPyramid()
    for i in range(0, 5000, 13):
        pyramid.append(steps[i : i + 13], values[i : i + 13])
    assert len(pyramid) == 5000
    np.testing.assert_array_equal(pyramid.steps, steps)
    np.testing.assert_array_equal(pyramid.values, values)


def test_few_points_in_sight_are_drawn_one_by_one_with_their_neighbours():
    pyramid = MinMaxPyramid()
    pyramid.append(np.arange(100_000) * 10, np.arange(100_000.0))
    x, y = pyramid.view(500_001, 500_100, 800)
    assert x.tolist() == [float(v) for v in range(500_000, 500_111, 10)]
    assert (y == x / 10).all()


def test_seldom_logged_points_after_a_dense_start_keep_their_place():
    """Cells cut by number of points would draw the last 100 points, 99 % of the axis, as one."""
    pyramid = MinMaxPyramid()
    pyramid.append(np.arange(1_000_000), np.zeros(1_000_000))
    sparse = np.arange(1_000_000, 100_000_000, 1_000_000)
    pyramid.append(sparse, np.arange(len(sparse), dtype=float))
    x, y = pyramid.view(0, 1e8, 900)
    assert set(zip(sparse.tolist(), range(len(sparse)), strict=True)) <= set(zip(x.tolist(), y.tolist(), strict=True))


def test_on_a_logarithmic_axis_what_is_not_positive_is_a_gap_and_its_neighbours_are_not():
    pyramid = MinMaxPyramid()
    pyramid.append([1, 2, 3, 4], [10.0, 0.0, -1.0, 1000.0])
    _, y = pyramid.view(0, 5, 100, log=True)
    np.testing.assert_array_equal(y, [1, np.nan, np.nan, 3])
    many = MinMaxPyramid()
    many.append(np.arange(20_000), np.where(np.arange(20_000) % 2, -1.0, 100.0))
    _, y = many.view(0, 20_000, 50, log=True)
    assert np.nanmax(y) == np.nanmin(y) == 2
    assert np.isfinite(y).all()


def test_empty_and_one_point():
    pyramid = MinMaxPyramid()
    assert [a.size for a in pyramid.view(0, 1, 10)] == [0, 0]
    pyramid.append([], [])
    pyramid.append([5], [2.5])
    assert [a.tolist() for a in pyramid.view(0, 10, 10)] == [[5], [2.5]]


@pytest.mark.parametrize(("steps", "values"), [([4], [1.0]), ([5], [1.0]), ([9, 8], [1.0, 1.0]), ([9, 10], [1.0])])
def test_steps_that_go_back_or_do_not_match_are_refused_and_leave_the_curve_as_it_was(steps, values):
    pyramid = MinMaxPyramid()
    pyramid.append([1, 5], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"steps"):
        pyramid.append(steps, values)
    assert pyramid.steps.tolist() == [1, 5]
