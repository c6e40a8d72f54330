"""Where am I: the pages, and below them what the machine does."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme

_WIDTH = 152


class SideBar(QFrame):
    """A column of exclusive buttons.

    Signals
    -------
    chosen(str)
        Key of the page that was clicked.
    """

    chosen = Signal(str)

    def __init__(self, pages: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "side")
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName("Pages")
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(4)
        column.addLayout(_brand())
        column.addSpacing(12)
        for number, (key, title) in enumerate(pages, 1):
            column.addWidget(self._button(number, key, title))
        column.addStretch(1)
        self.machine = QLabel()
        self.machine.setProperty("role", "dim")
        self.machine.setWordWrap(True)
        self.machine.setContentsMargins(8, 0, 8, 0)
        self.machine.setFont(theme.tabular(self.machine.font()))
        self.machine.setAccessibleName("Device and memory")
        column.addWidget(self.machine)

    def select(self, key: str) -> None:
        """Show which page is open; emits nothing."""
        self.buttons[key].setChecked(True)

    def _button(self, number: int, key: str, title: str) -> QPushButton:
        button = QPushButton(title)
        button.setProperty("kind", "nav")
        button.setCheckable(True)
        button.setIconSize(QSize(20, 20))
        theme.set_icon(button, key, 20)
        button.setToolTip(f"{title} (Ctrl+{number})")
        button.setAccessibleName(f"{title} page")
        button.clicked.connect(lambda: self.chosen.emit(key))
        self._group.addButton(button)
        self.buttons[key] = button
        return button


def _brand() -> QHBoxLayout:
    mark, name = QLabel(), QLabel("GenStudio")
    theme.set_icon(mark, "app", 20)
    name.setProperty("role", "heading")
    row = QHBoxLayout()
    row.setContentsMargins(10, 4, 8, 0)
    row.setSpacing(8)
    row.addWidget(mark)
    row.addWidget(name)
    row.addStretch(1)
    row.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    return row
