"""What is wrong with what goes in or comes out: data without differences (D21), blank pictures (D09)."""

from __future__ import annotations

import math

from genstudio.core.config import Value
from genstudio.engine.doctor_chart import Patient, Row

_FLAT = 0.03  # standard deviation of pixels: bytes of 0 and 1, or of 0 to 16, in place of 0 to 255
_BLANK = 0.02
_YOUNG = 200  # steps: the output begins with the data's mean and must find its shapes


def flat_data(patient: Patient) -> str | None:
    """D21: the training data hardly differs from its mean."""
    facts = patient.model.facts
    if facts.modality == "points":
        return "All points lie at one place." if facts.std < 1e-6 else None
    if facts.std >= _FLAT:
        return None
    return f"The pixels of the training pictures differ by {facts.std:.1%} of the grey range (mean {facts.mean:.1%})."


def blank_output(patient: Patient) -> str | None:
    """D09: all pixels drawn are of one shade, though those of the data are not."""
    spread, level = patient.chart.looks("output_std"), patient.chart.looks("output_mean")
    if not spread or patient.chart.step < _YOUNG or patient.model.facts.std < 2 * _BLANK:
        return None
    if spread[-1] >= _BLANK:
        return None
    if not math.isfinite(spread[-1]):
        return "What is drawn is not finite."
    shade = "black" if level[-1] < 0.05 else "white" if level[-1] > 0.95 else "of one grey"
    return (
        f"All that is drawn is {shade}: its pixels differ by {spread[-1]:.1%} of the grey range, those of the data "
        f"by {patient.model.facts.std:.0%}."
    )


def _slower(patient: Patient) -> dict[str, Value]:
    return {"learning_rate": patient.config.learning_rate / 4}


ROWS = (
    Row(
        "D21", "The data is blank or in the wrong range", flat_data,
        "There is next to nothing to learn. Pixels go from 0 to 255: look at the Data page, and scale values that go "
        "from 0 to 1, or to 16, before saving them as bytes.",
    ),
    Row(
        "D09", "Blank pictures", blank_output,
        "The output layer is stuck at one end of its range, where it has hardly any slope. A lower learning rate may "
        "free it; if not, start again with it, or with the error measure bernoulli.", _slower,
        by_look=True, need=3, well=3,
    ),
)  # fmt: skip
