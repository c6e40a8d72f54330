"""What the current item is called, what is written about it, and how it sounds."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.elided import ElidedLabel

_READING = 72  # pixels of height for a text


class ItemDetail(QWidget):
    """A line below the items, with a pane for the whole text when items have one.

    Signals
    -------
    play_asked()
        The current item is to be heard, or to stop.
    """

    play_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.play, self.text = ElidedLabel(), QPushButton("Play"), QPlainTextEdit()
        self.title.setProperty("role", "dim")
        self.play.setToolTip("Hear the current item (Space)")
        self.play.clicked.connect(self.play_asked)
        self.text.setReadOnly(True)
        self.text.setFixedHeight(_READING)
        self.text.setTabChangesFocus(True)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setAccessibleName("Text of the current item")
        self.text.setPlaceholderText("Choose an item to read all of it.")
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.title, 1)
        row.addWidget(self.play)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.text)
        self.set_parts(sound=False, text=False)
        self.set_playing(False)
        self.show_item("")

    def set_parts(self, sound: bool, text: bool) -> None:
        """Which of the parts the items have."""
        self.play.setVisible(sound)
        self.text.setVisible(text)

    def show_item(self, title: str, text: str = "", chosen: bool = False) -> None:
        """Tell about one item; `chosen` is False while there is none, and `title` says what to do."""
        self.title.setText(title)
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        self.play.setEnabled(chosen)

    def set_playing(self, playing: bool) -> None:
        """Whether a sound can be heard now."""
        self.play.setText("Stop" if playing else "Play")
        theme.set_icon(self.play, "stop" if playing else "play", 16)
