"""The Runs page: what was trained, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.session import Session
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.history import show_history
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.app.widgets.panes import Panes
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.queue_card import QueueCard
from genstudio.app.widgets.run_pictures import named
from genstudio.app.widgets.run_table import RunTable
from genstudio.core.errors import InputError
from genstudio.engine.names import safe_name
from genstudio.engine.review import Review, review
from genstudio.engine.run import list_runs


class RunsPage(QWidget):
    """What waits to be trained, a table of runs, and curves and pictures of the selected one.

    Signals
    -------
    open_asked(Path)
        Show this run on the Train page.
    go_on_asked(Path)
        Show it and go on training.
    problem(str)
    """

    open_asked = Signal(object)
    go_on_asked = Signal(object)
    train_asked = Signal()
    problem = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._folder = Path()
        self.queue, self.table = QueueCard(), RunTable()
        self.plot = LossPlot("Losses")
        self.samples = named(Gallery(), "Samples of the selected run")
        self._card = Card("Runs")
        self._nothing, self._tools = QWidget(), QWidget()
        self.first = QPushButton("Go to Train")
        self.first.setToolTip("Go to the Train page (Ctrl+2)")
        self.name = QLineEdit()
        self._renaming: Path | None = None
        self._wanted: Path | None = None  # to be selected as soon as it is listed
        self.actions_by_name: dict[str, QAction] = {}
        self._lay_out()
        self.table.selected.connect(self._preview)
        self.table.opened.connect(self.open_asked)
        self.table.customContextMenuRequested.connect(self._menu)
        self.name.editingFinished.connect(self._rename)
        QShortcut(QKeySequence("Esc"), self.name, self._keep_name, context=Qt.ShortcutContext.WidgetShortcut)
        self.first.clicked.connect(self.train_asked)
        self.queue.opened.connect(lambda name: self.open_asked.emit(self._folder / name))
        self.plot.problem.connect(self.problem)
        self.samples.problem.connect(self.problem)
        session.discarded.connect(lambda _: self.refresh())

    def _lay_out(self) -> None:
        buttons = QHBoxLayout(self._tools)
        buttons.setContentsMargins(0, 0, 0, 0)
        for key, text, icon, shortcut, slot in (
            ("open", "Open", "open", "Return", self._open),
            ("resume", "Resume", "resume", "", self._go_on),
            ("rename", "Rename", "rename", "F2", self._ask_name),
            ("folder", "Show folder", "folder", "", self._show_folder),
            ("bin", "Move to bin", "trash", "Del", self._bin),
        ):
            buttons.addWidget(self._button(key, text, icon, shortcut, slot))
        buttons.addWidget(self.name, 1)
        self.name.hide()
        self.name.setAccessibleName("New name of the run")
        self.name.setToolTip("Enter renames the run, Escape keeps its name")
        buttons.addStretch(1)
        self._card.add(self.table, 1)
        self._card.add(self._tools)
        self._card.add(self._nothing, 1)
        empty = QLabel("There are no runs yet. Train a model, and it appears here.")
        empty.setProperty("role", "dim")
        middle = QVBoxLayout(self._nothing)
        middle.addStretch(1)
        for widget in (empty, self.first):
            middle.addWidget(widget, 0, Qt.AlignmentFlag.AlignCenter)
        middle.addStretch(1)
        self._nothing.hide()
        curves, pictures = Card(""), Card("Samples")
        curves.set_bare(self.plot)
        pictures.add(self.samples, 1)
        self.below = Panes(Qt.Orientation.Horizontal, (62, 38))
        self.below.addWidget(curves)
        self.below.addWidget(pictures)
        self.whole = Panes(Qt.Orientation.Vertical, (55, 45))
        self.whole.addWidget(self._card)
        self.whole.addWidget(self.below)
        self.plot.set_empty_text("Select a run to see its curves.")
        self.samples.set_empty_text("Select a run to see its pictures.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.queue)
        column.addWidget(self.whole, 1)

    def _button(self, key: str, text: str, icon: str, shortcut: str, slot: Callable[[], None]) -> QPushButton:
        action = QAction(text, self)
        action.triggered.connect(slot)
        action.setEnabled(False)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.table.addAction(action)
        self.actions_by_name[key] = action
        button = QPushButton(text)
        button.setToolTip(text + (f" ({shortcut})" if shortcut else ""))
        button.setEnabled(False)
        theme.set_icon(button, icon)
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        return button

    # --- the table -----------------------------------------------------------------------------------

    def refresh(self, folder: Path | None = None) -> None:
        """Read the folder again, in a thread."""
        folder = self._folder = folder or self._folder
        self._session.work.start("runs", lambda: [run.summary() for run in list_runs(folder)], self._fill)

    def _fill(self, rows: list[dict[str, Any]]) -> None:
        self.table.set_rows(rows)
        self._nothing.setVisible(not rows)
        for widget in (self.table, self._tools):
            widget.setVisible(bool(rows))
        self._card.set_note(f"{len(rows)} in {self._folder}")
        if self._wanted is not None:
            self.table.select(self._wanted)
            self._wanted = None
        if self.table.current_path() is None:
            self._show_nothing()
        self._enable()

    def _enable(self) -> None:
        path = self.table.current_path()
        busy = path is not None and self._session.running and path == self._session.path
        for key, action in self.actions_by_name.items():
            free = not busy if key in ("rename", "bin") else not self._session.running if key != "folder" else True
            action.setEnabled(path is not None and free)

    def _preview(self, path: Path | None) -> None:
        self._enable()
        if path is not None:
            self._session.work.start(
                "preview", lambda: review(path), self._show_preview, lambda e: self._no_preview(path, e)
            )

    def _no_preview(self, path: Path, error: BaseException) -> None:
        """A run that was renamed or moved meanwhile is no error: the next refresh shows it where it is."""
        self._show_nothing()
        if path.exists():
            self._session.work.problem.emit(error)

    def _show_nothing(self) -> None:
        self.plot.clear()
        self.samples.set_images(NO_PICTURES)

    def _show_preview(self, found: Review) -> None:
        show_history(self.plot, found)
        self.samples.set_images(NO_PICTURES)
        for gallery in found.galleries:
            if gallery.slot == "samples":
                self.samples.set_images(gallery.images, None, gallery.caption)

    # --- actions -------------------------------------------------------------------------------------

    def _open(self, _: QModelIndex | None = None) -> None:
        if path := self.table.current_path():
            self.open_asked.emit(path)

    def _go_on(self) -> None:
        if path := self.table.current_path():
            self.go_on_asked.emit(path)

    def _show_folder(self) -> None:
        if path := self.table.current_path():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _bin(self) -> None:
        if path := self.table.current_path():
            self._session.bin(path)

    def _ask_name(self) -> None:
        if path := self.table.current_path():
            self._renaming = path
            self.name.setText(path.name)
            self.name.show()
            self.name.selectAll()
            self.name.setFocus()

    def _keep_name(self) -> None:
        self._renaming = None
        self.name.hide()

    def _rename(self) -> None:
        path, self._renaming = self._renaming, None
        if path is None:
            return
        self.name.hide()
        wanted = path.with_name(safe_name(self.name.text()))
        if wanted == path:
            return
        self._session.work.start("rename", lambda: rename(path, wanted), self._renamed)

    def _renamed(self, moved: tuple[Path, Path]) -> None:
        before, after = moved
        self._wanted = after
        if self._session.path == before:
            self._session.open(after)
        self.refresh()

    def _menu(self, position: Any) -> None:
        if self.table.current_path():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(list(self.actions_by_name.values()))
            menu.popup(self.table.viewport().mapToGlobal(position))


def rename(path: Path, wanted: Path) -> tuple[Path, Path]:
    """Rename a run folder; raises `InputError` when the name is taken or the run is in use."""
    from genstudio.engine.run import Run

    if Run.open(path).in_use():
        raise InputError(f"The run “{path.name}” is being trained: stop it before you rename it.")
    if wanted.exists():
        raise InputError(f"There is a run called “{wanted.name}” already: choose another name.")
    try:
        path.rename(wanted)
    except OSError as error:
        raise InputError(f"“{path.name}” cannot be renamed: {error.strerror}.") from None
    return path, wanted
