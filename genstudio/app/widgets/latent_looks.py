"""Pictures beside the place where one stands: its neighbours in the data, a selection, a traversal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from genstudio.app.widgets.card import Card
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.stacked import Stacked
from genstudio.core.events import Images

TABS = {"neighbours": "Neighbours", "selection": "Selected", "traversal": "Grid"}
_EMPTY = {
    "neighbours": "The pictures of the data whose codes are nearest appear here.",
    "selection": "Choose Box or Lasso below the map and draw around points: their pictures appear here.",
    "traversal": "“Traversal grid” at the right shows what each dimension does, a row each.",
}


class _Walkable(Gallery):
    """Tells of pictures that somebody went to by a click or a key; coming in by Tab is no step.

    Signals
    -------
    went(int)
    """

    went = Signal(int)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.current() >= 0:
            self.went.emit(self.current())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.current()
        super().keyPressEvent(event)
        if self.current() not in (before, -1):
            self.went.emit(self.current())


class Looks(Card):
    """Three galleries behind tabs.

    Signals
    -------
    chosen(str, int)
        Somebody clicked a picture or went to it with the arrows: tab and index.
    problem(str)
    """

    chosen = Signal(str, int)
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pictures", parent)
        self.tabs, self._stack = Segments("Which pictures"), Stacked()
        self.galleries = {key: _Walkable() for key in TABS}
        self._notes = dict.fromkeys(TABS, "")
        self.tabs.set_choices(TABS, "neighbours")
        self.add_first(self.tabs)
        self.show_title(False)
        for key, gallery in self.galleries.items():
            gallery.set_empty_text(_EMPTY[key])
            gallery.setMinimumSize(120, 72)
            gallery.problem.connect(self.problem)
            gallery.went.connect(lambda index, key=key: self.chosen.emit(key, index))
            self._stack.addWidget(gallery)
        self.add(self._stack, 1)
        self.tabs.chosen.connect(self.turn_to)

    def turn_to(self, key: str) -> None:
        """Show this tab."""
        self.tabs.set_current(key)
        self._stack.setCurrentWidget(self.galleries[key])
        self.set_note(self._notes[key])

    def show_pictures(
        self,
        key: str,
        images: Images,
        caption: str,
        note: str = "",
        labels: Sequence[str | None] | None = None,
        columns: int | None = None,
    ) -> None:
        """Show these pictures in a tab; none is the current one unless keys walk there."""
        gallery = self.galleries[key]
        here = gallery.current() if len(images) == len(gallery.pictures) else -1
        gallery.set_images(images, None, caption, labels, columns=columns)
        gallery.set_current(here if gallery.hasFocus() else -1)
        self._notes[key] = note
        if self.tabs.current() == key:
            self.set_note(note)

    def clear(self) -> None:
        """Forget all pictures."""
        for key in TABS:
            self.show_pictures(key, NO_PICTURES, "")
