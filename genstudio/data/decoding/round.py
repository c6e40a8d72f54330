"""One call of the pool while it runs: what is still to do, what is answered, and the item that each child is at."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genstudio.data.decoding import Task
from genstudio.data.decoding.child import Child
from genstudio.data.items import Blob

BATCH = 16  # items handed out at once
TICK = 0.05  # seconds between two looks at the clock
PATIENCE = 3  # times its time may an item take on a machine that is busy with other things


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all items of one call: see `Decoders`; `length` is that of a sound in samples, at most."""

    task: Task
    what: str
    blobs: Sequence[Blob]
    form: dict[str, Any] | None = None
    out: dict[str, Any] | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """The item that a child is at, since when by the clock of the round, and the seconds of work that it may take."""

    item: int
    since: float
    allowed: float


class Round:
    """The state of one call, shared by its threads."""

    def __init__(self, job: Job, threads: int) -> None:
        self.job = job
        self.answers: list[Any] = [None] * len(job.blobs)
        self.done = 0
        self.suspects: set[int] = set()
        self.failure: Exception | None = None
        self.stopped = False
        self.finished = threading.Event()
        self.clock = 0.0  # stands still while this computer sleeps
        self._threads = threads
        self._lock = threading.Lock()
        items = range(len(job.blobs))
        self._pending: deque[Sequence[int]] = deque(items[i : i + BATCH] for i in range(0, len(items), BATCH))

    def take(self) -> Sequence[int]:
        """The next batch; empty when there is none."""
        with self._lock:
            return self._pending.popleft() if self._pending and not self.stopped else ()

    def give_back(self, batch: Sequence[int]) -> None:
        """For somebody else."""
        if batch:
            with self._lock:
                self._pending.appendleft(batch)

    def answer(self, item: int, value: Any) -> None:
        """One item is done."""
        with self._lock:
            self.answers[item] = value
            self.done += 1

    def fail(self, error: Exception, stop: bool) -> None:
        """What the caller is told if items are left in the end; `stop` leaves them now."""
        self.failure = self.failure or error
        self.stopped = self.stopped or stop

    def leave(self) -> None:
        """One thread has ended."""
        with self._lock:
            self._threads -= 1
            if not self._threads:
                self.finished.set()


class Slot:
    """One child after the other."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.child: Child | None = None
        self.mark: Mark | None = None
        self.overdue: Mark | None = None
        self._seen: Mark | None = None
        self._busy = 0.0

    def check_time(self, clock: float) -> None:
        """Kill a child that computes for too long, or waits for several times as long: a busy machine is no fault."""
        mark, child = self.mark, self.child
        if mark is None or child is None:
            return
        if mark is not self._seen:
            self._seen, self._busy = mark, child.busy()
        waited = clock - mark.since
        if waited > mark.allowed and (
            waited > PATIENCE * mark.allowed or child.busy() - self._busy > mark.allowed - TICK
        ):
            self.overdue = mark
            child.kill()

    def end(self) -> int:
        """End the child; returns its exit status."""
        child, self.child = self.child, None
        return child.end() if child is not None else 0

    def kill(self) -> None:
        """End the child at once; the thread that reads from it notices and cleans up."""
        child = self.child
        if child is not None:
            child.kill()
