"""A column of sliders of which only those in sight are made: a thousand of them never hold up a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genstudio.app.widgets.latent_slider import LatentSlider, SliderFacts, row_height

_GAP = 4
_BATCH = 6  # rows made in one turn of the event loop: a third of a frame
_BEYOND = 2  # rows made below and above those in sight, so that Tab finds the next


class LatentRows(QWidget):
    """Rows in the order of their facts.

    Signals
    -------
    moved(int, float)
        Key and value, also while dragging.
    ended()
        A drag, a key or a reset is over.
    removed(int)
        The key of what is to be taken away.
    """

    moved = Signal(int, float)
    ended = Signal()
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: list[SliderFacts] = []
        self._values: Mapping[int, float] = {}
        self._made: dict[int, LatentSlider] = {}  # by their place in the column
        self._fresh: set[int] = set()  # those that show the facts and values of now
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._refresh)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(0)

    def __len__(self) -> int:
        return len(self._facts)

    def row(self, place: int) -> LatentSlider:
        """The row at a place, made if it was not in sight yet."""
        if place not in self._fresh:
            self._bind(place)
        return self._made[place]

    def set_facts(self, facts: Sequence[SliderFacts], values: Mapping[int, float]) -> None:
        """Show these rows and no others; `values` by key, the base where a key is missing."""
        self._facts, self._values = list(facts), values
        self._fresh.clear()
        for place, row in self._made.items():
            row.setVisible(place < len(facts))
        self.setFixedHeight(max(0, len(facts) * self._step() - _GAP))
        self._refresh()

    def set_values(self, values: Mapping[int, float]) -> None:
        """Show other values, by key."""
        self._values = values
        seen = self._fresh.intersection(self._in_sight())
        for place in seen:
            key = self._facts[place].key
            self._made[place].set_value(values.get(key, self._facts[place].base))
        self._fresh = seen

    def set_bases(self, bases: Mapping[int, float]) -> None:
        """Where reset goes back to, by key; of those that are missing it stays."""
        self._facts = [facts.at_base(bases.get(facts.key, facts.base)) for facts in self._facts]
        seen = self._fresh.intersection(self._in_sight())
        for place in seen:
            self._made[place].set_base(self._facts[place].base)
        self._fresh = seen

    def is_held(self) -> bool:
        """Whether the person is dragging one of them."""
        return any(row.is_held() for row in self._made.values())

    # --- only those in sight ---------------------------------------------------------------------------

    def _step(self) -> int:
        return row_height(self.fontMetrics()) + _GAP

    def _in_sight(self, area: QRect | None = None) -> range:
        """Places in an area, or in all that is visible of this widget."""
        area = self.visibleRegion().boundingRect() if area is None else area
        if area.isEmpty():
            return range(0)
        step = self._step()
        return range(max(0, area.top() // step - _BEYOND), min(len(self._facts), area.bottom() // step + 1 + _BEYOND))

    def _refresh(self) -> None:
        stale = [place for place in self._in_sight() if place not in self._fresh]
        for place in stale[:_BATCH]:
            self._bind(place)
        if len(stale) > _BATCH:
            self._timer.start()
        else:
            self._timer.stop()

    def _bind(self, place: int) -> None:
        facts = self._facts[place]
        value = self._values.get(facts.key, facts.base)
        if place in self._made:
            self._made[place].set_facts(facts, value)
        else:
            self._made[place] = self._new_row(place, facts, value)
        self._fresh.add(place)

    def _new_row(self, place: int, facts: SliderFacts, value: float) -> LatentSlider:
        row = LatentSlider(facts, value, self)
        row.moved.connect(self.moved)
        row.ended.connect(self.ended)
        row.removed.connect(self.removed)
        row.setGeometry(0, place * self._step(), self.width(), self._step() - _GAP)
        before = max((other for other in self._made if other < place), default=-1)
        if before >= 0:
            QWidget.setTabOrder(self._made[before].last_stop(), row.slider)
        row.show()
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing of its own; what comes into sight is made in the next turn."""
        if not self._timer.isActive() and not self._fresh.issuperset(self._in_sight(event.rect())):
            self._timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for row in self._made.values():
            row.resize(self.width(), row.height())
