"""The right of the Train page: data, family, preset, knobs; below them advice and estimates."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from genstudio.app.choice import Choice, in_words
from genstudio.app.settings import Settings
from genstudio.app.widgets.advice_list import AdviceList
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.estimate_card import EstimateCard
from genstudio.app.widgets.fitted import FittedColumn
from genstudio.app.widgets.form import KnobForm
from genstudio.app.widgets.model_card import POINTS, ModelCard
from genstudio.app.widgets.scrolled import scrolled
from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.core.events import Edited
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.document import Document
from genstudio.engine.family_info import FamilyInfo
from genstudio.models import families

_WIDTH = 352
_FOR_POINTS = "points"  # how families call their recipe for points
_NOTES_SHARE = 0.45  # of the height at most
_NOTES_LEAST, _KNOBS_LEAST = 112, 190  # pixels: the knobs stay in sight
_GAP = 12


class Setup(QWidget):
    """Shows what the run in sight is trained with, or, as a draft, what the next one is to be trained with.

    Signals
    -------
    edited(str, value)
        A live knob of the run in sight was changed.
    valid_changed(bool)
        Whether the settings can be trained with.
    changed()
        Something else is chosen now than before.
    drafting_changed(bool)
        Whether the form is about the next run.
    """

    edited = Signal(str, object)
    valid_changed = Signal(bool)
    changed = Signal()
    drafting_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ModelCard({name: families.entry(name).title for name in families})
        self.form, self.knobs = KnobForm(), Card("Knobs")
        self.advice = AdviceList(self._describe)
        self.estimate, self.notes = EstimateCard(), FittedColumn()
        self._catalog: Mapping[str, FamilyInfo] = {}
        #: Gives the settings that were last chosen for a source.
        self.preparation_of: Callable[[str], DataConfig] = lambda source: DataConfig()
        self._of_run: tuple[str, DataConfig] | None = None  # source and settings of the run that is shown
        self._behind: Choice | None = None  # what the run in sight has, while the form is about the next one
        self._points = set(POINTS)  # sources that are known to hold points in the plane
        self._running = False
        self._training_names = set(TrainingConfig.model_fields)
        self._lay_out()
        self.model.family_changed.connect(lambda name: self.choose_family(name, preset=self._preset_for(name)))
        self.model.preset_changed.connect(lambda name: self.choose_family(self.model.family_name(), preset=name))
        self.model.data_changed.connect(lambda _: self._fit_preset())
        self.form.changed.connect(self._edit)
        self.form.validity_changed.connect(self.valid_changed)
        self.advice.apply_asked.connect(self.apply)

    def _lay_out(self) -> None:
        self.setFixedWidth(_WIDTH)
        self.knobs.set_note("loading …")
        area = scrolled(self.form)
        area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.knobs.add(area, 1)
        self.notes.add(self.estimate)
        self.notes.add(self.advice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP)
        column.addWidget(self.model)
        column.addWidget(self.knobs, 1)
        column.addWidget(self.notes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        left = self.height() - self.model.height() - 2 * _GAP - _KNOBS_LEAST
        self.notes.set_most(round(min(_NOTES_SHARE * self.height(), max(_NOTES_LEAST, left))))

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
            self.form.set_knobs(tuple(k for k in info.knobs if k.name != "fit_sampler" or info.fits_sampler))
            self.form.defaults_are(chosen.values)
            self.form.set_values(chosen.values)
            for knob, value in (values or {}).items():
                with contextlib.suppress(InputError):  # remembered by another version, with other bounds
                    self.form.set_values({knob: value})
        self._order_tabs()
        self.advice.describe_anew()
        self.valid_changed.emit(self.form.is_valid())
        self.changed.emit()

    def _order_tabs(self) -> None:
        """From top to bottom: the rows of the form were made last in the whole window."""
        notes = (self.estimate.close_button, *self.advice.tab_stops())
        for before, after in pairwise((self.model.preset, *self.form.tab_stops(), *notes)):
            QWidget.setTabOrder(before, after)

    def use_data(self, recent: Sequence[str], source: str, points: bool) -> None:
        """Another source was opened, of 2-D `points` perhaps: train on it, unless a training holds the form."""
        before, fixed = self.model.source(), self._running and not self.drafting
        news = points and source not in self._points
        self._points |= {source} if points else set()
        self.model.set_sources(recent, before if fixed else source)
        self.forget_preparation(source)
        if not fixed and (news or source != before):
            self._fit_preset()

    def _fit_preset(self) -> None:
        """The family's recipe for points where the data are points, and only there; else the choice stays."""
        family = self.model.family_name()
        wanted = self._preset_for(family)
        if (wanted is None) == (self.model.preset_name() == _FOR_POINTS):
            self.choose_family(family, preset=wanted)
        self.changed.emit()

    def _preset_for(self, family: str) -> str | None:
        info = self._catalog.get(family)
        named = {preset.name for preset in info.presets} if info is not None else set()
        return _FOR_POINTS if self.of_points() and _FOR_POINTS in named else None

    def of_points(self) -> bool:
        """Whether the chosen data is known to hold points in the plane."""
        return self.model.source() in self._points

    def ready(self) -> bool:
        """True when Train would work."""
        return bool(self._catalog) and self.form.is_valid()

    def spec(self) -> RunSpec:
        """What the form says; raises `InputError` when a value is not valid."""
        choice = self._choice()
        return RunSpec(
            family=choice.family,
            data=choice.source,
            preparation=choice.preparation,
            knobs={k: v for k, v in choice.values.items() if k not in self._training_names},
            training=TrainingConfig.parse({k: v for k, v in choice.values.items() if k in self._training_names}),
            preset=choice.preset,
        )

    def _choice(self) -> Choice:
        source, model = self.model.source(), self.model
        # data is prepared as in the run that is shown, else as last chosen for that source
        known = self._of_run is not None and self._of_run[0] == source
        preparation = self._of_run[1] if self._of_run is not None and known else self.preparation_of(source)
        return Choice(source, preparation, model.family_name(), model.preset_name() or None, self.form.values())

    def forget_preparation(self, source: str) -> None:
        """The settings of a source were chosen anew: those of the run that is shown count no more for it."""
        if self._of_run is not None and self._of_run[0] == source:
            self._of_run = None

    def go_on_with(self, document: Document) -> tuple[TrainingConfig, dict[str, Value]]:
        """How long a run goes on, and the live knobs that were changed since it was opened, as the form says.

        What cannot be changed any more is shown as the run has it, all of it when the form shows another family
        or the next run. A run that has reached its steps gets as many again.
        """
        about_it = self.model.family_name() == document.family and not self.drafting
        values = self.form.values() if about_it else {}
        changeable = self._training_names - {"seed", "batch_size"}
        training = document.training.with_values({k: v for k, v in values.items() if k in changeable})
        if training.steps and training.steps <= document.step:
            training = training.with_values({"steps": document.step + training.steps})
        live = {k.name for k in self._catalog[document.family].knobs if k.live} if values else set()
        edits = {n: v for n, v in values.items() if n in live & document.knobs.keys() and v != document.knobs[n]}
        self.show_knobs(document.model_copy(update={"training": training, "knobs": {**document.knobs, **edits}}))
        return training, edits

    # --- the run in sight ----------------------------------------------------------------------------

    def show_knobs(self, document: Document) -> None:
        """Data, family, preset and knobs of a run."""
        self.show_spec(document.spec())

    def show_spec(self, spec: RunSpec) -> None:
        """What the run in sight is trained with; a draft of the next run stays."""
        self._show(Choice.of(spec))

    def _show(self, choice: Choice) -> None:
        if self._behind is not None:
            self._behind = choice
            return
        self._of_run = (choice.source, choice.preparation)
        self.model.choose_source(choice.source)
        self.choose_family(choice.family, choice.values, choice.preset)

    def set_running(self, running: bool) -> None:
        """Lock what cannot be changed while training, unless the form is about the next run."""
        self._running = running
        self.model.set_running(running and not self.drafting)
        self.form.set_running(running and not self.drafting)
        self.advice.describe_anew()

    def follow(self, event: Edited) -> None:
        """A knob of the run in sight has another value: by the person's own edit, or training changed it."""
        if self._behind is None:
            with contextlib.suppress(InputError):  # of a knob of the engine's own
                self.form.follow(event.name, event.new)
        elif (info := self._catalog.get(self._behind.family)) is not None:
            for knob in info.knobs:
                if knob.label == event.name:
                    self._behind = self._behind.with_value(knob.name, event.new)

    def _edit(self, name: str, value: Value) -> None:
        if self._behind is None:
            self.edited.emit(name, value)
        self.changed.emit()

    # --- the next run --------------------------------------------------------------------------------

    @property
    def drafting(self) -> bool:
        """Whether the form is about the next run, not about the one in sight."""
        return self._behind is not None

    def draft(self) -> None:
        """Let the person set up the next run, beginning with the knobs of the one in sight."""
        if self._behind is None:
            self._behind = self._choice()
            self._drafting_changed()

    def leave_draft(self, keep: bool = False) -> None:
        """Show the run in sight again; with `keep` the form stays as it is, since that run is trained next."""
        behind, self._behind = self._behind, None
        if behind is not None:
            if not keep:
                self._show(behind)
            self._drafting_changed()

    def _drafting_changed(self) -> None:
        self.model.set_title("Next run" if self.drafting else "Model")
        self.knobs.set_title("Knobs of the next run" if self.drafting else "Knobs")
        self.set_running(self._running)
        self.drafting_changed.emit(self.drafting)

    # --- advice --------------------------------------------------------------------------------------

    def apply(self, values: Mapping[str, Any]) -> None:
        """Give knobs other values: of the run in sight where it is possible, else of the next one."""
        if not self._can_be_live(values):
            self.draft()
        elif self._behind is not None:
            for name, value in values.items():
                self._behind = self._behind.with_value(name, value)
                self.edited.emit(name, value)
            return
        with contextlib.suppress(InputError):  # out of bounds: advice of another version
            self.form.choose(values)

    def _can_be_live(self, values: Mapping[str, Any]) -> bool:
        known = self._knobs_in_sight()
        return not self._running or all(known[name].live for name in values if name in known)

    def _describe(self, remedy: Mapping[str, Any]) -> str:
        words = in_words(self._knobs_in_sight(), remedy)
        return f"{words} in the next run" if words and not self._can_be_live(remedy) else words

    def _knobs_in_sight(self) -> dict[str, Any]:
        family = self.model.family_name() if self._behind is None else self._behind.family
        info = self._catalog.get(family)
        return {knob.name: knob for knob in info.knobs} if info is not None else {}
