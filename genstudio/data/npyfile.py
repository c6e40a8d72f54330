"""NumPy's files, read without its own reader: headers are matched, never evaluated, and nothing is unpickled.

Format: NEP 1, "A simple file format for NumPy arrays", https://numpy.org/neps/nep-0001-npy-format.html ; an ``.npz``
is a zip archive of such files.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.archives import scan
from genstudio.data.items import unwatched
from genstudio.data.tree import Pace, Tree

LIMIT = 8 << 30
_CHUNK = 16 << 20
_LONGEST_HEADER = 1 << 16
_MOST_MEMBERS = 10_000
_MAGIC = b"\x93NUMPY"
_ITEM = r"\s*['\"](descr|fortran_order|shape)['\"]\s*:\s*('[^'\\]*'|\"[^\"\\]*\"|True|False|\([0-9L,\s]*\))\s*"
_HEADER = re.compile(rf"\s*\{{{_ITEM},{_ITEM},{_ITEM},?\s*\}}\s*")
#: What `zipfile` raises for archives that are not in order; RuntimeError is for encrypted ones.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, LookupError, EOFError, RuntimeError)
_PLAIN = re.compile(r"[<>|=]?([biufcSU])(\d{1,10})|\?")


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes say: type, shape, order, and where the numbers begin.

    Attributes
    ----------
    nbytes : int
        Bytes that the numbers take.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], name: str) -> Header:
    """Read and check a header; the file then stands where the numbers begin.

    Raises
    ------
    InputError
        When it is not one, holds Python objects, or claims more than 8 GiB; the sentence names the file.
    """
    head = file.read(8)
    if head[:6] != _MAGIC or len(head) < 8:
        raise InputError(f"{name} is not a NumPy file: its first bytes are not those of one.")
    wide = head[6] >= 2
    if head[6] not in (1, 2, 3):
        raise InputError(f"{name} is a NumPy file of version {head[6]}, which is not known.")
    count = file.read(4 if wide else 2)
    if len(count) < (4 if wide else 2):
        raise InputError(f"{name} ends inside its header: get the file again.")
    (length,) = struct.unpack("<I" if wide else "<H", count)
    if length > _LONGEST_HEADER:
        raise InputError(f"{name} has a header of {length:,} bytes, more than {_LONGEST_HEADER:,}: it is damaged.")
    text = file.read(length)
    if len(text) < length:
        raise InputError(f"{name} ends inside its header: get the file again.")
    dtype, shape, fortran = _parsed(text.decode("utf-8", "replace"), name)
    header = Header(dtype, shape, fortran, 8 + len(count) + length)
    if header.nbytes > LIMIT:
        raise InputError(f"{name} says it holds {header.nbytes / 2**30:,.0f} GiB, more than the limit of 8 GiB.")
    return header


def _parsed(text: str, name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """(dtype, shape, fortran order) of the text of a header."""
    found = _HEADER.fullmatch(text)
    fields = dict(zip(found.groups()[::2], found.groups()[1::2], strict=True)) if found else {}
    descr, order, sizes = (fields.get(key, "") for key in ("descr", "fortran_order", "shape"))
    if len(fields) < 3 or order not in ("True", "False") or descr[:1] not in ("'", '"') or sizes[:1] != "(":
        kind = "several fields per item" if re.search(r"['\"]descr['\"]\s*:\s*\[", text) else "a damaged header"
        raise InputError(f"{name} has {kind}: plain arrays of numbers or text can be used.")
    descr = descr[1:-1]
    if "O" in descr:
        raise InputError(
            f"{name} holds Python objects, and reading them (pickle) can run code: it was not opened. Save plain "
            "arrays instead."
        )
    words = [word.strip().rstrip("L") for word in sizes.strip("()").split(",") if word.strip()]
    if not _PLAIN.fullmatch(descr) or len(words) > 32 or not all(w.isdigit() and len(w) < 19 for w in words):
        raise InputError(f"{name} holds “{descr[:40]}” values of shape {sizes[:80]}: plain arrays can be used.")
    try:
        return np.dtype(descr), tuple(int(word) for word in words), order == "True"
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} holds “{descr[:40]}” values, which no plain array has.") from None


def open_npy(path: Path) -> NDArray[Any]:
    """A ``.npy`` file as a memory map that only reads; native byte order is not promised.

    Raises
    ------
    InputError
        When it is none, or not as long as its header says.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise InputError(f"{path.name} cannot be read: it is not a file.")
        with path.open("rb") as file:
            header = read_header(file, path.name)
        held = path.stat().st_size - header.offset
        if held != header.nbytes:
            raise InputError(_wrong_length(path.name, header, f"{held:,}"))
        if not header.nbytes:
            raise InputError(f"{path.name} holds nothing: its shape is {list(header.shape)}.")
        order = "F" if header.fortran else "C"
        return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _wrong_length(name: str, header: Header, held: str) -> str:
    return (
        f"{name} should hold {header.nbytes:,} bytes for shape {list(header.shape)} but holds {held}: get it again."
    )


class _Few(Tree):
    """Counts the members of an archive before anything is made of each."""

    def count(self) -> None:
        self.seen += 1
        if self.seen > _MOST_MEMBERS:
            raise InputError(f"{self.pace.name} holds more than {_MOST_MEMBERS:,} arrays.")


class Npz:
    """The arrays of an ``.npz``, read one by one when asked for.

    Raises
    ------
    InputError
        From all methods, when the archive or an array in it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        name = path.name
        scan(path, _Few(Pace(unwatched, "", name)))  # names it when it is no archive at all
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror or error}.") from None
        except _BROKEN as error:
            raise InputError(f"{name} is not an .npz file, or it is damaged ({error}): get it again.") from None
        self._members = {m.filename.removesuffix(".npy"): m for m in members if m.filename.endswith(".npy")}
        self._left = LIMIT

    def __contains__(self, key: str) -> bool:
        return key in self._members

    @property
    def keys(self) -> list[str]:
        """Names of the arrays in the order of the file."""
        return list(self._members)

    def header(self, key: str) -> Header:
        """Type and shape of an array; its numbers are not read."""
        return self._read(key)[0]

    def read(self, key: str) -> NDArray[Any]:
        """An array in memory; all that are read may take 8 GiB together."""
        array = self._read(key, whole=True)[1]
        assert array is not None
        return array

    def _read(self, key: str, whole: bool = False) -> tuple[Header, NDArray[Any] | None]:
        name = f"“{key}” in {self.path.name}"
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self._members[key]) as file:
                header = read_header(file, name)
                return header, self._filled(file, header, name) if whole else None
        except InputError:  # is a ValueError as well
            raise
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror or error}.") from None
        except _BROKEN as error:
            raise InputError(f"{name} is damaged or cannot be unpacked ({error}): get the file again.") from None

    def _filled(self, file: IO[bytes], header: Header, name: str) -> NDArray[Any]:
        """The numbers; memory is taken as they come, not as the header claims."""
        self._left -= header.nbytes
        if self._left < 0:
            raise InputError(f"{self.path.name} holds more than 8 GiB of arrays: split it.")
        body = bytearray()
        while chunk := file.read(min(_CHUNK, header.nbytes + 1 - len(body))):
            body += chunk
        if len(body) != header.nbytes:
            held = "more" if len(body) > header.nbytes else f"{len(body):,}"
            raise InputError(_wrong_length(name, header, held))
        if not header.nbytes:
            raise InputError(f"{name} holds nothing: its shape is {list(header.shape)}.")
        order = "F" if header.fortran else "C"
        return np.frombuffer(body, header.dtype).reshape(header.shape, order=order)
