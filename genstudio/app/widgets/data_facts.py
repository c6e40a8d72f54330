"""Counts and sizes of a data set, its notes, and its labels with bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.facts import Facts
from genstudio.app.widgets.label_bars import LabelBars

_LONGEST = 600  # characters of a note


class DataFacts(QWidget):
    """What is in it.

    Attributes
    ----------
    labels : LabelBars
        For who wants to hear which label is asked for.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._heading = QLabel("Labels")
        self._heading.setProperty("role", "group")
        self.labels = LabelBars()
        self._notes = QLabel()
        self._notes.setProperty("role", "dim")
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._grid)
        column.addWidget(self._notes)
        column.addSpacing(4)
        column.addWidget(self._heading)
        column.addWidget(self.labels, 1)
        column.addStretch()
        self.rows: dict[str, str] = {}
        self.set_facts(Facts(notes="Nothing is open."))

    def set_facts(self, facts: Facts) -> None:
        """Show these facts."""
        self._fill(facts.rows)
        self.labels.set_counts(facts.labels)
        self.labels.setVisible(bool(facts.labels))
        self._heading.setVisible(bool(facts.labels))
        text = facts.notes
        self._notes.setText(breakable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"))
        self._notes.setVisible(bool(text))

    def _fill(self, rows: Sequence[tuple[str, str]]) -> None:
        self.rows = dict(rows)
        while item := self._grid.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for i, (name, value) in enumerate(rows):
            title, figure = QLabel(name), QLabel(value)
            title.setProperty("role", "dim")
            for label in (title, figure):
                label.setTextFormat(Qt.TextFormat.PlainText)
            figure.setFont(theme.tabular(figure.font()))
            self._grid.addWidget(title, i, 0)
            self._grid.addWidget(figure, i, 1, Qt.AlignmentFlag.AlignRight)
