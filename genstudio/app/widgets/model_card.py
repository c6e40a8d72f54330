"""What to train: data, family, preset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.engine.family_info import FamilyInfo, PresetInfo

DIGITS = "digits"
POINTS = ("rings", "grid")  # built-in points in the plane
_BUILT_IN = ("shapes", *POINTS)  # what else comes with GenStudio and can be trained on


def source_title(source: str) -> str:
    """A short name for a source: "digits", or the last part of a path."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] or source


class ModelCard(Card):
    """Three choices. Families and presets come when torch is loaded; until then they are named but fixed.

    Signals
    -------
    data_changed(str), family_changed(str), preset_changed(str)
        A choice of the person's.
    open_asked()
        The folder button beside the data.
    """

    data_changed = Signal(str)
    family_changed = Signal(str)
    preset_changed = Signal(str)
    open_asked = Signal()

    def __init__(self, families: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__("Model", parent)
        self.data = _combo("Data", "What to learn from: a built-in set or a folder of yours.")
        self.family = _combo("Family", "What kind of model to train.")
        self.preset = _combo("Preset", "A recipe to start from; every knob below can still be changed.")
        self.open = QToolButton()
        self.open.setToolTip("Open a folder or file with data (Ctrl+O)")
        self.open.setAccessibleName("Open data")
        theme.set_icon(self.open, "folder", 16)
        self.open.clicked.connect(self.open_asked)
        self.summary = QLabel()
        self.summary.setProperty("role", "dim")
        self.summary.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, (text, combo) in enumerate((("Data", self.data), ("Family", self.family), ("Preset", self.preset))):
            label = QLabel(text)
            label.setBuddy(combo)
            grid.addWidget(label, row, 0)
            grid.addWidget(combo, row, 1, 1, 1 if combo is self.data else 2)
        grid.addWidget(self.open, 0, 2)
        grid.setColumnStretch(1, 1)
        self.add(grid)
        self.add(self.summary)
        for key, title in families.items():
            self.family.addItem(title, key)
        for before, after in pairwise((self.data, self.open, self.family, self.preset)):  # as they stand
            QWidget.setTabOrder(before, after)
        self.set_sources([DIGITS], DIGITS)
        self.data.activated.connect(lambda: self.data_changed.emit(self.source()))
        self.family.activated.connect(lambda: self.family_changed.emit(self.family_name()))
        self.preset.activated.connect(lambda: self.preset_changed.emit(self.preset_name()))

    def source(self) -> str:
        """The chosen source, as `open_source` takes it."""
        return self.data.currentData()

    def family_name(self) -> str:
        return self.family.currentData()

    def preset_name(self) -> str:
        return self.preset.currentData() or ""

    def set_sources(self, sources: Iterable[str], current: str) -> None:
        """Offer sources; emits nothing."""
        self.data.clear()
        for source in dict.fromkeys([DIGITS, *sources, current, *_BUILT_IN]):
            self.data.addItem(source_title(source), source)
            self.data.setItemData(self.data.count() - 1, source, 3)  # the tooltip role: the whole path
        self.data.setCurrentIndex(self.data.findData(current))

    def choose_source(self, source: str) -> None:
        """Show a source as the chosen one; emits nothing."""
        known = [self.data.itemData(i) for i in range(self.data.count())]
        self.set_sources(known, source)

    def show_family(self, info: FamilyInfo, preset: str | None) -> PresetInfo:
        """Choose a family and one of its presets, the first if there is none of that name; emits nothing."""
        self.family.setCurrentIndex(self.family.findData(info.name))
        self.preset.clear()
        for entry in info.presets:
            self.preset.addItem(entry.title, entry.name)
            self.preset.setItemData(self.preset.count() - 1, entry.summary, 3)
        chosen = next((p for p in info.presets if p.name == preset), info.presets[0])
        self.preset.setCurrentIndex(self.preset.findData(chosen.name))
        self.summary.setText(chosen.summary)
        return chosen

    def set_running(self, running: bool) -> None:
        """While training, what is trained cannot be changed."""
        for widget in (self.data, self.family, self.preset, self.open):
            widget.setEnabled(not running)


def _combo(name: str, tip: str) -> QComboBox:
    combo = ChoiceField()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setMinimumContentsLength(8)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return combo
