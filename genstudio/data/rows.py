"""Rows of a table become items whose bytes lie somewhere, or texts; what cannot be used is said row by row."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data.beside import Beside
from genstudio.data.columns import Texts
from genstudio.data.dataset import Dataset
from genstudio.data.items import Blob, Item, Kind, Listing, Rejected, Split, split_called
from genstudio.data.labels import divided, label_of, numbered
from genstudio.data.roles import Cell, Media, Role, Roles, is_empty
from genstudio.data.spool import Spool
from genstudio.data.text import LENGTH
from genstudio.data.tree import brief

MOST_CELL = 64 << 20
_MOST_TEXT = 1_000_000
_MOST_TEXTS = 8 << 30
_WORDS: dict[Kind, str] = {"image": "picture", "audio": "sound", "text": "text"}


@dataclass(frozen=True, slots=True)
class About:
    """A table: what a person named, its file name for sentences, a short title, and what changes with its content."""

    source: str
    file: str
    name: str
    stamp: str


class Rows:
    """Takes rows one by one and gives a `Listing`, or a `Dataset` of texts when there is nothing to decode.

    Parameters
    ----------
    classes : sequence of str
        Names of the labels 0, 1, ... where the table says them.
    """

    def __init__(
        self,
        about: About,
        roles: Roles,
        beside: Beside,
        spool: Spool,
        config: DataConfig,
        classes: Sequence[str] = (),
    ) -> None:
        self._about, self._roles, self._beside, self._spool, self._classes = about, roles, beside, spool, classes
        self._limit = config.text_length or LENGTH
        self._media: list[Kind] = [kind for kind in ("image", "audio") if getattr(roles, kind) is not None]
        self._rejected: list[Rejected] = []
        self._items: list[Item] = []
        self._names: set[str] = set()
        self._text, self._ends, self._cut = bytearray(), array("q", [0]), 0
        self._labels: list[str | None] = []
        self._splits: list[Split | None] = []
        self._unlabelled = 0
        self._odd_splits: dict[str, int] = {}
        self.seen = 0

    def add(self, number: int, cells: Mapping[Role, Cell]) -> None:
        """Take one row; `number` counts rows from 1."""
        self.seen += 1
        try:
            text = self._text_of(cells.get("text")) if self._roles.text is not None else None
            if self._media:
                self._add_item(number, cells, text)
            elif text is not None:
                self._add_text(cells, text)
        except _UnusableError as refusal:
            where = f"row {number}"
            self._rejected.append(
                Rejected(refusal.name or where, refusal.reason + (f" ({where})" if refusal.name else ""))
            )

    def reject(self, rejected: Rejected) -> None:
        """A row that could not even be read."""
        self.seen += 1
        self._rejected.append(rejected)

    def finish(self) -> Listing | Dataset:
        """What all rows make together.

        Raises
        ------
        InputError
            When no row can be used.
        """
        about = self._about
        if not self._items and not self._splits:
            reasons = "; ".join(f"{r.file} {r.reason}" for r in [*self._beside.rejected, *self._rejected][:3])
            told = f" None of its {self.seen:,} rows can be used: {reasons}." if reasons else ""
            raise InputError(f"{about.file} holds nothing to learn from.{told}")
        if not self._media:
            return self._texts()
        digest = hashlib.sha256(
            repr((about.stamp, about.file, self._roles, self._classes)).encode("utf-8", "replace")
        )
        digest.update(self._beside.stamp.digest())
        items, rejected = tuple(self._items), (*self._beside.rejected, *self._rejected)
        spool = self._spool.path if self._spool.used else None
        return Listing(about.source, about.name, items, digest.hexdigest(), rejected, spool, tuple(self._notes()))

    # --- one row ------------------------------------------------------------------------------------------

    def _text_of(self, cell: Cell) -> str:
        text = (
            cell.strip() if isinstance(cell, str) else "" if is_empty(cell) or isinstance(cell, Media) else str(cell)
        )
        if not text:
            raise _UnusableError(f"has no text in column “{self._roles.text}”")
        if len(text) > _MOST_TEXT:
            raise _UnusableError(f"has a text of {len(text):,} characters, more than {_MOST_TEXT:,}")
        self._cut += len(text) > self._limit
        return text[: self._limit]

    def _add_item(self, number: int, cells: Mapping[Role, Cell], text: str | None) -> None:
        blobs: dict[Kind, Blob] = {}
        name = ""
        for kind in self._media:
            found, blobs[kind] = self._blob(cells.get(kind), kind)
            name = name or found
        if not name or name in self._names:
            name = f"row {number}"
        while name in self._names:  # a file may be called "row 7"
            name += " again"
        self._names.add(name)
        label, split = self._label(cells.get("label")), self._split(cells.get("split"))
        group = cells.get("group")
        self._items.append(Item(name, blobs, text, label, split, None if is_empty(group) else str(group)))

    def _blob(self, cell: Cell, kind: Kind) -> tuple[str, Blob]:
        """(name, where the bytes lie) of a picture or sound."""
        if is_empty(cell):
            raise _UnusableError(f"has no {_WORDS[kind]} in column “{getattr(self._roles, kind)}”")
        data = cell.data if isinstance(cell, Media) else cell
        if isinstance(data, bytes) and data:
            if len(data) > MOST_CELL:
                raise _UnusableError(
                    f"has a {_WORDS[kind]} of {len(data) / 1e6:,.0f} MB, more than {MOST_CELL >> 20}"
                )
            path = cell.path if isinstance(cell, Media) and cell.path else ""
            return brief(path.replace("\\", "/").rsplit("/", 1)[-1]), self._spool.add(data)
        path = cell.path if isinstance(cell, Media) else cell
        if not isinstance(path, str):
            raise _UnusableError(f"has a number, not a {_WORDS[kind]}, in column “{getattr(self._roles, kind)}”")
        name, found = self._beside.find(path)
        if isinstance(found, str):
            raise _UnusableError(found, name)
        return name, found

    def _add_text(self, cells: Mapping[Role, Cell], text: str) -> None:
        self._text += text.encode("utf-8", "replace")
        if len(self._text) > _MOST_TEXTS:
            raise InputError(f"{self._about.file} holds more than 8 GiB of text: split it into several tables.")
        self._ends.append(len(self._text))
        self._labels.append(self._label(cells.get("label")))
        self._splits.append(self._split(cells.get("split")))

    def _label(self, cell: Cell) -> str | None:
        label = label_of(cell, self._classes)
        self._unlabelled += label is None
        return label

    def _split(self, cell: Cell) -> Split | None:
        if is_empty(cell):
            return None
        word = str(cell)
        split = split_called(word)
        if split is None and (word in self._odd_splits or len(self._odd_splits) < 100):
            self._odd_splits[word] = self._odd_splits.get(word, 0) + 1
        return split

    # --- all rows -----------------------------------------------------------------------------------------

    def _notes(self) -> list[str]:
        """What a person should know beside the rows that were rejected, in sentences."""
        notes = list(self._roles.notes)
        if self._roles.label is not None and self._unlabelled:
            notes.append(f"{self._unlabelled:,} rows have no label in column “{self._roles.label}”.")
        if self._odd_splits:
            words = ", ".join(f"“{brief(word, 40)}”" for word in list(self._odd_splits)[:5])
            where = f"Column “{self._roles.split}”" if self._roles.split is not None else "The data set"
            notes.append(
                f"{where} says {words} in {sum(self._odd_splits.values()):,} rows, which is no part that is known "
                "(train, validation, test)."
            )
        if self._cut:
            notes.append(f"{self._cut:,} texts were longer than {self._limit:,} characters and were cut.")
        return notes

    def _texts(self) -> Dataset:
        notes = self._notes()
        labels, names, note = numbered(self._labels if self._roles.label else (), self._classes)
        parts, counts = divided(self._splits)
        return Dataset(
            source=self._about.source,
            name=self._about.name,
            labels=labels,
            label_names=names,
            split="all" if parts is not None else "train",
            splits=counts,
            rejected=tuple(self._rejected),
            texts=Texts(np.frombuffer(self._text, np.uint8), np.frombuffer(self._ends, np.int64)),
            parts=parts,
            notes=tuple(notes + note),
        )


class _UnusableError(Exception):
    """Why a row cannot be used, to go on after its number, or after the file that it names."""

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(reason)
        self.reason, self.name = reason, name
