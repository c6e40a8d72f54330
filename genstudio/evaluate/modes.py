"""Which modes of the toy data a model has found, by a strict rule that says when a mode counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.data.synthetic import rings

REACH = 3.0  # deviations around a mode within which a sample is good
LEAST = 20  # good samples that a mode needs, of `OF`
OF = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """Centres float64 [K, 2] of equally likely normal clusters with the same standard deviation."""

    centres: NDArray[np.float64]
    deviation: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of `total` modes.

    Attributes
    ----------
    strict : int
        Modes with at least 20 of 10,000 samples within three deviations (of other numbers: at least 0.2 %).
    loose : int
        Modes with at least one; flatters models that scatter their samples.
    good : float
        Share of samples within three deviations of a mode; 0.989 for a perfect model.
    reverse_kl : float
        KL(model || data) in nats between the shares of samples nearest to each mode and equal shares; 0 at best,
        log K when everything goes to one (the measure of Lin et al. 2018, PacGAN, section 4.1).
    count : int
        Samples.
    """

    strict: int
    loose: int
    total: int
    good: float
    reverse_kl: float
    count: int


def known(source: str) -> Modes | None:
    """The modes of a built-in source, "rings" or "grid"; None for other data."""
    if source == "rings":
        return Modes(rings.ring_centres(), rings.RING_DEVIATION)
    if source == "grid":
        return Modes(rings.grid_centres(), rings.GRID_DEVIATION)
    return None


def find(samples: NDArray[np.floating], modes: Modes) -> Found:
    """Count the modes that samples [N, 2] have found; samples that are not finite belong to none."""
    finite = samples[np.isfinite(samples).all(1)].astype(np.float64)
    apart = np.linalg.norm(finite[:, None] - modes.centres, axis=2)
    nearest, total = apart.argmin(1), len(modes.centres)
    near = apart.min(1) <= REACH * modes.deviation
    hits = np.bincount(nearest[near], minlength=total)
    shares = np.bincount(nearest, minlength=total) / max(1, len(finite))
    there = shares[shares > 0]
    return Found(
        strict=int((hits >= max(1.0, LEAST * len(samples) / OF)).sum()),
        loose=int((hits > 0).sum()),
        total=total,
        good=float(near.sum() / max(1, len(samples))),
        reverse_kl=float((there * np.log(there * total)).sum()) if len(there) else float(np.log(total)),
        count=len(samples),
    )
