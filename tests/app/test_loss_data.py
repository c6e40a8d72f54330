"""Curves, marks, smoothing and tables, without a window."""

import csv
import io

import numpy as np
import pytest

from genstudio.app.widgets import loss_scene
from genstudio.app.widgets.loss_data import LossData, Mark, smoothed
from genstudio.app.widgets.pyramid import MinMaxPyramid
from genstudio.core.events import Curve

CURVES = (
    Curve("elbo", "negative ELBO", "nats per picture"),
    Curve("kl", "KL divergence", "nats per picture"),
    Curve("norm", "gradient norm", ""),
)


@pytest.fixture
def data():
    data = LossData()
    data.set_curves(CURVES)
    return data


def line(steps, values):
    pyramid = MinMaxPyramid()
    pyramid.append(steps, values)
    return pyramid


def read(data):
    return list(csv.reader(io.StringIO(b"".join(data.csv()).decode(), newline="")))


def test_curves_are_grouped_by_unit_in_their_order(data):
    assert data.empty
    assert data.extent() is None
    assert np.isnan(data.latest("kl"))
    assert data.units == ()
    data.append({"norm": ([1], [1.0]), "kl": ([1], [np.nan])})
    assert data.units == ("",)  # a curve of gaps alone is none
    data.append({"kl": ([2], [1.0]), "elbo": ([2], [np.inf])})
    assert data.units == ("nats per picture", "")
    assert [curve.name for curve in data.of_unit("nats per picture")] == ["elbo", "kl"]


def test_an_unknown_curve_is_refused_and_nothing_is_added(data):
    with pytest.raises(ValueError, match="no such curve: wat"):
        data.append({"elbo": ([1], [2.0]), "wat": ([1], [2.0])})
    assert data.empty


def test_values_are_found_by_step_and_the_nearest_logged_step_by_pointer(data):
    data.append({"elbo": ([10, 20, 30], [1.0, 2.0, 3.0]), "kl": ([10, 25], [0.5, np.nan])})
    assert data.extent() == (10, 30)
    assert data.latest("elbo") == 3.0
    assert data.near(["elbo", "kl"], 24) == 25
    assert data.near(["elbo"], 24) == 20
    assert data.near(["elbo"], -5) == 10
    assert data.near(["norm"], 3) is None
    assert data.value_at("elbo", 20) == 2.0
    assert np.isnan(data.value_at("elbo", 25))


def test_the_table_holds_every_raw_point_exactly(data):
    rng = np.random.default_rng(1)
    steps = np.cumsum(rng.integers(1, 4, 120_000))
    values = rng.normal(size=len(steps)) * 1e-9
    values[7], values[8] = np.nan, np.inf
    data.append({"elbo": (steps, values), "kl": (steps[::3], values[::3])})
    rows = read(data)
    assert rows[0] == [
        "step",
        "negative ELBO (nats per picture)",
        "KL divergence (nats per picture)",
        "gradient norm",
    ]
    assert [int(row[0]) for row in rows[1:]] == steps.tolist()
    np.testing.assert_array_equal([float(row[1]) for row in rows[1:]], values)
    kept = [(int(row[0]), float(row[2])) for row in rows[1:] if row[2]]
    assert kept == list(zip(steps[::3].tolist(), values[::3].tolist(), strict=True))
    assert {row[3] for row in rows[1:]} == {""}


def test_the_table_of_nothing_is_a_heading(data):
    assert len(read(data)) == 1


def test_with_few_points_smoothing_is_the_debiased_moving_average():
    rng = np.random.default_rng(2)
    values = rng.normal(size=80)
    x, y = smoothed(line(np.arange(80) * 10, values), 0, 790, 900, 0.9)
    top = bottom = 0.0
    expected = []
    for value in values:
        top, bottom = 0.9 * top + value, 0.9 * bottom + 1
        expected.append(top / bottom)
    np.testing.assert_allclose(y, expected, rtol=1e-9)
    assert x.tolist() == list(range(0, 800, 10))


@pytest.mark.parametrize("smoothing", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("count", [1, 2, 500, 200_000])
def test_a_constant_stays_a_constant_from_the_first_point_on(smoothing, count):
    x, y = smoothed(line(np.arange(count), np.full(count, 7.25)), 0, count, 800, smoothing)
    assert x[0] == 0
    np.testing.assert_allclose(y, 7.25, rtol=1e-12)


def test_smoothing_calms_noise_and_keeps_the_level():
    rng = np.random.default_rng(3)
    _, y = smoothed(line(np.arange(300_000), 5 + rng.normal(size=300_000)), 0, 300_000, 800, 0.9)
    assert np.abs(y[50:] - 5).max() < 0.2


def test_gaps_and_infinities_do_not_spread():
    values = np.ones(100)
    values[40:45] = np.nan
    values[60] = np.inf
    _, y = smoothed(line(np.arange(100), values), 0, 99, 800, 0.9)
    assert np.flatnonzero(np.isnan(y)).tolist() == [40, 41, 42, 43, 44, 60]
    assert np.nanmax(np.abs(y - 1)) < 1e-12


def test_panning_does_not_bend_the_smoothed_line():
    """What lies left of the sight still counts, so a line is the same whether or not its past is in sight."""
    rng = np.random.default_rng(4)
    curve = line(np.arange(2000), np.cumsum(rng.normal(size=2000)))
    x, y = smoothed(curve, 1000, 1200, 900, 0.8)
    x2, y2 = smoothed(curve, 1010, 1210, 900, 0.8)
    both = np.intersect1d(x, x2)
    assert len(both) > 180
    np.testing.assert_allclose(y[np.isin(x, both)], y2[np.isin(x2, both)], atol=0.1)


def test_what_shows_everything_grows_in_strides_and_always_holds_the_last_step():
    ends = [loss_scene.all_steps((1, last)) for last in range(1000, 2000)]
    assert all(low <= 1 and high >= last for (low, high), last in zip(ends, range(1000, 2000), strict=True))
    assert len(set(ends)) < 60
    assert loss_scene.all_steps((5, 5)) == (4, 6)


def test_the_range_of_values_holds_all_points_in_sight_and_leaves_a_roof(data):
    data.append({"elbo": ([1, 2, 3, 4], [1.0, np.nan, 5.0, 1000.0])})
    shown = [(CURVES[0], "#fff")]
    lines = loss_scene.drawings(data, shown, (1, 3), 100, log=False, smoothing=0.0)
    low, high = loss_scene.fitting(lines, (1, 3), log=False)
    assert 0 < low < 1
    assert 5 < high < 6
    _, roofed = loss_scene.fitting(lines, (1, 3), log=False, roof=0.5)
    assert roofed - low == pytest.approx(2 * (high - low))
    assert loss_scene.fitting([], (1, 3), log=False) == (0, 1)


def test_the_readout_escapes_names_and_marks(data):
    data.set_curves([Curve("x", "<b>loss</b>", "")])
    data.append({"x": ([1, 2], [3.0, 4.0])})
    data.marks.append(Mark(2, "<img src=x>"))
    found = loss_scene.readout(data, [(data.curves[0], "#123456")], 1.8, reach=1)
    assert found is not None
    assert found[0] == 2
    assert "&lt;b&gt;loss" in found[1]
    assert "&lt;img" in found[1]
    assert "4.000" in found[1]
    assert loss_scene.readout(data, [], 1.8, reach=1) is None
