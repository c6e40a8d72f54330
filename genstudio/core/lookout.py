"""Where a training leaves copies of its model for those who look at it meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MOST_SHARE = 0.05  # of the training's time that copies may take


class Lookout(Generic[T]):
    """Copies are made by the thread that trains, between two steps, when somebody asked, and not too often.

    After a copy that took t seconds the next one is made t / `most_share` seconds later at the earliest, so looking
    never takes more than that share of the training's time.

    Parameters
    ----------
    most_share : float
        In 0..1.

    Attributes
    ----------
    copies : int
        How many were made.
    seconds : float
        What they took of the training's time, all together.
    """

    def __init__(self, most_share: float = MOST_SHARE) -> None:
        self.most_share = most_share
        self.copies = 0
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._copy: Callable[[], T] | None = None
        self._asked = False
        self._not_before = 0.0
        self._opened = 0.0
        self._newest: T | None = None

    # --- who looks -----------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask for a new copy; returns at once."""
        self._asked = True

    def newest(self) -> T | None:
        """The newest copy; None before the first, and after the training has ended."""
        return self._newest

    def share(self) -> float:
        """What copies have taken of the time since the training began, 0..1."""
        if not self.copies:
            return 0.0
        return self.seconds / max(time.monotonic() - self._opened, 1e-9)

    # --- who trains ----------------------------------------------------------------------------------

    def open(self, copy: Callable[[], T]) -> None:
        """Copies can be had from now on by calling `copy`, in the thread that calls `serve`."""
        self._copy, self._opened = copy, time.monotonic()

    def close(self) -> None:
        """The model is no longer trained: whoever wants it finds it in the run."""
        with self._lock:
            self._copy = self._newest = None

    def serve(self) -> None:
        """Make the copy that was asked for, if it is time; called between two steps or while training pauses."""
        if not self._asked:  # nearly always
            return
        with self._lock:
            begin = time.monotonic()
            if self._copy is None or begin < self._not_before:
                return
            self._asked = False
            self._newest = self._copy()
            spent = time.monotonic() - begin
            self.copies += 1
            self.seconds += spent
            self._not_before = begin + spent + spent / self.most_share
