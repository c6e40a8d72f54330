"""Points in the plane as files: arrays, a table, or a picture of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genstudio.core import atomic
from genstudio.core.errors import InputError
from genstudio.engine.pictures import png, save_arrays

_SIDE, _MARGIN = 640, 24  # pixels
_INK = np.array([37, 99, 235], np.float32)
_FAINT = 0.35  # how much of the paper one dot covers; where dots lie on each other it gets darker
_BORDER = 200


def check_name(out: Path) -> None:
    """Raise `InputError` when `save` knows no form of points that ends like this."""
    if out.suffix.lower() not in (".png", ".npz", ".csv"):
        raise InputError(f"Points cannot be written as “{out.name}”: give a .npz, a .csv or a .png.")


def save(points: NDArray[np.float32], out: Path) -> None:
    """Write points float32 [N, 2]: ``.npz`` (key samples), ``.csv`` (columns x, y), or ``.png`` (a scatter plot).

    Raises
    ------
    InputError
        When the form is not known or the place cannot be written.
    """
    check_name(out)
    suffix = out.suffix.lower()
    if suffix == ".npz":
        save_arrays(out, samples=points)
        return
    text = "x,y\n" + "".join(f"{x:.9g},{y:.9g}\n" for x, y in points.tolist())
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(out, png(scatter(points)) if suffix == ".png" else text.encode("ascii"))
    except (OSError, ValueError) as error:
        raise InputError(f"“{out}” cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def scatter(points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Points [N, 2] as dots on white paper, uint8 [640, 640, 3]: y upwards, one scale for both axes, centred."""
    finite = points[np.isfinite(points).all(1)].astype(np.float64)
    cover = np.zeros((_SIDE, _SIDE), np.float32)
    if len(finite):
        low, high = finite.min(0), finite.max(0)
        scale = (_SIDE - 2 * _MARGIN) / max(float((high - low).max()), 1e-9)
        places = np.rint((finite - (low + high) / 2) * scale).astype(np.int64) + _SIDE // 2
        columns, rows = places[:, 0], _SIDE - 1 - places[:, 1]
        for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):  # a dot is a small cross
            np.add.at(cover, (rows + dy, columns + dx), 1)
    paper = (1 - _FAINT) ** cover[..., None]
    drawn = np.rint(255 * paper + _INK * (1 - paper)).astype(np.uint8)
    drawn[[0, -1]] = _BORDER
    drawn[:, [0, -1]] = _BORDER
    return drawn
