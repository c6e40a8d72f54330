"""One row of the Latent page's panels: a name, what it weighs, a slider, its value, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QRect, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.latent_track import TICKS, Track

_BUTTON, _GAP, _SLIDER = 24, 4, 20
_BAR, _VALUE, _NAME = 3, 56, 0.45  # pixels, pixels, share of the width


@dataclass(frozen=True, slots=True)
class SliderFacts:
    """What a row shows.

    Attributes
    ----------
    key : int
        What the row is of.
    low, high : float
        Ends of the slider.
    base : float
        Where reset goes back to.
    share : float or None
        Length of the bar, 0..1; None for no bar.
    tip : str
        What is known of it, as a tooltip.
    unit : str
        Of the value.
    faint : bool
        Whether it matters little.
    removable : bool
        Whether it can be taken away: a button in the place of reset.
    """

    key: int
    name: str
    low: float
    high: float
    base: float
    share: float | None = None
    tip: str = ""
    unit: str = ""
    faint: bool = False
    removable: bool = False

    def at_base(self, base: float) -> SliderFacts:
        """The same with another base."""
        return self if base == self.base else replace(self, base=base)


def row_height(metrics: QFontMetrics) -> int:
    """Pixels that a row takes."""
    return metrics.height() + _SLIDER


class LatentSlider(QWidget):
    """A row; the name, the bar and the value are painted, so that a thousand rows are made quickly.

    Signals
    -------
    moved(int, float)
        The key and the value, by the person, also while dragging.
    ended()
        A drag, a key or a reset is over.
    removed(int)
        The key of what is to be taken away.
    """

    moved = Signal(int, float)
    ended = Signal()
    removed = Signal(int)

    def __init__(self, facts: SliderFacts, value: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts, self._value = facts, value
        self.slider = Track(self)
        self.button: QToolButton | None = None  # made when there is something to reset
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.valueChanged.connect(self._slide)
        self.slider.ended.connect(self.ended)
        self.slider.reset_asked.connect(self.reset)
        theme.notifier().changed.connect(self.update)
        self.set_facts(facts, value)

    # --- what is shown -------------------------------------------------------------------------------

    def set_facts(self, facts: SliderFacts, value: float) -> None:
        """Show something else; emits nothing."""
        self.facts = facts
        self.setToolTip(facts.tip)
        self.slider.setAccessibleName(facts.name)
        self._value = value
        self._show_value()

    def set_value(self, value: float) -> None:
        """Show a value, which may lie beyond the ends; emits nothing."""
        if value != self._value:
            self._value = value
            self._show_value()

    def set_base(self, base: float) -> None:
        """Where reset goes back to."""
        if base != self.facts.base:
            self.facts = self.facts.at_base(base)
            self._show_value()

    def value(self) -> float:
        """What is shown, exactly as it was set."""
        return self._value

    def text(self) -> str:
        """The value as it is written."""
        digits = 0 if max(abs(self.facts.low), abs(self.facts.high)) >= 1000 else 2
        figure = f"{self._value + 0.0:.{digits}f}".replace("-", "−")
        return f"{figure} {self.facts.unit}".rstrip()

    def is_changed(self) -> bool:
        """Whether there is something to reset: more than a tick of the slider."""
        tick = (self.facts.high - self.facts.low) / TICKS
        return abs(self._value - self.facts.base) > tick / 2

    def is_held(self) -> bool:
        """Whether the person is dragging it."""
        return self.slider.isSliderDown()

    def reset(self) -> None:
        """Go back to the base, as the person's own wish."""
        if self._value != self.facts.base:
            self.set_value(self.facts.base)
            self.moved.emit(self.facts.key, self._value)
            self.ended.emit()

    def _show_value(self) -> None:
        self.slider.base, self.slider.faint = self._tick(self.facts.base), self.facts.faint
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._tick(self._value))
        self.slider.setAccessibleDescription(f"{self.text()}. {self.facts.tip}")
        self._show_button()
        self.update()

    def _tick(self, value: float) -> int:
        low, high = self.facts.low, self.facts.high
        share = (value - low) / (high - low) if high > low else 0.5
        return round(TICKS * min(1.0, max(0.0, share)))

    def _show_button(self) -> None:
        wanted = self.facts.removable or self.is_changed()
        if self.button is None:
            if not wanted:
                return
            self.button = self._made_button()
        removable = self.facts.removable
        self.button.setAccessibleName(f"{'Remove' if removable else 'Reset'} {self.facts.name}")
        where = f"{self.facts.base:.2f}".replace("-", "−")
        self.button.setToolTip("Remove from the list" if removable else f"Back to {where} {self.facts.unit}".rstrip())
        self.button.setVisible(wanted)

    def _made_button(self) -> QToolButton:
        button = QToolButton(self)
        theme.set_icon(button, "close" if self.facts.removable else "reset", 14, "dim")
        button.clicked.connect(
            lambda: self.removed.emit(self.facts.key) if self.facts.removable else self._reset_by()
        )
        QWidget.setTabOrder(self.slider, button)
        button.setGeometry(self._button_place())
        return button

    def _reset_by(self) -> None:
        self.slider.setFocus(Qt.FocusReason.OtherFocusReason)  # the button is about to hide
        self.reset()

    def _slide(self, tick: int) -> None:
        self._value = self.facts.low + (self.facts.high - self.facts.low) * tick / TICKS
        self._show_value()
        self.moved.emit(self.facts.key, self._value)

    # --- look ----------------------------------------------------------------------------------------

    def last_stop(self) -> QWidget:
        """What Tab reaches last in this row."""
        return self.button or self.slider

    def sizeHint(self) -> QSize:
        return QSize(200, row_height(self.fontMetrics()))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.slider.setGeometry(0, self.height() - _SLIDER, self.width() - _BUTTON - _GAP, _SLIDER)
        if self.button is not None:
            self.button.setGeometry(self._button_place())

    def _button_place(self) -> QRect:
        return QRect(self.width() - _BUTTON, self.height() - (_SLIDER + _BUTTON) // 2, _BUTTON, _BUTTON)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        right, height = self.width() - _BUTTON - _GAP, self.fontMetrics().height()
        middle = Qt.AlignmentFlag.AlignVCenter
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if self.is_changed() else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(theme.color("dim" if self.facts.faint else "text"))
        room = round(right * _NAME) if self.facts.share is not None else right - _VALUE - 2 * _GAP
        name = painter.fontMetrics().elidedText(self.facts.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(0, 0, room, height), Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.setFont(theme.tabular(self.font()))
        painter.setPen(theme.color("dim"))
        value = QRect(right - _VALUE, 0, _VALUE, height)
        painter.drawText(value, Qt.AlignmentFlag.AlignRight | middle, self.text())
        if self.facts.share is not None:
            self._paint_bar(painter, QRectF(room + 2 * _GAP, height // 2 - 1, right - _VALUE - room - 4 * _GAP, _BAR))
        painter.end()

    def _paint_bar(self, painter: QPainter, track: QRectF) -> None:
        assert self.facts.share is not None
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(track, 1.5, 1.5)
        if self.facts.share > 0 and not self.facts.faint:
            track.setWidth(max(_BAR, track.width() * min(1.0, self.facts.share)))
            painter.setBrush(theme.color("dim"))
            painter.drawRoundedRect(track, 1.5, 1.5)
