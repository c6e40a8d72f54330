"""How many items each label has, as bars; up to thousands of labels."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from genstudio.app import theme

Index = QModelIndex | QPersistentModelIndex
_ROW = 26
COUNT = Qt.ItemDataRole.UserRole


class LabelModel(QAbstractListModel):
    """Labels and their counts, in the order in which they are given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, int]] = []
        self.most = 1

    def set_counts(self, counts: Mapping[str, int]) -> None:
        self.beginResetModel()
        self.rows, self.most = list(counts.items()), max(1, *counts.values(), 1)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name, count = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == COUNT:
            return count
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{name}: {count:,} items"
        return None


class LabelBars(QListView):
    """One row a label: its name, a bar as long as its share of the most frequent one, its count.

    Signals
    -------
    chosen(int)
        A label was asked for, by Enter, Space or a click.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = LabelModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Bars(self))
        self.setUniformItemSizes(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room
        self.setProperty("kind", "bare")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Labels")
        self.setToolTip("Click a label to see its items only")
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))
        self.activated.connect(lambda index: self.chosen.emit(index.row()))

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Show these labels; no more room is taken than they need."""
        self._model.set_counts(counts)
        self.setMinimumHeight(min(3, len(counts)) * _ROW + 4)
        self.setMaximumHeight(len(counts) * _ROW + 4)

    def counts(self) -> dict[str, int]:
        """What is shown."""
        return dict(self._model.rows)

    def choose(self, row: int) -> None:
        """Mark a label as the one whose items are shown; -1 is none. Emits nothing."""
        self.setCurrentIndex(self._model.index(row, 0) if row >= 0 else QModelIndex())


class _Bars(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, LabelModel)
        rect: QRect = option.rect.adjusted(8, 0, -8, 0)  # pyright: ignore[reportAttributeAccessIssue]
        state: QStyle.StateFlag = option.state  # pyright: ignore[reportAttributeAccessIssue]
        view = self.parent()
        assert isinstance(view, QWidget)
        view.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, view)
        name, count = model.rows[index.row()]
        font = theme.tabular(view.font())
        painter.save()
        painter.setFont(font)
        metrics = painter.fontMetrics()
        figures = metrics.horizontalAdvance(f"{model.most:,}")
        painter.setPen(theme.color("dim"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect.adjusted(0, 0, 0, -4), Qt.AlignmentFlag.AlignRight | middle, f"{count:,}")
        text = rect.adjusted(0, 0, -figures - 12, -4)
        painter.setPen(theme.color("text"))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | middle, shown)
        bar = QRect(rect.left(), rect.bottom() - 3, text.width(), 3)
        painter.fillRect(bar, theme.color("line"))
        bar.setWidth(max(1 if count else 0, round(bar.width() * count / model.most)))
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.fillRect(bar, theme.color("accent") if chosen else QColor(theme.tokens().series[0]))
        painter.restore()
