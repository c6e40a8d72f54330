"""What of the curves is in sight, as lines, ranges and words. Knows nothing of Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from genstudio.app.widgets.loss_data import LossData, smoothed
from genstudio.app.widgets.loss_ticks import figure
from genstudio.app.widgets.pyramid import Floats
from genstudio.core.events import Curve

Range = tuple[float, float]
Shown = Sequence[tuple[Curve, str]]  # curves with their colours


@dataclass(frozen=True, slots=True)
class Drawing:
    """One curve, ready to be drawn: colour, raw line, smoothed line if wanted, each (x, y) in axis units."""

    color: str
    raw: tuple[Floats, Floats]
    smooth: tuple[Floats, Floats] | None


def drawings(data: LossData, shown: Shown, x: Range, pixels: int, log: bool, smoothing: float) -> list[Drawing]:
    """Lines of the shown curves over the steps `x`; their values are log10 when `log`."""
    result = []
    for curve, color in shown:
        line = data.line(curve.name)
        calm = None
        if smoothing and len(line) > 1:
            steps, y = smoothed(line, *x, pixels // 2, smoothing)  # a calm line needs fewer points
            calm = (steps, np.log10(np.where(y > 0, y, np.nan)) if log else y)
        result.append(Drawing(color, line.view(*x, pixels, log), calm))
    return result


def all_steps(extent: tuple[int, int]) -> Range:
    """The range of steps that shows everything, with a little room for what comes next.

    It grows in strides, so that axes and curves stand still between them.
    """
    first, last = extent
    if first == last:
        return first - 1.0, last + 1.0
    stride = 2.0 ** math.floor(math.log2((last - first) / 32))
    return float(first), math.ceil((last + stride / 4) / stride) * stride


def fitting(lines: Sequence[Drawing], x: Range, log: bool, roof: float = 0.0) -> Range:
    """The range of values that shows all finite points at the steps `x`; 0 to 1 when there are none.

    `roof` is the share of the height, 0 <= roof < 1, that is kept free at the top for words.
    """
    seen = [y[(steps >= x[0]) & (steps <= x[1]) & np.isfinite(y)] for steps, y in (line.raw for line in lines)]
    values = np.concatenate([np.empty(0), *seen])
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    least = 0.05 if log else max(1e-3 * max(abs(low), abs(high)), 1e-9)  # a flat line is not a cliff
    room = 0.06 * max(high - low, least)
    if high - low < least:
        room = least
    stride = 2.0 ** math.floor(math.log2((high - low + 2 * room) / 64))  # so that noise does not move the axis
    low, high = math.floor((low - room) / stride) * stride, math.ceil((high + room) / stride) * stride
    return low, low + (high - low) / (1 - roof)


def readout(data: LossData, shown: Shown, step: float, reach: float) -> tuple[int, str] | None:
    """The logged step nearest to `step`, and as rich text its values and the marks within `reach` steps."""
    near = data.near([curve.name for curve, _ in shown], step)
    if near is None:
        return None
    rows = [f"<tr><td colspan='3'><b>step {near:,}</b></td></tr>"]
    for curve, color in shown:
        value = figure(data.value_at(curve.name, near))
        dot = f"<span style='color:{color}'>●</span>"
        rows.append(
            f"<tr><td>{dot}&nbsp;</td><td>{escape(curve.label)}&nbsp;&nbsp;</td><td align='right'>{value}</td></tr>"
        )
    marks = [mark.text for mark in data.marks if abs(mark.step - step) <= reach]
    rows += [f"<tr><td colspan='3'>{escape(text)}</td></tr>" for text in marks[-4:]]
    return near, f"<table cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"
