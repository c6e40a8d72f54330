"""A box or a lasso that is drawn around points."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath

_STEP = 2.0  # pixels between two corners of a lasso


class Lasso:
    """From where the mouse was pressed to where it is; pixels of the plot.

    Parameters
    ----------
    kind : {"select", "lasso"}
        A box, or whatever way the mouse takes.
    """

    def __init__(self, kind: Literal["select", "lasso"], begin: QPointF) -> None:
        self.kind = kind
        self._way = [begin]
        self._end = begin

    def go_to(self, pos: QPointF) -> None:
        """The mouse has moved."""
        self._end = pos
        if (pos - self._way[-1]).manhattanLength() >= _STEP:
            self._way.append(pos)

    def path(self) -> QPainterPath:
        """Its outline, closed."""
        path = QPainterPath()
        if self.kind == "select":
            path.addRect(QRectF(self._way[0], self._end).normalized())
        else:
            path.addPolygon([*self._way, self._end])
            path.closeSubpath()
        return path

    def mask(self, width: float, height: float) -> NDArray[np.bool_]:
        """Which pixels are inside, bool [H, W].

        What is seen is what is chosen, and the time does not grow with the length of the way times the points.
        """
        size = QSize(max(1, round(width)), max(1, round(height)))
        image = QImage(size, QImage.Format.Format_Grayscale8)
        image.fill(0)
        painter = QPainter(image)
        painter.fillPath(self.path(), Qt.GlobalColor.white)
        painter.end()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(size.height(), image.bytesPerLine())
        return rows[:, : size.width()] > 127
