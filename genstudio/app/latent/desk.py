"""The thread in which a model is asked for pictures while a person walks through what it has learnt."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QThread, Signal

if TYPE_CHECKING:
    from genstudio.engine.latent.explorer import Explorer

#: What follows the mouse: everything else rests while these are asked.
AT_ONCE = ("walk", "hover")
#: What somebody waits for, the most urgent first; what is named nowhere comes last and has its share of the time.
SOON = (
    "chart", "colour", "selection", "pins", "strip", "sheet", "neighbours", "own", "traversal", "attributes",
)  # fmt: skip
_ORDER = {topic: place for place, topic in enumerate((*AT_ONCE, *SOON))}
_QUIET = 0.25  # seconds after somebody moved in which nothing longer is gone on with
_CREDIT = 1.5  # seconds of long work that may be done at once beside a training
_DONE = object()


@dataclass(eq=False)
class _Request:
    topic: str
    work: Callable[[Explorer], Any]
    then: Callable[[Any], object]
    failed: Callable[[BaseException], object] | None
    items: Iterator[Any] | None = None  # of work that gives one thing after the other

    @property
    def urgency(self) -> int:
        return _ORDER.get(self.topic, len(_ORDER))

    @property
    def at_once(self) -> bool:
        return self.urgency < len(AT_ONCE)

    @property
    def long(self) -> bool:
        return self.urgency == len(_ORDER)


class Desk(QThread):
    """Answers requests, the most urgent first; of one topic only the newest counts, so a drag never queues up.

    Work that yields is advanced one item at a time, so that urgent requests come in between; long work rests while
    somebody walks, and takes no more than a share of the time while a training runs (`set_share`). The thread starts
    with the first request and uses one processor thread: pictures then never depend on how busy the machine is.

    Signals
    -------
    problem(object)
        An exception of a request that gave no `failed`.
    """

    problem = Signal(object)
    _answered = Signal(object, object, object, bool)  # request, item, error, whether it is the last one

    def __init__(self) -> None:
        super().__init__()  # no parent: a parent that dies takes a running thread with it
        self.setObjectName("latent desk")
        self._wake = threading.Condition()
        self._requests: dict[str, _Request] = {}
        self._explorer: Explorer | None = None
        self._closing = False
        self._share, self._since = 1.0, 0.0
        self._spent = 0.0  # seconds of long work since then
        self._quiet_until = 0.0  # nothing but what follows the mouse before this time
        self.seconds = 0.0  # of work in all
        self._answered.connect(self._deliver)

    # --- in the window's thread ----------------------------------------------------------------------

    def set_explorer(self, explorer: Explorer | None) -> None:
        """What is asked from now on; without one requests wait. Work under way goes on with the one that it has."""
        with self._wake:
            self._explorer = explorer
            self._wake.notify()

    def set_share(self, share: float, since: float = 0.0) -> None:
        """How much of the time long work may take, 0..1, in all from `since` (monotonic seconds) on."""
        with self._wake:
            if since != self._since:
                self._since, self._spent = since, 0.0
            self._share = min(1.0, max(0.001, share))
            self._wake.notify()

    def ask(
        self,
        topic: str,
        work: Callable[[Explorer], Any],
        then: Callable[[Any], object],
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Have `work` done and `then` called here with what it gives, or with each item that it yields.

        Parameters
        ----------
        topic : str
            An older request of the same topic is dropped, and closed if it was under way.
        failed : callable or None
            Called here with an error; None: the error goes to `problem`.
        """
        request = _Request(topic, work, then, failed)
        with self._wake:
            self._requests[topic] = request
            if request.at_once:
                self._quiet_until = time.monotonic() + _QUIET
            self._wake.notify()
        if not self.isRunning() and not self._closing:
            self.start()

    def cancel(self, *topics: str) -> None:
        """Drop the requests of these topics, of all without any."""
        with self._wake:
            for topic in topics or tuple(self._requests):
                self._requests.pop(topic, None)
            self._wake.notify()

    def busy(self, topic: str) -> bool:
        """Whether something of this topic waits or is under way."""
        return topic in self._requests

    def close(self) -> None:
        """Drop everything and wait for the thread to end."""
        with self._wake:
            self._closing = True
            self._requests.clear()
            self._wake.notify()
        self.wait()

    def _deliver(self, request: _Request, item: Any, error: BaseException | None, last: bool) -> None:
        """Hand on what the thread has found, unless it was asked anew or cancelled meanwhile."""
        if self._requests.get(request.topic) is not request:
            return
        if last:
            with self._wake:
                self._requests.pop(request.topic, None)
        if error is not None:
            (request.failed or self.problem.emit)(error)
        elif item is not _DONE:
            request.then(item)

    # --- in its own thread ---------------------------------------------------------------------------

    def run(self) -> None:
        """Answer until `close`; called by Qt in the new thread."""
        from genstudio.engine.device import use_one_thread

        use_one_thread()
        done: set[_Request] = set()  # told, but not yet taken off the list by the window's thread
        working: dict[str, _Request] = {}
        while not self._closing:
            for old in self._dropped(working):
                _close(old)
            request = self._next(done, working)
            if request is not None:
                working[request.topic] = request
                begin = time.monotonic()
                if not self._advance(request):
                    done.add(request)
                    working.pop(request.topic, None)
                self._account(request, begin)
        for request in working.values():
            _close(request)

    def _dropped(self, working: dict[str, _Request]) -> list[_Request]:
        """Take what nobody waits for any more out of the work under way."""
        with self._wake:
            old = [r for r in working.values() if self._requests.get(r.topic) is not r]
        for request in old:
            del working[request.topic]
        return old

    def _next(self, done: set[_Request], working: dict[str, _Request]) -> _Request | None:
        """Wait for the most urgent request that may be worked on; None when there is something to clear up."""
        with self._wake:
            while not self._closing and all(self._requests.get(r.topic) is r for r in working.values()):
                done &= set(self._requests.values())
                waiting = [r for r in self._requests.values() if r not in done]
                if self._explorer is not None and waiting:
                    first = min(waiting, key=lambda r: r.urgency)
                    rest = self._not_before(first) - time.monotonic()
                    if rest <= 0:
                        return first
                    self._wake.wait(rest)
                else:
                    self._wake.wait()
        return None

    def _not_before(self, request: _Request) -> float:
        """When a request may be worked on at the earliest."""
        if request.at_once:
            return 0.0
        if request.long and self._share < 1:
            # what was not used is kept for later, but not so much that a training would stand still for it
            self._spent = max(self._spent, self._share * (time.monotonic() - self._since) - _CREDIT)
            return max(self._quiet_until, self._since + self._spent / self._share)
        return self._quiet_until

    def _advance(self, request: _Request) -> bool:
        """One item of a request; False when it was the last one or an error."""
        try:
            if request.items is None:
                explorer = self._explorer
                assert explorer is not None
                found = request.work(explorer)
                if not isinstance(found, Iterator):
                    self._answered.emit(request, found, None, True)
                    return False
                request.items = found
            item = next(request.items, _DONE)
        except BaseException as error:
            self._answered.emit(request, None, error, True)
            return False
        self._answered.emit(request, item, None, item is _DONE)
        return item is not _DONE

    def _account(self, request: _Request, begin: float) -> None:
        spent = time.monotonic() - begin
        self.seconds += spent
        if request.long:
            self._spent += spent


def _close(request: _Request) -> None:
    close = getattr(request.items, "close", None)
    if close is not None:
        with contextlib.suppress(Exception):  # it is not wanted any more, whatever it says
            close()
