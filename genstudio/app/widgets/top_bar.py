"""Which run, its state, and what one can do to it now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from genstudio.app import theme
from genstudio.app.style import set_variant
from genstudio.app.widgets.elided import ElidedLabel

_CHIPS = {
    "new": ("New", ""),
    "starting": ("Starting", "accent"),
    "training": ("Training", "good"),
    "paused": ("Paused", "warn"),
    "stopping": ("Saving", "accent"),
    "finished": ("Finished", "good"),
    "stopped": ("Stopped", "accent"),
    "failed": ("Failed", "bad"),
    "interrupted": ("Interrupted", "warn"),
}


class TopBar(QFrame):
    """Title, state and the buttons; shows just the buttons that can be used now.

    Signals
    -------
    train_asked(), pause_asked(), resume_asked(), go_on_asked(), stop_asked(), discard_asked()
        Discard comes only after it was confirmed, in place, by a second click.
    check_asked()
        What would this training cost?
    queue_asked()
        The settings in the form are to wait for their turn.
    draft_asked(bool)
        The form is to be about the next run, or about the one in sight again.
    """

    check_asked = Signal()
    queue_asked = Signal()
    draft_asked = Signal(bool)

    train_asked = Signal()
    pause_asked = Signal()
    resume_asked = Signal()
    go_on_asked = Signal()
    stop_asked = Signal()
    discard_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel("No run yet")
        self.title.setProperty("role", "title")
        self.title.setAccessibleName("Run")
        self.chip = QLabel()
        self.chip.setProperty("role", "chip")
        self.chip.setAccessibleName("State")
        self.train = _button("Train", "play", "primary", "Begin a new run with these settings (Ctrl+Return)")
        self.check = _button(
            "Check first", "", "quiet", "Measure in a short dry run how long it takes and what it needs"
        )
        self.queue = _button(
            "Add to queue", "queue", "", "Let a run with these settings wait for its turn (Ctrl+Shift+Return)"
        )
        self.next = _button(
            "Set up next run", "", "quiet", "Free the form for another run; this one goes on as it is"
        )
        self.back = _button("Back to this run", "", "quiet", "Show the knobs of the run in sight again")
        self.go_on = _button("Resume", "resume", "", "Go on with this run exactly where it stopped")
        self.pause = _button("Pause", "pause", "", "Freeze before the next step; nothing is unloaded (Space)")
        self.resume = _button("Resume", "play", "primary", "Go on with the next step (Space)")
        self.stop = _button("Stop and keep", "stop", "", "Stop after this step and save everything (Ctrl+.)")
        self.discard = _button("Discard", "discard", "danger", "Stop and move this run to the bin")
        self.sure = QLabel("Move this run to the bin?")
        self.yes = _button("Discard it", "trash", "danger", "Stop and move this run to the bin")
        self.no = _button("Keep it", "", "", "Go on as before")
        self._tips = {button: button.toolTip() for button in (self.train, self.queue, self.check)}
        self._lay_out()
        for button, signal in (
            (self.train, self.train_asked),
            (self.go_on, self.go_on_asked),
            (self.pause, self.pause_asked),
            (self.resume, self.resume_asked),
            (self.stop, self.stop_asked),
            (self.check, self.check_asked),
            (self.queue, self.queue_asked),
        ):
            button.clicked.connect(signal)
        self.next.clicked.connect(lambda: self.draft_asked.emit(True))
        self.back.clicked.connect(lambda: self.draft_asked.emit(False))
        self.discard.clicked.connect(lambda: self._ask(True))
        self.no.clicked.connect(lambda: self._ask(False))
        self.yes.clicked.connect(self._discard)
        self._asking = self._drafting = False
        self.set_phase("empty", "new", False)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.title)
        row.addSpacing(4)
        row.addWidget(self.chip)
        row.addStretch(1)
        for widget in (self.sure, self.yes, self.no, self.back, self.next, self.check, self.queue, self.go_on):
            row.addWidget(widget)
        for widget in (self.train, self.pause, self.resume, self.stop, self.discard):
            row.addWidget(widget)

    def set_title(self, text: str) -> None:
        """Name of the run."""
        self.title.setText(text)

    def set_phase(self, phase: str, state: str, can_go_on: bool) -> None:
        """Show the buttons for a `session.Phase`.

        Parameters
        ----------
        state : str
            State of the run when it is idle: "finished", "stopped" ...
        can_go_on : bool
            Whether an idle run has a checkpoint to go on from.
        """
        if phase not in ("training", "paused"):
            self._asking = False
        self._phase, self._can_go_on = phase, can_go_on
        text, variant = _CHIPS.get(state if phase in ("idle", "empty") else phase, ("", ""))
        self.chip.setText(text)
        self.chip.setVisible(phase != "empty" or state == "failed")
        set_variant(self.chip, "state", variant)
        self._show_buttons()

    def set_can_train(self, valid: bool, reason: str = "") -> None:
        """Enable what begins a run with the form as it is, or say in the tooltips why not."""
        for button in (self.train, self.queue, self.check):
            button.setEnabled(valid)
            button.setToolTip(reason or self._tips[button])

    def set_drafting(self, drafting: bool) -> None:
        """Whether the form is about the next run."""
        self._drafting = drafting
        self._show_buttons()

    def _show_buttons(self) -> None:
        idle = self._phase in ("empty", "idle")
        live = self._phase in ("starting", "training", "paused")
        asking, drafting = self._asking, self._drafting
        states = (
            (self.next, not idle and not drafting and not asking),
            (self.back, drafting and not asking),
            (self.check, idle),
            (self.queue, (idle or drafting) and not asking),
            (self.train, idle),
            (self.go_on, idle and self._can_go_on),
            (self.pause, self._phase in ("starting", "training") and not asking),
            (self.resume, self._phase == "paused" and not asking),
            (self.stop, (live or self._phase == "stopping") and not asking),
            (self.discard, live and not asking),
            (self.sure, asking),
            (self.yes, asking),
            (self.no, asking),
        )
        enabled: dict[QWidget, bool] = {self.pause: self._phase == "training", self.stop: live}
        coming = [widget for widget, shown in states if shown and enabled.get(widget, True)]
        for widget in coming:
            widget.show()
            if widget in enabled:
                widget.setEnabled(True)
        self._keep_focus(coming)
        for widget, shown in states:
            widget.setVisible(shown)
            if widget in enabled:
                widget.setEnabled(enabled[widget])

    def _keep_focus(self, usable: Sequence[QWidget]) -> None:
        """Before a button with the focus goes: Qt would hand it to the next one, and Space would press that."""
        focus = QApplication.focusWidget()
        if focus is not None and (focus is self or self.isAncestorOf(focus)) and focus not in usable:
            next((button for button in (self.pause, self.resume) if button in usable), self).setFocus()

    def _ask(self, asking: bool) -> None:
        self._asking = asking
        self._show_buttons()
        (self.no if asking else self.discard).setFocus()

    def _discard(self) -> None:
        self._asking = False
        self._show_buttons()
        self.discard_asked.emit()


def _button(text: str, icon: str, kind: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    if kind:
        button.setProperty("kind", kind)
    if icon:
        theme.set_icon(button, icon, 16, {"primary": "on_accent", "danger": "bad"}.get(kind, "text"))
    return button
