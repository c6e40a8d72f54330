"""The right of the Data page: what is in the data, its settings, and what to check before training."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.facts import Facts
from genstudio.app.opening import Followed
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.data_facts import DataFacts
from genstudio.app.widgets.data_settings import DataSettings
from genstudio.app.widgets.export_button import ExportButton
from genstudio.app.widgets.findings_list import FindingsList
from genstudio.app.widgets.rejected_list import RejectedList
from genstudio.app.widgets.scrolled import scrolled
from genstudio.app.work import Work
from genstudio.core.words import size
from genstudio.data import Dataset, cache
from genstudio.data.items import Watch

_WIDTH = 344
_NOTHING = Facts(notes="Nothing is open.")


class DataPanel(Card):
    """Three tabs, and the button that goes on to training.

    Signals
    -------
    label_chosen(int)
        The items of this label are to be shown.
    rows_asked(str, object)
        The items of the finding with this title are to be shown: int64 [M].
    problem(str)
    """

    label_chosen = Signal(int)
    rows_asked = Signal(str, object)
    problem = Signal(str)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__("What is in it", parent)
        self._work = work
        self._searching = Followed(work, "findings", self)
        self.facts, self.settings = DataFacts(), DataSettings()
        self.findings, self.rejected = FindingsList(), RejectedList()
        self.unusable, self.clear = QLabel(), QPushButton("Clear prepared data")
        self.use, self.why_not = QPushButton("Train on this data"), QLabel()
        self.export = ExportButton(work)
        self.tabs = QTabWidget()
        self.setFixedWidth(_WIDTH)
        self._lay_out()
        self.facts.labels.chosen.connect(self.label_chosen)
        self.findings.shown.connect(self.rows_asked)
        self.rejected.problem.connect(self.problem)
        self.clear.clicked.connect(self._clear_prepared)
        self.show_data(None)

    def _lay_out(self) -> None:
        self.use.setProperty("kind", "primary")
        self.use.setToolTip("Go to the Train page with this data")
        self.why_not.setProperty("role", "dim")
        self.why_not.setWordWrap(True)
        self.clear.setProperty("kind", "quiet")
        self.clear.setToolTip("Delete what was made from your files to train faster; it is made again when needed")
        theme.set_icon(self.clear, "trash", 16, "dim")
        self.clear.hide()
        settings, check = QWidget(), QWidget()
        column = QVBoxLayout(settings)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.settings, 1)
        column.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(check)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        look = QLabel("Worth a look")
        for heading in (look, self.unusable):
            heading.setProperty("role", "group")
        column.addWidget(look)
        column.addWidget(self.findings)
        column.addSpacing(4)
        column.addWidget(self.unusable)
        column.addWidget(self.rejected, 1)
        column.addStretch()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName("About the data")
        self.tabs.tabBar().setToolTip("What is in the data, how it is prepared, and what to check before training")
        for content, title in ((self.facts, "Contents"), (settings, "Settings"), (check, "Check")):
            content.setContentsMargins(0, 12, 0, 4)
            self.tabs.addTab(scrolled(content), title)
        self.set_bare(self.tabs)
        self.add(self.why_not)
        last = QHBoxLayout()
        last.setSpacing(8)
        last.addWidget(self.export)
        last.addWidget(self.use, 1)
        self.add(last)
        QWidget.setTabOrder(self.export, self.use)  # as they stand
        self.offer(None)

    def show_data(self, data: Dataset | None, facts: Facts = _NOTHING) -> None:
        """Tell about a data set, or about none; what is odd in it is looked for in the background."""
        self.facts.set_facts(facts)
        rejected = data.rejected if data is not None else ()
        self.rejected.set_files(data.name if data is not None else "data", rejected)
        self.unusable.setText(f"Cannot be used ({len(rejected):,})")
        self.unusable.setVisible(bool(rejected))
        self._show_number(1 if rejected else 0)
        self._searching.cancel()
        self.findings.say("Open data first." if data is None else "Looking through it …")
        if data is not None:
            self._search(data)
        self._work.start("prepared size", cache.size, self._show_size, lambda _: None)

    def offer(self, data: Dataset | None) -> None:
        """Let the data be trained on if a family takes it, and exported; nothing while it is prepared anew."""
        points = data is not None and data.points is not None and data.points.shape[1:] == (2,)
        trainable = data is None or len(data.images) > 0 or points
        self.use.setEnabled(data is not None and trainable)
        self.why_not.setVisible(not trainable)
        self.why_not.setText("There is no family for this kind of data yet. You can look at it and export it.")
        self.export.show_data(data)

    def cancel(self) -> None:
        """Stop looking for what is odd, and writing."""
        self._searching.cancel()
        self.export.cancel()

    def _search(self, data: Dataset) -> None:
        def do(watch: Watch) -> tuple[object, ...]:
            from genstudio.data.findings import find

            return tuple(find(data, watch))

        def show(found: tuple[object, ...]) -> None:
            self.findings.set_findings(found)  # pyright: ignore[reportArgumentType]
            self._show_number(len(found) + (1 if data.rejected else 0))

        self._searching.start(do, show, lambda error: self.findings.say(f"Could not be checked: {error}"))

    def _show_number(self, number: int) -> None:
        self.tabs.setTabText(2, f"Check ({number:,})" if number else "Check")

    # --- what was prepared ---------------------------------------------------------------------------

    def _show_size(self, taken: int) -> None:
        self.clear.setText(f"Clear prepared data ({size(taken)})")
        self.clear.setVisible(taken > 0)

    def _clear_prepared(self) -> None:
        def clear() -> int:
            cache.clear()
            return cache.size()

        self.clear.setText("Clearing …")
        self._work.start("prepared size", clear, self._show_size, lambda error: self.problem.emit(str(error)))
