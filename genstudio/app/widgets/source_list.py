"""The sources that can be opened: built-in ones, favourites, recent ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QCursor, QIcon, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from genstudio.app import theme
from genstudio.app.widgets.model_card import source_title

Index = QModelIndex | QPersistentModelIndex
_ROW, _HEADING, _STAR = 32, 28, 28
_STARRED = Qt.ItemDataRole.UserRole + 1


class SourceList(QListWidget):
    """A list with headings. A click on the star of a row, or F with the row current, keeps it as a favourite.

    Signals
    -------
    chosen(str)
        A source to open: another one became current, or the current one was asked for again.
    starred(str, bool)
        A source is a favourite from now on, or is none any more.
    """

    chosen = Signal(str)
    starred = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Data sets")
        self.setAccessibleDescription("Arrows choose a data set, F makes it a favourite.")
        self.stars: dict[bool, QIcon] = {}
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.itemActivated.connect(self._choose)
        self.itemClicked.connect(self._choose)  # the current one again, after another was refused
        self.currentItemChanged.connect(lambda item, _: self._choose(item))
        theme.notifier().changed.connect(self._draw_icons)

    def set_sources(
        self, built_in: Mapping[str, tuple[str, str]], favourites: Sequence[str], recent: Iterable[str], current: str
    ) -> None:
        """List sources under their headings; emits nothing.

        Parameters
        ----------
        built_in : mapping of source to title and description
        """
        self.blockSignals(True)
        place = self.verticalScrollBar().value()
        self.clear()
        marked = set(favourites)
        recent = [source for source in recent if source not in built_in and source not in marked]
        paths = {source: (source_title(source), source) for source in (*favourites, *recent)}
        known = {**paths, **built_in}
        self._add_group("Favourites", {source: known[source] for source in favourites}, True)
        self._add_group("Built in", {s: told for s, told in built_in.items() if s not in marked}, False)
        self._add_group("Recent", {source: known[source] for source in recent}, False)
        self.set_current(current)
        self._draw_icons()
        self.verticalScrollBar().setValue(place)
        self.blockSignals(False)

    def _add_group(self, heading: str, sources: Mapping[str, tuple[str, str]], starred: bool) -> None:
        if not sources:
            return
        title = QListWidgetItem(heading, self)
        title.setFlags(Qt.ItemFlag.NoItemFlags)
        for source, (text, tip) in sources.items():
            item = QListWidgetItem(text, self)
            item.setData(Qt.ItemDataRole.UserRole, source)
            item.setData(_STARRED, starred)
            item.setToolTip(tip)

    def set_current(self, source: str) -> None:
        """Show which source is open; emits nothing."""
        blocked = self.blockSignals(True)
        found = [item for item in self._items() if item.data(Qt.ItemDataRole.UserRole) == source and source]
        self.setCurrentItem(found[0] if found else None)  # pyright: ignore[reportArgumentType]
        self.blockSignals(blocked)
        self.viewport().update()

    def sources(self) -> list[str]:
        """What is listed, from top to bottom."""
        listed = [item.data(Qt.ItemDataRole.UserRole) for item in self._items()]
        return [source for source in listed if source]

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(i) for i in range(self.count())]

    def _draw_icons(self) -> None:
        blocked = self.blockSignals(True)
        for item in self._items():
            if source := item.data(Qt.ItemDataRole.UserRole):
                path = "/" in source or "\\" in source
                name = "data" if not path else "file" if "." in source_title(source) else "folder"
                item.setIcon(theme.icon(name, 16, "dim"))
        self.stars = {True: theme.icon("star-full", 16, "warn"), False: theme.icon("star", 16, "dim")}
        self.blockSignals(blocked)
        self.viewport().update()

    def _choose(self, item: QListWidgetItem | None) -> None:
        source = item.data(Qt.ItemDataRole.UserRole) if item else ""
        if source:
            self.chosen.emit(source)

    # --- favourites ----------------------------------------------------------------------------------

    def star_rect(self, item: QListWidgetItem) -> QRect:
        """Where the star of a row is, in pixels of the viewport."""
        rect = self.visualItemRect(item)
        return QRect(rect.right() - _STAR, rect.top(), _STAR, rect.height())

    def toggle_star(self, item: QListWidgetItem | None) -> None:
        """Make a row a favourite, or an ordinary one again."""
        source = item.data(Qt.ItemDataRole.UserRole) if item else ""
        if item is not None and source:
            self.starred.emit(source, not item.data(_STARRED))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        pos = event.position().toPoint()
        item = self.itemAt(pos)
        if item is not None and event.button() == Qt.MouseButton.LeftButton and self.star_rect(item).contains(pos):
            self.toggle_star(item)
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is None or not self.star_rect(item).contains(event.position().toPoint()):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F and not event.modifiers():
            self.toggle_star(self.currentItem())
        elif event.key() == Qt.Key.Key_Home:  # the first row is a heading, where Qt would stay
            first = [item for item in self._items() if item.data(Qt.ItemDataRole.UserRole)]
            self.setCurrentItem(first[0] if first else None)  # pyright: ignore[reportArgumentType]
        else:
            super().keyPressEvent(event)


class _Delegate(QStyledItemDelegate):
    """Headings are small and quiet; a star stands at the right of favourites and of the row under the mouse."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, _ROW if index.data(Qt.ItemDataRole.UserRole) else _HEADING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        if not index.data(Qt.ItemDataRole.UserRole):
            painter.save()
            painter.setPen(theme.color("dim"))
            font = painter.font()
            font.setPointSize(max(1, theme.SMALL - 1))
            font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            low = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(rect.adjusted(8, 0, -8, -4), low, index.data())
            painter.restore()
            return
        view = self.parent()
        assert isinstance(view, SourceList)
        star = QRect(rect.right() - _STAR, rect.top(), _STAR, rect.height())
        style = view.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, view)  # below the star too
        inner = QStyleOptionViewItem(option)
        inner.rect = rect.adjusted(0, 0, -_STAR, 0)  # pyright: ignore[reportAttributeAccessIssue]
        super().paint(painter, inner, index)
        hovered = view.underMouse() and rect.contains(view.viewport().mapFromGlobal(QCursor.pos()))
        starred = bool(index.data(_STARRED))
        if starred or hovered:
            view.stars[starred].paint(painter, star)
