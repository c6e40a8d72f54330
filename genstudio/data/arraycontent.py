"""What arrays hold: pictures, sounds, texts or points, checked and converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.columns import NO_PICTURES, Sounds, Texts
from genstudio.data.pixels import as_pictures

_MOST_TEXT = 1_000_000


@dataclass
class Content:
    """What has been made of the arrays so far; `notes` are for a person, in sentences."""

    images: NDArray[np.uint8] = field(default_factory=lambda: NO_PICTURES)
    audio: Sounds | None = None
    texts: Texts | None = None
    points: NDArray[np.float32] | None = None
    notes: list[str] = field(default_factory=list)

    def count(self) -> int:
        """Rows, 0 before there are any."""
        columns = (self.images, self.audio, self.texts, self.points)
        return next((len(c) for c in columns if c is not None and len(c)), 0)


def put(found: Content, role: str, array: NDArray[Any], name: str, rate: int) -> None:
    """Make pictures, sounds, texts or points of an array, after its role, type and shape.

    Parameters
    ----------
    role : {"main", "audio", "texts", "points"}
        "main" is any of them.
    rate : int
        Samples per second, 0 when it is not known.

    Raises
    ------
    InputError
        When its type, shape or values are of no such thing; the sentence begins with `name`.
    """
    if array.dtype.kind in "US":
        found.texts = Texts.of(texts_of(array, name))
    elif role == "audio" or (rate and role == "main" and _is_sound(array)):
        found.audio = _sounds(array, rate, name)
    elif role == "points" or (role == "main" and array.dtype.kind == "f" and array.shape[1:] == (2,)):
        found.points = _points(array, name)
    elif role == "texts":
        raise InputError(f"{name} holds {array.dtype} values; texts are strings.")
    else:
        pictures, notes = as_pictures(array, name)
        mapped = isinstance(pictures, np.memmap) and pictures.flags.c_contiguous
        found.images = pictures if mapped else np.ascontiguousarray(pictures)
        found.notes += notes


def texts_of(array: NDArray[Any], name: str) -> list[str]:
    """Strings or UTF-8 bytes [N] as texts; raises `InputError` for another shape or damaged ones."""
    if array.ndim != 1:
        raise InputError(f"{name} holds texts in the shape {list(array.shape)}; they have to be [N].")
    if array.dtype.itemsize > 4 * _MOST_TEXT:
        raise InputError(f"{name} holds texts of up to {array.dtype.itemsize:,} bytes, more than {4 * _MOST_TEXT:,}.")
    try:
        return [x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in array]
    except (ValueError, UnicodeError):
        raise InputError(f"{name} holds texts that are damaged: get the file again.") from None


def _is_sound(array: NDArray[Any]) -> bool:
    flat = array.ndim == 2 or (array.ndim == 3 and 1 in array.shape[1:])
    return flat and (array.dtype.kind == "f" or array.dtype.itemsize == 2)


def _sounds(array: NDArray[Any], rate: int, name: str) -> Sounds:
    """Sounds from int16, or fractions in -1..1, [N, T]; [N, T, 1] and [N, 1, T] are the same."""
    if not rate:
        raise InputError(
            f"{name} holds sounds of unknown rate: save the samples per second as “sample_rate” with them."
        )
    if not _is_sound(array) or array.dtype.kind not in "if":
        told = f"{array.dtype} {list(array.shape)}"
        raise InputError(f"{name} holds {told}; sounds are [N, T], whole numbers of 16 bits or fractions in -1..1.")
    length = array.size // len(array)
    array = array.reshape(len(array), length)
    result = np.empty((len(array), length), np.int16)
    step = max(1, (4 << 20) // length)
    for i in range(0, len(array), step):
        block = np.asarray(array[i : i + step])
        if array.dtype.kind == "f":
            block = block.astype(np.float64)
            if not np.isfinite(block).all() or np.abs(block).max() > 1.001:
                raise InputError(f"{name} holds fractions outside -1..1, or that are not finite: bring them there.")
            block = np.rint(np.clip(block, -1, 1) * 32767)
        result[i : i + step] = block
    return Sounds(result, np.full(len(result), length, np.int32), rate)


def with_lengths(audio: Sounds, lengths: NDArray[Any], name: str) -> Sounds:
    """Sounds whose ends are known; raises `InputError` when these numbers cannot be that."""
    longest = audio.samples.shape[1]
    whole = lengths.dtype.kind in "iu" and lengths.shape == (len(audio),)
    if not whole or not 0 <= int(lengths.min()) <= int(lengths.max()) <= longest:
        raise InputError(f"The lengths in {name} have to be one whole number for each sound, at most {longest:,}.")
    return Sounds(audio.samples, lengths.astype(np.int32), audio.rate)


def _points(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    if array.dtype.kind not in "iuf" or array.shape[1:] != (2,):
        raise InputError(f"{name} holds {array.dtype} {list(array.shape)}; points are fractions [N, 2].")
    with np.errstate(over="ignore"):
        points = np.asarray(array, np.float32).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise InputError(f"{name} holds points that are not finite: replace them first.")
    return points
