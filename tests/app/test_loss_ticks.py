"""Numbers on axes and in legends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genstudio.app.widgets import loss_ticks


@given(low=st.floats(-1e12, 1e12), span=st.floats(1e-6, 1e12), most=st.integers(2, 20))
def test_ticks_lie_in_range_are_even_and_not_too_many(low, span, most):
    high = low + span
    if high <= low or span < 1e-9 * abs(low):
        return
    spacing, ticks = loss_ticks.linear(low, high, most)
    assert len(ticks) <= most + 1
    assert all(low - spacing * 1e-6 <= tick <= high + spacing * 1e-6 for tick in ticks)
    assert spacing <= 2.5 * span / most * (1 + 1e-9)
    assert f"{spacing:e}"[0] in "125"


@given(low=st.floats(-12, 12), decades=st.floats(0.01, 20), most=st.integers(3, 20))
def test_a_logarithmic_axis_has_some_ticks_in_range_at_any_zoom(low, decades, most):
    ticks = loss_ticks.logarithmic(low, low + decades, most)
    assert 1 <= len(ticks) <= most + 2
    assert all(low - 1e-9 <= tick <= low + decades + 1e-9 for tick in ticks)


def test_no_range_no_ticks():
    assert loss_ticks.linear(1, 1, 5)[1] == []
    assert loss_ticks.linear(0, math.inf, 5)[1] == []
    assert loss_ticks.logarithmic(2, 2, 5) == []


@pytest.mark.parametrize(
    ("value", "spacing", "text"),
    [(250, 50, "250"), (0.30000000000000004, 0.1, "0.3"), (12000, 2000, "12,000"), (-1e-20, 0.5, "0"),
     (2e8, 1e8, "2e+08"), (0.025, 0.005, "0.025")],
)  # fmt: skip
def test_labels(value, spacing, text):
    assert loss_ticks.label(value, spacing) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(241.71, "241.7"), (13.8, "13.80"), (0.012346, "0.01235"), (6214, "6,214"), (0, "0"), (math.nan, "–"),
     (math.inf, "∞"), (-math.inf, "−∞"), (1.5e-9, "1.500e-09"), (-3.25, "-3.250"), (1234567, "1,234,567")],
)  # fmt: skip
def test_figures(value, text):
    assert loss_ticks.figure(value) == text
