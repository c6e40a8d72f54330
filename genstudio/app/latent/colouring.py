"""What the colour of a point on the map says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from genstudio.app.latent.desk import Desk
from genstudio.app.widgets.latent_map_card import MapCard
from genstudio.engine.latent.place import Floats

if TYPE_CHECKING:
    from genstudio.engine.latent.codes import Codes

_MOST_DIMENSIONS = 64  # that can be chosen


class Colouring(QObject):
    """Offers what is known of the codes, and colours the map by what is chosen."""

    def __init__(self, desk: Desk, card: MapCard, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._card = desk, card
        self._shown: tuple[Codes, Floats] | None = None
        card.colour_chosen.connect(lambda _: self._again())

    def offer(self, codes: Codes) -> None:
        """Offer what can be said of these codes; the choice stays where it is still possible."""
        current = self._card.current_colour()
        choices = [("label", "label")] if codes.labels is not None else []
        choices += [("loss", "reconstruction error")] if codes.losses is not None else []
        choices += [("density", "density"), ("none", "none")]
        count = min(codes.codes.shape[1], _MOST_DIMENSIONS)
        choices += [(f"dimension {i}", f"dimension {i + 1}") for i in range(count)]
        known = current in dict(choices)
        self._card.set_colours(choices, current if known else choices[0][0])

    def paint(self, codes: Codes, xy: Floats) -> None:
        """Colour points that stand at `xy` float32 [N, 2]."""
        self._shown = codes, xy
        self._again()

    def _again(self) -> None:
        if self._shown is None:
            return
        codes, xy = self._shown
        key, map_ = self._card.current_colour(), self._card.map
        if key == "label" and codes.labels is not None:
            map_.set_colours(codes.labels, "label", codes.label_names, "Label")
        elif key == "loss":
            map_.set_colours(codes.losses, "value", (), "Squared error a pixel")
        elif key.startswith("dimension "):
            index = int(key.split()[1])
            map_.set_colours(codes.codes[:, index], "value", (), f"Dimension {index + 1}")
        elif key == "density":
            self._desk.ask("colour", lambda _: _density(xy), self._dense)
        else:
            map_.set_colours(None, "value")

    def _dense(self, values: Any) -> None:
        if self._card.current_colour() == "density" and len(values) == self._card.map.count():
            self._card.map.set_colours(values, "value", (), "Codes an area, share of the densest")


def _density(xy: Floats) -> Floats:
    from genstudio.engine.latent.density import density_at

    return density_at(xy)
