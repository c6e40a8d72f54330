"""What a data set holds per modality: arrays that may be memory-mapped, and texts that take no object each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from genstudio.core import folders

NO_PICTURES: NDArray[np.uint8] = np.empty((0, 0, 0, 0), np.uint8)
_IN_MEMORY = 256 << 20  # bytes; more is copied to the disk, so that parts of large sets cost no memory
_CHUNK = 16 << 20


def gathered(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """These rows of an array: a run of neighbours as a view, others copied, many of a mapped file to another one.

    The copy on the disk has no name and goes with its last reader.
    """
    if len(rows) and bool((np.diff(rows) == 1).all()):
        return array[int(rows[0]) : int(rows[-1]) + 1]
    width = array[:1].nbytes
    if not isinstance(array, np.memmap) or len(rows) * width <= _IN_MEMORY:
        return array[rows]
    step, home = max(1, _CHUNK // width), folders.cache_folder()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home) as file:
        for start in range(0, len(rows), step):
            file.write(array[rows[start : start + step]].tobytes())
        file.flush()
        return np.memmap(file, array.dtype, mode="c", shape=(len(rows), *array.shape[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """Mono sounds of one rate.

    Attributes
    ----------
    samples : int16 [N, T]
        Full scale is ±32,767; silence after the end of shorter sounds.
    lengths : int32 [N]
        Samples before that silence, at most T.
    rate : int
        Samples per second.
    """

    samples: NDArray[np.int16]
    lengths: NDArray[np.int32]
    rate: int

    def __len__(self) -> int:
        return len(self.samples)

    def seconds(self) -> float:
        """Length of all sounds together, without the silence that fills them up."""
        return float(self.lengths.sum(dtype=np.int64)) / self.rate

    def take(self, rows: NDArray[np.int64]) -> Sounds:
        """These rows, copied."""
        return Sounds(gathered(self.samples, rows), self.lengths[rows], self.rate)


class Texts(Sequence[str]):
    """Many texts in two arrays: UTF-8 bytes, and where each text begins.

    Parameters
    ----------
    data : uint8 [B]
    offsets : int64 [N + 1]
        Text i is ``data[offsets[i]:offsets[i + 1]]``.
    """

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.data, self.offsets = data, offsets

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Pack texts; a lone surrogate, which UTF-8 cannot hold, becomes "?"."""
        packed = [text.encode("utf-8", "replace") for text in texts]
        offsets = np.zeros(len(packed) + 1, np.int64)
        np.cumsum([len(part) for part in packed], out=offsets[1:])
        return cls(np.frombuffer(b"".join(packed), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]  # negative ones, and an IndexError beyond the end
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes().decode("utf-8", "replace")

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """These rows, copied."""
        return Texts.of(self[int(i)] for i in rows)

    def characters(self) -> int:
        """Length of all texts together: bytes that do not go on with a character begun before."""
        step = 1 << 24
        return sum(int((self.data[i : i + step] & 0xC0 != 0x80).sum()) for i in range(0, len(self.data), step))
