"""Attributes: made from labels or from two selections of the map, and put on by their sliders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

from genstudio.app.latent.along import Along
from genstudio.app.latent.around import Around
from genstudio.app.latent.charting import Charting
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_attributes import AttributePanel
from genstudio.engine.latent.place import Floats, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.attributes import Attribute
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.explorer import Explorer

_NO_CODES: Floats = np.empty((0, 0), np.float32)


class Attributing(QObject):
    """Keeps the list of attributes; each is a direction by which one can walk."""

    def __init__(
        self, sight: Sight, desk: Desk, walk: Walk, encoding: Encoding, charting: Charting, around: Around,
        panel: AttributePanel, parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._sight, self._desk, self._encoding, self._charting = sight, desk, encoding, charting
        self._around, self._panel = around, panel
        self.attributes: tuple[Attribute, ...] = ()
        self._sides = {"a": _NO_CODES, "b": _NO_CODES}
        self._along = Along(walk)
        self._moved = False  # whether a slider is not at 0
        encoding.begun.connect(self._begin)
        encoding.changed.connect(self._offer)
        around.selected.connect(lambda count: panel.set_selected(count))
        walk.moved.connect(self._follow)
        panel.label_asked.connect(self._of_label)
        panel.all_labels_asked.connect(self._of_all)
        panel.selection_asked.connect(self._take)
        panel.between_asked.connect(self._between)
        panel.moved.connect(self._move)
        panel.move_ended.connect(walk.settle)
        panel.removed.connect(self._remove)

    def _begin(self) -> None:
        self.attributes = ()
        self._sides = {"a": _NO_CODES, "b": _NO_CODES}
        self._panel.set_sides(0, 0)
        self._panel.set_selected(0)
        self._panel.set_labels(())
        self._panel.show_attributes(())
        self._desk.cancel("attributes")

    def _offer(self) -> None:
        from genstudio.engine.latent.attributes import advice

        codes, explorer = self._encoding.codes, self._sight.explorer
        if codes is not None and explorer is not None:
            self._panel.set_labels(codes.label_names)
            self._panel.set_hint(advice(explorer.labels))

    # --- making --------------------------------------------------------------------------------------

    def _of_label(self, label: int) -> None:
        codes = self._encoding.codes
        if codes is not None and codes.labels is not None:
            self._desk.ask("attributes", lambda _: _one(codes, label), self._add)

    def _of_all(self) -> None:
        codes = self._encoding.codes
        if codes is not None and codes.labels is not None:
            before = self.attributes
            self._desk.ask("attributes", lambda _: _each(codes), lambda found: self._show((*before, *found)))

    def _take(self, side: str) -> None:
        """The selection of the map becomes side A or B."""
        shown = self._charting.shown
        if shown is not None:
            self._sides[side] = shown.codes[self._around.selection]
            self._panel.set_sides(len(self._sides["a"]), len(self._sides["b"]))

    def _between(self, name: str) -> None:
        a, b = self._sides["a"], self._sides["b"]

        def work(_: Explorer) -> Attribute:
            from genstudio.engine.latent.attributes import between

            return between(a, b, name)

        self._desk.ask("attributes", work, self._add)

    def _add(self, found: Attribute) -> None:
        self._show((*self.attributes, found))

    def _remove(self, index: int) -> None:
        self._show(tuple(a for i, a in enumerate(self.attributes) if i != index))

    def _show(self, attributes: tuple[Attribute, ...]) -> None:
        self.attributes = attributes
        self._along.restart()
        self._panel.show_attributes(attributes)

    # --- putting on ----------------------------------------------------------------------------------

    def _follow(self, place: Place) -> None:
        if self._along.strange(place) and self._moved:
            self._moved = False
            self._panel.reset()

    def _move(self, index: int, strength: float) -> None:
        if index < len(self.attributes):
            self._moved = True
            self._along.move([a.vector for a in self.attributes], index, strength, self.attributes[index].name)


def _one(codes: Codes, label: int) -> Attribute:
    from genstudio.engine.latent.attributes import of_label

    assert codes.labels is not None
    return of_label(codes.codes, codes.labels, label, codes.label_names)


def _each(codes: Codes) -> Iterator[Any]:
    from genstudio.engine.latent.attributes import of_labels

    assert codes.labels is not None
    return of_labels(codes.codes, codes.labels, codes.label_names)
