"""Maps by t-SNE, arranged in a child process: neither the window's memory nor its interpreter pays for them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent.place import Floats
from genstudio.engine.latent.tsne_pipe import Answer, Child

Rows = NDArray[np.int64]
Stage = Literal["neighbours", "arranging", "placing"]

FEWEST = 10  # codes that can be arranged
MOST = 10_000  # codes that are arranged; the others are placed among them
_LARGEST = 2 << 30  # bytes of codes


@dataclass(frozen=True, slots=True, eq=False)
class Arranged:
    """A map as far as it is.

    Attributes
    ----------
    xy : float32 [n, 2]
        Where codes stand, without a unit: the mean of those arranged is at (0, 0), their root mean square distance
        from it 1.
    rows : int64 [n]
        Which codes these are, ascending.
    stage : {"neighbours", "arranging", "placing"}
        Finding similar codes (no points yet), moving all of them, placing the rest.
    done, total : int
        Iterations while arranging, codes while placing.
    scale : float
        What xy is multiplied with to be in the units of t-SNE, whose kernel is 1 / (1 + d²).
    whole : bool
        Whether this is the last one, of all codes.
    """

    xy: Floats
    rows: Rows
    stage: Stage
    done: int
    total: int
    scale: float
    whole: bool


def rows_to_arrange(count: int, most: int, seed: int) -> Rows:
    """Which of `count` codes are arranged, ascending: int64 [min(count, most)]."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most]).astype(np.int64)


def arrange(
    codes: Floats,
    start: Arranged | None = None,
    seed: int = 0,
    most: int = MOST,
    like: Floats | None = None,
) -> Iterator[Arranged | None]:
    """A t-SNE map of codes [N, D], growing (van der Maaten & Hinton 2008; by openTSNE, Poličar et al. 2024).

    Each item comes within about 50 ms; None when there is nothing new. Closing the iterator ends the work at once.
    Dimensions are divided by their standard deviations, those that hardly vary by a tenth of the largest one, and
    reduced to at most 50 principal components. Perplexity is 30, less for fewer than 91 codes.

    Parameters
    ----------
    start : Arranged or None
        A map of the same rows before, of weights of an earlier step for instance, from where points go on in half
        the iterations; None for principal components.
    most : int
        Codes that are arranged, at least 10; the others are placed among them afterwards.
    like : float32 [N, 2] or None
        A map that was shown before: the first one is turned and mirrored to lie as that one did.

    Raises
    ------
    InputError
        When there are fewer than 10 codes, all of them are equal, or numbers are not finite.
    WorkError
        When the child process ends early, or openTSNE is not installed.
    """
    _check(codes)
    if len(codes) < FEWEST:
        raise InputError(
            f"A map by t-SNE needs at least {FEWEST} codes, there are {len(codes)}: look at principal directions."
        )
    if (codes == codes[0]).all():
        raise InputError("All codes are equal, there is nothing to arrange: train the model further.")
    rows = rows_to_arrange(len(codes), max(most, FEWEST), seed)
    before = None if start is None else _positions(start, rows)
    request = {"task": "arrange", "count": len(codes), "size": codes.shape[1], "most": max(most, FEWEST),
               "seed": seed, "start": before is not None}  # fmt: skip
    frames = [codes] if before is None or start is None else [codes, before * start.scale]
    target = before if before is not None else None if like is None else like[rows]
    with contextlib.closing(_answers(request, frames)) as answers:
        yield from _Map(rows, len(codes), target).of(answers)


def place_new(
    known: Floats, onto: Arranged, codes: Floats, seed: int = 0, most: int = MOST
) -> Iterator[Arranged | None]:
    """Places of new codes [M, D] on a map that stays as it is; `rows` are theirs.

    For many codes; a few have their place at once by `Neighbours.place`. Iterating is as for `arrange`.

    Parameters
    ----------
    known : float32 [N, D]
        Codes of the map.
    onto : Arranged
        The whole map of them.
    most : int
        Codes of the map that are looked at.

    Raises as `arrange`.
    """
    _check(known)
    _check(codes)
    if known.shape[1] != codes.shape[1] or not len(codes):
        raise InputError("There are no codes that this map could take: choose pictures for this model.")
    if len(onto.rows) < FEWEST:
        raise InputError(f"The map has fewer than {FEWEST} points, too few to place others among them.")
    chosen = rows_to_arrange(len(onto.rows), max(most, FEWEST), seed)
    reference, xy = known[onto.rows[chosen]], onto.xy[chosen] * onto.scale
    request = {"task": "place", "count": len(reference), "size": codes.shape[1], "new": len(codes), "seed": seed}
    placed = np.empty((0, 2), np.float32)
    with contextlib.closing(_answers(request, [reference, xy, codes])) as answers:
        for answer in answers:
            if answer is None:
                yield None
                continue
            placed = np.concatenate([placed, answer.xy / np.float32(onto.scale)])
            rows = np.arange(len(placed), dtype=np.int64)
            yield Arranged(
                placed, rows, answer.stage, answer.done, answer.total, onto.scale, len(placed) == len(codes)
            )


class _Map:
    """A map as answers come: of one size, and turned so that it does not jump.

    Parameters
    ----------
    rows : int64 [n]
        Codes that are arranged.
    count : int
        All codes.
    target : float32 [n, 2] or None
        How the first map should lie.
    """

    def __init__(self, rows: Rows, count: int, target: Floats | None) -> None:
        self._rows, self._count, self._target = rows, count, target
        rest = np.setdiff1d(np.arange(count, dtype=np.int64), rows, assume_unique=True)
        self._rest = rest
        self._centre, self._turn, self._scale = np.zeros(2), np.eye(2), 1.0
        self._xy = np.zeros((count, 2), np.float32)
        self._placed = 0

    def of(self, answers: Iterator[Answer | None]) -> Iterator[Arranged | None]:
        """The maps that answers tell of."""
        for answer in answers:
            if answer is None:
                yield None
            elif answer.stage == "placing":
                yield self._with_more(answer)
            elif answer.stage == "arranging":
                yield self._moved(answer)
            else:
                nothing = np.empty((0, 2), np.float32), np.empty(0, np.int64)
                yield Arranged(*nothing, answer.stage, answer.done, answer.total, 1.0, False)

    def _moved(self, answer: Answer) -> Arranged:
        points = answer.xy.astype(np.float64)
        self._centre = points.mean(0)
        points -= self._centre
        self._scale = float(np.sqrt(np.square(points).sum(1).mean())) or 1.0
        if self._target is not None:
            self._turn = turn_onto(points, self._target)
        self._xy[self._rows] = self._target = ((points / self._scale) @ self._turn).astype(np.float32)
        whole = answer.done == answer.total and not len(self._rest)
        return self._now(self._rows, answer, whole)

    def _with_more(self, answer: Answer) -> Arranged:
        new = self._rest[self._placed : self._placed + len(answer.xy)]
        self._xy[new] = (answer.xy - self._centre) / self._scale @ self._turn
        self._placed += len(answer.xy)
        whole = self._placed == len(self._rest)
        rows = np.arange(self._count) if whole else np.union1d(self._rows, self._rest[: self._placed])
        return self._now(rows.astype(np.int64), answer, whole)

    def _now(self, rows: Rows, answer: Answer, whole: bool) -> Arranged:
        return Arranged(self._xy[rows], rows, answer.stage, answer.done, answer.total, self._scale, whole)


def turn_onto(points: NDArray[np.float64], target: Floats) -> NDArray[np.float64]:
    """The rotation or mirroring R [2, 2] that brings points [n, 2] nearest to a target: min ‖points·R − target‖.

    Orthogonal Procrustes problem (Schönemann 1966): with pointsᵀ·target = P·S·Qᵀ it is R = P·Qᵀ.
    """
    p, _, qt = np.linalg.svd(points.T @ (target - target.mean(0, dtype=np.float64)))
    return p @ qt


def _positions(start: Arranged, rows: Rows) -> Floats | None:
    """Where `rows` stood on an earlier map: float32 [n, 2]; those that were not on it, at random, near its middle.

    None when fewer than half were on it.
    """
    known, at, of = np.intersect1d(rows, start.rows, assume_unique=True, return_indices=True)
    if 2 * len(known) < len(rows):
        return None
    xy = np.random.default_rng(0).normal(0, 0.1, (len(rows), 2)).astype(np.float32)
    xy[at] = start.xy[of]
    return xy


def _check(codes: Floats) -> None:
    if codes.ndim != 2 or not codes.shape[1] or not np.isfinite(codes).all():
        raise InputError("Some codes hold numbers that are not finite: the model has diverged, use an earlier one.")
    if codes.nbytes > _LARGEST:
        raise InputError(f"These are {codes.nbytes / 1e9:.1f} GB of codes, too many for t-SNE: encode fewer items.")


def _answers(request: dict[str, object], frames: list[Floats]) -> Generator[Answer | None, None, None]:
    """What a child process answers; it ends with the iterator."""
    child = Child(json.dumps(request).encode(), [np.ascontiguousarray(frame, "<f4") for frame in frames])
    try:
        while True:
            answer = child.poll()
            if isinstance(answer, str):
                raise WorkError(answer)
            if answer is not None and answer.stage == "end":
                return
            yield answer
    finally:
        child.end()
