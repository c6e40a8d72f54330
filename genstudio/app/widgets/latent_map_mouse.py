"""What the mouse does on a map: look, walk, choose, move, zoom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from genstudio.app.widgets.latent_map_canvas import MapCanvas
from genstudio.app.widgets.latent_map_lasso import Lasso

_NEAR = 8.0  # pixels within which the mouse finds a point
_ZOOM, _NOTCH = 1.2, 120.0  # a notch of the wheel shows so much more or less
_CURSORS = {
    "walk": Qt.CursorShape.CrossCursor,
    "select": Qt.CursorShape.CrossCursor,
    "lasso": Qt.CursorShape.CrossCursor,
    "pan": Qt.CursorShape.OpenHandCursor,
}
_Shift, _Control, _Alt = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
_Left = Qt.MouseButton.LeftButton


class MouseMap(MapCanvas):
    """The left button does what the tool says, the others pan; the signals are those of `LatentMap`."""

    walked = Signal(float, float)
    walk_ended = Signal()
    hovered = Signal(int)
    clicked = Signal(int)
    selected = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tool = "walk"
        self._follow = False
        self._pressed: QPointF | None = None  # where a button went down, until it has moved
        self._last = QPointF()
        self._moving: str | None = None  # what the button that is down does
        self._lasso: Lasso | None = None
        self._ahead: tuple[float, float] | None = None  # where to walk when it is time
        self._pace, self._walked_at, self._later = 0, QElapsedTimer(), QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._walk_on)
        self.setMouseTracking(True)
        self.set_tool("walk")

    def set_points(self, xy: NDArray[np.float32], glide: bool = False) -> None:
        count = self.count()
        super().set_points(xy, glide)
        if self.count() != count:
            self._hover(-1)

    def tool(self) -> str:
        return self._tool

    def set_tool(self, tool: str) -> None:
        """What the left button does: "walk", "select" by a box, "lasso", or "pan"."""
        self._drop_lasso()
        self._tool = tool
        self.setCursor(_CURSORS[tool])

    def set_follow(self, on: bool) -> None:
        """Walk wherever the mouse is, without a button; the same as holding Shift."""
        self._follow = on

    def set_pace(self, ms: int) -> None:
        """Walk on only so many milliseconds after the place before; 0 for each move of the mouse."""
        self._pace = ms

    def hide_class(self, number: int, hidden: bool) -> None:
        """Hide a class of labels, or show it again, as its button does."""
        self._legend.show_class(number, not hidden)

    # --- mouse -----------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        pos, button = event.position(), event.button()
        choosing = button == _Left and self._tool in ("select", "lasso")
        if self._moving is not None or not (choosing or self._plot().contains(pos)):
            return
        self._pressed = self._last = self._inside(pos)  # boxes around points at the border begin beside the plot
        if button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            self._moving = "pan"
        elif button == _Left:
            self._moving = self._tool
            if self._tool == "walk":
                self._walk(*self.place_at(pos))
        if self._moving == "pan":
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pos = event.position()
        if self._moving is None:
            self._look_around(pos, bool(event.modifiers() & _Shift))
            return
        moved = self._pressed is None or (pos - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if self._moving == "walk":
            self._walk(*self.place_at(self._inside(pos)))
        elif moved and self._moving == "pan":
            self.pan(pos.x() - self._last.x(), pos.y() - self._last.y())
        elif moved:
            self._draw_lasso(pos)
        if moved:
            self._pressed = None
        if moved or self._moving == "walk":
            self._last = pos

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        moving, pressed = self._moving, self._pressed
        self._moving = self._pressed = None
        self.setCursor(_CURSORS[self._tool])
        if moving is None:
            return
        if moving == "walk":
            self._walk_on()
            self.walk_ended.emit()
        if self._lasso is not None:
            self._choose(event.modifiers())
        elif pressed is not None:
            self._click(pressed, event.button())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == _Left and self._plot().contains(event.position()):
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / _NOTCH
        if steps:
            self.zoom(_ZOOM**-steps, event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._card_at = None
        self._hover(-1)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key asks for a menu at once, the right button when it is let go without moving the view."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self._plot().center() if self._marker is None else self.place_of(*self._marker)
            self.customContextMenuRequested.emit(at.toPoint())
        event.accept()

    def _inside(self, pos: QPointF) -> QPointF:
        """The pixel of the plot that is nearest to one beside it."""
        plot = self._plot()
        return QPointF(min(max(pos.x(), plot.left()), plot.right()), min(max(pos.y(), plot.top()), plot.bottom()))

    def _look_around(self, pos: QPointF, shift: bool) -> None:
        inside = self._plot().contains(pos)
        if inside and self._tool == "walk" and (self._follow or shift):
            self._walk(*self.place_at(pos))
        self._card_at = pos - self._plot().topLeft()
        self._hover(self._row_at(pos) if inside else -1)
        if any(self._card):
            self._repaint()

    def _row_at(self, pos: QPointF) -> int:
        at = pos - self._plot().topLeft()
        return self._cloud.near(self._sight, at.x(), at.y(), _NEAR) if self._layers[0] else -1

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            if row < 0:
                self._card = (None, "")
            self._describe()
            self._repaint()
            self.hovered.emit(row)

    def _walk(self, x: float, y: float) -> None:
        """Go to a place; one that comes too soon waits for its turn, or for the next one to take its place."""
        self._ahead = (x, y)
        if self._walked_at.isValid() and self._walked_at.elapsed() < self._pace:
            self._later.start(self._pace)
        else:
            self._walk_on()

    def _walk_on(self) -> None:
        place, self._ahead = self._ahead, None
        self._later.stop()
        if place is not None:
            self._walked_at.restart()
            self.set_marker(place)
            self.walked.emit(*place)

    def _click(self, pos: QPointF, button: Qt.MouseButton) -> None:
        """A button went down and up in one place."""
        if button == Qt.MouseButton.RightButton:
            self.customContextMenuRequested.emit(pos.toPoint())
        elif button == _Left:
            row = self._row_at(pos)
            if row >= 0:
                self.clicked.emit(row)
            elif self._tool in ("select", "lasso"):
                self._let_go()

    # --- choosing --------------------------------------------------------------------------------------

    def _draw_lasso(self, pos: QPointF) -> None:
        corner = self._plot().topLeft()
        if self._lasso is None:
            begin = self._last - corner
            self._lasso = Lasso("lasso" if self._moving == "lasso" else "select", begin)
        self._lasso.go_to(self._inside(pos) - corner)
        self._drawing = self._lasso.path()
        self._repaint()

    def _drop_lasso(self) -> None:
        self._lasso = self._drawing = None
        self._repaint()

    def _choose(self, keys: Qt.KeyboardModifier) -> None:
        """What is inside becomes the selection, with Ctrl it is added, with Alt it is taken away."""
        assert self._lasso is not None
        rows = self._cloud.inside(self._sight, self._lasso.mask(*self.plot_size()))
        if keys & _Control:
            rows = np.union1d(self.selection(), rows)
        elif keys & _Alt:
            rows = np.setdiff1d(self.selection(), rows)
        self._drop_lasso()
        self.set_selection(rows)
        self.selected.emit(rows)

    def _let_go(self) -> None:
        if len(self.selection()):
            self.set_selection(None)
            self.selected.emit(np.empty(0, np.int64))
