"""Labels and parts of the rows of a table or an array: from cells to numbers with names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genstudio.data.items import SPLITS, Split, natural
from genstudio.data.roles import Cell, is_empty, is_label

MOST_CLASSES = 10_000


def label_of(cell: Cell, classes: Sequence[str] = ()) -> str | None:
    """The label that a cell means, None for an empty one or a number beyond the classes."""
    if is_empty(cell) or not is_label(cell):
        return None
    number = int(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None
    if classes and number is not None:
        return classes[number] if 0 <= number < len(classes) else None
    return str(cell).strip() if number is None else str(number)


def numbered(
    labels: Sequence[str | None], classes: Sequence[str] = ()
) -> tuple[NDArray[np.int64] | None, tuple[str, ...], list[str]]:
    """Labels as int64 [N] into their names, the names in natural order, and a note when there are too many."""
    found = set(labels) - {None}
    if not found:
        return None, (), []
    if len(found) > MOST_CLASSES:
        return None, (), [f"There are {len(found):,} different labels, more than {MOST_CLASSES:,}: none is used."]
    names = tuple(classes) or tuple(sorted((name for name in found if name is not None), key=natural))
    index: dict[str | None, int] = {name: i for i, name in enumerate(names)}
    return np.array([index.get(label, -1) for label in labels], np.int64), names, []


def divided(splits: Sequence[Split | None]) -> tuple[NDArray[np.int8] | None, dict[str, int]]:
    """Parts as int8 [N] and how many rows each has; None when no row says its part. Without one it is training."""
    if not any(splits):
        return None, {}
    parts = np.array([SPLITS.index(split or "train") for split in splits], np.int8)
    counts = {name: int((parts == i).sum()) for i, name in enumerate(SPLITS)}
    return parts, {name: count for name, count in counts.items() if count} if len(set(parts.tolist())) > 1 else {}
