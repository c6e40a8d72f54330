"""The Train page: curves and pictures at the left, what is trained and its knobs at the right."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genstudio.app.settings import Settings
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.form import KnobForm
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.app.widgets.model_card import ModelCard
from genstudio.app.widgets.panes import Panes
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.scrolled import scrolled
from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.core.events import Advice, Curve, Edited, Event, Note, Scalars, Started
from genstudio.core.events import Gallery as Pictures
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.core.words import setting
from genstudio.engine.document import Document
from genstudio.engine.family_info import FamilyInfo
from genstudio.engine.review import Review
from genstudio.models import families

_RIGHT = 352


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
    """

    edited = Signal(str, object)
    valid_changed = Signal(bool)
    open_data_asked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = LossPlot("Losses")
        self.samples = named(Gallery(), "Samples from fixed latents")
        self.pairs = named(Gallery(), "Reconstructions, inputs above outputs")
        self.model = ModelCard({name: families.entry(name).title for name in families})
        self.form = KnobForm()
        self._catalog: Mapping[str, FamilyInfo] = {}
        #: Gives the settings that were last chosen for a source.
        self.preparation_of: Callable[[str], DataConfig] = lambda source: DataConfig()
        self._of_run: tuple[str, DataConfig] | None = None  # source and settings of the run that is shown
        self._training_names = set(TrainingConfig.model_fields)
        self._cards = {"samples": Card("Samples from fixed latents"), "reconstructions": Card("Reconstructions")}
        self._views = {"samples": self.samples, "reconstructions": self.pairs}
        self._lay_out()
        self.samples.set_empty_text("Pictures appear here as soon as a training runs.")
        self.pairs.set_empty_text("Inputs and what the model makes of them appear here.")
        self.plot.set_empty_text("No curves yet. Choose data and a family at the right, then press Train.")
        self.model.family_changed.connect(lambda name: self.choose_family(name))
        self.model.preset_changed.connect(self._choose_preset)
        self.model.open_asked.connect(self.open_data_asked)
        self.form.changed.connect(self.edited)
        self.form.validity_changed.connect(self.valid_changed)
        self.plot.problem.connect(self.problem)
        for view in self._views.values():
            view.problem.connect(self.problem)

    def _lay_out(self) -> None:
        curves = Card("")
        curves.set_bare(self.plot)
        self.pictures = Panes(Qt.Orientation.Horizontal, (1, 1))
        for slot, view in self._views.items():
            self._cards[slot].add(view, 1)
            self.pictures.addWidget(self._cards[slot])
        self.columns = Panes(Qt.Orientation.Vertical, (460, 440))
        self.columns.addWidget(curves)
        self.columns.addWidget(self.pictures)
        self.knobs = Card("Knobs")
        self.knobs.set_note("loading …")
        self.knobs.add(scrolled(self.form), 1)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(self.model)
        right.addWidget(self.knobs, 1)
        side = QWidget()
        side.setFixedWidth(_RIGHT)
        right.setContentsMargins(0, 0, 0, 0)
        side.setLayout(right)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.columns, 1)
        row.addWidget(side)

    # --- what to train -------------------------------------------------------------------------------

    def set_catalog(self, catalog: Mapping[str, FamilyInfo], settings: Settings) -> None:
        """Families are loaded: offer their knobs, as they were last used."""
        self._catalog = catalog
        self.knobs.set_note("")
        self.form.set_unfolded(settings.unfolded)
        family = settings.family if settings.family in catalog else self.model.family_name()
        self.choose_family(family, settings.knobs.get(family, {}))

    def choose_family(self, name: str, values: Mapping[str, Value] | None = None, preset: str | None = None) -> None:
        """Show the knobs of a family, at its preset with `values` on top; unknown or wrong ones are left out."""
        info = self._catalog.get(name)
        if info is None:
            return
        chosen = self.model.show_family(info, preset)
        with QSignalBlocker(self.form):
            self.form.set_knobs(info.knobs)
            self.form.defaults_are(chosen.values)
            self.form.set_values(chosen.values)
            for knob, value in (values or {}).items():
                with contextlib.suppress(InputError):  # remembered by another version, with other bounds
                    self.form.set_values({knob: value})
        self.valid_changed.emit(self.form.is_valid())

    def _choose_preset(self, name: str) -> None:
        self.choose_family(self.model.family_name(), preset=name)

    def ready(self) -> bool:
        """True when Train would work."""
        return bool(self._catalog) and self.form.is_valid()

    def spec(self) -> RunSpec:
        """What the form says; raises `InputError` when a value is not valid."""
        values = self.form.values()
        training = {k: v for k, v in values.items() if k in self._training_names}
        knobs = {k: v for k, v in values.items() if k not in self._training_names}
        return RunSpec(
            family=self.model.family_name(),
            data=self.model.source(),
            preparation=self._preparation(),
            knobs=knobs,
            training=TrainingConfig.parse(training),
            preset=self.model.preset_name() or None,
        )

    def _preparation(self) -> DataConfig:
        """How the chosen data is prepared: as in the run that is shown, else as last chosen for that source."""
        source = self.model.source()
        if self._of_run is not None and self._of_run[0] == source:
            return self._of_run[1]
        return self.preparation_of(source)

    def forget_preparation(self, source: str) -> None:
        """The settings of a source were chosen anew: those of the run that is shown count no more for it."""
        if self._of_run is not None and self._of_run[0] == source:
            self._of_run = None

    def go_on_with(self, document: Document) -> tuple[TrainingConfig, dict[str, Value]]:
        """How long a run goes on, and the live knobs that were changed since it was opened, as the form says.

        What cannot be changed any more is shown as the run has it, all of it when the form shows another family.
        A run that has reached its steps gets as many again.
        """
        values = self.form.values() if self.model.family_name() == document.family else {}
        changeable = self._training_names - {"seed", "batch_size"}
        training = document.training.with_values({k: v for k, v in values.items() if k in changeable})
        if training.steps and training.steps <= document.step:
            training = training.with_values({"steps": document.step + training.steps})
        live = {k.name for k in self._catalog[document.family].knobs if k.live} if values else set()
        edits = {n: v for n, v in values.items() if n in live & document.knobs.keys() and v != document.knobs[n]}
        self.show_knobs(document.model_copy(update={"training": training, "knobs": {**document.knobs, **edits}}))
        return training, edits

    # --- what is shown -------------------------------------------------------------------------------

    def begin(self, fresh: bool) -> None:
        """A job starts; a `fresh` one begins with empty views."""
        self.set_running(True)
        if fresh:
            self.plot.clear()
            for slot, view in self._views.items():
                view.set_images(NO_PICTURES)
                self._cards[slot].set_note("")

    def set_running(self, running: bool) -> None:
        """Lock what cannot be changed while training."""
        self.model.set_running(running)
        self.form.set_running(running)

    def take(self, events: list[Event]) -> None:
        """Show a batch of events."""
        for event in events:
            if isinstance(event, Scalars):
                self.plot.append(event.steps, event.values)
            elif isinstance(event, Started):
                self._set_curves(event.curves)
                cut_after(self.plot, event.step)
            elif isinstance(event, Pictures):
                self._show(event)
            elif isinstance(event, Edited):
                self.plot.add_mark(event.step, f"{event.name} {setting(event.old)} → {setting(event.new)}")
            elif isinstance(event, Advice):
                self.plot.add_mark(event.step, event.title)
            elif isinstance(event, Note):
                self.plot.add_mark(event.step, "note")

    def review(self, found: Review) -> None:
        """Show a run that is not training."""
        self.begin(fresh=True)
        self.set_running(False)
        self.show_knobs(found.document)
        show_history(self.plot, found)
        for gallery in found.galleries:
            self._show(gallery)

    def show_knobs(self, document: Document) -> None:
        """Data, family, preset and knobs of a run."""
        self._of_run = (document.data.source, document.data.preparation)
        self.model.choose_source(document.data.source)
        self.choose_family(document.family, {**document.knobs, **document.training.model_dump()}, document.preset)

    def _set_curves(self, curves: tuple[Curve, ...]) -> None:
        """Name the curves, keeping those that a run goes on with."""
        if tuple(self.plot.data.curves) != curves:
            self.plot.set_curves(curves)

    def _show(self, event: Pictures) -> None:
        view = self._views.get(event.slot)
        if view is not None:
            view.set_images(event.images, event.inputs, event.caption)
            card = self._cards[event.slot]
            card.set_note(f"step {event.step:,}")
            card.setToolTip(event.caption)


W = TypeVar("W", bound=QWidget)


def named(widget: W, name: str) -> W:
    """`widget`, with the name that a screen reader says."""
    widget.setAccessibleName(name)
    return widget


def cut_after(plot: LossPlot, step: int) -> None:
    """Forget points after `step`: a run that was interrupted goes on from its last checkpoint."""
    extent = plot.data.extent()
    if extent is None or extent[1] <= step:
        return
    kept = {}
    for curve in plot.data.curves:
        line = plot.data.line(curve.name)
        count = int(np.searchsorted(line.steps, step, "right"))
        kept[curve.name] = (line.steps[:count].copy(), line.values[:count].copy())
    plot.load(kept, [(mark.step, mark.text) for mark in plot.data.marks if mark.step <= step])


def show_history(plot: LossPlot, found: Review) -> None:
    """Load everything that a run logged into a plot."""
    plot.set_curves(found.curves)
    known = {curve.name for curve in found.curves}
    plot.load({name: line for name, line in found.history.values.items() if name in known}, found.history.marks)
