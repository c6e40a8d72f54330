"""A label for figures that change all the time: its room only grows, so that nothing around it moves."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtWidgets import QLabel, QWidget

_AREA = QRect(0, 0, 10_000, 1_000)  # more than a line needs


class SteadyLabel(QLabel):
    """One line of text with a fixed size.

    Qt lays the whole window out anew whenever a label of another kind changes its text (measured: 2 ms a time, in
    the same turn of the event loop as the frame of the curves, which made it late).
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        need = self._need()
        if need.width() > self.minimumWidth() or need.height() != self.minimumHeight():
            self.setFixedSize(need.expandedTo(QSize(self.minimumWidth(), 0)))

    def forget_room(self) -> None:
        """Take only the room that the text needs now."""
        self.setFixedSize(self._need())

    def _need(self) -> QSize:
        """Not `sizeHint`, which is never less than the size that was fixed before."""
        text = self.fontMetrics().boundingRect(_AREA, Qt.AlignmentFlag.AlignLeft, self.text())
        return text.size().grownBy(self.contentsMargins())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.forget_room()
