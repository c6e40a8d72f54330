"""What is odd in a data set: said in plain words, with the rows it is about, so that a person can look and decide.

Nothing here changes data. Each look is one pass over the rows in chunks; limits stand here, in `alike` and in `odd`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.data.alike import Groups, digests, equal_rows, near_rows
from genstudio.data.dataset import Dataset
from genstudio.data.items import SPLITS, Watch, unwatched
from genstudio.data.odd import NO_ROWS, Finding, counted, pictures, sentences, sounds

UNBALANCED, FEW = 3.0, 10  # largest to smallest label; items of a label or part that are too few to learn or score


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All findings, the most important first; none for a set in which nothing is odd."""

    found: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def of(self, kind: str) -> Finding | None:
        """The finding of this kind; None when there is none."""
        return next((f for f in self.found if f.kind == kind), None)


#: Kinds of findings in order of importance: first what spoils scores, then what spoils models, then what wastes time.
KINDS = (
    "leak", "conflict", "empty", "silent", "constant", "part", "duplicates", "near-duplicates", "clipped",
    "unlabelled", "few", "balance", "size", "aspect", "length", "short",
)  # fmt: skip


def find(data: Dataset, watch: Watch = unwatched) -> Findings:
    """Look for what is odd in `data`.

    Parameters
    ----------
    data : Dataset
        Of any modalities; memory-mapped rows are read in chunks of about 8 MiB.
    watch : Watch
        Told how far it is; what it raises ends the search.

    Returns
    -------
    Findings
        The same for the same data on each machine; at most one finding of each kind and modality.
    """
    found = [*_same(data, watch), *_labels(data), *_parts(data)]
    if len(data.images):
        found += pictures(data, watch)
    if data.audio is not None:
        found += sounds(data.audio, watch)
    if data.texts is not None:
        found += sentences(data.texts)
    return Findings(tuple(sorted(found, key=lambda f: KINDS.index(f.kind))))


def _noun(data: Dataset) -> str:
    """What one row is."""
    names = {"image": "picture", "audio": "sound", "text": "text"}
    has = data.modalities()
    return names.get(has[0], "item") if len(has) == 1 else "item"


def _same(data: Dataset, watch: Watch) -> list[Finding]:
    """Rows that are the same, those of them that contradict each other, and pictures that look the same."""
    columns = [c for c in (data.images if len(data.images) else None, data.audio, data.texts) if c is not None]
    if not columns:
        return []
    marks = [digests(column, watch) for column in columns]
    equal = equal_rows(np.concatenate(marks, axis=1))
    found = [*_contradictions(data, equal)]
    if equal.count:
        extra = len(equal.rows) - equal.count
        found.append(Finding(
            "duplicates", f"{counted(extra, 'exact copy', 'exact copies')}",
            f"{counted(equal.count, _noun(data))} {'is' if equal.count == 1 else 'are'} there more than once, "
            f"{len(equal.rows):,} times in all. They count more in training than others: remove the copies unless "
            "that is meant.", equal.rows, equal.numbers,
        ))  # fmt: skip
    if len(data.images):
        images = equal_rows(marks[0]) if len(marks) > 1 else equal
        once = np.ones(len(data), np.bool_)
        once[images.rows[np.diff(images.numbers, prepend=-1) == 0]] = False
        near = near_rows(data.images, np.flatnonzero(once), watch)
        if near.count:
            torn = near.split(data.parts).count if data.parts is not None else 0
            found.append(Finding(
                "near-duplicates", f"{counted(len(near.rows), 'picture')} nearly the same",
                f"{counted(near.count, 'group')} of pictures differ so little that they look the same, as copies "
                "saved anew or neighbouring frames do. Look at them, remove copies, and keep frames of one film in "
                "one part." + (f" {counted(torn, 'group')} now lie in several parts." if torn else ""),
                near.rows, near.numbers,
            ))  # fmt: skip
    return found


def _contradictions(data: Dataset, equal: Groups) -> Iterator[Finding]:
    """Equal rows in different parts, and equal rows with different labels."""
    if data.parts is not None and (leak := equal.split(data.parts)).count:
        yield Finding(
            "leak", f"{counted(leak.count, _noun(data))} in more than one part",
            "Exact copies lie both in what is trained on and in what is held out, so that scores come out too good: "
            "remove the copies or keep them together.", leak.rows, leak.numbers,
        )  # fmt: skip
    if data.labels is not None and (conflict := equal.split(_filled(data.labels, equal))).count:
        yield Finding(
            "conflict", f"{counted(conflict.count, _noun(data))} with two labels",
            "Exact copies carry different labels, so at least one label is wrong: correct or remove them.",
            conflict.rows, conflict.numbers,
        )  # fmt: skip


def _filled(labels: NDArray[np.int64], equal: Groups) -> NDArray[np.int64]:
    """Labels in which a row without one has that of an equal row: no label contradicts none."""
    mine = labels[equal.rows]
    known = np.full(equal.count, -1)
    np.maximum.at(known, equal.numbers, mine)
    filled = labels.copy()
    filled[equal.rows] = np.where(mine < 0, known[equal.numbers], mine)
    return filled


def _some(names: Sequence[str]) -> str:
    """Up to five names, and how many more there are."""
    shown = ", ".join(f"“{name}”" for name in names[:5])
    return shown + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _labels(data: Dataset) -> Iterator[Finding]:
    if data.labels is None or not len(data.labels):
        return
    missing = np.flatnonzero(data.labels < 0)
    if len(missing):
        yield Finding(
            "unlabelled", f"{counted(len(missing), _noun(data))} without a label",
            "They take part in training without labels only: give them labels, or leave them out.", missing,
        )  # fmt: skip
    counts = {name: count for name, count in data.label_counts().items() if count}
    few = [name for name, count in counts.items() if count < FEW]
    if few:
        numbers = np.array([data.label_names.index(name) for name in few])
        yield Finding(
            "few", f"{counted(len(few), 'label')} with fewer than {FEW} items",
            f"{_some(few)}: too few to learn from. Add items, or join labels.",
            np.flatnonzero(np.isin(data.labels, numbers)),
        )  # fmt: skip
    if len(counts) > 1:
        small, large = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        ratio = counts[large] / counts[small]
        if ratio >= UNBALANCED:
            yield Finding(
                "balance", f"Labels differ {ratio:,.1f}-fold in size",
                f"“{large}” has {counts[large]:,}, “{small}” {counts[small]:,}. A model sees the smaller ones seldom "
                "and makes them worse: add items to them, or leave some of the larger ones out.",
                np.flatnonzero(data.labels == data.label_names.index(small)),
            )  # fmt: skip


def _parts(data: Dataset) -> Iterator[Finding]:
    counts = dict(data.splits)
    if data.parts is not None:
        here = {name: int((data.parts == i).sum()) for i, name in enumerate(SPLITS)}
        counts |= {name: count for name, count in here.items() if count}  # a part may lie in a file of its own
    least = max(FEW, min(100, sum(counts.values()) // 200))
    if thin := [name for name, count in counts.items() if count < least and len(counts) > 1]:
        rows = NO_ROWS
        if data.parts is not None:
            rows = np.flatnonzero(np.isin(data.parts, [SPLITS.index(name) for name in thin]))
        held = " and ".join(f"“{name}” has {counted(counts[name], 'item')}" for name in thin)
        yield Finding(
            "part", f"{counted(len(thin), 'part')} nearly empty",
            f"{held}; scores on fewer than {least:,} are down to chance. Hold a larger share out.", rows,
        )  # fmt: skip
