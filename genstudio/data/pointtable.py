"""Tables of points in the plane: columns “x” and “y”, with a label each if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from genstudio.core.errors import InputError
from genstudio.data.dataset import Dataset
from genstudio.data.labels import divided, numbered
from genstudio.data.pixeltable import PixelTable, is_number, place_of
from genstudio.data.roles import Cell
from genstudio.data.rows import About


class PointTable(PixelTable):
    """Rows of two coordinates."""

    CELL: ClassVar[str] = "coordinate"

    def finish(self) -> Dataset:
        """All rows together; raises `InputError` when none can be used."""
        whole = self.whole()
        points = whole.astype(np.float32)
        if not np.isfinite(points).all():
            raise InputError(f"{self.about.file} holds coordinates beyond the range of float32: scale them down.")
        labels, names, notes = numbered(self.labels if self.label is not None else ())
        parts, counts = divided(self.splits)
        return Dataset(
            source=self.about.source,
            name=self.about.name,
            labels=labels,
            label_names=names,
            split="all" if parts is not None else "train",
            splits=counts,
            rejected=tuple(self.rejected),
            points=points,
            parts=parts,
            notes=tuple(notes),
        )


def find_points(
    about: About, columns: Sequence[str], sample: Sequence[Sequence[Cell]], choice: Mapping[str, str]
) -> PointTable | None:
    """A table of points, None when it is another kind of table, or a person chose columns of another kind.

    Points have a column “x” and a column “y”, which hold numbers, and besides them at most a label and a part.
    """
    if not sample or any(choice.get(role) for role in ("image", "audio", "text")):
        return None
    names = [column.strip().lower() for column in columns]
    if names.count("x") != 1 or names.count("y") != 1:
        return None
    axes = [names.index("x"), names.index("y")]
    hidden = ["" if i in axes else column for i, column in enumerate(columns)]  # “y” is no label here
    label, split = place_of("label", hidden, choice), place_of("split", hidden, choice)
    others = set(range(len(columns))) - {*axes, label, split}
    if others or not all(is_number(row[i]) for row in sample for i in axes):
        return None
    return PointTable(about, axes, label, split)
