"""Arrays saved by NumPy, ``.npy`` and ``.npz``: pictures, points, sounds or texts; keys name labels and parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.arraycontent import Content, put, texts_of, with_lengths
from genstudio.data.dataset import Dataset
from genstudio.data.items import SPLITS, Rejected, Split, split_called
from genstudio.data.labels import MOST_CLASSES, numbered
from genstudio.data.npyfile import Npz, open_npy

# names of arrays, the most telling first; the words for parts are taken off before
_KEYS: dict[str, tuple[str, ...]] = {
    "main": ("images", "image", "x", "samples", "data", "pictures", "imgs", "img", "inputs", "", "arr_0"),
    "audio": ("audio", "sounds", "sound", "waveforms", "wave"),
    "texts": ("texts", "text", "captions", "caption", "sentences"),
    "points": ("points",),
    "labels": ("labels", "label", "y", "targets", "target", "arr_1"),
    "label_names": ("label_names", "class_names", "classes"),
    "names": ("names", "filenames", "ids"),
    "rate": ("sample_rate", "sampling_rate", "rate", "sr"),
    "lengths": ("lengths",),
}
_CONTENT = ("main", "audio", "texts", "points")
_RATES = (1, 768_000)


def load(path: Path, source: str) -> Dataset:
    """Open a ``.npy`` or ``.npz`` file.

    Parameters
    ----------
    path : Path
        Pictures as `pixels.as_pictures` takes them; fractions [N, 2] are points; texts [N]; with a key
        ``sample_rate``, numbers [N, T] are sounds, whole ones of 16 bits or fractions in -1..1. An ``.npz`` may hold
        labels, names and parts as well: ``x_train``, ``y_train``, ``x_test``, ``test_images``, ``label_names``, ...

    Returns
    -------
    Dataset; its pictures are mapped from a ``.npy`` file that holds bytes in the right order.

    Raises
    ------
    InputError
        When it is damaged, too large, holds Python objects, or none of these things; the sentence names it.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise InputError(f"{path.name} cannot be read: it is not a file.")
        with path.open("rb") as file:
            archive = file.read(2) == b"PK"
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    if archive or path.suffix.lower() == ".npz":
        return _load_npz(Npz(path), source)
    found = Content()
    put(found, "main", open_npy(path), path.name, 0)
    return Dataset(source, path.stem, found.images, texts=found.texts, points=found.points, notes=tuple(found.notes))


def _load_npz(file: Npz, source: str) -> Dataset:
    name = file.path.name
    keys = _sorted_out(file)
    parts: list[Split] = [part for part in SPLITS if any((part, role) in keys for role in _CONTENT)]
    there = [role for role in _CONTENT if all((part, role) in keys for part in parts)]
    if not parts or not there:
        held = "; ".join(f"{key} {file.header(key).dtype} {list(file.header(key).shape)}" for key in file.keys[:20])
        raise InputError(f"{name} has no array that is plain to see (images, x_train, samples, points, ...): {held}.")
    rate = _rate(file, keys)
    found = Content()
    counts: dict[Split, int] = {}
    for role in there:
        arrays = [file.read(keys[part, role]) for part in parts]
        if not counts:
            counts.update(zip(parts, (len(array) if array.ndim else 0 for array in arrays), strict=True))
        put(found, role, _joined(arrays, name), f"“{keys[parts[0], role]}” in {name}", rate)
    if found.audio is not None and all((part, "lengths") in keys for part in parts):
        lengths = _joined([file.read(keys[part, "lengths"]) for part in parts], name)
        found.audio = with_lengths(found.audio, lengths, name)
    columns = (found.images, found.audio, found.texts, found.points)
    if len({len(c) for c in columns if c is not None and len(c)}) != 1:
        raise InputError(f"{name} holds arrays of different lengths for the same things: they have to go row by row.")
    labels, label_names, rejected = _labels(file, keys, counts)
    several = len(parts) > 1
    sequence = np.repeat([SPLITS.index(part) for part in parts], [counts[part] for part in parts])
    return Dataset(
        source=source,
        name=file.path.stem,
        images=found.images,
        labels=labels,
        label_names=label_names,
        split="all" if several else "train",
        splits={part: counts[part] for part in parts} if several else {},
        rejected=tuple(rejected),
        audio=found.audio,
        texts=found.texts,
        points=found.points,
        names=_names(file, keys, parts, found.count()),
        parts=sequence.astype(np.int8) if several else None,
        notes=tuple(found.notes),
    )


# --- which array is which -------------------------------------------------------------------------------


def _sorted_out(file: Npz) -> dict[tuple[str, str], str]:
    """The key of each role in each part; a single array of any name is taken for the content."""
    ranked: dict[tuple[str, str], list[tuple[int, str]]] = {}
    unknown: list[str] = []
    for key in file.keys:
        words = [word for word in re.split(r"[^a-z0-9]+", key.lower()) if word]
        part = next((p for word in words if (p := split_called(word)) is not None and word != "eval"), None)
        base = "_".join(word for word in words if split_called(word) is None)
        role = next((role for role, names in _KEYS.items() if base in names), None)
        if role is None:
            unknown.append(key)
        else:
            ranked.setdefault((part or "train", role), []).append((_KEYS[role].index(base), key))
    keys = {place: min(found)[1] for place, found in ranked.items()}
    if not any(role in _CONTENT for _, role in keys) and len(unknown) == 1:
        keys["train", "main"] = unknown[0]
    return keys


def _joined(arrays: Sequence[NDArray[Any]], name: str) -> NDArray[Any]:
    """The parts one after another."""
    if len(arrays) == 1:
        return arrays[0]
    shapes = {array.shape[1:] if array.ndim else None for array in arrays}
    if len(shapes) > 1 or None in shapes or len({array.dtype.kind for array in arrays}) > 1:
        told = " and ".join(f"{array.dtype} {list(array.shape)}" for array in arrays)
        raise InputError(f"The parts in {name} do not go together: {told}.")
    return np.concatenate(arrays)


def _rate(file: Npz, keys: Mapping[tuple[str, str], str]) -> int:
    """Samples per second, 0 when it is not said."""
    key = keys.get(("train", "rate"))
    if key is None:
        return 0
    header = file.header(key)
    value = file.read(key).reshape(-1) if header.nbytes <= 16 and header.dtype.kind in "iuf" else np.empty(0)
    if value.size != 1 or not _RATES[0] <= float(value[0]) <= _RATES[1]:
        raise InputError(f"“{key}” in {file.path.name} has to be one number of samples per second, up to 768,000.")
    return int(value[0])


# --- labels and names -----------------------------------------------------------------------------------


def _labels(
    file: Npz, keys: Mapping[tuple[str, str], str], counts: Mapping[Split, int]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...], list[Rejected]]:
    """Labels, their names, and what is wrong with them: training needs none."""
    if not any((part, "labels") in keys for part in counts):
        return None, (), []
    key = next(keys[part, "labels"] for part in counts if (part, "labels") in keys)
    try:
        made = [_column(file, keys.get((part, "labels")), count) for part, count in counts.items()]
        names = _class_names(file, keys)
        if any(array.dtype.kind == "U" for array in made):
            labels, names, note = numbered([str(x) or None for array in made for x in array.tolist()])
            return labels, names, [Rejected(key, n) for n in note]
        labels = np.concatenate(made).astype(np.int64)
        if int(labels.min()) < -1 or int(labels.max()) >= MOST_CLASSES:
            raise InputError(f"holds labels outside 0 to {MOST_CLASSES - 1:,}")
    except InputError as error:
        return None, (), [Rejected(key, str(error))]
    fits = len(names) > int(labels.max())
    return labels, names if fits else tuple(str(i) for i in range(int(labels.max()) + 1)), []


def _column(file: Npz, key: str | None, count: int) -> NDArray[Any]:
    """Labels of one part as whole numbers or strings [N]; -1 where there are none."""
    if key is None:
        return np.full(count, -1)
    array = file.read(key)
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "biuf" and bool((array.sum(1) == 1).all()):
        array = array.argmax(1)  # one column for each class
    if array.size != count or array.ndim not in (1, 2):
        raise InputError(f"has labels of shape {list(array.shape)} for {count:,} items")
    array = array.reshape(-1)
    if array.dtype.kind in "US":
        return np.array(texts_of(array, key))
    if array.dtype.kind not in "biuf" or not bool((np.nan_to_num(array) == np.rint(np.nan_to_num(array))).all()):
        raise InputError(f"holds {array.dtype} values that are not whole: labels are whole numbers or strings")
    return np.nan_to_num(array, nan=-1, posinf=-1, neginf=-1)


def _class_names(file: Npz, keys: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    key = keys.get(("train", "label_names"))
    array = file.read(key) if key is not None else None
    if key is None or array is None or array.dtype.kind not in "US" or array.ndim != 1 or len(array) > MOST_CLASSES:
        return ()
    return tuple(texts_of(array, key))


def _names(file: Npz, keys: Mapping[tuple[str, str], str], parts: Sequence[Split], count: int) -> Sequence[str]:
    """What each item is called; empty unless each has a name."""
    if not all((part, "names") in keys for part in parts):
        return ()
    found = [file.read(keys[part, "names"]) for part in parts]
    if any(array.dtype.kind not in "US" or array.ndim != 1 for array in found) or sum(map(len, found)) != count:
        return ()
    return [name for array in found for name in texts_of(array, "names")]
