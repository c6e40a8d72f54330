"""Shows where one stands: the picture there, its place on the map, and pictures of the data that are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from genstudio.app.latent.charting import Charting
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import ON_MAP, Walk
from genstudio.app.widgets.latent_here import Here
from genstudio.app.widgets.latent_map import LatentMap
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL, Place

if TYPE_CHECKING:
    from pathlib import Path

    from genstudio.engine.latent.charts import Chart
    from genstudio.engine.latent.explorer import Explorer


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the desk found at a place; `error` is that to the person's own picture."""

    place: Place
    picture: Images
    facts: dict[str, Any]
    xy: tuple[float, float] | None
    error: float | None


class Standing(QObject):
    """Answers each move of the walk with its picture.

    Attributes
    ----------
    own : uint8 [H, W, C] or None
        A picture of the person's own, to compare with.
    picture : uint8 [H, W, C] or None
        What is shown.
    found : Place or None
        The best so far of a search for the own picture.

    Signals
    -------
    drawn(Place)
        The picture of a place is on the screen from the next paint on.
    """

    drawn = Signal(object)

    def __init__(
        self, sight: Sight, desk: Desk, walk: Walk, here: Here, map_: LatentMap, charting: Charting, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._sight, self._desk, self._walk, self._here, self._map = sight, desk, walk, here, map_
        self._charting = charting
        self.own: Images | None = None
        self.picture: Images | None = None
        self.found: Place | None = None  # the best so far of a search that goes on
        self._seed = 0
        walk.moved.connect(lambda _: self.look())
        walk.history_changed.connect(lambda: here.set_history(walk.can_undo, walk.can_redo))
        charting.changed.connect(self.look)
        sight.changed.connect(self._begin)
        sight.updated.connect(self.look)
        here.label_chosen.connect(self._choose_label)

    def _begin(self) -> None:
        """Another model, or none: stand at a place that it draws by itself."""
        self._walk.clear()
        self.set_own(None)
        self.picture, self._seed = None, 0
        explorer = self._sight.explorer
        self._here.set_can_look(explorer is not None)
        self._here.set_labels(explorer.labels if explorer is not None else ())
        self._here.show_nothing(self._sight.reason or "…")
        if explorer is not None:
            self.random()

    def random(self) -> None:
        """Go to a place that the model draws by itself."""
        seed, self._seed = self._seed, self._seed + 1
        label = self._walk.place.label if self._walk.place is not None else NO_LABEL
        self._desk.ask(
            "walk",
            lambda e: e.random(1, seed)[0],
            lambda code: self._walk.go(Place(code, label), f"drawn by the model, seed {seed}"),
        )

    def look(self) -> None:
        """Draw the place where one stands."""
        place, path = self._walk.place, self._sight.path
        if place is None or path is None:
            return
        chart, own = self._charting.chart, self.own
        self._desk.ask("walk", lambda e: _seen(e, place, path, chart, own), self._show)

    def _show(self, seen: Seen) -> None:
        here, explorer = self._here, self._sight.explorer
        if explorer is None:
            return
        self.picture = seen.picture
        here.show_picture(seen.picture, self.own, "here", seen.facts)
        here.show_words(self._walk.how, "" if seen.error is None else _error_words(seen.error))
        if explorer.labels:
            here.label.setCurrentIndex(seen.place.label + 1)
        if self._walk.how != ON_MAP:  # there the marker is under the mouse already
            self._map.set_marker(seen.xy)
        self.drawn.emit(seen.place)

    def show_found(self, place: Place, picture: Images, error: float, progress: str) -> None:
        """Show what a search for the own picture has found so far; one does not stand there yet."""
        self.found, self.picture = place, picture
        self._here.show_picture(picture, self.own, "nearest so far")
        self._here.show_words("looking for your picture", _error_words(error) + progress)

    def set_own(self, picture: Images | None) -> None:
        """Compare with this picture from now on, or with none."""
        self.own, self.found = picture, None
        self._here.set_own(picture is not None)
        self.look()

    def _choose_label(self, label: int) -> None:
        place, explorer = self._walk.place, self._sight.explorer
        if place is not None and explorer is not None:
            name = explorer.labels[label] if label >= 0 else "none"
            self._walk.go(Place(place.code, label), f"label {name}")


def _seen(e: Explorer, place: Place, path: Path, chart: Chart | None, own: Images | None) -> Seen:
    from genstudio.engine.latent.invert import squared_error
    from genstudio.engine.latent.provenance import facts_of

    picture = e.picture(place)
    xy = None
    if chart is not None:
        x, y = chart.place(place.code[None])[0]
        xy = (float(x), float(y))
    error = None if own is None else squared_error(own, picture)
    return Seen(place, picture, facts_of(e, path, place), xy, error)


def _error_words(error: float) -> str:
    from genstudio.engine.latent.invert import psnr

    return f"error {error:.4f} · {psnr(error):.1f} dB"
