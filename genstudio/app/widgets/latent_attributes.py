"""The panel of attributes: made from labels or from two selections, each with a slider in standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.latent_rows import LatentRows
from genstudio.app.widgets.latent_slider import SliderFacts
from genstudio.app.widgets.scrolled import scrolled
from genstudio.app.widgets.segments import Segments

if TYPE_CHECKING:
    from genstudio.engine.latent.attributes import Attribute

REACH = 3.0  # standard deviations to either side
LEAST = 2  # items in a selection
_SOURCES = {"labels": "From labels", "selections": "From selections"}
_NO_LABELS = "This data has no labels: make attributes from two selections."


class AttributePanel(QWidget):
    """How attributes are made stands above, those that there are below.

    Signals
    -------
    label_asked(int)
        An attribute of this label against all the others.
    all_labels_asked()
        An attribute of each label.
    selection_asked(str)
        The selection of the map is to be side "a" or "b".
    between_asked(str)
        An attribute of this name from both sides.
    moved(int, float)
        Index of the attribute and strength in σ, from where the walk stood when the sliders stood at 0.
    move_ended()
        A drag, a key or a reset is over.
    removed(int)
        Index of the attribute.
    """

    label_asked = Signal(int)
    all_labels_asked = Signal()
    selection_asked = Signal(str)
    between_asked = Signal(str)
    moved = Signal(int, float)
    move_ended = Signal()
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selected = 0
        self._sides = {"a": 0, "b": 0}
        self.hint, self.empty = _sentence(), _sentence()
        self.source, self.label = Segments("What attributes are made from"), ChoiceField()
        self.add_label = _button("Add", "Add what items of this label have and all the others have not")
        self.add_all = _button("All", "Add an attribute of each label")
        self.take = {
            "a": _button("Take as A", "The points selected on the map are those that have the attribute"),
            "b": _button("Take as B", "The points selected on the map are those that have it not"),
        }
        self.counts = {"a": QLabel(), "b": QLabel()}
        self.name, self.add = QLineEdit(), _button("Add", "Add the way from the mean of B to the mean of A")
        self.rows = LatentRows()
        self._labels, self._selections = QWidget(), QWidget()
        self._name_things()
        self._lay_out()
        self._connect()
        self.set_labels(())
        self.show_attributes(())

    def _name_things(self) -> None:
        self.label.setAccessibleName("Label")
        self.label.setToolTip("The label whose items have the attribute; all the others have it not")
        self.name.setAccessibleName("Name of the attribute")
        self.name.setPlaceholderText("Name, such as “long sleeves”")
        self.name.setToolTip("What the attribute is called in the list")
        self.name.setMaxLength(60)
        for count in self.counts.values():
            count.setProperty("role", "dim")
            count.setFont(theme.tabular(count.font()))

    def _lay_out(self) -> None:
        labels = QHBoxLayout(self._labels)
        for widget in (self.label, self.add_label, self.add_all):
            labels.addWidget(widget, 1 if widget is self.label else 0)
        selections = QVBoxLayout(self._selections)
        for side in ("a", "b"):
            row = QHBoxLayout()
            row.setSpacing(8)
            row.addWidget(self.take[side])
            row.addWidget(self.counts[side], 1)
            selections.addLayout(row)
        last = QHBoxLayout()
        last.setSpacing(8)
        last.addWidget(self.name, 1)
        last.addWidget(self.add)
        selections.addLayout(last)
        for layout in (labels, selections):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(8)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.rows)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.hint, self.source, self._labels, self._selections, self.empty):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self.source else Qt.AlignmentFlag(0))
        layout.addWidget(scrolled(inner), 1)

    def _connect(self) -> None:
        self.source.chosen.connect(self._show_source)
        self.add_label.clicked.connect(lambda: self.label_asked.emit(self.label.currentIndex()))
        self.add_all.clicked.connect(self.all_labels_asked)
        self.take["a"].clicked.connect(lambda: self.selection_asked.emit("a"))
        self.take["b"].clicked.connect(lambda: self.selection_asked.emit("b"))
        self.add.clicked.connect(self._ask_between)
        self.name.returnPressed.connect(self._ask_between)
        self.rows.moved.connect(self.moved)
        self.rows.ended.connect(self.move_ended)
        self.rows.removed.connect(self.removed)

    # --- what is shown -------------------------------------------------------------------------------

    def set_labels(self, names: Sequence[str]) -> None:
        """Offer these labels; without any only selections are offered."""
        kept = self.source.current() if names and self.label.count() else ""
        if [self.label.itemText(i) for i in range(self.label.count())] != list(names):
            self.label.clear()
            self.label.addItems(list(names))
        current = kept or ("labels" if names else "selections")
        self.source.set_choices(_SOURCES, current)
        self.source.buttons["labels"].setEnabled(bool(names))
        self.source.buttons["labels"].setToolTip("Make attributes of the labels of the data" if names else _NO_LABELS)
        self.source.buttons["selections"].setToolTip("Make attributes of points selected on the map")
        self._show_source(current)

    def set_hint(self, text: str) -> None:
        """A sentence above everything, such as that the label is a control of its own; empty for none."""
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def set_selected(self, count: int) -> None:
        """How many points are selected on the map."""
        self._selected = count
        self._enable()

    def set_sides(self, a: int, b: int) -> None:
        """How many items were taken as A and as B."""
        self._sides = {"a": a, "b": b}
        self._enable()

    def show_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Show attributes in this order, all sliders at 0 σ."""
        self.rows.set_facts(
            [
                SliderFacts(i, a.name, -REACH, REACH, 0.0, None, _tip(a), "σ", removable=True)
                for i, a in enumerate(attributes)
            ],
            {},
        )
        self._show_empty(bool(attributes))

    def reset(self) -> None:
        """Set all sliders to 0 σ, as the walk has gone somewhere else; emits nothing."""
        self.rows.set_values({})

    def _show_empty(self, some: bool) -> None:
        self.empty.setVisible(not some)
        if self.source.current() == "labels":
            self.empty.setText("No attributes yet: add a label, then drag its slider to walk towards it.")
        else:
            self.empty.setText(
                "No attributes yet: select points on the map that have something and take them as A, then others "
                "that have it not, as B."
            )

    def _show_source(self, key: str) -> None:
        self._labels.setVisible(key == "labels")
        self._selections.setVisible(key == "selections")
        self._show_empty(len(self.rows) > 0)
        self._enable()

    def _enable(self) -> None:
        for side, button in self.take.items():
            button.setEnabled(self._selected >= LEAST)
            taken = self._sides[side]
            self.counts[side].setText(f"{taken:,} items" if taken else "nothing taken yet")
        self.add.setEnabled(min(self._sides.values()) >= LEAST)
        self.add_label.setEnabled(self.label.count() > 1)
        self.add_all.setEnabled(self.label.count() > 1)

    def _ask_between(self) -> None:
        if self.add.isEnabled():
            self.between_asked.emit(self.name.text().strip() or "A − B")
            self.name.clear()


def _sentence() -> QLabel:
    label = QLabel()
    label.setProperty("role", "dim")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.hide()
    return label


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _tip(attribute: Attribute) -> str:
    with_it, without = attribute.counts
    return (
        f"{with_it:,} items with it, {without:,} without: their means lie {attribute.apart:.1f} σ apart. "
        "Double click or 0 sets it back."
    )
