"""What happens in the real window, with real training. Each function needs a process of its own."""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer, SignalInstance
from PySide6.QtWidgets import QWidget

from genstudio.app.main import application
from genstudio.app.window import Window
from genstudio.core.events import Event, Progress, Started
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec
from genstudio.engine.run import Run
from genstudio.engine.train import train

_EVERY = 0.005  # seconds between ticks
_SETTLE = 2.0  # seconds: what a start leaves to be done is over then


class Ticker(QObject):
    """A precise timer of 5 ms; how late it fires is how long everything else in the window has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * _EVERY))
        self._timer.timeout.connect(self._tick)
        self._last = 0.0
        self.late: list[float] = []

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._last - _EVERY))
        self._last = now


class FirstPaint(QObject):
    """Notes when a widget's first paint is over."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.at: float | None = None
        self._widget = widget
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.at is None:
            self._widget.removeEventFilter(self)
            QTimer.singleShot(0, self, self._over)  # children are painted in the same go
        return False

    def _over(self) -> None:
        self.at = time.time()


class Speed:
    """Steps of the training as the window hears of them."""

    def __init__(self, window: Window) -> None:
        self.threads = 0
        self.marks: list[tuple[float, int]] = []
        window.session.events.connect(self._take)

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Started):
                self.threads = event.threads
            elif isinstance(event, Progress):
                self.marks.append((time.perf_counter(), event.step))

    def since(self, begin: float) -> tuple[float, int]:
        """Seconds and steps between the first and the last news after `begin`."""
        marks = [mark for mark in self.marks if mark[0] > begin]
        return marks[-1][0] - marks[0][0], marks[-1][1] - marks[0][1]


class Headless:
    """The same training by the engine alone, in this thread, a few seconds at a time."""

    def __init__(self, spec: RunSpec, folder: Path) -> None:
        self._events = train(spec, Run.create(folder), Mailbox())

    def turn(self, seconds: float) -> dict[str, float]:
        """Steps per second of wall time, and processor seconds per step."""
        marks: list[tuple[float, float, int]] = []
        begin = time.perf_counter()
        for event in self._events:
            if isinstance(event, Progress):
                marks.append((time.perf_counter(), time.process_time(), event.step))
            if len(marks) > 1 and time.perf_counter() - begin >= seconds:
                break
        (wall, cpu, step), (wall_then, cpu_then, step_then) = marks[-1], marks[0]
        steps = max(1, step - step_then)
        return {"rate": steps / (wall - wall_then), "cpu": (cpu - cpu_then) / steps}

    def close(self) -> None:
        self._events.close()


def spin(seconds: float) -> None:
    """Let the window live."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop, loop.quit)
    loop.exec()


def wait_for(signal: SignalInstance) -> None:
    loop = QEventLoop()
    connection = signal.connect(loop.quit)
    loop.exec()
    signal.disconnect(connection)


def quantiles(late: list[float]) -> dict[str, float]:
    """Lateness in ms."""
    ms = 1000 * np.array(late)
    return {"p50": float(np.median(ms)), "p99": float(np.quantile(ms, 0.99)), "worst": float(ms.max())}


def start(begun: float) -> dict[str, Any]:
    """Seconds from `begun` (epoch, before this process was made) to the window, and how it stalls meanwhile."""
    with application() as (_app, window):
        paint, ticker = FirstPaint(window), Ticker()
        ticker.start()
        wait_for(window.families_ready)
        ready = time.time()
        spin(_EVERY * 4)  # so that a stall at the very end is seen
        assert paint.at is not None, "the window was never painted"
        return {"visible": paint.at - begun, "ready": ready - begun, "stall": 1000 * max(ticker.late)}


def training(source: str, family: str, seconds: float, cycles: int) -> dict[str, Any]:
    """Train a family by its defaults in the window; the engine without a window takes its turn while that is paused.

    Parameters
    ----------
    family : str
        Trained as the form offers it first, without an end.
    seconds : float
        Length of each part: idle window, headless, training.
    cycles : int
        Turns of the training; each lies between two of the headless one.
    """
    with tempfile.TemporaryDirectory() as folder, application() as (_app, window):
        ticker, speed = Ticker(), Speed(window)
        wait_for(window.families_ready)
        spin(_SETTLE)
        ticker.start()
        spin(seconds)
        ticker.stop()
        idle, ticker.late = quantiles(ticker.late), []
        window.train_page.model.set_sources([source], source)
        window.train_page.choose_family(family, {"steps": 1_000_000})
        headless = Headless(window.train_page.setup.spec(), Path(folder) / "headless")
        window.train(Path(folder) / "run")
        wait_for(window.session.events)
        spin(_SETTLE)
        turns = _turns(window, headless, ticker, speed, seconds, cycles)
        begin, last = time.perf_counter(), speed.marks[-1][1]
        window.session.stop()
        wait_for(window.session.ended)
        stop = 1000 * (time.perf_counter() - begin)
        kept = Run.open(Path(folder) / "run").saved_step() or 0
        assert kept >= last, "the last steps were not saved"
    return {"idle": idle, "training": quantiles(ticker.late), "stop": stop, "threads": speed.threads, **turns}


def _turns(
    window: Window, headless: Headless, ticker: Ticker, speed: Speed, seconds: float, cycles: int
) -> dict[str, Any]:
    """Headless, window, headless, window, ..., headless; everything in this one process."""
    _pause(window)
    headless.turn(1.0)  # prepares
    alone, windows, share = [headless.turn(seconds)], [], []
    for _ in range(cycles):
        window.session.resume()
        spin(0.5)
        ticker.start()
        begin, mine, all_threads = time.perf_counter(), time.thread_time(), time.process_time()
        spin(seconds)
        wall, mine = time.perf_counter() - begin, time.thread_time() - mine
        others = time.process_time() - all_threads - mine
        ticker.stop()
        heard, steps = speed.since(begin)
        windows.append({"rate": steps / heard, "cpu": others / wall * heard / steps})
        share.append(mine / wall)
        _pause(window)
        alone.append(headless.turn(seconds))
    headless.close()
    pairs = [((a["rate"] + b["rate"]) / 2, (a["cpu"] + b["cpu"]) / 2) for a, b in pairwise(alone)]
    return {
        "ratio": [w["rate"] / rate for w, (rate, _) in zip(windows, pairs, strict=True)],
        "cpu_ratio": [cpu / w["cpu"] for w, (_, cpu) in zip(windows, pairs, strict=True)],
        "headless": alone,
        "window": windows,
        "ui_share": share,
    }


def _pause(window: Window) -> None:
    window.session.pause()
    spin(0.5)  # the step under way ends
