"""A combo box that a scrolling wheel cannot change by accident."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_EDGES = 48  # pixels of frame, padding and arrow, as the stylesheet makes them


class ChoiceField(QComboBox):
    """Closed it lets the wheel scroll the page; long entries do not widen it."""

    def __init__(self, choices: tuple[str, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.addItems(choices)

    def minimumSizeHint(self) -> QSize:
        return QSize(88, super().minimumSizeHint().height())

    def paintEvent(self, e: QPaintEvent) -> None:
        """As Qt paints it, but what does not fit ends in an ellipsis."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.width() - _EDGES
        text: str = option.currentText  # pyright: ignore[reportAttributeAccessIssue]
        short = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        option.currentText = short  # pyright: ignore[reportAttributeAccessIssue]
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
