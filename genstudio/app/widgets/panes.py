"""Cards side by side or above each other, with a gap that can be dragged."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QWidget

GAP = 12


class Panes(QSplitter):
    """A splitter whose proportions hold from its first show on.

    Set before a page has its size, they would be bent by the smallest size of each part.

    Parameters
    ----------
    shares : sequence of int
        How the room is divided, one number a part.
    """

    def __init__(self, orientation: Qt.Orientation, shares: Sequence[int], parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self._shares = tuple(shares)
        self._shown = False
        self.setHandleWidth(GAP)
        self.setChildrenCollapsible(False)

    def shares(self) -> list[int]:
        """How the room is divided now."""
        return self.sizes() if self._shown else list(self._shares)

    def set_shares(self, shares: Sequence[int]) -> None:
        """Divide the room like this; ignored unless there is one positive number a part."""
        if len(shares) == len(self._shares) and min(shares) > 0:
            self._shares = tuple(shares)
            if self._shown:
                self.setSizes(shares)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            self.setSizes(self._shares)
