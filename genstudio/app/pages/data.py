"""The Data page: choose what to learn from, and see what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.pages.train import NO_PICTURES, named
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.model_card import DIGITS, source_title
from genstudio.app.work import Work
from genstudio.core.words import picture
from genstudio.data import Dataset, open_source

_LEFT, _RIGHT = 264, 264
_LONGEST = 600  # characters of what cannot be used; more would push the page apart


class DataPage(QWidget):
    """Sources at the left, their pictures in the middle, the facts at the right.

    Signals
    -------
    chosen(str)
        A source that could be opened is to be trained on.
    train_asked()
        Go on to the Train page.
    problem(str)
        A picture could not be saved; a sentence.
    """

    chosen = Signal(str)
    train_asked = Signal()
    problem = Signal(str)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._source = self._note = ""
        self.setAcceptDrops(True)
        self.sources = QListWidget()
        self.sources.setAccessibleName("Data sets")
        self.gallery = named(Gallery(), "Pictures of the data set")
        self.gallery.set_empty_text("Choose a data set at the left, or drop a folder with IDX files here.")
        self.open = QPushButton("Open folder …")
        self.open_file = QPushButton("Open file …")
        self.use = QPushButton("Train on this data")
        self.facts = QGridLayout()
        self.trouble = QLabel()
        self._pictures = Card("Pictures")
        self._lay_out()
        self.sources.itemActivated.connect(self._item_chosen)
        self.sources.itemClicked.connect(self._item_chosen)  # the current one again, after another was refused
        self.sources.currentItemChanged.connect(lambda item, _: self._item_chosen(item))
        self.gallery.problem.connect(self.problem)
        theme.notifier().changed.connect(self._draw_icons)
        self.open.clicked.connect(self.ask)
        self.open_file.clicked.connect(self.ask_file)
        self.use.clicked.connect(self.train_asked)

    def _lay_out(self) -> None:
        theme.set_icon(self.open, "folder")
        theme.set_icon(self.open_file, "open")
        self.use.setToolTip("Go to the Train page with this data")
        self.open.setToolTip("A folder with files like train-images-idx3-ubyte.gz (Ctrl+O)")
        self.open_file.setToolTip("One file like t10k-images-idx3-ubyte.gz")
        self.use.setProperty("kind", "primary")
        self.use.setEnabled(False)
        self.trouble.setProperty("role", "bad")
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        left = Card("Data sets")
        left.setFixedWidth(_LEFT)
        left.add(self.sources, 1)
        left.add(_dim("Drop a folder or a file anywhere on this page."))
        left.add(self.open)
        left.add(self.open_file)
        self._pictures.add(self.gallery, 1)
        right = Card("What is in it")
        right.setFixedWidth(_RIGHT)
        self.facts.setColumnStretch(1, 1)
        self.facts.setHorizontalSpacing(16)
        self.facts.setVerticalSpacing(4)
        right.add(self.facts)
        right.add(self.trouble)
        stretch = QVBoxLayout()
        stretch.addStretch(1)
        right.add(stretch, 1)
        right.add(self.use)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(left)
        row.addWidget(self._pictures, 1)
        row.addWidget(right)

    # --- choosing ------------------------------------------------------------------------------------

    def set_sources(self, recent: Sequence[str], current: str) -> None:
        """List the built-in set and recent ones; emits nothing and opens nothing."""
        self.sources.blockSignals(True)
        self.sources.clear()
        for source in dict.fromkeys([DIGITS, *recent]):
            title = "Digits (built in)" if source == DIGITS else source_title(source)
            item = QListWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, source)
            item.setToolTip(source)
            self.sources.addItem(item)
            if source == current:
                self.sources.setCurrentItem(item)
        self.sources.blockSignals(False)
        self._draw_icons()

    def _draw_icons(self) -> None:
        for item in map(self.sources.item, range(self.sources.count())):
            built_in = item.data(Qt.ItemDataRole.UserRole) == DIGITS
            item.setIcon(theme.icon("data" if built_in else "folder"))

    def show_source(self, source: str) -> None:
        """Open a source in a thread and show it; one that cannot be opened is explained here."""
        self._source = source
        self._pictures.set_note("opening …")
        self.use.setEnabled(False)
        self.trouble.clear()
        self._work.start("data", lambda: open_source(source), self._show, self._refuse)

    def ask(self) -> None:
        """Let the person choose a folder, without blocking anything."""
        self._dialog("Open a folder with data", QFileDialog.FileMode.Directory)

    def ask_file(self) -> None:
        """Let the person choose a file, without blocking anything."""
        self._dialog("Open a file with data", QFileDialog.FileMode.ExistingFile)

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.show_source)
        dialog.open()

    def _item_chosen(self, item: QListWidgetItem | None) -> None:
        source = item.data(Qt.ItemDataRole.UserRole) if item else ""
        if source and source != self._source:
            self.show_source(source)

    # --- what is in it -------------------------------------------------------------------------------

    def _show(self, data: Dataset) -> None:
        names = data.label_names
        labels = [names[i] for i in data.labels.tolist()] if data.labels is not None else None
        self.gallery.set_images(data.images, None, data.name, labels=labels)
        self._pictures.set_title(data.name)
        self._note = f"{len(data):,} pictures"
        self._pictures.set_note(self._note)
        rows = [("Pictures", f"{len(data):,}"), ("Size", picture(data.shape))]
        rows += [(f"Part “{name}”", f"{count:,}") for name, count in data.splits.items()]
        counts = data.label_counts()
        if counts:
            rows.append(("Labels", f"{len(counts)}"))
            rows += [(f"   {name}", f"{count:,}") for name, count in list(counts.items())[:20]]
        self._fill(rows)
        self._show_trouble("\n\n".join(f"{r.file}: {r.reason}" for r in data.rejected))
        self.use.setEnabled(True)
        self.chosen.emit(self._source)

    def _refuse(self, error: BaseException) -> None:
        self._pictures.set_title("Pictures")
        self._note = ""
        self._pictures.set_note("")
        self.gallery.set_images(NO_PICTURES)
        self._fill([])
        self._show_trouble(str(error))
        self._source = ""

    def _show_trouble(self, text: str) -> None:
        short = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
        self.trouble.setText(breakable(short))
        self.trouble.setAccessibleName(text)

    def _fill(self, rows: Sequence[tuple[str, str]]) -> None:
        while item := self.facts.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        for i, (name, value) in enumerate(rows):
            figure = QLabel(value)
            figure.setFont(theme.tabular(figure.font()))
            self.facts.addWidget(_dim(name), i, 0)
            self.facts.addWidget(figure, i, 1, Qt.AlignmentFlag.AlignRight)

    # --- dropping ------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            self._pictures.set_note("drop to open")
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._pictures.set_note(self._note)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.show_source(str(Path(paths[0])))


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(len(text) > 24)
    return label
