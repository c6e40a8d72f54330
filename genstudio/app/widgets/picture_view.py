"""One picture in a window of its own, large, beside what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent, QShortcut, QWheelEvent
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.mosaic_view import MosaicView
from genstudio.app.widgets.picture_actions import PictureActions
from genstudio.app.widgets.pictures import NO_PICTURES, Pictures


class _Canvas(MosaicView):
    """The picture, or input and output; can be dragged out."""

    MOST_SIDE: ClassVar = 4096

    def __init__(self, actions: PictureActions) -> None:
        super().__init__()
        self._actions = actions
        self._pressed: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 160)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self._actions.drag()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()  # keys belong to the window

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions.fill(menu)
        menu.popup(event.globalPos())


class PictureView(QDialog):
    """Arrows walk, + and - and the wheel zoom, 0 fits, Ctrl+S saves, Ctrl+C copies, Esc closes.

    Signals
    -------
    current_changed(int)
        Another picture is shown.
    problem(str)
        Something could not be saved; a sentence for the user.
    """

    current_changed = Signal(int)
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 560)
        self.pictures = Pictures(NO_PICTURES)
        self.index = -1
        self.picture_actions = PictureActions(self, lambda: (self.pictures, self.index), self.problem.emit)
        self.canvas = _Canvas(self.picture_actions)
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("role", "dim")
        self._title.setWordWrap(True)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self._title, 1)
        self.buttons = [
            self._button("‹", "Previous picture (Left)", partial(self.step, -1)),
            self._button("›", "Next picture (Right)", partial(self.step, 1)),
            self._button("zoom-fit", "Fit (0)", partial(self.canvas.set_zoom, None)),
            self._button("copy", "Copy (Ctrl+C)", self.picture_actions.copy),
            self._button("save", "Save as PNG (Ctrl+S)", self.picture_actions.ask_save),
        ]
        for button in self.buttons:
            bar.addWidget(button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 16, 16, 12)
        rows.setSpacing(12)
        rows.addWidget(self.canvas, 1)
        rows.addLayout(bar)

        self._bind_keys()
        self.canvas.setFocus()

    def _bind_keys(self) -> None:
        """Shortcuts of the window, because a button that has the focus keeps arrow keys to itself."""
        acts = {
            "Left": partial(self.step, -1),
            "Right": partial(self.step, 1),
            "+": partial(self.canvas.zoom_by, 1),
            "=": partial(self.canvas.zoom_by, 1),
            "-": partial(self.canvas.zoom_by, -1),
            "0": partial(self.canvas.set_zoom, None),
            QKeySequence.StandardKey.Copy: self.picture_actions.copy,
            QKeySequence.StandardKey.Save: self.picture_actions.ask_save,
        }
        for keys, act in acts.items():
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    def _button(self, face: str, tip: str, act: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        if len(face) == 1:
            font = button.font()
            font.setPointSize(theme.TITLE)
            button.setFont(font)
            button.setText(face)
        else:
            theme.set_icon(button, face, 16, "dim")
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setFixedSize(28, 28)
        button.clicked.connect(lambda _: act())
        return button

    def set_pictures(self, pictures: Pictures, index: int | None = None) -> None:
        """Show picture `index` of these; None keeps the one shown, as far as there is one.

        The size stays, so that a picture that learns can be watched closely.
        """
        self.pictures = pictures
        self.index = min(self.index if index is None else index, len(pictures) - 1)
        self._show()

    def step(self, way: int) -> None:
        """To the next (1) or previous (-1) picture, if there is one."""
        target = self.index + way
        if 0 <= target < len(self.pictures):
            self.index = target
            self._show()
            self.current_changed.emit(target)

    def _show(self) -> None:
        if self.index < 0:
            self.close()  # the pictures are gone
            return
        parts = self.pictures.parts(self.index)
        self.canvas.show_pictures(Pictures(np.stack(parts)))
        title = self.pictures.title(self.index)
        self.setWindowTitle(title.capitalize())
        hint = "input, then output" if len(parts) == 2 else ""
        self._title.setText(" · ".join(part for part in (title, hint, self.pictures.caption) if part))
        self.canvas.setAccessibleName(title)
        previous, following = self.buttons[:2]
        previous.setEnabled(self.index > 0)
        following.setEnabled(self.index < len(self.pictures) - 1)
