"""Pictures on their way out of the window: to the clipboard, to a drop, to a file."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from genstudio.app.widgets import files
from genstudio.app.widgets.pictures import Pictures
from genstudio.app.widgets.place_mime import Carried, pack
from genstudio.core.errors import InputError
from genstudio.engine import pictures as engine_pictures

_BETWEEN = 2  # pixels between an input and its output
_MOST_PIXELS = 64_000_000


class DragFolder:
    """A folder for files that are being dragged out; it disappears with this object or with the program.

    Not earlier: whoever takes a drop may read the file long after it.
    """

    def __init__(self) -> None:
        self._path: Path | None = None

    def path(self) -> Path:
        """The folder, made when it is first asked for."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="genstudio-"))
            weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        return self._path


def to_image(pixels: NDArray[np.uint8], form: QImage.Format | None = None) -> QImage:
    """A picture [H, W, C], C 1 or 3, as a QImage that owns its pixels; in another format if one is given."""
    height, width, channels = pixels.shape
    data = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    borrowed = QImage(data.data, width, height, width * channels, kind)  # lives no longer than `data`
    return borrowed.copy() if form in (None, kind) else borrowed.convertToFormat(form)


def together(pictures: Pictures, index: int) -> NDArray[np.uint8]:
    """The picture [H, W, C]; beside its input, input first, if there is one."""
    parts = pictures.parts(index)
    if len(parts) == 1:
        return parts[0]
    between = np.zeros((parts[0].shape[0], _BETWEEN, parts[0].shape[2]), np.uint8)
    return np.concatenate([parts[0], between, parts[1]], axis=1)


def mime(pictures: Pictures, index: int, folder: Path | None = None) -> QMimeData:
    """Picture `index` for clipboard or drop; with a folder also as a PNG file in it.

    Raises
    ------
    WorkError
        When the file cannot be written.
    """
    data = QMimeData()
    pixels, facts = together(pictures, index), pictures.facts_of(index)
    data.setImageData(to_image(pixels))
    if facts is not None and "code" in facts:
        pack(Carried(code=facts["code"], label=-1), data)
    if folder is not None:
        path = folder / pictures.file_name(index)
        files.write(path, [engine_pictures.png(pixels, facts)])
        data.setUrls([QUrl.fromLocalFile(str(path))])
    return data


def save(pictures: Pictures, index: int, path: Path) -> None:
    """Write picture `index` as PNG.

    Raises
    ------
    WorkError
        When the file cannot be written.
    """
    files.write(_png(path), [engine_pictures.png(together(pictures, index), pictures.facts_of(index))])


def grid_count(pictures: Pictures) -> int:
    """How many pictures one grid holds: all, unless it became larger than programs open."""
    if not len(pictures):
        return 0
    each = together(pictures, 0)
    return min(len(pictures), max(1, _MOST_PIXELS // ((each.shape[0] + _BETWEEN) * (each.shape[1] + _BETWEEN))))


def save_grid(pictures: Pictures, path: Path, columns: int | None = None) -> None:
    """Write the first `grid_count` pictures as one PNG, inputs beside their outputs.

    Raises
    ------
    WorkError
        When the file cannot be written.
    """
    count = grid_count(pictures)
    if not count:
        raise InputError("There are no pictures to save yet.")
    images = np.asarray(pictures.images[:count])
    if pictures.inputs is not None:
        between = np.zeros((count, images.shape[1], _BETWEEN, images.shape[3]), np.uint8)
        images = np.concatenate([np.asarray(pictures.inputs[:count]), between, images], axis=2)
    sheet = engine_pictures.grid(images, columns, gap=_BETWEEN)
    files.write(_png(path), [engine_pictures.png(sheet)])


def _png(path: Path) -> Path:
    if path.suffix.lower() != ".png":
        raise InputError(f"Pictures are saved as PNG: end “{path.name}” in .png.")
    return path
