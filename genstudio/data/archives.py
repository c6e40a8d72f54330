"""Zip archives as listings: the directory is read, nothing is unpacked, and no name ever becomes a path.

The central directory is walked record by record instead of by `zipfile`, which makes an object of half a kilobyte
for each of the members that a hostile archive claims, before anybody can look or stop.
Format: PKWARE, ".ZIP File Format Specification" 6.3.10, sections 4.3.12 to 4.3.16.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data.grouping import arrange
from genstudio.data.items import Listing, Watch
from genstudio.data.tree import METHODS, Entry, Pace, Tree, hidden, shown, uncollected

#: Members of one archive; their names alone take about 300 bytes each in memory.
MOST_MEMBERS = 500_000
MOST_BYTES = 256 << 20
MOST_RATIO = 1000  # deflate cannot do better than 1,032, and only for data that is all the same
_LONGEST_NAME = 1000
_END, _END64, _LOCATOR64 = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
_RECORD = struct.Struct("<4s6H3I5H2I")
_LONGEST_COMMENT = 1 << 16
_UTF8, _ENCRYPTED, _PATCHED = 0x800, 0x2041, 0x20
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the central directory lies. `shift` bytes stand before the archive, a program that unpacks itself."""

    start: int
    size: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Member:
    """One record of the central directory; `raw` is the name as `zipfile` has it."""

    raw: str
    plain: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    place: int
    header: int


class UnreadableError(InputError):
    """An archive that is none, is damaged, or holds more than may be read; the sentence names it."""


def listing(path: Path, source: str, config: DataConfig, watch: Watch) -> Listing:
    """Everything that a zip archive holds.

    Parameters
    ----------
    source : str
        What a person named, for messages.
    watch : Watch
        Told at most ten times a second; `Cancelled` passes through.

    Raises
    ------
    InputError
        When it is damaged, too large, or holds nothing that can be used; the sentence names it.
    """
    tree = Tree(Pace(watch, "looking through the archive", source), archive=True)
    with uncollected():
        scan(path, tree)
        return arrange(tree, source, shown(path.stem), config)


def scan(path: Path, tree: Tree, folder: str = "") -> None:
    """Add the members of an archive to a tree.

    Parameters
    ----------
    folder : str
        What stands before their names: where the archive lies within the source, and its stem.

    Raises
    ------
    UnreadableError
        When it is no archive, damaged, or has more than 500,000 members; the sentence names it.
    InputError
        When the tree has too many entries.
    """
    name = shown(path.name)
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise UnreadableError(f"{name} cannot be read: it is not a file.")
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            members = _sound(_records(file, _directory(file, name), name), tree, folder)
            _add(members, tree, os.fspath(path), folder)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror or error}.") from None
    tree.seals.append(f"{folder}\0{facts.st_size}\0{facts.st_mtime_ns}")


def _damaged(name: str) -> InputError:
    return UnreadableError(
        f"{name} is not a zip archive, or it is damaged or was cut short while copying: get it again."
    )


# --- where the directory lies ----------------------------------------------------------------------------


def _directory(file: IO[bytes], name: str) -> _Directory:
    """Find the directory from the end of the file; the count stated there is refused before anything is read."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _LONGEST_COMMENT - _END.size))
    before, tail = file.tell(), file.read()
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0 and not _is_end(tail, place):  # these four bytes may stand in the comment as well
        place = tail.rfind(b"PK\x05\x06", 0, place)
    if place < 0:
        raise _damaged(name)
    _, disk, _, _, count, size, offset, _ = _END.unpack_from(tail, place)
    end = before + place
    if large := _large(file, end):
        count, size, offset, end = large
    elif disk:
        raise UnreadableError(f"{name} is one part of an archive in several: put them together first.")
    if count > MOST_MEMBERS:
        raise UnreadableError(
            f"{name} holds {count:,} members, more than {MOST_MEMBERS:,}: unpack it and name the folder."
        )
    shift = end - size - offset
    if shift < 0:
        raise _damaged(name)
    return _Directory(offset + shift, size, shift)


def _is_end(tail: bytes, place: int) -> bool:
    return place + _END.size <= len(tail) and place + _END.size + _END.unpack_from(tail, place)[-1] <= len(tail)


def _large(file: IO[bytes], end: int) -> tuple[int, int, int, int] | None:
    """(count, size, offset, where its record begins) of an archive beyond 4 GB or 65,535 members, if it is one."""
    place = end - _LOCATOR64.size - _END64.size  # where all known programs put it
    if place < 0:
        return None
    file.seek(place)
    record, locator = file.read(_END64.size), file.read(_LOCATOR64.size)
    if locator[:4] != b"PK\x06\x07" or record[:4] != b"PK\x06\x06":
        return None
    *_, count, size, offset = _END64.unpack(record)
    return count, size, offset, place


# --- what the directory says -----------------------------------------------------------------------------


def _records(file: IO[bytes], directory: _Directory, name: str) -> Iterator[_Member]:
    """The records one by one; only one of them is in memory."""
    file.seek(directory.start)
    left, count = directory.size, 0
    while left > 0:
        head = file.read(_RECORD.size)
        if len(head) < _RECORD.size or head[:4] != b"PK\x01\x02":
            raise _damaged(name)
        fields = _RECORD.unpack(head)
        tail_sizes = fields[10:13]
        tail = file.read(sum(tail_sizes))
        left -= len(head) + len(tail)
        count += 1
        if len(tail) < sum(tail_sizes) or left < 0:
            raise _damaged(name)
        if count > MOST_MEMBERS:
            raise UnreadableError(f"{name} holds more than {MOST_MEMBERS:,} members: unpack it and name the folder.")
        yield _member(fields, tail, directory.shift, name)


def _member(fields: tuple[int, ...], tail: bytes, shift: int, name: str) -> _Member:
    flags, method, crc, packed, size, length, extra = fields[3], fields[4], *fields[7:12]
    data = tail[:length]
    try:
        raw = data.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise _damaged(name) from None
    plain = raw
    if not flags & _UTF8 and not data.isascii():
        # many programs write UTF-8 without saying so; what decodes as UTF-8 by chance is very rare
        with contextlib.suppress(UnicodeDecodeError):
            plain = data.decode("utf-8")
    place, header = fields[16], _RECORD.size + length
    size, packed, place = _wide(tail[length : length + extra], size, packed, place)
    return _Member(raw, plain, flags, method, crc, packed, size, fields[15] >> 16, place + shift, header)


def _wide(extra: bytes, *values: int) -> list[int]:
    """Put the 64-bit numbers of extra field 1 where the record says that they do not fit."""
    result, at = list(values), 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            result = [next(numbers, value) if value == 0xFFFFFFFF else value for value in values]
        at += 4 + length
    return result


# --- what can be used of it ------------------------------------------------------------------------------


def _sound(members: Iterator[_Member], tree: Tree, folder: str) -> Iterator[tuple[_Member, str]]:
    """Members that are plain and harmless, with their names to show; the others are rejected with the reason."""
    taken: set[str] = set()
    for member in members:
        tree.count()
        parts = [part for part in member.plain.replace("\\", "/").split("/") if part not in ("", ".")]
        if ".." not in parts and any(hidden(part) for part in parts):
            continue
        reason = _objection(member, parts)
        if reason is None and (not parts or member.plain.endswith(("/", "\\"))):
            continue  # a folder
        name = shown("/".join(parts))
        key = name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
        if reason is None and key in taken:
            reason = "has the same name as another member, or differs only in capitals or accents"
        if reason is not None:
            tree.reject(f"{folder}/{member.plain}" if folder else member.plain, reason)
            continue
        taken.add(key)
        yield member, name


def _objection(member: _Member, parts: list[str]) -> str | None:
    """Why a member must not be used, None when nothing is wrong with it."""
    plain, kind = member.plain, stat.S_IFMT(member.mode)
    if "\0" in plain:
        return "has a name with a NUL byte"
    if len(plain) > _LONGEST_NAME:
        return f"has a name of {len(plain):,} characters, more than {_LONGEST_NAME:,}"
    if plain.startswith(("/", "\\")) or _DRIVE.match(plain):
        return "has a name that begins at a root or a drive, not inside the archive"
    if ".." in parts:
        return "has a name that leads out of the archive"
    if kind == stat.S_IFLNK:
        return "is a link, not a file"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is not a plain file"
    if member.flags & _ENCRYPTED:
        return "is encrypted: unpack it with its password and pack it again"
    if member.size > MOST_BYTES:
        return f"would unpack to {member.size / 2**20:,.0f} MB, more than {MOST_BYTES >> 20}"
    if member.size > MOST_RATIO * member.packed:
        return f"would unpack to more than {MOST_RATIO:,} times its size, as only a trap does"
    if member.method not in METHODS or member.flags & _PATCHED:
        return f"is packed by a method ({member.method}) that cannot be read: pack it again as usual"
    return None


def _add(members: Iterator[tuple[_Member, str]], tree: Tree, path: str, folder: str) -> None:
    """Add them, but those whose bytes lie within the bytes of another: so do bombs that unpack without end."""
    before = f"{folder}/" if folder else ""
    found: list[tuple[int, int, Entry]] = []
    for member, name in members:
        raw = member.raw.replace("\\", "/") if os.sep == "\\" else member.raw  # as `zipfile` does there
        entry = Entry(before + name, path, member.size, member.crc, raw, member.place)
        # the least that it can take: extra fields of the local header are not known here
        found.append((member.place, member.place + member.header - 16 + member.packed, entry))
    found.sort(key=lambda each: each[0])
    reached = 0
    for start, end, entry in found:
        if start < reached:
            tree.reject(entry.name, "shares its bytes with another member, as only a trap does")
            continue
        reached = end
        tree.entries.append(entry)
