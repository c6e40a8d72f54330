"""Pictures beside the place where one stands: its neighbours in the data, a selection, a traversal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
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
        self.galleries = {key: Gallery() for key in TABS}
        self._notes = dict.fromkeys(TABS, "")
        self.tabs.set_choices(TABS, "neighbours")
        self.add_first(self.tabs)
        self.show_title(False)
        for key, gallery in self.galleries.items():
            gallery.set_empty_text(_EMPTY[key])
            gallery.setMinimumSize(120, 72)
            gallery.problem.connect(self.problem)
            gallery.current_changed.connect(lambda index, key=key: self._current(key, index))
            self._stack.addWidget(gallery)
        self.add(self._stack, 1)
        self.tabs.chosen.connect(self.turn_to)
        self._filling = False

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
        """Show these pictures in a tab, of which none is the current one."""
        self._filling = True
        gallery = self.galleries[key]
        gallery.set_images(images, None, caption, labels, columns=columns)
        gallery.set_current(-1)
        self._filling = False
        self._notes[key] = note
        if self.tabs.current() == key:
            self.set_note(note)

    def clear(self) -> None:
        """Forget all pictures."""
        for key in TABS:
            self.show_pictures(key, NO_PICTURES, "")

    def _current(self, key: str, index: int) -> None:
        if index >= 0 and not self._filling:
            self.chosen.emit(key, index)
