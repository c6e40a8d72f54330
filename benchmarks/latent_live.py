"""What dragging through a latent space costs, in the real window with a real model. Each function needs a process of
its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from window_live import Speed, spin, wait_for

from genstudio.app.main import application
from genstudio.app.window import Window
from genstudio.core.config import Value
from genstudio.engine.latent.place import Place

_HAND_MS = 16  # between two moves of the mouse: 60 a second
_ROUND = 2.0  # seconds for a turn around the middle of the map
_SHEET = 16  # tiles a side


class Hand(QObject):
    """Drags the mouse in circles over the map, and notes how long each picture takes from the move to its paint."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._page = window.latent_shell.page
        self._map, self._view = self._page.map, self._page.here.gallery.viewport()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_HAND_MS)
        self._timer.timeout.connect(self._move)
        self._moved: dict[Place, float] = {}
        self._drawn: Place | None = None
        self.seconds: list[float] = []
        self.moves = 0
        self._page.walk.moved.connect(self._note)
        self._page.standing.drawn.connect(self._shown)
        self._view.installEventFilter(self)

    def drag(self, seconds: float) -> None:
        """Press, go round, let go."""
        self._moved.clear()
        self._begin = time.perf_counter()
        self._send(QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)
        self._timer.start()
        spin(seconds)
        self._timer.stop()
        self._send(QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton)
        spin(0.3)

    def _move(self) -> None:
        self.moves += 1
        self._send(QEvent.Type.MouseMove, Qt.MouseButton.LeftButton)

    def _send(self, kind: QEvent.Type, down: Qt.MouseButton) -> None:
        angle = 2 * math.pi * (time.perf_counter() - self._begin) / _ROUND
        place = QPointF(self._map.width() * (0.5 + 0.25 * math.cos(angle)),
                        self._map.height() * (0.5 + 0.25 * math.sin(angle)))  # fmt: skip
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        self._at = time.perf_counter()
        event = QMouseEvent(
            kind, place, self._map.mapToGlobal(place), button, down, Qt.KeyboardModifier.NoModifier
        )  # fmt: skip
        QApplication.sendEvent(self._map, event)

    def _note(self, place: Place) -> None:
        self._moved[place] = self._at

    def _shown(self, place: Place) -> None:
        self._drawn = place

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._drawn is not None:
            drawn, self._drawn = self._drawn, None
            QTimer.singleShot(0, self, lambda: self._painted(drawn))  # when everything is painted
        return False

    def _painted(self, place: Place) -> None:
        if place in self._moved:
            self.seconds.append(time.perf_counter() - self._moved.pop(place))


def _quantiles(seconds: list[float]) -> dict[str, float]:
    ms = 1000 * np.array(seconds)
    return {"p50": float(np.median(ms)), "p99": float(np.quantile(ms, 0.99)), "worst": float(ms.max())}


def _until(condition: Callable[[], bool], limit: float = 120.0) -> None:
    end = time.perf_counter() + limit
    while not condition():
        spin(0.02)
        if time.perf_counter() > end:
            raise SystemExit("what was waited for did not come")


def _open(window: Window, source: str, family: str, knobs: dict[str, Value], size: int, folder: Path) -> None:
    """Begin a training without an end."""
    wait_for(window.families_ready)
    window.data_page.remembered[source] = {"size": size} if size != 28 else {}
    window.train_page.model.set_sources([source], source)
    window.train_page.choose_family(family, {**knobs, "steps": 1_000_000})
    window.train(folder / "run")
    wait_for(window.session.events)
    spin(2.0)


def _ready(window: Window) -> None:
    """The Latent page with its map, and nothing else under way."""
    window.show_page("latent")
    page = window.latent_shell.page
    _until(lambda: page.charting.chart is not None and page.standing.picture is not None)
    page.charting.cancel()
    page.desk.cancel("dimensions", "directions")
    spin(1.0)


def idle(
    source: str, family: str, knobs: dict[str, Value], size: int, seconds: float, folder: Path
) -> dict[str, Any]:
    """Drag through a run that nobody trains; then draw sheets of 16 x 16 pictures."""
    with application() as (_app, window):
        _open(window, source, family, knobs, size, folder)
        window.session.stop()
        wait_for(window.session.opened)
        _ready(window)
        hand = Hand(window)
        hand.drag(seconds)
        return {
            "drag": _quantiles(hand.seconds),
            "fps": len(hand.seconds) / seconds,
            "moves": hand.moves,
            "sheet": _sheets(window, 20),
        }


def _sheets(window: Window, count: int) -> dict[str, Any]:
    """Milliseconds from the question to the first and to the last tiles of 16 x 16."""
    from genstudio.app.latent.sheeting import drawn_tiles
    from genstudio.engine.latent.sheet import Plan, Tile, TileCache

    page = window.latent_shell.page
    chart, first, last = page.charting.chart, [], []
    assert chart is not None
    for turn in range(count):
        tiles = tuple(Tile(2 + turn % 2, x, y) for y in range(-_SHEET // 2, _SHEET // 2) for x in range(-8, 8))
        times: list[float] = []
        begin = time.perf_counter()
        page.desk.ask(
            "sheet",
            lambda e, tiles=tiles: drawn_tiles(e, chart, Plan((), tiles), TileCache(), -1),
            lambda item, times=times: times.append(time.perf_counter()),
        )
        _until(lambda: not page.desk.busy("sheet"))
        first.append(times[0] - begin)
        last.append(times[-1] - begin)
    return {"first": _quantiles(first), "all": _quantiles(last)}


def training(
    source: str, family: str, knobs: dict[str, Value], size: int, seconds: float, cycles: int, folder: Path
) -> dict[str, Any]:
    """Train with the Runs page in sight, with the Latent page, and while one drags there, in turns."""
    with application() as (_app, window):
        speed = Speed(window)
        _open(window, source, family, knobs, size, folder)
        _ready(window)
        hand, rates = Hand(window), {"away": [], "watched": [], "dragged": []}
        lookout = window.session.mailbox.lookout
        for _ in range(cycles):
            window.show_page("runs")
            rates["away"].append(_rate(speed, lambda: spin(seconds)))
            window.show_page("latent")
            rates["watched"].append(_rate(speed, lambda: spin(seconds)))
            rates["dragged"].append(_rate(speed, lambda: hand.drag(seconds)))
        rates["away"].append(_rate_away(window, speed, seconds))
        share = lookout.share()
        window.session.stop()
        wait_for(window.session.ended)
        return {
            "drag": _quantiles(hand.seconds),
            "fps": len(hand.seconds) / seconds / cycles,
            "threads": speed.threads,
            "copies": share,
            **rates,
        }


def _rate_away(window: Window, speed: Speed, seconds: float) -> float:
    window.show_page("runs")
    return _rate(speed, lambda: spin(seconds))


def _rate(speed: Speed, live: Callable[[], None]) -> float:
    """Steps a second while something else goes on."""
    spin(0.5)
    begin = time.perf_counter()
    live()
    heard, steps = speed.since(begin)
    return steps / heard
