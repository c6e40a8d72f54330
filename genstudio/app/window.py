"""The window: side bar, top bar, pages, bottom bar, and how they hear of each other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from genstudio.app import memory, theme
from genstudio.app import settings as store
from genstudio.app.actions import add_actions
from genstudio.app.notifications import Action, NotificationManager
from genstudio.app.pages.data import DataPage
from genstudio.app.pages.runs import RunsPage
from genstudio.app.pages.train import TrainPage
from genstudio.app.session import Session
from genstudio.app.settings import Settings
from genstudio.app.warm import load_families
from genstudio.app.widgets.bottom_bar import BottomBar
from genstudio.app.widgets.close_question import CloseQuestion
from genstudio.app.widgets.side_bar import SideBar
from genstudio.app.widgets.toast_stack import ToastStack
from genstudio.app.widgets.top_bar import TopBar
from genstudio.core.errors import GenStudioError
from genstudio.core.events import Advice, Event, Note, Preparing, Progress, Started
from genstudio.core.words import size
from genstudio.engine.document import Document
from genstudio.engine.family_info import FamilyInfo
from genstudio.engine.names import free_name
from genstudio.engine.review import Review

_DATA_FIRST = 300  # ms
PAGES = (("data", "Data"), ("train", "Train"), ("runs", "Runs"))


class Window(QMainWindow):
    """The main window.

    Parameters
    ----------
    manager : NotificationManager
        Where errors of every thread arrive.
    settings : Settings
        What was remembered.

    Signals
    -------
    families_ready()
        torch and the families are loaded; training can begin.
    """

    families_ready = Signal()

    def __init__(self, manager: NotificationManager, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("GenStudio")
        self.setWindowIcon(theme.app_icon())
        self.manager, self.settings = manager, settings
        self.catalog: dict[str, FamilyInfo] = {}
        self.session = Session(self)
        self.side, self.top, self.bottom = SideBar(PAGES), TopBar(), BottomBar()
        self.train_page, self.data_page = TrainPage(), DataPage(self.session.work)
        self.runs_page = RunsPage(self.session)
        self.pages = {"data": self.data_page, "train": self.train_page, "runs": self.runs_page}
        self.stack = QStackedWidget()
        self.toasts = ToastStack(self, bottom=48)
        self.question = CloseQuestion(self)
        self._document: Document | None = None
        self._state, self._progress = "new", None
        self._device = ""
        self._to_resume: Path | None = None  # as soon as it is open and its knobs are known
        self._failed: Path | None = None  # the run whose training ended so, until it is shown again
        self._closing = self._leaving = self._left = False
        self._lay_out()
        self._connect()
        self.actions_by_name = add_actions(self)
        memory.restore(self)
        self._show_phase()

    def _lay_out(self) -> None:
        for page in self.pages.values():
            self.stack.addWidget(page)
        column = QVBoxLayout()
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(12)
        column.addWidget(self.top)
        column.addWidget(self.stack, 1)
        column.addWidget(self.bottom)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.side)
        row.addLayout(column, 1)
        middle = QWidget()
        middle.setLayout(row)
        self.setCentralWidget(middle)
        self.setMinimumSize(1024, 640)

    def _connect(self) -> None:
        session, page = self.session, self.train_page
        self.manager.raised.connect(self.toasts.show_note)
        self.side.chosen.connect(self.show_page)
        self.top.train_asked.connect(lambda: self.train())
        self.top.go_on_asked.connect(self.go_on)
        self.top.pause_asked.connect(session.pause)
        self.top.resume_asked.connect(session.resume)
        self.top.stop_asked.connect(session.stop)
        self.top.discard_asked.connect(lambda: session.stop(discard=True))
        session.work.problem.connect(self.manager.catch)
        session.phase_changed.connect(lambda _: self._show_phase())
        session.events.connect(self._take)
        session.began.connect(self._began)
        session.ended.connect(self._ended)
        session.opened.connect(self._opened)
        session.discarded.connect(self._discarded)
        page.edited.connect(session.edit)
        page.valid_changed.connect(lambda _: self._show_phase())
        page.open_data_asked.connect(self.ask_data)
        for shown in self.pages.values():
            shown.problem.connect(lambda text: self.manager.notify("error", text))
        self.data_page.done.connect(lambda text: self.manager.notify("info", text))
        page.model.data_changed.connect(self.data_page.show_source)
        page.setup.preparation_of = self.data_page.config_of
        self.data_page.chosen.connect(self._use_data)
        self.data_page.train_asked.connect(lambda: self.show_page("train"))
        self.runs_page.open_asked.connect(self.open_run)
        self.runs_page.go_on_asked.connect(lambda path: self.open_run(path, go_on=True))
        self.runs_page.train_asked.connect(lambda: self.show_page("train"))
        self.question.stop_chosen.connect(self._stop_and_close)

    def begin(self) -> None:
        """Start the work in the background; called once the window is on the screen."""
        self.runs_page.refresh(self.runs_folder())
        self.data_page.show_source(self.train_page.model.source())
        # torch a moment later: while it is imported, whatever is shown takes three times as long
        QTimer.singleShot(_DATA_FIRST, self, self._load_families)

    def _load_families(self) -> None:
        if not self._left:
            self.session.work.start("families", load_families, self._set_catalog)

    def runs_folder(self) -> Path:
        """Where new runs go."""
        return store.runs_folder(self.settings.runs)

    # --- pages and data ------------------------------------------------------------------------------

    def show_page(self, key: str) -> None:
        """Go to a page."""
        self.side.select(key)
        self.stack.setCurrentWidget(self.pages[key])
        if key == "runs" and self.catalog:
            self.runs_page.refresh(self.runs_folder())

    def ask_data(self) -> None:
        """Go to the Data page and ask for a folder."""
        self.show_page("data")
        self.data_page.ask()

    def _use_data(self, source: str) -> None:
        self.settings = self.settings.with_data(source)
        self.data_page.set_sources(self.settings.recent, source)
        model = self.train_page.model
        model.set_sources(self.settings.recent, model.source() if self.session.running else source)
        self.train_page.setup.forget_preparation(source)

    def _set_catalog(self, loaded: tuple[dict[str, FamilyInfo], str]) -> None:
        self.catalog, machine = loaded
        self.side.machine.setText(machine)
        self.train_page.set_catalog(self.catalog, self.settings)
        if self._document is not None:  # a run was opened before its knobs were known
            self.train_page.show_knobs(self._document)
        self._show_phase()
        self._resume_if_asked()
        self.families_ready.emit()

    # --- runs ----------------------------------------------------------------------------------------

    def train(self, path: Path | None = None) -> None:
        """Begin a new run with what the form says, in the runs folder or in the empty folder `path`."""
        if self.session.running:
            return
        document, self._document, self._to_resume = self._document, None, None
        try:
            spec = self.train_page.spec()
            name = f"{self.train_page.model.data.currentText()} {spec.family}"
            self.session.train(spec, path or free_name(self.runs_folder(), name))
        except GenStudioError as error:
            self._document = document
            self.manager.catch(error)
            return
        knobs = {**self.settings.knobs, spec.family: self.train_page.form.values()}
        self.settings = self.settings.with_values(knobs=knobs, family=spec.family)
        self.show_page("train")

    def go_on(self) -> None:
        """Go on with the open run; live knobs that were changed meanwhile land on its first step."""
        if self._document is None:
            return
        try:
            training, edits = self.train_page.setup.go_on_with(self._document)
            self.session.go_on(self._document.spec(), training)
        except GenStudioError as error:
            self.manager.catch(error)
            return
        for name, value in edits.items():
            self.session.edit(name, value)
        self.show_page("train")

    def open_run(self, path: Path, go_on: bool = False) -> None:
        """Show a run on the Train page, and go on training it if asked."""
        self._to_resume = Path(path) if go_on else None
        self.session.open(Path(path))
        self.show_page("train")

    def _resume_if_asked(self) -> None:
        if self._to_resume is not None and self._to_resume == self.session.path and self.catalog:
            self._to_resume = None
            self.go_on()

    def _began(self, path: Path) -> None:
        self.train_page.begin(fresh=self._document is None)
        self.top.set_title(path.name)
        self._progress = self._failed = None
        self.bottom.busy("Preparing data and model …")
        # the button that was pressed hides; Space should pause from here on, not press its neighbour
        self.train_page.samples.setFocus()

    def _opened(self, found: Review) -> None:
        self._document, self._state = found.document, "failed" if found.path == self._failed else found.state
        self._failed = None
        self.train_page.review(found)
        self.top.set_title(found.path.name)
        self._progress = found.progress()
        self.bottom.show_progress(self._progress, done=True)
        for note in found.notes:
            self.manager.notify("warning", note)
        self._show_phase()
        self._resume_if_asked()

    def _ended(self, state: str, text: str, detail: str) -> None:
        self._state = state
        self.train_page.set_running(False)
        self.question.hide()
        if state == "failed":
            self._failed = self.session.path
            self.manager.notify("error", text, detail)
        if self._leaving or (self._closing and state != "failed"):  # who asked to save must read that it failed
            self.close()
            return
        self._closing = False
        if self._progress is not None:
            self.bottom.show_progress(self._progress, done=True)
        else:
            self.bottom.clear()
        if self.session.path is None:
            self._document = None
        elif not self.session.discarding:
            self.session.open(self.session.path)  # what the disk has is what is shown
        self.runs_page.refresh(self.runs_folder())
        self._show_phase()

    def _discarded(self, path: Path) -> None:
        if self.session.path is None:
            self._document, self._state = None, "new"
            self.top.set_title("No run yet")
            self.train_page.begin(fresh=True)
            self.train_page.set_running(False)
            self.bottom.clear()
            self._show_phase()
        self.manager.notify("info", f"“{path.name}” was moved to the bin.")

    # --- news of a job -------------------------------------------------------------------------------

    def _take(self, events: list[Event]) -> None:
        self.train_page.take(events)
        for event in events:
            if isinstance(event, Progress):
                self._progress = event
                self.bottom.show_progress(event)
                self.side.machine.setText(f"{self._device}\n{size(event.memory)} in use")
            elif isinstance(event, Preparing):
                self.bottom.prepares(event)
            elif isinstance(event, Started):
                self._device = event.device
            elif isinstance(event, Note):
                self.manager.notify("warning", event.text)
            elif isinstance(event, Advice) and self.stack.currentWidget() is not self.train_page:
                look = Action("Look at it", lambda: self.show_page("train"))
                self.manager.notify("warning", f"{event.title}.", action=look)

    def _show_phase(self) -> None:
        can_go_on = self._document is not None and bool(self.catalog)
        self.top.set_phase(self.session.phase, self._state, can_go_on)
        ready = self.train_page.ready()
        self.top.set_can_train(ready, "" if ready else self._why_not())
        for name, action in self.actions_by_name.items():
            action.setEnabled(self._possible(name))

    def _why_not(self) -> str:
        return "A knob has a value that is not allowed." if self.catalog else "The model families are being loaded."

    def _possible(self, name: str) -> bool:
        phase = self.session.phase
        if name == "train":
            return not self.session.running and self.train_page.ready()
        if name == "pause":
            return phase in ("training", "paused")
        return phase in ("starting", "training", "paused") if name == "stop" else True

    # --- leaving -------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """While training, ask first; else remember everything and leave."""
        if self.session.running:
            event.ignore()
            if not self._closing:
                self.question.ask()
            return
        self.settings = memory.remembered(self)
        self.data_page.close_down()
        self._left = True
        self.hide()  # what still reads or loads is waited for out of sight
        self.session.close()
        try:
            store.save(self.settings)
        except GenStudioError as error:
            self.manager.catch(error)
        event.accept()

    def _stop_and_close(self) -> None:
        self._closing = True
        self.session.stop()

    def leave(self) -> None:
        """Close without a question, whatever comes of it: stop and save first if something trains."""
        self._leaving = True
        if self.session.running:
            self._stop_and_close()
        else:
            self.close()

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        (self.session.resume if self.session.phase == "paused" else self.session.pause)()
