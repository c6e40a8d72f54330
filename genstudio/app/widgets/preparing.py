"""How far the preparation of data is, with a button that stops it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.opening import Step
from genstudio.app.widgets.elided import ElidedLabel
from genstudio.core.words import duration

_WIDEST = 420


class Preparing(QWidget):
    """What is being done, a bar, "1,200 of 60,000", the time left, Cancel.

    Parameters
    ----------
    compact : bool
        One line, to stand below what is shown already; else a column for the middle of an empty place.

    Signals
    -------
    cancelled()
        Somebody wants to stop it.
    """

    cancelled = Signal()

    def __init__(self, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading, self.what = ElidedLabel(), ElidedLabel()
        self.count, self.bar, self.cancel = ElidedLabel(), QProgressBar(), QPushButton("Cancel")
        self.heading.setProperty("role", "heading")
        for label in (self.what, self.count):
            label.setProperty("role", "dim")
        self.count.setFont(theme.tabular(self.count.font()))
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.cancel.setToolTip("Stop preparing; nothing half done is kept (Esc)")
        self.cancel.clicked.connect(self.cancelled)
        (self._lay_out_line if compact else self._lay_out_column)()
        self.begin("")

    def _lay_out_line(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.heading.hide()
        self.bar.setFixedWidth(72)
        row.addWidget(self.what, 1)
        row.addWidget(self.count)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)

    def _lay_out_column(self) -> None:
        inner = QWidget()
        inner.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.heading)
        column.addWidget(self.what)
        column.addSpacing(4)
        column.addWidget(self.bar)
        column.addWidget(self.count)
        column.addSpacing(4)
        column.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignLeft)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        outer.addWidget(inner, 8, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)

    def begin(self, name: str) -> None:
        """Something new is prepared, and nothing is known of it yet."""
        self.heading.setText(f"Opening “{name}”")
        self.show_step(Step("Looking at what is there", 0, 0, None))

    def show_step(self, step: Step) -> None:
        """How far it is now."""
        known = step.total > 0
        what = step.what[:1].upper() + step.what[1:] or "Looking at what is there"
        self.what.setText(f"{what} …")
        # busy without an end in sight: Qt moves a piece of the bar
        self.bar.setRange(0, 1000 if known else 0)
        self.bar.setValue(round(1000 * min(1.0, step.done / step.total)) if known else 0)
        words = f"{step.done:,} of {step.total:,}" if known else f"{step.done:,}" if step.done else ""
        if step.remaining is not None:
            words += f" · about {duration(step.remaining)} left"
        self.count.setText(words)
        self.setAccessibleDescription(f"{what}, {words}")
