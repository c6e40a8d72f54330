"""Many texts as a list of lines; a million of them scrolls as a hundred do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from genstudio.app.breakable import breakable
from genstudio.app.widgets.long_list import LongList

Index = QModelIndex | QPersistentModelIndex
_LINE = 400  # characters of a text that a line can show at most
_TIP = 2000  # characters in a tooltip
_ROW = 26


class TextModel(QAbstractListModel):
    """Texts in some order; each is decoded when it comes into sight."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.texts: Sequence[str] = ()
        self.rows: NDArray[np.int64] | None = None

    def show(self, texts: Sequence[str], rows: NDArray[np.int64] | None) -> None:
        self.beginResetModel()
        self.texts, self.rows = texts, rows
        self.endResetModel()

    def text(self, row: int) -> str:
        """The whole text in a row of the list."""
        return self.texts[row if self.rows is None else int(self.rows[row])]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid():
            return 0
        return len(self.texts) if self.rows is None else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return one_line(self.text(index.row())[:_LINE])
        if role == Qt.ItemDataRole.ToolTipRole:
            text = self.text(index.row())
            return _plain(text if len(text) <= _TIP else f"{text[:_TIP]} …")
        return None


class TextList(LongList):
    """One line a text, cut off where it does not fit.

    Signals
    -------
    current_changed(int)
        Another text is the current one; -1 is none.
    """

    current_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_ROW, parent)
        self._model = TextModel(self)
        self.setModel(self._model)
        self.setAccessibleName("Sentences")
        self.selectionModel().currentChanged.connect(lambda index, _: self.current_changed.emit(index.row()))

    def set_texts(self, texts: Sequence[str], rows: NDArray[np.int64] | None = None) -> None:
        """Show these texts, or only some rows of them."""
        self._model.show(texts, rows)

    def count(self) -> int:
        """How many lines there are."""
        return self._model.rowCount()

    def current(self) -> int:
        """Row of the current text, -1 when there is none."""
        return self.currentIndex().row()

    def set_current(self, row: int) -> None:
        """Make a text the current one and bring it into sight; -1 is none."""
        self.setCurrentIndex(self._model.index(row, 0) if 0 <= row < self.count() else QModelIndex())


def one_line(text: str) -> str:
    """`text` with each run of white space as one space."""
    return re.sub(r"\s+", " ", text).strip()


def _plain(text: str) -> str:
    """A tooltip that shows `text` as it is: Qt takes what looks like markup for markup."""
    return f"<p style='white-space:pre-wrap'>{escape(breakable(text))}</p>"
