"""What a source lists before anything is decoded: items, where their bytes lie, and what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["image", "audio", "text"]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

#: Told (what is being done, how much of it is done, how much there is; 0 while unknown). It may raise `Cancelled`.
Watch = Callable[[str, int, int], None]


def unwatched(what: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that cannot be used, and why, in words."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Blob:
    """Where the bytes of one picture, sound or text lie; nothing of it has been read.

    Attributes
    ----------
    path : str
        A plain file of this computer.
    member : str
        Name inside the archive at `path`; empty for a file of its own.
    start, size : int
        The bytes within `path`; -1 for all of it. Of a member, `size` is what the archive says it unpacks to.
    """

    path: str
    member: str = ""
    start: int = -1
    size: int = -1


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to learn from, in one or several modalities.

    Attributes
    ----------
    name : str
        Unique within the source, with "/" between folders; shown as it is.
    blobs : mapping of kind to Blob
        What has to be decoded. An "image" blob may turn out to be something else: content decides, not the name.
    text : str or None
        A text that is known already, from a column of a table.
    label, group : str or None
    split : Split or None
        Part that the source itself puts it into.
    """

    name: str
    blobs: Mapping[Kind, Blob] = field(default_factory=dict)
    text: str | None = None
    label: str | None = None
    split: Split | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that a source holds, in natural order of the names.

    Attributes
    ----------
    stamp : str
        Changes when the content changes: a hash over names, sizes and times.
    spool : Path or None
        A file made for this listing that holds the bytes of some blobs; deleted after use by who asked for it.
    notes : tuple of str
        What else a person should know, in sentences.
    """

    source: str
    name: str
    items: tuple[Item, ...]
    stamp: str
    rejected: tuple[Rejected, ...] = ()
    spool: Path | None = None
    notes: tuple[str, ...] = ()


def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key in which "2.png" comes before "10.png", as file managers have it.

    Digits that are not plain 0 to 9, such as "²", count as letters; numbers of any length are whole numbers.
    """
    parts = re.split(r"([0-9]{1,4000})", name)
    return tuple((0, int(part)) if i % 2 else (1, part) for i, part in enumerate(parts))


def split_called(word: str) -> Split | None:
    """The part that a folder, file or cell of this name means, None when it means none."""
    plain = word.strip().lower()
    if plain.startswith("train"):
        return "train"
    if plain in ("val", "valid", "vala", "valb", "validation", "dev"):
        return "validation"
    return "test" if plain in ("test", "testing", "testa", "testb", "t10k", "eval") else None
