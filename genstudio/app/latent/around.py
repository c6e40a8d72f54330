"""Pictures of the data around the place where one stands, under the mouse, and of what was selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from genstudio.app.latent.charting import Charting
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.standing import Standing
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_looks import Looks
from genstudio.app.widgets.latent_map import LatentMap
from genstudio.app.widgets.picture_files import to_image
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.explorer import Explorer

_NEIGHBOURS, _SHOWN = 24, 512  # pictures: of neighbours, of a selection


class Around(QObject):
    """Pictures of the data: those with codes like the place's, those under the mouse, those that were chosen.

    Attributes
    ----------
    selection : int64 [n]
        Rows of the map that are selected.

    Signals
    -------
    selected(int)
        So many points are selected.
    """

    selected = Signal(int)

    def __init__(
        self, desk: Desk, walk: Walk, encoding: Encoding, charting: Charting, map_: LatentMap, looks: Looks,
        standing: Standing,
    ) -> None:  # fmt: skip
        super().__init__(standing)
        self._desk, self._walk, self._encoding, self._charting = desk, walk, encoding, charting
        self._map, self._looks = map_, looks
        self._rows: dict[str, np.ndarray] = {}
        self._of: Codes | None = None  # what was on the map when points were selected
        self.selection: np.ndarray = np.empty(0, np.int64)
        standing.drawn.connect(self._find)
        encoding.begun.connect(self._clear)
        map_.hovered.connect(self._hover)
        map_.selected.connect(self._select)
        charting.changed.connect(self._check)
        looks.chosen.connect(self._go)

    def _clear(self) -> None:
        self.selection = np.empty(0, np.int64)
        self._rows.clear()
        self._looks.clear()

    # --- neighbours ------------------------------------------------------------------------------------

    def _find(self, place: Place) -> None:
        codes, data = self._encoding.codes, self._encoding.data
        if codes is not None:
            self._desk.ask("neighbours", lambda e: _near(e, codes, data, place), self._found)

    def _found(self, found: tuple[Codes, np.ndarray, Images]) -> None:
        codes, rows, images = found
        self._rows["neighbours"] = rows
        what = "drawn codes" if codes.sampled else "data"
        self._looks.show_pictures(
            "neighbours", images, f"nearest in the {what}", "", codes.names_of(rows)
        )  # fmt: skip

    # --- hover and selection -----------------------------------------------------------------------------

    def _hover(self, row: int) -> None:
        codes, data = self._charting.shown, self._encoding.data
        if codes is None or not 0 <= row < len(codes):
            self._desk.cancel("hover")
            self._map.set_hover(None, "")
            return
        text = codes.name_of(row)
        title = f"{text} · {codes.rows[row] + 1:,}" if text else f"{codes.rows[row] + 1:,}"
        if data is not None:
            self._map.set_hover(to_image(np.asarray(data.images[int(codes.rows[row])])), title)
            return
        place = self._charting.place_of(row)
        assert place is not None
        self._desk.ask("hover", lambda e: e.picture(place), lambda drawn: self._map.set_hover(to_image(drawn), title))

    def _select(self, rows: np.ndarray) -> None:
        codes, data = self._charting.shown, self._encoding.data
        self.selection, self._of = rows, codes
        self._map.set_selection(rows if len(rows) else None)
        self.selected.emit(len(rows))
        if codes is None or not len(rows):
            self._looks.show_pictures("selection", NO_PICTURES, "")
            return
        self._rows["selection"] = rows[:_SHOWN]
        self._looks.turn_to("selection")
        self._desk.ask(
            "selection",
            lambda e: _pictures(e, codes, data, rows[:_SHOWN]),
            lambda images: self._selected(codes, rows, images),
        )

    def _check(self) -> None:
        """Rows of a map mean nothing on one of other codes; one that has only grown keeps its selection."""
        before, now = self._of, self._charting.shown
        if before is None or now is None or now is before or not len(self.selection):
            return
        if not np.array_equal(now.rows[: len(before)], before.rows):
            self._select(np.empty(0, np.int64))

    def _selected(self, codes: Codes, rows: np.ndarray, images: Images) -> None:
        shown = f"first {len(images):,} of " if len(images) < len(rows) else ""
        self._looks.show_pictures(
            "selection", images, "selected on the map", f"{shown}{len(rows):,}", codes.names_of(rows[: len(images)])
        )

    def _go(self, tab: str, index: int) -> None:
        rows = self._rows.get(tab)
        codes = self._encoding.codes if tab == "neighbours" else self._charting.shown
        if rows is None or codes is None or index >= len(rows):
            return
        row = int(rows[index])
        label = self._walk.place.label if self._walk.place is not None else NO_LABEL
        of = "code" if codes.sampled else "picture"
        self._walk.go(Place(codes.codes[row].copy(), label), f"{of} {codes.rows[row] + 1:,}")


def _near(e: Explorer, codes: Codes, data: Any, place: Place) -> tuple[Codes, np.ndarray, Images]:
    from genstudio.engine.latent.nearest import nearest

    rows = nearest(codes.codes, place.code, _NEIGHBOURS, codes.std)
    return codes, rows, _pictures(e, codes, data, rows)


def _pictures(e: Explorer, codes: Codes, data: Any, rows: np.ndarray) -> Images:
    """Pictures of the data with these codes, or what is drawn from them where there is no data."""
    if data is not None:
        return np.stack([np.asarray(data.images[int(row)]) for row in codes.rows[rows]])
    return e.draw(codes.codes[rows], np.array([e.label_of(name) for name in codes.names_of(rows)], np.int64))
