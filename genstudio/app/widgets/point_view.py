"""Points in the plane, coloured by label: the toy data as it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from genstudio.app import theme

_MOST = 3_000  # points drawn; more of them are one blot
_MARGIN = 24
_NEAR = 12  # pixels within which a click finds a point


class PointView(QWidget):
    """A scatter plot with equal scales. A click or the arrows choose a point.

    Signals
    -------
    current_changed(int)
        Another point is the current one; -1 is none.
    """

    current_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points = np.empty((0, 2), np.float32)
        self._labels: NDArray[np.int64] | None = None
        self._current = -1
        self._drawn: QPixmap | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        theme.notifier().changed.connect(self._redraw)
        self._describe()

    def set_points(self, points: NDArray[np.float32], labels: NDArray[np.int64] | None = None) -> None:
        """Show these points: float32 [N, 2], labels int64 [N] or None."""
        self._points, self._labels = points, labels
        self._current = -1
        self._describe()
        self._redraw()

    def count(self) -> int:
        """How many points there are; `shown` tells how many of them are drawn."""
        return len(self._points)

    def shown(self) -> int:
        return min(_MOST, len(self._points))

    def current(self) -> int:
        return self._current

    def set_current(self, index: int) -> None:
        """Mark a point as the current one; -1 is none."""
        index = min(index, len(self._points) - 1)
        if index != self._current:
            self._current = index
            self._describe()
            self.update()
            self.current_changed.emit(index)

    def _describe(self) -> None:
        self.setAccessibleName("Points")
        if self._current >= 0:
            x, y = self._points[self._current]
            self.setAccessibleDescription(f"point {self._current + 1:,} of {self.count():,}: {x:.2f}, {y:.2f}")
        else:
            self.setAccessibleDescription(f"{self.count():,} points")

    # --- where points stand --------------------------------------------------------------------------

    def _rows(self) -> NDArray[np.int64]:
        count = len(self._points)
        return np.unique(np.linspace(0, count - 1, self.shown()).astype(np.int64)) if count else np.empty(0, np.int64)

    def _placed(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """Pixels of points [M, 2], y upwards, the same scale both ways."""
        low, high = self._points.min(0).astype(float), self._points.max(0).astype(float)
        room = np.array([self.width(), self.height()]) - 2.0 * _MARGIN
        scale = float(max(1.0, room.min())) / max(float((high - low).max()), 1e-9)
        scale = min(scale, *(np.maximum(room, 1) / np.maximum(high - low, 1e-9)).tolist())
        offset = (points.astype(float) - (low + high) / 2) * scale
        return np.stack([self.width() / 2 + offset[:, 0], self.height() / 2 - offset[:, 1]], axis=1)

    # --- painting ------------------------------------------------------------------------------------

    def _redraw(self) -> None:
        self._drawn = None
        self.update()

    def _colour(self, label: int) -> QColor:
        series = theme.tokens().series
        return QColor(series[label % len(series)]) if label >= 0 else theme.color("dim")

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.color("panel"))
        rows = self._rows()
        if len(rows):
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setOpacity(0.8)
            labels = np.zeros(len(rows), np.int64) if self._labels is None else self._labels[rows]
            radius = 3.0 if len(rows) < 1000 else 2.0
            places = self._placed(self._points[rows])
            for label in np.unique(labels):
                painter.setBrush(self._colour(int(label)))
                for x, y in places[labels == label].tolist():
                    painter.drawEllipse(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
            painter.end()
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drawn is None:
            self._drawn = self._draw()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        if self.shown() < self.count():
            painter.setPen(theme.color("dim"))
            text = f"{self.shown():,} of {self.count():,} points drawn"
            corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
            painter.drawText(self.rect().adjusted(0, 0, -4, -4), corner, text)
        if self._current >= 0:
            x, y = self._placed(self._points[self._current : self._current + 1])[0].tolist()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "text"), 2))
            painter.drawEllipse(QPointF(x, y), 7, 7)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    # --- hands ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        rows = self._rows()
        if not len(rows):
            return
        pos = event.position()
        distance = np.hypot(*(self._placed(self._points[rows]) - [pos.x(), pos.y()]).T)
        nearest = int(distance.argmin())
        self.set_current(int(rows[nearest]) if distance[nearest] <= _NEAR else -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not len(self._points):
            super().keyPressEvent(event)
        else:
            self.set_current(max(0, self._current + step))
