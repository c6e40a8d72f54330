"""How far, how fast, how long, what is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.steady import SteadyLabel
from genstudio.core.events import Preparing, Progress
from genstudio.core.words import duration

_PARTS = 1000
_FIRST = 12  # a dot: with nothing to draw, Qt's style goes on with the animation of the busy bar for ever


class BottomBar(QFrame):
    """A thin bar and one line of figures, the same on every page.

    Signals
    -------
    queue_asked()
        The person wants to see what waits.
    """

    queue_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the training")
        self.text = SteadyLabel()
        self.text.setProperty("role", "dim")
        self.text.setFont(theme.tabular(self.text.font()))
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.text.setAccessibleName("Steps, speed and time")
        self.queue = QPushButton()
        self.queue.setProperty("kind", "quiet")
        self.queue.setToolTip("Runs that wait for their turn: show the queue")
        self.queue.clicked.connect(self.queue_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.bar, 1)
        row.addWidget(self.text, 0, Qt.AlignmentFlag.AlignRight)
        row.addWidget(self.queue)
        self.set_waiting(0)
        self.clear()

    def set_waiting(self, count: int) -> None:
        """How many runs wait; nothing is said of none."""
        self.queue.setText(f"{count:,} waiting")
        self.queue.setVisible(count > 0)

    def clear(self, text: str = "Nothing is training.") -> None:
        """No figures."""
        self.bar.setRange(0, _PARTS)
        self.bar.setValue(0)
        self.text.setText(text)
        self.text.forget_room()

    def busy(self, text: str) -> None:
        """Something runs whose length is not known."""
        self.bar.setRange(0, 0)
        self.text.setText(text)

    def prepares(self, news: Preparing) -> None:
        """Data is being prepared; how far."""
        self.bar.setRange(0, news.total)
        self.bar.setValue(news.done)
        count = f" · {news.done:,} of {news.total:,}" if news.total else f" · {news.done:,}" if news.done else ""
        self.text.setText(f"{news.what[:1].upper()}{news.what[1:]}{count}")

    def show_progress(self, news: Progress, done: bool = False) -> None:
        """Figures of a training; `done` leaves the remaining time away."""
        if news.fraction is None:
            self.bar.setRange(0, 0 if not done else _PARTS)
        else:
            self.bar.setRange(0, _PARTS)
            self.bar.setValue(max(_FIRST, round(news.fraction * _PARTS)))
        self.text.setText("  ·  ".join(_parts(news, done)))
        if done:  # nothing changes any more: the bar may have what was kept for longer figures
            self.text.forget_room()


def _parts(news: Progress, done: bool) -> list[str]:
    parts = [f"{news.step:,} of {news.total:,} steps" if news.total else f"{news.step:,} steps"]
    if news.samples_per_second and not done:
        parts.append(f"{news.samples_per_second:,.0f} items/s")
    parts.append(duration(news.seconds))
    if news.remaining is not None and not done:
        parts.append(f"about {duration(news.remaining)} left")
    parts.append("not saved yet" if news.saved is None else f"saved at step {news.saved:,}")
    return parts
