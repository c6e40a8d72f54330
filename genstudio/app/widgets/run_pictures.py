"""The pictures of a run: samples, what the critic thinks of them, reconstructions; and better samples on demand."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.laboratory_critic import CriticPanel
from genstudio.app.widgets.panes import Panes
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.preparing import Preparing
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.stacked import Stacked
from genstudio.core.events import Gallery as Pictures

_BY_TAB = Qt.FocusPolicy.TabFocus
_TABS = {"samples": "Samples", "critic": "Critic's view"}
_LATENTS, _FITTED = "Samples from fixed latents", "From the latent sampler"
_KINDS = {"gmm": "With ten normal distributions (seconds)", "flow": "With a small flow (a minute)"}


class RunPictures(Panes):
    """Two cards side by side; the critic's view comes only for families that have one.

    Signals
    -------
    fit_asked(str)
        The codes of the run in sight are to be learnt, with "gmm" or "flow".
    fit_cancelled()
    problem(str)
    """

    fit_asked = Signal(str)
    fit_cancelled = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, (500, 500), parent)
        self.samples = named(Gallery(), _LATENTS)
        self.judged = CriticPanel()
        self.critic = named(self.judged.gallery, "Pictures and what the critic thinks of them")
        self.pairs = named(Gallery(), "Reconstructions, inputs above outputs")
        self._views = {"samples": self.samples, "critic": self.critic, "reconstructions": self.pairs}
        self._steps: dict[str, int] = {}
        self.left, self.right = Card(_LATENTS), Card("Reconstructions")
        self.tabs, self._stack = Segments("Which pictures"), Stacked()
        self.fit, self._kinds, self.progress = (
            QPushButton("Fit latent sampler"),
            QToolButton(),
            Preparing(compact=True),
        )
        self._fit_row = QWidget()
        self._lay_out()
        self.samples.set_empty_text("Pictures appear here as soon as a training runs.")
        self.pairs.set_empty_text("Inputs and what the model makes of them appear here.")
        self.tabs.chosen.connect(self._turn_to)
        self.fit.clicked.connect(lambda: self.fit_asked.emit("gmm"))
        self.progress.cancelled.connect(self.fit_cancelled)
        for view in self._views.values():
            view.problem.connect(self.problem)
        self.set_fitting(False)
        self.set_can_fit(False)
        self.clear()

    def _lay_out(self) -> None:
        self.tabs.set_choices(_TABS, "samples")
        self.tabs.buttons["critic"].setToolTip(
            "Show real and drawn pictures with the critic's score, and where a change would raise it most"
        )
        self.left.add_first(self.tabs)
        for view in (self.samples, self.judged):
            self._stack.addWidget(view)
        self.left.add(self._stack, 1)
        self.left.add(self._fit_row)
        self.left.add(self.progress)
        self.right.add(self.pairs, 1)
        self.addWidget(self.left)
        self.addWidget(self.right)
        self.fit.setToolTip(
            "Learn how the codes of the training data are spread, and draw from that: better pictures, in seconds"
        )
        self._kinds.setToolTip("Choose how the spread of the codes is learnt")
        self._kinds.setAccessibleName("Kind of latent sampler")
        self._kinds.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._kinds.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.set_icon(self._kinds, "chevron-down", 16, "dim")
        menu = QMenu(self._kinds)
        for kind, text in _KINDS.items():
            menu.addAction(text).triggered.connect(lambda _=False, kind=kind: self.fit_asked.emit(kind))
        self._kinds.setMenu(menu)
        row = QHBoxLayout(self._fit_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.fit)
        row.addWidget(self._kinds)
        row.addStretch(1)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """As the parts stand, not as they were made."""
        pace = [part for part in self.judged.pace.findChildren(QWidget) if part.focusPolicy() & _BY_TAB]
        stops = [*self.tabs.buttons.values(), self.samples, self.critic, *pace, self.fit, self._kinds]
        for before, after in pairwise([*stops, self.progress.cancel, self.pairs]):
            QWidget.setTabOrder(before, after)

    # --- what is shown -------------------------------------------------------------------------------

    def show_pictures(self, event: Pictures) -> None:
        """Show the pictures of one slot in place of those before; slots that are not known are left out."""
        slot = "samples" if event.slot == "fitted" else event.slot
        view = self._views.get(slot)
        if view is None:
            return
        view.set_images(event.images, event.inputs, event.caption, event.notes or None)
        self._steps[slot] = event.step
        if slot == "critic":
            self._offer_critic(True)
        elif slot == "samples":
            self.left.set_title(_LATENTS if slot == event.slot else _FITTED)
        if view is self.pairs:
            self.right.setToolTip(event.caption)
        elif slot == self.tabs.current():
            self.left.setToolTip(event.caption)
        self._note()

    def clear(self) -> None:
        """Forget all pictures."""
        for view in self._views.values():
            view.set_images(NO_PICTURES)
        self._steps.clear()
        self.left.set_title(_LATENTS)
        self._offer_critic(False)
        self._note()

    def _offer_critic(self, offered: bool) -> None:
        self.tabs.setVisible(offered)
        self.left.show_title(not offered)
        self.right.setVisible(not offered or len(self.pairs.pictures) > 0)  # a GAN reconstructs nothing
        if not offered:
            self.tabs.set_current("samples")
            self._turn_to("samples")

    def _turn_to(self, slot: str) -> None:
        view = self._views[slot]
        self._stack.setCurrentWidget(self.judged if view is self.critic else view)
        self.left.setToolTip(view.pictures.caption)
        self._note()

    def _note(self) -> None:
        shown = self.tabs.current() or "samples"
        for card, slot in ((self.left, shown), (self.right, "reconstructions")):
            card.set_note(f"step {self._steps[slot]:,}" if slot in self._steps else "")

    # --- latent sampler ------------------------------------------------------------------------------

    def set_can_fit(self, possible: bool) -> None:
        """Offer to fit a latent sampler, or not."""
        self._fit_row.setVisible(possible and self.progress.isHidden())

    def set_fitting(self, fitting: bool) -> None:
        """A latent sampler is being fitted: how far it is stands in place of the button."""
        self.progress.setVisible(fitting)
        self._fit_row.setVisible(not fitting)


W = TypeVar("W", bound=QWidget)


def named(widget: W, name: str) -> W:
    """`widget`, with the name that a screen reader says."""
    widget.setAccessibleName(name)
    return widget
