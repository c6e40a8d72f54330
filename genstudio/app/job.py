"""A training in a thread of its own: drives the engine's generator and hands its events over in batches."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import traceback
from collections.abc import Callable, Generator

from PySide6.QtCore import QThread, Signal

from genstudio.core.errors import Cancelled, GenStudioError
from genstudio.core.events import Event, Preparing, Stepped
from genstudio.data.items import Watch

_EVERY = 1 / 30  # seconds between batches: what an eye can follow
Events = Generator[Event, None, None]


class Job(QThread):
    """Iterates events until they end or somebody asks to stop; while it is paused, `nudge` makes it call `idle`.

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

    def __init__(self, make_events: Callable[[Watch], Events], idle: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.setObjectName("training")
        self._make_events, self._idle = make_events, idle
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._go.set()
        self._stopping = threading.Event()
        self._awake = threading.Event()  # set when a slow job has something else to do than to wait
        self._pace = self._stepped_at = 0.0  # seconds a step; when the last one was shown
        self._step = 0  # the newest one that was heard of
        self._last: int | None = None  # the first step after this one is the last before it waits
        self._kept: dict[str | int, Event] = {}  # by slot or number, in the order in which they came
        self._numbers = itertools.count()
        self._pending = False
        self._due = 0.0

    # --- in the window's thread ----------------------------------------------------------------------

    def collect(self) -> list[Event]:
        """All events since the last call, of those with a slot the newest only."""
        with self._lock:
            events, self._pending = list(self._kept.values()), False
            self._kept = {}
        return events

    def pause(self) -> None:
        """Stop iterating after the event under way; the model stays in memory."""
        self._go.clear()
        self._awake.set()

    def resume(self) -> None:
        """Go on iterating."""
        self._last = None
        self._go.set()
        self._awake.set()

    def nudge(self) -> None:
        """Wake it up when it is paused, to do what waits for it between two steps."""
        self._awake.set()

    def set_pace(self, seconds: float) -> None:
        """Leave each step so many seconds; needs events that tell when a step is over (`Stepped`)."""
        self._pace = seconds
        self._awake.set()

    def take_one_step(self) -> None:
        """Iterate to the end of one more step than was told so far, then pause again; needs `Stepped` too."""
        self._last = self._step
        self._go.set()
        self._awake.set()

    def stop(self) -> None:
        """Close the generator at its next event, which saves; returns at once."""
        self._stopping.set()
        self._go.set()
        self._awake.set()

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
            self._step = max(self._step, getattr(event, "step", 0))
            if isinstance(event, Stepped):
                self._after_step(event.step)
            if not self._go.is_set():
                self.ready.emit()  # show where it stands before it sleeps
                self._sleep()
            if self._stopping.is_set():
                return True
        return False

    def _sleep(self) -> None:
        """Wait until it may go on; whoever nudges it meanwhile is answered."""
        while not self._go.is_set():
            self._awake.clear()
            self._idle()
            if not self._go.is_set():
                self._awake.wait()

    def _after_step(self, step: int) -> None:
        """Wait as long as the pace says, or pause after a single step; what was done is shown meanwhile."""
        if self._last is not None:
            if step > self._last:
                self._last = None
                self._go.clear()
            return
        told = False
        while (left := self._stepped_at + self._pace - time.monotonic()) > 0 and self._patient():
            if not told:
                self.ready.emit()
                told = True
            self._awake.wait(left)
            self._awake.clear()
        self._stepped_at = time.monotonic()

    def _patient(self) -> bool:
        """Nothing else is asked for than to wait."""
        return self._go.is_set() and not self._stopping.is_set() and self._last is None

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
            key = next(self._numbers) if slot is None else slot
            self._kept.pop(key, None)  # the newest of a slot comes when it was told
            self._kept[key] = event
