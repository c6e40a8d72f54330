"""Asks, inside the window and without stopping the training, what closing it should mean."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app.widgets.card import Card

_WIDTH = 440


class CloseQuestion(QFrame):
    """A sheet over the window with three answers; Escape is "Keep training".

    Signals
    -------
    stop_chosen()
        Stop, save, then close.
    """

    stop_chosen = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setProperty("kind", "veil")
        card = Card("A model is training")
        card.setFixedWidth(_WIDTH)
        text = QLabel("Closing GenStudio stops it. Everything learnt so far is saved, and you can go on later.")
        text.setWordWrap(True)
        self.keep = QPushButton("Keep training")
        self.stop = QPushButton("Stop, save and close")
        self.stop.setProperty("kind", "primary")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.keep)
        buttons.addWidget(self.stop)
        card.add(text)
        card.add(buttons)
        column = QVBoxLayout(self)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        self._text = text
        self.keep.clicked.connect(self.hide)
        self.stop.clicked.connect(self._stop)
        self.hide()
        window.installEventFilter(self)

    def ask(self) -> None:
        """Show the question; nothing waits for the answer."""
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.stop.setFocus()

    def keyPressEvent(self, event: QEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:  # pyright: ignore[reportAttributeAccessIssue]
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def _stop(self) -> None:
        self._text.setText("Stopping and saving …")
        self.keep.setEnabled(False)
        self.stop.setEnabled(False)
        self.stop_chosen.emit()
