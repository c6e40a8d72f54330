"""A few words side by side, one of which is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QWidget


class Segments(QFrame):
    """Like a row of radio buttons: a click, Space or the arrows choose.

    Signals
    -------
    chosen(str)
        The person chose the segment of this key.
    """

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "segments")
        self.setAccessibleName(name)
        self.buttons: dict[str, QPushButton] = {}  # those that are offered
        self._made: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(2, 2, 2, 2)
        self._row.setSpacing(2)

    def set_choices(self, choices: Mapping[str, str], current: str) -> None:
        """Offer these: text by key; emits nothing."""
        for key, text in choices.items():
            if key not in self._made:
                self._made[key] = self._add(key, text)
        for key, button in self._made.items():  # hidden, not deleted: their place in the order of Tab stays
            button.setVisible(key in choices)
        self.buttons = {key: self._made[key] for key in choices}
        self.set_current(current)

    def _add(self, key: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("kind", "segment")
        button.setCheckable(True)
        button.setToolTip(f"Show {text.lower()}")
        button.clicked.connect(lambda: self.chosen.emit(key))
        self._group.addButton(button)
        self._row.addWidget(button)
        return button

    def current(self) -> str:
        """Key of the chosen one, empty without any."""
        return next((key for key, button in self.buttons.items() if button.isChecked()), "")

    def set_current(self, key: str) -> None:
        """Choose one; emits nothing."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        keys = list(self.buttons)
        if way is None or not keys:
            super().keyPressEvent(event)
            return
        key = keys[(keys.index(self.current()) + way) % len(keys)]
        self.buttons[key].setFocus(Qt.FocusReason.TabFocusReason)
        self.set_current(key)
        self.chosen.emit(key)
