"""IDX files, the format of MNIST and its many siblings (Y. LeCun, "The MNIST database", 1998).

Header: two zero bytes, a type code, the number of dimensions, then each size as a big-endian uint32.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.dataset import Dataset
from genstudio.data.items import Rejected, Split

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# 8 GiB: a header may claim anything, and memory is only taken for what the file really holds.
_LIMIT = 8 << 30
_CHUNK = 1 << 24
_MAP_FROM = 256 << 20  # bytes


def read(path: Path) -> NDArray[np.generic]:
    """Read one IDX file, plain or gzipped, whatever its suffix.

    Returns
    -------
    array of the file's type and shape, native byte order.

    Raises
    ------
    InputError
        When the file is not IDX, truncated, damaged or too large; the sentence names it.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise InputError(f"{path.name} cannot be read: it is not a file.")
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                return _mapped(raw, path) if os.fstat(raw.fileno()).st_size > _MAP_FROM else _parse(raw, path)
            with gzip.open(raw) as file:
                return _parse(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path.name} is damaged or was cut short while copying ({error}): get it again.") from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _mapped(file: IO[bytes], path: Path) -> NDArray[np.generic]:
    """A large plain file stays where it is: its pages are read when they are needed."""
    dtype, shape = _header(file, path)
    start, held = file.tell(), os.fstat(file.fileno()).st_size
    expected = math.prod(shape) * dtype.itemsize
    if held - start != expected:
        raise InputError(
            f"{path.name} should hold {expected:,} bytes for shape {list(shape)} but holds {held - start:,}: "
            "get it again."
        )
    # copy on write, as torch wants memory that can be written to
    return np.memmap(path, dtype, mode="c", offset=start, shape=shape)


def _parse(file: IO[bytes] | gzip.GzipFile, path: Path) -> NDArray[np.generic]:
    dtype, shape = _header(file, path)
    expected = math.prod(shape) * dtype.itemsize
    if expected > _LIMIT:
        raise InputError(f"{path.name} says it holds {expected / 2**30:,.0f} GiB, more than the limit of 8 GiB.")
    body = bytearray()
    while chunk := file.read(min(_CHUNK, expected + 1 - len(body))):
        body += chunk
    if len(body) != expected:
        held = "more" if len(body) > expected else f"{len(body):,}"
        raise InputError(
            f"{path.name} should hold {expected:,} bytes for shape {list(shape)} but holds {held}: get it again."
        )
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(file: IO[bytes] | gzip.GzipFile, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape; the file then stands at the first number."""
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= 4:
        raise InputError(f"{path.name} is not an IDX file: its first bytes are not those of one.")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise InputError(f"{path.name} ends inside its header: get the file again.")
    return np.dtype(_TYPES[head[2]]), struct.unpack(f">{head[3]}I", sizes)


def is_idx_folder(path: Path) -> bool:
    """Whether a folder holds IDX files of pictures."""
    return bool(_image_files(path))


def load(path: Path, source: str, split: Split) -> Dataset:
    """Open an image file, or the folder that holds one, with its labels where they lie beside it.

    Raises
    ------
    InputError
        When there is no usable image file.
    """
    if path.is_dir():
        found = {_split_of(p): p for p in reversed(_image_files(path))}
        if not found:
            raise InputError(
                f"“{source}” holds no IDX files (names like train-images-idx3-ubyte.gz): "
                "name the folder that has them, or use “digits”."
            )
        chosen = found.get(split) or next(iter(found.values()))
        name = path.resolve().name
    else:
        found, chosen, name = {}, path, path.name.split("-images")[0].split(".")[0]
    images = _images(chosen)
    labels, rejected = _labels_beside(chosen, len(images))
    splits = {s: _count(p) for s, p in sorted(found.items(), reverse=True)} if len(found) > 1 else {}
    return Dataset(
        source=source,
        name=name,
        images=images,
        labels=labels,
        label_names=tuple(str(i) for i in range(int(labels.max()) + 1)) if labels is not None else (),
        split=_split_of(chosen),
        splits=splits,
        rejected=tuple(rejected),
    )


def _images(path: Path) -> NDArray[np.uint8]:
    """uint8 [N, H, W, C] of an image file."""
    array = read(path)
    if array.dtype != np.uint8 or array.ndim not in (3, 4):
        raise InputError(
            f"{path.name} holds {array.dtype} numbers in {array.ndim} dimensions; pictures are bytes in 3 or 4 "
            "(is it the file of labels?)."
        )
    if array.ndim == 3:
        array = array[..., None]
    if array.shape[3] not in (1, 3):
        raise InputError(
            f"{path.name} has pictures of {array.shape[3]} channels; 1 (grey) or 3 (colour) can be used."
        )
    if 0 in array.shape:
        raise InputError(f"{path.name} holds no pictures.")
    return np.ascontiguousarray(array, dtype=np.uint8)


def _image_files(folder: Path) -> list[Path]:
    """IDX image files in `folder`, training parts first. Either dot or dash before "idx" is in use."""
    try:
        with os.scandir(folder) as entries:  # no path for each file of a folder that may hold a million others
            names = [folder / e.name for e in entries if "images" in e.name and "idx" in e.name and e.is_file()]
    except OSError as error:
        raise InputError(f"“{folder}” cannot be read: {error.strerror}.") from None
    return sorted(names, key=lambda p: (_split_of(p) != "train", p.name))


def _split_of(path: Path) -> Split:
    return "test" if any(word in path.name for word in ("t10k", "test")) else "train"


def _count(path: Path) -> int:
    """Number of items from the header alone; 0 when the file cannot be read, which `load` explains if chosen."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw) as file:
                    head = file.read(8)
            else:
                head = raw.read(8)
        return struct.unpack(">I", head[4:8])[0]
    except (OSError, EOFError, zlib.error, struct.error):
        return 0


def _labels_beside(images: Path, count: int) -> tuple[NDArray[np.int64] | None, list[Rejected]]:
    """Labels from the file named like the images'; what is wrong with it is said, and training needs none."""
    stem = images.name.split("images")[0] + "labels"
    try:
        beside = sorted(images.parent.iterdir())
    except OSError as error:
        return None, [Rejected(stem, f"The folder “{images.parent}” cannot be listed: {error.strerror}.")]
    for path in beside:
        if not path.name.startswith(stem) or "idx" not in path.name:
            continue
        try:
            array = read(path)
            if array.ndim == 2 and array.shape[1]:  # QMNIST keeps the class in the first of eight columns
                array = array[:, 0]
            if array.ndim != 1 or len(array) != count or array.dtype.kind not in "iu":
                raise InputError(f"{path.name} has labels of shape {list(array.shape)} for {count:,} pictures.")
            labels = array.astype(np.int64)
            if labels.size and not 0 <= labels.min() <= labels.max() < 10_000:
                raise InputError(f"{path.name} has labels outside 0 to 9,999.")
            return labels, []
        except InputError as error:
            return None, [Rejected(path.name, str(error))]
    return None, []
