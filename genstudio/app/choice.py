"""What the form of the Train page says, or is to say, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from genstudio.core.config import Knob, Value
from genstudio.core.data_config import DataConfig
from genstudio.core.spec import RunSpec
from genstudio.core.words import setting


@dataclass(frozen=True, slots=True)
class Choice:
    """Data, family, preset and the values of all knobs, those of training among them."""

    source: str
    preparation: DataConfig
    family: str
    preset: str | None
    values: Mapping[str, Value]

    @classmethod
    def of(cls, spec: RunSpec) -> Choice:
        """What a run was or is to be trained with."""
        values = {**spec.knobs, **spec.training.model_dump()}
        return cls(spec.data, spec.preparation, spec.family, spec.preset, values)

    def with_value(self, name: str, value: Value) -> Choice:
        """A copy in which one knob has another value."""
        return replace(self, values={**self.values, name: value})


def in_words(knobs: Mapping[str, Knob], values: Mapping[str, Any]) -> str:
    """What a button says that gives these knobs these values: "Set learning rate to 0.0005"."""
    known = [(knobs[name], value) for name, value in values.items() if name in knobs]
    parts = [f"{_lowered(knob.label)} to {_shown(knob, value)}" for knob, value in known]
    return f"Set {' and '.join(parts)}" if parts else ""


def _shown(knob: Knob, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    return knob.zero_means if value == 0 and knob.zero_means else setting(value)


def _lowered(label: str) -> str:
    """ "Learning rate" within a sentence; "KL weight" and "β" stay as they are."""
    return label[:1].lower() + label[1:] if label[1:2].islower() or label[1:2] == " " else label
