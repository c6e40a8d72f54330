"""The panel of directions in which pictures change most, each with a slider in standard deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.latent_rows import LatentRows
from genstudio.app.widgets.latent_slider import SliderFacts
from genstudio.app.widgets.scrolled import scrolled
from genstudio.app.widgets.segments import Segments

if TYPE_CHECKING:
    from genstudio.engine.latent.directions import Direction

REACH = 3.0  # standard deviations to either side
EXPLAINED = {
    "principal": "Along these the codes of the data vary most.",
    "ganspace": "Along these the generator's first features vary most.",
    "sefa": "These the generator's first layer stretches most.",
}
_EMPTY = "Open a run that has been trained a little: the directions in which its pictures change most stand here."


class DirectionPanel(QWidget):
    """Directions of one kind, in the order in which they are given.

    Signals
    -------
    moved(int, float)
        Index of the direction and strength in σ, from where the walk stood when the sliders stood at 0.
    move_ended()
        A drag, a key or a reset is over.
    kind_chosen(str)
        "principal", "ganspace" or "sefa".
    """

    moved = Signal(int, float)
    move_ended = Signal()
    kind_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kinds, self.summary, self.busy = Segments("Kind of directions"), QLabel(), QProgressBar()
        self.rows, self.reset_all = LatentRows(), QPushButton("Reset all")
        self._strengths: dict[int, float] = {}
        self.summary.setProperty("role", "dim")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.busy.setAccessibleName("Directions measured, %")
        self.busy.setTextVisible(False)
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.reset_all.setProperty("kind", "quiet")
        self.reset_all.setToolTip("Set all directions back to 0 σ")
        theme.set_icon(self.reset_all, "reset", 16, "dim")
        self._lay_out()
        self.kinds.chosen.connect(self.kind_chosen)
        self.rows.moved.connect(self._move)
        self.rows.ended.connect(self.move_ended)
        self.reset_all.clicked.connect(self._reset)
        self.clear()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.kinds)
        top.addStretch(1)
        top.addWidget(self.reset_all)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.rows)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.summary)
        layout.addWidget(self.busy)
        layout.addWidget(scrolled(inner), 1)

    def clear(self, reason: str = _EMPTY) -> None:
        """Show no directions, and a sentence that says why and what helps."""
        self.show_directions(())
        self.kinds.hide()
        self.summary.setText(reason)

    def show_kinds(self, kinds: Mapping[str, str], current: str) -> None:
        """Offer the kinds that the model has: names by key."""
        self.kinds.set_choices(kinds, current)
        self.kinds.setVisible(len(kinds) > 1)
        self.summary.setText(EXPLAINED.get(current, ""))

    def show_directions(self, directions: Sequence[Direction]) -> None:
        """Show directions in this order, all sliders at 0 σ."""
        effects = [d.effect for d in directions if d.effect == d.effect]
        most = max([*effects, 1e-9])
        facts = [
            SliderFacts(i, d.name, -REACH, REACH, 0.0, d.effect / most if d.effect == d.effect else 0.0, _tip(d), "σ")
            for i, d in enumerate(directions)
        ]
        self.rows.set_facts(facts, {})
        self._set_strengths({})
        self.reset_all.setVisible(bool(facts))
        self.set_busy(None)
        if self.kinds.current():
            none = "" if facts else "There are none: all codes are alike. Train on, or use more data."
            self.summary.setText(none or EXPLAINED.get(self.kinds.current(), ""))

    def set_busy(self, progress: float | None) -> None:
        """How far finding them has come, 0..1; None when it is done."""
        self.busy.setVisible(progress is not None)
        if progress is not None:
            self.busy.setValue(round(100 * progress))

    def reset(self) -> None:
        """Set all sliders to 0 σ, as the walk has gone somewhere else; emits nothing."""
        self.rows.set_values({})
        self._set_strengths({})

    def strengths(self) -> dict[int, float]:
        """Strength in σ by index, of those that are not at 0."""
        return dict(self._strengths)

    def _move(self, index: int, strength: float) -> None:
        self._set_strengths({**self._strengths, index: strength})
        self.moved.emit(index, strength)

    def _set_strengths(self, strengths: dict[int, float]) -> None:
        self._strengths = {index: strength for index, strength in strengths.items() if strength}
        self.reset_all.setEnabled(bool(self._strengths))

    def _reset(self) -> None:
        moved = list(self._strengths)
        self.reset()
        for index in moved:
            self.moved.emit(index, 0.0)
        self.move_ended.emit()


def _tip(direction: Direction) -> str:
    effect = ""
    if direction.effect == direction.effect:
        effect = f" Changes pixels by {direction.effect:.1f} % from −1 σ to +1 σ."
    return f"{direction.origin}{effect} Double click or 0 sets it back."
