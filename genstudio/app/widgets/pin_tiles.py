"""Pins as they are painted: small pictures with a letter side by side, and a place for one more."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genstudio.app import theme
from genstudio.app.widgets.picture_files import to_image
from genstudio.app.widgets.place_mime import Carried
from genstudio.core.events import Images

_GAP, _LEAST, _MOST, _CROSS, _EDGE = 8, 40, 56, 16, 1  # pixels


class PinTiles(QWidget):
    """Shows pins; what a person can do with them is added by `PinRow`.

    Attributes
    ----------
    images : list of QImage
    names : list of str
        Their letters.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: list[QImage] = []
        self.names: list[str] = []
        self._places: list[Carried] = []
        self._current, self._hovered, self._gap_at, self._offset = -1, -1, -1, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)
        self._describe()

    def set_pins(self, images: Images, names: Sequence[str], places: Sequence[Carried] = ()) -> None:
        """Show these pins: uint8 [P, H, W, C], their letters, and what is carried when one is dragged away."""
        self.images = [to_image(image) for image in images]
        self.names, self._places = list(names), list(places)
        self._current = min(self._current, len(self.names) - 1)
        self.scroll_by(0)
        self._describe()

    def set_current(self, index: int) -> None:
        """Make a pin the current one; the number after the last one is the place for one more."""
        self._current = max(-1, min(index, len(self.names)))
        if 0 <= self._current < len(self.names):
            tile, sight = self.tile(self._current), self.sight()
            self.scroll_by(min(0, tile.left() - _EDGE) + max(0, tile.right() - sight.right()))
        self._describe()
        self.update()

    def current(self) -> int:
        return self._current

    def _describe(self) -> None:
        self.setAccessibleName("Pins")
        count = len(self.names)
        if 0 <= self._current < count:
            self.setAccessibleDescription(f"pin {self.names[self._current]}, {self._current + 1} of {count}")
        else:
            self.setAccessibleDescription(f"{count} pins; plus pins the place where you stand")

    # --- where things stand --------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(320, _MOST + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _MOST + 8)

    def side(self) -> int:
        """Pixels of a tile: as large as all of them and the place for one more have room for."""
        room = (self.width() - 2 * _EDGE + _GAP) // (len(self.names) + 1) - _GAP
        return max(_LEAST, min(_MOST, room))

    def tile(self, index: int) -> QRect:
        """Where a pin is, or the place for one more: after the last, at the right edge where not all have room."""
        side = self.side()
        top = (self.height() - side) // 2
        if index == len(self.names) and self._over():
            return QRect(self.width() - _EDGE - side, top, side, side)
        return QRect(_EDGE + index * (side + _GAP) - self._offset, top, side, side)

    def _over(self) -> int:
        """Pixels by which the pins and the place for one more are wider than the row."""
        return max(0, (len(self.names) + 1) * (self.side() + _GAP) - _GAP - (self.width() - 2 * _EDGE))

    def scroll_by(self, pixels: int) -> None:
        """Move along pins that do not all have room."""
        self._offset = max(0, min(self._over(), self._offset + pixels))
        self.update()

    def sight(self) -> QRect:
        """Where pins are seen: left of the place for one more, where that stands at the edge."""
        right = self.tile(len(self.names)).left() - _GAP // 2 if self._over() else self.width()
        return QRect(0, 0, right, self.height())

    def tile_at(self, pos: QPoint) -> int:
        """The tile at a point, -1 for none."""
        if self.tile(len(self.names)).contains(pos):
            return len(self.names)
        sight = self.sight()
        return next((i for i in range(len(self.names)) if (self.tile(i) & sight).contains(pos)), -1)

    def cross(self, index: int) -> QRect:
        """Where a press removes a pin."""
        tile = self.tile(index)
        return QRect(tile.right() - _CROSS + 1, tile.top(), _CROSS, _CROSS)

    def _gap(self, pos: QPoint) -> int:
        """Before which tile something would be dropped at a point."""
        return sum(self.tile(i).center().x() < pos.x() for i in range(len(self.names)))

    # --- painting ------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self.sight())
        for i in range(len(self.names)):
            self._paint_pin(painter, i)
        painter.setClipping(False)
        sight = self.sight()
        for sign, more, x in (
            ("‹", self._offset > 0, sight.left()),
            ("›", self._offset < self._over(), sight.right() - 15),
        ):
            if more:  # pins out of sight
                place = QRect(x, self.height() // 2 - 8, 16, 16)
                self._paint_badge(painter, place)
                painter.setPen(theme.color("text"))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, sign)
        self._paint_more(painter, self.tile(len(self.names)))
        if self._gap_at >= 0:
            x = self.tile(self._gap_at).left() - _GAP / 2
            painter.fillRect(QRectF(x - 1, 2, 2, self.height() - 4), theme.color("accent"))

    def _paint_pin(self, painter: QPainter, index: int) -> None:
        tile = self.tile(index)
        image = self.images[index]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > tile.width())
        size = image.size().scaled(tile.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), size)
        place.moveCenter(tile.center())
        painter.fillRect(tile, theme.color("background"))
        painter.drawImage(place, image)
        paint_letter(painter, tile, self.names[index])
        role = "dim" if index == self._hovered else "line"
        if index == self._current:
            role = "accent" if self.hasFocus() else "text"
        painter.setPen(QPen(theme.color(role), 2 if index == self._current else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(tile).adjusted(-0.5, -0.5, 0.5, 0.5), 3, 3)
        if index == self._hovered:
            self._paint_badge(painter, self.cross(index))
            theme.icon("close", 12).paint(painter, self.cross(index).adjusted(2, 2, -2, -2))

    def _paint_badge(self, painter: QPainter, place: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("panel", 0.88))
        painter.drawRoundedRect(place, 3, 3)

    def _paint_more(self, painter: QPainter, tile: QRect) -> None:
        here = self._current == len(self.names) and self.hasFocus()
        role = "accent" if here else "dim" if self._hovered == len(self.names) else "line"
        painter.setPen(
            QPen(theme.color(role), 2 if here else 1, Qt.PenStyle.SolidLine if here else Qt.PenStyle.DashLine)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(tile).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(theme.color("text" if here or self._hovered == len(self.names) else "dim"))
        painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, "+ pin" if tile.width() >= 44 else "+")
        if not self.names:
            room = QRect(tile.right() + 12, 0, self.width() - tile.right() - 16, self.height())
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.setPen(theme.color("dim"))
            painter.drawText(room, flags, "Pin places: a path leads through them.")


def paint_letter(painter: QPainter, tile: QRect, name: str) -> None:
    """The letter of a pin on its picture, at the lower left."""
    painter.save()
    font = painter.font()
    font.setBold(True)
    painter.setFont(font)
    width = max(16, painter.fontMetrics().horizontalAdvance(name) + 8)
    badge = QRectF(tile.left(), tile.bottom() - 15, min(width, tile.width()), 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("panel", 0.88))
    painter.drawRoundedRect(badge, 3, 3)
    painter.setPen(theme.color("text"))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, name)
    painter.restore()
