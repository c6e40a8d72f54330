"""Which items are held out: a seeded choice that keeps what the source says and never tears a group apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig
from genstudio.data.items import SPLITS, Split

_TRAIN, _VALIDATION, _TEST = (SPLITS.index(name) for name in ("train", "validation", "test"))


def assign(
    count: int, given: Sequence[Split | None] | None, groups: Sequence[str | None] | None, config: DataConfig
) -> NDArray[np.int8]:
    """Put each item into a part.

    Validation and test items of the source stay what they are. Where the source gives none of a part, a share of
    the rest is drawn for it: ``config.test`` first, then ``config.validation``, both shares of the same rest, so
    that another validation share leaves the test part as it is. Training always keeps something; beyond that,
    each share above 0 gets at least one item, the test part first.

    Parameters
    ----------
    count : int
    given : sequence of Split or None, optional
        What the source says of each item. "train" may still be drawn from.
    groups : sequence of str or None, optional
        Items with the same group go together; None and "" stand alone. A group that the source itself puts
        into several parts stays as the source has it; its items of no given part are then held out as well.

    Returns
    -------
    int8 [count]
        Index into `SPLITS`.
    """
    said = np.full(count, -1, np.int8)
    if given is not None:
        assert len(given) == count
        said[:] = [-1 if part is None else SPLITS.index(part) for part in given]
    group = _numbered(groups, count)
    parts = np.maximum(said, _TRAIN)
    free = np.ones(count, bool)
    for part in (_VALIDATION, _TEST):  # test last: an item of a group that has both is never trained or chosen on
        with_it = np.isin(group, group[said == part])
        parts[with_it & (said < 0)] = part
        free &= ~with_it
    shares = {part: share for part, share in ((_TEST, config.test), (_VALIDATION, config.validation)) if share > 0}
    drawn = {part: share for part, share in shares.items() if not (said == part).any()}
    _draw(parts, np.flatnonzero(free), group, drawn, config.split_seed)
    return parts


def _numbered(groups: Sequence[str | None] | None, count: int) -> NDArray[np.int64]:
    """A number per group, one of its own for each item without a group."""
    if groups is None:
        return np.arange(count)
    assert len(groups) == count
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, i) if name else i for i, name in enumerate(groups)], np.int64)


def _draw(
    parts: NDArray[np.int8], rows: NDArray[np.int64], group: NDArray[np.int64], shares: dict[int, float], seed: int
) -> None:
    """Write the drawn parts of these rows into `parts`."""
    _, unit, sizes = np.unique(group[rows], return_inverse=True, return_counts=True)
    # Raw numbers of the bit generator, which NumPy promises never to change, unlike those of `permutation`:
    # what was held out when a model was trained must be held out for good.
    order = np.argsort(np.random.PCG64(seed).random_raw(len(sizes)), kind="stable")
    left = [(int(i), int(sizes[i])) for i in order]
    part_of = np.full(len(sizes), -1, np.int8)
    for waiting, (part, share) in zip(range(len(shares) - 1, -1, -1), shares.items(), strict=True):
        most = max(len(left) - 1 - waiting, min(1, len(left) - 1))  # of two, one is for the part that comes first
        taken = _nearest(left, share * len(rows), most)
        part_of[list(taken)] = part
        left = [pair for pair in left if pair[0] not in taken]
    fresh = part_of[unit]
    parts[rows[fresh >= 0]] = fresh[fresh >= 0]


def _nearest(units: list[tuple[int, int]], target: float, most: int) -> set[int]:
    """Units, in the order given, whose sizes add up to nearly `target`: at least one, at most `most` of them."""
    taken: set[int] = set()
    held = 0
    if most < 1:
        return taken
    for unit, size in units:
        if len(taken) == most or held >= target:
            break
        if abs(held + size - target) < abs(held - target):  # a group too large for what is missing is passed over
            taken.add(unit)
            held += size
    return taken or {min(units, key=lambda pair: pair[1])[0]}
