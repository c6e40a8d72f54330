"""Data made on the spot from known factors, so that anything can be tried, and checked, without a download."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from genstudio.core.errors import InputError
from genstudio.data.dataset import Dataset

#: What there is, each with a title for lists and help.
BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "shapes": "6,000 pictures of 8 shapes in 8 colours, 32 × 32 pixels",
        "tones": "2,000 sounds of 8 timbres and 24 pitches, 1 second each",
        "sentences": "4,000 captions that describe such shapes",
        "trio": "2,400 things, each as a picture, a sound and a sentence",
        "rings": "10,000 points in 8 clusters on a ring",
        "grid": "10,000 points in 25 clusters on a grid",
    }
)


def load(name: str) -> Dataset:
    """Make one of the built-in sets; equal on each call.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in BUILT_IN:
        raise InputError(f"There is no built-in data “{name}”: choose one of {', '.join(BUILT_IN)}.")
    if name == "grid":
        from genstudio.data.synthetic import rings

        return rings.load_grid()
    return import_module(f"{__name__}.{name}").load()
