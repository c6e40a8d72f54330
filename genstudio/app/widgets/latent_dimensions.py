"""The panel with one slider for each dimension of a latent space, those that do most first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.latent_rows import LatentRows
from genstudio.app.widgets.latent_slider import SliderFacts
from genstudio.app.widgets.scrolled import scrolled

if TYPE_CHECKING:
    from genstudio.engine.latent.dimensions import Dimensions

Floats = NDArray[np.float32]
_EMPTY = "Open a run that has been trained a little: its dimensions stand here, those that do most first."


class DimensionPanel(QWidget):
    """Dead dimensions are counted and stand folded at the bottom.

    Signals
    -------
    moved(int, float)
        The dimension and its value, by the person, also while dragging.
    move_ended()
        A drag, a key or a reset is over.
    reset_asked(object)
        Back to this code, float32 [D], which is shown already.
    traversal_asked()
    """

    moved = Signal(int, float)
    move_ended = Signal()
    reset_asked = Signal(object)
    traversal_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Dimensions | None = None
        self._next: Dimensions | None = None  # measured anew in the middle of a drag
        self._code: Floats | None = None
        self._base: Floats | None = None
        self.summary, self.note = QLabel(), QLabel()
        self.busy = QProgressBar()
        self.traversal, self.reset_all = QPushButton("Traversal grid"), QPushButton("Reset all")
        self.alive, self.dead = LatentRows(), LatentRows()
        self.fold = QPushButton()
        self._name_things()
        self._lay_out()
        for rows in (self.alive, self.dead):
            rows.moved.connect(self._move)
            rows.ended.connect(self._end)
        self.traversal.clicked.connect(self.traversal_asked)
        self.reset_all.clicked.connect(self._reset)
        self.fold.toggled.connect(self._fold)
        self.clear()

    def _name_things(self) -> None:
        for label in (self.summary, self.note):
            label.setProperty("role", "dim")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.busy.setAccessibleName("Dimensions measured, %")
        self.busy.setTextVisible(False)
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.traversal.setToolTip(
            "Draw a row of pictures for each dimension that carries something, from low to high"
        )
        self.reset_all.setToolTip("Set all dimensions back to where the walk came in")
        self.reset_all.setProperty("kind", "quiet")
        theme.set_icon(self.reset_all, "reset", 16, "dim")
        self.fold.setProperty("kind", "fold")
        self.fold.setCheckable(True)
        self.fold.setToolTip("Show or hide the dimensions that change nothing one could see")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.traversal)
        buttons.addStretch(1)
        buttons.addWidget(self.reset_all)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        for widget in (self.alive, self.fold, self.dead, self.note):
            column.addWidget(widget)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(buttons)
        layout.addWidget(self.summary)
        layout.addWidget(self.busy)
        layout.addWidget(scrolled(inner), 1)

    # --- what is shown -------------------------------------------------------------------------------

    def clear(self, reason: str = _EMPTY) -> None:
        """Show no dimensions, and a sentence that says why and what helps."""
        self._shown = self._next = self._code = self._base = None
        for rows in (self.alive, self.dead):
            rows.set_facts((), {})
        for widget in (self.fold, self.dead, self.note, self.traversal, self.reset_all):
            widget.hide()
        self.summary.setText(reason)
        self.set_busy(None)

    def show_dimensions(self, dimensions: Dimensions) -> None:
        """Show what was measured. In the middle of a drag the old rows stay until it is over."""
        if self.alive.is_held() or self.dead.is_held():
            self._next = dimensions
            return
        size = len(dimensions.order)
        if self._code is not None and len(self._code) != size:  # of another model
            self._code = self._base = None
        self._shown, self._next = dimensions, None
        dead = int(dimensions.dead.sum())
        self.alive.set_facts(self._facts(dead=False), self._values())
        self.dead.set_facts(self._facts(dead=True), self._values())
        self.summary.setText(_summary(dimensions))
        self.fold.setText(f"{dead:,} of {size:,} dimensions carry nothing")
        self.fold.setVisible(dead > 0)
        self._fold(self.fold.isChecked())
        self.note.setText(dimensions.note)
        self.note.setVisible(bool(dimensions.note))
        self.traversal.setVisible(True)
        self.reset_all.setVisible(True)
        self.traversal.setEnabled(dead < size)
        self._enable()

    def set_busy(self, progress: float | None) -> None:
        """How far measuring has come, 0..1; None when it is done."""
        self.busy.setVisible(progress is not None)
        if progress is not None:
            self.busy.setValue(round(100 * progress))

    def show_code(self, code: Floats) -> None:
        """Set the sliders to a code, float32 [D]; emits nothing."""
        self._code = code
        values = _by_key(code)
        for rows in (self.alive, self.dead):
            rows.set_values(values)
        self._enable()

    def set_base(self, code: Floats) -> None:
        """Where resets go back to, float32 [D]; the means of the dimensions before one is given."""
        self._base = code
        for rows in (self.alive, self.dead):
            rows.set_bases(_by_key(code))
        self._enable()

    def _fold(self, unfolded: bool) -> None:
        theme.set_icon(self.fold, "chevron-down" if unfolded else "chevron-right", 16, "dim")
        self.dead.setVisible(unfolded and self._shown is not None)

    def _facts(self, dead: bool) -> list[SliderFacts]:
        assert self._shown is not None
        shown, base = self._shown, self._shown.mean if self._base is None else self._base
        weights = shown.kl if shown.kl is not None and np.isnan(shown.effect).all() else shown.effect
        most = max(float(np.nanmax(weights)), 1e-9) if not np.isnan(weights).all() else 0.0
        return [
            SliderFacts(
                d,
                f"dimension {d + 1}",
                float(shown.low[d]),
                float(shown.high[d]),
                float(base[d]),
                None if not most else max(0.0, float(weights[d]) / most) if weights[d] == weights[d] else 0.0,
                _tip(shown, d),
                faint=dead,
            )
            for d in shown.order.tolist()
            if bool(shown.dead[d]) == dead
        ]

    def _values(self) -> dict[int, float]:
        return {} if self._code is None else _by_key(self._code)

    # --- what the person does ------------------------------------------------------------------------

    def _move(self, dimension: int, value: float) -> None:
        if self._code is not None:
            self._code = self._code.copy()
            self._code[dimension] = value
        self._enable()
        self.moved.emit(dimension, value)

    def _end(self) -> None:
        self.move_ended.emit()
        if self._next is not None:
            self.show_dimensions(self._next)

    def _reset(self) -> None:
        base = self._shown.mean if self._base is None and self._shown is not None else self._base
        if base is not None:
            self.show_code(base)
            self.reset_asked.emit(base)

    def _enable(self) -> None:
        base = self._shown.mean if self._base is None and self._shown is not None else self._base
        same = base is None or self._code is None or np.array_equal(base, self._code)
        self.reset_all.setEnabled(not same)


def _by_key(code: Floats) -> dict[int, float]:
    return dict(enumerate(code.tolist()))


def _summary(shown: Dimensions) -> str:
    size, dead = len(shown.order), int(shown.dead.sum())
    if dead == size:
        return f"None of the {size:,} dimensions carries anything yet: train on, or lower β."
    return f"{size - dead:,} {'dimension' if size - dead == 1 else 'dimensions'} by visible effect"


def _tip(shown: Dimensions, dimension: int) -> str:
    effect = float(shown.effect[dimension])
    parts = [] if shown.kl is None else [f"KL {shown.kl[dimension]:.2f} nats"]
    if effect == effect:
        parts.append(f"changes pixels by {effect:.1f} % from −1 σ to +1 σ")
    parts.append(f"σ {shown.std[dimension]:.2f}")
    tip = " · ".join(parts)
    return f"{tip[0].upper()}{tip[1:]}. Double click or 0 sets it back."
