"""A folder as people really have them: usable pictures of every kind among files that cannot be used."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

Maker = Callable[[np.random.Generator], bytes]

NAMES = (
    "plain {}", "with  spaces {} ", "line\nbreak {}", "smile \U0001f600 {}", "שלום {}", "100%d {}%20", "Ünïcödé é {}",
    "quote' \" & {}", "-rf {}", "dots..{}.tar", f"{'long' * 46} {{}}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Truth:
    """What has to come out.

    Attributes
    ----------
    good, bad : dict of name to kind
        Names relative to the folder, as a list on a screen shows them: a newline as "\\n", a byte that is no UTF-8
        as "\\xe9". The kind says what was made.
    """

    good: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)


def make_mixed(folder: Path, good: int, bad: int, seed: int) -> Truth:
    """Fill an existing folder with `good` usable and `bad` unusable files, the same ones for the same seed.

    The first 11 good and the first 19 bad ones are one of each kind. A file that nobody may read counts as good for
    root, who can read it.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    (folder / "more of them").mkdir(exist_ok=True)
    patterns = cycle(NAMES)
    for i, (kind, (make, suffix)) in zip(range(good), cycle(GOOD.items()), strict=False):
        name = next(patterns).format(i) + suffix
        _write(folder, name if i % 3 else f"more of them/{name}", make(rng), truth.good, kind)
    if good and sys.platform == "linux":  # other systems have no such names
        name = next(iter(truth.good))
        kind = truth.good.pop(name)
        os.rename(folder / _raw(name), os.fsencode(folder) + b"/caf\xe9.jpg")  # noqa: PTH104
        truth.good["caf\\xe9.jpg"] = kind
    for i, kind in zip(range(bad), cycle([*BAD, *_SPECIAL]), strict=False):
        if kind in _SPECIAL:
            _special(folder, f"{kind} {i}", kind, truth, rng)
        else:
            make, suffix = BAD[kind]
            _write(folder, next(patterns).format(f"bad {i}") + suffix, make(rng), truth.bad, kind)
    return truth


def _raw(shown: str) -> str:
    return shown.replace("\\n", "\n")


def _write(folder: Path, name: str, data: bytes, to: dict[str, str], kind: str) -> None:
    (folder / name).write_bytes(data)
    to[name.replace("\n", "\\n")] = kind


def _special(folder: Path, name: str, kind: str, truth: Truth, rng: np.random.Generator) -> None:
    """What is no plain file, or none that may be read; an empty file where the system has no such thing."""
    path = folder / name
    truth.bad[name] = kind
    if kind == "dangling link":
        path.symlink_to(folder / "nowhere.png")
    elif kind == "circular link":
        path.symlink_to(folder, target_is_directory=True)
    elif kind == "pipe" and hasattr(os, "mkfifo"):
        os.mkfifo(path)
    elif kind == "unreadable" and hasattr(os, "geteuid"):
        path.write_bytes(_jpeg(rng))
        path.chmod(0)
        if os.geteuid() == 0:
            truth.good[name] = truth.bad.pop(name)
    else:
        path.touch()


# --- usable -------------------------------------------------------------------------------------------


def _picture(rng: np.random.Generator, channels: int = 3) -> Image.Image:
    """Smooth colours of 24 to 80 pixels, no two alike."""
    height, width = (int(side) for side in rng.integers(24, 81, 2))
    coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    return image if channels == 3 else image.convert("L")


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _jpeg(rng: np.random.Generator) -> bytes:
    return _saved(_picture(rng), "JPEG", quality=90)


def _png(rng: np.random.Generator) -> bytes:
    return _saved(_picture(rng), "PNG", compress_level=1)


def _grey16(rng: np.random.Generator) -> bytes:
    deep = np.asarray(_picture(rng, 1)).astype(np.uint16) * 257
    return _saved(Image.fromarray(deep), "PNG", compress_level=1)


def _palette(rng: np.random.Generator) -> bytes:
    return _saved(_picture(rng).quantize(16, Image.Quantize.FASTOCTREE), "PNG", transparency=3)


def _grey_alpha(rng: np.random.Generator) -> bytes:
    image = _picture(rng, 1)
    image.putalpha(200)
    return _saved(image, "PNG")


def _animated(rng: np.random.Generator) -> bytes:
    first = _picture(rng).quantize(32, Image.Quantize.FASTOCTREE)
    return _saved(first, "GIF", save_all=True, append_images=[first.rotate(90), first.rotate(180)])


def _turned(rng: np.random.Generator) -> bytes:
    image = _picture(rng)
    exif = image.getexif()
    exif[0x0112] = 6
    return _saved(image, "JPEG", exif=exif)


GOOD: dict[str, tuple[Maker, str]] = {
    "JPEG": (_jpeg, ".jpg"),
    "PNG": (_png, ".png"),
    "JPEG named PNG": (_jpeg, ".png"),
    "CMYK JPEG": (lambda rng: _saved(_picture(rng).convert("CMYK"), "JPEG"), ".JPG"),
    "16-bit PNG": (_grey16, ".png"),
    "palette with transparency": (_palette, ".png"),
    "grey with alpha": (_grey_alpha, ".png"),
    "animated GIF": (_animated, ".gif"),
    "turned by EXIF": (_turned, ".jpeg"),
    "BMP": (lambda rng: _saved(_picture(rng), "BMP"), ".bmp"),
    "no suffix": (_png, ""),
}


# --- unusable -----------------------------------------------------------------------------------------


@cache
def bomb(width: int = 13_000, height: int = 13_000) -> bytes:
    """A PNG of zeros, three thousand times as large unpacked as it is packed."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png_of(struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), body)


def png_of(header: bytes, body: bytes) -> bytes:
    """A PNG of these chunks with right check sums, whatever is in them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _cut(make: Maker) -> Maker:
    """The first 30 to 80 % of a file."""

    def cut(rng: np.random.Generator) -> bytes:
        data = make(rng)
        return data[: int(len(data) * rng.uniform(0.3, 0.8))]

    return cut


# calls os.system when it is opened as what it is; nobody may do that
_PICKLE = b"\x80\x02cposix\nsystem\nX\x1c\x00\x00\x00touch genstudio-was-hackable!\x85R."

BAD: dict[str, tuple[Maker, str]] = {
    "cut PNG": (_cut(_png), ".png"),
    "cut JPEG": (_cut(_jpeg), ".jpg"),
    "empty": (lambda rng: b"", ".png"),
    "text": (lambda rng: b"These are words and not a picture.\n", ".jpg"),
    "bomb": (lambda rng: bomb(), ".png"),
    "one pixel": (lambda rng: _saved(Image.new("RGB", (1, 1)), "PNG"), ".png"),
    "too wide": (lambda rng: _saved(Image.new("L", (20_000, 10), 99), "PNG"), ".png"),
    "pickle": (lambda rng: _PICKLE, ".png"),
    "HTML": (lambda rng: b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n", ".jpg"),
    "LFS pointer": (
        lambda rng: (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + rng.bytes(32).hex().encode() + b"\nsize 9\n"
        ),
        ".png",
    ),
    "random bytes": (lambda rng: b"\xc1" + rng.bytes(700), ".jpg"),
    "JPEG start only": (lambda rng: b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", ".jpg"),
    "PNG without pixels": (lambda rng: png_of(struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0), b""), ".png"),
    "side of zero": (lambda rng: png_of(struct.pack(">IIBBBBB", 0, 40, 8, 2, 0, 0, 0), b""), ".png"),
    "billions of pixels": (
        lambda rng: png_of(struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0), b"x"), ".png"
    ),
}  # fmt: skip
_SPECIAL = ("dangling link", "circular link", "pipe", "unreadable")
