"""A report of scores. Each says on how many items, against what and with which network it was measured.

Beside a score stands its floor: what real training items reach in the model's place. Nothing can expect to do better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError, WorkError
from genstudio.evaluate.distances import frechet, halves, kernel
from genstudio.evaluate.features import SIZE, FeatureNet, Progress, classify, features, nobody
from genstudio.evaluate.manifold import NEIGHBOURS, manifold
from genstudio.evaluate.modes import LEAST, OF, Modes, find

Bytes = NDArray[np.uint8]
Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Score:
    """One number and what it takes to read it.

    Attributes
    ----------
    floor : float or None
        The same measure of real items; for scores where more is better it is the ceiling.
    n : int
        Samples that were scored.
    protocol : str
        What was compared with what, and how, in words.
    higher : bool
        Whether more is better.
    spread : float or None
        Standard deviation of `value` over draws, where it is a mean of several.
    """

    value: float
    floor: float | None
    n: int
    protocol: str
    higher: bool = False
    spread: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is not finite is None."""
        plain = asdict(self)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in plain.items()}


def score_pictures(
    samples: Bytes,
    reference: Bytes,
    net: FeatureNet,
    train: Bytes | None = None,
    seed: int = 0,
    progress: Progress = nobody,
) -> dict[str, Score]:
    """Score pictures uint8 [N, H, W, C] against real ones [M, H, W, C] that the model has not seen.

    Parameters
    ----------
    samples : uint8 [N, H, W, C]
        Drawn independently; none chosen.
    reference : uint8 [M, H, W, C]
        The test part, where there is one.
    net : FeatureNet
        Of the training part of the same data.
    train : uint8 [L, H, W, C], optional
        The training part, of which as many pictures as samples give the floor; without it two halves of the
        reference do.
    seed : int
        For the choice of these.

    Returns
    -------
    dict of name to Score
        "fd_gs64" (left out for 64 pictures and fewer, too few for it), "kernel_distance", "precision", "recall",
        "density", "coverage", and "class_kl" where the network knows labels.

    Raises
    ------
    InputError
        When there are no more than five pictures on a side, or they are not of the network's size.
    """
    sides = {"samples": samples, "reference": reference}
    if train is None:
        sides["floor"], sides["floor reference"] = halves(reference, reference, len(samples), seed)
    else:
        sides["floor"] = halves(train, reference, len(samples), seed)[0]
    rows = _features_of(sides, net, progress)
    best = rows["floor"], rows.get("floor reference", rows["reference"])
    floor = "real training pictures" if train is not None else f"two halves of the reference, {len(best[0]):,} each"
    where = f"{len(samples):,} samples against {len(reference):,} real pictures; {net.about}; floor: {floor}"
    drawn = rows["samples"], rows["reference"]
    scores = _distances(drawn, best, where, seed) | _shares(drawn, best, where, seed)
    if net.classes:
        value, least = (_class_kl(classify(net, a), classify(net, b), net.classes) for a, b in (drawn, best))
        scores["class_kl"] = Score(value, least, len(samples), f"labels seen by the network, KL in nats; {where}")
    return scores


def _features_of(sides: Mapping[str, Bytes], net: FeatureNet, progress: Progress) -> dict[str, Rows]:
    """Features of all sides, with one count of progress over them."""
    total, done, rows = sum(map(len, sides.values())), 0, {}
    for name, pictures in sides.items():
        before = done
        rows[name] = features(net, pictures, lambda n, _, before=before: progress(before + n, total))
        done += len(pictures)
    return rows


def score_points(samples: Rows, reference: Rows, modes: Modes | None = None, seed: int = 0) -> dict[str, Score]:
    """Score points [N, 2] against real ones [M, 2]; "modes", "good" and "reverse_kl" where the modes are known.

    The floor of modes are the real points themselves, that of the others two halves of them.

    Raises
    ------
    InputError
        When there are too few points on a side.
    WorkError
        When a sample is not finite: the model has diverged.
    """
    if not np.isfinite(samples).all():
        raise WorkError("Some samples are not finite numbers, so they have no score: the model has diverged.")
    best = halves(reference, reference, len(samples), seed)
    where = f"{len(samples):,} samples against {len(reference):,} real points; floor: two halves of these"
    drawn = samples, reference
    scores = {"frechet": Score(frechet(samples, reference), frechet(*best), len(samples), f"coordinates; {where}")}
    scores |= _shares(drawn, best, where, seed)
    if modes is not None:
        mine, real, n = find(samples, modes), find(reference, modes), len(samples)
        rule = f"a mode counts with {LEAST} of {OF:,} samples within three deviations"
        scores["modes"] = Score(mine.strict, real.strict, n, f"{rule}; of {mine.total}", True)
        scores["good"] = Score(mine.good, real.good, n, "share of samples within three deviations of a mode", True)
        scores["reverse_kl"] = Score(mine.reverse_kl, real.reverse_kl, n, "KL of shares by nearest mode, in nats")
    return scores


def score_reconstructions(originals: Bytes, drawn: Bytes) -> dict[str, Score]:
    """ "mse" per pixel of 0..1 and "psnr" in dB, 10 log10(1 / mse), of pictures [N, H, W, C] drawn again.

    Raises
    ------
    InputError
        When these are not as many pictures of the same size.
    """
    if originals.shape != drawn.shape or not len(drawn):
        raise InputError(f"{drawn.shape} are no reconstructions of {originals.shape}: give as many of the same size.")
    error = sum(float(np.square(a.astype(np.float64) - b).sum()) for a, b in zip(originals, drawn, strict=True))
    mse = error / originals.size / 255**2
    protocol = f"mean over all pixels of {len(drawn):,} pictures, as bytes"
    return {
        "mse": Score(mse, 0.0, len(drawn), protocol),
        "psnr": Score(10 * math.log10(1 / mse) if mse else math.inf, None, len(drawn), protocol, higher=True),
    }


def _distances(drawn: tuple[Rows, Rows], best: tuple[Rows, Rows], where: str, seed: int) -> dict[str, Score]:
    n, scores = len(drawn[0]), {}
    if min(map(len, (*drawn, *best))) > SIZE:
        protocol = f"FD-GS64: squared Fréchet distance of {SIZE} features, float64; {where}"
        scores["fd_gs64"] = Score(frechet(*drawn), frechet(*best), n, protocol)
    (value, spread), (least, _) = kernel(*drawn, seed=seed), kernel(*best, seed=seed)
    protocol = f"mean of 100 draws of at most 1,000 a side, kernel (x·y / {SIZE} + 1)³; {where}"
    return scores | {"kernel_distance": Score(value, least, n, protocol, spread=spread)}


def _shares(drawn: tuple[Rows, Rows], best: tuple[Rows, Rows], where: str, seed: int) -> dict[str, Score]:
    count = min(map(len, drawn))
    samples, real = halves(*drawn, count, seed)
    train, held_out = halves(*best, min(count, *map(len, best)), seed)
    mine, most = manifold(real, samples), manifold(held_out, train)
    protocol = f"k = {NEIGHBOURS}, {count:,} on each side; {where}"
    return {
        name: Score(getattr(mine, name), getattr(most, name), count, protocol, higher=True)
        for name in ("precision", "recall", "density", "coverage")
    }


def _class_kl(drawn: NDArray[np.int64], real: NDArray[np.int64], classes: int) -> float:
    """KL(samples || reference) of how often each label is seen; half a count added to each keeps it finite."""
    mine, theirs = ((np.bincount(labels, minlength=classes) + 0.5) for labels in (drawn, real))
    mine, theirs = mine / mine.sum(), theirs / theirs.sum()
    return float((mine * np.log(mine / theirs)).sum())
