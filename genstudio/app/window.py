"""The window: side bar, top bar, pages, bottom bar, and how they hear of each other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from genstudio.app import memory, theme
from genstudio.app import settings as store
from genstudio.app.actions import add_actions
from genstudio.app.errands import Errands
from genstudio.app.latent.returning import Returning
from genstudio.app.notifications import Action, NotificationManager
from genstudio.app.pages.data import DataPage
from genstudio.app.pages.latent_shell import LatentShell
from genstudio.app.pages.runs import RunsPage
from genstudio.app.pages.train import TrainPage
from genstudio.app.queueing import QueueRunner
from genstudio.app.session import Session
from genstudio.app.settings import Settings
from genstudio.app.shown import Shown
from genstudio.app.warm import load_families
from genstudio.app.widgets.bottom_bar import BottomBar
from genstudio.app.widgets.close_question import CloseQuestion
from genstudio.app.widgets.side_bar import SideBar
from genstudio.app.widgets.toast_stack import ToastStack
from genstudio.app.widgets.top_bar import TopBar
from genstudio.app.wiring import connect
from genstudio.core.errors import GenStudioError
from genstudio.core.spec import RunSpec
from genstudio.engine.family_info import FamilyInfo
from genstudio.engine.names import free_name
from genstudio.engine.queue import Item

_DATA_FIRST = 300  # ms
PAGES = (("data", "Data"), ("train", "Train"), ("latent", "Latent"), ("runs", "Runs"))


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
        self.latent_shell = LatentShell(self.session)
        self.pages = {
            "data": self.data_page, "train": self.train_page, "latent": self.latent_shell, "runs": self.runs_page
        }  # fmt: skip
        self.stack = QStackedWidget()
        self.toasts = ToastStack(self, bottom=48)
        self.question = CloseQuestion(self)
        self.queue = QueueRunner(self.session, self.runs_folder(), self._begin_queued, self)
        self.errands = Errands(self.session.work, self.train_page, self)
        self.shown, self.returning = Shown(self), Returning(self)
        self._to_resume: Path | None = None  # as soon as it is open and its knobs are known
        self._closing = self._leaving = self._left = False
        self._lay_out()
        self.actions_by_name = add_actions(self)
        connect(self)
        self.session.ended.connect(self._ended)
        self.session.opened.connect(lambda _: self._resume_if_asked())
        self.question.stop_chosen.connect(self._stop_and_close)
        memory.restore(self)
        self.shown.show_phase()

    def _lay_out(self) -> None:
        for page in self.pages.values():
            self.stack.addWidget(page)
        column = self.column = QVBoxLayout()
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

    def begin(self) -> None:
        """Start the work in the background; called once the window is on the screen."""
        self.runs_page.refresh(self.runs_folder())
        self.queue.load()
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
        self.shown.show_phase()
        if key == "runs" and self.catalog:
            self.runs_page.refresh(self.runs_folder())

    def ask_data(self) -> None:
        """Go to the Data page and ask for a folder."""
        self.show_page("data")
        self.data_page.ask()

    def use_data(self, source: str) -> None:
        """A source that could be opened is to be trained on."""
        self.settings = self.settings.with_data(source)
        self.data_page.set_sources(self.settings.recent, source)
        self.train_page.setup.use_data(self.settings.recent, source, self.data_page.shows_points)

    def _set_catalog(self, loaded: tuple[dict[str, FamilyInfo], str]) -> None:
        self.catalog, machine = loaded
        self.side.machine.setText(machine)
        self.train_page.set_catalog(self.catalog, self.settings)
        if self.shown.document is not None:  # a run was opened before its knobs were known
            self.train_page.show_knobs(self.shown.document)
        self.shown.show_phase()
        self._resume_if_asked()
        self.families_ready.emit()

    # --- runs ----------------------------------------------------------------------------------------

    def train(self, path: Path | None = None) -> None:
        """Begin a new run with what the form says, in the runs folder or in the empty folder `path`."""
        if self.session.running:
            return
        try:
            spec = self.train_page.spec()
            self._begin(spec, path or free_name(self.runs_folder(), self._name_of(spec)))
        except GenStudioError as error:
            self.manager.catch(error)
            return
        self.train_page.setup.leave_draft(keep=True)
        knobs = {**self.settings.knobs, spec.family: self.train_page.form.values()}
        self.settings = self.settings.with_values(knobs=knobs, family=spec.family)
        self._watch()

    def _begin(self, spec: RunSpec, path: Path, new: bool = True) -> None:
        document, self.shown.document, self._to_resume = self.shown.document, None, None
        try:
            self.session.train(spec, path, new)
        except GenStudioError:
            self.shown.document = document
            raise

    def _name_of(self, spec: RunSpec) -> str:
        return f"{self.train_page.model.data.currentText()} {spec.family}"

    def go_on(self) -> None:
        """Go on with the open run; live knobs that were changed meanwhile land on its first step."""
        document = self.shown.document
        if document is None:
            return
        try:
            training, edits = self.train_page.setup.go_on_with(document)
            self.session.go_on(document.spec(), training)
        except GenStudioError as error:
            self.manager.catch(error)
            return
        for name, value in edits.items():
            self.session.edit(name, value)
        self._watch()

    def _watch(self) -> None:
        self.show_page("train")
        # the button that was pressed hides; Space should pause from here on, not press its neighbour
        self.train_page.samples.setFocus()

    def open_run(self, path: Path, go_on: bool = False) -> None:
        """Show a run on the Train page, and go on training it if asked."""
        self._to_resume = Path(path) if go_on else None
        if not self.session.running:
            self.train_page.setup.leave_draft(keep=True)
        self.session.open(Path(path))
        self.show_page("train")

    def _resume_if_asked(self) -> None:
        if self._to_resume is not None and self._to_resume == self.session.path and self.catalog:
            self._to_resume = None
            self.go_on()

    # --- one run after the other ---------------------------------------------------------------------

    def add_to_queue(self) -> None:
        """Let a run with what the form says wait for its turn."""
        try:
            spec = self.train_page.spec()
            self.queue.add(spec, self._name_of(spec))
        except GenStudioError as error:
            self.manager.catch(error)
            return
        if self.queue.active:
            self.manager.notify("info", "Added to the queue: it begins when its turn comes.")
        else:
            start = Action("Start queue", self.start_queue)
            self.manager.notify("info", "Added to the queue, which waits to be started.", action=start)

    def start_queue(self) -> None:
        """Train what waits, one after the other."""
        try:
            self.queue.start()
        except GenStudioError as error:
            self.manager.catch(error)

    def _begin_queued(self, item: Item) -> Path:
        """Begin a queued run, or go on with it where an earlier session left it."""
        folder = self.runs_folder()
        known = bool(item.run) and (folder / item.run / "run.json").exists()
        path = folder / item.run if known else free_name(folder, item.name)
        self._begin(item.spec, path, new=not known)
        self.train_page.setup.show_spec(item.spec)
        return path

    def _ended(self, state: str, text: str, detail: str) -> None:
        self.shown.ended(state, text, detail)
        self.question.hide()
        goes_on = self.queue.ended(state, text, leaving=self._leaving or self._closing)
        if self._leaving or (self._closing and state != "failed"):  # who asked to save must read that it failed
            self.close()
            return
        self._closing = False
        self.runs_page.refresh(self.runs_folder())
        if goes_on:
            return
        if self.session.path is None:
            self.shown.document = None
        elif not self.session.discarding:
            self.session.open(self.session.path)  # what the disk has is what is shown
        self.shown.show_phase()

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
        self.latent_shell.close_down()
        self.errands.cancel()
        self._left = True
        self.hide()  # what still reads or loads is waited for out of sight
        self.session.close()
        self.queue.close()
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
