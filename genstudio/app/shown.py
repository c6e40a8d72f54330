"""The run in sight: what is known of it, told in the same words on every page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from genstudio.app.notifications import Action
from genstudio.core.events import Advice, Event, Note, Preparing, Progress, Started
from genstudio.core.words import size
from genstudio.engine.document import Document
from genstudio.engine.review import Review

if TYPE_CHECKING:
    from genstudio.app.window import Window


class Shown(QObject):
    """Follows the session and brings top bar, bottom bar, side bar and Train page up to date.

    Attributes
    ----------
    document : Document or None
        Of the run that is open and not new.
    state : str
        How its last training ended.
    progress : Progress or None
        How far it is, as told last.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.document: Document | None = None
        self.state: str = "new"
        self.progress: Progress | None = None
        self._device = ""
        self._failed: Path | None = None  # the run whose training ended so, until it is shown again
        session = window.session
        session.phase_changed.connect(lambda _: self.show_phase())
        session.events.connect(self.take)
        session.began.connect(self._began)
        session.opened.connect(self._opened)
        session.discarded.connect(self._discarded)

    # --- a job ---------------------------------------------------------------------------------------

    def _began(self, path: Path) -> None:
        window = self._window
        window.errands.cancel()
        window.train_page.begin(fresh=self.document is None)
        window.top.set_title(path.name)
        self.progress = self._failed = None
        window.bottom.busy("Preparing data and model …")

    def take(self, events: list[Event]) -> None:
        """News of the job."""
        window = self._window
        window.train_page.take(events)
        for event in events:
            if isinstance(event, Progress):
                self.progress = event
                window.bottom.show_progress(event)
                window.side.machine.setText(f"{self._device}\n{size(event.memory)} in use")
            elif isinstance(event, Preparing):
                window.bottom.prepares(event)
            elif isinstance(event, Started):
                self._device = event.device
            elif isinstance(event, Note):
                window.manager.notify("warning", event.text)
            elif isinstance(event, Advice) and window.stack.currentWidget() is not window.train_page:
                look = Action("Look at it", lambda: window.show_page("train"))
                window.manager.notify("warning", f"{event.title}.", action=look)

    def ended(self, state: str, text: str, detail: str) -> None:
        """The job ended; nothing is opened yet."""
        window = self._window
        self.state = state
        window.train_page.set_running(False)
        if state == "failed":
            self._failed = window.session.path
            window.manager.notify("error", text, detail)
        if self.progress is not None:
            window.bottom.show_progress(self.progress, done=True)
        else:
            window.bottom.clear()

    # --- a run that rests ----------------------------------------------------------------------------

    def _opened(self, found: Review) -> None:
        window = self._window
        self.document, self.state = found.document, "failed" if found.path == self._failed else found.state
        self._failed = None
        window.errands.cancel()
        window.train_page.review(found)
        window.top.set_title(found.path.name)
        self.progress = found.progress()
        window.bottom.show_progress(self.progress, done=True)
        for note in found.notes:
            window.manager.notify("warning", note)
        self.show_phase()

    def _discarded(self, path: Path) -> None:
        window = self._window
        if window.session.path is None:
            self.document, self.state = None, "new"
            window.top.set_title("No run yet")
            window.train_page.setup.leave_draft(keep=True)
            window.train_page.begin(fresh=True)
            window.train_page.set_running(False)
            window.bottom.clear()
            self.show_phase()
        window.manager.notify("info", f"“{path.name}” was moved to the bin.")

    # --- what can be done now ------------------------------------------------------------------------

    def show_phase(self) -> None:
        """Bring everything that can be pressed up to date."""
        window = self._window
        phase, page, queue = window.session.phase, window.train_page, window.queue
        window.top.set_drafting(page.setup.drafting)
        window.top.set_phase(phase, self.state, self.document is not None and bool(window.catalog))
        ready = page.ready()
        window.top.set_can_train(ready, "" if ready else self._why_not())
        page.pictures.set_can_fit(phase == "idle" and self._has_codes())
        for name, action in window.actions_by_name.items():
            action.setEnabled(self._possible(name))
        window.runs_page.queue.set_items(queue.items, queue.active, window.session.running)
        window.bottom.set_waiting(queue.waiting)

    def _has_codes(self) -> bool:
        document = self.document
        if document is None or document.step == 0 or document.data.picture_shape() is None:
            return False
        info = self._window.catalog.get(document.family)
        return info is not None and info.fits_sampler

    def _why_not(self) -> str:
        loaded = bool(self._window.catalog)
        return "A knob has a value that is not allowed." if loaded else "The model families are being loaded."

    def _possible(self, name: str) -> bool:
        session, setup = self._window.session, self._window.train_page.setup
        if name.startswith("latent "):
            return self._window.stack.currentWidget() is self._window.latent_shell
        if name == "train":
            return not session.running and setup.ready()
        if name == "queue":
            return setup.ready() and (not session.running or setup.drafting)
        if name == "pause":
            return session.phase in ("training", "paused")
        return session.phase in ("starting", "training", "paused") if name == "stop" else True
