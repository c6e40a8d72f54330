"""Files for the processes that decode, and a look at whether one of those is left."""

import contextlib
import io

import numpy as np
import PIL.Image
import psutil

from genstudio.data.image import Image

RANDOM = np.random.default_rng(0)
SMALL = Image(8, 8, 3)


def png(pixels):
    buffer = io.BytesIO()
    picture = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def children():
    """Living processes that decode; one that ends while it is looked at is none any more."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one too
            if "genstudio.data.decoding.worker" in " ".join(child.cmdline()):
                found.append(child)
    return found


def zombies():
    """Processes that have ended and that nobody has waited for."""
    return [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]
