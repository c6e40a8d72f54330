"""Arithmetic with pictures: A − B + C, each put into its slot by hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QIcon,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QWidget

from genstudio.app import theme
from genstudio.app.widgets.picture_files import to_image
from genstudio.app.widgets.pin_tiles import paint_letter
from genstudio.app.widgets.place_mime import Carried, unpack
from genstudio.core.events import Images

_SIDE = 44  # pixels
Term = int | Carried  # a pin by its number, or a place that was carried here


class Slot(QWidget):
    """Takes one term: a letter typed, a pin chosen from a menu, or a place dropped.

    Signals
    -------
    filled(object)
        An int, the number of a pin, or a `Carried`.
    emptied()
    """

    filled = Signal(object)
    emptied = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._shown, self._over = name, "", False
        self._image: QImage | None = None
        self._pins: list[tuple[str, QImage]] = []
        self.setFixedSize(_SIDE, _SIDE)
        self.setAcceptDrops(name != "=")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if name == "=" else Qt.FocusPolicy.StrongFocus)
        theme.notifier().changed.connect(self.update)
        self.show_term("", None)

    def set_pins(self, names: Sequence[str], images: Sequence[QImage]) -> None:
        """The pins that can be chosen."""
        self._pins = list(zip(names, images, strict=True))

    def show_term(self, shown: str, image: QImage | None) -> None:
        """Show a term by its picture, or its name where there is none."""
        self._shown, self._image = shown, image
        if self._name == "=":
            name, tip = "Result", "What comes out: the place where you stand then"
        else:
            name = f"Term {self._name}"
            tip = f"{name}: drag a pin or a picture here, press its letter, or click to choose; Delete empties it"
        self.setAccessibleName(name)
        self.setAccessibleDescription(shown or "empty")
        self.setToolTip(tip)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        strong = self._over or self.hasFocus()
        dashed = self._image is None and not self._shown and not strong
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        if self._image is not None:
            inside = self.rect().adjusted(2, 2, -2, -2)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() > inside.width())
            place = QRect(QPoint(0, 0), self._image.size().scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio))
            place.moveCenter(inside.center())
            painter.drawImage(place, self._image)
        painter.setPen(QPen(theme.color("accent" if strong else "line"), 2 if strong else 1, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 4, 4)
        if self._image is not None and len(self._shown) == 1:
            paint_letter(painter, self.rect().adjusted(1, 1, -1, -1), self._shown)
        if self._image is None:
            painter.setPen(theme.color("text" if self._shown else "dim"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._shown or self._name)

    # --- hands ---------------------------------------------------------------------------------------

    def menu(self) -> QMenu:
        """The pins to choose from; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for i, (name, image) in enumerate(self._pins):
            menu.addAction(QIcon(QPixmap.fromImage(image)), name, lambda i=i: self.filled.emit(i))
        if not self._pins:
            menu.addAction("Pin a place first").setEnabled(False)
        if self._shown or self._image is not None:
            menu.addSeparator()
            menu.addAction("Empty", Qt.Key.Key_Delete, self.emptied.emit)
        return menu

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if self._name != "=" and inside and event.button() == Qt.MouseButton.LeftButton:
            self._choose()

    def _choose(self) -> None:
        self.menu().popup(self.mapToGlobal(QPoint(0, self.height())))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, letter = event.key(), event.text().upper()
        names = [name for name, _ in self._pins]
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.emptied.emit()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif letter and letter in names:
            self.filled.emit(names.index(letter))
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if unpack(event.mimeData()) is not None:
            self._over = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        self.update()
        place = unpack(event.mimeData())
        if place is not None:
            event.acceptProposedAction()
            self.filled.emit(place.get("pin", place))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


class SumRow(QWidget):
    """A − B + C = and what comes out of it.

    Signals
    -------
    asked(object, object, object)
        All three are there, and one of them is another: each an int, the number of a pin, or a `Carried`.
    """

    asked = Signal(object, object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slots_ = [Slot(name) for name in "ABC"]
        self.result = Slot("=")
        self._terms: list[Term | None] = [None, None, None]
        self._letters: list[str] = ["", "", ""]  # of the pins in the slots: they stay where pins change their order
        self._names: list[str] = []
        self._images: list[QImage] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for slot, sign in zip((*self.slots_, self.result), ("−", "+", "=", ""), strict=True):
            row.addWidget(slot)
            if sign:
                label = QLabel(sign)
                label.setProperty("role", "dim")
                label.setFixedWidth(16)
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)
                row.addWidget(label)
        for i, slot in enumerate(self.slots_):
            slot.filled.connect(lambda term, i=i: self.fill(i, term))
            slot.emptied.connect(lambda i=i: self.empty(i))

    def set_pins(self, names: Sequence[str], images: Sequence[QImage]) -> None:
        """The pins that there are; a slot whose pin is gone becomes empty."""
        self._names, self._images = list(names), list(images)
        for i, slot in enumerate(self.slots_):
            slot.set_pins(names, images)
            if not isinstance(self._terms[i], int):
                continue
            if self._letters[i] in self._names:
                self._terms[i] = pin = self._names.index(self._letters[i])
                slot.show_term(self._letters[i], self._images[pin])
            else:
                self.empty(i)

    def fill(self, index: int, term: Term) -> None:
        """Put a term into slot `index`; with the last of three the result is asked for."""
        if isinstance(term, int):
            if not 0 <= term < len(self._names):
                return
            self._letters[index] = self._names[term]
            self.slots_[index].show_term(self._names[term], self._images[term])
        else:
            self._letters[index] = ""
            self.slots_[index].show_term("here", None)
        self._terms[index] = term
        if all(term is not None for term in self._terms):
            self.asked.emit(*self._terms)

    def empty(self, index: int) -> None:
        """Take a term out of its slot."""
        self._terms[index], self._letters[index] = None, ""
        self.slots_[index].show_term("", None)
        self.result.show_term("", None)

    def show_image(self, index: int, image: Images) -> None:
        """The picture uint8 [H, W, C] of a place that was carried into slot `index`."""
        if self._terms[index] is not None:
            self.slots_[index].show_term(self._letters[index] or "a picture", to_image(image))

    def set_result(self, image: Images | None) -> None:
        """What came out: uint8 [H, W, C]; None for nothing."""
        self.result.show_term("", None if image is None else to_image(image))
