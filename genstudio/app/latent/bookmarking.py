"""Bookmarks of the run in sight: listed, added, renamed, removed, brought back; reading and writing off the window's
thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_places import Listed, PlacesPanel
from genstudio.app.work import Work
from genstudio.core.errors import GenStudioError

if TYPE_CHECKING:
    from genstudio.engine.latent.bookmarks import Bookmark, Bookmarks


class Bookmarking(QObject):
    """Keeps the panel as the run's file is.

    Signals
    -------
    told(str)
        What could not be done.
    """

    told = Signal(str)

    def __init__(self, sight: Sight, desk: Desk, work: Work, walk: Walk, panel: PlacesPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._sight, self._desk, self._work, self._walk, self._panel = sight, desk, work, walk, panel
        self._kept: Bookmarks | None = None
        self._shown: list[Bookmark] = []
        self._removed = 0  # that can be brought back
        sight.changed.connect(self._begin)
        panel.add_asked.connect(self.add)
        panel.chosen.connect(self._go)
        panel.renamed.connect(self._rename)
        panel.removed.connect(self._remove)
        panel.restore_asked.connect(self._restore)

    def _begin(self) -> None:
        self._kept, self._removed, path = None, 0, self._sight.path
        self._show([])
        if path is not None and self._sight.explorer is not None:
            from genstudio.engine.latent.bookmarks import Bookmarks

            self._kept = Bookmarks(path)
            self._do(lambda _: None)

    def add(self) -> None:
        """Keep the place where one stands."""
        kept, place = self._kept, self._walk.place
        if kept is not None and place is not None:
            self._desk.ask("bookmark", lambda e: kept.add(e, place), lambda _: self._do(lambda _: None))

    def _go(self, row: int) -> None:
        explorer = self._sight.explorer
        if explorer is None or not 0 <= row < len(self._shown):
            return
        bookmark = self._shown[row]
        try:
            place = bookmark.place(explorer.labels)
        except GenStudioError as error:
            self.told.emit(str(error))
            return
        if bookmark.fingerprint != explorer.fingerprint():
            self.told.emit(
                f"“{bookmark.name}” was kept at step {bookmark.step:,}; the model is at step {explorer.step:,} now "
                "and may draw something else there."
            )
        self._walk.go(place, f"bookmark “{bookmark.name}”")

    def _rename(self, row: int, name: str) -> None:
        key = self._shown[row].key
        self._do(lambda kept: kept.rename(key, name))

    def _remove(self, row: int) -> None:
        key = self._shown[row].key
        self._removed += 1
        self._do(lambda kept: kept.remove(key))

    def _restore(self) -> None:
        self._removed = max(0, self._removed - 1)
        self._do(lambda kept: kept.undo())

    def _do(self, change: Callable[[Bookmarks], Any]) -> None:
        """Change the file, then show what it holds; also when the change was refused."""
        kept = self._kept
        if kept is None:
            return

        def work() -> tuple[Bookmarks, list[Bookmark], GenStudioError | None]:
            try:
                change(kept)
            except GenStudioError as error:
                return kept, kept.all(), error
            return kept, kept.all(), None

        self._work.start("bookmarks", work, self._done)

    def _done(self, found: tuple[Bookmarks, list[Bookmark], GenStudioError | None]) -> None:
        kept, listed, error = found
        if kept is not self._kept:
            return
        self._show(listed)
        for note in kept.notes:
            self.told.emit(note)
        kept.notes.clear()
        if error is not None:
            self.told.emit(str(error))

    def _show(self, listed: list[Bookmark]) -> None:
        self._shown = listed
        self._panel.show_places([_listed(bookmark) for bookmark in listed], self._removed > 0)


def _listed(bookmark: Bookmark) -> Listed:
    note = f"{bookmark.name}\nstep {bookmark.step:,} · {bookmark.created[:16].replace('T', ' ')}"
    return Listed(bookmark.name, QImage.fromData(bookmark.png()), note)
