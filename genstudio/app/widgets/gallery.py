"""The gallery: a wall of pictures that a person can walk, enlarge, save and carry away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWidget

from genstudio.app.widgets.mosaic_view import MosaicView
from genstudio.app.widgets.picture_actions import PictureActions
from genstudio.app.widgets.picture_view import PictureView
from genstudio.app.widgets.pictures import Pictures
from genstudio.core.events import Images


class Gallery(MosaicView):
    """Pictures side by side, or pairs with the input above the output; by mouse and by keyboard.

    Arrows move, Enter or a double-click enlarges, Ctrl+S saves, Ctrl+C copies, + and - and Ctrl+wheel zoom,
    0 goes back to the automatic size; pictures can be dragged out.

    Signals
    -------
    current_changed(int)
        Another picture is the current one; -1 is none.
    activated(int)
        A picture was enlarged.
    problem(str)
        Something could not be saved; a sentence for the user.
    """

    current_changed = Signal(int)
    activated = Signal(int)
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pressed: QPoint | None = None
        self.view: PictureView | None = None  # the enlarged picture, while one is open
        self.picture_actions = PictureActions(self, lambda: (self.pictures, self._current), self.problem.emit)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setMinimumSize(120, 80)
        self._describe()

    # what is shown ---------------------------------------------------------------------------------

    def set_images(
        self,
        images: Images,
        inputs: Images | None = None,
        caption: str = "",
        labels: Sequence[str | None] | None = None,
        facts: Sequence[Mapping[str, Any] | None] | None = None,
        columns: int | None = None,
    ) -> None:
        """Show other pictures; place and current picture stay as long as their number stays.

        Parameters
        ----------
        images : uint8 [N, H, W, C]
            C is 1 or 3. Not copied, may be memory-mapped; do not write to it afterwards.
        inputs : uint8 [N, H, W, C] or None
            Shown above the pictures.
        caption : str
            What the pictures are.
        labels : N strings or None
            What each is, for the tooltip.
        facts : N mappings or None
            Where each comes from; saved with it.
        columns : int or None
            Pictures in a row; None for as many as fit.

        Raises
        ------
        ValueError
            When shapes or types do not fit.
        """
        before = len(self.pictures)
        self.show_pictures(Pictures(images, inputs, caption, labels, facts, columns))
        if len(images) != before:
            self._set_current(-1)
        self._describe()
        if self.view is not None:
            self.view.set_pictures(self.pictures)

    def set_empty_text(self, text: str) -> None:
        """What stands here while there are no pictures."""
        self._empty_text = text
        self._describe()
        self.viewport().update()

    def current(self) -> int:
        """Index of the current picture, -1 when there is none."""
        return self._current

    def set_current(self, index: int) -> None:
        """Make a picture the current one and bring it into sight; -1 is none."""
        self._set_current(min(index, len(self.pictures) - 1))
        if self._current >= 0:
            self._show_item(self._current)

    def _set_current(self, index: int) -> None:
        if index != self._current:
            self._current = index
            self._describe()
            self.viewport().update()
            self.current_changed.emit(index)

    def _describe(self) -> None:
        """Tell screen readers what is here and which one is current."""
        self.setAccessibleName(self.pictures.caption or "Pictures")
        count = len(self.pictures)
        if self._current >= 0:
            self.setAccessibleDescription(self.pictures.title(self._current))
        else:
            self.setAccessibleDescription(f"{count:,} pictures" if count else self._empty_text)

    def enlarge(self, index: int | None = None) -> None:
        """Open a window with one picture, large; it follows what the gallery shows."""
        index = self._current if index is None else index
        if not 0 <= index < len(self.pictures):
            return
        if self.view is None:
            self.view = PictureView(self)
            self.view.problem.connect(self.problem)
            self.view.current_changed.connect(self.set_current)
            self.view.finished.connect(self._view_closed)
        self.view.set_pictures(self.pictures, index)
        self.view.show()
        self.view.raise_()
        self.view.activateWindow()
        self.activated.emit(index)

    def _view_closed(self) -> None:
        self.view = None

    # keys and mouse --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self.picture_actions.key(event):
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom_by(-1 if key == Qt.Key.Key_Minus else 1)
        elif key == Qt.Key.Key_0:
            self.set_zoom(None)
        elif (target := self._target(key)) is not None:
            self.set_current(target)
        else:
            super().keyPressEvent(event)

    def _target(self, key: Qt.Key) -> int | None:
        """Where a key leads from the current picture, or from the first one in sight when there is none."""
        last, m = len(self.pictures) - 1, self._mosaic
        page = max(1, self.viewport().height() // m.cell_h)
        rows = {Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        items = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if last < 0 or (key not in rows and key not in items and key not in (Qt.Key.Key_Home, Qt.Key.Key_End)):
            return None
        if key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            return 0 if key == Qt.Key.Key_Home else last
        if self._current < 0:
            return min(last, -(-self._top() // m.cell_h) * m.columns)
        if key in items:
            return min(last, max(0, self._current + items[key]))
        row, column = divmod(self._current, m.columns)
        row = min(m.rows - 1, max(0, row + rows[key]))
        return min(last, row * m.columns + column)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.item_at(event.position().toPoint())
        self._set_current(index)
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if left and index >= 0 else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pos = event.position().toPoint()
        self._hover(self.item_at(pos))
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        if (pos - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self.picture_actions.drag()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.enlarge(self.item_at(event.position().toPoint()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.angleDelta().y():
                self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)
            self._hover(self.item_at(event.position().toPoint()))

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and self._current < 0 and len(self.pictures):
            self.set_current(self._target(Qt.Key.Key_Down) or 0)  # so that the focus can be seen
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.item_at(event.pos())
            # labels come from files: shown as they are, never as markup
            text = f"<p style='white-space:pre'>{escape(self.pictures.title(index))}</p>" if index >= 0 else ""
            QToolTip.showText(event.globalPos(), text, self.viewport(), self.item_rect(max(0, index)))
            return True
        return super().viewportEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not len(self.pictures):
            return
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """A context menu for the current picture; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        enlarge = menu.addAction("Enlarge", Qt.Key.Key_Return, self.enlarge)
        enlarge.setEnabled(self._current >= 0)
        self.picture_actions.fill(menu)
        menu.addSeparator()
        menu.addAction("Zoom in", Qt.Key.Key_Plus, lambda: self.zoom_by(1))
        menu.addAction("Zoom out", Qt.Key.Key_Minus, lambda: self.zoom_by(-1))
        menu.addAction("Automatic size", Qt.Key.Key_0, lambda: self.set_zoom(None))
        return menu
