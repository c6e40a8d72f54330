"""What the doctor goes by: recent values of all curves, what looks have measured, and how a symptom is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.config import Config, Value
from genstudio.core.events import Scalars
from genstudio.models.base import GenerativeModel

_KEPT = 4000  # points of each curve
_LOOKS = 200


class Chart:
    """Recent points of curves, and the last looks.

    Attributes
    ----------
    first, step : int
        First and last step that was seen in this session.
    """

    def __init__(self) -> None:
        self.first, self.step = -1, 0
        self._curves: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._looks: dict[str, list[float]] = {}

    def add(self, event: Scalars) -> None:
        """Take new rows of curves; gaps are left out."""
        if self.first < 0:
            self.first = int(event.steps[0])
        self.step = int(event.steps[-1])
        for name, values in event.values.items():
            there = np.isfinite(values)
            steps, old = self._curves.get(name, (np.empty(0, np.int64), np.empty(0)))
            self._curves[name] = (
                np.append(steps, event.steps[there])[-_KEPT:],
                np.append(old, values[there])[-_KEPT:],
            )

    def note(self, signs: Mapping[str, float]) -> None:
        """Take what one look has measured."""
        for name, value in signs.items():
            self._looks.setdefault(name, []).append(value)
            del self._looks[name][:-_LOOKS]

    def recent(self, name: str, steps: int) -> NDArray[np.float64]:
        """Points of a curve over the last `steps` steps, oldest first; none when it does not reach back so far."""
        there = self._curves.get(name)
        if there is None or not len(there[0]) or self.step - steps + 1 < self.first:
            return np.empty(0)
        return there[1][there[0] > self.step - steps]

    def looks(self, name: str) -> list[float]:
        """What the last looks have measured under that name, oldest first."""
        return self._looks.get(name, [])


@dataclass(frozen=True, slots=True)
class Patient:
    """A training as the doctor sees it."""

    model: GenerativeModel
    chart: Chart
    batch: int

    @property
    def config(self) -> Any:
        """The knobs as they stand."""
        return self.model.config

    def has(self, *names: str) -> bool:
        """Whether the family has all these knobs."""
        return all(hasattr(self.config, name) for name in names)


def nothing(patient: Patient) -> dict[str, Value]:
    """The remedy of what no live knob mends."""
    return {}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can go wrong.

    Attributes
    ----------
    code, title : str
        Number in the list of what goes wrong in trainings, and its name.
    find : callable
        The evidence in words, figures included; None where there is none.
    text : str
        What it means and what helps, in sentences.
    remedy : callable
        Wanted values of knobs; those that are not live, or would change nothing, are dropped.
    by_look : bool
        Whether it goes by looks rather than by curves.
    need, well : int
        Findings in a row before it is told, and looks (or reports) in a row without one before it counts as cured.
    """

    code: str
    title: str
    find: Callable[[Patient], str | None]
    text: str
    remedy: Callable[[Patient], Mapping[str, Value]] = field(default=nothing)
    by_look: bool = False
    need: int = 1
    well: int = 20


def thirds(values: NDArray[np.float64]) -> tuple[float, float]:
    """The means of the first and of the last third."""
    third = max(1, len(values) // 3)
    return float(values[:third].mean()), float(values[-third:].mean())


def usable(config: Config, wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the wanted values that can be set while training and change something, within their bounds."""
    knobs = {k.name: k for k in config.knobs()}
    found: dict[str, Value] = {}
    for name, value in wanted.items():
        knob = knobs.get(name)
        if knob is None or not knob.live:
            continue
        if knob.low is not None and knob.high is not None:
            value = min(max(value, knob.low), knob.high)  # pyright: ignore[reportOperatorIssue, reportArgumentType]
            value = int(value) if knob.kind == "int" else float(value)
        if value != getattr(config, name):
            found[name] = value
    return found
