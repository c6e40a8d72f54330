"""Some rows of what is too large to be copied. Knows nothing of Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class PictureSource(Protocol):
    """What a gallery reads: uint8 [N, H, W, C], made when it is asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Any: ...


class PictureRows:
    """Some rows of pictures, in some order, looked up when they come into sight.

    Parameters
    ----------
    base : uint8 [N, H, W, C]
        An array, memory-mapped perhaps, or what makes its pictures as they are asked for.
    rows : int64 [M]
    """

    def __init__(self, base: PictureSource, rows: NDArray[np.int64]) -> None:
        self._base, self._rows = base, rows
        self.dtype = np.dtype(np.uint8)
        self.shape: tuple[int, ...] = (len(rows), *base.shape[1:])
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: int | slice) -> NDArray[np.uint8]:
        if not isinstance(key, slice):
            return np.asarray(self._base[int(self._rows[key])])
        return np.asarray(self._base[self._rows[key]])


class KeptPictures:
    """Pictures that are made when they are asked for, and kept for a while: scrolling on makes only the new ones.

    Parameters
    ----------
    base : uint8 [N, H, W, C]
    most : int
        Pictures that are kept; the ones made first are forgotten first.
    """

    def __init__(self, base: PictureSource, most: int = 2000) -> None:
        self._base, self._most = base, most
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self.dtype = np.dtype(np.uint8)
        self.shape = base.shape
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: int | slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        if isinstance(key, int):
            return self._take(np.array([key]))[0]
        return self._take(np.arange(len(self))[key] if isinstance(key, slice) else key)

    def _take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        missing = np.array([row for row in dict.fromkeys(rows.tolist()) if row not in self._kept], np.int64)
        fresh = dict(zip(missing.tolist(), np.asarray(self._base[missing]), strict=True)) if len(missing) else {}
        result = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for i, row in enumerate(rows.tolist()):
            result[i] = fresh[row] if row in fresh else self._kept[row]
        self._kept.update(fresh)
        for row in list(self._kept)[: max(0, len(self._kept) - self._most)]:
            del self._kept[row]
        return result


class Titles(Sequence[str]):
    """What each item is called: its name and its label, put together when it is asked for."""

    def __init__(
        self,
        count: int,
        names: Sequence[str],
        labels: NDArray[np.int64] | None,
        label_names: Sequence[str],
        rows: NDArray[np.int64] | None,
    ) -> None:
        self._count = count if rows is None else len(rows)
        self._names, self._labels, self._label_names, self._rows = names, labels, label_names, rows

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = index if self._rows is None else int(self._rows[index])
        label = -1 if self._labels is None else int(self._labels[row])
        parts = [self._names[row]] if len(self._names) else []
        parts += [self._label_names[label]] if 0 <= label < len(self._label_names) else []
        return " · ".join(parts)
