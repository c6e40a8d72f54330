"""A map with its layers, without hands: what is shown, where it is, how it is painted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from genstudio.app import theme
from genstudio.app.widgets import latent_map_colours as colours
from genstudio.app.widgets import latent_map_paint as paint
from genstudio.app.widgets.latent_map_colours import Colouring, Kind
from genstudio.app.widgets.latent_map_plate import Tiles
from genstudio.app.widgets.latent_map_view import XY, MapView
from genstudio.engine.latent.sheet import Tile

_SPOT = 12  # pixels around the marker, its halo included


class MapCanvas(MapView):
    """Points, tiles, pins, a trail and a marker over one view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles = Tiles()
        self._colouring = Colouring()
        self._pins: tuple[paint.Pin, ...] = ()
        self._marker: XY | None = None
        self._trail = np.empty((0, 2), np.float32)
        self._layers = (True, True)
        self._empty_text = "No points yet."
        self._hovered = -1
        self._card: tuple[QImage | None, str] = (None, "")
        self._card_at: QPointF | None = None  # where the mouse is; None when keys chose the point
        self._drawing: QPainterPath | None = None  # a box or lasso, in pixels of the plot
        self._legend.toggled.connect(self._recolour)
        theme.notifier().changed.connect(self._dress)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # the card below need not be painted too
        self._describe()

    # --- what is shown ---------------------------------------------------------------------------------

    def set_points(self, xy: NDArray[np.float32], glide: bool = False) -> None:
        """Show points at places float32 [N, 2]; those that are not finite are left out.

        Parameters
        ----------
        glide : bool
            Move the points there in 0.3 s, where there are as many as before.
        """
        count = len(self._cloud)
        self._place(np.asarray(xy, np.float32).reshape(-1, 2), glide)
        if len(self._cloud) != count:
            self._recolour()
        self._describe()

    def set_colours(
        self, values: NDArray[np.generic] | None, kind: Kind, names: Sequence[str] = (), title: str = ""
    ) -> None:
        """Colour the points.

        Parameters
        ----------
        values : int64 [N] for labels, -1 for none, or float32 [N] for numbers, or None for one colour
        kind : {"label", "value"}
        names : sequence of str
            Of the labels.
        title : str
            What the numbers are, with their unit.
        """
        self._colouring = Colouring.of(values, kind, names, title)
        self._legend.show_colouring(self._colouring)
        self._recolour()
        self._arrange()

    def set_pins(self, pins: Sequence[paint.Pin]) -> None:
        """Letters and their places; those that are not finite are left out."""
        self._pins = tuple(pin for pin in pins if math.isfinite(pin[1]) and math.isfinite(pin[2]))
        self._repaint()

    def set_marker(self, xy: XY | None) -> None:
        """Where one stands; None is nowhere."""
        xy = xy if xy is not None and all(map(math.isfinite, xy)) else None
        if xy == self._marker:
            return
        before, self._marker = self._marker, xy
        self._describe()
        for place in (before, xy):  # in a drag these two spots change and nothing else does
            if place is not None:
                at = self.place_of(*place).toPoint()
                self.update(at.x() - _SPOT, at.y() - _SPOT, 2 * _SPOT, 2 * _SPOT)

    def set_trail(self, xy: NDArray[np.float32]) -> None:
        """The way that was walked, float32 [M, 2]; a row that is not finite is a gap."""
        self._trail = np.asarray(xy, np.float32).reshape(-1, 2)
        self._repaint()

    def set_selection(self, rows: NDArray[np.int64] | None) -> None:
        """Draw these points bright and the others dimmed; None, or no rows, for all bright."""
        self._cloud.select(None if rows is None or not len(rows) else np.asarray(rows, np.int64))
        self._describe()
        self._refresh()

    def set_tiles(self, tiles: Sequence[tuple[Tile, NDArray[np.uint8]]]) -> None:
        """Show these pictures [H, W, C] and no others."""
        self._tiles.clear()
        for tile, pixels in tiles:
            self._tiles.put(tile, pixels)
        self._refresh()

    def add_tile(self, tile: Tile, pixels: NDArray[np.uint8]) -> None:
        """Show one more picture [H, W, C] on the sheet."""
        self._tiles.put(tile, pixels)
        self._refresh()

    def clear_tiles(self) -> None:
        self._tiles.clear()
        self._refresh()

    def set_layers(self, points: bool, tiles: bool) -> None:
        """Which layers are to be seen."""
        self._layers = (points, tiles)
        self._refresh()

    def set_empty_text(self, text: str) -> None:
        """What a map without points says: what to do first."""
        self._empty_text = text
        self._describe()
        self._repaint()

    def set_hover(self, image: QImage | None, text: str = "") -> None:
        """Show a picture and a caption beside the point under the mouse; without both there is no card."""
        self._card = (image, text)
        self._repaint()

    # --- what is asked ---------------------------------------------------------------------------------

    def marker(self) -> XY | None:
        return self._marker

    def selection(self) -> NDArray[np.int64]:
        """Rows of the points that are chosen, ascending."""
        chosen = self._cloud.selection
        return np.empty(0, np.int64) if chosen is None else np.sort(chosen)

    def hovered_row(self) -> int:
        """The point that is looked at, -1 for none."""
        return self._hovered

    # --- how it looks ----------------------------------------------------------------------------------

    def _recolour(self) -> None:
        """After other colours, classes hidden or shown, or another theme."""
        now, count = theme.tokens(), len(self._cloud)
        found = self._colouring.colours(count, now)
        hidden = self._colouring.hidden(self._legend.hidden_classes(), count)
        self._cloud.set_colours(found, colours.dimmed(found, now), hidden)
        self._refresh()

    def _dress(self) -> None:
        self._legend.recolour()
        self._recolour()

    def _describe(self) -> None:
        """In words, for those who do not see it."""
        count, chosen = self.count(), len(self.selection())
        self.setAccessibleName("Map of the latent space")
        parts = [f"{count:,} point{'' if count == 1 else 's'}" if count else self._empty_text]
        parts += [f"{chosen:,} selected"] if chosen else []
        if 0 <= self._hovered < count:
            x, y = self._cloud.xy[self._hovered].tolist()
            parts.append(f"looking at point {self._hovered + 1:,} at {x:.2f}, {y:.2f}")
        if self._marker is not None:
            parts.append(f"standing at {self._marker[0]:.2f}, {self._marker[1]:.2f}")
        self.setAccessibleDescription("; ".join(parts))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, plot = QPainter(self), self._plot()
        painter.fillRect(self.rect(), theme.color("panel"))
        # a spot inside the plot leaves everything around it as it is
        named, inside = any(self._axes), plot.adjusted(1, 1, -1, -1).contains(QRectF(event.rect()))
        points, tiles = (self._cloud if self._layers[0] else None), (self._tiles if self._layers[1] else None)
        painter.translate(plot.topLeft())
        self._plate.show(painter, self._sight, self.devicePixelRatioF(), points, tiles, self._whole.reach, named)
        area = QRectF(0, 0, plot.width(), plot.height())
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not inside:
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        if named and not inside:
            paint.axes(painter, self._sight, self._axes)
            painter.setFont(font)
        painter.setClipRect(area)
        self._paint_places(painter)
        if not (self.count() or len(self._tiles) or self._pins or self._marker is not None):
            paint.empty(painter, area, self._empty_text)
        self._paint_card(painter, area)
        painter.setClipping(False)
        if self.hasFocus():
            paint.focus_ring(painter, area)

    def _paint_places(self, painter: QPainter) -> None:
        if len(self._trail) > 1:
            paint.trail(painter, self._sight, self._trail)
        at = self._point_at(self._hovered)
        if at is not None and self._layers[0]:
            paint.ring(painter, at)
        if self._marker is not None:
            paint.marker(painter, paint.placed(self._sight, *self._marker))
        font = painter.font()
        paint.pins(painter, self._sight, self._pins)
        painter.setFont(font)
        if self._drawing is not None:
            paint.outline(painter, self._drawing)

    def _point_at(self, row: int) -> QPointF | None:
        """Pixels of the plot; None where the point has no place."""
        if not 0 <= row < self.count() or not np.isfinite(self._cloud.xy[row]).all():
            return None
        return paint.placed(self._sight, *self._cloud.xy[row].tolist())

    def _paint_card(self, painter: QPainter, area: QRectF) -> None:
        """Beside the mouse, or the point that keys have chosen; nowhere when the mouse has left."""
        image, text = self._card
        at = self._point_at(self._hovered) if self._card_at is None else self._card_at
        if at is not None and (image is not None or text):
            paint.card(painter, image, text, at, area.adjusted(4, 4, -4, -4))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._repaint()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._repaint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
