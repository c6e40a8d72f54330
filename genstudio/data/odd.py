"""Looks at one column of a data set each: plain pictures, silent sounds, empty texts, and what is out of size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genstudio.data.alike import chunks
from genstudio.data.columns import Sounds, Texts
from genstudio.data.dataset import Dataset
from genstudio.data.items import Watch

FLAT = 2  # of 255: a picture whose pixels differ by no more is one plain colour
SILENT = 32  # of 32,767: a peak below -60 dB
FULL_SCALE, CLIPPED = 32_760, 0.01  # samples at full scale, and the share of them from which on a sound is clipped
SHORT, LONG_ENOUGH = 3, 10  # texts under 3 characters are odd where half of all have 10 or more
SIZE, ASPECT = 4.0, 3.0  # times the usual area or length, either way; long side to short side

NO_ROWS: NDArray[np.int64] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that a person should know.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    title, text : str
        A few words with a number; what it means and what helps.
    rows : int64 [M]
        The items it is about; group by group where there are groups, else ascending.
    groups : int64 [M] or empty
        Which group each of `rows` is in, from 0; rows of one group are the same or look the same.
    """

    kind: str
    title: str
    text: str
    rows: NDArray[np.int64]
    groups: NDArray[np.int64] = field(default_factory=lambda: NO_ROWS)


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 picture", "1,234 pictures"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def pictures(data: Dataset, watch: Watch) -> Iterator[Finding]:
    """Plain ones, and those whose file was much larger, smaller, longer or taller than is usual."""
    flat = np.zeros(len(data), np.bool_)
    for part in chunks(len(data), data.images[:1].nbytes):
        watch("Looking for empty pictures", part.start, len(data))
        block = data.images[part]
        block = block.reshape(len(block), -1, block.shape[3])
        flat[part] = (block.max(1) - block.min(1)).max(1) <= FLAT
    if len(rows := np.flatnonzero(flat)):
        yield Finding(
            "constant", f"{counted(len(rows), 'picture')} of one plain colour",
            "Nothing can be seen on them, and a model learns to make such: remove them if that is not meant.", rows,
        )  # fmt: skip
    if data.sizes is None or not len(data.sizes):
        return
    sides = np.maximum(data.sizes.astype(np.float64), 1)
    area = sides.prod(1)
    if len(rows := _far(area)):
        usual = round(float(np.median(area)) ** 0.5)
        yield Finding(
            "size", f"{counted(len(rows), 'picture')} of unusual size",
            f"Their area is over {SIZE:.0f} times more or less than usual (about {usual:,} × {usual:,} pixels). "
            "Small ones come out blurred when they are enlarged: look whether they belong here.", rows,
        )  # fmt: skip
    if len(rows := np.flatnonzero(sides.max(1) > ASPECT * sides.min(1))):
        yield Finding(
            "aspect", f"{counted(len(rows), 'very long or tall picture')}",
            f"One side is over {ASPECT:.0f} times the other, so that fitting them to a square cuts or squeezes a "
            "lot: crop them by hand, or choose another fit.", rows,
        )  # fmt: skip


def _far(values: NDArray[np.float64], shorter: bool = True) -> NDArray[np.int64]:
    """Rows over `SIZE` times above the median, or below it when asked for."""
    usual = np.median(values) if len(values) else 0.0
    return np.flatnonzero((values > SIZE * usual) | (shorter & (values * SIZE < usual)))


def sounds(audio: Sounds, watch: Watch) -> Iterator[Finding]:
    """Silent, clipped, and much longer or shorter than is usual."""
    peak, full = np.zeros(len(audio), np.int32), np.zeros(len(audio), np.int64)
    for part in chunks(len(audio), audio.samples[:1].nbytes):
        watch("Looking for silent and clipped sounds", part.start, len(audio))
        block = audio.samples[part]
        if block.shape[1]:
            peak[part] = np.maximum(block.max(1).astype(np.int32), -block.min(1).astype(np.int32))
            full[part] = ((block >= FULL_SCALE) | (block <= -FULL_SCALE)).sum(1)
    if len(rows := np.flatnonzero(peak <= SILENT)):
        yield Finding(
            "silent", f"{counted(len(rows), 'silent sound')}",
            "They are never louder than -60 dB, and a model learns to make silence: remove or record them again.",
            rows,
        )  # fmt: skip
    if len(rows := np.flatnonzero(full > CLIPPED * np.maximum(audio.lengths, 1))):
        yield Finding(
            "clipped", f"{counted(len(rows), 'clipped sound')}",
            "Over 1 % of their samples stand at full scale: they were recorded too loud and are distorted. Record "
            "them again with less gain.", rows,
        )  # fmt: skip
    if len(rows := _far(audio.lengths.astype(np.float64))):
        usual = float(np.median(audio.lengths)) / audio.rate
        yield Finding(
            "length", f"{counted(len(rows), 'sound')} of unusual length",
            f"They are over {SIZE:.0f} times longer or shorter than usual ({usual:.2g} s). What is short is mostly "
            "silence after it is filled up: cut long ones, or set another length.", rows,
        )  # fmt: skip


def _characters(texts: Texts) -> NDArray[np.int64]:
    """How many characters each text has besides white space of ASCII."""
    result = np.empty(len(texts), np.int64)
    step = 1 << 16
    for start in range(0, len(texts), step):
        offsets = texts.offsets[start : start + step + 1]
        block = np.asarray(texts.data[offsets[0] : offsets[-1]])
        seen = np.zeros(len(block) + 1, np.int64)
        np.cumsum((block & 0xC0 != 0x80) & (block > 32), out=seen[1:])
        result[start : start + step] = np.diff(seen[offsets - offsets[0]])
    return result


def sentences(texts: Texts) -> Iterator[Finding]:
    """Empty, very short and very long ones."""
    counts = _characters(texts)
    usual = float(np.median(counts)) if len(counts) else 0.0
    if len(rows := np.flatnonzero(counts == 0)):
        yield Finding(
            "empty", f"{counted(len(rows), 'empty text')}",
            "Nothing is in them but white space, and a model learns to write nothing: remove them.", rows,
        )  # fmt: skip
    if usual >= LONG_ENOUGH and len(rows := np.flatnonzero((counts > 0) & (counts < SHORT))):
        yield Finding(
            "short", f"{counted(len(rows), 'very short text')}",
            f"They have fewer than {SHORT} characters where half of all have {usual:,.0f} or more: look whether they "
            "are left-overs.", rows,
        )  # fmt: skip
    if len(rows := _far(counts.astype(np.float64), shorter=False)) and usual:
        yield Finding(
            "length", f"{counted(len(rows), 'very long text')}",
            f"They are over {SIZE:.0f} times longer than usual ({usual:,.0f} characters), and all others are filled "
            "up to the longest: set a shorter length, or cut them into pieces.", rows,
        )  # fmt: skip
