"""The drawing area of the loss plot. Imports pyqtgraph, so it is itself imported only when there is a curve."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QGraphicsGridLayout, QGraphicsView, QLabel, QWidget

from genstudio.app import theme
from genstudio.app.widgets.loss_axis import LossAxis
from genstudio.app.widgets.loss_data import Mark
from genstudio.app.widgets.loss_marks import MarkItems
from genstudio.app.widgets.loss_scene import Drawing, Range

_PAN, _ZOOM = 0.1, 0.8


class LossCanvas(pg.GraphicsView):
    """Axes, grid, lines, marks and crosshair; drag moves, wheel zooms, arrows and +/- do the same.

    Signals
    -------
    sight_changed()
        Another part is in sight (by hand or by a new size): lines have to be drawn for it.
    taken()
        The user moved or zoomed, and wants to stay there.
    released()
        The user wants to see everything again.
    pointed(object)
        The step (float) under the pointer, None when it left.
    """

    sight_changed = Signal()
    taken = Signal()
    released = Signal()
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=theme.tokens().panel)
        self.box = pg.ViewBox(enableMenu=False, defaultPadding=0.0)
        self.box.setLimits(minXRange=4)
        self.bottom, self.left = LossAxis("bottom"), LossAxis("left")
        # all at once: clipping lines to a patchwork of changed rectangles costs four times as much
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        centre = pg.GraphicsWidget()
        grid = QGraphicsGridLayout()
        centre.setLayout(grid)
        grid.setContentsMargins(0, 8, 8, 0)
        grid.setSpacing(0)
        for item, row, column in ((self.left, 0, 0), (self.box, 0, 1), (self.bottom, 1, 1)):
            grid.addItem(item, row, column)
        for axis in (self.left, self.bottom):
            axis.linkToView(self.box)
            axis.setZValue(-1000)  # the grid lies behind the curves
        self.setCentralWidget(centre)
        self.lines: list[tuple[pg.PlotCurveItem, pg.PlotCurveItem]] = []
        self._cross = pg.InfiniteLine(angle=90)
        self._cross.hide()
        self._cross.setZValue(20)
        self.box.addItem(self._cross, ignoreBounds=True)
        self.readout = QLabel(self)
        self.readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.readout.hide()
        self.marks = MarkItems(self.box)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 96)  # in a low window the legend needs its two rows
        self.box.sigRangeChanged.connect(lambda *_: self.sight_changed.emit())
        self.box.sigResized.connect(lambda *_: self.sight_changed.emit())
        self.box.sigRangeChangedManually.connect(lambda *_: self.taken.emit())
        self.restyle()

    def restyle(self) -> None:
        """Take the colours and fonts of the theme."""
        tokens = theme.tokens()
        self.setBackground(tokens.panel)
        font = theme.tabular(self.font())
        for axis in (self.left, self.bottom):
            axis.restyle(font)
        self.bottom.set_text("step")
        self._cross.setPen(pg.mkPen(tokens.dim))
        self.readout.setFont(font)
        self.readout.setStyleSheet(
            f"background: {tokens.raised}; color: {tokens.text}; border: 1px solid {tokens.line};"
            "border-radius: 6px; padding: 4px 8px;"
        )
        self.marks.restyle(font)
        self._ring(self.hasFocus())

    def _ring(self, on: bool) -> None:
        self.box.setBorder(pg.mkPen(theme.tokens().accent, width=2) if on else None)

    # what is in sight ------------------------------------------------------------------------------

    def sight(self) -> tuple[Range, Range]:
        """First and last step, lowest and highest value in sight, in axis units."""
        (x0, x1), (y0, y1) = self.box.viewRange()
        return (x0, x1), (y0, y1)

    def pixels(self) -> int:
        """Columns of pixels that a line has."""
        return max(1, round(self.box.width() * self.devicePixelRatioF()))

    def roof(self) -> float:
        """The share of the height that the words of marks take at the top."""
        return min(0.4, self.marks.height() / max(1.0, self.box.height()))

    def look(self, x: Range, y: Range) -> None:
        """Bring steps and values into sight, without this counting as the user's choice."""
        self.box.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=True)
        self.box.updateMatrix()  # else pyqtgraph does so while it paints, and paints a second time

    def draw(self, drawings: Sequence[Drawing], marks: Sequence[Mark]) -> None:
        """Show these curves and marks, and nothing else."""
        panel = theme.tokens().panel
        while len(self.lines) < len(drawings):
            pair = pg.PlotCurveItem(skipFiniteCheck=False), pg.PlotCurveItem(antialias=True)
            pair[1].setSegmentedLineMode("on")  # many short lines: five times faster than one long path
            for z, item in enumerate(pair):
                item.setZValue(z * 10)
                self.box.addItem(item, ignoreBounds=True)
            self.lines.append(pair)
        for i, (raw, smooth) in enumerate(self.lines):
            drawing = drawings[i] if i < len(drawings) else None
            raw.setVisible(drawing is not None)
            smooth.setVisible(drawing is not None and drawing.smooth is not None)
            if drawing is None:
                continue
            quiet = theme.mix(drawing.color, panel, 0.5) if drawing.smooth else drawing.color
            raw.setData(*drawing.raw, pen=pg.mkPen(quiet, width=1), connect="finite")
            if drawing.smooth:
                smooth.setData(*drawing.smooth, pen=pg.mkPen(drawing.color, width=2), connect="finite")
        self.marks.show(marks, self.sight())

    def set_units(self, unit: str, log: bool) -> None:
        """Name what is measured upwards, and whether its values are log10."""
        self.left.set_text(unit)
        if self.left.log != log:
            self.left.log = log
            self.left.picture = None  # pyqtgraph keeps the drawn axis until its range changes
            self.left.update()

    # pointer and keys ------------------------------------------------------------------------------

    def show_pointer(self, step: float, text: str) -> None:
        """Put the crosshair on a step, with rich text beside it."""
        self._cross.setPos(step)
        self._cross.show()
        self.readout.setText(text)
        self.readout.adjustSize()
        area = self.mapFromScene(self.box.sceneBoundingRect()).boundingRect()
        at = self.mapFromScene(self.box.mapViewToScene(QPointF(step, 0))).x()
        beside = at + 12 if at + 12 + self.readout.width() <= area.right() else at - 12 - self.readout.width()
        self.readout.move(max(area.left() + 4, beside), area.top() + 8)
        self.readout.show()

    def hide_pointer(self) -> None:
        self._cross.hide()
        self.readout.hide()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        where = self.mapToScene(ev.position().toPoint())
        inside = self.box.sceneBoundingRect().contains(where)
        self.pointed.emit(self.box.mapSceneToView(where).x() if inside else None)

    def leaveEvent(self, ev: object) -> None:
        super().leaveEvent(ev)
        self.pointed.emit(None)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(ev)
        self.released.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ring(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ring(False)

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        zooms = {Qt.Key.Key_Plus: _ZOOM, Qt.Key.Key_Equal: _ZOOM, Qt.Key.Key_Minus: 1 / _ZOOM}
        key = Qt.Key(ev.key())
        if key in moves:
            (x0, x1), (y0, y1) = self.sight()
            share = _PAN / 10 if ev.modifiers() & Qt.KeyboardModifier.ShiftModifier else _PAN
            self.box.translateBy(x=moves[key][0] * share * (x1 - x0), y=moves[key][1] * share * (y1 - y0))
            self.taken.emit()
        elif key in zooms:
            self.box.scaleBy((zooms[key], zooms[key]))
            self.taken.emit()
        elif key == Qt.Key.Key_Home:
            self.released.emit()
        else:
            ev.ignore()  # not to pyqtgraph, which would swallow Space and Tab's neighbours
