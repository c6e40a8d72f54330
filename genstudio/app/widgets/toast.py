"""One message that stays until it is read, with its remedy as a button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.notifications import Note

WIDTH = 380
_LONGEST = 300  # characters; three of these fit above each other into the smallest window
_LINE = 24  # as high as the close button, so that a single line stands level with it
_SIGNS = {
    "info": ("info", "accent", "Note"),
    "success": ("success", "good", "Done"),
    "warning": ("warning", "warn", "Warning"),
    "error": ("error", "bad", "Error"),
}


class Toast(QFrame):
    """Looks the same on every page; text is plain text, whatever it holds.

    Signals
    -------
    closed()
        The person has read it, or used its remedy.
    """

    closed = Signal()

    def __init__(self, note: Note, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = note
        self.setProperty("kind", "toast")
        self.setFixedWidth(WIDTH)
        icon, role, self._word = _SIGNS[note.severity]
        self._sign = QLabel()
        theme.set_icon(self._sign, icon, 20, role)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a file name may look like HTML
        self._text.setWordWrap(True)
        for part in (self._sign, self._text):
            part.setMinimumHeight(_LINE)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._count = QLabel()
        self._count.setProperty("role", "dim")
        self.close_button = QToolButton()
        theme.set_icon(self.close_button, "close", 16, "dim")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.setToolTip("Close this message (Esc)")
        self.close_button.clicked.connect(self.closed)
        self._lay_out()
        self.set_note(note)

    def _lay_out(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._text, 1)
        top.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        bottom.setContentsMargins(28, 0, 0, 0)  # below the text, not below the sign
        bottom.setSpacing(8)
        for button in self._buttons():
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self._count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(bottom)

    def _buttons(self) -> list[QPushButton]:
        made: list[QPushButton] = []
        if action := self.note.action:
            remedy = QPushButton(action.label)
            remedy.setToolTip(f"{action.label}, and close this message")
            remedy.clicked.connect(self._use_remedy)
            made.append(remedy)
        if self.note.detail:
            copy = QPushButton("Copy report")
            copy.setToolTip("Copy the message, the place in the program and the versions, to send them to us")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.note.report()))
            made.append(copy)
        return made

    def _use_remedy(self) -> None:
        action = self.note.action
        self.closed.emit()
        if action is not None:
            action.run()

    def set_note(self, note: Note) -> None:
        """Show `note`, which has the same key as the one before, with its count."""
        self.note = note
        short = note.text if len(note.text) <= _LONGEST else note.text[: _LONGEST - 1] + "…"
        self._text.setText(breakable(short))
        self._count.setText(f"{note.count:,} times")
        self._count.setVisible(note.count > 1)
        self.setAccessibleName(f"{self._word}: {note.text}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
