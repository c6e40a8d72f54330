"""Tables and pictures for them, and opening what they give."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from genstudio.core.data_config import DataConfig
from genstudio.data.items import unwatched
from genstudio.data.tables import open_table


def pictures(count=6, side=8):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 1), np.uint8)


def opened(path, choice=None, **settings):
    spool = path.parent / "spool.bytes"
    return open_table(path, str(path), choice or {}, DataConfig(**settings), unwatched, spool)


def png(image):
    data = io.BytesIO()
    Image.fromarray(image[:, :, 0]).save(data, "PNG")
    return data.getvalue()


def spooled(blob):
    """The bytes of a blob that lies in the spool."""
    return Path(blob.path).read_bytes()[blob.start : blob.start + blob.size]
