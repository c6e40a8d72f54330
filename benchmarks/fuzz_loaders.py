"""Every loader of data, each given one file and asked for what it promises; what else comes out is a violation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import archives, arrays, audio, csvfile, idx, image, tables, text
from genstudio.data.decoding.reading import Reader
from genstudio.data.items import Blob, Listing, unwatched

_CONFIG = DataConfig()
_PICTURES = ("png", "jpeg", "gif", "webp", "bmp", "tiff")
_SOUNDS = ("wav", "flac", "ogg", "mp3", "aiff")


def _read_image(data: bytes, path: Path) -> None:
    facts = image.probe(data, path.name)
    assert facts.width > 0
    assert facts.height > 0
    pixels = image.Image(24, 32, 3, "crop").decode(data, path.name)
    assert pixels.shape == (24, 32, 3)
    assert pixels.dtype == np.uint8


def _read_sound(data: bytes, path: Path) -> None:
    facts = audio.probe(data, path.name)
    assert facts.frames > 0
    for form in (audio.Audio(8000, 4000), audio.Audio(11_025, 500, trim=True, mix="left")):
        samples, length = form.decode(data, path.name)
        assert samples.shape == (form.length,)
        assert samples.dtype == np.int16
        assert 0 < length <= form.length


def _read_text(data: bytes, path: Path) -> None:
    assert len(text.read_one(data)) <= text.CAPTION
    assert text.read_text(data).strip()
    path.write_bytes(data)
    assert len(text.read_items(path, _CONFIG, unwatched).texts)


def _read_csv(data: bytes, path: Path) -> None:
    table = csvfile.parse_csv(data, path.name)
    assert all(len(row) == len(table.columns) for row in table.rows)
    _read_table(data, path)


def _read_table(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    found = tables.open_table(path, str(path), {}, _CONFIG, unwatched, path.with_name("spool"))
    if isinstance(found, Listing):
        _read_items(found)
    else:
        assert len(found)


def _read_zip(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    _read_items(archives.listing(path, str(path), _CONFIG, unwatched))


def _read_items(listing: Listing) -> None:
    """What the decoders do with a listing; an item that is refused does not spoil the others."""
    reader = Reader()
    for item in listing.items:
        for kind, blob in item.blobs.items():
            try:
                _decode(kind, reader.read(blob), blob)
            except InputError as error:
                if not str(error).strip():
                    raise ValueError("refused without a word") from None
    reader.close()


def _decode(kind: str, data: bytes, blob: Blob) -> None:
    if kind == "image":
        image.Image(16, 16, 3).decode(data, blob.member)
    elif kind == "audio":
        audio.Audio(8000, 100).decode(data, blob.member)
    else:
        text.read_one(data)


def _read_arrays(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    assert len(arrays.load(path, str(path)))


def _read_idx(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    idx.read(path)
    idx.load(path, str(path), "train")


#: By format: called with the bytes and a path at which they may be written.
LOADERS: dict[str, Callable[[bytes, Path], None]] = {
    **dict.fromkeys(_PICTURES, _read_image),
    **dict.fromkeys(_SOUNDS, _read_sound),
    "zip": _read_zip, "npy": _read_arrays, "npz": _read_arrays, "idx": _read_idx, "idx.gz": _read_idx,
    "csv": _read_csv, "parquet": _read_table, "txt": _read_text,
}  # fmt: skip
