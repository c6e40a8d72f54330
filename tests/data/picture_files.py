"""Picture files in memory, and what comes of them."""

import io

import numpy as np
import PIL.Image

from genstudio.data.image import Image

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (12, 16, 3), np.uint8)
GREY = RANDOM.integers(0, 256, (12, 16), np.uint8)


def saved(picture, form="PNG", **options):
    picture = picture if isinstance(picture, PIL.Image.Image) else PIL.Image.fromarray(picture)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def decoded(data, height=12, width=16, channels=3, fit="crop"):
    return Image(height, width, channels, fit).decode(data, "a")


def smooth(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], -1).astype(np.uint8)
