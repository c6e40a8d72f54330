"""Losses of each step, added up on the device and read at the display rate."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from genstudio.core.events import Scalars


def log_interval(step: int) -> int:
    """Steps per logged point: each of the first 10,000, then means over 10, from 100,000 on over 100.

    A function of the step alone, so that every run of the same seed logs the same numbers; a million steps
    become 28,000 points a curve.
    """
    return 1 if step <= 10_000 else 10 if step <= 100_000 else 100


class Record:
    """Rows of scalars on the device; the host waits for it once a report, not once a step.

    A number that a step does not have leaves a gap; it says nothing of whether the step was good.
    """

    _ROWS = 512

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._names: tuple[str, ...] = ()
        self._rows = torch.empty(self._ROWS, 0, device=device)
        self._gap = torch.tensor(math.nan, device=device)
        self._there: list[frozenset[str]] = []  # the names that each row has
        self._count = 0
        self._first_step = 0
        self._open: list[np.ndarray] = []  # rows of the point that is not complete yet
        self._open_step = 0  # the last of them
        self.latest: dict[str, float] = {}

    @property
    def full(self) -> bool:
        return self._count == self._ROWS

    def add(self, step: int, values: Mapping[str, Tensor]) -> None:
        """Append the scalars of one step, counted from 1."""
        there = frozenset(values)
        if not there.issubset(self._names):
            self._widen([name for name in values if name not in self._names])
        if self._count == 0:
            self._first_step = step
            self._there = []
        row = [values[name].float() if name in there else self._gap for name in self._names]
        torch.stack(row, out=self._rows[self._count])
        self._there.append(there)
        self._count += 1

    def _widen(self, names: list[str]) -> None:
        """Make room for numbers that come up for the first time; earlier rows have gaps there."""
        wider = torch.full((self._ROWS, len(self._names) + len(names)), math.nan, device=self._device)
        wider[:, : len(self._names)] = self._rows
        self._rows = wider
        self._names = (*self._names, *names)
        self._open = [np.append(row, [math.nan] * len(names)) for row in self._open]

    def read(self, seconds: float, flush: bool = False) -> tuple[Scalars | None, np.ndarray]:
        """The points completed since the last call, and for each step whether all was finite.

        Parameters
        ----------
        flush : bool
            Also give the incomplete last point, as the mean of what it has.

        Returns
        -------
        Scalars or None, bool [K]
        """
        rows = self._rows[: self._count].double().cpu().numpy() if self._count else np.empty((0, 0))
        finite = self._good(rows)
        steps: list[int] = []
        points: list[np.ndarray] = []
        for step, row in enumerate(rows, self._first_step):
            self._open.append(row)
            self._open_step = step
            if step % log_interval(step) == 0:
                steps.append(step)
                points.append(_mean(self._open))
                self._open = []
        if flush and self._open:
            steps.append(self._open_step)
            points.append(_mean(self._open))
            self._open = []
        self._count = 0
        if not steps:
            return None, finite
        table = np.array(points)
        self.latest.update(
            {name: float(table[-1, i]) for i, name in enumerate(self._names) if not np.isnan(table[-1, i])}
        )
        columns = {name: table[:, i].copy() for i, name in enumerate(self._names)}
        return Scalars(np.array(steps, np.int64), seconds, columns), finite

    def _good(self, rows: np.ndarray) -> np.ndarray:
        """For each row whether all the numbers that it has are finite: bool [K]."""
        absent = np.zeros(rows.shape, bool)
        for i, there in enumerate(self._there[: self._count]):
            if len(there) < len(self._names):
                absent[i] = [name not in there for name in self._names]
        return np.all(np.isfinite(rows) | absent, axis=1, keepdims=True)[:, 0]


def _mean(rows: list[np.ndarray]) -> np.ndarray:
    """Mean over the finite entries of each column; NaN, a gap, where there is none."""
    table = np.array(rows)
    good = np.isfinite(table)
    counts = good.sum(axis=0)
    sums = np.where(good, table, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
