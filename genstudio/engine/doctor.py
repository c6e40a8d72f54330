"""The training doctor: tells in plain words when a training goes wrong, with evidence and a remedy.

It only looks: nothing that it does changes the training. Rows by code: D01 numbers that are not finite (`guard`),
D02 posterior collapse, D04 the critic wins, D06 mode collapse, D09 blank pictures, D15 codebook collapse, D21 data
in the wrong range, D22 exploding codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from genstudio.core.events import Advice, Scalars
from genstudio.engine import doctor_codes, doctor_data, doctor_gan
from genstudio.engine.doctor_chart import Chart, Patient, Row, usable
from genstudio.models.base import GenerativeModel

_EVERY = 10  # steps between judgements of the curves
_AGAIN = 1500  # steps after which what is still wrong is told again, if somebody has changed a knob since

ROWS: tuple[Row, ...] = (*doctor_data.ROWS, *doctor_codes.ROWS, *doctor_gan.ROWS)


@dataclass(slots=True)
class _Case:
    """How it stands with one row: findings and their absence in a row; when it was told, and under which knobs."""

    ill: int = 0
    well: int = 0
    told: int | None = None
    knobs: Mapping[str, Any] | None = None


class Doctor:
    """Watches one training; keeps one open case a row.

    Parameters
    ----------
    model : GenerativeModel
        As it trains; its config is read anew at each look, since knobs may be edited.
    """

    def __init__(self, model: GenerativeModel) -> None:
        self._model = model
        self._chart = Chart()
        self._cases = {row.code: _Case() for row in ROWS}
        self._judged = 0

    def look(
        self, step: int, scalars: Scalars | None = None, signs: Mapping[str, float] | None = None, batch: int = 1
    ) -> Iterator[Advice]:
        """Take what is new and give advice where it is needed.

        Parameters
        ----------
        scalars : Scalars, optional
            New rows of the curves.
        signs : mapping, optional
            What a look at samples and reconstructions has measured: "diversity" and "coverage" as in
            `score.LiveScore`, "output_std" and "output_mean" of pixels drawn.
        batch : int
            Items in a batch.
        """
        if scalars is not None:
            self._chart.add(scalars)
        if signs is not None:
            self._chart.note(signs)
        self._chart.step = max(step, self._chart.step)
        patient = Patient(self._model, self._chart, batch)
        by_curve = scalars is not None and (step - self._judged >= _EVERY or self._judged == 0)
        if by_curve:
            self._judged = step
        for row in ROWS:
            if (signs is not None) if row.by_look else by_curve:
                yield from self._judge(row, patient, step)

    def _judge(self, row: Row, patient: Patient, step: int) -> Iterator[Advice]:
        case, evidence = self._cases[row.code], row.find(patient)
        if evidence is None:
            case.ill, case.well = 0, case.well + 1
            if case.well >= row.well:
                case.told = None
            return
        case.ill, case.well = case.ill + 1, 0
        if case.ill < row.need or not self._worth_telling(case, step):
            return
        case.told, case.knobs = step, patient.config.model_dump()
        yield Advice(step, row.code, row.title, f"{evidence} {row.text}", usable(patient.config, row.remedy(patient)))

    def _worth_telling(self, case: _Case, step: int) -> bool:
        """Not told yet, or told long ago and what was tried since did not help."""
        if case.told is None:
            return True
        return step - case.told >= _AGAIN and case.knobs != self._model.config.model_dump()
