"""Distances between two sets of features, Fréchet and kernel: about 0 for equal distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean float64 [D] and covariance float64 [D, D] of `count` rows."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int


def moments(rows: Array) -> Moments:
    """Mean and unbiased covariance of rows [N, D].

    Raises
    ------
    InputError
        When there are not more rows than dimensions: the covariance would be singular and the distance wrong.
    """
    count, size = rows.shape
    if count <= size:
        raise InputError(
            f"A Fréchet distance in {size} dimensions needs more than {size} items on each side, there are {count}: "
            "take more, or use the kernel distance."
        )
    rows = rows.astype(np.float64, copy=False)
    return Moments(rows.mean(0), np.atleast_2d(np.cov(rows, rowvar=False)), count)


def frechet(a: Array | Moments, b: Array | Moments) -> float:
    """Squared Fréchet distance between normal distributions fitted to two sets of rows [N, D] and [M, D].

    |μa − μb|² + tr(Σa + Σb − 2 (Σa½ Σb Σa½)½), in float64 (Dowson & Landau 1982; Heusel et al. 2017, eq. 6).
    The product is symmetric, so that its root has real eigenvalues; no general matrix root is taken.

    Raises
    ------
    InputError
        When a set has not more rows than dimensions.
    """
    first = a if isinstance(a, Moments) else moments(a)
    second = b if isinstance(b, Moments) else moments(b)
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    product = root @ second.covariance @ root
    shared = np.sqrt(np.linalg.eigvalsh((product + product.T) / 2).clip(0)).sum()
    apart = np.square(first.mean - second.mean).sum()
    distance = apart + np.trace(first.covariance) + np.trace(second.covariance) - 2 * shared
    return max(0.0, float(distance))  # rounding alone makes it negative


def kernel(a: Array, b: Array, subsets: int = 100, size: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Kernel distance: squared maximum mean discrepancy with the kernel (x·y / D + 1)³, unbiased.

    Mean and standard deviation over `subsets` draws of `size` rows of each set [N, D] and [M, D] (Bińkowski et al.
    2018, section 4, who call it KID). Unlike the Fréchet distance it does not depend on the number of rows.

    Raises
    ------
    InputError
        When a set has fewer than two rows.
    """
    size = min(size, len(a), len(b))
    if size < 2:
        raise InputError("A kernel distance needs at least two items on each side: take more.")
    rng = np.random.default_rng(seed)
    draws = [_discrepancy(_some(a, size, rng), _some(b, size, rng)) for _ in range(subsets)]
    return float(np.mean(draws)), float(np.std(draws))


def halves(rows: NDArray, other: NDArray, count: int, seed: int = 0) -> tuple[NDArray, NDArray]:
    """`count` rows of each set, drawn without repetition: what a perfect model would be compared with.

    A score of these two is the floor: nothing that is scored on `count` items can expect to get below it.
    Where both are the same array, its rows are shared out, so that no item is on both sides; each side then has
    at most half of them.
    """
    rng = np.random.default_rng(seed)
    if rows is other:
        order = rng.permutation(len(rows))
        half = min(count, len(rows) // 2)
        return rows[np.sort(order[:half])], rows[np.sort(order[half : 2 * half])]
    return _some(rows, count, rng), _some(other, count, rng)


def _some(rows: NDArray, count: int, rng: np.random.Generator) -> NDArray:
    """At most `count` different rows, in their order."""
    if count >= len(rows):
        return rows
    return rows[np.sort(rng.choice(len(rows), count, replace=False))]


def _discrepancy(a: Array, b: Array) -> float:
    """Unbiased squared MMD of equally many rows (Gretton et al. 2012, eq. 3)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    count, size = a.shape

    def similar(x: Array, y: Array) -> NDArray[np.float64]:
        base = x @ y.T / size + 1
        return base * base * base

    within = sum(k.sum() - np.trace(k) for k in (similar(a, a), similar(b, b)))
    return float(within / (count * (count - 1)) - 2 * similar(a, b).mean())
