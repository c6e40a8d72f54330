"""Numbers become pictures: which axis is which, and which value is white."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError

_BLOCK = 4 << 20  # numbers converted at once
_LEAST_SIDE = 4  # fewer numbers in a row are measurements, not a picture
_SLACK = 1e-3  # networks that give -1..1 overshoot by rounding


def square(count: int) -> tuple[int, int] | None:
    """(side, channels) of a square picture of that many numbers, grey rather than colour; None for other counts."""
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side >= _LEAST_SIDE and side * side * channels == count:
            return side, channels
    return None


def as_pictures(array: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], list[str]]:
    """Pictures from an array of numbers.

    Parameters
    ----------
    array : [N, H, W], [N, H, W, C], [N, C, H, W] with C = 1 or 3, or [N, H * W (* 3)] with H = W
        Whole numbers 0..255 (0..1 for black and white, 0..65,535 when they have 16 bits), or fractions in 0..1,
        -1..1 or 0..255.
    name : str
        What holds them, for sentences.

    Returns
    -------
    pictures : uint8 [N, H, W, C]
        A view of `array` where nothing has to be changed, so that a memory map stays one.
    notes : list of str
        What was done to them, in sentences.

    Raises
    ------
    InputError
        When shape or values are not those of pictures.
    """
    if array.size == 0:
        raise InputError(f"{name} holds no pictures: its shape is {list(array.shape)}.")
    pictures, notes = _arranged(array, name)
    values, note = as_bytes(pictures, name)
    return values, notes + ([note] if note else [])


def _arranged(array: NDArray[Any], name: str) -> tuple[NDArray[Any], list[str]]:
    """The same numbers as [N, H, W, C]."""
    shape = array.shape
    if array.ndim == 2:
        return _unfolded(array, name)
    if array.ndim == 3:
        if shape[2] in (1, 3) and min(shape[:2]) > 3:
            return array[None], [f"{name} was read as one picture of {shape[1]} x {shape[0]} pixels."]
        return array[..., None], []
    if array.ndim == 4 and shape[3] in (1, 3):
        return array, []
    if array.ndim == 4 and shape[1] in (1, 3):
        return array.transpose(0, 2, 3, 1), []
    raise InputError(
        f"{name} has the shape {list(shape)}; pictures are [N, H, W], [N, H, W, C] or [N, C, H, W] with C = 1 (grey) "
        "or 3 (colour)."
    )


def _unfolded(array: NDArray[Any], name: str) -> tuple[NDArray[Any], list[str]]:
    """Rows of pixels as square pictures."""
    found = square(array.shape[1])
    if found is None:
        raise InputError(
            f"{name} has rows of {array.shape[1]:,} numbers: they are square pictures only when that is a square "
            "number, or three times one."
        )
    side, channels = found
    if channels == 1:
        return array.reshape(-1, side, side, 1), []
    sample = array[:100].astype(np.float64)
    planes = np.abs(np.diff(sample.reshape(-1, 3, side, side), axis=3)).mean()
    mixed = np.abs(np.diff(sample.reshape(-1, side, side, 3), axis=2)).mean()
    # pictures are smooth: read in the wrong order, neighbours come from different colours or places
    if planes < mixed:
        told = "The numbers of each picture were read as all red, all green, then all blue ones."
        return array.reshape(-1, 3, side, side).transpose(0, 2, 3, 1), [told]
    return array.reshape(-1, side, side, 3), ["The numbers of each picture were read as red, green, blue by pixel."]


def as_bytes(array: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], str | None]:
    """Values as bytes 0..255, and what was done to them.

    Raises
    ------
    InputError
        For numbers that are not finite or in no range that is in use.
    """
    if array.dtype == np.uint8 and _exceeds(array, 1):
        return np.asarray(array) if not isinstance(array, np.memmap) else array, None
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{name} holds {array.dtype} values; pictures are whole numbers 0 to 255 or fractions 0 to 1."
        )
    low, high = _range(array, name)
    scale, shift, note = _scaling(array.dtype, low, high, name)
    result = np.empty(array.shape, np.uint8)
    for rows in _blocks(array):
        block = array[rows].astype(np.float64 if array.dtype.itemsize > 4 else np.float32)
        result[rows] = np.clip(np.rint(block * scale + shift), 0, 255)
    return result, note


def _scaling(dtype: np.dtype[Any], low: float, high: float, name: str) -> tuple[float, float, str | None]:
    """(factor, summand, note) that bring this range to 0..255."""
    told = f"The values of {name} were taken as "
    if dtype.kind != "f":
        if low >= 0 and high <= 1:
            return 255.0, 0.0, f"{told}0 (black) and 1 (white)."
        if low >= 0 and high <= 255:
            return 1.0, 0.0, None
        if low >= 0 and high <= 65535 and dtype.itemsize == 2:
            return 1 / 257, 0.0, f"{told}16 bits, 0 (black) to 65,535 (white)."
    elif low >= -_SLACK and high <= 1 + _SLACK:
        return 255.0, 0.0, f"{told}0 (black) to 1 (white)."
    elif low >= -1 - _SLACK and high <= 1 + _SLACK:
        return 127.5, 127.5, f"{told}-1 (black) to 1 (white)."
    elif low >= -_SLACK and high <= 255 + _SLACK:
        return 1.0, 0.0, f"{told}0 (black) to 255 (white)."
    raise InputError(
        f"{name} holds values from {low:g} to {high:g}; pictures have 0..255, 0..1 or -1..1: bring them there."
    )


def _range(array: NDArray[Any], name: str) -> tuple[float, float]:
    lows, highs = [], []
    for rows in _blocks(array):
        block = array[rows]
        lows.append(float(block.min()))
        highs.append(float(block.max()))
    low, high = min(lows), max(highs)
    if not all(map(math.isfinite, (*lows, *highs))):  # min and max of numbers with NaN are NaN
        raise InputError(f"{name} holds numbers that are not finite (NaN or infinity): replace them first.")
    return low, high


def _exceeds(array: NDArray[Any], least: int) -> bool:
    """Whether some value is greater; looks no further than needed, since a memory map may be large."""
    return any(bool((array[rows] > least).any()) for rows in _blocks(array))


def _blocks(array: NDArray[Any]) -> Iterator[slice]:
    """Slices along the first axis of bounded size."""
    step = max(1, _BLOCK // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), step):
        yield slice(start, start + step)
