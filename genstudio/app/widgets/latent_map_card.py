"""The map of a latent space with what can be chosen of it: chart, axes, colours, layers, tool."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genstudio.app.widgets.card import Card
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.elided import ElidedLabel
from genstudio.app.widgets.flow import FlowLayout
from genstudio.app.widgets.latent_map import LatentMap
from genstudio.app.widgets.preparing import Preparing
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.tool import Tool

#: Charts by key, in the order of the menu.
CHARTS = {
    "principal": "Principal directions",
    "network": "Network's directions",
    "tsne": "Neighbours (t-SNE)",
    "dimensions": "Two dimensions",
    "pins": "Through pins A, B, C",
}
MOST_AXES = 64  # axes that can be chosen
_TIPS = {
    "principal": "The two directions in which the codes differ most, or two others of them",
    "network": "The two directions in which the network changes its pictures most, or two others of them",
    "tsne": "Similar codes stand together; takes a while, and distances far apart mean nothing",
    "dimensions": "Two numbers of the code themselves",
    "pins": "The plane on which the first three pins stand",
}


class MapCard(Card):
    """Card with the map.

    Signals
    -------
    chart_chosen()
        Another chart or other axes: see `chart` and `axes`.
    colour_chosen(str)
    tool_chosen(str)
        "walk", "select" or "lasso".
    layers_chosen(str)
        "points", "tiles" or "both".
    refresh_asked()
        Make the map anew.
    """

    chart_chosen = Signal()
    colour_chosen = Signal(str)
    tool_chosen = Signal(str)
    layers_chosen = Signal(str)
    refresh_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Map", parent)
        self.map = LatentMap()
        self.charts, self.first, self.second = ChoiceField(), ChoiceField(), ChoiceField()
        self.colour = ChoiceField()
        self.tools, self.layers = Segments("What the mouse does on the map"), Segments("What the map shows")
        self.refresh = Tool("refresh", "Make the map anew", "Encode the data again and make the map anew")
        self.fit = Tool("zoom-fit", "Whole map", "Show the whole map (F on the map)")
        self.progress, self.about = Preparing(compact=True), ElidedLabel()
        self._colours: list[str] = []
        self._axes: tuple[str, int] = ("", 0)
        self._lay_out()
        self._connect()
        self.set_charts(tuple(CHARTS))
        self.show_progress(False)

    def _lay_out(self) -> None:
        for field, name, tip in (
            (self.charts, "Kind of map", "How the codes are brought into a plane"),
            (self.first, "Axis to the right", "Which direction or dimension goes to the right"),
            (self.second, "Axis upwards", "Which direction or dimension goes upwards"),
            (self.colour, "Colour of the points", "What the colour of a point says"),
        ):
            field.setAccessibleName(name)
            field.setToolTip(tip)
        for field in (self.first, self.second):
            field.setFixedWidth(94)
        self.tools.set_choices({"walk": "Walk", "select": "Box", "lasso": "Lasso"}, "walk")
        for key, tip in (
            ("walk", "Drag or hold Shift and move: the picture follows the mouse"),
            ("select", "Draw a box around points to see them all"),
            ("lasso", "Draw around points to see them all"),
        ):
            self.tools.buttons[key].setToolTip(tip)
        self.layers.set_choices({"points": "Points", "tiles": "Sheet", "both": "Both"}, "points")
        for key, tip in (
            ("points", "Show the codes as points"),
            ("tiles", "Show what is drawn all over the plane; finer pictures come as you zoom in"),
            ("both", "Show points on top of what is drawn"),
        ):
            self.layers.buttons[key].setToolTip(tip)
        top, below, last = FlowLayout(spacing=8), FlowLayout(spacing=8), QHBoxLayout()
        self.charts.setMinimumWidth(188)
        self.colour.setMinimumWidth(176)
        self.about.setProperty("role", "dim")
        self.about.setAlignment(Qt.AlignmentFlag.AlignRight)
        last.setSpacing(8)
        for layout, parts in (
            (top, (self.charts, self.first, self.second)),
            (below, (self.tools, self.layers)),
            (last, (self.colour, self.about, self.fit, self.refresh)),
        ):
            for part in parts:
                layout.addWidget(part)
        last.setStretchFactor(self.about, 1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.map, 1)
        column.addLayout(below)
        column.addLayout(last)
        column.addWidget(self.progress)
        self.set_bare(content)

    def _connect(self) -> None:
        self.charts.activated.connect(lambda _: self._choose_chart())
        for field in (self.first, self.second):
            field.activated.connect(lambda _: self.chart_chosen.emit())
        self.colour.activated.connect(lambda index: self.colour_chosen.emit(self._colours[index]))
        self.tools.chosen.connect(self._choose_tool)
        self.layers.chosen.connect(self.layers_chosen)
        self.refresh.clicked.connect(self.refresh_asked)
        self.fit.clicked.connect(self.map.fit)

    # --- charts --------------------------------------------------------------------------------------

    def chart(self) -> str:
        """Key of the chosen chart."""
        return str(self.charts.currentData())

    def axes(self) -> tuple[int, int]:
        """The chosen directions or dimensions, from 0."""
        return max(0, self.first.currentIndex()), max(0, self.second.currentIndex())

    def set_charts(self, keys: Sequence[str], current: str = "") -> None:
        """Offer these charts."""
        current = current or self.chart()
        self.charts.clear()
        for key in keys:
            self.charts.addItem(CHARTS[key], key)
            self.charts.setItemData(self.charts.count() - 1, _TIPS[key], Qt.ItemDataRole.ToolTipRole)
        self.charts.setCurrentIndex(max(0, self.charts.findData(current)))

    def set_chart(self, key: str) -> None:
        """Show which chart is used; emits nothing."""
        self.charts.setCurrentIndex(max(0, self.charts.findData(key)))

    def set_axes(self, kind: str, count: int) -> None:
        """Offer so many directions or dimensions as axes; those chosen stay while there are as many."""
        for field in (self.first, self.second):
            field.setVisible(count > 2)
        if (kind, count) == self._axes:
            return
        self._axes = (kind, count)
        word = "Dim." if kind == "dimensions" else "Dir."
        names = [f"{word} {i + 1}" for i in range(min(count, MOST_AXES))]
        for field, index in ((self.first, 0), (self.second, 1)):
            field.clear()
            field.addItems(names)
            field.setCurrentIndex(min(index, len(names) - 1))

    def _choose_chart(self) -> None:
        self._axes = ("", 0)  # another chart begins with its first two axes
        self.chart_chosen.emit()

    # --- the rest ------------------------------------------------------------------------------------

    def set_colours(self, choices: Sequence[tuple[str, str]], current: str) -> None:
        """Offer colours: (key, text)."""
        self._colours = [key for key, _ in choices]
        self.colour.clear()
        self.colour.addItems([f"Colour: {text}" for _, text in choices])
        self.colour.setCurrentIndex(self._colours.index(current) if current in self._colours else 0)

    def current_colour(self) -> str:
        """Key of the chosen colour; empty without any."""
        index = self.colour.currentIndex()
        return self._colours[index] if 0 <= index < len(self._colours) else ""

    def _choose_tool(self, key: str) -> None:
        self.map.set_tool(key)
        self.tool_chosen.emit(key)

    def show_progress(self, shown: bool) -> None:
        """Whether something is encoded or arranged now."""
        self.progress.setVisible(shown)
