"""Bookmarks of a run: places that somebody wants to come back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

_SIDE = 40  # pixels of a thumbnail


@dataclass(frozen=True, slots=True)
class Listed:
    """One bookmark as it stands in the list; `note` says more of it."""

    name: str
    image: QImage
    note: str


class PlacesPanel(QWidget):
    """A list with thumbnails: Enter or a double-click goes there, F2 renames, Delete removes.

    Signals
    -------
    chosen(int)
        Go there.
    renamed(int, str)
    removed(int)
    restore_asked()
        Bring the bookmark back that was removed last.
    add_asked()
    """

    chosen = Signal(int)
    renamed = Signal(int, str)
    removed = Signal(int)
    restore_asked = Signal()
    add_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list, self.empty = _List(), QLabel("No bookmarks in this run yet: press the star below the picture.")
        self.add, self.go, self.remove = QPushButton("Bookmark"), QPushButton("Go there"), QPushButton("Remove")
        self.restore = QPushButton("Bring back")
        self._lay_out()
        self._filling = False
        self.list.itemActivated.connect(lambda item: self.chosen.emit(self.list.row(item)))
        self.list.itemChanged.connect(self._changed)
        self.list.currentRowChanged.connect(lambda _: self._enable())
        self.list.remove_asked.connect(self._remove)
        self.add.clicked.connect(self.add_asked)
        self.go.clicked.connect(lambda: self.chosen.emit(self.list.currentRow()))
        self.remove.clicked.connect(self._remove)
        self.restore.clicked.connect(self.restore_asked)
        self.show_places((), can_restore=False)

    def _lay_out(self) -> None:
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setSpacing(2)
        self.list.setAccessibleName("Bookmarks")
        self.list.setToolTip("Enter goes there, F2 renames, Delete removes")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty.setProperty("role", "dim")
        self.empty.setWordWrap(True)
        for button, tip in (
            (self.add, "Keep the place where you stand (Ctrl+B)"),
            (self.go, "Go to the place that is chosen (Enter)"),
            (self.remove, "Remove the bookmark that is chosen (Delete)"),
            (self.restore, "Bring back the bookmark that was removed last"),
        ):
            button.setToolTip(tip)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, buttons in ((first, (self.add, self.go)), (second, (self.remove, self.restore))):
            row.setSpacing(8)
            for button in buttons:
                row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addLayout(first)
        column.addLayout(second)

    def show_places(self, places: Sequence[Listed], can_restore: bool) -> None:
        """Show these bookmarks."""
        row = self.list.currentRow()
        self._filling = True
        self.list.clear()
        for place in places:
            item = QListWidgetItem(QIcon(QPixmap.fromImage(_thumbnail(place.image))), place.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(place.note)
            self.list.addItem(item)
        self._filling = False
        self.list.setCurrentRow(min(row, len(places) - 1))
        self.empty.setVisible(not places)
        self.restore.setEnabled(can_restore)
        self._enable()

    def _enable(self) -> None:
        chosen = self.list.currentRow() >= 0
        self.go.setEnabled(chosen)
        self.remove.setEnabled(chosen)

    def _changed(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.renamed.emit(self.list.row(item), item.text())

    def _remove(self) -> None:
        if self.list.currentRow() >= 0:
            self.removed.emit(self.list.currentRow())


class _List(QListWidget):
    remove_asked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete):
            self.remove_asked.emit()
        else:
            super().keyPressEvent(event)


def _thumbnail(image: QImage) -> QImage:
    """Enlarged pixel by pixel, as the other pictures are."""
    size = QSize(_SIDE, _SIDE)
    keep = Qt.AspectRatioMode.KeepAspectRatio
    small = max(image.width(), image.height()) <= _SIDE
    mode = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
    return image.scaled(size, keep, mode)
