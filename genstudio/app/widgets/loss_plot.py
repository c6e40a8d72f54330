"""The curves of a training, live: every point kept, drawn 5 to 30 times a second, as the machine allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets import files, loss_export, loss_scene
from genstudio.app.widgets.loss_controls import LossControls
from genstudio.app.widgets.loss_data import LossData, Mark
from genstudio.app.widgets.loss_legend import LossLegend
from genstudio.core.errors import GenStudioError, InputError
from genstudio.core.events import Curve

if TYPE_CHECKING:
    from genstudio.app.widgets.loss_canvas import LossCanvas

_FRAME_MS = 33
# New points wait longer where drawing is slow: each frame takes processor time from the training
_SHARE, _LONGEST_MS = 30, 200


class LossPlot(QWidget):
    """Heading, curves, legend. Stays with the newest step until the user moves or zooms.

    pyqtgraph is imported when the first point is drawn, so that a window paints before it.

    Signals
    -------
    problem(str)
        A file could not be written; a sentence for the user.
    """

    problem = Signal(str)

    def __init__(self, title: str = "Losses", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self._title = title
        self.data = LossData()
        self.following = True
        self.controls = LossControls(title)
        self.legend = LossLegend()
        self._empty = QLabel("No curves yet. They appear here as soon as a training logs its first step.")
        self._empty.setProperty("role", "dim")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.canvas: LossCanvas | None = None  # there is one as soon as there is a point
        self._sheet = QWidget()
        self._sheet.setAccessibleName(title)
        self._sheet_rows = QVBoxLayout(self._sheet)
        self._sheet_rows.setContentsMargins(0, 0, 0, 0)
        self._sheet_rows.setSpacing(4)
        self._sheet_rows.addWidget(self.legend)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._sheet)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        rows.addWidget(self.controls)
        rows.addWidget(self._stack, 1)
        self._pointer: float | None = None
        self._wanted: loss_scene.Range | None = None
        self._stale, self._drawing, self._refit = True, False, False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw)
        self._since = QElapsedTimer()
        self._rest = _FRAME_MS
        self.controls.changed.connect(self._options_changed)
        self.controls.follow_asked.connect(self.follow)
        self.controls.export_asked.connect(self._ask_file)
        self.legend.toggled.connect(self._later)
        theme.notifier().changed.connect(self._restyle)

    # what is shown ---------------------------------------------------------------------------------

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Start anew with these curves, without points and marks."""
        self.data.set_curves(curves)
        self.legend.begin_anew()
        self.following = True
        self._later()

    def append(self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]) -> None:
        """Add logged points; cheap, drawing comes later.

        Parameters
        ----------
        steps : int64 [K]
            Increasing, after all that came before.
        values : mapping of curve name to float64 [K]
            NaN marks a gap. Curves may be left out.

        Raises
        ------
        ValueError
            If a name was not declared by `set_curves`, or steps do not increase.
        """
        self.data.append({name: (steps, points) for name, points in values.items()})
        self._later(self._rest)

    def load(
        self,
        values: Mapping[str, tuple[ArrayLike, ArrayLike]],
        marks: Iterable[tuple[int, str]] = (),
    ) -> None:
        """Show a whole history in place of what is there; each curve brings its own steps, as in `append`."""
        self.data.clear()
        self.data.append(values)
        self.data.marks = [Mark(step, text) for step, text in marks]
        self._later()

    def add_mark(self, step: int, text: str) -> None:
        """A dashed line at `step` with a few words, for an edit or an advice."""
        self.data.marks.append(Mark(step, text))
        self._later()

    def clear(self) -> None:
        """Forget points and marks."""
        self.data.clear()
        self.following = True
        self._later()

    def set_empty_text(self, text: str) -> None:
        """What stands here while there is no point."""
        self._empty.setText(text)

    def follow(self) -> None:
        """Show everything, and stay with the newest step."""
        self.following = True
        self._later()

    def look(self, first: float, last: float) -> None:
        """Show the steps from `first` to `last`, with the values in between, and stay there."""
        self.following = False
        self._wanted = (first, last)
        self._later()

    # drawing ---------------------------------------------------------------------------------------

    def _later(self, wait: int = _FRAME_MS) -> None:
        """Ask for a redraw: at once, or `wait` ms after the last one; hidden plots wait until they are shown."""
        self._stale = True
        left = max(0, wait - self._since.elapsed()) if self._since.isValid() else 0
        if self.isVisible() and (not self._timer.isActive() or left < self._timer.remainingTime()):
            self._timer.start(left)

    def pending(self) -> bool:
        """Whether a redraw is on its way."""
        return self._timer.isActive()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._later()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _make_canvas(self) -> LossCanvas:
        from genstudio.app.widgets.loss_canvas import LossCanvas  # late: pyqtgraph takes half a second

        canvas = LossCanvas()
        canvas.setAccessibleName(f"{self._title}: curves")
        canvas.setToolTip("Drag to move, wheel to zoom, double-click to see everything")
        canvas.sight_changed.connect(self._sight_changed)
        canvas.taken.connect(self._let_go)
        canvas.released.connect(self.follow)
        canvas.pointed.connect(self._point)
        self._sheet_rows.insertWidget(0, canvas, 1)
        return canvas

    def _order_tabs(self) -> None:
        """Reading order: canvas and legend are made late, and would come last in the whole window."""
        canvas = [] if self.canvas is None else [self.canvas]
        for before, after in pairwise([self.controls.export, *canvas, *self.legend.buttons()]):
            QWidget.setTabOrder(before, after)

    def redraw(self) -> None:
        """Draw now what is known."""
        self._timer.stop()
        self._stale = False
        self._since.start()
        extent = self.data.extent()
        self.controls.set_state(extent[1] if extent else None, self.following)
        self._stack.setCurrentWidget(self._sheet if extent else self._empty)
        if extent is None:
            return
        self._name_curves()
        if self.canvas is None:
            self.canvas = self._make_canvas()
            self._order_tabs()
        steps = loss_scene.all_steps(extent) if self.following else self._wanted
        self._drawing = True
        self._draw(self.canvas, steps or self.canvas.sight()[0], fit=steps is not None or self._refit)
        self._drawing = False
        self._rest = max(_FRAME_MS, min(_LONGEST_MS, _SHARE * self._since.restart()))

    def _draw(self, canvas: LossCanvas, x: loss_scene.Range, fit: bool) -> None:
        log, shown = self.controls.log.isChecked(), self.legend.shown()
        lines = loss_scene.drawings(self.data, shown, x, canvas.pixels(), log, self.controls.smoothing)
        if fit:
            canvas.look(x, loss_scene.fitting(lines, x, log, canvas.roof()))
            self._wanted, self._refit = None, False
        canvas.set_units(self.controls.unit, log)
        canvas.draw(lines, self.data.marks)
        self.legend.set_values({c.name: self.data.latest(c.name) for c in self.data.of_unit(self.controls.unit)})
        self._point(self._pointer)

    def _options_changed(self) -> None:
        """Unit, scale or smoothing: values are other ones now, so the range of values is fitted anew."""
        self._name_curves()
        self._refit = True
        self._later()

    def _name_curves(self) -> None:
        """Offer what has points by now: a unit or a curve may come up for the first time."""
        if self.data.units != self.controls.units():
            self.controls.set_units(self.data.units)
        curves = self.data.of_unit(self.controls.unit)
        if curves != self.legend.curves():
            self.legend.set_curves(curves)
            self._order_tabs()

    def _sight_changed(self) -> None:
        if not self._drawing:  # redraw itself brings other steps into sight
            self._later()

    def _let_go(self) -> None:
        self.following = False
        self._later()

    def _point(self, step: float | None) -> None:
        """Show what was logged nearest to `step`; None takes the crosshair away."""
        self._pointer = step
        if self.canvas is None:
            return
        (x0, x1), _ = self.canvas.sight()
        found = None
        if step is not None:
            found = loss_scene.readout(self.data, self.legend.shown(), step, 6 * (x1 - x0) / self.canvas.pixels())
        if found is None:
            self.canvas.hide_pointer()
        else:
            self.canvas.show_pointer(*found)

    def _restyle(self) -> None:
        if self.canvas is not None:
            self.canvas.restyle()
        self._later()

    # files -----------------------------------------------------------------------------------------

    def export(self, path: Path | str) -> None:
        """Save the curves; the ending of `path` says how: ``.png``, ``.svg`` or ``.csv`` (all raw points).

        Raises
        ------
        InputError
            When the ending is another one, or there is nothing to draw.
        WorkError
            When the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".csv":
            files.write(path, self.data.csv())
        elif suffix not in (".png", ".svg"):
            raise InputError(f"Curves cannot be written as “{path.name}”: end the name in .png, .svg or .csv.")
        elif self.data.empty:
            raise InputError(f"There is no curve yet to draw into “{path.name}”: wait for the first step.")
        else:
            self._point(None)
            self.redraw()
            sheet = self._sheet
            files.write(path, [loss_export.png(sheet) if suffix == ".png" else loss_export.svg(sheet)])

    def _ask_file(self, suffix: str) -> None:
        files.ask_where(self, "Save curves", f"{self._title.lower()}{suffix}", self._save)

    def _save(self, path: str) -> None:
        try:
            self.export(path)
        except GenStudioError as error:
            self.problem.emit(str(error))
