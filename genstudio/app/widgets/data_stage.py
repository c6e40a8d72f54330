"""The middle of the Data page: items, or how far their preparation is, or why there are none."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.opening import Step
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.data_view import DataView
from genstudio.app.widgets.preparing import Preparing
from genstudio.data import Dataset

_LONGEST = 600  # characters of what cannot be used; more would push the page apart
_PATIENCE_MS = 250  # what is opened sooner is shown without a word about progress
_WIDEST = 480
_LEAST = 292  # pixels wide, so that nothing moves when another face needs more than the last one
_EMPTY = "Choose a data set at the left, or drop a folder or a file here."


class DataStage(Card):
    """One of three faces at a time; a line below the items tells of what is prepared anew or was refused.

    Signals
    -------
    cancelled()
        Stop what is being prepared.
    retried()
        Open again what was refused.
    waiting(bool)
        Progress is shown in place of items; False when that is over.
    """

    cancelled = Signal()
    retried = Signal()
    waiting = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Data", parent)
        self.setMinimumWidth(_LEAST)
        self.view, self.preparing, self.line = DataView(), Preparing(), Preparing(compact=True)
        self.trouble, self.warning, self.retry = QLabel(), QLabel(), QPushButton("Try again")
        self._refusal = self._lay_out_refusal()
        self._stack = QStackedWidget()
        for face in (self.view, self.preparing, self._refusal):
            self._stack.addWidget(face)
        for label in (self.trouble, self.warning):
            label.setProperty("role", "bad")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._keep, self._opening = False, ""
        self._data: Dataset | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._show_progress)
        self.add(self._stack, 1)
        self.add(self.warning)
        self.add(self.line)
        self.warning.hide()
        self.line.hide()
        self.view.set_empty_text(_EMPTY)
        self.view.counted.connect(lambda _: self._show_count())
        for bar in (self.preparing, self.line):
            bar.cancelled.connect(self.cancelled)
        self.retry.clicked.connect(self.retried)

    def _lay_out_refusal(self) -> QWidget:
        face, inner = QWidget(), QWidget()
        inner.setMaximumWidth(_WIDEST)
        heading = QLabel("This cannot be used")
        heading.setProperty("role", "heading")
        self.retry.setToolTip("Open it once more, when it has been put right")
        theme.set_icon(self.retry, "refresh")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(heading)
        column.addWidget(self.trouble)
        column.addSpacing(4)
        column.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(face)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inner, 8, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        return face

    # --- while something is opened -------------------------------------------------------------------

    def begin(self, name: str, keep: bool) -> None:
        """Something is being opened; with `keep` what is shown stays, with a line below it."""
        self._keep, self._opening = keep, name
        self.warning.hide()
        for bar in (self.preparing, self.line):
            bar.begin(name)
        self.set_note("opening …")
        if not self._patience.isActive():
            self._patience.start()

    def _show_progress(self) -> None:
        self.line.setVisible(self._keep)
        if not self._keep:
            self.set_title(self._opening)
            self._stack.setCurrentWidget(self.preparing)
            self.waiting.emit(True)

    def show_step(self, step: Step) -> None:
        """How far it is."""
        (self.line if self._keep else self.preparing).show_step(step)

    def _end(self, face: QWidget) -> None:
        self._patience.stop()
        self.line.hide()
        self.warning.hide()
        self.trouble.clear()
        self._stack.setCurrentWidget(face)
        if self._data is not None:
            self.set_title(self._data.name)
        self.waiting.emit(False)

    # --- what came of it -----------------------------------------------------------------------------

    def show_data(self, data: Dataset) -> None:
        """Show what was opened."""
        self._data = data
        self.view.set_data(data)
        self._show_count()
        self._end(self.view)

    def go_back(self, shown: bool) -> None:
        """Opening was stopped: show what was there before, if there was anything."""
        self._end(self.view)
        if shown:
            self._show_count()
        else:
            self._clear("Stopped. " + _EMPTY)

    def refuse(self, reason: str) -> None:
        """There is nothing to show; say why."""
        self._clear(_EMPTY)
        self._end(self._refusal)
        self._tell(self.trouble, reason)

    def warn(self, reason: str) -> None:
        """What is shown stays, but the new settings cannot be used; say why."""
        self._end(self.view)
        self._show_count()
        self._tell(self.warning, reason)
        self.warning.show()

    def _clear(self, text: str) -> None:
        self._data = None
        self.view.set_data(None)
        self.view.set_empty_text(text)
        self.set_title("Data")
        self.set_note("")

    def _tell(self, label: QLabel, text: str) -> None:
        short = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
        label.setText(breakable(short))
        label.setAccessibleName(text)

    def _show_count(self) -> None:
        if self._data is None:
            return
        count, total = self.view.count(), len(self._data)
        has = self._data.modalities()
        words = {"image": "pictures", "audio": "sounds", "text": "sentences", "points": "points"}
        noun = words[has[0]] if len(has) == 1 else "items"
        self.set_note(f"{total:,} {noun}" if count == total else f"{count:,} of {total:,} {noun}")
