"""Runs that wait for their turn, kept as ``queue.json`` beside the runs so that a crash forgets none.

The file is data of strangers like any other: each entry is checked, and what is damaged is put aside and told.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.core.spec import RunSpec
from genstudio.engine.names import safe_name

ItemState = Literal["waiting", "training", "interrupted", "finished", "stopped", "failed"]
MOST = 1000
_LARGEST = 16 << 20  # bytes; a thousand entries have three million
_FILE = "queue.json"


class Item(BaseModel):
    """One entry; frozen.

    Attributes
    ----------
    number : int
        Names it within its queue.
    name : str
        What its run is to be called.
    state : str
        "interrupted": GenStudio ended while it trained; it goes on when its turn comes again.
    text : str
        Why it failed, in a sentence.
    run : str
        Name of its run folder once it has begun.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    number: int = Field(ge=1, le=2**53)
    name: str = Field(max_length=255)
    spec: RunSpec
    state: ItemState = "waiting"
    text: str = Field(default="", max_length=10_000)
    run: str = Field(default="", max_length=255)

    @property
    def waits(self) -> bool:
        """Whether its turn is still to come."""
        return self.state in ("waiting", "interrupted")


class Queue:
    """The entries in their order. Changes are made in one thread; `save` may be called from any.

    Attributes
    ----------
    items : tuple of Item
    notes : list of str
        Sentences about what was found damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: tuple[Item, ...] = ()
        self.notes: list[str] = []
        self._lock = FileLock(folder / ".queue.lock", timeout=0, thread_local=False)
        self._writing = threading.Lock()

    @property
    def path(self) -> Path:
        return self.folder / _FILE

    @property
    def waiting(self) -> int:
        """How many entries wait for their turn."""
        return sum(item.waits for item in self.items)

    def next(self) -> Item | None:
        """The first entry whose turn is still to come."""
        return next((item for item in self.items if item.waits), None)

    # --- changing ------------------------------------------------------------------------------------

    def add(self, spec: RunSpec, name: str) -> Item:
        """Append a run.

        Raises
        ------
        InputError
            When the queue is full, or belongs to another program (as for all changes).
        """
        self.own()
        if len(self.items) >= MOST:
            raise InputError(f"The queue holds {MOST:,} runs: let some of them train first.")
        number = max((item.number for item in self.items), default=0) + 1
        item = Item(number=number, name=safe_name(name), spec=spec)
        self.items = (*self.items, item)
        return item

    def remove(self, number: int) -> None:
        """Take an entry away, unless it trains now; its run, if there is one, stays."""
        self.own()
        self.items = tuple(i for i in self.items if i.number != number or i.state == "training")

    def clear_done(self) -> None:
        """Take away what has had its turn."""
        self.own()
        self.items = tuple(i for i in self.items if i.waits or i.state == "training")

    def order(self, numbers: Iterable[int]) -> None:
        """Bring the entries into this order; those that are not named come last, in their order."""
        self.own()
        known = {item.number: item for item in self.items}
        named = [known.pop(number) for number in numbers if number in known]
        self.items = (*named, *known.values())

    def mark(self, number: int, state: ItemState, text: str = "", run: str | None = None) -> None:
        """Give an entry another state, a reason, and the name of its run."""
        self.own()
        changes: dict[str, Any] = {"state": state, "text": text[:10_000]}
        if run is not None:
            changes["run"] = run
        self.items = tuple(i.model_copy(update=changes) if i.number == number else i for i in self.items)

    # --- keeping -------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read what an earlier session left; damaged entries are left out and told in `notes`."""
        if not self._lock.is_locked:  # else nobody changed the file but we
            self._read()

    def save(self) -> None:
        """Write the entries as they are now; without any there is no file.

        Raises
        ------
        WorkError
            When the disk refuses; the entries stay in memory.
        """
        with self._writing:  # whoever comes last writes what is newest
            items = self.items
            try:
                if items:
                    atomic.write_json(self.path, {"format": 1, "items": [item.model_dump() for item in items]})
                else:
                    self.path.unlink(missing_ok=True)
            except OSError as error:
                raise WorkError(
                    f"The queue cannot be saved to “{self.path}” ({error.strerror or error}): free some space or "
                    "make the folder writable, or it is lost when GenStudio ends."
                ) from error

    def close(self) -> None:
        """Let another program have the queue."""
        if self._lock.is_locked:
            self._lock.release()
            with contextlib.suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)

    def own(self) -> None:
        """Make sure that no other program changes this queue: it would train everything a second time.

        Raises
        ------
        InputError
            When another program has it, or the folder cannot be written to.
        """
        if self._lock.is_locked:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"The queue in “{self.folder}” is used by another GenStudio: close that one first."
            ) from None
        except OSError as error:
            raise InputError(f"“{self.folder}” cannot be written to: {error.strerror or error}.") from None
        self._read()  # another program may have changed it since

    def _read(self) -> None:
        try:
            if not self.path.exists():
                self.items = ()
                return
            if self.path.stat().st_size > _LARGEST:
                raise ValueError("too large")
            entries = json.loads(atomic.read_bytes(self.path))["items"]
            if not isinstance(entries, list):
                raise TypeError("not a list")
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self._put_aside("could not be read")
            return
        good = [item for item in map(_item, entries[:MOST]) if item is not None]
        kept = tuple({item.number: item for item in good}.values())
        if len(kept) < len(entries):
            self._put_aside(f"is damaged: entries that are not valid: {len(entries) - len(kept):,}")
        self.items = kept

    def _put_aside(self, what: str) -> None:
        copy = self.path.with_name(f"{_FILE}.bad")
        with contextlib.suppress(OSError):
            shutil.copyfile(self.path, copy)
        self.items = ()
        kept = f"what is damaged is left out, and a copy is kept as “{copy.name}”"
        self.notes.append(f"The queue “{self.path}” {what}: {kept}.")


def _item(entry: Any) -> Item | None:
    """A checked entry, or None; one that was training when the program ended was interrupted."""
    try:
        item = Item.model_validate_json(json.dumps(entry))
    except (ValidationError, ValueError, RecursionError):
        return None
    if item.run and safe_name(item.run) != item.run:  # it would lead elsewhere
        return None
    return item.model_copy(update={"state": "interrupted"}) if item.state == "training" else item
