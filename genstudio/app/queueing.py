"""Trains one queued run after the other in the session of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from genstudio.app.session import Session
from genstudio.core.errors import GenStudioError
from genstudio.core.spec import RunSpec
from genstudio.engine.queue import Item, ItemState, Queue


class QueueRunner(QObject):
    """The queue, and whether it goes on by itself.

    Attributes
    ----------
    active : bool
        Whether the next run begins as soon as nothing trains. Never after a start of GenStudio.

    Signals
    -------
    changed()
        Entries, their states or `active`.
    told(str)
        What a person should know.
    """

    changed = Signal()
    told = Signal(str)

    def __init__(
        self, session: Session, folder: Path, begin: Callable[[Item], Path], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._begin = session, begin
        self.queue = Queue(folder)
        self.active = False
        self._training: int | None = None  # number of the entry that trains

    @property
    def items(self) -> tuple[Item, ...]:
        """All entries in their order."""
        return self.queue.items

    @property
    def waiting(self) -> int:
        """How many entries wait."""
        return self.queue.waiting

    def load(self) -> None:
        """Read in the background what an earlier session left."""
        self._session.work.start("queue file", self.queue.load, lambda _: self._loaded())

    def _loaded(self) -> None:
        for note in self.queue.notes:
            self.told.emit(note)
        self.queue.notes.clear()
        self.changed.emit()

    # --- what a person does; each raises `InputError` when another program has the queue ----------------

    def add(self, spec: RunSpec, name: str) -> Item:
        """Append a run; while something trains, its turn comes by itself."""
        item = self.queue.add(spec, name)
        self.active = self.active or self._session.running
        self._changed()
        return item

    def remove(self, number: int) -> None:
        """Take an entry away."""
        self.queue.remove(number)
        self._changed()

    def order(self, numbers: Iterable[int]) -> None:
        """Bring the entries into this order."""
        self.queue.order(numbers)
        self._changed()

    def clear_done(self) -> None:
        """Take away what has had its turn."""
        self.queue.clear_done()
        self._changed()

    def start(self) -> None:
        """Train what waits, one after the other, after what trains now."""
        self.queue.own()
        self.active = self.waiting > 0
        if self.active and not self._session.running:
            self._begin_next()
        self.changed.emit()

    def pause(self) -> None:
        """Begin nothing more; what trains goes on."""
        self.active = False
        self.changed.emit()

    # --- what the session does -----------------------------------------------------------------------

    def ended(self, state: str, text: str, leaving: bool = False) -> bool:
        """A training ended; True when the next one has begun.

        With `leaving` nothing is begun any more, and what was stopped goes on in the next session.
        """
        number, self._training = self._training, None
        if number is not None and not (leaving and state == "stopped"):
            outcome: ItemState = "finished" if state == "finished" else "stopped" if state == "stopped" else "failed"
            self._mark(number, outcome, text)
        if leaving or not self.active:
            return False
        if state != "stopped":
            return self._begin_next()
        self.active = False
        if self.waiting:
            self.told.emit(f"The queue waits, because you stopped a run: {_runs(self.waiting)} to go.")
        self.changed.emit()
        return False

    def _begin_next(self) -> bool:
        while (item := self.queue.next()) is not None:
            try:
                path = self._begin(item)
            except GenStudioError as error:
                self._mark(item.number, "failed", str(error))
                continue
            self._training = item.number
            self._mark(item.number, "training", run=path.name)
            return True
        self.active = False
        failed = sum(item.state == "failed" for item in self.items)
        self.told.emit("The queue is done." + (f" {_runs(failed)} failed: it says why." if failed else ""))
        self.changed.emit()
        return False

    def close(self) -> None:
        """Let another program have the queue."""
        self.queue.close()

    def _mark(self, number: int, state: ItemState, text: str = "", run: str | None = None) -> None:
        self.queue.mark(number, state, text, run)
        self._changed()

    def _changed(self) -> None:
        self._session.work.start("queue", self.queue.save, lambda _: None)
        self.changed.emit()


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
