"""What can be done with a picture, wherever it is shown: copy, save, drag out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QGuiApplication, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from genstudio.app.widgets import files, picture_files
from genstudio.app.widgets.pictures import Pictures
from genstudio.core.errors import GenStudioError

_THUMB = 96  # side of what is seen under the mouse while dragging


class PictureActions:
    """Actions on the current picture of a widget.

    Parameters
    ----------
    owner : QWidget
        Dialogs and drags belong to it.
    what : callable
        Gives the pictures and the index of the current one, -1 when there is none.
    problem : callable
        Is told, in a sentence, what could not be done.
    """

    def __init__(
        self,
        owner: QWidget,
        what: Callable[[], tuple[Pictures, int]],
        problem: Callable[[str], None],
    ) -> None:
        self._owner, self._what, self._problem = owner, what, problem
        self._folder = picture_files.DragFolder()

    def mime(self) -> QMimeData | None:
        """The current picture as image and as PNG file, for a drop elsewhere."""
        pictures, index = self._what()
        if index < 0:
            return None
        try:
            return picture_files.mime(pictures, index, self._folder.path())
        except (GenStudioError, OSError) as error:
            self._problem(str(error))
            return None

    def drag(self) -> None:
        """Let the user carry the current picture out of the window; returns after the drop."""
        data = self.mime()
        if data is None:
            return
        pictures, index = self._what()
        image = picture_files.to_image(picture_files.together(pictures, index))
        drag = QDrag(self._owner)
        drag.setMimeData(data)
        drag.setPixmap(QPixmap.fromImage(image.scaled(_THUMB, _THUMB, Qt.AspectRatioMode.KeepAspectRatio)))
        drag.setHotSpot(QPoint(-8, -8))
        drag.exec(Qt.DropAction.CopyAction)

    def copy(self) -> None:
        """Put the current picture on the clipboard."""
        pictures, index = self._what()
        if index >= 0:
            QGuiApplication.clipboard().setMimeData(picture_files.mime(pictures, index))

    def ask_save(self) -> None:
        """Ask where to save the current picture, without stopping anything."""
        pictures, index = self._what()
        if index < 0:
            self._problem("There is no picture to save: choose one first.")
        else:
            # what is saved is what was seen when the question was asked
            files.ask_where(
                self._owner, "Save picture", pictures.file_name(index),
                lambda path: self._try(picture_files.save, pictures, index, Path(path)),
            )  # fmt: skip

    def ask_save_all(self) -> None:
        """Ask where to save all pictures as one grid."""
        pictures, _ = self._what()
        files.ask_where(
            self._owner, "Save pictures", pictures.file_name(),
            lambda path: self._try(picture_files.save_grid, pictures, Path(path)),
        )  # fmt: skip

    def _try(self, save: Callable[..., None], *arguments: object) -> None:
        try:
            save(*arguments)
        except GenStudioError as error:
            self._problem(str(error))

    def key(self, event: QKeyEvent) -> bool:
        """Do what the pressed keys ask for; False when that is nothing."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Save):
            self.ask_save()
        else:
            return False
        return True

    def fill(self, menu: QMenu) -> None:
        """Add the actions to a context menu."""
        pictures, index = self._what()
        one = index >= 0
        menu.addAction("Copy", QKeySequence.StandardKey.Copy, self.copy).setEnabled(one)
        menu.addAction("Save picture…", QKeySequence.StandardKey.Save, self.ask_save).setEnabled(one)
        count = picture_files.grid_count(pictures)
        if count > 1:
            whole = "all" if count == len(pictures) else f"first {count:,}"
            menu.addAction(f"Save {whole} as grid…", self.ask_save_all)
