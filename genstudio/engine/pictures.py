"""Pictures as files: grids with what is needed to cut them apart again, and other forms of output."""

from __future__ import annotations

import contextlib
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from genstudio.core import atomic
from genstudio.core.errors import InputError
from genstudio.core.events import Gallery

_KEY = "genstudio"
_MOST_PIXELS = 64_000_000
_LONGEST_NOTE = 200
# what Pillow, numpy and JSON raise for files that are cut short, changed or made by others
_NOT_OURS = (
    OSError, EOFError, SyntaxError, struct.error, KeyError, ValueError, TypeError, ArithmeticError, RecursionError,
)  # fmt: skip
_VISIBLE = 64  # pixels a side that a picture should have in a grid


def grid(images: NDArray[np.uint8], columns: int | None = None, gap: int = 0) -> NDArray[np.uint8]:
    """Lay pictures [N, H, W, C] out in rows: uint8 [rows·(H+gap)−gap, columns·(W+gap)−gap, C]; gaps are black."""
    count, height, width, channels = images.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    sheet = np.zeros((rows, height + gap, columns, width + gap, channels), np.uint8)
    for i, image in enumerate(images):
        sheet[i // columns, :height, i % columns, :width] = image
    flat = sheet.reshape(rows * (height + gap), columns * (width + gap), channels)
    return flat[: rows * (height + gap) - gap, : columns * (width + gap) - gap]


def png(image: NDArray[np.uint8], facts: dict[str, Any] | None = None) -> bytes:
    """PNG bytes of a picture [H, W, C], C 1 or 3, with `facts` as JSON in its metadata."""
    info = PngImagePlugin.PngInfo()
    if facts is not None:
        info.add_text(_KEY, json.dumps(facts))
    buffer = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))
    picture.save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def gallery_png(gallery: Gallery) -> bytes:
    """A gallery as one PNG that `read_gallery` can cut apart; inputs stand before outputs."""
    images = gallery.images
    if gallery.inputs is not None:
        images = np.concatenate([gallery.inputs, images])
    facts = {
        "slot": gallery.slot,
        "step": gallery.step,
        "count": len(gallery.images),
        "tile": list(images.shape[1:]),
        "paired": gallery.inputs is not None,
        "caption": gallery.caption,
        "notes": list(gallery.notes),
    }
    return png(grid(images), facts)


def read_gallery(path: Path) -> Gallery:
    """Read what `gallery_png` wrote.

    Raises
    ------
    InputError
        When the file is damaged or was not written by GenStudio.
    """
    try:
        data = atomic.read_bytes(path)
        width, height = struct.unpack(">II", data[16:24])  # looked at before Pillow, which warns of bombs on stderr
        if width * height > _MOST_PIXELS:
            raise InputError(f"{path.name} is too large ({width} x {height} pixels).")
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            facts = json.loads(picture.info[_KEY])
            pixels = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))
        height, width, channels = facts["tile"]
        pixels = pixels.reshape(*pixels.shape[:2], channels)
        rows, columns = pixels.shape[0] // height, pixels.shape[1] // width
        tiles = pixels.reshape(rows, height, columns, width, channels).swapaxes(1, 2)
        images = tiles.reshape(-1, height, width, channels)
        count, paired = int(facts["count"]), bool(facts["paired"])
        if not 0 < count * (2 if paired else 1) <= len(images):
            raise ValueError("count")
        outputs = images[count : 2 * count] if paired else images[:count]
        inputs = images[:count].copy() if paired else None
        notes = tuple(str(note)[:_LONGEST_NOTE] for note in facts.get("notes", ()))
        if notes and len(notes) != count:
            raise ValueError("notes")
        slot, step = str(facts["slot"]), int(facts["step"])
        return Gallery(slot, step, outputs.copy(), inputs, str(facts["caption"]), notes)
    except InputError:
        raise
    except _NOT_OURS:
        raise InputError(f"{path.name} is damaged or not one of GenStudio's pictures.") from None


def check_name(out: Path) -> None:
    """Raise `InputError` when `save` knows no form of pictures that ends like this."""
    if out.suffix.lower() not in (".png", ".npz", ""):
        raise InputError(f"Pictures cannot be written as “{out.name}”: give a .png, a .npz or a folder.")


def save(images: NDArray[np.uint8], out: Path) -> None:
    """Write pictures [N, H, W, C] to `out`: a grid ``.png``, ``.npz`` (key samples), or a folder of PNG files.

    Raises
    ------
    InputError
        When the form is not known or the place cannot be written.
    """
    check_name(out)
    suffix = out.suffix.lower()
    try:
        if suffix == ".png":
            out.parent.mkdir(parents=True, exist_ok=True)
            # a wall of pictures is for eyes: small ones are enlarged, pixel by pixel
            factor = max(1, _VISIBLE // max(images.shape[1:3])) if len(images) <= 1024 else 1
            enlarged = images.repeat(factor, axis=1).repeat(factor, axis=2)
            atomic.write_bytes(out, png(grid(enlarged, gap=2)))
        elif suffix == ".npz":
            save_arrays(out, samples=images)
        else:
            out.mkdir(parents=True, exist_ok=True)
            digits = max(5, len(str(len(images) - 1)))
            for i, image in enumerate(images):
                (out / f"{i:0{digits}d}.png").write_bytes(png(image))
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _unwritable(out, error) from None


def save_arrays(out: Path, **arrays: NDArray[Any]) -> None:
    """Write a ``.npz``; raises `InputError` when `out` has another suffix or cannot be written."""
    if out.suffix.lower() != ".npz":
        raise InputError(f"“{out.name}” should end in .npz.")
    draft = atomic.temporary(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        draft.replace(out)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            draft.unlink(missing_ok=True)
        raise _unwritable(out, error) from None


def _unwritable(out: Path, error: Exception) -> InputError:
    return InputError(f"“{out}” cannot be written: {getattr(error, 'strerror', None) or error}.")
