"""How long a session of training lasts, and when news, pictures and checkpoints are due."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from genstudio.core.events import Progress
from genstudio.core.spec import TrainingConfig
from genstudio.engine.clock import Rate, Watch

_REPORT_EVERY = 1 / 30  # seconds: the rate at which a window can use news
_BEAT_EVERY = 0.015  # seconds: somebody who wants to stop or pause is heard at the next event
_SAVE_EVERY = 300.0  # seconds: nobody loses more than five minutes
_PICTURES_EVERY, _PICTURES_SHARE = 1.0, 50.0  # seconds apart, and at most 2 % of the time
_LIVELY_EVERY, _LIVELY_SHARE = 1 / 15, 5.0  # of points, which are there to be watched: at most 20 %
_SLOW = 0.09  # seconds a step: who takes them so slowly wants to see each of them


class Plan:
    """What is due when. Steps decide where settings name them; else the clock does.

    Attributes
    ----------
    training : TrainingConfig
        May be replaced while training.
    watch : Watch
        Training time over all sessions of the run.
    lively : bool
        Pictures are cheap and are to move.
    pace : float
        Seconds that whoever iterates leaves to each step; 0: as fast as it goes.
    """

    def __init__(self, training: TrainingConfig, watch: Watch, lively: bool = False) -> None:
        self.training, self.watch = training, watch
        self._apart, self._cost = (_LIVELY_EVERY, _LIVELY_SHARE) if lively else (_PICTURES_EVERY, _PICTURES_SHARE)
        self.pace = 0.0
        self._session_start = watch.seconds
        self._rate = Rate()
        self._latest: Progress | None = None
        self._beat_at = 0.0
        now = time.monotonic()
        self._report_at, self._pictures_at, self._save_at = now, now, now + _SAVE_EVERY

    def done(self, step: int) -> bool:
        """True when the steps or the minutes of this session are used up."""
        limit = self.training
        out_of_time = limit.minutes and self._session >= limit.minutes * 60
        return bool(out_of_time or (limit.steps and step >= limit.steps))

    @property
    def _session(self) -> float:
        """Seconds of training in this session."""
        return self.watch.seconds - self._session_start

    def share(self, step: int) -> float:
        """How much of the planned steps or minutes is over, 0..1; 0 while training goes on until stopped."""
        limit = self.training
        shares = [step / limit.steps] if limit.steps else []
        if limit.minutes:
            shares.append(self._session / (limit.minutes * 60))
        return min(1.0, max(shares, default=0.0))

    def progress(self, step: int, saved: int | None) -> Progress:
        """How far, how fast and how long, for people."""
        limit, seconds = self.training, self.watch.seconds
        speed = self._rate.at(seconds, step)
        left = []
        if limit.steps and speed > 0:
            left.append(max(0.0, (limit.steps - step) / speed))
        if limit.minutes:
            left.append(max(0.0, limit.minutes * 60 - self._session))
        self._latest = Progress(
            step=step,
            total=limit.steps or None,
            fraction=self.share(step) if limit.steps or limit.minutes else None,
            seconds=seconds,
            samples_per_second=speed * limit.batch_size,
            remaining=min(left) if left else None,
            memory=psutil.Process().memory_info().rss,
            saved=saved,
        )
        return self._latest

    def beat(self) -> Iterator[Progress]:
        """The newest progress once more, when nothing was said for a moment: whoever listens can stop then."""
        if self._latest is not None and time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + _BEAT_EVERY
            yield self._latest

    def rest(self, seconds: float) -> Iterator[Progress]:
        """Sleep after a step of so many seconds, so that training takes no more than its share of the time."""
        until = time.monotonic() + seconds * (100 / self.training.load - 1)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _BEAT_EVERY))
            yield from self.beat()

    def report_due(self) -> bool:
        return self.pace > 0 or time.monotonic() >= self._report_at

    def reported(self) -> None:
        self._report_at = time.monotonic() + _REPORT_EVERY
        self._beat_at = time.monotonic() + _BEAT_EVERY

    def pictures_due(self, step: int) -> bool:
        return self.pace > _SLOW or self.pictures_kept(step)

    def pictures_kept(self, step: int) -> bool:
        """Whether pictures drawn now are worth the disk: those of slow steps are only looked at."""
        every = self.training.sample_every
        return step % every == 0 if every else time.monotonic() >= self._pictures_at

    def drew(self, begin: float, step: int) -> None:
        """Pictures were drawn since `begin` on the monotonic clock."""
        # the first drawing warms caches up and says nothing about the next
        cost = self._cost * (time.monotonic() - begin) if step else 0.0
        self._pictures_at = time.monotonic() + max(self._apart, cost)

    def save_due(self, step: int) -> bool:
        every = self.training.checkpoint_every
        return bool(every and step % every == 0 and not self.done(step)) or time.monotonic() >= self._save_at

    def saving(self) -> None:
        self._save_at = time.monotonic() + _SAVE_EVERY
