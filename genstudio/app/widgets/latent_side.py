"""The column of controls at the right of the Latent page, behind tabs."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from genstudio.app.widgets.card import Card
from genstudio.app.widgets.latent_attributes import AttributePanel
from genstudio.app.widgets.latent_dimensions import DimensionPanel
from genstudio.app.widgets.latent_directions import DirectionPanel
from genstudio.app.widgets.latent_places import PlacesPanel
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.stacked import Stacked

WIDTH = 336  # pixels
TABS = {"dimensions": "Sliders", "directions": "Directions", "attributes": "Attributes", "places": "Places"}


class LatentSide(Card):
    """Four panels, one of which is in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Controls", parent)
        self.dimensions, self.directions = DimensionPanel(), DirectionPanel()
        self.attributes, self.places = AttributePanel(), PlacesPanel()
        self.tabs, self._stack = Segments("Which controls"), Stacked()
        self._panels = {
            "dimensions": self.dimensions,
            "directions": self.directions,
            "attributes": self.attributes,
            "places": self.places,
        }
        self.tabs.set_choices(TABS, "dimensions")
        self.add_first(self.tabs)
        self.show_title(False)
        for panel in self._panels.values():
            self._stack.addWidget(panel)
        self.add(self._stack, 1)
        self.setFixedWidth(WIDTH)
        self.tabs.chosen.connect(self.turn_to)

    def turn_to(self, key: str) -> None:
        """Show this panel."""
        self.tabs.set_current(key)
        self._stack.setCurrentWidget(self._panels[key])
