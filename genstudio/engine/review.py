"""A run as one sees it again: curves, marks and newest pictures, without loading the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genstudio.core.events import Curve, Field, Gallery, Progress, State
from genstudio.engine import field_file
from genstudio.engine.document import Document
from genstudio.engine.metrics import History
from genstudio.engine.run import Run

SLOTS = ("samples", "reconstructions", "critic", "fitted")


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a page shows of a run that is not training; `notes` tell what was damaged."""

    path: Path
    document: Document
    state: State
    saved: int | None
    history: History
    galleries: tuple[Gallery, ...]
    notes: tuple[str, ...]
    field: Field | None = None

    def progress(self) -> Progress:
        """How far it is; speed, remaining time and memory are those of a run that rests."""
        step, total = self.document.step, self.document.training.steps
        fraction = min(1.0, step / total) if total else 1.0
        return Progress(step, total or None, fraction, self.document.seconds, 0.0, None, 0, self.saved)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """How the logged numbers are called and measured."""
        return tuple(Curve(*facts) for facts in self.document.curves)


def review(path: Path) -> Review:
    """Read a run.

    Raises
    ------
    InputError, WorkError
        When there is no run at `path` or nothing of it can be read.
    """
    run = Run.open(path)
    assert run.document is not None  # what `open` returns has one
    history = run.history()
    if history.damaged:
        run.notes.append(f"{history.damaged:,} lines of metrics.jsonl were damaged and are left out of the curves.")
    galleries = tuple(g for slot in SLOTS if (g := run.newest_gallery(slot)) is not None)
    if galleries and galleries[-1].slot == "fitted" and galleries[-1].step < run.document.step:
        galleries = galleries[:-1]  # the weights are others since
    field = field_file.newest(path)
    return Review(path, run.document, run.state(), run.saved_step(), history, galleries, tuple(run.notes), field)
