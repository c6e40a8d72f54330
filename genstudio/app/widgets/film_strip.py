"""Paths through pins: the pins, the film between them, arithmetic with them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.film_player import FilmPlayer
from genstudio.app.widgets.number_field import NumberField
from genstudio.app.widgets.pin_row import PinRow
from genstudio.app.widgets.place_mime import Carried
from genstudio.app.widgets.segments import Segments
from genstudio.app.widgets.sum_row import SumRow
from genstudio.app.widgets.tool import Tool
from genstudio.core.config import Knob
from genstudio.core.events import Images

_FRAMES = Knob("frames", "int", 24, 2, 500, (), "Frames", "Pictures along the path, pins included.", "frames", "log")
_PACE = Knob(
    "fps", "int", 12, 1, 50, (), "Pace", "Frames a second, here and in the film that is saved.", "fps", "log"
)
_FORMS = (
    (".gif", "Film (GIF) …"),
    (".mp4", "Film (MP4) …"),
    (".png", "Strip of pictures (PNG) …"),
    (".npz", "Codes and frames (NPZ) …"),
)


class FilmStrip(QWidget):
    """Knows pictures and numbers only: whoever owns it draws what it asks for.

    Attributes
    ----------
    pins : PinRow
    player : FilmPlayer
    sums : SumRow
        A − B + C.

    Signals
    -------
    pin_asked()
        Pin the place where one stands.
    pin_removed(int)
    pins_ordered(list)
        Numbers of the pins in the order that they should have.
    pin_chosen(int)
        Go there.
    pin_dropped(dict)
        A place was carried here, a `Carried`: pin it.
    path_changed(str, int, bool)
        Kind ("linear" or "spherical"), frames and whether it is a loop are others: draw the path anew.
    frame_changed(int)
        Show this frame, large.
    export_asked(str)
        Save the path as ".gif", ".mp4", ".png" or ".npz".
    arithmetic_asked(object, object, object)
        Draw A − B + C: each an int, the number of a pin, or a `Carried`.
    """

    pin_asked = Signal()
    pin_removed = Signal(int)
    pins_ordered = Signal(list)
    pin_chosen = Signal(int)
    pin_dropped = Signal(dict)
    path_changed = Signal(str, int, bool)
    frame_changed = Signal(int)
    export_asked = Signal(str)
    arithmetic_asked = Signal(object, object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pins, self.player, self.sums = PinRow(), FilmPlayer(), SumRow()
        self.kinds, self.frames, self.pace = Segments("Kind of path"), NumberField(_FRAMES), NumberField(_PACE)
        self.loop = Tool("refresh", "Loop", "Loop: go on from the last pin to the first")
        self.save = Tool("export", "Save the path", "Save the path as a film, a strip of pictures, or codes")
        self.fold = Tool("chevron-down", "Fold the path", "Show or hide pins and film, to have more room for the map")
        self._make_controls()
        self._lay_out()
        self._connect()
        self.set_export_ready(False)

    def _make_controls(self) -> None:
        self.pins.setToolTip("Click a pin to go there, drag it to another place in the row, Delete removes it")
        self.kinds.set_choices({"linear": "Linear", "spherical": "Spherical"}, "linear")
        self.kinds.buttons["linear"].setToolTip("Straight from pin to pin: for the codes of an encoder")
        self.kinds.buttons["spherical"].setToolTip("Along the sphere that noise lies on: for GANs and flows")
        self.loop.setCheckable(True)
        for field, knob, width in ((self.frames, _FRAMES, 104), (self.pace, _PACE, 80)):
            field.setAccessibleName(f"{knob.label}, {knob.unit}")
            field.setToolTip(knob.describe())
            field.setFixedWidth(width)

    def _lay_out(self) -> None:
        first, last = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(16)
        first.addWidget(self.pins, 1)
        first.addWidget(self.sums, 0, Qt.AlignmentFlag.AlignVCenter)
        last.setSpacing(8)
        for widget in (self.kinds, self.frames, self.pace, self.loop):
            last.addWidget(widget)
        last.addStretch(1)
        last.addWidget(self.save)
        last.addWidget(self.fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(first)
        column.addWidget(self.player)
        column.addLayout(last)

    def _connect(self) -> None:
        for mine, theirs in (
            (self.pins.asked, self.pin_asked),
            (self.pins.removed, self.pin_removed),
            (self.pins.ordered, self.pins_ordered),
            (self.pins.chosen, self.pin_chosen),
            (self.pins.dropped, self.pin_dropped),
            (self.player.frame_changed, self.frame_changed),
            (self.sums.asked, self.arithmetic_asked),
        ):
            mine.connect(theirs)
        self.kinds.chosen.connect(lambda _: self._tell())
        self.frames.committed.connect(lambda _: self._tell())
        self.loop.toggled.connect(self._loop_toggled)
        self.pace.committed.connect(lambda _: self._set_pace())
        self.fold.clicked.connect(lambda: self.set_folded(not self.folded))
        self.save.clicked.connect(lambda: self.menu().popup(self.save.mapToGlobal(QPoint(0, self.save.height()))))

    # --- what is shown -------------------------------------------------------------------------------

    def set_pins(self, images: Images, names: Sequence[str], places: Sequence[Carried] = ()) -> None:
        """Show these pins.

        Parameters
        ----------
        images : uint8 [P, H, W, C]
        names : sequence of str
            P letters; terms of the arithmetic follow theirs.
        places : sequence of Carried
            What is carried when a pin is dragged away, beside its number.
        """
        self.pins.set_pins(images, names, places)
        self.sums.set_pins(self.pins.names, self.pins.images)

    def set_frames(self, images: Images) -> None:
        """Show the frames of the path, uint8 [F, H, W, C], not copied; none while there is no path."""
        self.player.set_frames(images)
        self.set_export_ready(len(images) > 0)

    def set_result(self, image: Images | None) -> None:
        """Show what came out of A − B + C: uint8 [H, W, C]."""
        self.sums.set_result(image)

    def set_kind(self, kind: str) -> None:
        """The path that suits the model, "linear" or "spherical"; emits nothing."""
        self.kinds.set_current(kind)

    def set_export_ready(self, ready: bool) -> None:
        """Whether there is something to save."""
        self.save.setEnabled(ready)

    @property
    def folded(self) -> bool:
        """Whether only the line of controls is in sight."""
        return self.player.isHidden()

    def set_folded(self, folded: bool) -> None:
        """Show only the line of controls, or everything."""
        for part in (self.pins, self.sums, self.player):
            part.setVisible(not folded)
        theme.set_icon(self.fold, "chevron-up" if folded else "chevron-down", 16)

    def path(self) -> tuple[str, int, bool]:
        """Kind, frames and loop, as `path_changed` tells them."""
        return self.kinds.current(), int(self.frames.value()), self.loop.isChecked()

    def fps(self) -> float:
        """Frames a second."""
        return float(self.pace.value())

    def menu(self) -> QMenu:
        """The forms that a path can be saved in; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for suffix, text in _FORMS:
            menu.addAction(text, lambda suffix=suffix: self.export_asked.emit(suffix))
        return menu

    def _tell(self) -> None:
        self.path_changed.emit(*self.path())

    def _loop_toggled(self) -> None:
        self._set_pace()
        self._tell()

    def _set_pace(self) -> None:
        self.player.set_pace(self.fps(), self.loop.isChecked())
