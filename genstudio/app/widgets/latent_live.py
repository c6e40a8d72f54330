"""Looking at a model while it trains: what is shown, what it costs, and how much it may cost."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QSpinBox, QWidget

from genstudio.app import theme
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.elided import ElidedLabel

#: Steps after which the map is made anew; 0 only when asked.
EVERY = (0, 500, 1_000, 2_000, 5_000, 10_000)
LEAST, MOST, USUAL = 1, 50, 5  # % of the training's time


class LiveBar(QFrame):
    """One line above the Latent page while a training runs.

    Signals
    -------
    follow_chosen(bool)
        Take over newer weights by themselves.
    bound_chosen(float)
        Share of the training's time that looking may take, 0..1.
    """

    follow_chosen = Signal(bool)
    bound_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAccessibleName("Looking at a training")
        self.step, self.cost = ElidedLabel(), QLabel()
        self.follow = QCheckBox("Follow")
        self.every, self.bound = ChoiceField(), QSpinBox()
        self._lay_out()
        self.follow.setChecked(True)
        self.follow.toggled.connect(self.follow_chosen)
        self.bound.valueChanged.connect(lambda value: self.bound_chosen.emit(value / 100))

    def _lay_out(self) -> None:
        self.step.setFont(theme.tabular(self.font()))
        self.cost.setFont(theme.tabular(self.font()))
        self.cost.setProperty("role", "dim")
        self.follow.setToolTip("Take over newer weights about once a second; else the picture stays as it is")
        self.every.addItems(["when asked", *(f"every {steps:,} steps" for steps in EVERY[1:])])
        self.every.setAccessibleName("Make the map anew")
        self.every.setToolTip("Encode some of the data again and let the points glide to their new places")
        self.bound.setRange(LEAST, MOST)
        self.bound.setValue(USUAL)
        self.bound.setSuffix(" %")
        self.bound.lineEdit().setTextMargins(6, 0, 0, 0)
        self.bound.setAccessibleName("Most that looking may cost")
        self.bound.setToolTip(
            f"Share of the training's time that copies of its weights may take, and of a processor that maps may "
            f"take ({LEAST} to {MOST} %, usually {USUAL} %). What you drag is answered at once all the same."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(8)
        row.addWidget(self.step, 1)
        row.addWidget(self.follow)
        row.addSpacing(8)
        row.addWidget(QLabel("Map"))
        row.addWidget(self.every)
        row.addSpacing(8)
        row.addWidget(QLabel("At most"))
        row.addWidget(self.bound)
        row.addWidget(self.cost)
        self.every.setFixedWidth(172)
        self.bound.setFixedWidth(72)

    def map_every(self) -> int:
        """Steps after which the map is to be made anew; 0 for only when asked."""
        return EVERY[max(0, self.every.currentIndex())]

    def show_step(self, step: int, weights: str) -> None:
        """Which weights are looked at."""
        self.step.setText(f"Looking at the training · step {step:,} · {weights} weights")

    def show_waiting(self) -> None:
        """There is no copy of the model yet."""
        self.step.setText("The training's weights come with its next step")

    def show_cost(self, share: float, busy: float) -> None:
        """What copies take of the training's time, and what looking takes of a processor, both 0..1."""
        self.cost.setText(f"takes {100 * share:.1f} % of its time, {100 * busy:.0f} % of a core")
