"""Every file that cannot be used, with its reason, and a button that writes the list to a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.widgets import files
from genstudio.app.widgets.long_list import LongList
from genstudio.app.widgets.text_list import one_line
from genstudio.core.errors import GenStudioError, InputError
from genstudio.data import Rejected

Index = QModelIndex | QPersistentModelIndex
_ROW, _READING = 44, 64
_LONGEST = 1000  # characters of file and reason that are shown below the list
_REASON = Qt.ItemDataRole.UserRole


class RejectedModel(QAbstractListModel):
    """Rejected files, one a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.files: Sequence[Rejected] = ()

    def show(self, files: Sequence[Rejected]) -> None:
        self.beginResetModel()
        self.files = files
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.files)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found = self.files[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(found.file)
        if role == _REASON:
            return one_line(found.reason)
        return said(found) if role == Qt.ItemDataRole.AccessibleTextRole else None


class RejectedList(QWidget):
    """The list, all of the current row's reason below it, "Export list …".

    Signals
    -------
    problem(str)
        The list could not be written; a sentence.
    """

    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = RejectedModel(self)
        self.name = "data"
        self.view, self.whole, self.export = LongList(_ROW), QPlainTextEdit(), QPushButton("Export list …")
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Lines(self.view))
        self.view.setAccessibleName("Files that cannot be used")
        self.view.setMinimumHeight(2 * _ROW)
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room
        self.view.selectionModel().currentChanged.connect(lambda index, _: self._tell(index.row()))
        self.whole.setReadOnly(True)
        self.whole.setTabChangesFocus(True)
        self.whole.setFixedHeight(_READING)
        self.whole.setAccessibleName("Why the current file cannot be used")
        self.export.setToolTip("Write the names and reasons to a CSV or text file")
        theme.set_icon(self.export, "export")
        self.export.clicked.connect(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view, 1)
        column.addWidget(self.whole)
        column.addWidget(self.export, 0, Qt.AlignmentFlag.AlignLeft)
        self.set_files("data", ())

    def set_files(self, name: str, files: Sequence[Rejected]) -> None:
        """Show the files of a data set of that name."""
        self.name = name
        self._model.show(files)
        self.view.setMaximumHeight(len(files) * _ROW + 4)
        self.setVisible(bool(files))
        self.whole.hide()
        if files:
            self.view.setCurrentIndex(self._model.index(0, 0))

    def files(self) -> Sequence[Rejected]:
        """What is shown."""
        return self._model.files

    def _tell(self, row: int) -> None:
        if row >= 0:
            text = said(self._model.files[row])
            self.whole.setPlainText(breakable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"))
        self.whole.setVisible(row >= 0)

    def ask(self) -> None:
        """Ask where to write the list, without stopping anything."""
        rejected = self._model.files
        files.ask_where(
            self, "Export list", f"{self.name[:40]} not used.csv", lambda path: self._write(Path(path), rejected)
        )

    def _write(self, path: Path, rejected: Sequence[Rejected]) -> None:
        try:
            files.write(path, [written(path, rejected)])
        except GenStudioError as error:
            self.problem.emit(str(error))


def said(found: Rejected) -> str:
    """File and reason in one line."""
    return f"{found.file}: {found.reason}"


def written(path: Path, rejected: Sequence[Rejected]) -> bytes:
    """The list as CSV or as lines of text, by the ending of `path`; raises `InputError` for another one."""
    kind = path.suffix.lower()
    if kind == ".txt":
        return "".join(f"{one_line(said(found))}\n" for found in rejected).encode("utf-8", "replace")
    if kind != ".csv":
        raise InputError(f"The list is written as CSV or text: end “{path.name}” in .csv or .txt.")
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("file", "reason"))
    table.writerows((_cell(found.file), _cell(found.reason)) for found in rejected)
    return text.getvalue().encode("utf-8", "replace")


def _cell(text: str) -> str:
    """A file name that begins like a formula is not to be computed by the program that opens the table."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class _Lines(QStyledItemDelegate):
    """The file above its reason."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = self.parent()
        assert isinstance(view, QWidget)
        view.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, view)
        rect: QRect = option.rect.adjusted(8, 4, -8, -4)  # pyright: ignore[reportAttributeAccessIssue]
        half = rect.height() // 2
        painter.save()
        painter.setFont(view.font())
        middle, metrics = Qt.AlignmentFlag.AlignVCenter, painter.fontMetrics()
        for i, (role, colour, mode) in enumerate(
            (
                (Qt.ItemDataRole.DisplayRole, "text", Qt.TextElideMode.ElideMiddle),
                (_REASON, "dim", Qt.TextElideMode.ElideRight),
            )
        ):
            painter.setPen(theme.color(colour))
            text = metrics.elidedText(str(index.data(role)), mode, rect.width())
            painter.drawText(QRect(rect.left(), rect.top() + i * half, rect.width(), half), middle, text)
        painter.restore()
