"""The last step of opening data: from the cache or into it, brought to size, and divided into parts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.data import cache
from genstudio.data.columns import NO_PICTURES, Sounds, Texts
from genstudio.data.dataset import Dataset
from genstudio.data.items import SPLITS, Listing, Rejected, Split, Watch

Shape = tuple[int, int, int]
_MOST_JOINED = 1 << 30  # bytes


# --- data that is there as arrays ----------------------------------------------------------------------


def ready(data: Dataset, config: DataConfig, shape: Shape | None) -> Dataset:
    """Bring pictures that are in memory to the size that is asked for, and assign parts."""
    if len(data.images):
        from genstudio.data import image

        height, width, channels = data.shape
        target = image.choose([image.ImageFacts(width, height, channels == 1, 1)], config, shape)
        data = replace(data, images=image.refit(data.images, target))
    if data.parts is not None:
        return divided(data, [SPLITS[i] for i in data.parts.tolist()], None, config)
    if len(data.splits) > 1 and data.split != "all":  # one part of several, each in a file of its own
        given: list[Split | None] = [data.split] * len(data)
        return divided(data, given, None, config.with_values({"test": 0.0}))
    return divided(data, None, None, config)


def joined(train: Dataset, test: Dataset) -> Dataset:
    """Two parts that lie in files of their own as one set; only the first where both would fill the memory."""
    if train.images.nbytes + test.images.nbytes > _MOST_JOINED or train.shape != test.shape:
        return train
    assert train.parts is not None
    labels = [data.labels if data.labels is not None else np.full(len(data), -1, np.int64) for data in (train, test)]
    label_names = max(train.label_names, test.label_names, key=len)
    return replace(
        train,
        images=np.concatenate([train.images, test.images]),
        labels=np.concatenate(labels) if label_names else None,
        label_names=label_names,
        parts=np.concatenate([train.parts, np.full(len(test), SPLITS.index("test"), np.int8)]),
        rejected=tuple(dict.fromkeys((*train.rejected, *test.rejected))),
    )


def divided(
    data: Dataset, given: Sequence[Split | None] | None, groups: Sequence[str] | None, config: DataConfig
) -> Dataset:
    """All rows with `parts` assigned, and `splits` where there is more than one."""
    from genstudio.data.parts import assign

    parts = assign(len(data), given, groups, config)
    counts = {name: int((parts == i).sum()) for i, name in enumerate(SPLITS)}
    there = {**data.splits, **{name: count for name, count in counts.items() if count}}
    return replace(data, parts=parts, splits=there if len(there) > 1 else {}, split="all")


# --- data that has to be decoded -----------------------------------------------------------------------


def prepared(listing: Listing, config: DataConfig, watch: Watch, shape: Shape | None) -> Dataset:
    """From the cache, or into it.

    Raises
    ------
    InputError
        When nothing in the listing can be used.
    WorkError
        When the cache cannot be written.
    """
    facts = {"stamp": listing.stamp, "preparation": config.preparation()}
    names = [cache.key({**facts, "shape": wanted}) for wanted in _shapes(shape)]
    try:
        entry = _fitting(map(cache.find, names), shape)
        if entry is None:
            entry = _prepare(names[-1], listing, config, watch, shape)
    except OSError as error:
        raise WorkError(
            f"“{listing.source}” could not be prepared in “{cache.folder()}”: {error.strerror or error}. "
            "Free some space there, or clear what was prepared before."
        ) from None
    cache.remember(_memory(listing.source, config, shape), entry.path.name)
    return _from_entry(entry, listing.source, config)


def _shapes(shape: Shape | None) -> list[Shape | None]:
    """What to look for: what was prepared by the settings alone is often what a model takes."""
    return [None] if shape is None else [None, shape]


def _fitting(entries: Iterable[cache.Entry | None], shape: Shape | None) -> cache.Entry | None:
    """The first entry whose pictures have that shape."""
    for entry in entries:
        if entry is not None:
            images = entry.array("image")
            if shape is None or images is None or images.shape[1:] == shape:
                return entry
    return None


def _recall(source: str, config: DataConfig, shape: Shape | None) -> cache.Entry | None:
    return _fitting((cache.recall(_memory(source, config, wanted)) for wanted in _shapes(shape)), shape)


def _prepare(name: str, listing: Listing, config: DataConfig, watch: Watch, shape: Shape | None) -> cache.Entry:
    from genstudio.data.prepare import Preparation
    from genstudio.data.tables import split_choice

    with cache.made_by_one(name, watch):
        entry = cache.find(name)  # another program was faster
        if entry is not None:
            return entry
        with cache.draft(name) as folder:
            facts = Preparation(listing, config, shape, folder, watch).run()
            facts |= {"name": listing.name, "file": file_stamp(split_choice(listing.source)[0]), "made": time.time()}
            return cache.publish(folder, name, facts)


def _from_entry(entry: cache.Entry, source: str, config: DataConfig) -> Dataset:
    facts = entry.facts
    images, samples, labels = entry.array("image"), entry.array("sound"), entry.array("labels")
    lengths, given, names = entry.array("lengths"), entry.array("given"), _texts(entry, "name")
    assert names is not None, "prepared without names"
    data = Dataset(
        source=source,
        name=facts["name"],
        images=NO_PICTURES if images is None else images,
        labels=labels,
        label_names=tuple(facts["labels"]),
        rejected=tuple(Rejected(file, reason) for file, reason in facts["rejected"]),
        audio=None if samples is None or lengths is None else Sounds(samples, lengths, facts["rate"]),
        texts=_texts(entry, "text"),
        names=names,
        sizes=entry.array("sizes"),
        notes=tuple(facts["notes"]),
    )
    splits = None if given is None else [None if i < 0 else SPLITS[i] for i in given.tolist()]
    groups = _texts(entry, "group") if config.group != "none" else None
    return divided(data, splits, groups, config)


def _texts(entry: cache.Entry, name: str) -> Texts | None:
    data, offsets = entry.array(f"{name}_bytes"), entry.array(f"{name}_offsets")
    return None if data is None or offsets is None else Texts(data, offsets)


# --- the same source again -----------------------------------------------------------------------------


def unchanged(path: Path, source: str, config: DataConfig, shape: Shape | None) -> Dataset | None:
    """A file that was prepared before and has not changed since: reading a large table again takes long."""
    entry = _recall(source, config, shape)
    if entry is None or entry.facts.get("file") != file_stamp(str(path)):
        return None
    return _from_entry(entry, source, config)


def without_source(source: str, config: DataConfig, shape: Shape | None) -> Dataset:
    """A source that went away, from its prepared copy; raises `InputError` when there is none."""
    entry = _recall(source, config, shape)
    if entry is None:
        from genstudio.data.synthetic import BUILT_IN

        known = ", ".join(["digits", *BUILT_IN])
        raise InputError(f"There is no data at “{source}”: it is neither a file, a folder nor a built-in ({known}).")
    day = time.strftime("%Y-%m-%d", time.localtime(float(entry.facts.get("made", 0.0))))
    note = f"“{source}” is not there now. Its prepared copy of {day} is used."
    data = _from_entry(entry, source, config)
    return replace(data, notes=(*data.notes, note))


def file_stamp(source: str) -> str:
    """Size and time of a single file; empty for anything else."""
    path = Path(source).expanduser()
    try:
        facts = path.stat()
        return f"{facts.st_size} {facts.st_mtime_ns}" if path.is_file() else ""
    except (OSError, ValueError):
        return ""


def _memory(source: str, config: DataConfig, shape: Shape | None) -> str:
    """What a source is remembered under: the same place with the same settings."""
    settings: dict[str, Any] = {**config.preparation(), "shape": shape}
    place = str(Path(source).expanduser().absolute()) if not source.startswith("hf:") else source
    return f"{place}\n{settings}"
