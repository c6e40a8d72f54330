"""`open_source`: the one door for data. A name or a path goes in, a `Dataset` comes out."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError

Split = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that cannot be used, and why, in words."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures in memory, as they are: bytes.

    Attributes
    ----------
    source : str
        What `open_source` was given.
    name : str
        Short name for titles: "digits", "fashion-mnist".
    images : uint8 [N, H, W, C]
        C is 1 (grey) or 3 (RGB); rows are contiguous in memory.
    labels : int64 [N] or None
        Index into `label_names`.
    split : {"train", "test"}
        Which part of the source this is.
    splits : mapping of split name to count
        What the source has in all.
    rejected : tuple of Rejected
        Files of the source that cannot be used.
    """

    source: str
    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    label_names: tuple[str, ...] = ()
    split: Split = "train"
    splits: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()

    def __post_init__(self) -> None:
        assert self.images.dtype == np.uint8
        assert self.images.ndim == 4
        assert self.labels is None or len(self.labels) == len(self.images)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of each picture."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def label_counts(self) -> dict[str, int]:
        """How many pictures each label has; empty without labels."""
        if self.labels is None:
            return {}
        counts = Counter(self.labels.tolist())
        return {name: counts.get(i, 0) for i, name in enumerate(self.label_names)}

    def fingerprint(self) -> str:
        """A hash of content and shape: equal data gives the same 16 hex digits on every machine.

        Large sets are sampled (1,000 pictures spread over the set), which tells data sets apart without
        reading a gigabyte at each start.
        """
        rows = np.unique(np.linspace(0, len(self.images) - 1, num=min(1000, len(self.images)), dtype=np.int64))
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images[rows]).tobytes())
        return digest.hexdigest()[:16]

    def summary(self) -> dict[str, Any]:
        """What ``genstudio data --json`` prints."""
        result: dict[str, Any] = {
            "modalities": {"image": {"count": len(self.images), "shape": list(self.shape)}},
            "labels": self.label_counts(),
            "rejected": [{"file": r.file, "reason": r.reason} for r in self.rejected],
        }
        if self.splits:
            result["splits"] = self.splits
        return result


def open_source(source: str, split: Split = "train") -> Dataset:
    """Open data by name or path.

    Parameters
    ----------
    source : str
        "digits", or the path of an IDX file (``*-images-idx3-ubyte``, plain or ``.gz``) or of a folder
        that holds some.
    split : {"train", "test"}
        Which part, where the source has both; `digits` has one only.

    Raises
    ------
    InputError
        When there is no such source or nothing in it can be used; the sentence names it.
    """
    from genstudio.data import digits, idx  # each kind of source is one module

    if not source.strip():
        raise InputError("No data was named: give “digits” or the path of a folder with IDX files.")
    if source == "digits":
        return digits.load()
    try:
        path = Path(source).expanduser()
        exists = path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"“{source}” cannot be a path on this computer: {error}.") from None
    if not exists:
        raise InputError(f"There is no data at “{source}”: it is neither a file, a folder nor a built-in (digits).")
    return idx.load(path, source, split)
