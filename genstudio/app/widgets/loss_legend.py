"""The legend below the curves: one button a curve, with its colour, name and newest value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.flow import FlowLayout
from genstudio.app.widgets.loss_ticks import figure
from genstudio.core.events import Curve

_DOT, _PAD = 8, 4


def series_color(index: int) -> str:
    """The colour of curve number `index`; after the last colour the first comes again."""
    series = theme.tokens().series
    return series[index % len(series)]


class LegendButton(QAbstractButton):
    """Colour, label and newest value of a curve; pressed means shown."""

    def __init__(self, curve: Curve, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curve, self._index = curve, index
        self._value, self._room = "–", 0
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(theme.tabular(self.font()))
        self.setAccessibleName(curve.label)
        self.setToolTip(
            f"{curve.label}, in {curve.unit}: show or hide" if curve.unit else f"{curve.label}: show or hide"
        )

    def set_value(self, value: float) -> None:
        """Show the newest value; room once taken is kept, so that the row does not dance."""
        text = figure(value)
        if text == self._value:
            return
        self._value = text
        self.setAccessibleDescription(f"{text} {self.curve.unit}".strip())
        room = QFontMetrics(self.font()).horizontalAdvance(text)
        if room > self._room:
            self._room = room
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        label = metrics.horizontalAdvance(self.curve.label)
        return QSize(_PAD + _DOT + 6 + label + 8 + self._room + _PAD, max(24, metrics.height() + 8))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, e: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(self.rect(), 6, 6)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        color = QColor(series_color(self._index))
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(color if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(_PAD + 0.5, (self.height() - _DOT) / 2 + 0.5, _DOT - 1, _DOT - 1))
        area = self.rect().adjusted(_PAD + _DOT + 6, 0, -_PAD, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("dim"))
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, self.curve.label)
        if self.isChecked():
            painter.setPen(theme.color("text"))
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, self._value)


class LossLegend(QWidget):
    """A row of legend buttons that wraps.

    Signals
    -------
    toggled()
        A curve was shown or hidden.
    """

    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = FlowLayout(self, spacing=12)
        self._buttons: list[LegendButton] = []
        self._hidden: set[str] = set()
        self._places: dict[str, int] = {}  # among the colours

    def begin_anew(self) -> None:
        """No curves, and the first colour for the next one."""
        self.set_curves(())
        self._places = {}

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """One button a curve; what was hidden by name stays hidden, and each keeps its colour."""
        for button in self._buttons:
            self._flow.removeWidget(button)
            button.deleteLater()
        for curve in curves:
            taken = [place for name, place in self._places.items() if name in {c.name for c in curves}]
            free = next(i for i in range(len(curves) + 1) if i not in taken)
            self._places.setdefault(curve.name, free)
        self._buttons = [LegendButton(curve, self._places[curve.name], self) for curve in curves]
        for button in self._buttons:
            button.setChecked(button.curve.name not in self._hidden)
            button.toggled.connect(self._toggle)
            self._flow.addWidget(button)
            button.show()

    def _toggle(self) -> None:
        for button in self._buttons:
            (self._hidden.discard if button.isChecked() else self._hidden.add)(button.curve.name)
        self.toggled.emit()

    def set_values(self, values: Mapping[str, float]) -> None:
        """Newest value by curve name."""
        for button in self._buttons:
            button.set_value(values[button.curve.name])

    def curves(self) -> list[Curve]:
        """The curves that have a button."""
        return [button.curve for button in self._buttons]

    def shown(self) -> list[tuple[Curve, str]]:
        """The curves that are shown, each with its colour."""
        return [(b.curve, series_color(self._places[b.curve.name])) for b in self._buttons if b.isChecked()]

    def buttons(self) -> list[LegendButton]:
        """The buttons in their order."""
        return list(self._buttons)
