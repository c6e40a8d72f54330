"""Asks, inside the window and without stopping the training, what closing it should mean."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app.widgets.card import Card

_WIDTH = 440
_WHAT = "Closing GenStudio stops it. Everything learnt so far is saved, and you can go on later."


class CloseQuestion(QFrame):
    """A sheet over the window with two answers; Escape is "Keep training".

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
        self.text = QLabel(_WHAT)
        self.text.setWordWrap(True)
        self.keep = QPushButton("Keep training")
        self.keep.setToolTip("Leave the window open (Escape)")
        self.stop = QPushButton("Stop, save and close")
        self.stop.setToolTip("Stop after this step, save everything, then close the window")
        self.stop.setProperty("kind", "primary")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.keep)
        buttons.addWidget(self.stop)
        card.add(self.text)
        card.add(buttons)
        column = QVBoxLayout(self)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        self.keep.clicked.connect(self.hide)
        self.stop.clicked.connect(self._stop)
        self.hide()
        window.installEventFilter(self)

    def ask(self) -> None:
        """Show the question; nothing waits for the answer."""
        self._wait_for_saving(False)
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.stop.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.keep.isEnabled():
            self.hide()

    def focusNextPrevChild(self, following: bool) -> bool:
        """Tab stays in the question: what lies behind it cannot be seen."""
        (self.keep if self.stop.hasFocus() else self.stop).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def _stop(self) -> None:
        self._wait_for_saving(True)
        self.stop_chosen.emit()

    def _wait_for_saving(self, waiting: bool) -> None:
        self.text.setText("Stopping and saving …" if waiting else _WHAT)
        self.keep.setEnabled(not waiting)
        self.stop.setEnabled(not waiting)
