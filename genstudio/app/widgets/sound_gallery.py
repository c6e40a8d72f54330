"""A wall of sounds, drawn as waveforms or spectrograms, that are played where a picture would be enlarged."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QWidget

from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.pictures import Pictures

_FEW = 24


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSounds(Pictures):
    """Pictures of sounds, which are called sounds."""

    def title(self, index: int) -> str:
        label = self.labels[index] if self.labels is not None else None
        return f"sound {index + 1:,} of {len(self):,}" + (f": {label}" if label else "")


class SoundGallery(Gallery):
    """Space, Enter or a double-click plays the current sound; everything else is as in a gallery of pictures.

    Signals
    -------
    play_asked()
        The current sound is to be heard, or to stop.
    """

    play_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_empty_text("No sounds.")

    def show_pictures(self, pictures: Pictures) -> None:
        """Show these, as sounds; many of them in their own size, a few as large as there is room."""
        if len(pictures) != len(self.pictures):
            self._zoom = 1 if len(pictures) > _FEW else None
        p = pictures
        super().show_pictures(DrawnSounds(p.images, p.inputs, p.caption, p.labels, p.facts, p.columns))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.play_asked.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.item_at(event.position().toPoint()) >= 0:
            self.play_asked.emit()

    def menu(self) -> QMenu:
        """As for pictures, with playing first."""
        menu = super().menu()
        play = menu.addAction("Play or stop", Qt.Key.Key_Space, self.play_asked.emit)
        play.setEnabled(self.current() >= 0)
        menu.insertAction(menu.actions()[0], play)
        return menu
