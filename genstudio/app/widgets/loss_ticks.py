"""Where the numbers of an axis stand and how numbers are written. Knows nothing of Qt."""

from __future__ import annotations

import math


def linear(low: float, high: float, most: int) -> tuple[float, list[float]]:
    """At most about `most` round numbers in low..high and the distance between them: 1, 2 or 5 times 10^k."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return 1.0, []
    least = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(least))
    spacing = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
    first, last = math.ceil(low / spacing - 1e-9), math.floor(high / spacing + 1e-9)
    return spacing, [i * spacing for i in range(first, last + 1)]


def logarithmic(low: float, high: float, most: int) -> list[float]:
    """Round numbers 10^low..10^high for a logarithmic axis, as log10."""
    decades = high - low
    if not (math.isfinite(decades) and decades > 0):
        return []
    if decades < 1.2:
        _, values = linear(10**low, 10**high, most)
        return [math.log10(value) for value in values if value > 0]
    factors = (1, 2, 5) if 3 * decades <= most else (1,)
    every = max(1, math.ceil(decades / max(1, most))) if factors == (1,) else 1
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [power + math.log10(factor) for power in powers if power % every == 0 for factor in factors]
    return [tick for tick in ticks if low <= tick <= high]


def label(value: float, spacing: float) -> str:
    """How `value` is written on an axis whose numbers are `spacing` apart."""
    if abs(value) < spacing * 1e-6:
        return "0"
    if abs(value) >= 1e7 or spacing < 1e-5:
        return f"{value:.4g}"
    return f"{value:,.{max(0, -math.floor(math.log10(spacing) + 1e-9))}f}"


def figure(value: float) -> str:
    """A measured number with four digits that count; "–" for a gap."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if not -4 <= power < 7:
        return f"{value:.3e}"
    return f"{value:,.{min(7, max(0, 3 - power))}f}"
