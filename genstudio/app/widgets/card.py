"""A titled panel: the box in which everything on a page stands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from genstudio.app.widgets.elided import ElidedLabel

HEADING_HEIGHT = 32


class Card(QFrame):
    """A panel with a heading row, as high on every card, and a body.

    Attributes
    ----------
    body : QVBoxLayout
        For the content.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._title = ElidedLabel()  # a file name may be the title
        self._title.setProperty("role", "heading")
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setProperty("role", "dim")
        self._heading = QHBoxLayout()
        self._heading.setSpacing(8)
        self._heading.addWidget(self._title)
        self._heading.addStretch(1)
        self._heading.addWidget(self._note)
        row = self._row = QWidget()
        row.setFixedHeight(HEADING_HEIGHT)
        self._heading.setContentsMargins(0, 0, 0, 0)
        row.setLayout(self._heading)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(row)
        layout.addLayout(self.body, 1)
        self.set_title(title)
        self.set_note("")

    def set_title(self, title: str) -> None:
        """What the card is about; also its accessible name."""
        self._title.setText(title)
        self.setAccessibleName(title)

    def set_note(self, note: str) -> None:
        """A few quiet words at the right of the heading: "EMA · step 6,200"."""
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def add_control(self, control: QWidget) -> None:
        """Put a quiet control (a tool button, a small combo box) at the right end of the heading."""
        self._heading.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)

    def add_first(self, control: QWidget) -> None:
        """Put a control at the left end of the heading, where the title stands while `show_title` says so."""
        self._heading.insertWidget(0, control, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_title(self, shown: bool) -> None:
        """Whether the title stands in the heading; the accessible name stays."""
        self._title.setVisible(shown)

    def set_bare(self, content: QWidget) -> None:
        """Fill the card with a widget that has a heading row of its own."""
        self._row.hide()
        self.body.addWidget(content, 1)

    def add(self, content: QWidget | QLayout, stretch: int = 0) -> None:
        """Append a widget or a layout to the body."""
        if isinstance(content, QWidget):
            self.body.addWidget(content, stretch)
        else:
            self.body.addLayout(content, stretch)
