"""The Train page: curves and pictures at the left, what is trained and its knobs at the right."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from genstudio.app.settings import Settings
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.history import cut_after, show_history
from genstudio.app.widgets.laboratory import Laboratory
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.app.widgets.panes import Panes
from genstudio.app.widgets.run_pictures import RunPictures
from genstudio.app.widgets.setup import Setup
from genstudio.app.widgets.stacked import Stacked
from genstudio.core.config import Value
from genstudio.core.events import Advice, Curve, Edited, Event, Field, Note, Scalars, Started
from genstudio.core.events import Gallery as Pictures
from genstudio.core.spec import RunSpec
from genstudio.core.words import setting
from genstudio.engine.document import Document
from genstudio.engine.family_info import FamilyInfo
from genstudio.engine.review import Review


class TrainPage(QWidget):
    """Shows one run: live while it trains, as it was kept when it is reopened.

    Signals
    -------
    edited(str, value)
        A live knob was changed.
    valid_changed(bool)
        Whether the settings can be trained with.
    open_data_asked()
        Somebody wants other data.
    step_asked()
        The job is to take exactly one step.
    speed_chosen(float)
        Steps that it may take in a second; 0 for as many as it can.
    problem(str)
    """

    edited = Signal(str, object)
    valid_changed = Signal(bool)
    open_data_asked = Signal()
    step_asked = Signal()
    speed_chosen = Signal(float)
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot, self.pictures, self.setup = LossPlot("Losses"), RunPictures(), Setup()
        self.laboratory, self.below = Laboratory(), Stacked()
        self._paces = (self.laboratory.pace, self.pictures.judged.pace)
        self.samples, self.pairs = self.pictures.samples, self.pictures.pairs
        self.model, self.form, self.knobs = self.setup.model, self.setup.form, self.setup.knobs
        self._lay_out()
        self.plot.set_empty_text("No curves yet. Choose data and a family at the right, then press Train.")
        self.model.open_asked.connect(self.open_data_asked)
        self.setup.edited.connect(self.edited)
        self.setup.valid_changed.connect(self.valid_changed)
        for part in (self.plot, self.pictures, self.laboratory):
            part.problem.connect(self.problem)
        for pace in self._paces:
            pace.step_asked.connect(self.step_asked)
            pace.speed_chosen.connect(self._choose_speed)
        self.model.data_changed.connect(lambda _: self._await_data())

    def _lay_out(self) -> None:
        curves = Card("")
        curves.set_bare(self.plot)
        self.columns = Panes(Qt.Orientation.Vertical, (460, 440))
        self.columns.addWidget(curves)
        self.below.addWidget(self.pictures)
        self.below.addWidget(self.laboratory)
        self.columns.addWidget(self.below)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.columns, 1)
        row.addWidget(self.setup)

    # --- what to train -------------------------------------------------------------------------------

    def set_catalog(self, catalog: Mapping[str, FamilyInfo], settings: Settings) -> None:
        """Families are loaded: offer their knobs, as they were last used."""
        self.setup.set_catalog(catalog, settings)

    def choose_family(self, name: str, values: Mapping[str, Value] | None = None, preset: str | None = None) -> None:
        """Show the knobs of a family, at its preset with `values` on top; unknown or wrong ones are left out."""
        self.setup.choose_family(name, values, preset)

    def ready(self) -> bool:
        """True when Train would work."""
        return self.setup.ready()

    def spec(self) -> RunSpec:
        """What the form says; raises `InputError` when a value is not valid."""
        return self.setup.spec()

    # --- what is shown -------------------------------------------------------------------------------

    def begin(self, fresh: bool) -> None:
        """A job starts; a `fresh` one begins with empty views."""
        self.set_running(True)
        if fresh:
            self.plot.clear()
            self.pictures.clear()
            self.laboratory.show_field(None)
            self._await_data()
            self.setup.advice.clear()

    def set_running(self, running: bool) -> None:
        """Lock what cannot be changed while training."""
        self.setup.set_running(running)
        for pace in self._paces:
            pace.set_running(running)

    def take(self, events: list[Event]) -> None:
        """Show a batch of events."""
        for event in events:
            if isinstance(event, Scalars):
                self.plot.append(event.steps, event.values)
            elif isinstance(event, Started):
                self._set_curves(event.curves)
                cut_after(self.plot, event.step)
            elif isinstance(event, Pictures):
                self._turn_to(self.pictures)
                self.pictures.show_pictures(event)
            elif isinstance(event, Field):
                self._turn_to(self.laboratory)
                self.laboratory.show_field(event)
            elif isinstance(event, Edited):
                self.plot.add_mark(event.step, f"{event.name} {setting(event.old)} → {setting(event.new)}")
                self.setup.follow(event)
            elif isinstance(event, Advice):
                self.plot.add_mark(event.step, event.title)
                self.setup.advice.add(event)
            elif isinstance(event, Note):
                self.plot.add_mark(event.step, "note")

    def review(self, found: Review) -> None:
        """Show a run that is not training."""
        self.begin(fresh=True)
        self.set_running(False)
        self.show_knobs(found.document)
        show_history(self.plot, found)
        self.setup.advice.set_all(found.history.advice)
        for gallery in found.galleries:
            self.pictures.show_pictures(gallery)
        if found.field is not None:
            self.laboratory.show_field(found.field)
        points = len(found.document.data.shape) == 1
        self._turn_to(self.laboratory if points else self.pictures)

    def _turn_to(self, part: QWidget) -> None:
        """Pictures or the laboratory; a focus that would be hidden goes with it."""
        before = self.below.currentWidget()
        if part is not before:
            focus = QApplication.focusWidget()
            held = focus is not None and before is not None and before.isAncestorOf(focus)
            self.below.setCurrentWidget(part)
            if held:
                (self.laboratory.view if part is self.laboratory else self.samples).setFocus()

    def _await_data(self) -> None:
        """Other data is chosen: show the part where it will come, unless something stands there."""
        empty = not len(self.samples.pictures) and not len(self.pairs.pictures) and self.laboratory.view.field is None
        if empty:
            self._turn_to(self.laboratory if self.setup.of_points() else self.pictures)

    def _choose_speed(self, speed: float) -> None:
        for pace in self._paces:
            pace.set_speed(speed)
        self.speed_chosen.emit(speed)

    def show_knobs(self, document: Document) -> None:
        """Data, family, preset and knobs of a run."""
        self.setup.show_knobs(document)

    def _set_curves(self, curves: tuple[Curve, ...]) -> None:
        """Name the curves, keeping those that a run goes on with."""
        if tuple(self.plot.data.curves) != curves:
            self.plot.set_curves(curves)
