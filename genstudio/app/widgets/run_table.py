"""A sortable table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from genstudio.core.words import duration

_COLUMNS = ("Name", "Family", "Data", "State", "Step", "Loss", "Time", "Created")
_NUMBERS = {4, 5, 6}
Index = QModelIndex | QPersistentModelIndex


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []

    def set_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(row)[column]
        if role == Qt.ItemDataRole.UserRole:  # what sorting compares
            return _keys(row)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row["path"] if column == 0 else _cells(row)[column]
        return None


class RunTable(QTableView):
    """One row a run; the selection survives a refresh.

    Signals
    -------
    selected(Path or None)
    opened(Path)
        Double click or Enter.
    """

    selected = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Runs")
        self._model = _Model()
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self._proxy)
        self.setSortingEnabled(True)
        self.sortByColumn(len(_COLUMNS) - 1, Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab goes on to the next control, arrows move in the table
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(lambda *_: self.selected.emit(self.current_path()))
        self.doubleClicked.connect(lambda _: self.opened.emit(self.current_path()))

    def set_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        """Show other rows, as `Run.summary` gives them."""
        before = self.current_path()
        self._model.set_rows(rows)
        if before is not None:
            self.select(before)
        if rows and self.current_path() is None:
            self.selectRow(0)  # an empty preview would explain nothing

    def select(self, path: Path) -> None:
        """Select the row of a run, if it is there."""
        for i in range(self._proxy.rowCount()):
            if self._path(i) == path:
                self.selectRow(i)

    def current_path(self) -> Path | None:
        """The selected run."""
        index = self.currentIndex()
        return self._path(index.row()) if index.isValid() else None

    def _path(self, row: int) -> Path:
        return Path(self._model.rows[self._proxy.mapToSource(self._proxy.index(row, 0)).row()]["path"])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    loss = next((v for v in row["losses"].values() if v is not None), None)
    return (
        row["name"],
        row["family"],
        row["data"],
        row["state"],
        f"{row['step']:,}",
        "" if loss is None else f"{loss:,.4g}",
        duration(row["seconds"]),
        row["created"][:16].replace("T", " "),
    )


def _keys(row: dict[str, Any]) -> tuple[Any, ...]:
    loss = next((v for v in row["losses"].values() if v is not None), float("inf"))
    return (
        row["name"].casefold(),
        row["family"],
        row["data"],
        row["state"],
        row["step"],
        loss,
        row["seconds"],
        row["created"],
    )


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
