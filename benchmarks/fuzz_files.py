"""Small valid files of every format that is read, and the ways in which they are spoilt."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from numpy.typing import NDArray
from PIL import Image

_NUMBERS = (0, 1, 2, 7, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 10**6, 2**31 - 1, 2**31, 2**32 - 1)


def valid() -> dict[str, list[bytes]]:
    """By format, one file or more: always the same ones."""
    picture = _picture()
    return {
        **_pictures(picture),
        **_sounds(),
        **_arrays(np.asarray(picture)),
        **_tables(picture),
        "zip": _zips(picture),
    }


def _picture() -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((30, 26), Image.Resampling.BICUBIC)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _pictures(rgb: Image.Image) -> dict[str, list[bytes]]:
    grey, palette, rgba = rgb.convert("L"), rgb.quantize(16), rgb.convert("RGBA")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = rgb.getexif()
    exif[0x0112] = 6
    frames = [palette.rotate(90), palette.rotate(180)]
    bits = grey.convert("1")
    return {
        "png": [
            *(_saved(image, "PNG") for image in (rgb, grey, rgba, deep, bits)),
            _saved(palette, "PNG", transparency=2),
            _saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90)]),
        ],
        "jpeg": [
            _saved(rgb, "JPEG", exif=exif),
            _saved(rgb, "JPEG", progressive=True),
            _saved(grey, "JPEG"),
            _saved(rgb.convert("CMYK"), "JPEG"),
        ],
        "gif": [_saved(palette, "GIF", save_all=True, append_images=frames), _saved(grey, "GIF")],
        "webp": [
            _saved(rgb, "WEBP"),
            _saved(rgba, "WEBP", lossless=True),
            _saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
        ],
        "bmp": [_saved(image, "BMP") for image in (rgb, palette, grey, bits)],
        "tiff": [
            _saved(rgb, "TIFF"),
            *(
                _saved(rgb, "TIFF", compression=kind)
                for kind in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
            ),
            _saved(grey.convert("F"), "TIFF"),
            _saved(bits, "TIFF", compression="group4"),
            _saved(deep, "TIFF", save_all=True, append_images=[deep]),
        ],
    }


def _sounds() -> dict[str, list[bytes]]:
    time = np.arange(3000) / 8000
    wave = np.stack([0.5 * np.sin(2 * np.pi * pitch * time) for pitch in (220, 330)], axis=1)

    def sound(form: str, subtype: str, channels: int = 1) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, wave[:, :channels], 8000, format=form, subtype=subtype)
        return file.getvalue()

    kinds = ("PCM_16", "PCM_U8", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM", "GSM610")
    return {
        "wav": [*(sound("WAV", kind) for kind in kinds), sound("WAV", "PCM_16", 2), sound("WAVEX", "PCM_16", 2)],
        "flac": [sound("FLAC", "PCM_16"), sound("FLAC", "PCM_24", 2)],
        "ogg": [sound("OGG", "VORBIS"), sound("OGG", "OPUS")],
        "mp3": [sound("MP3", "MPEG_LAYER_III", 2)],
        "aiff": [sound("AIFF", "PCM_16"), sound("AIFF", "FLOAT", 2)],
    }


def _arrays(picture: NDArray[np.uint8]) -> dict[str, list[bytes]]:
    images = np.stack([picture] * 6)
    labels = np.arange(6) % 3

    def written(save: Callable[..., None], *args: object, **named: object) -> bytes:
        file = io.BytesIO()
        save(file, *args, **named)
        return file.getvalue()

    idx = struct.pack(">HBBIII", 0, 8, 3, *images.shape[:3]) + images[..., 0].tobytes()
    return {
        "npy": [written(np.save, images), written(np.save, images[..., 0].astype(np.float32) / 255)],
        "npz": [
            written(np.savez, images=images, labels=labels),
            written(np.savez_compressed, x_train=images, y_train=labels, x_test=images[:2], y_test=labels[:2]),
        ],
        "idx": [idx, struct.pack(">HBBI", 0, 8, 1, 6) + labels.astype(np.uint8).tobytes()],
        "idx.gz": [gzip.compress(idx, mtime=0)],
    }


def _tables(picture: Image.Image) -> dict[str, list[bytes]]:
    csv = 'name,caption,label\na.png,"one, two",x\nb.png,"with ""quotes""",y\nc.png,дом,x\n' * 5
    text = "The first line.\nA second one, with “quotes”.\r\n\r\n日本語のテキスト\n" * 8
    png, tables = _saved(picture, "PNG"), io.BytesIO()
    rows = pa.table(
        {
            "image": [{"bytes": png, "path": f"{i}.png"} for i in range(4)],
            "caption": ["one", "two", None, "four"],
            "label": pa.array([0, 1, 1, 0], pa.int64()),
        }
    )
    pq.write_table(rows, tables)
    plain = io.BytesIO()
    pq.write_table(pa.table({"text": ["a line", "another line", "the last"] * 9}), plain, compression="zstd")
    return {
        "csv": [csv.encode(), csv.encode("utf-16"), csv.replace(",", "\t").encode("cp1251", "replace")],
        "parquet": [tables.getvalue(), plain.getvalue()],
        "txt": [text.encode(), text.encode("utf-16"), text.encode("utf-32"), "Füße\n".encode("latin-1") * 30],
    }


def _zips(picture: Image.Image) -> list[bytes]:
    made: list[bytes] = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for i in range(3):
                member = zipfile.ZipInfo(f"kind {i % 2}/{i}.png", (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, _saved(picture.rotate(90 * i), "PNG"), method)
            archive.writestr(zipfile.ZipInfo("kind 0/notes.txt", (2020, 1, 1, 0, 0, 0)), "words " * 20, method)
        made.append(file.getvalue())
    return made


# --- spoiling -----------------------------------------------------------------------------------------


def spoilt(form: str, files: list[bytes], rng: np.random.Generator) -> bytes:
    """One file of that format with one to three changes; some of them keep what check sums there are right."""
    data = bytearray(files[int(rng.integers(len(files)))])
    other = files[int(rng.integers(len(files)))]
    if inner := form == "idx.gz" and rng.random() < 0.5:
        data = bytearray(gzip.decompress(data))
    for _ in range(int(rng.integers(1, 4))):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        change(data, other, rng)
    if inner:
        return gzip.compress(bytes(data), mtime=0)
    return _with_sums(bytes(data)) if form == "png" and rng.random() < 0.6 else bytes(data)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """Anywhere, half of the time in the header."""
    return int(rng.integers(max(1, min(len(data), 64) if rng.random() < 0.5 else len(data))))


def _span(data: bytearray, rng: np.random.Generator) -> slice:
    start = _place(data, rng)
    return slice(start, start + int(2 ** rng.uniform(0, 8)))


def _flip(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    for _ in range(int(2 ** rng.uniform(0, 5)) if data else 0):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def _cut(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    del data[_place(data, rng) :]


def _splice(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    data[_place(data, rng) :] = other[_place(bytearray(other), rng) :]


def _number(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """Write a number that sizes, counts and offsets seldom have."""
    number = int(_NUMBERS[int(rng.integers(len(_NUMBERS)))])
    size, order = int(rng.choice([1, 2, 4, 8])), "<" if rng.random() < 0.5 else ">"
    packed = struct.pack(f"{order}Q", number & (256**size - 1))
    start = _place(data, rng)
    data[start : start + size] = packed[:size] if order == "<" else packed[-size:]


def _drop(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    del data[_span(data, rng)]


def _double(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    span = _span(data, rng)
    data[span.stop : span.stop] = data[span] * int(2 ** rng.uniform(0, 6))


def _noise(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    span = _span(data, rng)
    data[span] = rng.bytes(span.stop - span.start)


def _zero(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    span = _span(data, rng)
    data[span] = bytes(len(data[span]))


_CHANGES = (_flip, _cut, _splice, _number, _number, _drop, _double, _noise, _zero)


def _with_sums(data: bytes) -> bytes:
    """A PNG whose chunks have right check sums, so that what is in them is looked at."""
    return data[:8] + b"".join(_chunks(data))


def _chunks(data: bytes) -> Iterator[bytes]:
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        yield data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + size
