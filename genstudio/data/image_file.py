"""Opening picture files of strangers: allow-listed formats, sizes checked first, pixels in grey or RGB."""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Transpose

from genstudio.core.errors import InputError
from genstudio.data.sniff import HEAD, explain, kind_of, sniff

MEGAPIXELS = 64  # of a file, at most
LONGEST = 20  # times the shorter side

_GREY = ("1", "L", "LA", "La", "I", "F")
_PILLOW: dict[str, str] = {form: form.upper() for form in ("png", "jpeg", "webp", "bmp", "tiff", "gif")}
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112  # EXIF tag
WHITE = {"L": 255, "RGB": (255, 255, 255)}
#: 16-bit grey by its full scale: 65,535 becomes 255, the others the nearest.
_EIGHT_BITS = ((np.arange(65_536) + 128) // 257).astype(np.uint8)
_BAND = 1 << 20  # pixels converted at once


@contextmanager
def opened(data: bytes, name: str) -> Iterator[PIL.Image.Image]:
    """The file, its size checked and nothing decoded; whatever goes wrong inside is an `InputError` with a reason."""
    form = sniff(data[:HEAD], name)
    if kind_of(form) != "image":
        raise InputError(f"it {explain(form, name)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # about metadata only, which is not needed; in a TIFF they may mean that pixels are missing
            warnings.filterwarnings("ignore", "Metadata Warning" if form == "tiff" else "", UserWarning)
            _check_size(_webp_size(data[:30]))
            with PIL.Image.open(io.BytesIO(data), formats=[_PILLOW[form]]) as picture:
                _check_size(picture.size)
                yield picture
    except InputError:
        raise
    except MemoryError as error:
        raise InputError("it needs too much memory") from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        pixels = re.search(r"(\d+) pixels", str(error))
        raise InputError(_too_large(int(pixels[1]) if pixels else 1 << 40)) from None
    except Exception as error:  # Pillow's readers raise whatever their arithmetic on damaged numbers does
        raise InputError(_reason(error)) from None


def _reason(error: Exception) -> str:
    words = str(error).lower()
    if isinstance(error, EOFError) or "truncated" in words or "not enough" in words or "buffer" in words:
        return "it is cut short"
    return "it is damaged"


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if min(size) < 2:
        raise InputError(f"it is too small ({width:,} × {height:,} pixels)")
    if width * height > MEGAPIXELS * 1_000_000:
        raise InputError(_too_large(width * height))
    if max(size) > LONGEST * min(size):
        raise InputError(f"it is too long and narrow ({width:,} × {height:,} pixels)")


def _too_large(pixels: int) -> str:
    return f"it is too large ({math.ceil(pixels / 1e6):,} megapixels, the limit is {MEGAPIXELS})"


def _webp_size(head: bytes) -> tuple[int, int]:
    """Canvas of a WEBP file, whose reader takes memory for it at once; (2, 2) for anything else.

    RFC 9649, sections 2.5 to 2.7: 14 bits a side in "VP8 " and, less one, in "VP8L"; 24 bits less one in "VP8X".
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return 2, 2
    if head[12:16] == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def orientation(picture: PIL.Image.Image) -> int:
    """How it has to be turned, 1 to 8 as in EXIF; damaged or missing metadata turn nothing."""
    if picture.format == "TIFF":  # turned by Pillow already
        return 1
    try:
        # not the method of the file's own class: that of PNG decodes all pixels first
        found = int(PIL.Image.Image.getexif(picture).get(_ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:
        return 1
    return found if found in TURNS else 1


def is_grey(picture: PIL.Image.Image) -> bool:
    """Whether it has no colour, by its mode or by all entries of its palette."""
    if picture.mode in _GREY or picture.mode.startswith("I;16"):
        return True
    palette = picture.palette
    if picture.mode not in ("P", "PA") or palette is None:
        return False
    raw = palette.rawmode or palette.mode
    entries = np.frombuffer(bytes(palette.palette), np.uint8)
    step = len(raw.split(";")[0])
    if len(entries) < step or len(entries) % step:
        return False
    colours = entries.reshape(step, -1) if raw.endswith(";L") else entries.reshape(-1, step).T
    return bool((colours[:3] == colours[0]).all())


def flat(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The decoded picture in mode "L" or "RGB", transparency laid on white."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _in_eight_bits(picture)
    grey = is_grey(picture)
    mode = "L" if grey else "RGB"
    if picture.has_transparency_data:
        over = picture.convert("LA" if grey and picture.mode != "P" else "RGBA")
        canvas = PIL.Image.new(mode, picture.size, WHITE[mode])
        canvas.paste(over.convert("L") if grey else over, mask=over.getchannel("A"))
        return canvas
    if picture.mode not in (mode, "1", "P", "RGBX", "CMYK", "YCbCr"):
        raise InputError(f"its colours ({picture.mode}) are not read: save it as RGB")
    return picture if picture.mode == mode else picture.convert(mode)


def _in_eight_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Mode "L" of numbers with more bits, band by band: a whole picture of them takes much memory."""
    width, height = picture.size
    step = max(1, _BAND // width)
    spans = [(top, min(height, top + step)) for top in range(0, height, step)]
    full = 1.0
    if picture.mode == "F":
        bands = (_numbers(picture, *span) for span in spans)
        full = 1.0 if max(float(band[np.isfinite(band)].max(initial=0)) for band in bands) <= 1 else 255.0
    out = np.empty((height, width), np.uint8)
    for top, bottom in spans:
        band = _numbers(picture, top, bottom)
        if picture.mode == "F":
            held = np.clip(np.nan_to_num(band, nan=0.0), 0.0, full)
            out[top:bottom] = np.rint(held * (255.0 / full))
        else:
            out[top:bottom] = _EIGHT_BITS[np.clip(band, 0, 65_535)]
    return PIL.Image.fromarray(out)


def _numbers(picture: PIL.Image.Image, top: int, bottom: int) -> NDArray[Any]:
    return np.asarray(picture.crop((0, top, picture.width, bottom)))
