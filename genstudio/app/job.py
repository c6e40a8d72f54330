"""A training in a thread of its own: drives the engine's generator and hands its events over in batches."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Generator

from PySide6.QtCore import QThread, Signal

from genstudio.core.errors import Cancelled, GenStudioError
from genstudio.core.events import Event, Preparing
from genstudio.data.items import Watch

_EVERY = 1 / 30  # seconds between batches: what an eye can follow
Events = Generator[Event, None, None]


class Job(QThread):
    """Iterates events until they end or somebody asks to stop.

    It overrides `run` and owns its signals: with a worker moved to a thread, a function connected to the
    worker's signal would run in the worker's thread. It has no parent: a parent that dies takes a running
    thread with it and the process aborts.

    Signals
    -------
    ready()
        News wait; answer with `collect`. At most one is under way.
    ended(str, str, str)
        State ("finished", "stopped" or "failed"), a sentence, a traceback. Believe this one: Qt's own
        ``finished`` comes after an exception too.
    """

    ready = Signal()
    ended = Signal(str, str, str)

    def __init__(self, make_events: Callable[[Watch], Events]) -> None:
        super().__init__()
        self.setObjectName("training")
        self._make_events = make_events
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._go.set()
        self._stopping = threading.Event()
        self._lines: list[Event] = []
        self._newest: dict[str, Event] = {}
        self._pending = False
        self._due = 0.0

    # --- in the window's thread ----------------------------------------------------------------------

    def collect(self) -> list[Event]:
        """All events since the last call, of those with a slot the newest only."""
        with self._lock:
            events, self._pending = [*self._lines, *self._newest.values()], False
            self._lines, self._newest = [], {}
        return events

    def pause(self) -> None:
        """Stop iterating after the event under way; the model stays in memory."""
        self._go.clear()

    def resume(self) -> None:
        """Go on iterating."""
        self._go.set()

    def stop(self) -> None:
        """Close the generator at its next event, which saves; returns at once."""
        self._stopping.set()
        self._go.set()

    @property
    def paused(self) -> bool:
        return not self._go.is_set()

    # --- in its own thread ---------------------------------------------------------------------------

    def run(self) -> None:
        """Iterate; called by Qt in the new thread."""
        state, text, detail = "finished", "", ""
        self._due = 0.0
        try:
            with contextlib.closing(self._make_events(self._prepares)) as events:
                if self._drive(events):
                    state = "stopped"
        except Cancelled:
            state = "stopped"
        except GenStudioError as error:
            state, text = "failed", str(error)
        except BaseException as error:  # whatever it was, the window must hear of it
            state, text = "failed", f"Training ended by an error in GenStudio: {type(error).__name__}: {error}"
            detail = traceback.format_exc()
        self.ready.emit()
        self.ended.emit(state, text, detail)

    def _drive(self, events: Events) -> bool:
        """True when it was stopped before the events ended."""
        for event in events:
            self._tell(event)
            if not self._go.is_set():
                self.ready.emit()  # show where it stands before it sleeps
                self._go.wait()
            if self._stopping.is_set():
                return True
        return False

    def _prepares(self, what: str, done: int, total: int) -> None:
        """The watch of data that is prepared before the first event."""
        self._tell(Preparing(what, done, total))
        if self._stopping.is_set():
            raise Cancelled("The preparation of the data was stopped.")

    def _tell(self, event: Event) -> None:
        self._keep(event)
        if not self._pending and time.monotonic() >= self._due:
            self._pending, self._due = True, time.monotonic() + _EVERY
            self.ready.emit()

    def _keep(self, event: Event) -> None:
        slot: str | None = getattr(event, "slot", None)
        with self._lock:
            if slot is None:
                self._lines.append(event)
            else:
                self._newest[slot] = event
