"""The Data page: choose what to learn from, see what is in it, and say how it is prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHideEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genstudio.app.facts import Facts
from genstudio.app.opening import Opening
from genstudio.app.widgets.data_panel import DataPanel
from genstudio.app.widgets.data_settings import remembered as settings_from
from genstudio.app.widgets.data_stage import DataStage
from genstudio.app.widgets.drop_veil import DropVeil, dropped
from genstudio.app.widgets.look_card import LookCard
from genstudio.app.widgets.model_card import source_title
from genstudio.app.widgets.sound_player import load_library
from genstudio.app.widgets.source_card import SourceCard, built_in
from genstudio.app.work import Work
from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.data import Dataset

_MOST_REMEMBERED = 100  # sources whose settings are kept


class DataPage(QWidget):
    """Sources at the left, what is in them in the middle, facts and settings at the right.

    Attributes
    ----------
    favourites : tuple of str
        Sources that were starred, newest first.
    remembered : mapping of source to mapping of setting to value
        The settings that were changed, for each source, last used last.

    Signals
    -------
    chosen(str)
        A source that could be opened is to be trained on, with the settings that `config_of` gives.
    train_asked()
        Go on to the Train page.
    problem(str)
        Something could not be saved or heard; a sentence.
    """

    chosen = Signal(str)
    train_asked = Signal()
    problem = Signal(str)
    done = Signal(str)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._source = self._refused = ""  # what is shown or being opened
        self._data: Dataset | None = None
        self._recent: tuple[str, ...] = ()
        self._shown_config = self._asked = DataConfig()
        self.favourites: tuple[str, ...] = ()
        self.remembered: dict[str, dict[str, Value]] = {}
        self.setAcceptDrops(True)
        self.opening = Opening(work, self)
        self.left, self.stage, self.panel = SourceCard(), DataStage(), DataPanel(work)
        self.look = LookCard(work)
        self.sources, self.open, self.open_file = self.left.list, self.left.open, self.left.open_file
        self.view, self.gallery, self.trouble = self.stage.view, self.stage.view.gallery, self.stage.trouble
        self.use, self.settings = self.panel.use, self.panel.settings
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        middle = QVBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.stage, 1)
        middle.addWidget(self.look)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.left)
        row.addLayout(middle, 1)
        row.addWidget(self.panel)
        self.veil = DropVeil(self)
        self.claims: Callable[[str], bool] = lambda _: False  # who takes a dropped file before it counts as data
        self._escape = QShortcut(  # wherever the focus is
            QKeySequence(Qt.Key.Key_Escape), self, self.cancel
        )
        self._escape.setEnabled(False)

    def _connect(self) -> None:
        self.opening.advanced.connect(self.stage.show_step)
        self.opening.opened.connect(self._show)
        self.opening.refused.connect(self._refuse)
        self.sources.chosen.connect(self._listed_chosen)
        self.sources.starred.connect(self._star)
        self.left.asked.connect(self.show_source)
        self.stage.waiting.connect(self._wait)
        self.stage.cancelled.connect(self.cancel)
        self.stage.retried.connect(lambda: self.show_source(self._refused))
        self.panel.label_chosen.connect(self.view.filter.choose_label)
        self.panel.rows_asked.connect(self.view.filter.show_found)
        self.settings.changed.connect(self._settings_changed)
        self.use.clicked.connect(self._use)
        for part in (self.view, self.panel, self.look):
            part.problem.connect(self.problem)
        self.panel.export.problem.connect(self.problem)
        self.panel.export.done.connect(self.done)

    # --- choosing ------------------------------------------------------------------------------------

    def set_sources(self, recent: Sequence[str], current: str) -> None:
        """List the built-in sets, favourites and recent ones; emits nothing and opens nothing."""
        self._recent = tuple(recent)
        self.sources.set_sources(built_in(), self.favourites, self._recent, current)

    def set_memory(self, favourites: Sequence[str], remembered: Mapping[str, Mapping[str, Value]]) -> None:
        """What an earlier session left; call it before `set_sources`."""
        self.favourites = tuple(favourites)
        self.remembered = {source: dict(values) for source, values in remembered.items()}

    def show_source(self, source: str) -> None:
        """Open a source in a thread and show it; one that cannot be opened is explained here."""
        self.settings.forget()
        self._source = source
        self.sources.set_current(source)
        self._open(self.config_of(source), anew=True)

    def ask(self) -> None:
        """Let the person choose a folder, without blocking anything."""
        self.left.ask_folder()

    def cancel(self) -> None:
        """Stop opening; what was shown before is shown again. Also called when the window closes."""
        if not self.opening.cancel():
            return
        self._escape.setEnabled(False)
        self._source = self._data.source if self._data is not None else ""
        self.settings.set_config(self._shown_config)
        self._remember(self._shown_config)
        self.sources.set_current(self._source)
        self.stage.go_back(self._data is not None)
        self.look.show_data(self._data, self._shown_config)
        self.panel.offer(self._data)

    def close_down(self) -> None:
        """Stop everything that runs; the window closes."""
        self.settings.forget()
        self.opening.cancel()
        self.panel.cancel()
        self.view.player.stop()

    def _listed_chosen(self, source: str) -> None:
        if source != self._source:
            self.show_source(source)

    def _star(self, source: str, starred: bool) -> None:
        others = tuple(known for known in self.favourites if known != source)
        self.favourites = (source, *others) if starred else others
        self.set_sources(self._recent, self._source)

    @property
    def shows_points(self) -> bool:
        """Whether what is shown are points in the plane."""
        return self._data is not None and "points" in self._data.modalities()

    # --- opening -------------------------------------------------------------------------------------

    def _open(self, config: DataConfig, anew: bool) -> None:
        self._refused = ""
        self.panel.offer(None)
        self.stage.begin(source_title(self._source), keep=not anew)
        self._escape.setEnabled(True)
        self._asked = config
        self.opening.open(self._source, config)

    def _wait(self, waiting: bool) -> None:
        """While something else is opened, what is said about the data before is out of date."""
        self.panel.tabs.setEnabled(not waiting)
        if waiting:
            self.look.hide()

    def _show(self, data: Dataset, facts: Facts) -> None:
        self._escape.setEnabled(False)
        other = self._data is None or self._data.source != data.source
        self._data, self._shown_config = data, self._asked
        self.stage.show_data(data)
        self.panel.show_data(data, facts)
        if other or not self.settings.waiting():
            self.settings.set_modalities(data.modalities())
            self.settings.set_config(self._asked)
        self.sources.set_current(data.source)
        self.look.show_data(data, self._asked)
        if data.audio is not None:  # so that the first sound is heard at once
            self._work.start("multimedia", load_library, lambda _: None, lambda _: None)
        self.panel.offer(data)
        self.chosen.emit(self._source)

    def _refuse(self, reason: str) -> None:
        self._escape.setEnabled(False)
        self._refused = self._source
        if self._data is not None and self._data.source == self._source:
            self.stage.warn(reason)  # other settings for what is shown: it stays, and says what is wrong
            return
        self._data, self._source = None, ""
        self.stage.refuse(reason)
        self.sources.set_current("")
        self.panel.show_data(None)
        self.settings.set_modalities(())
        self.look.show_data(None, DataConfig())

    # --- settings ------------------------------------------------------------------------------------

    def config(self) -> DataConfig:
        """How the data that is shown is prepared and varied."""
        return self.config_of(self._source)

    def config_of(self, source: str) -> DataConfig:
        """The settings of a source, as they were last chosen for it."""
        if source == self._source and self._data is not None and self._data.source == source:
            self.settings.settle()
        return settings_from(self.remembered.get(source, {}))

    def _remember(self, config: DataConfig) -> None:
        self.remembered.pop(self._source, None)
        if self._source and (changed := config.changed()):
            self.remembered[self._source] = changed
            for oldest in list(self.remembered)[:-_MOST_REMEMBERED]:
                del self.remembered[oldest]

    def _settings_changed(self, anew: bool) -> None:
        config = self.settings.config()
        self._remember(config)
        if anew:
            self._open(config, anew=False)
        elif self._data is not None and not self.opening.busy:
            self._shown_config = config
            self.look.show_data(self._data, config)
            self.chosen.emit(self._source)

    def _use(self) -> None:
        self.settings.settle()
        self.train_asked.emit()

    # --- dropping ------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        path = dropped(event, self)
        if path:
            self.veil.show_name(Path(path).name or path)
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        path = dropped(event, self)
        if path:
            event.acceptProposedAction()
            if not self.claims(path):
                self.show_source(str(Path(path)))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.veil.hide()
