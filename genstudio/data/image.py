"""Pictures as files: what their header says, and their pixels at one size. Imports neither torch nor Qt."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Resampling

from genstudio.core.errors import InputError
from genstudio.data.image_file import TURNS, WHITE, flat, is_grey, opened, orientation
from genstudio.data.items import Watch, unwatched

if TYPE_CHECKING:  # the settings take longer to import than everything that decoding needs
    from genstudio.core.data_config import DataConfig, Fit

OWN_SIZE = 64  # pixels of a side, at most, unless asked for more
LEAST = 8  # pixels of a side that is chosen for pictures of different sizes


class Measured(Protocol):
    """Anything that knows the upright size of a picture and whether it is grey."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def grey(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a header says: upright size in pixels, whether it is grey, pictures in the file."""

    width: int
    height: int
    grey: bool
    frames: int


def probe(data: bytes, name: str) -> ImageFacts:
    """Look at the header of a PNG, JPEG, WEBP, BMP, TIFF or GIF file; no pixel is decoded.

    Parameters
    ----------
    data : bytes
        The whole file; its content decides what it is.
    name : str
        What the file is called, for the reason of a refusal only.

    Raises
    ------
    InputError
        A reason that goes on from the file's name: "it is too large (169 megapixels, the limit is 64)".
    """
    with opened(data, name) as picture:
        width, height = picture.size
        if orientation(picture) >= 5:
            width, height = height, width
        return ImageFacts(width, height, is_grey(picture), int(getattr(picture, "n_frames", 1)))


@dataclass(frozen=True, slots=True)
class Image:
    """The one form that every picture is brought to.

    Attributes
    ----------
    height, width : int
        Pixels.
    channels : int
        1 (grey) or 3 (RGB).
    fit : Fit
        "crop" keeps the middle, "pad" adds white, "stretch" does as it says.
    """

    height: int
    width: int
    channels: int
    fit: Fit = "crop"

    def decode(self, data: bytes, name: str) -> NDArray[np.uint8]:
        """The pixels of a file, upright; a picture that has the size already comes out as it is.

        Of an animation the first picture is taken. Transparency is laid on white. 16-bit and 32-bit whole numbers
        have a full scale of 65,535; floating-point numbers one of 1 where none is larger, else of 255; what lies
        beyond is cut off, NaN is black. Colour profiles are ignored.

        Returns
        -------
        uint8 [H, W, C], 0 to 255.

        Raises
        ------
        InputError
            A reason that goes on from the file's name, as from `probe`; its cause is a MemoryError when there was
            too little memory.
        """
        with opened(data, name) as picture:
            turn = orientation(picture)
            if picture.format in ("JPEG", "MPO"):
                picture.draft(None, self._draft(picture.size, turn >= 5))
            picture.load()
            upright = flat(picture)
            if turn in TURNS:
                upright = upright.transpose(TURNS[turn])
            return self.fitted(upright)

    def fitted(self, picture: PIL.Image.Image) -> NDArray[np.uint8]:
        """uint8 [H, W, C] of a picture in mode "L" or "RGB"."""
        size = (self.width, self.height)
        if self.fit == "crop":
            picture = _resized(picture, size, self._middle(picture.size))
        elif self.fit == "stretch":
            picture = _resized(picture, size, None)
        else:
            width, height = picture.size
            scale = min(self.width / width, self.height / height)
            inner = (min(self.width, max(1, round(width * scale))), min(self.height, max(1, round(height * scale))))
            picture = _resized(picture, inner, None)
            if inner != size:
                canvas = PIL.Image.new(picture.mode, size, WHITE[picture.mode])
                canvas.paste(picture, ((self.width - inner[0]) // 2, (self.height - inner[1]) // 2))
                picture = canvas
        mode = "L" if self.channels == 1 else "RGB"
        picture = picture if picture.mode == mode else picture.convert(mode)
        return np.array(picture, np.uint8).reshape(self.height, self.width, self.channels)

    def _middle(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The largest box of this form in the middle of a picture."""
        width, height = size
        inner = min(width, max(1, round(height * self.width / self.height)))
        outer = min(height, max(1, round(width * self.height / self.width)))
        left, top = (width - inner) // 2, (height - outer) // 2
        return left, top, left + inner, top + outer

    def _draft(self, size: tuple[int, int], turned: bool) -> tuple[int, int]:
        """Least size at which a JPEG may be decoded: twice what it is brought to, so that quality is kept."""
        wide, high = (self.height, self.width) if turned else (self.width, self.height)
        x, y = wide / size[0], high / size[1]
        if self.fit != "stretch":
            x = y = max(x, y) if self.fit == "crop" else min(x, y)
        return math.ceil(2 * x * size[0]), math.ceil(2 * y * size[1])


def choose(facts: Iterable[Measured], config: DataConfig, shape: tuple[int, int, int] | None = None) -> Image:
    """The form for pictures of these headers.

    Parameters
    ----------
    facts : iterable
        At least one.
    shape : (height, width, channels) or None
        What it has to be, whatever the settings say.

    Notes
    -----
    Without a size in the settings it is the pictures' own when all have the same and no side is longer than 64,
    else a square of 64, or of the median shorter side (at least 8) where that is less.
    """
    if shape is not None:
        return Image(*shape, config.fit)
    sides: list[int] = []
    sizes: set[tuple[int, int]] = set()
    grey = True
    for fact in facts:
        sizes.add((fact.height, fact.width))
        sides.append(min(fact.height, fact.width))
        grey = grey and fact.grey
    if not sides:
        raise InputError("There are no pictures to prepare.")
    channels = {"auto": 1 if grey else 3, "grey": 1, "colour": 3}[config.channels]
    first = next(iter(sizes))
    if config.size:
        height = width = config.size
    elif len(sizes) == 1 and max(first) <= OWN_SIZE:
        height, width = first
    else:
        height = width = min(OWN_SIZE, max(LEAST, int(statistics.median(sides))))
    return Image(height, width, channels, config.fit)


def refit(images: NDArray[np.uint8], image: Image, watch: Watch = unwatched) -> NDArray[np.uint8]:
    """Bring pictures that are in memory to another form.

    Parameters
    ----------
    images : uint8 [N, H, W, C]
        C is 1 or 3.

    Returns
    -------
    uint8 [N, H', W', C'], the array itself when nothing changes.

    Raises
    ------
    Cancelled
        When `watch` raises it.
    """
    shape = (image.height, image.width, image.channels)
    if images.shape[1:] == shape:
        return images
    out = np.empty((len(images), *shape), np.uint8)
    for i, pixels in enumerate(images):
        if i % 256 == 0:
            watch("fitting pictures", i, len(images))
        out[i] = image.fitted(PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))
    return out


def _resized(
    picture: PIL.Image.Image, size: tuple[int, int], box: tuple[int, int, int, int] | None
) -> PIL.Image.Image:
    """A box of the picture, or all of it, at that size without aliasing; pixels stay as they are where it has it."""
    box = box or (0, 0, *picture.size)
    if (box[2] - box[0], box[3] - box[1]) != size:
        return picture.resize(size, Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return picture if size == picture.size else picture.crop(box)
