"""One advice of the training doctor: what goes wrong, the evidence, and a button that helps."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.core.events import Advice

_WIDEST = 250  # pixels of the words on the button


class AdviceCard(QFrame):
    """Stays until it is dismissed or another one of the same code comes.

    Parameters
    ----------
    advice : Advice
    remedy : str
        What the button says; without words there is no button.

    Signals
    -------
    apply_asked()
    dismissed()
    """

    apply_asked = Signal()
    dismissed = Signal()

    def __init__(self, advice: Advice, remedy: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.advice = advice
        self.setProperty("kind", "finding")
        self.setAccessibleName(f"Advice at step {advice.step:,}: {advice.title}. {advice.text}")
        self._title, self._text, self._step = QLabel(), QLabel(), QLabel(f"step {advice.step:,}")
        for label, words, role in ((self._title, advice.title, "strong"), (self._text, advice.text, "dim")):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setProperty("role", role)
            label.setText(breakable(words))
        self._step.setProperty("role", "dim")
        for label in (self._title, self._step):
            label.setContentsMargins(0, 4, 0, 0)  # level with the close button
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.apply, self.close_button = QPushButton(), QToolButton()
        self.apply.setProperty("kind", "primary")
        self.apply.clicked.connect(self.apply_asked)
        theme.set_icon(self.close_button, "close", 16, "dim")
        self.close_button.setAccessibleName(f"Dismiss: {advice.title}")
        self.close_button.setToolTip("Dismiss this advice (Esc); its mark stays on the curve")
        self.close_button.clicked.connect(self.dismissed)
        self._lay_out()
        self.set_remedy(remedy)

    def _lay_out(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._title, 1)
        top.addWidget(self._step, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        bottom.setSpacing(8)
        bottom.addWidget(self.apply)
        bottom.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._text)
        column.addSpacing(4)
        column.addLayout(bottom)
        QWidget.setTabOrder(self.close_button, self.apply)

    def set_remedy(self, words: str) -> None:
        """What the button says now; without words it is not there."""
        metrics = self.apply.fontMetrics()
        whole = metrics.horizontalAdvance(words) <= _WIDEST
        lines = [words] if whole else words.replace(" and ", "\nand ").split("\n")
        elided = [metrics.elidedText(line, Qt.TextElideMode.ElideRight, _WIDEST) for line in lines]
        self.apply.setText("\n".join(elided))
        self.apply.setToolTip(words)
        self.apply.setAccessibleName(words)
        self.apply.setVisible(bool(words))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)
