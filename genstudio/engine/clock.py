"""Training time, pauses excluded, and how fast it goes."""

from __future__ import annotations

import time
from collections import deque


class Watch:
    """A stopwatch on the monotonic clock: sleeping laptops and changed dates cannot turn it back."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._since: float | None = time.perf_counter()

    @property
    def seconds(self) -> float:
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self._before + running

    def pause(self) -> None:
        self._before, self._since = self.seconds, None

    def go(self) -> None:
        if self._since is None:
            self._since = time.perf_counter()


class Rate:
    """Units per second over the last few seconds, so that an estimate follows a machine that slows down."""

    def __init__(self, window: float = 5.0) -> None:
        self._window = window
        self._marks: deque[tuple[float, float]] = deque()

    def at(self, seconds: float, amount: float) -> float:
        """Note that `amount` was reached at `seconds`; returns the rate, 0 while unknown."""
        self._marks.append((seconds, amount))
        while len(self._marks) > 2 and self._marks[1][0] < seconds - self._window:
            self._marks.popleft()
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        return (after - before) / (now - then) if now > then else 0.0
