"""Pictures with what a critic says of them written on each, and the controls to watch it step by step."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.laboratory_pace import PaceControls

_SMALLEST = 28  # pixels below which a picture has no room for words
_PAD = 3


class CriticGallery(Gallery):
    """A gallery whose labels, "real 97 %", stand on the pictures; where there is little room, only the number."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        labels = self.pictures.labels
        if not labels:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.tabular(self.font()))
        for index, label in enumerate(labels):
            area = QRectF(self.item_rect(index))
            if label and area.intersects(QRectF(self.viewport().rect())) and area.width() >= _SMALLEST:
                self._write(painter, area, label)

    def _write(self, painter: QPainter, area: QRectF, label: str) -> None:
        metrics = painter.fontMetrics()
        if metrics.horizontalAdvance(label) + 2 * _PAD > area.width():
            label = label.partition(" ")[2]
        if metrics.horizontalAdvance(label) + 2 * _PAD > area.width():
            label = label.removesuffix(" %")
        chip = QRectF(area.left(), area.top(), metrics.horizontalAdvance(label) + 2 * _PAD, metrics.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("panel", 0.8))
        painter.drawRect(chip)
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
