"""How data is prepared and varied: the settings that matter for what is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from genstudio.app.widgets.form import KnobForm
from genstudio.app.widgets.knob_row import KnobRow
from genstudio.core.config import Knob, Value
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError

_GROUPS = {"image": "Pictures", "audio": "Sounds", "text": "Sentences"}
_VARIED = "Augmentation"
_PATIENCE_MS = 400
#: What 0 means, in words that a field has room for; the whole sentence goes to the help.
_SHORT = {
    "size": "automatic", "sample_rate": "automatic", "seconds": "automatic", "text_length": "automatic",
    "test": "as given", "validation": "as given",
}  # fmt: skip


class DataSettings(QWidget):
    """Two forms: what changes the prepared data, and what varies pictures while training.

    Signals
    -------
    changed(bool)
        Settings were changed and have been left alone for a moment; True when the data has to be prepared anew.
    """

    changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prepared, self.varied = KnobForm(), KnobForm()
        self._heading = QLabel("Augmentation, while training")
        self._heading.setProperty("role", "group")
        self._config = DataConfig()
        self._anew = self._stale = False
        self._has: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE_MS)
        self._timer.timeout.connect(self._tell)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.prepared)
        column.addWidget(self._heading)
        column.addWidget(self.varied)
        column.addStretch(1)
        self.prepared.changed.connect(lambda *_: self._later(anew=True))
        self.varied.changed.connect(lambda *_: self._later(anew=False))
        self._make_forms()

    def set_modalities(self, modalities: Iterable[str]) -> None:
        """Offer the settings for data with these parts: "image", "audio", "text", "points".

        The forms are made when somebody looks at them: they take longer than a frame, and most people train first.
        """
        self._has, self._stale = set(modalities), True
        if self.isVisible():
            self._make_forms()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._make_forms()

    def _make_forms(self) -> None:
        self._stale, has = False, self._has
        groups = {_GROUPS[name] for name in has if name in _GROUPS} | ({"Parts"} if has else set())
        knobs = tuple(shortened(knob) for knob in DataConfig.knobs())
        wanted = tuple(knob for knob in knobs if knob.group in groups)
        varied = tuple(knob for knob in knobs if knob.group == _VARIED) if "image" in has else ()
        with QSignalBlocker(self.prepared), QSignalBlocker(self.varied):
            self.prepared.set_knobs(wanted)
            self.varied.set_knobs(varied)
        rows = [row for row in self.findChildren(KnobRow) if not row.isHidden()]  # those of before are hidden
        width = max((row.heading_width() for row in rows), default=0)
        for row in rows:  # the fields of both forms in one column
            row.set_heading_width(width)
        self.prepared.setVisible(bool(wanted))
        self.varied.setVisible(bool(varied))
        self._heading.setVisible(bool(varied))
        self.set_config(self._config)

    def config(self) -> DataConfig:
        """What the forms say; settings that are not offered keep what they were."""
        return self._config.with_values(self._shown())

    def set_config(self, config: DataConfig) -> None:
        """Show settings; emits nothing, and what was about to be told is told no more."""
        self._timer.stop()
        self._anew, self._config = False, config
        values: Mapping[str, Value] = config.model_dump()
        for form in (self.prepared, self.varied):
            with QSignalBlocker(form):
                form.set_values(values)

    def _shown(self) -> dict[str, Value]:
        return {**self.prepared.values(), **self.varied.values()}

    def waiting(self) -> bool:
        """Whether a change has still to be told."""
        return self._timer.isActive()

    def settle(self) -> None:
        """Tell a change that waits now."""
        if self._timer.isActive():
            self._timer.stop()
            self._tell()

    def forget(self) -> None:
        """Tell nothing any more."""
        self._timer.stop()

    def _later(self, anew: bool) -> None:
        self._anew = self._anew or anew
        self._timer.start()

    def _tell(self) -> None:
        anew, self._anew = self._anew, False
        self.changed.emit(anew)


def shortened(knob: Knob) -> Knob:
    """A knob whose field says in a word or two what 0 means."""
    if knob.name not in _SHORT or not knob.zero_means:
        return knob
    help_text = f"{knob.help} Automatic is {knob.zero_means}."
    if _SHORT[knob.name] != "automatic":
        help_text = f"{knob.help} At 0 it is {knob.zero_means}."
    return replace(knob, zero_means=_SHORT[knob.name], help=help_text)


def remembered(values: Mapping[str, Value]) -> DataConfig:
    """Settings from values that were kept; those of another version or out of bounds are left out."""
    config = DataConfig()
    for name, value in values.items():
        with contextlib.suppress(InputError):
            config = config.with_values({name: value})
    return config
