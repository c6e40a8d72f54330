"""Knobs: what a person can set, with bounds, scale, unit and help beside the value itself.

The form in the window, the flags of the command line, validation and ``run.json`` all read the same
declaration, so a setting is described once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from genstudio.core.errors import InputError

Value = bool | int | float | str
Kind = Literal["bool", "int", "float", "choice"]
Scale = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Knob:
    """Everything that a form or a help page needs to know about one setting.

    Attributes
    ----------
    name : str
        Field name in the config; the flag is ``--name-with-dashes``.
    kind : {"bool", "int", "float", "choice"}
    default : bool, int, float or str
    low, high : float or None
        Inclusive bounds, None for kinds without any.
    choices : tuple of str
        Allowed values of a "choice", else empty.
    scale : {"linear", "log"}
        How a slider or a wheel should move through the range.
    unit : str
        Shown behind the value: "pixels", "nats", "steps".
    live : bool
        True when it can be changed while training; the change lands on a step boundary.
    group : str
        Heading under which a form files it.
    basic : bool
        True for the few knobs that a beginner sees before unfolding "All knobs".
    zero_means : str
        What the form says instead of 0, when 0 is special ("automatic", "off").
    """

    name: str
    kind: Kind
    default: Value
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    label: str
    help: str
    unit: str = ""
    scale: Scale = "linear"
    live: bool = False
    group: str = "Model"
    basic: bool = False
    zero_means: str = ""

    def describe(self) -> str:
        """One line for a help page or a tooltip: the help, the range, the default."""
        parts = [self.help]
        if self.choices:
            parts.append("One of " + ", ".join(self.choices) + ".")
        elif self.low is not None and self.high is not None:
            unit = f" {self.unit}" if self.unit else ""
            parts.append(f"From {self.low:g} to {self.high:g}{unit}.")
        if self.zero_means:
            parts.append(f"0 means {self.zero_means}.")
        parts.append(f"Default {self.default}.")
        if self.live:
            parts.append("Can be changed while training.")
        return " ".join(parts)


def knob(
    default: Value,
    *,
    label: str,
    help: str,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    scale: Scale = "linear",
    live: bool = False,
    group: str = "Model",
    basic: bool = False,
    zero_means: str = "",
) -> Any:
    """Declare one setting of a `Config`; returns the pydantic field for it.

    Parameters
    ----------
    default : bool, int, float or str
        The value when nothing is said; it must lie within the bounds.
    low, high : float, optional
        Inclusive bounds; both are needed for numbers.
    """
    extra = {
        "label": label,
        "help": help,
        "unit": unit,
        "scale": scale,
        "live": live,
        "group": group,
        "basic": basic,
        "zero_means": zero_means,
    }
    return Field(default, ge=low, le=high, json_schema_extra={"knob": extra})


class Config(BaseModel):
    """A frozen set of knobs that refuses unknown names, wrong types and values out of bounds."""

    # built when first used: the window is on the screen before
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    #: Words for messages: "Latent dimension" rather than ``latent_dim`` where a person reads it.
    title: ClassVar[str] = "settings"

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        """The declared knobs, in order of declaration."""
        return _knobs_of(cls)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Validate plain values, e.g. from JSON.

        Raises
        ------
        InputError
            One sentence naming the first setting that is wrong, what was given and what is allowed.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InputError(_sentence(cls, error)) from None

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """A copy with some knobs changed, validated like `parse`."""
        return self.parse({**self.model_dump(), **values})

    def changed(self) -> dict[str, Value]:
        """The knobs that differ from their defaults."""
        current = self.model_dump()
        return {k.name: current[k.name] for k in self.knobs() if current[k.name] != k.default}


def parse_text(knob: Knob, text: str) -> Value:
    """Read a knob's value as typed by a person.

    Raises
    ------
    InputError
        When the text is not of the knob's kind or lies outside its bounds.
    """
    text = text.strip()
    if knob.kind == "bool":
        if text.lower() in ("true", "yes", "on", "1"):
            return True
        if text.lower() in ("false", "no", "off", "0"):
            return False
        raise InputError(f"{knob.label} is yes or no, not “{text}”.")
    if knob.kind == "choice":
        if text in knob.choices:
            return text
        raise InputError(f"{knob.label} is one of {', '.join(knob.choices)}, not “{text}”.")
    try:
        value: int | float = int(text) if knob.kind == "int" else float(text)
    except ValueError:
        noun = "a whole number" if knob.kind == "int" else "a number"
        raise InputError(f"{knob.label} is {noun}, not “{text}”.") from None
    check_range(knob, value)
    return value


def check_range(knob: Knob, value: float) -> None:
    """Raise `InputError` when a number lies outside the knob's bounds or is not a number."""
    low, high = knob.low, knob.high
    # written so that NaN fails too, and a whole number of 400 digits is never turned into a float
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        unit = f" {knob.unit}" if knob.unit else ""
        given = f"{value:g}" if isinstance(value, float) else f"{value}"
        given = given if len(given) <= 24 else f"{given[:20]}…"
        raise InputError(f"{knob.label} goes from {low:g} to {high:g}{unit}; {given} is outside.")


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float"}
    assert annotation in kinds, f"a knob is a bool, int, float or Literal, not {annotation}"
    return kinds[annotation]


def _as_knob(name: str, field: FieldInfo) -> Knob:
    kind = _kind(field.annotation)
    bounds = {key: getattr(m, key) for m in field.metadata for key in ("ge", "le") if hasattr(m, key)}
    extra: Any = field.json_schema_extra
    assert isinstance(extra, dict), f"{name} is declared without knob()"
    assert kind not in ("int", "float") or len(bounds) == 2, f"{name} needs bounds"
    return Knob(
        name=name,
        kind=kind,
        default=field.default,
        low=bounds.get("ge"),
        high=bounds.get("le"),
        choices=tuple(get_args(field.annotation)) if kind == "choice" else (),
        **extra["knob"],
    )


@cache
def _knobs_of(cls: type[Config]) -> tuple[Knob, ...]:
    return tuple(_as_knob(name, field) for name, field in cls.model_fields.items())


def _sentence(cls: type[Config], error: ValidationError) -> str:
    """The first validation error in words, by the label that the form shows."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    known = {k.name: k for k in cls.knobs()}
    if first["type"] == "extra_forbidden":
        return f"The {cls.title} have no setting “{name}”; there are {', '.join(known)}."
    if name not in known:
        return f"The {cls.title} are not valid: {first['msg']}."
    given, declared = first["input"], known[name]
    text = f"{declared.label} ({name}) is {given!r}, which is not allowed: {first['msg'].lower()}."
    if declared.low is not None and declared.high is not None:
        text += f" It goes from {declared.low:g} to {declared.high:g}."
    return text
