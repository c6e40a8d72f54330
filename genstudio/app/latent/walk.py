"""Where one stands in the latent space, where one has been, and what one has pinned there."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from genstudio.engine.latent.place import Place

_MOST = 1000  # places that can be gone back to
MOST_PINS = 26
ON_MAP = "on the map"  # how one comes to a place by pointing at it


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """A place in the history, and how one came there: "map", "dimension 7"."""

    place: Place
    how: str


class Walk(QObject):
    """One place at a time, with undo and redo; a drag is one step of the history, however many places it passes.

    Signals
    -------
    moved(Place)
        One stands elsewhere.
    history_changed()
        Whether one can go back or forth may have changed.
    pins_changed()
    """

    moved = Signal(object)
    history_changed = Signal()
    pins_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.place: Place | None = None
        self.how = ""
        self.pins: list[Place] = []
        self._past: list[Stop] = []
        self._future: list[Stop] = []
        self._start: Stop | None = None  # where the drag under way began

    def clear(self) -> None:
        """Another model: nothing of before is of use."""
        self.place, self._start = None, None
        self._past, self._future = [], []
        self.pins = []
        self.pins_changed.emit()
        self.history_changed.emit()

    # --- walking -------------------------------------------------------------------------------------

    def go(self, place: Place, how: str) -> None:
        """Stand at `place`; one can go back to where one stood."""
        self.pass_by(place, how)
        self.settle()

    def pass_by(self, place: Place, how: str) -> None:
        """Stand at `place` in the middle of a drag; `settle` ends it."""
        if place.same(self.place):
            return
        if self._start is None and self.place is not None:
            self._start = Stop(self.place, self.how)
        self.place, self.how = place, how
        self.moved.emit(place)

    def settle(self) -> None:
        """A drag has ended: one step back leads to where it began."""
        start, self._start = self._start, None
        if start is None or start.place.same(self.place):
            return
        self._past = [*self._past, start][-_MOST:]
        self._future = []
        self.history_changed.emit()

    # --- back and forth ------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def undo(self) -> None:
        """Go back to where one stood before."""
        self.settle()
        self._shift(self._past, self._future)

    def redo(self) -> None:
        """Go where one went back from."""
        self._shift(self._future, self._past)

    def _shift(self, source: list[Stop], target: list[Stop]) -> None:
        if not source or self.place is None:
            return
        target.append(Stop(self.place, self.how))
        stop = source.pop()
        self.place, self.how = stop.place, stop.how
        self.moved.emit(stop.place)
        self.history_changed.emit()

    # --- pins ----------------------------------------------------------------------------------------

    def pin(self, place: Place) -> bool:
        """Keep a place under the next letter; False when the alphabet is used up."""
        if len(self.pins) >= MOST_PINS:
            return False
        self.pins.append(place)
        self.pins_changed.emit()
        return True

    def unpin(self, index: int) -> None:
        """Let a pin go; those after it move up one letter."""
        if 0 <= index < len(self.pins):
            del self.pins[index]
            self.pins_changed.emit()

    def order_pins(self, order: list[int]) -> None:
        """Bring the pins into another order: the old index of each."""
        if sorted(order) == list(range(len(self.pins))):
            self.pins = [self.pins[index] for index in order]
            self.pins_changed.emit()


def letter(index: int) -> str:
    """The name of a pin: A, B, C ..."""
    return chr(ord("A") + index)
