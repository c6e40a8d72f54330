"""A data set that is ready: arrays by modality, labels, and what is known of where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.data.columns import NO_PICTURES, Sounds, Texts, gathered
from genstudio.data.items import SPLITS, Rejected, Split

Part = Literal["train", "validation", "test", "all"]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Pictures, sounds, texts or several of them, row by row the same thing.

    Attributes
    ----------
    source : str
        What `open_source` was given.
    name : str
        Short name for titles: "digits", "fashion-mnist".
    images : uint8 [N, H, W, C]
        C is 1 (grey) or 3 (RGB); may be memory-mapped; no rows when the source has no pictures.
    labels : int64 [N] or None
        Index into `label_names`; -1 for an item without one.
    split : Part
        Which part of the source this is.
    splits : mapping of split name to count
        What the source has in all; empty when it has one part only.
    rejected : tuple of Rejected
        Files of the source that cannot be used.
    audio : Sounds or None
    texts : Texts or None
    points : float32 [N, 2] or None
        Of the toy data, in about -4..4.
    names : sequence of str
        What each item is called in the source; empty when they have no names.
    parts : int8 [N] or None
        Index into `SPLITS` of each row, while `split` is "all".
    sizes : int32 [N, 2] or None
        Height and width of each picture before it was fitted.
    notes : tuple of str
        What else a person should know, in sentences.
    """

    source: str
    name: str
    images: NDArray[np.uint8] = field(default_factory=lambda: NO_PICTURES)
    labels: NDArray[np.int64] | None = None
    label_names: tuple[str, ...] = ()
    split: Part = "train"
    splits: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    audio: Sounds | None = None
    texts: Texts | None = None
    points: NDArray[np.float32] | None = None
    names: Sequence[str] = ()
    parts: NDArray[np.int8] | None = None
    sizes: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.images.dtype == np.uint8
        assert self.images.ndim == 4
        columns = [self.labels, self.audio, self.texts, self.points, self.parts, self.sizes]
        columns += [c for c in (self.images, self.names) if len(c)]
        assert all(len(c) == len(self) for c in columns if c is not None), "columns of different lengths"

    def __len__(self) -> int:
        columns = (self.images, self.audio, self.texts, self.points)
        return next((len(c) for c in columns if c is not None and len(c)), 0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of each picture."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def modalities(self) -> tuple[str, ...]:
        """Those that it has: "image", "audio", "text", "points"."""
        has = {"image": len(self.images), "audio": self.audio, "text": self.texts, "points": self.points is not None}
        return tuple(name for name, there in has.items() if there)

    def need_pictures(self) -> NDArray[np.uint8]:
        """The pictures; raises `InputError` when there are none."""
        if not len(self.images):
            held = {"audio": "sounds", "text": "texts", "points": "points"}
            words = " and ".join(held[m] for m in self.modalities()) or "nothing"
            raise InputError(
                f"“{self.source}” holds {words}, no pictures: choose data with pictures for this family."
            )
        return self.images

    def need_items(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The pictures, else the points; raises `InputError` when there are neither."""
        return self.points if self.points is not None and not len(self.images) else self.need_pictures()

    def item_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of each picture, else (2,) of each point."""
        return tuple(self.need_items().shape[1:])

    def label_counts(self) -> dict[str, int]:
        """How many items each label has; empty without labels."""
        if self.labels is None:
            return {}
        counts = np.bincount(self.labels[self.labels >= 0], minlength=len(self.label_names))
        return dict(zip(self.label_names, counts.tolist(), strict=False))

    def part(self, split: Split) -> Dataset:
        """The rows of one part, of all parts (`split` "all") at hand; copied unless they are all rows.

        Raises
        ------
        InputError
            When that part is empty.
        """
        parts = self.parts if self.parts is not None else np.zeros(len(self), np.int8)
        rows = np.flatnonzero(parts == SPLITS.index(split))
        if not len(rows):
            raise InputError(f"“{self.source}” has no {split} part: hold some of it out, or name other data.")
        if len(rows) == len(self):
            return replace(self, split=split, parts=None)
        return replace(self.take(rows), split=split, parts=None)

    def take(self, rows: NDArray[np.int64]) -> Dataset:
        """These rows; a run of neighbours is a view of what is there, others are copied."""
        arrays = {name: getattr(self, name) for name in ("labels", "points", "parts", "sizes")}
        return replace(
            self,
            images=gathered(self.images, rows) if len(self.images) else self.images,
            audio=None if self.audio is None else self.audio.take(rows),
            texts=None if self.texts is None else self.texts.take(rows),
            names=[self.names[int(i)] for i in rows] if len(self.names) else (),
            **{name: None if array is None else gathered(array, rows) for name, array in arrays.items()},
        )

    def fingerprint(self) -> str:
        """A hash of content and shape: equal data gives the same 16 hex digits on every machine.

        Large sets are sampled (1,000 items spread over the set), which tells data sets apart without
        reading a gigabyte at each start.
        """
        rows = np.unique(np.linspace(0, max(0, len(self) - 1), num=min(1000, len(self)), dtype=np.int64))
        digest = hashlib.sha256()
        if len(self.images):
            digest.update(repr(self.images.shape).encode())
            digest.update(np.ascontiguousarray(self.images[rows]).tobytes())
        if self.audio is not None:
            digest.update(repr((self.audio.samples.shape, self.audio.rate)).encode())
            digest.update(np.ascontiguousarray(self.audio.samples[rows]).tobytes())
        if self.texts is not None:
            digest.update(repr(len(self.texts)).encode())
            for i in rows:
                digest.update(self.texts[int(i)].encode("utf-8", "replace") + b"\0")
        if self.points is not None:
            digest.update(np.ascontiguousarray(self.points[rows]).tobytes())
        return digest.hexdigest()[:16]

    def summary(self) -> dict[str, Any]:
        """What ``genstudio data --json`` prints."""
        modalities: dict[str, Any] = {}
        if len(self.images):
            modalities["image"] = {"count": len(self.images), "shape": list(self.shape)}
        if self.audio is not None:
            seconds = round(self.audio.seconds(), 3)
            modalities["audio"] = {"count": len(self.audio), "sample_rate": self.audio.rate, "seconds": seconds}
        if self.texts is not None:
            modalities["text"] = {"count": len(self.texts), "characters": self.texts.characters()}
        if self.points is not None:
            modalities["points"] = {"count": len(self.points)}
        result: dict[str, Any] = {
            "modalities": modalities,
            "labels": self.label_counts(),
            "rejected": [{"file": r.file, "reason": r.reason} for r in self.rejected],
        }
        if self.splits:
            result["splits"] = self.splits
        if self.notes:
            result["notes"] = list(self.notes)
        return result
