"""Dimensions and directions: measured in the background, and moved along by their sliders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from genstudio.app.latent.along import Along
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_dimensions import DimensionPanel
from genstudio.app.widgets.latent_directions import DirectionPanel
from genstudio.app.widgets.latent_looks import Looks
from genstudio.core.errors import GenStudioError
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL, Floats, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.dimensions import Dimensions
    from genstudio.engine.latent.directions import Direction
    from genstudio.engine.latent.explorer import Explorer

_KL_OVER = 1024  # pictures of the data
_LATER_MS = 120  # after the last move: painting all sliders costs more than the picture
_COLUMNS, _MOST_ROWS = 9, 64  # of the traversal grid


class Levers(QObject):
    """Measures a model when there are enough codes, and follows the walk with the sliders.

    Signals
    -------
    found(object)
        Directions, a tuple of `Direction`.
    """

    found = Signal(object)

    def __init__(
        self, sight: Sight, desk: Desk, walk: Walk, encoding: Encoding, dimensions: DimensionPanel,
        directions: DirectionPanel, looks: Looks, parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._sight, self._desk, self._walk, self._encoding = sight, desk, walk, encoding
        self._dimensions, self._directions, self._looks = dimensions, directions, looks
        self.measured: Dimensions | None = None
        self._found: tuple[Direction, ...] = ()
        self._kind = ""
        self._step = -1  # of the codes that were measured
        self._along = Along(walk)
        self._mine: Place | None = None  # where a slider of a dimension has led
        self._grid: list[Images] = []
        self._strange = False  # one came here without these sliders, and they do not show it yet
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._show_place)
        encoding.begun.connect(self._begin)
        encoding.changed.connect(self._more)
        walk.moved.connect(self._follow)
        dimensions.moved.connect(self._move)
        dimensions.move_ended.connect(walk.settle)
        dimensions.reset_asked.connect(self._reset)
        dimensions.traversal_asked.connect(self.traverse)
        directions.moved.connect(self._move_along)
        directions.move_ended.connect(walk.settle)
        directions.kind_chosen.connect(self._find)

    # --- measuring -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.measured, self._found, self._kind, self._step = None, (), "", -1
        self._desk.cancel("dimensions", "directions", "traversal")
        reason = self._sight.reason
        for panel in (self._dimensions, self._directions):
            panel.clear(reason) if reason else panel.clear()

    def _more(self) -> None:
        """Measure by the first codes, which are a fair sample; again when the codes are those of newer weights."""
        codes = self._encoding.codes
        if codes is not None and codes.step != self._step:
            self._step = codes.step
            self.measure()

    def measure(self) -> None:
        """Measure what each dimension does."""
        codes, data = self._encoding.codes, self._encoding.data
        if codes is None:
            return
        self._dimensions.set_busy(0.0)
        self._desk.ask("dimensions", lambda e: _measured(e, codes, data), self._measured, self._not_measured)

    def _measured(self, item: float | Dimensions) -> None:
        if isinstance(item, (float, int)):
            self._dimensions.set_busy(item)
            return
        self._dimensions.set_busy(None)
        self.measured = item
        self._dimensions.show_dimensions(item)
        place = self._walk.place
        if place is not None:
            self._dimensions.set_base(place.code)
            self._dimensions.show_code(place.code)
        self._find(self._kind)

    def _not_measured(self, error: BaseException) -> None:
        self._dimensions.set_busy(None)
        self._fail(error, self._dimensions)

    def _find(self, kind: str) -> None:
        """Find the directions of a kind, or of the first one that the model has."""
        codes = self._encoding.codes
        if codes is None:
            return
        self._kind = kind
        self._directions.set_busy(0.0)
        self._desk.ask("directions", lambda e: _found(e, kind, codes), self._got, self._not_found)

    def _got(self, item: Any) -> None:
        if isinstance(item, (float, int)):
            self._directions.set_busy(item)
        elif isinstance(item, dict):
            self._kind = self._kind if self._kind in item else next(iter(item))
            self._directions.show_kinds(item, self._kind)
        else:
            self._directions.set_busy(None)
            self._found = item
            self._directions.show_directions(item)
            self.found.emit(item)
            if self._walk.place is not None:
                self._along.strange(self._walk.place)

    def _not_found(self, error: BaseException) -> None:
        self._directions.set_busy(None)
        self._fail(error, self._directions)

    def _fail(self, error: BaseException, panel: DimensionPanel | DirectionPanel) -> None:
        if isinstance(error, GenStudioError):
            panel.clear(str(error))
        else:
            self._desk.problem.emit(error)

    # --- sliders -------------------------------------------------------------------------------------

    def _follow(self, place: Place) -> None:
        """One stands elsewhere: the sliders will show it."""
        if self._along.strange(place):
            self._strange = True
        self._later.start()

    def _show_place(self) -> None:
        """Bring the sliders to where one stands."""
        place = self._walk.place
        if place is None or self.measured is None:
            return
        if place is not self._mine:
            if self._strange:
                self._dimensions.set_base(place.code)
            self._dimensions.show_code(place.code)
        if self._strange:
            self._directions.reset()
        self._strange = False

    def _move(self, dimension: int, value: float) -> None:
        place = self._walk.place
        if place is None:
            return
        code = place.code.copy()
        code[dimension] = value
        self._mine = replace(place, code=code)
        self._walk.pass_by(self._mine, f"dimension {dimension + 1}")

    def _reset(self, code: Floats) -> None:
        place = self._walk.place
        if place is not None:
            self._mine = replace(place, code=code.copy())
            self._walk.go(self._mine, "dimensions set back")

    def _move_along(self, index: int, strength: float) -> None:
        if index < len(self._found):
            self._along.move([d.vector for d in self._found], index, strength, self._found[index].name)

    # --- traversal -----------------------------------------------------------------------------------

    def traverse(self) -> None:
        """A row of pictures for each dimension that does something, from low to high, the others as they are here."""
        measured, place = self.measured, self._walk.place
        if measured is None or place is None:
            return
        rows = [int(i) for i in measured.order if not measured.dead[i]][:_MOST_ROWS]
        self._grid = []
        self._looks.turn_to("traversal")

        def work(e: Explorer) -> Iterator[tuple[int, Images]]:
            from genstudio.engine.latent.dimensions import traversal

            return traversal(e, place, rows, measured.low, measured.high, _COLUMNS)

        self._desk.ask("traversal", work, lambda row: self._add_row(rows, row))

    def _add_row(self, rows: list[int], found: tuple[int, Images]) -> None:
        self._grid.append(found[1])
        names = [f"dimension {rows[i] + 1}" for i in range(len(self._grid)) for _ in range(_COLUMNS)]
        self._looks.show_pictures(
            "traversal",
            np.concatenate(self._grid),
            "traversal of the dimensions",
            "",
            names,
            _COLUMNS,
        )


def _measured(e: Explorer, codes: Codes, data: Any) -> Iterator[float | Dimensions]:
    from genstudio.engine.latent.dimensions import measure

    labels = _labels(e, codes)
    if data is None:
        return measure(e, codes.codes, None, labels)
    rows = codes.rows[:_KL_OVER]
    images = np.stack([np.asarray(data.images[int(row)]) for row in rows])
    return measure(e, codes.codes, images, labels, labels if isinstance(labels, int) else labels[:_KL_OVER])


def _found(e: Explorer, kind: str, codes: Codes) -> Iterator[Any]:
    """The kinds that there are, then how far it is, then the directions."""
    from genstudio.engine.latent.directions import find, kinds

    offered = kinds(e)
    yield offered
    yield from find(e, kind if kind in offered else next(iter(offered)), codes.codes, _labels(e, codes))


def _labels(e: Explorer, codes: Codes) -> int | NDArray[np.int64]:
    """The labels to draw codes with; the data may number its own otherwise."""
    if not e.labels or codes.labels is None:
        return NO_LABEL
    ours = np.array([*(e.label_of(name) for name in codes.label_names), NO_LABEL], np.int64)  # the last is for none
    return ours[codes.labels]
