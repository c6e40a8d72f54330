"""A scrollable wall of pictures; what a person can do with them is added by who builds on it."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from genstudio.app import theme
from genstudio.app.widgets.mosaic import Mosaic, next_zoom
from genstudio.app.widgets.picture_files import to_image
from genstudio.app.widgets.pictures import NO_PICTURES, Pictures


class MosaicView(QAbstractScrollArea):
    """Shows pictures of any number; only those in sight are touched.

    Attributes
    ----------
    pictures : Pictures
        What is shown; changed by `show_pictures`.
    """

    MOST_SIDE: ClassVar = 512  # pictures do not grow beyond so many screen pixels by themselves

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = Pictures(NO_PICTURES)
        self._empty_text = "No pictures yet."
        self._zoom: int | None = None
        self._current, self._hovered = -1, -1
        self._drawn: tuple[object, QImage] | None = None  # the sheet painted last, for hovering and selecting
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # it fills itself
        self._arrange()
        theme.notifier().changed.connect(self.viewport().update)

    def show_pictures(self, pictures: Pictures) -> None:
        """Show these; the place stays as long as their number stays."""
        before, self.pictures = self.pictures, pictures
        self._drawn, self._hovered = None, -1
        if pictures.alike(before):
            self._mosaic.pictures = pictures
            self.viewport().update()
            return
        self._arrange()
        if len(pictures) != len(before):
            self.verticalScrollBar().setValue(0)

    def zoom(self) -> int:
        """n when a pixel is shown as n x n, -n when n x n pixels are shown as one."""
        return self._mosaic.zoom

    def set_zoom(self, zoom: int | None) -> None:
        """Show pictures at this size from now on; None is the automatic one. What is in sight stays there."""
        anchor = self._current if self._current >= 0 else self.item_at(self.viewport().rect().center())
        self._zoom = zoom
        self._arrange()
        if anchor >= 0:
            self._show_item(anchor)

    def zoom_by(self, way: int) -> None:
        """One step larger (1) or smaller (-1)."""
        self.set_zoom(next_zoom(self.zoom(), way))

    # where things stand ----------------------------------------------------------------------------

    def _arrange(self) -> None:
        size = self.maximumViewportSize()
        upright, level = self.verticalScrollBar(), self.horizontalScrollBar()
        m = Mosaic(self.pictures, size.width(), size.height(), self._zoom, self.MOST_SIDE)
        if not m.fits:
            m = Mosaic(self.pictures, size.width() - upright.sizeHint().width(), size.height(), m.zoom)
        self._mosaic = m
        for bar, content, room, step in (
            (upright, m.content_h, size.height(), m.cell_h),
            (level, m.content_w, m.width, m.cell_w),
        ):
            bar.setRange(0, max(0, content - room))
            bar.setPageStep(room)
            bar.setSingleStep(min(step, room))
        self.viewport().update()

    def _top(self) -> int:
        return self.verticalScrollBar().value()

    def item_rect(self, index: int) -> QRect:
        """Where a picture is, in pixels of the viewport."""
        x, y, w, h = self._mosaic.place(index)
        return QRect(x - self.horizontalScrollBar().value(), y - self._top(), w, h)

    def item_at(self, pos: QPoint) -> int:
        """The picture at a point of the viewport, -1 when there is none."""
        found = self._mosaic.at(pos.x() + self.horizontalScrollBar().value(), pos.y() + self._top())
        return -1 if found is None else found

    def _show_item(self, index: int) -> None:
        m = self._mosaic
        cell = self.item_rect(index).adjusted(-m.half_w, -m.half_h, m.half_w + 1, m.half_h + 1)
        for bar, low, high, room in (
            (self.verticalScrollBar(), cell.top(), cell.bottom(), self.viewport().height()),
            (self.horizontalScrollBar(), cell.left(), cell.right(), self.viewport().width()),
        ):
            if low < 0:
                bar.setValue(bar.value() + low)
            elif high > room:
                bar.setValue(bar.value() + min(high - room, low))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.color("panel"))
        if len(self.pictures):
            self._paint_rows(painter)
            self._outline(painter, self._hovered, "dim", 1)
            self._outline(painter, self._current, "accent" if self.hasFocus() else "dim", 2)
        else:
            painter.setPen(theme.color("dim"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 16, -16, -16), flags, self._empty_text)

    def _paint_rows(self, painter: QPainter) -> None:
        """Draw the rows in sight as one image, then the gaps, which scaling has made as black as the rest."""
        m, height = self._mosaic, self.viewport().height()
        first = self._top() // m.cell_h
        rows = min(m.rows - first, height // m.cell_h + 2)
        key = (first, rows, m.columns, m.zoom)
        if self._drawn is None or self._drawn[0] != key:
            # Qt enlarges pictures of 32 bits a pixel several times faster than grey ones
            self._drawn = key, to_image(m.sheet(first, rows), QImage.Format.Format_RGB32)
        image = self._drawn[1]
        x = m.left + m.half_w - self.horizontalScrollBar().value()
        y = m.top + m.half_h + first * m.cell_h - self._top()
        target = QRect(x, y, image.width() * m.scale, image.height() * m.scale)
        painter.drawImage(target, image)
        panel, gap, row_gap = theme.color("panel"), m.gap * m.scale, m.row_gap * m.scale
        for column in range(1, m.columns + 1):
            painter.fillRect(x + column * m.cell_w - gap, y, gap, target.height(), panel)
        for row in range(1, rows + 1):
            painter.fillRect(x, y + row * m.cell_h - row_gap, target.width(), row_gap, panel)
            if self.pictures.inputs is not None:
                between = y + (row - 1) * m.cell_h + m.tile_h * m.scale
                painter.fillRect(x, between, target.width(), gap, panel)
        beyond = len(self.pictures) - (first + rows - 1) * m.columns  # items in the last row drawn
        if beyond < m.columns:
            left = x + beyond * m.cell_w
            painter.fillRect(left, y + (rows - 1) * m.cell_h, target.right() + 1 - left, m.cell_h, panel)

    def _outline(self, painter: QPainter, index: int, role: str, width: int) -> None:
        if 0 <= index < len(self.pictures):
            pen = QPen(theme.color(role), width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            out = width / 2
            rect = self.item_rect(index).toRectF().adjusted(-out, -out, out, out)
            painter.drawRect(rect)
