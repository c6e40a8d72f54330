"""The map of a latent space: brings the codes into a plane, and walks where somebody points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from genstudio.app.latent.colouring import Colouring
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.planes import Charted, Wanted, arranging, neighbours, planned
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import ON_MAP, Walk, letter
from genstudio.app.opening import Step
from genstudio.app.widgets.latent_map_card import CHARTS, MapCard
from genstudio.core.errors import GenStudioError
from genstudio.engine.latent.place import NO_LABEL, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.charts import Chart
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.directions import Direction
    from genstudio.engine.latent.explorer import Explorer
    from genstudio.engine.latent.tsne import Arranged

_NOBODY: Any = object()  # t-SNE asks no model
_NO_POINTS = np.zeros((0, 2), np.float32)
_PACE_MS = 45  # between two places of a drag while a training runs: it costs the training less than 5 %
_STAGES = {
    "neighbours": "finding similar codes",
    "arranging": "arranging by similarity",
    "placing": "placing the others among them",
}


class Charting(QObject):
    """Keeps the map card up to date.

    Attributes
    ----------
    shown : Codes or None
        The codes that stand on the map, row by row.
    chart : Chart or None
        How they were brought into the plane.
    directions : tuple of Direction
        That the network has; found some seconds after the codes.

    Signals
    -------
    changed()
        Codes lie elsewhere now, or there is no map.
    told(str)
        A sentence for the person.
    """

    changed = Signal()
    told = Signal(str)

    def __init__(
        self, sight: Sight, desk: Desk, encoding: Encoding, card: MapCard, walk: Walk, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._sight, self._desk, self._encoding, self._card, self._walk = sight, desk, encoding, card, walk
        self.shown: Codes | None = None
        self.chart: Chart | None = None
        self.directions: tuple[Direction, ...] = ()
        self._arrangement: tuple[Codes, Arranged] | None = None  # the newest whole map by t-SNE
        self._arranger = Desk()  # t-SNE runs in a process of its own; this thread only listens to it
        self._arranger.set_explorer(_NOBODY)
        self._arranger.problem.connect(desk.problem)
        self._colouring = Colouring(desk, card, self)
        self._connect()

    def _connect(self) -> None:
        card, map_, encoding = self._card, self._card.map, self._encoding
        encoding.begun.connect(self._begin)
        encoding.changed.connect(self._more)
        encoding.advanced.connect(self._show_step)
        encoding.failed.connect(map_.set_empty_text)
        card.chart_chosen.connect(self.draw)
        card.refresh_asked.connect(encoding.renew)
        card.progress.cancelled.connect(self.cancel)
        map_.walked.connect(self._walked)
        map_.walk_ended.connect(self._walk.settle)
        self._sight.changed.connect(self._set_pace)
        self._sight.updated.connect(self._set_pace)
        map_.clicked.connect(self._clicked)
        self._walk.pins_changed.connect(self._pins_changed)

    def close(self) -> None:
        """End the thread that listens to t-SNE."""
        self._arranger.close()

    def cancel(self) -> None:
        """Encode and arrange no longer; what is there stays."""
        self._arranger.cancel()
        self._encoding.cancel()

    # --- codes come ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Another model is looked at, or none."""
        self._arranger.cancel()
        self._desk.cancel("chart", "colour")
        self.shown, self.chart, self._arrangement, self.directions = None, None, None, ()
        card, explorer = self._card, self._sight.explorer
        card.map.set_points(_NO_POINTS)
        card.map.set_marker(None)
        card.map.set_selection(None)
        card.map.set_empty_text(self._sight.reason or "The codes are being made …")
        card.about.setText("")
        if explorer is not None:
            card.set_charts(_offered(explorer))
        self.changed.emit()

    def take_directions(self, directions: tuple[Direction, ...]) -> None:
        """What the network does with its noise is known now: a better plane than any other of noise."""
        self.directions = directions
        if self._card.chart() == "network":
            self.draw()

    def _more(self) -> None:
        codes = self._encoding.codes
        assert codes is not None
        if self.chart is None or self.shown is None or self.shown.step != codes.step:
            self._colouring.offer(codes)
        self.draw()

    def _show_step(self, step: Step | None) -> None:
        if step is not None:
            self._card.progress.show_step(step)
        self._card.show_progress(step is not None or self._arranger.busy("arrange"))

    # --- into the plane ------------------------------------------------------------------------------

    def draw(self) -> None:
        """Bring the codes into the plane that is chosen."""
        codes, card = self._encoding.codes, self._card
        if codes is None:
            return
        kind = card.chart()
        sizes = {"principal": codes.codes.shape[1], "dimensions": codes.codes.shape[1]}
        card.set_axes(kind, len(self.directions) if kind == "network" else sizes.get(kind, 0))
        if kind == "tsne":
            if codes.whole:
                self._arrange(codes)
            return
        self._arranger.cancel()
        self._card.show_progress(self._encoding.busy)
        wanted = Wanted(kind, card.axes(), tuple(self._walk.pins), self.directions, self.chart)
        self._desk.ask("chart", lambda _: planned(codes, wanted), self._charted, self._failed)

    def _arrange(self, codes: Codes) -> None:
        before = self._arrangement
        if before is not None and before[0] is codes:
            self._desk.ask("chart", lambda _: neighbours(codes, before[1]), self._charted, self._failed)
            return
        start = before[1] if before is not None and np.array_equal(before[0].rows, codes.rows) else None
        shown, chart = self.shown, self.chart
        like = chart.place(codes.codes) if shown is codes and chart is not None else None
        self._arranger.ask(
            "arrange", lambda _: arranging(codes, start, like), lambda item: self._arranged(codes, item), self._failed
        )
        self._show_step(Step(_STAGES["neighbours"], 0, 0, None))

    def _arranged(self, codes: Codes, item: Arranged | Charted | None) -> None:
        """A map by t-SNE on its way: how far it is, and now and then where the points stand."""
        if item is None:
            return
        arranged = item.arranged if isinstance(item, Charted) else item
        assert arranged is not None
        self._show_step(Step(_STAGES[arranged.stage], arranged.done, arranged.total, None))
        if isinstance(item, Charted):
            self._charted(item)
        if arranged.whole:
            self._arrangement = codes, arranged
            self._card.show_progress(False)

    def _charted(self, found: Charted) -> None:
        before, self.chart, self.shown = self.chart, found.chart, found.codes
        codes, map_ = found.codes, self._card.map
        again = before is not None and type(before) is type(found.chart) and map_.count() == len(found.xy)
        map_.set_axes(*(("", "") if found.arranged else found.chart.axes))  # by t-SNE there is nothing to read off
        map_.set_points(found.xy, glide=again)
        self._colouring.paint(codes, found.xy)
        of = "codes drawn by the model" if codes.sampled else "codes"
        self._card.about.setText(f"{len(found.xy):,} {of} · step {codes.step:,}")
        if before is None or before.name != found.chart.name:
            map_.fit()
        self._show_pins()
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        """It cannot be drawn like that: say why, and draw what always can be."""
        self._card.show_progress(self._encoding.busy)
        if not isinstance(error, GenStudioError):
            self._desk.problem.emit(error)
            return
        self.told.emit(str(error))
        usual = str(self._card.charts.itemData(0))
        if self._card.chart() != usual:
            self._card.set_chart(usual)
            self.draw()
        else:
            self._card.map.set_empty_text(str(error))

    # --- pins ----------------------------------------------------------------------------------------

    def _pins_changed(self) -> None:
        self._show_pins()
        if self._card.chart() == "pins":
            self.draw()

    def _show_pins(self) -> None:
        """Letters where the pins stand."""
        pins, chart = list(self._walk.pins), self.chart
        if chart is None or not pins:
            self._desk.cancel("pins")
            self._card.map.set_pins([])
            return
        codes = np.stack([pin.code for pin in pins])
        self._desk.ask("pins", lambda _: chart.place(codes), self._pins_placed)

    def _pins_placed(self, xy: Any) -> None:
        self._card.map.set_pins([(letter(i), float(x), float(y)) for i, (x, y) in enumerate(xy)])

    # --- hands ---------------------------------------------------------------------------------------

    def _walked(self, x: float, y: float) -> None:
        if self.chart is None:
            return
        code = self.chart.codes_at(np.array([[x, y]], np.float32))[0]
        label = self._walk.place.label if self._walk.place is not None else NO_LABEL
        self._walk.pass_by(Place(code, label), ON_MAP)

    def _set_pace(self) -> None:
        self._card.map.set_pace(_PACE_MS if self._sight.live else 0)

    def _clicked(self, row: int) -> None:
        """A point is pinned by a click, and one stands there."""
        place = self.place_of(row)
        if place is not None and self.shown is not None:
            of = "code" if self.shown.sampled else "picture"
            self._walk.go(place, f"{of} {self.shown.rows[row] + 1:,} of the map")
            self._walk.pin(place)

    def place_of(self, row: int) -> Place | None:
        """The place of a point of the map."""
        codes, explorer = self.shown, self._sight.explorer
        if codes is None or explorer is None or not 0 <= row < len(codes):
            return None
        return Place(codes.codes[row].copy(), explorer.label_of(codes.name_of(row)))


def _offered(explorer: Explorer) -> tuple[str, ...]:
    """Charts that say something about codes of this model: noise has neither principal directions nor neighbours."""
    if explorer.size < 3:
        return ("dimensions",)
    noise = ("principal", "tsne") if not explorer.can_encode else ("network",)
    return tuple(key for key in CHARTS if key not in noise)
