"""Pins side by side: small pictures with a letter, put in order by hand, and a place for one more."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWidget

from genstudio.app.widgets.pin_tiles import PinTiles
from genstudio.app.widgets.place_mime import Carried, pack, unpack


class PinRow(PinTiles):
    """Arrows choose, Enter goes there, Delete removes, Ctrl+arrows move, + pins where one stands; by mouse too.

    Signals
    -------
    asked()
        Pin the place where one stands.
    chosen(int)
        Go to a pin.
    removed(int)
    ordered(list)
        Numbers of the pins in the order that they should have.
    dropped(dict)
        A place was carried here, a `Carried`: pin it.
    """

    asked = Signal()
    chosen = Signal(int)
    removed = Signal(int)
    ordered = Signal(list)
    dropped = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pressed: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)

    def carried(self, index: int) -> Carried:
        """What is carried of a pin."""
        place = Carried(**self._places[index]) if index < len(self._places) else Carried()
        place["pin"] = index
        return place

    # --- keys ----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, count = Qt.Key(event.key()), len(self.names)
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key, 0)
        pin = 0 <= self._current < count
        if way and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.move_pin(self._current, self._current + way)
        elif way or key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: count}
            self.set_current(max(0, ends.get(key, self._current + way)))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and pin:
            self.removed.emit(self._current)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._current >= 0:
            self._act(self._current)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Insert):
            self.asked.emit()
        else:
            super().keyPressEvent(event)

    def _act(self, index: int) -> None:
        if index == len(self.names):
            self.asked.emit()
        else:
            self.chosen.emit(index)

    def move_pin(self, index: int, to: int) -> None:
        """Ask for an order in which pin `index` stands at `to`."""
        count = len(self.names)
        if not 0 <= index < count or not 0 <= to < count or index == to:
            return
        order = [i for i in range(count) if i != index]
        order.insert(to, index)
        self._current = to
        self.ordered.emit(order)

    # --- mouse ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        index = self.tile_at(self._pressed)
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton and not self._on_cross(index):
            self.set_current(index)

    def _on_cross(self, index: int) -> bool:
        return index < len(self.names) and self._pressed is not None and self.cross(index).contains(self._pressed)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.tile_at(event.position().toPoint())
        pressed, begun = self._pressed, self._pressed is not None and self.tile_at(self._pressed) == index
        if pressed is None or not begun or index < 0:
            self._pressed = None
            return
        pin, cross = index < len(self.names), self._on_cross(index)
        self._pressed = None
        if pin and (cross or event.button() == Qt.MouseButton.MiddleButton):
            self.removed.emit(index)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._act(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pos = event.position().toPoint()
        self._hover(self.tile_at(pos))
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        index = self.tile_at(self._pressed)
        far = (pos - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if far and 0 <= index < len(self.names):
            self._pressed = None
            self._carry(index)

    def _carry(self, index: int) -> None:
        drag = QDrag(self)
        drag.setMimeData(pack(self.carried(index)))
        side = self.side()
        drag.setPixmap(QPixmap.fromImage(self.images[index].scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)))
        drag.setHotSpot(QPoint(-8, -8))
        drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.DropAction.MoveAction)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        self.scroll_by(-(turned.x() or turned.y()) // 2)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.set_current(self._current)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self._current if event.reason() == QContextMenuEvent.Reason.Keyboard else self.tile_at(event.pos())
        if not 0 <= index < len(self.names):
            return
        self.set_current(index)
        self.menu(index).popup(event.globalPos())

    def menu(self, index: int) -> QMenu:
        """What can be done with a pin; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Go there", Qt.Key.Key_Return, lambda: self.chosen.emit(index))
        menu.addAction("Move left", lambda: self.move_pin(index, index - 1)).setEnabled(index > 0)
        menu.addAction("Move right", lambda: self.move_pin(index, index + 1)).setEnabled(index < len(self.names) - 1)
        menu.addAction("Remove", Qt.Key.Key_Delete, lambda: self.removed.emit(index))
        return menu

    # --- what is carried here ------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if unpack(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._gap_at = self._gap(event.position().toPoint())
        event.acceptProposedAction()
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._gap_at = -1
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._gap_at = -1
        self.update()
        place = unpack(event.mimeData())
        if place is None:
            return
        event.acceptProposedAction()
        index, to = place.get("pin", -1), self._gap(event.position().toPoint())
        if event.source() is self and index >= 0:
            self.move_pin(index, to - (to > index))
        elif "code" in place:
            self.dropped.emit(place)

    # --- focus ---------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._current < 0:
            self.set_current(0)  # so that the focus can be seen
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.tile_at(event.pos())
            QToolTip.showText(event.globalPos(), self._tip(index), self)
            return True
        return super().event(event)

    def _tip(self, index: int) -> str:
        if index < 0:
            return ""
        if index == len(self.names):
            return "Pin the place where you stand (+)"
        return f"Pin {self.names[index]}: a click goes there; drag it to another place, or into A − B + C"
