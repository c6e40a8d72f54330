"""The map of a latent space: look at it, walk on it, choose points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from genstudio.app.widgets.latent_map_mouse import MouseMap

_WALK, _FINER = 0.02, 0.002  # of the shorter side of the view, for a press of an arrow
_PAGE = 10  # points
_PAN = 0.1  # of the view, for a press of an arrow with Ctrl
_KEY_ZOOM = 1.5
_HELP = (
    "The map of what the model has learnt. The wheel zooms, the right button moves the map, F shows all of it. "
    "Arrows walk, with Shift finer; N and P go from point to point, Enter clicks, Esc lets the selection go."
)
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
_Shift, _Control, _Alt = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


class LatentMap(MouseMap):
    """Points of up to a hundred thousand codes, a sheet of decoded tiles below them, and hands for both.

    The wheel zooms, the middle or right button pans, a double click or F shows everything. The left button does what
    the tool says. Arrows walk (Shift: finer, Ctrl: move the view), Ctrl+A chooses all points in sight, N and P, Home,
    End and the page keys go from point to point, Enter clicks, Esc lets the selection go.

    Signals
    -------
    walked(float, float)
        One stands at another place of the map, in map units.
    walk_ended()
        The button or the key that walked was let go.
    hovered(int)
        Another point is looked at, by mouse or by keys; -1 for none.
    clicked(int)
        A point was clicked, or Enter pressed on it.
    selected(object)
        Points were chosen: int64 rows, ascending, none for none.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._walking_by_key = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(_HELP)

    def event(self, event: QEvent) -> bool:
        """The tool tip is for F1: beside the mouse it would cover the map."""
        return event.type() == QEvent.Type.ToolTip or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        plain = not event.modifiers() & (_Control | _Alt | Qt.KeyboardModifier.MetaModifier)
        action = self._keys().get(key) if plain else None
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self._choose_in_sight()
        elif key in _ARROWS and event.modifiers() & _Control:
            x, y = _ARROWS[key]
            self.pan(-x * _PAN * self.plot_size()[0], y * _PAN * self.plot_size()[1])
        elif plain and key in _ARROWS:
            self._step(*_ARROWS[key], _FINER if event.modifiers() & _Shift else _WALK)
        elif action is not None:
            action()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self._walking_by_key and Qt.Key(event.key()) in _ARROWS and not event.isAutoRepeat():
            self._walking_by_key = False
            self._walk_on()
            self.walk_ended.emit()
        else:
            super().keyReleaseEvent(event)

    def _keys(self) -> dict[Qt.Key, Callable[[], None]]:
        return {
            Qt.Key.Key_F: self.fit,
            Qt.Key.Key_Plus: lambda: self.zoom(1 / _KEY_ZOOM),
            Qt.Key.Key_Equal: lambda: self.zoom(1 / _KEY_ZOOM),
            Qt.Key.Key_Minus: lambda: self.zoom(_KEY_ZOOM),
            Qt.Key.Key_Escape: self._escape,
            Qt.Key.Key_N: lambda: self._next(1),
            Qt.Key.Key_P: lambda: self._next(-1),
            Qt.Key.Key_PageDown: lambda: self._next(_PAGE),
            Qt.Key.Key_PageUp: lambda: self._next(-_PAGE),
            Qt.Key.Key_Home: lambda: self._next(-self.count()),
            Qt.Key.Key_End: lambda: self._next(self.count()),
            Qt.Key.Key_Return: self._enter,
            Qt.Key.Key_Enter: self._enter,
        }

    def _step(self, dx: int, dy: int, share: float) -> None:
        """Walk by a part of the view, from its middle when one stands nowhere; the view comes along."""
        way = share * min(self.plot_size()) / self._sight.scale
        x, y = self._marker or (self._sight.x, self._sight.y)
        self._walking_by_key = True
        self._walk(x + dx * way, y + dy * way)
        self._bring(*(self._marker or (x, y)))

    def _bring(self, x: float, y: float) -> None:
        """Move the view so that a place is in sight."""
        at, near = self.place_of(x, y), self._plot().adjusted(12, 12, -12, -12)
        dx = min(max(at.x(), near.left()), near.right()) - at.x()
        dy = min(max(at.y(), near.top()), near.bottom()) - at.y()
        if dx or dy:
            self.pan(dx, dy)

    def _next(self, steps: int) -> None:
        """Look at the next point that is shown, in the order of rows."""
        rows = np.sort(self._cloud.rows)
        if not len(rows):
            return
        place = int(np.searchsorted(rows, self._hovered)) + steps if self._hovered >= 0 else max(0, steps - 1)
        row = int(rows[min(max(place, 0), len(rows) - 1)])
        self._card_at = None
        self._bring(*self._cloud.xy[row].tolist())
        self._hover(row)

    def _choose_in_sight(self) -> None:
        """Everything that can be seen becomes the selection: for those who draw no box."""
        width, height = self.plot_size()
        rows = self._cloud.inside(self._sight, np.ones((max(1, round(height)), max(1, round(width))), np.bool_))
        self.set_selection(rows)
        self.selected.emit(rows)

    def _enter(self) -> None:
        if self._hovered >= 0:
            self.clicked.emit(self._hovered)

    def _escape(self) -> None:
        if self._lasso is not None:
            self._drop_lasso()
            self._moving = None
        else:
            self._let_go()
