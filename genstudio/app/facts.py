"""What there is to say about a data set in numbers. Counted off the window's thread; knows nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

from genstudio.core.words import duration, picture
from genstudio.data import Dataset

_PARTS = {"train": "For training", "validation": "For validation", "test": "Held out for tests"}


@dataclass(frozen=True, slots=True)
class Facts:
    """Counted once.

    Attributes
    ----------
    rows : tuple of (name, value)
        In the order in which they are read.
    labels : mapping of label to count
    notes : str
        Sentences.
    """

    rows: tuple[tuple[str, str], ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    notes: str = ""


def count(data: Dataset) -> Facts:
    """Count everything in a data set; a second for a million items."""
    labels = data.label_counts()
    rows = [*_pictures(data), *_sounds(data), *_others(data)]
    rows += [(_PARTS.get(name, name), f"{held:,}") for name, held in data.splits.items() if held]
    if labels:
        rows.append(("Labels", f"{len(labels):,}"))
        without = int((data.labels < 0).sum()) if data.labels is not None else 0
        rows += [("Without a label", f"{without:,}")] if without else []
    if data.rejected:
        rows.append(("Cannot be used", f"{len(data.rejected):,}"))
    return Facts(tuple(rows), labels, " ".join(data.notes))


def _pictures(data: Dataset) -> list[tuple[str, str]]:
    if not len(data.images):
        return []
    rows = [("Pictures", f"{len(data.images):,}"), ("Size", picture(data.shape))]
    if data.sizes is None:
        return rows
    low, high = data.sizes.min(0).tolist(), data.sizes.max(0).tolist()
    if low != high:
        rows.append(("In the files", f"{low[1]:,} x {low[0]:,} to {high[1]:,} x {high[0]:,}"))
    elif tuple(low) != data.shape[:2]:
        rows.append(("In the files", f"{low[1]:,} x {low[0]:,}"))
    return rows


def _sounds(data: Dataset) -> list[tuple[str, str]]:
    if data.audio is None:
        return []
    low, high = (float(length) / data.audio.rate for length in (data.audio.lengths.min(), data.audio.lengths.max()))
    each = f"{low:.2f} s" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f} s"
    rows = [("Sounds", f"{len(data.audio):,}"), ("Sample rate", f"{data.audio.rate:,} Hz")]
    return [*rows, ("Length each", each), ("Length in all", duration(data.audio.seconds()))]


def _others(data: Dataset) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if data.texts is not None:
        rows += [("Sentences", f"{len(data.texts):,}"), ("Characters", f"{data.texts.characters():,}")]
    if data.points is not None:
        rows.append(("Points", f"{len(data.points):,}"))
    return rows
