"""The runs of a queue, one a line, to be put into order by keys or by dragging."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from genstudio.app import theme
from genstudio.core.spec import RunSpec
from genstudio.core.words import duration
from genstudio.engine.queue import Item

_NUMBER, _PARTS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_LINE, _PAD = 28, 8
_MOST_LINES = 4
_COLOURS = {"training": "accent", "finished": "good", "failed": "bad", "stopped": "warn", "interrupted": "warn"}


class QueueList(QListWidget):
    """Alt+Up and Alt+Down move the chosen run, Delete removes it, a double-click opens one that has begun.

    Signals
    -------
    ordered(list of int)
        The person wants this order; numbers of entries.
    removed(int)
        The person wants this entry away.
    opened(str)
        Name of the run folder that is to be shown.
    """

    ordered = Signal(list)
    removed = Signal(int)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Queue")
        self.setToolTip("Alt+Up and Alt+Down or dragging change the order, Delete removes")
        self.setItemDelegate(_Line(self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self._items: tuple[Item, ...] = ()
        self.model().rowsMoved.connect(lambda *_: self.ordered.emit(self.numbers()))
        self.itemDoubleClicked.connect(lambda _: self._open())

    def set_items(self, items: Sequence[Item]) -> None:
        """Show these entries; the chosen one stays chosen."""
        if tuple(items) == self._items and self.numbers() == [item.number for item in items]:
            return
        chosen, place = self.chosen(), self.currentRow()
        self._items = tuple(items)
        self.clear()
        for item in items:
            self.addItem(_line(item))
        rows = {item.number: row for row, item in enumerate(items)}
        self.setCurrentRow(rows.get(chosen, min(max(place, 0), len(items) - 1)) if items else -1)
        self.setFixedHeight(_LINE * min(_MOST_LINES, max(1, len(items))) + 2)

    def numbers(self) -> list[int]:
        """The entries in the order in which they stand here."""
        return [self.item(row).data(_NUMBER) for row in range(self.count())]

    def chosen(self) -> int:
        """Number of the chosen entry, 0 without any."""
        item = self.currentItem()
        return 0 if item is None else item.data(_NUMBER)

    def chosen_item(self) -> Item | None:
        """The chosen entry."""
        number = self.chosen()
        return next((item for item in self._items if item.number == number), None)

    def move_by(self, rows: int) -> None:
        """Move the chosen entry down by so many rows, up when negative."""
        numbers, row = self.numbers(), self.currentRow()
        if row >= 0 and 0 <= row + rows < len(numbers):
            numbers.insert(row + rows, numbers.pop(row))
            self.ordered.emit(numbers)

    def remove_chosen(self) -> None:
        """Ask for the chosen entry to go."""
        if self.chosen():
            self.removed.emit(self.chosen())

    def _open(self) -> None:
        item = self.chosen_item()
        if item is not None and item.run and item.state != "training":
            self.opened.emit(item.run)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if way is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_by(way)
        elif event.key() == Qt.Key.Key_Delete:
            self.remove_chosen()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open()
        else:
            super().keyPressEvent(event)


class _Line(QStyledItemDelegate):
    """Name at the left, what is trained behind it, the state at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, _LINE)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        box = QStyleOptionViewItem(option)
        self.initStyleOption(box, index)
        box.text = ""  # pyright: ignore[reportAttributeAccessIssue]
        widget = self.parent()
        assert isinstance(widget, QWidget)
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, box, painter, widget)
        name, details, state, colour = index.data(_PARTS)
        room: QRect = option.rect.adjusted(_PAD, 0, -_PAD, 0)  # pyright: ignore[reportAttributeAccessIssue]
        metrics = box.fontMetrics  # pyright: ignore[reportAttributeAccessIssue]
        painter.save()
        for text, role, side, share in ((state, colour, "right", 0.5), (name, "text", "left", 0.6)):
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(share * room.width()))
            painter.setPen(theme.color(role))
            way = Qt.AlignmentFlag.AlignRight if side == "right" else Qt.AlignmentFlag.AlignLeft
            painter.drawText(room, way | Qt.AlignmentFlag.AlignVCenter, shown)
            taken = metrics.horizontalAdvance(shown) + 12
            room.adjust(0 if side == "right" else taken, 0, -taken if side == "right" else 0, 0)
        painter.setPen(theme.color("dim"))
        shown = metrics.elidedText(details, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


def _line(item: Item) -> QListWidgetItem:
    state = item.state if not item.text else f"{item.state}: {item.text}"
    details = what_of(item.spec)
    line = QListWidgetItem(f"{item.name}, {details}, {state}")  # what a screen reader says
    line.setData(_NUMBER, item.number)
    line.setData(_PARTS, (item.name, details, state, _COLOURS.get(item.state, "dim")))
    line.setToolTip(f"{item.name}: {details}\n{state}")
    line.setFlags(line.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)  # between the others, not onto one
    return line


def what_of(spec: RunSpec) -> str:
    """ "vae · balanced · 2,000 steps"."""
    parts = [spec.family, spec.preset or ""]
    training = spec.training
    parts.append(f"{training.steps:,} steps" if training.steps else "")
    parts.append(duration(60 * training.minutes) if training.minutes else "")
    if not training.steps and not training.minutes:
        parts.append("until stopped")
    return " · ".join(part for part in parts if part)
