"""A scrolling column that takes only the room that its content needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

_GAP = 12


class FittedColumn(QScrollArea):
    """Widgets below each other, as high as they are, up to `set_most`; hidden while all of them are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = 10_000
        self._inner = QWidget()
        self._inner.setProperty("kind", "scrolled")
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(_GAP)
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what is in it
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._inner.installEventFilter(self)
        self.hide()

    def add(self, widget: QWidget) -> None:
        """Append a widget."""
        self._column.addWidget(widget)
        widget.installEventFilter(self)
        self._fit()

    def set_most(self, height: int) -> None:
        """The most pixels that it takes."""
        if height != self._most:
            self._most = height
            self._fit()

    def sizeHint(self) -> QSize:
        width = self.viewport().width()
        need = self._column.totalHeightForWidth(width) if self._column.hasHeightForWidth() else -1
        return QSize(width, min(self._most, max(need, self._column.sizeHint().height() if need < 0 else 0)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        items = (self._column.itemAt(i) for i in range(self._column.count()))
        widgets = [item.widget() for item in items if item is not None]
        self.setHidden(all(widget is None or widget.isHidden() for widget in widgets))
        self.updateGeometry()
