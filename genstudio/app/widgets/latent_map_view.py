"""Which part of a map is in sight, how it moves, and how points glide from place to place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QPointF, QRectF, QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from genstudio.app.widgets import latent_map_paint as paint
from genstudio.app.widgets.laboratory_sight import Sight
from genstudio.app.widgets.latent_map_cloud import Cloud
from genstudio.app.widgets.latent_map_legend import MapLegend
from genstudio.app.widgets.latent_map_plate import Plate
from genstudio.engine.latent.sheet import Rect

XY = tuple[float, float]
_EDGE = 8  # pixels around everything
_GLIDE_MS, _FRAME_MS = 300, 33


class MapView(QWidget):
    """Points in the plane, y upwards, equal scales; who builds on it paints them.

    Signals
    -------
    view_changed()
        Another part of the map is in sight; once for all changes of one turn of the event loop.
    """

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cloud, self._plate = Cloud(), Plate()
        self._axes = ("", "")
        self._sight, self._whole = Sight(), Sight()
        self._fitted = True  # the view follows the points until someone moves it
        self._legend = MapLegend(self)
        self._glide: tuple[Sight, Sight] | None = None  # from which view to which
        self._glide_clock, self._glide_timer = QElapsedTimer(), QTimer(self)
        self._glide_timer.setInterval(_FRAME_MS)
        self._glide_timer.timeout.connect(self._glide_on)
        self._tell_view = QTimer(self)
        self._tell_view.setSingleShot(True)
        self._tell_view.timeout.connect(self.view_changed)
        self.setMinimumSize(160, 120)
        self._room = self._measured_room()

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def set_axes(self, x_name: str, y_name: str) -> None:
        """Names of the axes with their units; without names there are no numbers either."""
        self._axes = (x_name, y_name)
        self._arrange()

    # --- where points are ------------------------------------------------------------------------------

    def count(self) -> int:
        """How many points there are."""
        return len(self._cloud)

    def _place(self, xy: NDArray[np.float32], glide: bool) -> None:
        """Points at other places, float32 [N, 2]."""
        self._stop_glide()
        before, count = self._cloud.xy, len(self._cloud)
        glide = glide and len(xy) == count and count > 0 and self.isVisible()
        self._cloud.set_places(xy, np.where(np.isfinite(before), before, xy) if glide else None)
        self._measure()
        if glide:
            self._glide = self._sight, self._whole
            self._glide_clock.start()
            self._glide_timer.start()
        elif self._fitted or not count:
            self._fitted = True
            self._look(self._whole)
        self._refresh()

    def _measure(self) -> None:
        """Work out which view shows everything."""
        plot = self._plot()
        self._whole = self._cloud.fitting(plot.width(), plot.height())

    def gliding(self) -> bool:
        """Whether points are on their way to other places."""
        return self._glide_timer.isActive()

    def _glide_on(self) -> None:
        if self._glide is None:
            return
        passed = self._glide_clock.elapsed() / _GLIDE_MS
        if passed >= 1:
            self._stop_glide()
            return
        share = passed * passed * (3 - 2 * passed)  # begins and ends slowly
        self._cloud.glide(share)
        before, after = self._glide
        if self._fitted:
            x, y, reach = (
                a + share * (b - a)
                for a, b in ((before.x, after.x), (before.y, after.y), (before.reach, after.reach))
            )
            self._look(replace(self._sight, x=x, y=y, reach=reach))
        self._refresh()

    def _stop_glide(self) -> None:
        """All points at their new places."""
        self._glide_timer.stop()
        if self._glide is not None:
            self._glide = None
            self._cloud.glide(1)
            if self._fitted:
                self._look(self._whole)
            self._refresh()

    # --- where one looks -------------------------------------------------------------------------------

    def fit(self) -> None:
        """Bring the whole map in sight, also from now on, until someone moves it."""
        self._fitted = True
        self._measure()
        if self._glide is None:
            self._look(self._whole)

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Show `factor` times as much; what is under the pixel `at` stays there."""
        plot = self._plot()
        pos = plot.center() if at is None else at
        self._fitted = False
        self._look(self._sight.zoomed(factor, pos.x() - plot.left(), pos.y() - plot.top(), self._whole.reach))

    def pan(self, dx: float, dy: float) -> None:
        """Move what is seen by so many pixels."""
        self._fitted = False
        self._look(self._sight.moved(dx, dy))

    def view_rect(self) -> Rect:
        """What is in sight in map units: left, bottom, right, top."""
        left, top = self._sight.point(0, 0)
        right, bottom = self._sight.point(self._sight.width, self._sight.height)
        return left, bottom, right, top

    def plot_size(self) -> XY:
        """Width and height of the plot in pixels: the canvas of `sheet.plan`."""
        return self._sight.width, self._sight.height

    def place_of(self, x: float, y: float) -> QPointF:
        """Where a place of the map is, in pixels of the widget."""
        return paint.placed(self._sight, x, y) + self._plot().topLeft()

    def place_at(self, pos: QPointF) -> XY:
        """The place of the map under a pixel of the widget."""
        at = pos - self._plot().topLeft()
        return self._sight.point(at.x(), at.y())

    def _look(self, sight: Sight) -> None:
        if sight != self._sight:
            self._sight = sight
            self._tell_view.start(0)
            self._refresh()

    def _refresh(self) -> None:
        self._plate.expire()
        self._repaint()

    def _repaint(self) -> None:
        """All but the legend, which would take as long as the rest."""
        self.update(0, 0, self.width(), self.height() if self._legend.isHidden() else self._legend.y())

    def _plot(self) -> QRectF:
        """The part of the widget that is the map; worked out by `_arrange`, asked for at each move of the mouse."""
        return self._room

    def _measured_room(self) -> QRectF:
        left, below = paint.gutters(self.font()) if any(self._axes) else (_EDGE, _EDGE)
        legend = self._legend.height_for(self.width() - 2 * _EDGE)
        bottom = below + (legend + _EDGE // 2 if legend else 0)
        return QRectF(left, _EDGE, max(1, self.width() - left - _EDGE), max(1, self.height() - _EDGE - bottom))

    def _arrange(self) -> None:
        """After a change of size, of the legend or of the axes."""
        plot = self._room = self._measured_room()
        wide = self.width() - 2 * _EDGE
        high = self._legend.height_for(wide)
        self._legend.setGeometry(_EDGE, self.height() - _EDGE // 2 - high, max(0, wide), high)
        self._legend.setVisible(high > 0)
        self._legend.arrange()
        self._whole = self._cloud.fitting(plot.width(), plot.height())
        if self._fitted and self._glide is None:
            self._look(self._whole)
        else:  # as large as before
            reach = min(plot.width(), plot.height()) / 2 / self._sight.scale
            self._look(replace(self._sight, width=plot.width(), height=plot.height(), reach=reach))
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
