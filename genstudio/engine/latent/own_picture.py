"""A picture of one's own, brought to what a model was trained on: the way its training data was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.data.decoding.pool import Decoders, Refused
from genstudio.data.image import Image
from genstudio.data.items import Blob, unwatched


def read_picture(
    source: Path | bytes, shape: tuple[int, int, int], preparation: DataConfig | None = None, name: str = ""
) -> NDArray[np.uint8]:
    """Decode a picture file in a process of its own, within the limits of training data; some 0.3 s.

    Parameters
    ----------
    source : Path or bytes
        A PNG, JPEG, WEBP, BMP, TIFF or GIF file, or what is in one.
    shape : (height, width, channels)
        What it becomes.
    preparation : DataConfig, optional
        Of the run: whether it is cropped, padded or stretched.
    name : str
        What it is called in sentences; that of the file if there is one.

    Returns
    -------
    uint8 [H, W, C]

    Raises
    ------
    InputError
        When it is no picture, damaged or too large, or cannot be read; the sentence names it.
    WorkError
        When no process can be started, or there is no room for a temporary file.
    """
    title = name or (source.name if isinstance(source, Path) else "The picture")
    target = Image(*shape, (preparation or DataConfig()).fit)
    try:
        with tempfile.TemporaryDirectory(prefix="genstudio-", ignore_cleanup_errors=True) as folder:
            return _decoded(source, title, target, Path(folder))
    except OSError as error:
        raise WorkError(f"There is no room to read the picture: {error.strerror or error}.") from None


def _decoded(source: Path | bytes, title: str, target: Image, folder: Path) -> NDArray[np.uint8]:
    from genstudio.data.prepare import make_array

    if isinstance(source, bytes):
        path = folder / "picture"
        path.write_bytes(source)
    else:
        path = source
    out = folder / "pixels.npy"
    make_array(out, (1, target.height, target.width, target.channels), np.uint8)
    with Decoders(1) as decoders:
        (answer,) = decoders.decode_images([Blob(str(path))], target, out, unwatched)
    if isinstance(answer, Refused):
        quoted = title if title == "The picture" else f"“{title}”"
        raise InputError(f"{quoted} {answer.reason}.")
    return np.load(out)[0]
