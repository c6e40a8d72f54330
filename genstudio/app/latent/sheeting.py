"""The sheet: what is drawn all over the plane, coarse first, finer as one zooms in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer

from genstudio.app.latent.charting import Charting
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_map_card import MapCard
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL
from genstudio.engine.latent.sheet import Plan, Tile, TileCache, plan

if TYPE_CHECKING:
    from genstudio.engine.latent.charts import Chart
    from genstudio.engine.latent.explorer import Explorer

_SETTLED_MS = 30  # after the view has moved; a sheet for each step of a pan would be thrown away
Drawn = list[tuple[Tile, Images]]


class Sheeting(QObject):
    """Asks for the tiles that are in sight; those of a view that was left are no longer drawn."""

    def __init__(
        self, sight: Sight, desk: Desk, walk: Walk, charting: Charting, card: MapCard, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._sight, self._desk, self._walk, self._charting, self._card = sight, desk, walk, charting, card
        self._shown = False
        self._cache: TileCache[Images] = TileCache()
        self._of: tuple[object, ...] = ()  # the chart, weights and label that the cache is of
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLED_MS)
        self._timer.timeout.connect(self.draw)
        card.layers_chosen.connect(self._choose)
        card.map.view_changed.connect(self._moved)
        charting.changed.connect(self._moved)
        sight.updated.connect(self._moved)
        walk.moved.connect(lambda _: self._relabelled())

    def _choose(self, layers: str) -> None:
        self._shown = layers != "points"
        self._card.map.set_layers(points=layers != "tiles", tiles=self._shown)
        self._moved()

    def _moved(self) -> None:
        if self._shown:
            self._timer.start()
        else:
            self._desk.cancel("sheet")

    def _relabelled(self) -> None:
        """Walking changes nothing of a sheet, but another label does."""
        if self._shown and self._key() != self._of:
            self._moved()

    def _key(self) -> tuple[object, ...]:
        place = self._walk.place
        return self._charting.chart, self._sight.explorer, place.label if place is not None else NO_LABEL

    def draw(self) -> None:
        """Draw what is missing in sight."""
        explorer, chart, map_ = self._sight.explorer, self._charting.chart, self._card.map
        if explorer is None or chart is None or not self._shown:
            self._desk.cancel("sheet")
            map_.clear_tiles()
            return
        key = self._key()
        label = self._walk.place.label if self._walk.place is not None else NO_LABEL
        wanted = plan(map_.view_rect(), map_.plot_size(), explorer.shape)
        if key == self._of:
            tiles = ((tile, self._cache.get(tile.key)) for tile in (*wanted.coarse, *wanted.fine))
            map_.set_tiles([(tile, picture) for tile, picture in tiles if picture is not None])
        else:
            if key[:1] != self._of[:1]:
                map_.clear_tiles()
            # else what is there stays until it is replaced: while a model learns the sheet never goes blank
            self._of, self._cache = key, TileCache()
        cache = self._cache
        self._desk.ask(
            "sheet", lambda e: drawn_tiles(e, chart, wanted, cache, label), lambda item: self._add(cache, item)
        )

    def _add(self, cache: TileCache[Images], drawn: Drawn) -> None:
        for tile, picture in drawn:
            cache.put(tile.key, picture)
            if cache is self._cache:
                self._card.map.add_tile(tile, picture)


def drawn_tiles(e: Explorer, chart: Chart, wanted: Plan, cache: TileCache[Images], label: int) -> Iterator[Drawn]:
    """The tiles of a plan that are not there yet, in batches."""
    for tiles in wanted.batches(cache):
        centres = np.array([tile.centre for tile in tiles], np.float32)
        pictures = e.draw(chart.codes_at(centres), label)
        yield list(zip(tiles, pictures, strict=True))
