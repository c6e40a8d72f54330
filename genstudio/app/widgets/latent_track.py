"""The slider of a latent dimension, direction or attribute: filled from its base on, and quick to go anywhere."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QStyle, QStyleOptionSlider, QWidget

from genstudio.app import theme
from genstudio.app.widgets.slider import CalmSlider

TICKS = 600  # over ±3 σ: 100 to one standard deviation
_STEP, _PAGE = 10, 50
_ARROWS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}


class Track(CalmSlider):
    """A slider that goes where one presses; with Shift the arrows take a tenth of a step, 0 asks for the base.

    Signals
    -------
    ended()
        What the person moved stays: the mouse or the key was let go, or the focus went.
    reset_asked()
        A double click, or the key 0.

    Attributes
    ----------
    base : int
        Tick where the filled part begins.
    faint : bool
        Whether it is painted grey.
    """

    ended = Signal()
    reset_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(0, TICKS, parent)
        self.base = TICKS // 2  # where the filled part begins
        self.faint = False
        self.setSingleStep(_STEP)
        self.setPageStep(_PAGE)
        self._moving = False
        self.valueChanged.connect(self._begin)

    def _begin(self) -> None:
        self._moving = True

    def _end(self) -> None:
        if self._moving:
            self._moving = False
            self.ended.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            handle = self._handle()
            if not handle.contains(event.position().toPoint()):
                self.setSliderPosition(self._value_at(event.position(), handle.width()))
        super().mousePressEvent(event)

    def _handle(self) -> QRect:
        option, style = QStyleOptionSlider(), self.style()
        self.initStyleOption(option)
        control, part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl.SC_SliderHandle
        return style.subControlRect(control, option, part, self)

    def _value_at(self, where: QPointF, handle: int) -> int:
        x = round(where.x() - handle / 2)
        return QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, self.width() - handle)

    def paintEvent(self, ev: QPaintEvent) -> None:
        """As the other sliders, but filled from the base on: to the left for less, to the right for more."""
        painter, handle = QPainter(self), QRectF(self._handle())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, room = self.height() / 2, self.width() - handle.width()
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(0, middle - 2, self.width(), 4), 2, 2)
        base, here = handle.width() / 2 + room * self.base / TICKS, handle.center().x()
        if abs(base - here) > 1:
            painter.setBrush(theme.color("dim"))
            painter.drawRoundedRect(QRectF(base - 1, middle - 5, 2, 10), 1, 1)
        painter.setBrush(theme.color("dim" if self.faint else "accent"))
        painter.drawRect(QRectF(min(base, here), middle - 2, abs(here - base), 4))
        painter.setPen(QPen(theme.color("text" if self.hasFocus() else "panel"), 2))
        painter.drawEllipse(QPointF(here, middle), 7, 7)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = _ARROWS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_0:
            self.reset_asked.emit()
        elif way is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.setValue(self.value() + way)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        super().keyReleaseEvent(event)
        if not event.isAutoRepeat():
            self._end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        self._end()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._end()
