"""Where one stands in the latent space: the picture there, large, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from genstudio.app.widgets.card import Card
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.elided import ElidedLabel
from genstudio.app.widgets.flow import FlowLayout
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.tool import Tool
from genstudio.core.events import Images

_EMPTY = "Move over the map with the mouse, or press the dice."
NO_LABEL_TEXT = "no label"


class Here(Card):
    """The picture of the place, beside the person's own one while there is one.

    Attributes
    ----------
    gallery : Gallery
        Holds the one picture: it can be enlarged, saved with its place, and dragged out.
    tools : dict of name to Tool

    Signals
    -------
    asked(str)
        "pin", "bookmark", "random", "own", "undo", "redo", "paste", "python", "code" or "forget".
    label_chosen(int)
        -1 for none.
    stop_asked()
        The search for the own picture has gone on for long enough.
    problem(str)
    """

    asked = Signal(str)
    label_chosen = Signal(int)
    stop_asked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Here", parent)
        self.gallery = Gallery()
        self.gallery.set_empty_text(_EMPTY)
        self.where, self.error = ElidedLabel(), ElidedLabel()
        self.label, self.label_title = ChoiceField(), QLabel("Label")
        self.tools = {
            "undo": Tool("undo", "Go back", "Go back to where you stood before (Ctrl+Z)"),
            "redo": Tool("redo", "Go forth", "Go where you went back from (Ctrl+Shift+Z)"),
            "random": Tool("dice", "Random place", "Go to a place that the model draws by itself (Ctrl+Shift+R)"),
            "pin": Tool("pin", "Pin", "Pin this place under the next letter; paths lead from pin to pin (Ctrl+D)"),
            "bookmark": Tool("star", "Bookmark", "Keep this place in the run (Ctrl+B)"),
            "own": Tool(
                "open", "Own picture", "Look for a picture of your own in what the model has learnt (Ctrl+I)"
            ),
        }
        tip = "Copy this place as code or as Python, paste a code, put your own picture away"
        self.more, self.stop = Tool("more", "More with this place", tip), QPushButton("Stop")
        self._lay_out()
        self.gallery.problem.connect(self.problem)
        for key, tool in self.tools.items():
            tool.clicked.connect(lambda _=False, key=key: self.asked.emit(key))
        self.label.activated.connect(lambda index: self.label_chosen.emit(index - 1))
        self.stop.clicked.connect(self.stop_asked)
        self.set_searching(False)
        self.set_labels(())
        self.set_history(undo=False, redo=False)
        self.show_nothing()

    def _lay_out(self) -> None:
        for label in (self.where, self.error):
            label.setProperty("role", "dim")
        self.gallery.setMinimumSize(96, 96)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        self.actions_by_name: dict[str, QAction] = {}
        for key, text in (
            ("python", "Copy as Python"),
            ("code", "Copy code"),
            ("paste", "Paste code or picture"),
            ("forget", "Put own picture away"),
        ):
            action = menu.addAction(text)
            action.triggered.connect(lambda _=False, key=key: self.asked.emit(key))
            self.actions_by_name[key] = action
        self.more.setMenu(menu)
        row = FlowLayout(spacing=4)
        for tool in (*self.tools.values(), self.more):
            row.addWidget(tool)
        labels = QHBoxLayout()
        labels.setSpacing(8)
        labels.addWidget(self.label_title)
        labels.addWidget(self.label, 1)
        self.label.setAccessibleName("Label that the picture is drawn with")
        self.label.setToolTip("This model draws by label: which one the picture here is to be of")
        words = QGridLayout()
        words.setVerticalSpacing(2)
        words.setHorizontalSpacing(8)
        words.setColumnStretch(0, 1)
        words.addWidget(self.where, 0, 0)
        words.addWidget(self.error, 1, 0)
        words.addWidget(self.stop, 0, 1, 2, 1)
        self.stop.setToolTip("Look no longer for your picture; the nearest one so far is kept")
        self.add(self.gallery, 1)
        self.add(words)
        self.add(labels)
        self.add(row)

    def sizeHint(self) -> QSize:
        return QSize(280, 340)

    # --- what is shown -------------------------------------------------------------------------------

    def show_picture(
        self, picture: Images, own: Images | None, caption: str, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Show what is drawn here: uint8 [H, W, C], beside the person's `own` picture where there is one."""
        if own is None:
            self.gallery.set_images(picture[None], None, caption, facts=[facts])
        else:
            both, names = np.stack([own, picture]), ("your picture", "here")
            self.gallery.set_images(both, None, caption, names, [None, facts], 2)
        last = len(self.gallery.pictures) - 1
        if self.gallery.current() != last:
            self.gallery.set_current(last)
        self._enable(True)

    def show_words(self, where: str, error: str = "") -> None:
        """How one came here, and how far the picture is from one's own, which takes no room when it is empty."""
        self.where.setText(where)
        self.error.setText(error)
        self.error.setVisible(bool(error))

    def show_nothing(self, text: str = _EMPTY) -> None:
        """There is no model, or one stands nowhere yet."""
        self.gallery.set_images(NO_PICTURES)
        self.gallery.set_empty_text(text)
        self.show_words("")
        self._enable(False)

    def _enable(self, there: bool) -> None:
        for key in ("pin", "bookmark"):
            self.tools[key].setEnabled(there)
        for key in ("python", "code"):
            self.actions_by_name[key].setEnabled(there)

    def set_can_look(self, possible: bool) -> None:
        """Whether there is a model at all."""
        for key in ("random", "own"):
            self.tools[key].setEnabled(possible)
        self.more.setEnabled(possible)

    def set_history(self, undo: bool, redo: bool) -> None:
        """Whether one can go back and forth."""
        self.tools["undo"].setEnabled(undo)
        self.tools["redo"].setEnabled(redo)

    def set_own(self, there: bool) -> None:
        """Whether a picture of the person's own stands above."""
        self.actions_by_name["forget"].setEnabled(there)
        if not there:
            self.show_words(self.where.text())

    def set_searching(self, searching: bool) -> None:
        """Whether the own picture is being looked for."""
        self.stop.setVisible(searching)

    def set_labels(self, names: Sequence[str], current: int = -1) -> None:
        """Labels that the model draws by; none hides the choice."""
        self.label.clear()
        self.label.addItems([NO_LABEL_TEXT, *names])
        self.label.setCurrentIndex(current + 1)
        for part in (self.label, self.label_title):
            part.setVisible(bool(names))
