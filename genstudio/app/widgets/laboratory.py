"""The laboratory: a model of points in the plane at work, with everything that can be switched and slowed down."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets import files
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.elided import ElidedLabel
from genstudio.app.widgets.laboratory_legend import LAYERS, Layers, Scale
from genstudio.app.widgets.laboratory_pace import PaceControls
from genstudio.app.widgets.laboratory_view import LaboratoryView
from genstudio.core.errors import GenStudioError, InputError
from genstudio.core.events import Field

_SIDE = 216  # pixels of the controls' column
_EMPTY = "Points of the data, samples and what the model makes of the plane appear here as soon as a training runs."


class Laboratory(Card):
    """A card with the view at the left and its controls at the right.

    S, R, D, T and A switch surface, real points, samples (drawn ones), trails and arrows; Home shows everything;
    Ctrl+S saves the view, Ctrl+C copies it.

    Signals
    -------
    problem(str)
        The view could not be saved; a sentence for the user.
    """

    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Laboratory", parent)
        self.view = LaboratoryView()
        self.view.set_empty_text(_EMPTY)
        self.layers, self.scale, self.pace = Layers(), Scale(), PaceControls()
        self._under = ElidedLabel()
        self._under.setProperty("role", "dim")
        self._under.setFont(theme.tabular(self.font()))
        self._under.setAccessibleName("Under the pointer")
        self.fit = self._button("zoom-fit", "Show everything", "Show everything (Home, or double-click)")
        self.export = self._button("export", "Save the view", "Save the view as a picture (Ctrl+S)")
        self.add_control(self.fit)
        self.add_control(self.export)
        self._lay_out()
        self.fit.clicked.connect(lambda _: self.view.look(None))
        self.export.clicked.connect(lambda _: self.ask_save())
        self.layers.switched.connect(self.view.set_layer)
        self.view.pointed.connect(self._under.setText)
        self.view.sight_changed.connect(self._show_sight)
        self._show_sight()

    def _button(self, icon: str, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.set_icon(button, icon, 16, "dim")
        return button

    def _lay_out(self) -> None:
        side = QWidget()
        side.setFixedWidth(_SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.layers)
        column.addWidget(self.scale)
        column.addWidget(self._under)
        column.addStretch(1)
        column.addWidget(self.pace)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.view, 1)
        row.addWidget(side)
        self.add(row, 1)

    def show_field(self, field: Field | None) -> None:
        """Show a later field of the same training, or nothing."""
        self.view.show_field(field)
        self.layers.show_counts(field)
        self.scale.show_field(field)
        self.set_note("" if field is None else f"step {field.step:,}")
        tip = "" if field is None else field.caption
        if tip != self.view.toolTip():
            self.view.setToolTip(tip)

    def set_running(self, running: bool) -> None:
        """Whether single steps can be taken now."""
        self.pace.set_running(running)

    def _show_sight(self) -> None:
        self.fit.setEnabled(not self.view.follows())

    # --- a picture of it -----------------------------------------------------------------------------

    def picture(self) -> QPixmap:
        """The view as it is now, without the mark of the focus."""
        ratio = max(2.0, self.view.devicePixelRatioF())  # sharp on paper and on any screen
        pixmap = QPixmap(self.view.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        self.view.render_to(pixmap)
        return pixmap

    def save(self, path: Path) -> None:
        """Write the view as PNG.

        Raises
        ------
        InputError
            When the name does not end in .png or there is nothing to save.
        WorkError
            When the file cannot be written.
        """
        if self.view.field is None:
            raise InputError("There is nothing to save yet: train on points first.")
        if path.suffix.lower() != ".png":
            raise InputError(f"The view is saved as PNG: end “{path.name}” in .png.")
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.picture().save(buffer, "PNG")
        files.write(path, [bytes(buffer.data().data())])

    def ask_save(self) -> None:
        """Ask where to save the view, without stopping anything."""
        field = self.view.field
        if field is None:
            self.problem.emit("There is nothing to save yet: train on points first.")
            return
        name = f"laboratory-{field.step:06d}.png"
        files.ask_where(self, "Save the view", name, lambda path: self._try_save(Path(path)))

    def _try_save(self, path: Path) -> None:
        try:
            self.save(path)
        except GenStudioError as error:
            self.problem.emit(str(error))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that the view and the switches leave to their card."""
        plain = not event.modifiers()
        if event.matches(QKeySequence.StandardKey.Save):
            self.ask_save()
        elif event.matches(QKeySequence.StandardKey.Copy) and self.view.field is not None:
            QGuiApplication.clipboard().setPixmap(self.picture())
        elif not (plain and Qt.Key(event.key()) in {key for _, key, _ in LAYERS.values()}):
            super().keyPressEvent(event)
        else:
            self.layers.key(Qt.Key(event.key()))
