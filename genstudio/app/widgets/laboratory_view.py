"""The plane in which a model of points learns: surface, data, samples with their trails, arrows; live."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from genstudio.app import theme
from genstudio.app.widgets import laboratory_paint as paint
from genstudio.app.widgets.laboratory_sight import Sight
from genstudio.core.events import Field

Floats = NDArray[np.float32]

LAYERS = ("surface", "real", "arrows", "trails", "samples")  # from below
_REMEMBERED = 4  # positions that a trail is made of
_PAN, _ZOOM = 0.1, 0.8


class LaboratoryView(QWidget):
    """Drag moves, the wheel and + and − zoom, arrows move, Home or a double-click shows everything again.

    Signals
    -------
    pointed(str)
        What is under the pointer: "x 1.20, y −0.35 · probability of real 0.83"; empty when it left.
    sight_changed()
        Another part of the plane is in sight, or everything again.
    """

    pointed = Signal(str)
    sight_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field: Field | None = None
        self.shown: dict[str, bool] = dict.fromkeys(LAYERS, True)
        self._trails: deque[Floats] = deque(maxlen=_REMEMBERED)
        self._own: Sight | None = None  # chosen by hand; else the field's
        self._dragged: QPointF | None = None
        self._quiet: tuple[object, Floats, QPixmap, QPixmap] | None = (
            None  # what does not move, as it was painted last
        )
        self._surface: tuple[object, QImage] | None = None
        self._empty_text = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Laboratory")
        theme.notifier().changed.connect(self._restyle)
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(480, 400)

    # --- what is shown -------------------------------------------------------------------------------

    def show_field(self, field: Field | None) -> None:
        """Show a later field of the same training, or nothing."""
        before = self.field
        if field is None or before is None or before.samples.shape != field.samples.shape or field.step < before.step:
            self._trails.clear()
        if field is not None:
            if before is None or (before.extent, before.centre) != (field.extent, field.centre):
                self._own = None
            if not self._trails or before is None or field.step > before.step:
                self._trails.append(field.samples)
            if before is not None and before.real.shape == field.real.shape and (before.real == field.real).all():
                field = replace(field, real=before.real)  # the same object: painted once
        self.field, self._surface = field, None
        self._describe()
        self.update()

    def set_layer(self, name: str, on: bool) -> None:
        """Show or hide "surface", "real", "arrows", "trails" or "samples"."""
        self.shown[name] = on
        self._describe()
        self.update()

    def set_empty_text(self, text: str) -> None:
        """What stands here while there is no field."""
        self._empty_text = text
        self._describe()
        self.update()

    def trails(self) -> list[Floats]:
        """Where the samples were, oldest first, the present place last."""
        return list(self._trails)

    def _describe(self) -> None:
        field = self.field
        if field is None:
            self.setAccessibleDescription(self._empty_text)
            return
        layers = ", ".join(name for name in LAYERS if self.shown[name]) or "nothing"
        self.setAccessibleDescription(
            f"step {field.step:,}: {len(field.samples):,} samples and {len(field.real):,} points of the data; "
            f"the surface is {field.surface_name or 'empty'}; shown: {layers}"
        )

    def _restyle(self) -> None:
        self._quiet = self._surface = None
        self.update()

    # --- what is in sight ----------------------------------------------------------------------------

    def sight(self) -> Sight:
        """What is in sight now."""
        room = {"width": float(self.width()), "height": float(self.height())}
        if self._own is not None:
            return replace(self._own, **room)
        if self.field is None:
            return Sight(**room)
        return Sight(*self.field.centre, self.field.extent, **room)

    def follows(self) -> bool:
        """True while everything is in sight, and stays so."""
        return self._own is None

    def look(self, sight: Sight | None) -> None:
        """Look at a part of the plane; None: at everything."""
        self._own = sight
        self.update()
        self.sight_changed.emit()

    def _zoom_by(self, factor: float, at: QPointF) -> None:
        if self.field is not None:
            self.look(self.sight().zoomed(factor, at.x(), at.y(), self.field.extent))

    # --- painting ------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:  # one that is left active by an error would end the program
            self._draw(painter, self.devicePixelRatioF())
            if self.hasFocus():
                paint.focus_ring(painter, QRectF(self.rect()))

    def render_to(self, pixmap: QPixmap) -> None:
        """Paint everything but the mark of the focus on a pixmap of the view's size."""
        with QPainter(pixmap) as painter:
            painter.setFont(self.font())
            self._draw(painter, pixmap.devicePixelRatio())

    def _draw(self, painter: QPainter, ratio: float) -> None:
        area = QRectF(self.rect())
        painter.fillRect(area, theme.color("panel"))
        if self.field is None:
            painter.setPen(theme.color("dim"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(16, 16, -16, -16), flags, self._empty_text)
            return
        field, sight = self.field, self.sight()
        if self.shown["surface"] and field.surface is not None:
            self._draw_surface(painter, field, sight)
        behind, before = self._still(field, sight, ratio)
        painter.drawPixmap(0, 0, behind)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.shown["arrows"] and field.arrows is not None:
            paint.arrows(painter, sight, field)
        if self.shown["trails"]:
            paint.trails(painter, sight, self.trails())
        if self.shown["samples"]:
            paint.dots(painter, sight, field.samples, paint.drawn_stamp(ratio))
        painter.drawPixmap(0, 0, before)

    def _draw_surface(self, painter: QPainter, field: Field, sight: Sight) -> None:
        assert field.surface is not None
        if self._surface is None or self._surface[0] is not field.surface:
            self._surface = field.surface, paint.surface_image(field)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(paint.square(sight, field), self._surface[1])

    def _still(self, field: Field, sight: Sight, ratio: float) -> tuple[QPixmap, QPixmap]:
        """What does not move: behind the rest the grid and the points of the data, before it the grid's numbers."""
        key = (id(field.real), sight, ratio, self.shown["real"])
        if self._quiet is None or self._quiet[0] != key:
            behind, before = QPixmap(self.size() * ratio), QPixmap(self.size() * ratio)
            for pixmap in (behind, before):
                pixmap.setDevicePixelRatio(ratio)
                pixmap.fill(Qt.GlobalColor.transparent)
            with QPainter(behind) as painter:
                paint.axes(painter, sight)
                paint.frame(painter, sight, field)
                if self.shown["real"]:
                    paint.dots(painter, sight, field.real, paint.real_stamp(ratio))
            with QPainter(before) as painter:
                painter.setFont(self.font())
                paint.numbers(painter, sight)
            self._quiet = key, field.real, behind, before  # the array stays alive, so that its id stays its own
        return self._quiet[2:]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._quiet = None

    # --- hands ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.field is not None:
            self._dragged = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._dragged is not None and event.buttons() & Qt.MouseButton.LeftButton:
            way = at - self._dragged
            self._dragged = at
            self.look(self.sight().moved(way.x(), way.y()))
        self.pointed.emit(paint.words(self.field, *self.sight().point(at.x(), at.y())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._dragged = None
        self.look(None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit("")

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self._zoom_by(_ZOOM**notches, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        zooms = {Qt.Key.Key_Plus: _ZOOM, Qt.Key.Key_Equal: _ZOOM, Qt.Key.Key_Minus: 1 / _ZOOM}
        key = Qt.Key(event.key())
        if key in ways and self.field is not None:
            part = _PAN / 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _PAN
            length = part * min(self.width(), self.height())
            self.look(self.sight().moved(ways[key][0] * length, ways[key][1] * length))
        elif key in zooms:
            self._zoom_by(zooms[key], QRectF(self.rect()).center())
        elif key == Qt.Key.Key_Home:
            self.look(None)
        else:
            super().keyPressEvent(event)
