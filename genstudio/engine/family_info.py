"""What a form needs to know of a family, as plain data; importing this needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from genstudio.core.config import Knob, Value
from genstudio.core.events import Curve


@dataclass(frozen=True, slots=True)
class PresetInfo:
    """A named recipe; `values` holds every knob of family and training, defaults included."""

    name: str
    title: str
    summary: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class FamilyInfo:
    """One family; `knobs` are those of the family, then those of training, with distinct names.

    Attributes
    ----------
    fits_sampler : bool
        Whether a latent sampler can be fitted to its codes.
    """

    name: str
    title: str
    summary: str
    knobs: tuple[Knob, ...]
    presets: tuple[PresetInfo, ...]
    curves: tuple[Curve, ...]
    fits_sampler: bool = False
