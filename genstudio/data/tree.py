"""Files of a folder or members of an archive, as one list: names that can be shown, where the bytes lie, first bytes.

Nothing is ever unpacked to the disk: a member is read through its local header, at most as much as is asked for.
Format of archives: PKWARE, ".ZIP File Format Specification" 6.3.10, section 4.3.7.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gc
import os
import re
import stat
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from genstudio.core.errors import InputError
from genstudio.data.items import Blob, Rejected, Watch

#: Files, folders and members that are looked at in one source; more would take gigabytes for the names alone.
MOST_ENTRIES = 5_000_000
#: How archives may be packed: stored, deflated, bzip2. What is left out (LZMA, Zstandard ...) is very rare.
METHODS = (0, 8, 12)
_STEP = 1 << 16
_ODD = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_NUMBER = re.compile("[0-9]{1,4000}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, or one member of an archive.

    Attributes
    ----------
    name : str
        Relative to the source, with "/" between folders; can be shown, unique once the tree is `finished`.
    path, member : str
        As in `Blob`.
    size : int
        Bytes; of a member, after unpacking, as the archive says.
    mark : int
        Tells versions apart: time of the last change in ns, of a member its CRC-32.
    place : int
        Where the member's local header begins in the archive; -1 for a file.
    """

    name: str
    path: str
    size: int
    mark: int
    member: str = ""
    place: int = -1

    def blob(self) -> Blob:
        """Where the bytes lie, for who decodes them."""
        return Blob(self.path, self.member, size=self.size) if self.member else Blob(self.path)


@dataclass(slots=True)
class Tree:
    """Everything found in a source, before anybody asks what it is.

    Attributes
    ----------
    archive : bool
        The source is an archive itself, not a folder.
    seals : list of str
        What the stamp needs to know of whole archives.
    """

    pace: Pace
    archive: bool = False
    entries: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    seals: list[str] = field(default_factory=list)
    seen: int = 0

    def count(self) -> None:
        """One more thing looked at; raises `InputError` when there are too many. `Cancelled` passes through."""
        self.seen += 1
        self.pace(self.seen)
        if self.seen > MOST_ENTRIES:
            raise InputError(
                f"“{self.pace.name}” holds more than {MOST_ENTRIES:,} files: name one of its sub-folders instead."
            )

    def reject(self, name: str, reason: str) -> None:
        """Say why this file cannot be used."""
        self.rejected.append(Rejected(brief(name), reason))

    def finish(self) -> None:
        """Bring the entries into natural order and give each a name of its own, the same at every look."""

        def key(entry: Entry) -> str:
            self.pace(self.seen)
            return order(entry.name)

        self.entries.sort(key=key)
        if len({entry.name for entry in self.entries}) < len(self.entries):
            # only names that had to be escaped, or an archive beside a folder of its name, can meet here
            self.entries.sort(key=lambda entry: (order(entry.name), entry.place, entry.path))
            self.entries = _told_apart(self.entries)
            self.entries.sort(key=key)


class Pace:
    """Passes progress on at most ten times a second, so that telling costs nothing.

    Parameters
    ----------
    watch : Watch
    what : str
        What is being done.
    name : str
        The source, for messages.
    """

    def __init__(self, watch: Watch, what: str, name: str) -> None:
        self.watch, self.what, self.name = watch, what, name
        self.last = float("-inf")

    def __call__(self, done: int) -> None:
        """Tell how much is done, if it is time to; `Cancelled` passes through."""
        now = time.monotonic()
        if now - self.last >= 0.1:
            self.last = now
            self.watch(self.what, done, 0)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Hold the collector of reference cycles: there are none in a tree, and it takes seconds to see that."""
    held = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if held:
            gc.enable()


def shown(raw: str) -> str:
    """A name of the file system as it can be shown and written: undecodable bytes as "\\xff", newlines as "\\n"."""
    if raw.isprintable():
        return raw
    if any("\udc80" <= char <= "\udcff" for char in raw):
        # under an ASCII locale every byte beyond ASCII arrives as a surrogate, most of them good UTF-8;
        # half a pair of UTF-16, from a file system that allows it, is no byte and stays what it is
        with contextlib.suppress(UnicodeEncodeError):
            raw = raw.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return _ODD.sub(_escape, raw)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char) - 0xDC00 if "\udc80" <= char <= "\udcff" else ord(char)
    return _ESCAPES.get(char) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def brief(name: str, most: int = 300) -> str:
    """A name for a list of what cannot be used: shown, and without the middle of what is far too long."""
    name = shown(name)
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 :]}"


def hidden(name: str) -> bool:
    """Whether a file or folder of this name is left out without a word, as file managers do."""
    return name.startswith(".") or name.lower() in _HIDDEN


def order(name: str) -> str:
    """A string that sorts like `natural`, with the name itself for ties: a million of them sort in a second.

    Each number becomes NUL, its count of digits and the digits; NUL is in no name that can be shown.
    """
    return f"{_NUMBER.sub(_number, name)}\0\0{name}"


def _number(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return f"\0{chr(1 + len(digits))}{digits}"


def _told_apart(entries: list[Entry]) -> list[Entry]:
    """The same entries with numbers behind names that others had before."""
    given = {entry.name for entry in entries}
    taken: set[str] = set()
    result: list[Entry] = []
    for entry in entries:
        name, number = entry.name, 1
        while name in taken or (number > 1 and name in given):
            number += 1
            stem, dot, suffix = entry.name.rpartition(".")
            name = f"{stem} ({number}){dot}{suffix}" if stem and "/" not in suffix else f"{entry.name} ({number})"
        taken.add(name)
        result.append(entry if name == entry.name else replace(entry, name=name))
    return result


def read(entry: Entry, limit: int) -> bytes:
    """The first bytes of an entry.

    Parameters
    ----------
    limit : int
        Bytes at most; what an archive says about sizes is not believed.

    Raises
    ------
    OSError
        When it cannot be read, also for a damaged member; `strerror` says why.
    """
    with _open(entry.path) as file:
        if entry.place < 0:
            return file.read(limit)
        try:
            return _unpack(file, entry, limit)
        except (zlib.error, struct.error, EOFError, ValueError):
            raise OSError(errno.EIO, "it is damaged", entry.name) from None


def _open(path: str) -> IO[bytes]:
    """A plain file, opened; a pipe put in its place meanwhile is refused, not waited for."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a plain file", path)
    return os.fdopen(handle, "rb")


def _unpack(file: IO[bytes], entry: Entry, limit: int) -> bytes:
    file.seek(entry.place)
    signature, _, _, method, *_, name, extra = struct.unpack("<4s5H3I2H", file.read(30))
    if signature != b"PK\x03\x04" or method not in METHODS:
        raise ValueError
    file.seek(name + extra, os.SEEK_CUR)
    if method == 0:
        return file.read(min(limit, entry.size))
    if method == 12:
        unpacker = bz2.BZ2Decompressor()
        return _pump(file, limit, lambda data, most: unpacker.decompress(data, most), lambda: unpacker.eof)
    inflater = zlib.decompressobj(-15)
    return _pump(
        file,
        limit,
        lambda data, most: inflater.decompress(inflater.unconsumed_tail + data, most),
        lambda: inflater.eof,
    )


def _pump(file: IO[bytes], limit: int, unpack: Callable[[bytes, int], bytes], done: Callable[[], bool]) -> bytes:
    """Unpack up to `limit` bytes from where `file` stands, however much one packed byte may grow to."""
    result = bytearray()
    while len(result) < limit and not done():
        packed = file.read(_STEP)
        piece = unpack(packed, limit - len(result))
        result += piece
        if not packed and not piece:
            raise EOFError
    return bytes(result)
