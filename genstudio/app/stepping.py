"""How a number is written in a field, and what one step of a wheel or an arrow does to it."""

from __future__ import annotations

import math

from genstudio.core.config import Knob

_SLACK = 1e-9  # relative; 0.30000000000000004 counts as 0.3


def written(value: float) -> str:
    """The shortest text that reads back as `value`: "2", "0.001", "1e-05". The point is a point everywhere."""
    return repr(value).removesuffix(".0")


def stepped(knob: Knob, value: float, count: int) -> int | float:
    """`value` after `count` steps up (or down when negative), within the knob's bounds.

    A linear scale has equal steps, no larger than the last digit of the default. A logarithmic one goes
    1, 2, 5, 10, or doubles when the default is a power of two; where it starts at 0, the step below its
    smallest number is 0.
    """
    low, high = _bounds(knob)
    if knob.scale == "linear":
        value = round(value + count * _unit(knob), 10)
    else:
        for _ in range(abs(count)):
            value = _log_step(knob, value, up=count > 0)
    value = min(max(value, low), high)
    return round(value) if knob.kind == "int" else float(value)


def _bounds(knob: Knob) -> tuple[float, float]:
    assert knob.low is not None, f"{knob.name} has no bounds"
    assert knob.high is not None, f"{knob.name} has no bounds"
    return knob.low, knob.high


def _unit(knob: Knob) -> float:
    if knob.kind == "int":
        return 1
    low, high = _bounds(knob)
    hundredth = _round_below((high - low) / 100 * (1 + _SLACK))
    digits = written(float(knob.default)).partition("e")[0].partition(".")[2]
    return min(hundredth, 10.0 ** -len(digits))


def _log_step(knob: Knob, value: float, up: bool) -> float:
    low, high = _bounds(knob)
    smallest = low if low > 0 else 1.0 if knob.kind == "int" else _round_below(high * 1e-6 * (1 + _SLACK))
    if value < smallest:
        return smallest if up else low
    if not up and value <= smallest * (1 + _SLACK):
        return low
    if isinstance(knob.default, int) and knob.default >= 4 and math.log2(knob.default).is_integer():
        return _doubled(value, up)
    return _round_above(value) if up else _round_below(value * (1 - _SLACK))


def _doubled(value: float, up: bool) -> float:
    """The next power of two."""
    power = math.log2(value)
    return 2.0 ** (math.floor(power) + 1 if up else math.ceil(power) - 1)


def _round_below(value: float) -> float:
    """The largest of 1, 2, 5, 10, ... that is at most `value`."""
    exponent = math.floor(math.log10(value))
    return max(x for x in _ladder(exponent) if x <= value)


def _round_above(value: float) -> float:
    """The smallest of 1, 2, 5, 10, ... that is above `value`."""
    exponent = math.floor(math.log10(value))
    return min(x for x in _ladder(exponent) if x > value * (1 + _SLACK))


def _ladder(exponent: int) -> list[float]:
    """Written out, because 5 * 10 ** -5 is not 5e-05."""
    tops = (f"5e{exponent - 1}", f"1e{exponent}", f"2e{exponent}", f"5e{exponent}", f"1e{exponent + 1}")
    return [float(text) for text in tops]
