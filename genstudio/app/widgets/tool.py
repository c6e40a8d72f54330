"""A quiet button with an icon."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from genstudio.app import theme


class Tool(QToolButton):
    """An icon that can be pressed, by Tab and Space too.

    Parameters
    ----------
    icon : str
        One of ours.
    name : str
        Accessible name.
    tip : str
        What it does, in a sentence, with its keys.
    """

    def __init__(self, icon: str, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(16, 16))
        theme.set_icon(self, icon, 16)
