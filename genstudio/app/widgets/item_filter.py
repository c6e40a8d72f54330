"""Which items are looked at: all, those of a label, those of a part, or those that a finding is about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.elided import ElidedLabel
from genstudio.data import Dataset
from genstudio.data.items import SPLITS

_PARTS = {"train": "Training part", "validation": "Validation part", "test": "Test part"}
_WIDE = 124


class ItemFilter(QObject):
    """Two choices, and the name of a finding with a button that goes back to all items.

    Attributes
    ----------
    widgets : tuple of QWidget
        To be laid out by who has room for them; each is hidden while there is nothing to choose.

    Signals
    -------
    changed()
        Other rows are wanted; `rows` has them.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.label, self.part = ChoiceField(parent=parent), ChoiceField(parent=parent)
        self.all_items, self.finding = QPushButton("All items", parent), ElidedLabel(parent=parent)
        self._data: Dataset | None = None
        self._found: NDArray[np.int64] | None = None
        for combo, name in ((self.label, "Label"), (self.part, "Part")):
            combo.setAccessibleName(f"{name} shown")
            combo.setToolTip(f"Show the items of one {name.lower()} only")
            combo.setFixedWidth(_WIDE)
            combo.currentIndexChanged.connect(lambda _: self._chosen())
        self.all_items.setToolTip("Show all items again")
        self.all_items.clicked.connect(self.show_all)
        self.finding.setProperty("role", "strong")
        self.finding.setMaximumWidth(2 * _WIDE)
        self.finding.setFixedHeight(self.all_items.sizeHint().height())
        self.widgets: tuple[QWidget, ...] = (self.finding, self.all_items, self.label, self.part)
        self.set_data(None)

    def set_data(self, data: Dataset | None) -> None:
        """Offer the labels and parts of a data set; those chosen before stay chosen where they exist."""
        label, part = self.label.currentText(), self.part.currentText()
        self._data, self._found = data, None
        with QSignalBlocker(self.label), QSignalBlocker(self.part):
            names = list(data.label_names) if data is not None and data.labels is not None else []
            if data is not None and data.labels is not None and bool((data.labels < 0).any()):
                names.append("(no label)")
            self._offer(self.label, "All labels", names, label)
            parts = data.parts if data is not None else None
            there = [i for i in range(len(SPLITS)) if parts is not None and bool((parts == i).any())]
            self._offer(self.part, "All parts", [_PARTS[SPLITS[i]] for i in there], part)
            for row, i in enumerate(there, 1):
                self.part.setItemData(row, i)
        self._show_state()

    def _offer(self, combo: ChoiceField, everything: str, names: list[str], before: str) -> None:
        combo.clear()
        combo.addItem(everything)
        combo.addItems(names)
        combo.setCurrentIndex(max(0, combo.findText(before)))

    def rows(self) -> NDArray[np.int64] | None:
        """The rows to show, None for all of them."""
        data = self._data
        if data is None:
            return None
        if self._found is not None:
            return self._found
        keep: NDArray[np.bool_] | None = None
        if self.label.currentIndex() > 0 and data.labels is not None:
            chosen = self.label.currentIndex() - 1
            keep = data.labels == (chosen if chosen < len(data.label_names) else -1)
        if self.part.currentIndex() > 0 and data.parts is not None:
            of_part = data.parts == self.part.currentData()
            keep = of_part if keep is None else keep & of_part
        return None if keep is None else np.flatnonzero(keep)

    def choose_label(self, index: int) -> None:
        """Show the items of one label, or all of them again when it is the one that is shown."""
        self._found = None
        at = index + 1 if self.label.currentIndex() != index + 1 else 0
        with QSignalBlocker(self.label):
            self.label.setCurrentIndex(at)
        self._chosen()

    def show_found(self, title: str, rows: NDArray[np.int64]) -> None:
        """Show the items that a finding is about."""
        self._found = np.asarray(rows, np.int64)
        self.finding.setText(title)
        self._show_state()
        self.changed.emit()

    def show_all(self) -> None:
        """Show every item."""
        self._found = None
        with QSignalBlocker(self.label), QSignalBlocker(self.part):
            self.label.setCurrentIndex(0)
            self.part.setCurrentIndex(0)
        self._chosen()

    def _chosen(self) -> None:
        self._found = None
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        found = self._found is not None
        self.finding.setVisible(found)
        self.all_items.setVisible(found)
        self.label.setVisible(not found and self.label.count() > 1)
        self.part.setVisible(not found and self.part.count() > 2)
