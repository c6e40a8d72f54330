"""The queue on the Runs page: what waits, in which order, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.queue_list import QueueList
from genstudio.engine.queue import Item


class QueueCard(Card):
    """Hidden while the queue is empty.

    Signals
    -------
    start_asked(), pause_asked()
        The queue is to go on by itself, or not any more.
    ordered(list of int), removed(int), cleared()
    opened(str)
        A run folder.
    """

    start_asked = Signal()
    pause_asked = Signal()
    cleared = Signal()
    ordered = Signal(list)
    removed = Signal(int)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Queue", parent)
        self.list = QueueList()
        self.start = _button("Start queue", "play", "Train what waits, one run after the other")
        self.pause = _button("Pause queue", "pause", "Begin no further run; the one that trains goes on")
        self.clear = _button("Clear finished", "", "Take away what has had its turn; the runs stay")
        self.up = _tool("Up", "chevron-up", "Move the chosen run up (Alt+Up)")
        self.down = _tool("Down", "chevron-down", "Move the chosen run down (Alt+Down)")
        self.remove = _tool("Remove", "close", "Take the chosen run out of the queue (Del); its run folder stays")
        for button in (self.up, self.down, self.remove, self.clear, self.start, self.pause):
            self.add_control(button)
        self.add(self.list)
        stops = (self.up, self.down, self.remove, self.clear, self.start, self.pause, self.list)
        for before, after in pairwise(stops):  # as they stand
            QWidget.setTabOrder(before, after)
        self.start.clicked.connect(self.start_asked)
        self.pause.clicked.connect(self.pause_asked)
        self.up.clicked.connect(lambda: self.list.move_by(-1))
        self.down.clicked.connect(lambda: self.list.move_by(1))
        self.remove.clicked.connect(self.list.remove_chosen)
        self.clear.clicked.connect(self.cleared)
        self.list.ordered.connect(self.ordered)
        self.list.removed.connect(self.removed)
        self.list.opened.connect(self.opened)
        self.list.currentRowChanged.connect(lambda _: self._enable())
        self.set_items((), active=False, training=False)

    def set_items(self, items: Sequence[Item], active: bool, training: bool) -> None:
        """Show the queue.

        Parameters
        ----------
        active : bool
            Whether it goes on by itself.
        training : bool
            Whether something trains now.
        """
        waiting = sum(item.waits for item in items)
        self.list.set_items(items)
        self.setVisible(bool(items))
        when = "" if not waiting else self._when(active, training)
        self.set_note(f"{waiting:,} waiting{when}")
        self._swap(active)
        self.start.setEnabled(waiting > 0)
        self.clear.setEnabled(any(not item.waits and item.state != "training" for item in items))
        self._enable()

    def _swap(self, active: bool) -> None:
        """One of Start and Pause; the focus goes with it rather than to the next button."""
        shown, hidden = (self.pause, self.start) if active else (self.start, self.pause)
        shown.show()
        if hidden.hasFocus():
            shown.setFocus()
        hidden.hide()

    def _when(self, active: bool, training: bool) -> str:
        if active:
            return " · the next one begins when this run ends" if training else ""
        return " · not started"

    def _enable(self) -> None:
        item, row = self.list.chosen_item(), self.list.currentRow()
        self.up.setEnabled(item is not None and row > 0)
        self.down.setEnabled(item is not None and row < self.list.count() - 1)
        self.remove.setEnabled(item is not None and item.state != "training")


def _button(text: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    if icon:
        theme.set_icon(button, icon)
    return button


def _tool(name: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    theme.set_icon(button, icon, 16, "dim")
    return button
