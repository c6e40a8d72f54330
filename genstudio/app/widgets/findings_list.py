"""What is worth a look in the data: each finding with a button that shows the items it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app.breakable import breakable

if TYPE_CHECKING:  # the search itself is loaded when something is searched
    from genstudio.data.odd import Finding

_MOST = 40  # findings shown; there is at most one of each kind


class FindingsList(QWidget):
    """Findings below each other, the most important first.

    Signals
    -------
    shown(str, object)
        The items of the finding with this title are to be shown: their rows, int64 [M].
    """

    shown = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._state = QLabel()
        self._state.setProperty("role", "dim")
        self._state.setWordWrap(True)
        self._column.addWidget(self._state)
        self._entries: list[QFrame] = []
        self.titles: list[str] = []

    def say(self, text: str) -> None:
        """Show a sentence in place of findings."""
        self._clear()
        self._state.setText(text)
        self._state.show()

    def set_findings(self, findings: Iterable[Finding]) -> None:
        """Show findings, or that there are none."""
        shown = list(findings)[:_MOST]
        if not shown:
            self.say("Nothing odd was found.")
            return
        self._clear()
        self._state.hide()
        for finding in shown:
            entry = self._entry(finding)
            self._entries.append(entry)
            self._column.addWidget(entry)
            self.titles.append(finding.title)

    def _clear(self) -> None:
        for entry in self._entries:
            entry.hide()
            entry.deleteLater()
        self._entries, self.titles = [], []

    def _entry(self, finding: Finding) -> QFrame:
        frame = QFrame()
        frame.setProperty("kind", "finding")
        frame.setAccessibleName(finding.title)
        title, text = QLabel(breakable(finding.title)), QLabel(breakable(finding.text))
        title.setProperty("role", "strong")
        text.setProperty("role", "dim")
        for label in (title, text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        column = QVBoxLayout(frame)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(text)
        if count := len(finding.rows):
            show = QPushButton(f"Show {'it' if count == 1 else f'all {count:,}'}")
            show.setProperty("kind", "link")
            show.setToolTip("Show only these items; “All items” above them brings the others back")
            show.setAccessibleName(f"{show.text()}: {finding.title}")
            show.clicked.connect(lambda: self.shown.emit(finding.title, finding.rows))
            row = QHBoxLayout()
            row.addWidget(show)
            row.addStretch(1)
            column.addLayout(row)
        return frame
