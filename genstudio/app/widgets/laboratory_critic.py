"""Pictures with what a critic says of them written on each, and the controls to watch it step by step."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets import laboratory_paint as paint
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.laboratory_pace import PaceControls

_SMALLEST = 28  # pixels below which a picture has no room for words
_PAD, _SIGN = 2, 3


class CriticGallery(Gallery):
    """A gallery whose labels, "real 97 %", stand at the foot of the pictures; with little room only the number.

    The colour beside it says "real" or "drawn" as everywhere in the laboratory; so does the tooltip, in words.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        labels = self.pictures.labels
        if not labels:
            return
        painter = QPainter(self.viewport())
        painter.setFont(theme.tabular(self.font()))
        for index, label in enumerate(labels):
            area = QRectF(self.item_rect(index))
            if label and area.intersects(QRectF(self.viewport().rect())) and area.width() >= _SMALLEST:
                self._write(painter, area, label)

    def _write(self, painter: QPainter, area: QRectF, label: str) -> None:
        metrics, room = painter.fontMetrics(), area.width() - _SIGN - 2 * _PAD
        colour = paint.real_colour() if label.startswith("real") else paint.drawn_colour()
        if metrics.horizontalAdvance(label) > room:
            label = label.partition(" ")[2]
        if metrics.horizontalAdvance(label) > room:
            label = label.removesuffix(" %")
        width = metrics.horizontalAdvance(label) + 2 * _PAD
        chip = QRectF(area.left() + _SIGN, area.bottom() - metrics.height(), width, metrics.height())
        painter.fillRect(chip, theme.color("panel", 0.8))
        painter.fillRect(QRectF(area.left(), chip.top(), _SIGN, chip.height()), colour)
        painter.setPen(theme.color("text"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, label)


class CriticPanel(QWidget):
    """The pictures and, below them, the speed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.gallery, self.pace = CriticGallery(), PaceControls()
        self.gallery.set_empty_text("Pictures and what the critic thinks of them appear here.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.gallery, 1)
        column.addWidget(self.pace)
