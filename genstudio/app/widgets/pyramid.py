"""Every logged point of a curve, and its shape at any zoom in constant time. Knows nothing of Qt."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.float64]


class Cells(NamedTuple):
    """Neighbouring points put together; each array is float64 [M].

    `x` is the first step of a cell, `low` and `high` its finite extremes (NaN where it has none),
    `total` the sum and `number` the count of its finite values.
    """

    x: Floats
    low: Floats
    high: Floats
    total: Floats
    number: Floats


class _Level:
    """Cells of one width, aligned to multiples of it, so that they never move while points arrive."""

    def __init__(self, width: int) -> None:
        self.width, self.n = width, 0
        self._rows = np.empty((5, 256))

    @property
    def cells(self) -> Cells:
        return Cells(*self._rows[:, : self.n])

    def append(self, fine: Cells) -> Cells:
        """Fold finer cells in; returns them at this level's width, for the next one."""
        coarse = _grouped(fine, np.flatnonzero(np.diff(np.floor(fine.x / self.width))) + 1)
        rows, first = np.stack(coarse), 0
        if self.n and self._rows[0, self.n - 1] // self.width == coarse.x[0] // self.width:
            last = self._rows[:, self.n - 1]  # the newest cell is still filling
            last[1] = np.fmin(last[1], coarse.low[0])
            last[2] = np.fmax(last[2], coarse.high[0])
            with np.errstate(over="ignore"):
                last[3:] += rows[3:, 0]
            first = 1
        end = self.n + rows.shape[1] - first
        self._rows = _grown(self._rows, end)
        self._rows[:, self.n : end] = rows[:, first:]
        self.n = end
        return coarse


class MinMaxPyramid:
    """Keeps every (step, value) of a curve; coarser levels hold the extremes and sums of 4 and more points.

    Cells are cut by step, not by number of points, so a curve logged densely at first and seldom later
    is drawn right everywhere. NaN and infinite values are gaps: kept as they are, drawn as nothing.

    Parameters
    ----------
    dtype : float64 or float32
        How the raw values are stored.
    """

    FAN = 4
    CHUNK = 1024  # points wait raw until there are so many: folding a few costs as much as folding these

    def __init__(self, dtype: DTypeLike = np.float64) -> None:
        self._n = self._folded = 0
        self._steps = np.empty(256, np.int64)
        self._values = np.empty(256, dtype)
        self._levels: list[_Level] = []

    def __len__(self) -> int:
        return self._n

    @property
    def steps(self) -> NDArray[np.int64]:
        """All steps, int64 [n]; a view, not to be written to."""
        return self._steps[: self._n]

    @property
    def values(self) -> NDArray[np.floating]:
        """All values as they came, [n]; a view, not to be written to."""
        return self._values[: self._n]

    def append(self, steps: ArrayLike, values: ArrayLike) -> None:
        """Add K points; amortised O(K).

        Parameters
        ----------
        steps : int [K]
            Increasing, all after the last one added.
        values : float [K]

        Raises
        ------
        ValueError
            If the two differ in length or the steps do not increase.
        """
        x, y = np.asarray(steps, np.int64), np.asarray(values, self._values.dtype)
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"steps and values must be two lists of equal length, not {x.shape} and {y.shape}")
        if not len(x):
            return
        if (self._n and x[0] <= self._steps[self._n - 1]) or (np.diff(x) <= 0).any():
            raise ValueError(f"the steps of a curve must increase, but {x[0]} to {x[-1]} do not")
        end = self._n + len(x)
        self._steps, self._values = _grown(self._steps, end), _grown(self._values, end)
        self._steps[self._n : end], self._values[self._n : end] = x, y
        self._n = end
        while self._n - self._folded >= self.CHUNK:
            self._fold(min(self._n, self._folded + 64 * self.CHUNK))

    def _fold(self, end: int) -> None:
        """Take raw points up to `end` into the levels; add levels while the topmost is crowded."""
        fine = _raw_cells(self._steps[self._folded : end], self._values[self._folded : end])
        if not self._levels:
            self._levels.append(_Level(self._width_for(self._steps[self._folded : end], 1)))
        for level in self._levels:
            fine = level.append(fine)
        self._folded = end
        while (top := self._levels[-1]).n > self.CHUNK:
            self._levels.append(_Level(self._width_for(top.cells.x, top.width)))
            self._levels[-1].append(top.cells)

    def _width_for(self, x: NDArray[Any], width: int) -> int:
        """The next width that at least halves the number of cells."""
        width *= self.FAN
        while 2 * np.count_nonzero(np.diff(np.floor(x / width))) >= len(x) - 1:
            width *= self.FAN
        return width

    def cells(self, x0: float, x1: float, pixels: int) -> Cells:
        """What lies in x0 <= step <= x1, put together to about `pixels` cells, with exact extremes."""
        a, b = self._span(x0, x1)
        if b - a <= 2 * pixels:
            return _raw_cells(self._steps[a:b], self._values[a:b])
        column = (x1 - x0) / pixels
        level = next((lv for lv in reversed(self._levels) if lv.width <= column), None)
        if level is None:
            found = _raw_cells(self._steps[a:b], self._values[a:b])
        else:
            found = self._from_level(level, a, b, x0, x1)
        return _grouped(found, np.flatnonzero(np.diff(np.floor((found.x - x0) / column))) + 1)

    def _from_level(self, level: _Level, a: int, b: int, x0: float, x1: float) -> Cells:
        """The cells of a level that lie inside; raw points where the borders cut and where none is folded."""
        x = level.cells.x
        i = int(np.searchsorted(x, x0))
        j = max(i, int(np.searchsorted(x, x1, "right")) - 1)  # the last one may reach beyond x1
        head = min(b, self._index(x[i])) if i < level.n else b
        tail = min(b, self._index(x[j])) if j < level.n else b
        parts = [
            _raw_cells(self._steps[a:head], self._values[a:head]),
            Cells(*(row[i:j] for row in level.cells)),
            _raw_cells(self._steps[tail:b], self._values[tail:b]),
        ]
        return Cells(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))

    def _index(self, x: float) -> int:
        """Of the first point at or after step x; a float key would have numpy convert all the steps."""
        return int(np.searchsorted(self.steps, np.int64(math.ceil(min(max(x, -(2.0**62)), 2.0**62)))))

    def _span(self, x0: float, x1: float) -> tuple[int, int]:
        return self._index(x0), self._index(math.floor(x1) + 1)

    def view(self, x0: float, x1: float, pixels: int, log: bool = False) -> tuple[Floats, Floats]:
        """A line that looks like all the points of x0 <= step <= x1 on `pixels` columns.

        Parameters
        ----------
        x0, x1 : float
            First and last step in sight, x0 < x1.
        pixels : int
            Width of the picture in pixels, at least 1.
        log : bool
            Give log10 of the values; those not positive are gaps.

        Returns
        -------
        x, y : float64 [M]
            M is at most about 4 * pixels. The extremes of y inside x0..x1 are those of the raw values.
            One point on either side is added, so that the line runs on to the border. NaN is a gap.
        """
        a, b = self._span(x0, x1)
        cells = self.cells(x0, x1, max(1, pixels))
        low = np.where((cells.low <= 0) & (cells.high > 0), cells.high, cells.low) if log else cells.low
        if len(cells.x) == b - a:
            x, y = cells.x, low
        else:
            x, y = np.repeat(cells.x, 2), np.stack([low, cells.high], 1).ravel()
        before, after = slice(max(0, a - 1), a), slice(b, min(self._n, b + 1))
        x = np.concatenate([self._steps[before], x, self._steps[after]], dtype=np.float64)
        y = np.concatenate([self._values[before], y, self._values[after]])
        keep = np.isfinite(y) & (y > 0) if log else np.isfinite(y)
        y = np.where(keep, y, np.nan)
        return x, np.log10(y) if log else y


def _raw_cells(steps: NDArray[np.int64], values: NDArray[np.floating]) -> Cells:
    finite = np.isfinite(values)
    y = np.where(finite, values, np.nan).astype(np.float64, copy=False)
    return Cells(steps.astype(np.float64), y, y, np.where(finite, y, 0.0), finite.astype(np.float64))


def _grouped(cells: Cells, cuts: NDArray[np.intp]) -> Cells:
    """One cell for each run between cuts; fmin and fmax pass NaN over unless there is nothing else."""
    if not len(cells.x):
        return cells
    starts = np.concatenate([[0], cuts])
    with np.errstate(over="ignore"):  # a sum beyond float64 becomes a gap of the smoothed line, no more
        total = np.add.reduceat(cells.total, starts)
    return Cells(
        cells.x[starts],
        np.fmin.reduceat(cells.low, starts),
        np.fmax.reduceat(cells.high, starts),
        total,
        np.add.reduceat(cells.number, starts),
    )


def _grown(a: NDArray[Any], need: int) -> NDArray[Any]:
    """`a` with room for `need` along its last axis, doubled so that appending stays cheap."""
    have = a.shape[-1]
    if need <= have:
        return a
    grown = np.empty((*a.shape[:-1], 2 * need), a.dtype)  # pages never written cost nothing
    grown[..., :have] = a
    return grown
