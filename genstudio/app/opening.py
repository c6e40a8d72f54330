"""Opening data off the window's thread: how far it is, stopping it, and only the newest one answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from genstudio.app.facts import Facts, count
from genstudio.app.work import Work
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, GenStudioError
from genstudio.data import Dataset, open_source
from genstudio.data.items import Watch

_POLL_MS = 100
_SURE = 1.0  # seconds of work after which an estimate of the rest is worth a look

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """How far work in the background is.

    Attributes
    ----------
    what : str
        What is being done: "preparing pictures".
    done, total : int
        `total` is 0 while it is unknown.
    remaining : float or None
        Estimated seconds until this step is done.
    """

    what: str
    done: int
    total: int
    remaining: float | None


class Follower:
    """A `Watch` for one piece of work: told by its thread, looked at by the window's.

    One tuple is replaced whole and no Qt is called, so that thousands of calls a second cost the worker nothing.
    """

    def __init__(self) -> None:
        self._told: tuple[str, int, int, float] = ("", 0, 0, time.monotonic())
        self._stop = threading.Event()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Cancelled("Stopped.")
        before, count, _, since = self._told
        begun = time.monotonic() if what != before or done < count else since
        self._told = (what, done, total, begun)

    def cancel(self) -> None:
        """Make the work stop the next time it tells how far it is."""
        self._stop.set()

    def step(self) -> Step:
        """What was told last."""
        what, done, total, begun = self._told
        spent = time.monotonic() - begun
        known = 0 < done <= total and spent >= _SURE
        return Step(what, done, total, spent / done * (total - done) if known else None)


class Followed(QObject):
    """One piece of work at a time that can be followed and stopped; beginning anew stops the one before.

    Signals
    -------
    advanced(Step)
        How far it is, ten times a second while it runs.
    """

    advanced = Signal(object)

    def __init__(self, work: Work, topic: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work, self._topic = work, topic
        self._follower: Follower | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._tell)

    @property
    def busy(self) -> bool:
        return self._follower is not None

    def start(
        self, do: Callable[[Watch], T], then: Callable[[T], None], otherwise: Callable[[BaseException], None]
    ) -> None:
        """Run `do(watch)` in a thread; `otherwise` hears of errors, but not of `Cancelled`."""
        self.cancel()
        follower = self._follower = Follower()

        def answered(result: T) -> None:
            if self._ended(follower):
                then(result)

        def failed(error: BaseException) -> None:
            if self._ended(follower) and not isinstance(error, Cancelled):
                otherwise(error)

        self._timer.start()
        self._work.start(self._topic, lambda: do(follower), answered, failed)

    def cancel(self) -> bool:
        """Stop it; nothing of it is answered any more. False when nothing ran."""
        follower, self._follower = self._follower, None
        self._timer.stop()
        if follower is not None:
            follower.cancel()
        return follower is not None

    def _ended(self, follower: Follower) -> bool:
        if follower is not self._follower:
            return False
        self._follower = None
        self._timer.stop()
        return True

    def _tell(self) -> None:
        if self._follower is not None:
            self.advanced.emit(self._follower.step())


class Opening(Followed):
    """Opens sources for the Data page.

    Signals
    -------
    opened(Dataset, Facts)
    refused(str)
        Why it cannot be used; a sentence.
    """

    opened = Signal(object, object)
    refused = Signal(str)

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(work, "data", parent)

    def open(self, source: str, config: DataConfig) -> None:
        """Open all parts of a source."""

        def do(watch: Watch) -> tuple[Dataset, Facts]:
            data = open_source(source, "all", config, watch)
            return data, count(data)

        self.start(do, lambda found: self.opened.emit(*found), self._refuse)

    def _refuse(self, error: BaseException) -> None:
        if isinstance(error, GenStudioError):
            self.refused.emit(str(error))
            return
        self.refused.emit(f"A fault in GenStudio kept it from being opened ({type(error).__name__}: {error}).")
        self._work.problem.emit(error)  # with its details, for a report
