"""The items of a data set, in each way in which they can be looked at, all on the same current item."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from genstudio.app.widgets.flow import FlowLayout
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.item_detail import ItemDetail
from genstudio.app.widgets.item_filter import ItemFilter
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.point_view import PointView
from genstudio.app.widgets.rows import KeptPictures, PictureRows, PictureSource, Titles
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.sound_gallery import SoundGallery
from genstudio.app.widgets.sound_player import SoundPlayer
from genstudio.app.widgets.text_list import TextList
from genstudio.core.events import Images
from genstudio.data import Dataset
from genstudio.data.display import Spectrograms, Waveforms
from genstudio.data.items import SPLITS

_WORDS = {"image": "Pictures", "audio": "Sounds", "text": "Sentences", "points": "Points"}
_PARTS = {"train": "training part", "validation": "validation part", "test": "test part"}
_NOUNS = {"image": "picture", "audio": "sound", "text": "sentence", "points": "point"}


class DataView(QWidget):
    """Pictures, sounds, sentences or points; with several of them, one is shown and the others told of below.

    Signals
    -------
    counted(int)
        So many items are shown now.
    problem(str)
        A picture could not be saved or a sound not be played; a sentence.
    """

    counted = Signal(int)
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.gallery, self.sounds, self.texts, self.points = Gallery(), SoundGallery(), TextList(), PointView()
        self.modality, self.drawing = Segments("What is shown"), Segments("How sounds are drawn")
        self.filter, self.detail, self.player = ItemFilter(self), ItemDetail(), SoundPlayer(self)
        self._views = {"image": self.gallery, "audio": self.sounds, "text": self.texts, "points": self.points}
        self._stack = QStackedWidget()
        self._data: Dataset | None = None
        self._rows: NDArray[np.int64] | None = None
        self._current = -1  # place among the rows that are shown
        self._lay_out()
        self._connect()
        self.set_data(None)

    def _lay_out(self) -> None:
        for view in self._views.values():
            self._stack.addWidget(view)
        self.modality.set_choices(_WORDS, "image")
        self.drawing.set_choices({"waveform": "Waveform", "spectrogram": "Spectrogram"}, "waveform")
        self.drawing.buttons["waveform"].setToolTip("Draw the loudness over time")
        self.drawing.buttons["spectrogram"].setToolTip("Draw pitch upwards over time, loud as bright")
        controls = FlowLayout()
        for widget in (self.modality, self.drawing, *self.filter.widgets):
            controls.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(controls)
        column.addWidget(self._stack, 1)
        column.addWidget(self.detail)
        choices = [self.filter.all_items, self.filter.label, self.filter.part]
        stops = [*self.modality.buttons.values(), *self.drawing.buttons.values(), *choices]
        stops += [*self._views.values(), self.detail.play, self.detail.text]
        for before, after in pairwise(stops):  # reading order, which is not that in which they were made
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        for view in self._views.values():
            view.current_changed.connect(self.set_current)
        for gallery in (self.gallery, self.sounds):
            gallery.problem.connect(self.problem)
        self.modality.chosen.connect(self._choose)
        self.drawing.chosen.connect(lambda _: self._show_sounds())
        self.filter.changed.connect(self._show_rows)
        self.sounds.play_asked.connect(self.play)
        self.detail.play_asked.connect(self.play)
        self.player.playing_changed.connect(self.detail.set_playing)
        self.player.problem.connect(self.problem)

    # --- what is shown -------------------------------------------------------------------------------

    def set_empty_text(self, text: str) -> None:
        """What stands here while there is no data."""
        self.gallery.set_empty_text(text)

    def set_data(self, data: Dataset | None) -> None:
        """Show a data set, or none. Of the same source, prepared anew, label, part and current item stay."""
        self.player.stop()
        if self._data is None or data is None or data.source != self._data.source:
            self._current = -1
            self.filter.set_data(None)
        self._data = data
        has = data.modalities() if data is not None else ()
        current = self.modality.current()
        current = current if current in has else next(iter(has), "")
        self.modality.set_choices({name: _WORDS[name] for name in has}, current)
        self.modality.setVisible(len(has) > 1)
        self.detail.setVisible(bool(has))
        self.detail.set_parts(sound="audio" in has, text="text" in has)
        self.filter.set_data(data)
        self._show_rows()

    def count(self) -> int:
        """How many items are shown."""
        if self._rows is not None:
            return len(self._rows)
        return len(self._data) if self._data is not None else 0

    def _show_rows(self) -> None:
        """Fill every view with the rows that are wanted."""
        data, self._rows = self._data, self.filter.rows()
        titles = self._titles(data)
        if data is None or not len(data.images):
            self.gallery.set_images(NO_PICTURES)
        else:
            self.gallery.set_images(self._of_rows(data.images), None, data.name, titles)
        self._show_sounds()
        texts: Sequence[str] = data.texts if data is not None and data.texts is not None else ()
        self.texts.set_texts(texts, self._rows if len(texts) else None)
        points = data.points if data is not None and data.points is not None else np.empty((0, 2), np.float32)
        labels = data.labels if data is not None else None
        if self._rows is not None and len(points):
            points, labels = points[self._rows], None if labels is None else labels[self._rows]
        self.points.set_points(points, labels)
        self._choose(self.modality.current())
        self._current = min(self._current, self.count() - 1)
        self._spread()
        self.counted.emit(self.count())

    def _show_sounds(self) -> None:
        data = self._data
        if data is None or data.audio is None:
            self.sounds.set_images(NO_PICTURES)
            return
        drawn = Waveforms(data.audio) if self.drawing.current() == "waveform" else Spectrograms(data.audio)
        self.sounds.set_images(
            self._of_rows(KeptPictures(cast(PictureSource, drawn))), None, data.name, self._titles(data)
        )

    def _of_rows(self, pictures: PictureSource) -> Images:
        """The wanted rows of an array or of what behaves like one, as galleries take them."""
        return cast(Images, pictures if self._rows is None else PictureRows(pictures, self._rows))

    def _titles(self, data: Dataset | None) -> Titles | None:
        if data is None or (data.labels is None and not len(data.names)):
            return None
        return Titles(len(data), data.names, data.labels, data.label_names, self._rows)

    def _choose(self, modality: str) -> None:
        self._stack.setCurrentWidget(self._views.get(modality, self.gallery))
        self.drawing.setVisible(modality == "audio")

    # --- the current item ----------------------------------------------------------------------------

    def row(self) -> int:
        """Row of the current item in the data set, -1 when there is none."""
        if self._current < 0 or self._rows is None:
            return self._current
        return int(self._rows[self._current])

    def set_current(self, index: int) -> None:
        """Make another item the current one in every view; `index` counts what is shown, -1 is none."""
        if index != self._current and index < self.count():
            self._current = index
            self.player.stop()
            self._spread()

    def _spread(self) -> None:
        has = self._data.modalities() if self._data is not None else ()
        for name in has:
            view = self._views[name]
            if view.current() != self._current:
                blocked = view.blockSignals(True)
                view.set_current(self._current)
                view.blockSignals(blocked)
        self._describe(has)

    def _describe(self, has: Sequence[str]) -> None:
        data, row = self._data, self.row()
        if data is None or not has:
            self.detail.show_item("")
            return
        noun = _NOUNS[has[0]] if len(has) == 1 else "item"
        if row < 0:
            self.detail.show_item(f"Choose {'an' if noun == 'item' else 'a'} {noun} to see what it is.")
            return
        parts = [f"{noun.capitalize()} {row + 1:,}"]
        title = Titles(len(data), data.names, data.labels, data.label_names, None)[row]
        parts += [title] if title else []
        if data.parts is not None:
            parts.append(_PARTS[SPLITS[int(data.parts[row])]])
        if data.audio is not None:
            parts.append(f"{int(data.audio.lengths[row]) / data.audio.rate:.2f} s")
        self.detail.show_item(" · ".join(parts), data.texts[row] if data.texts is not None else "", True)

    # --- sound ---------------------------------------------------------------------------------------

    def play(self) -> None:
        """Play the current sound from its start; stop when one plays."""
        data, row = self._data, self.row()
        if self.player.playing:
            self.player.stop()
        elif data is not None and data.audio is not None and row >= 0:
            length = int(data.audio.lengths[row])
            self.player.play(np.asarray(data.audio.samples[row, :length]), data.audio.rate)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.player.stop()  # nobody who left wants to hear it
