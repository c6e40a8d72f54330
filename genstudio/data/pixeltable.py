"""Tables with a column for each pixel, as Kaggle hands out MNIST."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.dataset import Dataset
from genstudio.data.items import Rejected, Split, split_called
from genstudio.data.labels import divided, label_of, numbered
from genstudio.data.pixels import as_pictures, square
from genstudio.data.roles import Cell, Role, is_empty
from genstudio.data.rows import About

_PIXEL = re.compile(r"(?:pixels?|px|p|x|v|f|feature|col|column)?[ _.-]?\d+(?:x\d+)?", re.IGNORECASE)
_NAMES: dict[Role, tuple[str, ...]] = {
    "label": ("label", "class", "target", "category", "y", "digit"),
    "split": ("split", "part", "subset"),
}
_MOST_BYTES = 8 << 30
_BYTES = {str(i): i for i in range(256)}
#: Cells of a row by the place of their column; a whole row is one as well.
Marks = Sequence[Cell] | Mapping[int, Cell]


class PixelTable:
    """Rows of numbers that are square pictures, with a label each if there is one.

    Attributes
    ----------
    pixels : list of int
        Places of the columns that hold pixels, in order.
    label, split : int or None
        Places of these columns.
    about, labels, splits, rejected
        What is known of the table, and of the rows taken so far.
    """

    CELL: ClassVar[str] = "pixel"

    def __init__(self, about: About, pixels: Sequence[int], label: int | None, split: int | None) -> None:
        self.pixels, self.label, self.split = list(pixels), label, split
        self.about, self._blocks = about, list[NDArray[Any]]()
        self._pending: list[bytes | list[float]] = []
        self.labels: list[str | None] = []
        self.splits: list[Split | None] = []
        self.rejected: list[Rejected] = []
        self._bytes = 0

    def add(self, number: int, row: Sequence[str]) -> None:
        """Take one row of cells as text; `number` counts rows from 1."""
        cells = [row[i] for i in self.pixels]
        try:
            values = bytes(map(_BYTES.__getitem__, cells))
        except KeyError:
            try:
                values = list(map(float, cells))
            except ValueError:
                values = [float("nan")]
            if not np.isfinite(values).all():
                self.rejected.append(Rejected(f"row {number}", f"has a {self.CELL} that is empty or no number"))
                return
        self._pending.append(values)
        self._mark(row)
        if len(self._pending) >= 512:
            self._flush()

    def add_block(self, first: int, values: NDArray[Any], marks: Sequence[Marks]) -> None:
        """Take many rows of numbers [n, pixels]; `marks` have the label and part of each."""
        good = np.isfinite(values).all(1) if values.dtype.kind == "f" else np.ones(len(values), bool)
        for i in np.flatnonzero(~good).tolist():
            self.rejected.append(Rejected(f"row {first + i}", f"has a {self.CELL} that is empty or no number"))
        self._keep(values[good])
        for i in np.flatnonzero(good).tolist():
            self._mark(marks[i])

    def reject(self, rejected: Rejected) -> None:
        """A row that could not even be read."""
        self.rejected.append(rejected)

    def _mark(self, row: Marks) -> None:
        self.labels.append(None if self.label is None else label_of(row[self.label]))
        self.splits.append(None if self.split is None else split_called(str(row[self.split])))

    def _flush(self) -> None:
        if not self._pending:
            return
        packed = [values for values in self._pending if isinstance(values, bytes)]
        if len(packed) == len(self._pending):
            self._keep(np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), -1))
        else:
            with np.errstate(over="ignore"):  # what becomes infinite is told by whoever looks at all of it
                self._keep(np.array([list(values) for values in self._pending], np.float32))
        self._pending = []

    def _keep(self, block: NDArray[Any]) -> None:
        if block.dtype.kind in "iub" and block.size and block.min() >= 0 and block.max() <= 255:
            block = block.astype(np.uint8)
        elif block.dtype.kind == "f":
            block = block.astype(np.float32)
        self._bytes += block.nbytes
        if self._bytes > _MOST_BYTES:
            raise InputError(f"{self.about.file} holds more than 8 GiB of pixels: split it into several tables.")
        self._blocks.append(block)

    def whole(self) -> NDArray[Any]:
        """The numbers of all rows [N, K]; raises `InputError` when there are none."""
        self._flush()
        if not self.labels:
            reasons = "; ".join(f"{r.file} {r.reason}" for r in self.rejected[:3])
            raise InputError(
                f"{self.about.file} has {self.CELL} columns but no row that can be used: {reasons or 'it is empty'}."
            )
        blocks, self._blocks = self._blocks, []
        return np.concatenate(blocks)

    def finish(self) -> Dataset:
        """All rows together; raises `InputError` when none can be used or the numbers are not those of pictures."""
        about, whole = self.about, self.whole()
        images, notes = as_pictures(whole, about.file)
        labels, names, note = numbered(self.labels if self.label is not None else ())
        parts, counts = divided(self.splits)
        return Dataset(
            source=about.source,
            name=about.name,
            images=np.ascontiguousarray(images),
            labels=labels,
            label_names=names,
            split="all" if parts is not None else "train",
            splits=counts,
            rejected=tuple(self.rejected),
            parts=parts,
            notes=tuple(notes + note),
        )


def find_pixels(
    about: About, columns: Sequence[str], sample: Sequence[Sequence[Cell]], choice: Mapping[str, str]
) -> PixelTable | None:
    """A table of pixels, None when it is another kind of table, or a person chose columns of another kind.

    Pixels are columns named by numbers ("pixel0", "12", "3x4") that hold numbers, as many as a square picture has.
    Where one column is too many, and it is the first or last, that is the label.
    """
    if not sample or any(choice.get(role) for role in ("image", "audio", "text")):
        return None
    label, split = place_of("label", columns, choice), place_of("split", columns, choice)
    numeric = [i for i in range(len(columns)) if i not in (label, split) and all(is_number(row[i]) for row in sample)]
    pixels = [i for i in numeric if _PIXEL.fullmatch(columns[i].strip())]
    if square(len(pixels)) is not None:
        return PixelTable(about, pixels, label, split)
    for rest, left in ((pixels[1:], pixels[:1]), (pixels[:-1], pixels[-1:])):
        if label is None and square(len(rest)) is not None and _classes(sample, left[0]):
            return PixelTable(about, rest, left[0] if "label" not in choice else None, split)
    return None


def place_of(role: Role, columns: Sequence[str], choice: Mapping[str, str]) -> int | None:
    """Where the column lies that a person chose for a role, or that has one of its usual names."""
    wanted = {choice[role]} if role in choice else set(_NAMES[role])
    lower = columns if role in choice else [column.strip().lower() for column in columns]
    return next((i for i, column in enumerate(lower) if column in wanted), None)


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a number or nothing."""
    if isinstance(cell, str):
        try:
            float(cell)
        except ValueError:
            return is_empty(cell)
        return True
    return cell is None or isinstance(cell, int | float)


def _classes(sample: Sequence[Sequence[Cell]], column: int) -> bool:
    """Whether a column holds whole numbers as classes have them."""
    return all(is_empty(row[column]) or label_of(row[column]) is not None for row in sample)
