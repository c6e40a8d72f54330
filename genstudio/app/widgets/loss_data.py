"""What a loss plot shows, apart from how: curves with all their points, marks, smoothing. Knows nothing of Qt."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genstudio.app.widgets.pyramid import Cells, Floats, MinMaxPyramid
from genstudio.core.events import Curve

#: The smoothed line remembers this share of what is in sight at smoothing 1 - 1/e, or one point if points are rarer
_SHARE = 1 / 300
_GAP = 64  # points; a number that is taken every few steps is up to date in between


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a step: an edit, an advice."""

    step: int
    text: str


class LossData:
    """Curves by name, each with every point that was ever logged."""

    def __init__(self) -> None:
        self.curves: tuple[Curve, ...] = ()
        self.marks: list[Mark] = []
        self._lines: dict[str, MinMaxPyramid] = {}
        self._there: set[str] = set()  # curves that have a point, not gaps alone

    def set_curves(self, curves: Iterable[Curve]) -> None:
        """Start anew with these curves, empty."""
        self.curves = tuple(curves)
        self.clear()

    def clear(self) -> None:
        """Forget all points and marks; the curves stay declared."""
        self._lines = {curve.name: MinMaxPyramid() for curve in self.curves}
        self._there = set()
        self.marks = []

    def append(self, values: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> None:
        """Add to each named curve its steps (int [K]) and values (float [K]).

        Raises
        ------
        ValueError
            If a name was not declared by `set_curves`, or steps do not increase.
        """
        if unknown := values.keys() - self._lines.keys():
            raise ValueError(f"no such curve: {', '.join(sorted(unknown))}")
        for name, (steps, points) in values.items():
            self._lines[name].append(steps, points)
            if name not in self._there and not np.isnan(np.asarray(points, float)).all():
                self._there.add(name)

    def line(self, name: str) -> MinMaxPyramid:
        """All points of the curve `name`."""
        return self._lines[name]

    @property
    def empty(self) -> bool:
        return not any(len(line) for line in self._lines.values())

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the curves that have points, each once, in their order."""
        return tuple(dict.fromkeys(curve.unit for curve in self.curves if curve.name in self._there))

    def of_unit(self, unit: str) -> list[Curve]:
        """The curves measured in `unit` that have points: a family declares more than each setting uses."""
        return [curve for curve in self.curves if curve.unit == unit and curve.name in self._there]

    def extent(self) -> tuple[int, int] | None:
        """First and last step of all curves, None while there is no point."""
        lines = [line for line in self._lines.values() if len(line)]
        if not lines:
            return None
        return int(min(line.steps[0] for line in lines)), int(max(line.steps[-1] for line in lines))

    def latest(self, name: str) -> float:
        """The newest value as it came, NaN when there is none; short gaps are looked over."""
        newest = self._lines[name].values[-_GAP:]
        known = newest[~np.isnan(newest)]
        return float(known[-1]) if len(known) else math.nan

    def near(self, names: Sequence[str], step: float) -> int | None:
        """The logged step of the named curves that is nearest to `step`."""
        found = []
        for steps in (self._lines[name].steps for name in names):
            i = int(np.searchsorted(steps, round(step)))
            found += steps[max(0, i - 1) : i + 1].tolist()
        return min(found, key=lambda x: abs(x - step), default=None)

    def value_at(self, name: str, step: int) -> float:
        """The value logged at exactly that step, NaN where there is none."""
        line = self._lines[name]
        i = int(np.searchsorted(line.steps, step))
        return float(line.values[i]) if i < len(line) and line.steps[i] == step else math.nan

    def csv(self) -> Iterator[bytes]:
        """All raw points of all curves as a table: UTF-8, a row a step, empty where a curve has no point."""
        lines = [self._lines[curve.name] for curve in self.curves]
        steps = np.unique(np.concatenate([np.empty(0, np.int64), *(line.steps for line in lines)]))
        head = io.StringIO()
        csv.writer(head).writerow(["step", *(f"{c.label} ({c.unit})" if c.unit else c.label for c in self.curves)])
        yield head.getvalue().encode()
        for first in range(0, len(steps), 50_000):
            part = steps[first : first + 50_000]
            columns = [_cells_of(line, part) for line in lines]
            rows = zip(map(str, part.tolist()), *columns, strict=True)
            yield ("\r\n".join(map(",".join, rows)) + "\r\n").encode()


def _cells_of(line: MinMaxPyramid, steps: NDArray[np.int64]) -> list[str]:
    """The curve's values at these steps as text that reads back exactly; "" where it has none."""
    a, b = np.searchsorted(line.steps, steps[0]), np.searchsorted(line.steps, steps[-1], "right")
    texts = list(map(repr, line.values[a:b].tolist()))
    if len(texts) == len(steps):  # a curve's steps are a part of all steps
        return texts
    cells = [""] * len(steps)
    for place, text in zip(np.searchsorted(steps, line.steps[a:b]).tolist(), texts, strict=True):
        cells[place] = text
    return cells


def smoothed(line: MinMaxPyramid, x0: float, x1: float, pixels: int, smoothing: float) -> tuple[Floats, Floats]:
    """A calm line through a restless curve: an exponential moving average over steps, without start-up bias.

    A point counts `smoothing` times less with each unit of distance to the left; the unit is 1/300 of what
    is in sight, or the distance between points where that is larger. With few points this is the usual
    moving average over points; with many it looks alike at every zoom and number of points.

    Parameters
    ----------
    x0, x1 : float
        First and last step in sight.
    smoothing : float
        0 < smoothing < 1.

    Returns
    -------
    x, y : float64 [M]
        Steps and averages; NaN where the curve has a gap.
    """
    here = line.cells(x0, x1, pixels)
    if not len(here.x):
        return here.x, here.low
    spacing = (here.x[-1] - here.x[0]) / max(1.0, here.number.sum() - 1)
    memory = max((x1 - x0) * _SHARE, spacing) / -math.log(smoothing)
    start = max(float(line.steps[0]), x0 - 5 * memory)  # what went before still counts a little
    if start < x0:
        here = line.cells(start, x1, math.ceil(pixels * (x1 - start) / (x1 - x0)))
    y = _average(here, memory)
    first = max(0, int(np.searchsorted(here.x, x0)) - 1)
    return here.x[first:], y[first:]


def _average(cells: Cells, memory: float) -> Floats:
    """Sum and number of the values, both fading with exp(-distance / memory), divided.

    The fading sums are plain cumulative sums of values scaled by exp(x / memory), taken in blocks so short
    that the scale stays within float64.
    """
    top, bottom = np.empty_like(cells.x), np.empty_like(cells.x)
    age = (cells.x - cells.x[0]) / memory
    a, carry_top, carry_bottom, last = 0, 0.0, 0.0, 0.0
    while a < len(age):
        b = max(a + 1, int(np.searchsorted(age, age[a] + 500)))
        scale, fade = np.exp(age[a:b] - age[a]), math.exp(last - age[a])
        top[a:b] = (np.cumsum(cells.total[a:b] * scale) + carry_top * fade) / scale
        bottom[a:b] = (np.cumsum(cells.number[a:b] * scale) + carry_bottom * fade) / scale
        carry_top, carry_bottom, last, a = float(top[b - 1]), float(bottom[b - 1]), float(age[b - 1]), b
    gap = (cells.number == 0) | (bottom == 0)
    return np.where(gap, np.nan, top / np.where(gap, 1.0, bottom))
