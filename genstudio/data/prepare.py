"""From a listing to arrays in the cache: probe every file, decide on one shape, decode straight into maps."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.core.words import size
from genstudio.data import audio as sounds
from genstudio.data import image as pictures
from genstudio.data.columns import Texts
from genstudio.data.decoding.pool import Decoders, Facts, Refused
from genstudio.data.items import SPLITS, Blob, Item, Kind, Listing, Rejected, Watch, natural
from genstudio.data.sniff import noun
from genstudio.data.text import LENGTH

Shape = tuple[int, int, int]
_CHUNK = 4096  # rows moved at once when gaps are closed
_WORDS: dict[Kind, str] = {"image": "picture", "audio": "sound", "text": "text"}


class Preparation:
    """One preparation into an empty folder.

    Parameters
    ----------
    shape : (height, width, channels) or None
        What pictures have to become, whatever the settings say: a trained model takes no others.
    folder : Path
        Where the arrays go.
    """

    def __init__(self, listing: Listing, config: DataConfig, shape: Shape | None, folder: Path, watch: Watch) -> None:
        self._listing, self._config, self._shape = listing, config, shape
        self._folder, self._watch = folder, watch
        self._rejected: list[Rejected] = list(listing.rejected)
        self._items: Sequence[Item] = listing.items
        self._sizes: dict[str, tuple[int, int]] = {}

    def run(self) -> dict[str, Any]:
        """Write the arrays and return the facts that belong to them.

        Raises
        ------
        InputError
            When nothing can be used, or the source went away.
        Cancelled
            When `watch` raises it.
        """
        facts: dict[str, Any] = {}
        with Decoders() as decoders:
            kinds: list[Kind] = [kind for kind in _WORDS if any(kind in item.blobs for item in self._items)]
            found = {kind: self._probe(decoders, kind) for kind in kinds if kind != "text"}
            if "image" in found:
                self._decode_images(decoders, list(found["image"].values()))
            if "audio" in found:
                facts["rate"] = self._decode_sounds(decoders, list(found["audio"].values()))
            if "text" in kinds:
                self._read_texts(decoders)
            elif any(item.text is not None for item in self._items):
                self._save_texts([item.text or "" for item in self._items])
        self._check_that_something_is_left()
        self._save_items()
        rejected = sorted(self._rejected, key=lambda r: r.file)
        facts["notes"] = list(self._listing.notes)
        return facts | {"labels": self._save_labels(), "rejected": [[r.file, r.reason] for r in rejected]}

    # --- which items can be used ---------------------------------------------------------------------

    def _probe(self, decoders: Decoders, kind: Kind) -> dict[str, Facts]:
        """Read all headers of one kind; items that turn out to be something else are rejected."""
        self._demand(kind)
        answers = decoders.probe(self._blobs(kind), self._told(f"looking at {_WORDS[kind]}s"))
        found: dict[str, Facts] = {}
        for item, answer in zip(self._items, answers, strict=True):
            if isinstance(answer, Refused):
                self._reject(item, answer.reason)
            elif answer.kind != kind:
                self._reject(item, f"is {noun(answer.kind)}, not {noun(kind)}")
            else:
                found[item.name] = answer
        self._keep([item.name in found for item in self._items])
        if kind == "image":
            self._sizes = {name: (facts.height, facts.width) for name, facts in found.items()}
        return found

    def _demand(self, kind: Kind) -> None:
        """Reject items of several kinds that lack this one."""
        there = [kind in item.blobs for item in self._items]
        for item, has in zip(self._items, there, strict=True):
            if not has:
                self._reject(item, f"has no {_WORDS[kind]} of the same name beside it")
        self._keep(there)

    def _reject(self, item: Item, reason: str) -> None:
        self._rejected.append(Rejected(item.name, reason))

    def _keep(self, good: Sequence[bool]) -> None:
        """Go on with these items; arrays that are written already lose the other rows."""
        if all(good):
            return
        rows = np.flatnonzero(np.asarray(good))
        self._items = [self._items[int(i)] for i in rows]
        for path in self._folder.glob("*.npy"):
            close_gaps(path, rows)
        self._check_that_something_is_left()

    def _check_that_something_is_left(self) -> None:
        source = self._listing.source
        blobs = [blob for item in self._listing.items[:1] for blob in item.blobs.values()]
        if self._rejected and blobs and _is_gone(source, blobs[0]):
            raise InputError(
                f"“{source}” went away while it was being prepared: put it back, or plug the drive in again. "
                "Nothing was lost."
            )
        if not self._items:
            examples = "; ".join(f"{r.file} {r.reason}" for r in self._rejected[:3])
            raise InputError(f"None of the {len(self._rejected):,} files in “{source}” can be used: {examples}.")

    # --- one kind after the other --------------------------------------------------------------------

    def _decode_images(self, decoders: Decoders, facts: Sequence[Facts]) -> None:
        headers = [pictures.ImageFacts(f.width, f.height, f.grey, f.frames) for f in facts]
        target = pictures.choose(headers, self._config, self._shape)
        path = self._folder / "image.npy"
        make_array(path, (len(self._items), target.height, target.width, target.channels), np.uint8)
        answers = decoders.decode_images(self._blobs("image"), target, path, self._told("preparing pictures"))
        self._drop(answers)

    def _decode_sounds(self, decoders: Decoders, facts: Sequence[Facts]) -> int:
        headers = [sounds.AudioFacts(f.rate, f.frames, f.channels) for f in facts]
        target = sounds.choose(headers, self._config)
        path = self._folder / "sound.npy"
        make_array(path, (len(self._items), target.length), np.int16)
        answers = decoders.decode_sounds(self._blobs("audio"), target, path, self._told("preparing sounds"))
        lengths = [0 if isinstance(answer, Refused) else answer for answer in answers]
        np.save(self._folder / "lengths.npy", np.array(lengths, np.int32))
        self._drop(answers)
        return target.rate

    def _read_texts(self, decoders: Decoders) -> None:
        """Texts in files of their own; an item of another kind that has none gets an empty one."""
        alone = not any(kind in self._items[0].blobs for kind in ("image", "audio"))
        if alone:
            self._demand("text")
        blobs = [item.blobs["text"] for item in self._items if "text" in item.blobs]
        answers = iter(decoders.read_texts(blobs, self._told("reading texts")))
        texts = [next(answers) if "text" in item.blobs else item.text or "" for item in self._items]
        self._drop(texts)
        self._save_texts([text for text in texts if not isinstance(text, Refused)])

    def _blobs(self, kind: Kind) -> list[Blob]:
        return [item.blobs[kind] for item in self._items]

    def _drop(self, answers: Sequence[object]) -> None:
        for item, answer in zip(self._items, answers, strict=True):
            if isinstance(answer, Refused):
                self._reject(item, answer.reason)
        self._keep([not isinstance(answer, Refused) for answer in answers])

    def _told(self, what: str) -> Watch:
        return lambda _, done, total: self._watch(what, done, total)

    # --- what is known of the items ------------------------------------------------------------------

    def _save_texts(self, texts: Sequence[str]) -> None:
        longest = self._config.text_length or LENGTH
        save_texts(self._folder, "text", Texts.of(text.strip()[:longest] for text in texts))

    def _save_items(self) -> None:
        items, folder = self._items, self._folder
        save_texts(folder, "name", Texts.of(item.name for item in items))
        if self._sizes:
            np.save(folder / "sizes.npy", np.array([self._sizes[item.name] for item in items], np.int32))
        if any(item.split is not None for item in items):
            given = [-1 if item.split is None else SPLITS.index(item.split) for item in items]
            np.save(folder / "given.npy", np.array(given, np.int8))
        if any(item.group is not None for item in items):
            save_texts(folder, "group", Texts.of(item.group or item.name for item in items))

    def _save_labels(self) -> list[str]:
        names = list(dict.fromkeys(item.label for item in self._items if item.label is not None))
        names.sort(key=natural)
        if names:
            index = {name: i for i, name in enumerate(names)}
            labels = [-1 if item.label is None else index[item.label] for item in self._items]
            np.save(self._folder / "labels.npy", np.array(labels, np.int64))
        return names


def make_array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    """An array file of that shape, all zero, with its room on the disk taken.

    Raises
    ------
    OSError
        When the disk has no room for it: a process that writes to a map of a full disk would be killed.
    """
    need = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if shutil.disk_usage(path.parent).free < need:
        raise OSError(errno.ENOSPC, f"it needs {size(need)} and the disk is full", str(path))
    open_memmap(path, mode="w+", dtype=dtype, shape=shape).flush()
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def close_gaps(path: Path, rows: NDArray[np.int64]) -> None:
    """Keep only these rows, in increasing order, of an array file; in place, a few at a time."""
    array = open_memmap(path, mode="r+")
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        array[start : start + len(part)] = array[part]  # never ahead of what is still to be read
    dtype, shape = array.dtype, (len(rows), *array.shape[1:])
    array.flush()
    offset = array.offset
    del array  # a mapped file cannot be cut on Windows
    _rewrite_header(path, dtype, shape, offset)


def _rewrite_header(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> None:
    """Give an array file another number of rows; its header has room for that."""
    with path.open("r+b") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )
        assert file.tell() == offset, "the header changed its length"
        file.truncate(offset + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)


def save_texts(folder: Path, name: str, texts: Texts) -> None:
    """Keep texts as two arrays."""
    np.save(folder / f"{name}_bytes.npy", texts.data)
    np.save(folder / f"{name}_offsets.npy", texts.offsets)


def _is_gone(source: str, blob: Blob) -> bool:
    """Whether what is read from is not there any more."""
    path = Path(source).expanduser()
    return not path.exists() and not Path(blob.path).exists()
