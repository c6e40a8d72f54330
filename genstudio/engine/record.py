"""Losses of each step, added up on the device and read at the display rate."""

from __future__ import annotations

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
    """Rows of scalars on the device; the host waits for it once a report, not once a step."""

    _ROWS = 512

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._names: tuple[str, ...] = ()
        self._rows = torch.empty(0, 0, device=device)
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
        if not self._names:
            self._names = tuple(values)
            self._rows = torch.empty(self._ROWS, len(self._names), device=self._device)
        if self._count == 0:
            self._first_step = step
        torch.stack([values[name].float() for name in self._names], out=self._rows[self._count])
        self._count += 1

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
        finite = np.isfinite(rows).all(axis=1, keepdims=True).ravel() if len(rows) else np.empty(0, bool)
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
        self.latest = {name: float(table[-1, i]) for i, name in enumerate(self._names)}
        columns = {name: table[:, i].copy() for i, name in enumerate(self._names)}
        return Scalars(np.array(steps, np.int64), seconds, columns), finite


def _mean(rows: list[np.ndarray]) -> np.ndarray:
    """Mean over the finite entries of each column; NaN, a gap, where there is none."""
    table = np.array(rows)
    good = np.isfinite(table)
    counts = good.sum(axis=0)
    sums = np.where(good, table, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
