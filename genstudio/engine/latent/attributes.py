"""Attribute vectors: what items of one kind have in their codes that others have not.

As in Larsen et al. 2016, section 4.1: the mean code of those with the attribute minus the mean code of those without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.engine.latent.dimensions import check_codes
from genstudio.engine.latent.place import Floats, Place, check_finite

_LEAST = 2  # codes on either side: a mean of one is that one


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """What makes a difference between two kinds of items.

    Attributes
    ----------
    name : str
    vector : float32 [D]
        As long as one standard deviation of the codes along it.
    apart : float
        How far the means of both sides lie apart, in those standard deviations.
    counts : (int, int)
        Items with it and without it.
    """

    name: str
    vector: Floats
    apart: float
    counts: tuple[int, int]


def between(with_it: Floats, without: Floats, name: str) -> Attribute:
    """The attribute that codes float32 [A, D] have and codes float32 [B, D] have not.

    The standard deviation along it is that of both sides together.

    Raises
    ------
    InputError
        When there are fewer than 2 codes on a side; when they are not finite or of different sizes; when both means
        are equal.
    """
    for codes, side in ((with_it, "A"), (without, "B")):
        _need(len(codes), f"Selection {side}")
        check_codes(codes, with_it.shape[1])
    difference = with_it.mean(0, dtype=np.float64) - without.mean(0, dtype=np.float64)
    counts = len(with_it), len(without)
    return _scaled(name, difference, counts, np.concatenate([with_it, without]))


def of_label(codes: Floats, labels: NDArray[np.int64], label: int, names: Sequence[str]) -> Attribute:
    """What items of a label have and all the others have not; parameters as of `of_labels`.

    Raises
    ------
    InputError
        When fewer than 2 codes have the label, or fewer than 2 have not; when codes are not finite; when both means
        are equal.
    """
    check_codes(codes, codes.shape[1])
    name = names[label] if 0 <= label < len(names) else f"label {label}"
    chosen = labels == label
    _need(int(chosen.sum()), f"The label “{name}”")
    _need(int((~chosen).sum()), f"All but the label “{name}”")
    difference = codes[chosen].mean(0, dtype=np.float64) - codes[~chosen].mean(0, dtype=np.float64)
    return _scaled(name, difference, (int(chosen.sum()), int((~chosen).sum())), codes)


def of_labels(codes: Floats, labels: NDArray[np.int64], names: Sequence[str]) -> Iterator[tuple[Attribute, ...]]:
    """The attribute of each label against all the others: those found so far, again and again.

    Labels with fewer than 2 codes, or with fewer than 2 beside them, are left out.

    Parameters
    ----------
    codes : float32 [N, D]
    labels : int64 [N]
        Index into `names`; -1 for none, which counts among the others.
    names : sequence of str

    Raises
    ------
    InputError
        When there are fewer than 2 codes, or they are not finite.
    """
    check_codes(codes, codes.shape[1])
    found: tuple[Attribute, ...] = ()
    for label, count in enumerate(np.bincount(labels[labels >= 0], minlength=len(names))[: len(names)]):
        if min(count, len(codes) - count) < _LEAST:
            continue
        try:
            found = (*found, of_label(codes, labels, label, names))
        except InputError:  # its mean is that of the others: it makes no difference
            continue
        yield found
    if not found:
        yield ()


def applied(place: Place, vector: Floats, strength: float) -> Place:
    """The place that one comes to by so many standard deviations along an attribute or a direction.

    Raises
    ------
    InputError
        When the vector is of another model, or the result is not finite.
    """
    if vector.shape != place.code.shape:
        raise InputError(
            f"A code of this model has {place.code.size:,} numbers, the direction {vector.size:,}: "
            "it is of another model."
        )
    code = (place.code + np.float32(strength) * vector).astype(np.float32)
    check_finite(code)
    return replace(place, code=code)


def advice(labels: Sequence[str]) -> str:
    """What to tell somebody who wants an attribute of a model that is asked by label; empty for other models."""
    if not labels:
        return ""
    return (
        "This model is told the label: choose another label to change it. Its codes hold what the label does not say."
    )


def _need(count: int, what: str) -> None:
    if count < _LEAST:
        has = {0: "no items", 1: "1 item"}[count]
        raise InputError(f"{what} has {has}: an attribute needs at least {_LEAST} on either side.")


def _scaled(name: str, difference: NDArray[np.float64], counts: tuple[int, int], codes: Floats) -> Attribute:
    length = float(np.linalg.norm(difference))
    direction = (difference / max(length, 1e-30)).astype(np.float32)
    spread = float((codes @ direction).std(dtype=np.float64))
    if length <= 1e-6 * max(1.0, float(np.abs(codes).max())) or spread <= 0:
        raise InputError(f"Both sides of “{name}” have the same mean: nothing leads from one to the other.")
    return Attribute(name, (direction * np.float32(spread)).astype(np.float32), length / spread, counts)
