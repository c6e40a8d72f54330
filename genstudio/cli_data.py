"""Data in the terminal: its settings as flags, and what is in a source in words."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.core.words import duration, picture

if TYPE_CHECKING:
    from genstudio.data import Dataset
    from genstudio.data.dataset import Part
    from genstudio.data.items import Watch
    from genstudio.engine.document import Document

SOURCE = (
    "a built-in name (digits, shapes, tones, sentences, trio, rings), a folder or .zip of pictures or sounds, "
    ".npz/.npy, IDX files, .txt, .csv/.tsv/.parquet, or hf:NAME"
)
_MOST_LABELS, _MOST_REJECTED = 40, 20
_PREFIX = "data_"


def config(options: argparse.Namespace) -> DataConfig:
    """The data settings that flags gave; raises `InputError` for one that is not allowed."""
    return DataConfig.parse(given(options))


def given(options: argparse.Namespace) -> dict[str, Value]:
    """The data settings that were given at all."""
    values = {name.removeprefix(_PREFIX): v for name, v in vars(options).items() if name.startswith(_PREFIX)}
    return {name: value for name, value in values.items() if name in DataConfig.model_fields and value is not None}


def look(options: argparse.Namespace, watch: Watch) -> dict[str, Any]:
    """Say what is in ``options.source``, and write it to ``options.out`` if asked; returns what ``--json`` prints."""
    from genstudio.data import open_source
    from genstudio.engine import export_data

    if options.out is not None:
        export_data.check_name(options.out)
    data = open_source(options.source, options.split, config(options), watch)
    if not options.json:
        print("\n".join(describe(data)))
    if options.out is None:
        return data.summary()
    export_data.export(data, options.out, watch)
    return {**data.summary(), "out": str(options.out)}


def opened_for(document: Document, source: str, split: Part, watch: Watch) -> Dataset:
    """Other data, brought to what a trained run knows; raises as `open_source` does."""
    from genstudio.data import open_source

    return open_source(source, split, document.data.preparation, watch, document.data.picture_shape())


def describe(data: Dataset) -> Iterator[str]:
    """What is in a source, line by line."""
    yield f"{data.name}: " + ", ".join(_modalities(data))
    if data.splits:
        yield "  parts: " + ", ".join(f"{name} {count:,}" for name, count in data.splits.items())
    counts = data.label_counts()
    if counts:
        shown = [f"{name} ({count:,})" for name, count in list(counts.items())[:_MOST_LABELS]]
        more = f" and {len(counts) - _MOST_LABELS:,} more" if len(counts) > _MOST_LABELS else ""
        yield f"  {len(counts):,} labels: " + ", ".join(shown) + more
    for note in data.notes:
        yield f"  note: {note}"
    if data.rejected:
        yield f"  cannot be used: {len(data.rejected):,}"
    for rejected in data.rejected[:_MOST_REJECTED]:
        yield f"    {rejected.file}: {rejected.reason}"
    if len(data.rejected) > _MOST_REJECTED:
        yield f"    and {len(data.rejected) - _MOST_REJECTED:,} more; --json lists all of them"


def _modalities(data: Dataset) -> Iterator[str]:
    if len(data.images):
        yield f"{len(data.images):,} pictures, {picture(data.shape)}"
        if data.sizes is not None and len(data.sizes):
            low, high = data.sizes.min(0), data.sizes.max(0)
            if (low != high).any() or tuple(high) != data.shape[:2]:
                yield f"made from {low[1]} x {low[0]} to {high[1]} x {high[0]} pixels"
    if data.audio is not None:
        yield f"{len(data.audio):,} sounds, {data.audio.rate:,} Hz, {duration(data.audio.seconds())} in all"
    if data.texts is not None:
        yield f"{len(data.texts):,} texts, {data.texts.characters():,} characters"
    if data.points is not None:
        yield f"{len(data.points):,} points in the plane"
