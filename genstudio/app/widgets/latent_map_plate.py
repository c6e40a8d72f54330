"""The slow part of a map as a picture that is kept: tiles and points. Painted anew only when one of them changes."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter

from genstudio.app import theme
from genstudio.app.widgets import latent_map_paint as paint
from genstudio.app.widgets.laboratory_sight import Sight
from genstudio.app.widgets.latent_map_cloud import Cloud
from genstudio.app.widgets.latent_map_raster import PAD
from genstudio.app.widgets.picture_files import to_image
from genstudio.engine.latent.sheet import Rect, Tile, level_for

Span = tuple[int, int, int, int, int]
_MOST_BYTES = 64_000_000  # of pictures of tiles
_COARSEST = 3  # levels below the best one, of tiles that may be hidden altogether
_TINY = 6.0  # pixels below which a tile is not drawn


class Tiles:
    """The pictures of a sheet; the oldest go when they take too much memory."""

    def __init__(self) -> None:
        self._images: dict[Tile, QImage] = {}
        self._whole: tuple[Span, QImage] | None = None  # the tiles painted last, side by side

    def __len__(self) -> int:
        return len(self._images)

    def put(self, tile: Tile, pixels: NDArray[np.uint8]) -> None:
        """Show a picture [H, W, C] on a tile, in place of the one before."""
        image = to_image(pixels, QImage.Format.Format_RGB32)
        self._images.pop(tile, None)
        self._images[tile] = image
        self._whole = None
        for oldest in list(self._images)[: max(0, len(self) - max(1, _MOST_BYTES // image.sizeInBytes()))]:
            del self._images[oldest]

    def clear(self) -> None:
        self._images.clear()
        self._whole = None

    def paint(self, painter: QPainter, sight: Sight) -> None:
        """Coarse ones first, then what is finer than the plan for this zoom, and what it says on top."""
        if not self._images:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        image = next(reversed(self._images.values()))
        best = level_for(sight.scale, max(image.width(), image.height()), max(sight.width, sight.height))
        corners = (*sight.point(0, sight.height), *sight.point(sight.width, 0))
        span = _span(corners, best)
        if image.width() == image.height() and self._join(span, image):
            assert self._whole is not None
            level, left, bottom, right, top = span
            first, last = _area(Tile(level, left, top - 1), sight), _area(Tile(level, right - 1, bottom), sight)
            painter.drawImage(first.united(last), self._whole[1])
            return
        for tile in sorted(self._images, key=lambda tile: (tile.level == best, tile.level)):
            if tile.size * sight.scale >= _TINY and _seen(tile, corners) and not self._covered(tile, best, corners):
                self._paint_one(painter, _area(tile, sight), self._images[tile])

    def _join(self, span: Span, like: QImage) -> bool:
        """Put tiles side by side in one picture, which is drawn ten times as fast, unless one of them is missing."""
        if self._whole is not None and self._whole[0] == span:
            return True
        level, left, bottom, right, top = span
        places = [(Tile(level, x, y), x - left, top - 1 - y) for y in range(bottom, top) for x in range(left, right)]
        if any(tile not in self._images or self._images[tile].size() != like.size() for tile, _, _ in places):
            return False
        joined = QImage(like.width() * (right - left), like.height() * (top - bottom), QImage.Format.Format_RGB32)
        painter = QPainter(joined)
        for tile, column, row in places:
            painter.drawImage(column * like.width(), row * like.height(), self._images[tile])
        painter.end()
        self._whole = span, joined
        return True

    def _covered(self, tile: Tile, best: int, view: Rect) -> bool:
        """Whether finer tiles of the level that is to be seen hide all of a coarse one that is in sight."""
        finer = best - tile.level
        if not 0 < finer <= _COARSEST:
            return False
        side = 1 << finer
        parts = (Tile(best, (tile.ix << finer) + i, (tile.iy << finer) + j) for j in range(side) for i in range(side))
        return all(part in self._images or not _seen(part, view) for part in parts)

    def _paint_one(self, painter: QPainter, area: QRectF, image: QImage) -> None:
        """Whole pixels at the borders, so that neighbours neither overlap nor gape."""
        ratio = painter.transform().m11() or 1.0
        left, top, right, bottom = (
            round(value * ratio) / ratio for value in (area.left(), area.top(), area.right(), area.bottom())
        )
        wide, high = right - left, bottom - top
        if image.width() != image.height():  # the whole picture, in the middle of its square
            share = min(wide / image.width(), high / image.height())
            left, wide = left + (wide - share * image.width()) / 2, share * image.width()
            top, high = top + (high - share * image.height()) / 2, share * image.height()
        painter.drawImage(QRectF(left, top, wide, high), image)


def _span(view: Rect, level: int) -> Span:
    """Which tiles of a level are in sight: level, first and last column and row, the last ones exclusive."""
    side = Tile(level, 0, 0).size
    left, bottom, right, top = view
    return level, floor(left / side), floor(bottom / side), ceil(right / side), ceil(top / side)


def _seen(tile: Tile, view: Rect) -> bool:
    """Whether some of it is in sight: left, bottom, right, top."""
    left, bottom, side = tile.ix * tile.size, tile.iy * tile.size, tile.size
    return left < view[2] and left + side > view[0] and bottom < view[3] and bottom + side > view[1]


def _area(tile: Tile, sight: Sight) -> QRectF:
    """Its pixels."""
    left = sight.width / 2 + (tile.ix * tile.size - sight.x) * sight.scale
    top = sight.height / 2 - ((tile.iy + 1) * tile.size - sight.y) * sight.scale
    return QRectF(left, top, tile.size * sight.scale, tile.size * sight.scale)


class Plate:
    """A picture of the plot with a border of `PAD` device pixels, which is not shown."""

    def __init__(self) -> None:
        self._image = QImage()
        self._pixels = np.empty((0, 0), np.uint32)
        self._stale = True

    def expire(self) -> None:
        """Something on it has changed."""
        self._stale = True

    def _fit(self, width: int, height: int) -> None:
        size = QSize(width + 2 * PAD, height + 2 * PAD)
        if self._image.size() != size:
            self._image = QImage(size, QImage.Format.Format_RGB32)
            self._pixels = np.frombuffer(self._image.bits(), np.uint32).reshape(size.height(), size.width())
            self._stale = True

    def show(
        self, painter: QPainter, sight: Sight, ratio: float, cloud: Cloud | None, tiles: Tiles | None,
        usual: float, lines: bool,
    ) -> None:  # fmt: skip
        """Draw it at (0, 0), made anew if something has changed.

        Parameters
        ----------
        sight : Sight
            In pixels of the widget.
        ratio : float
            Device pixels per pixel.
        cloud, tiles : Cloud or None, Tiles or None
            None where they are not to be seen.
        usual : float
            `Sight.reach` of the whole map.
        lines : bool
            Whether there is a grid below.
        """
        width, height = max(1, round(sight.width * ratio)), max(1, round(sight.height * ratio))
        self._fit(width, height)
        if self._stale:
            below = QPainter(self._image)
            below.fillRect(self._image.rect(), theme.color("panel"))
            below.translate(PAD, PAD)
            below.scale(ratio, ratio)
            if lines:
                paint.grid(below, sight)
            if tiles is not None:
                tiles.paint(below, sight)
            below.end()
            if cloud is not None:
                cloud.draw(self._pixels, replace(sight, width=width, height=height), ratio, usual)
            self._stale = False
        source = QRectF(PAD, PAD, width, height)
        painter.drawImage(QRectF(0, 0, width / ratio, height / ratio), self._image, source)
