"""What a run would cost, measured beforehand, on the Train page."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.opening import Step
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.preparing import Preparing
from genstudio.core.words import duration, size
from genstudio.engine.estimate import Estimate

_ROWS = ("1,000 steps", "To the end", "Speed", "Memory", "Disk", "Largest batch")


class EstimateCard(Card):
    """How far the dry run is, then what it found; hidden before and after.

    Signals
    -------
    cancelled()
        Stop the dry run.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Estimate", parent)
        self.progress = Preparing(compact=True)
        self.progress.cancel.hide()  # the cross does it, and leaves room for words
        self.close_button = QToolButton()
        theme.set_icon(self.close_button, "close", 16, "dim")
        self.close_button.setAccessibleName("Close the estimate")
        self.close_button.setToolTip("Close the estimate; a measurement under way stops, and nothing is kept")
        self.add_control(self.close_button)
        self._body = QWidget()
        self.values = {name: QLabel() for name in _ROWS}
        self.notes, self._how, self._stale = (
            QLabel(),
            QLabel(),
            QLabel("The settings have changed since: check again."),
        )
        self._lay_out()
        self.close_button.clicked.connect(self.cancelled)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    def _lay_out(self) -> None:
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for row, (name, value) in enumerate(self.values.items()):
            label = QLabel(name)
            label.setProperty("role", "dim")
            value.setFont(theme.tabular(value.font()))
            value.setWordWrap(True)
            value.setAccessibleName(name)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
        grid.setColumnStretch(1, 1)
        for place, label in enumerate((self.notes, self._stale, self._how), len(_ROWS)):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            grid.addWidget(label, place, 0, 1, 2)
        self._how.setProperty("role", "dim")
        self._stale.setProperty("role", "strong")
        self.add(self.progress)
        self.add(self._body)

    def begin(self) -> None:
        """A dry run begins."""
        self.progress.begin("")
        self.set_title("Measuring")
        self.progress.show()
        self._body.hide()
        self.show()

    def show_step(self, step: Step) -> None:
        """How far it is."""
        self.progress.show_step(step)

    def show_estimate(self, found: Estimate, now: datetime | None = None) -> None:
        """What it found; `now` is when the run would begin."""
        self.set_title("Estimate")
        self.progress.hide()
        texts = (
            f"about {duration(found.seconds_per_1000)}",
            to_the_end(found.total_seconds, now or datetime.now()),
            f"about {found.samples_per_second:,.0f} items a second",
            f"about {size(found.memory)} at most",
            f"about {size(found.disk)} at the end",
            f"{found.largest_batch:,} should fit",
        )
        for label, text in zip(self.values.values(), texts, strict=True):
            label.setText(text)
        self.notes.setText(breakable("\n".join(found.notes)))
        self.notes.setVisible(bool(found.notes))
        self._how.setText(f"Measured in a short dry run on {found.device}, {found.precision}.")
        self._stale.hide()
        self._body.show()

    def outdate(self) -> None:
        """The settings are other ones now."""
        if not self._body.isHidden():
            self._stale.show()


def to_the_end(seconds: float | None, now: datetime) -> str:
    """ "about 2 h 10 min, ends at 03:40"; the day stands there when it is another one."""
    if seconds is None:
        return "goes on until stopped"
    if seconds > 3e8:
        return "more than ten years"
    end = now + timedelta(seconds=seconds)
    away = (end.date() - now.date()).days
    day = "" if away == 0 else end.strftime(" on %A") if away < 7 else end.strftime(" on %d %B %Y")
    return f"about {duration(seconds)}, ends{day} at {end:%H:%M}"
