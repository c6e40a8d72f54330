"""Precision, recall, density, coverage: how much of the drawn is real, and how much of the real is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.errors import InputError

NEIGHBOURS = 5
_CHUNK = 1024  # rows of a distance matrix that are in memory at a time


@dataclass(frozen=True, slots=True)
class Manifold:
    """Four shares by k-nearest-neighbour balls.

    Attributes
    ----------
    precision, recall : float
        Share of samples within a ball of the real ones, and the other way round (Kynkäänniemi et al. 2019, eq. 2).
    density : float
        Real balls around a sample on average, over k; may exceed 1 (Naeem et al. 2020, eq. 2).
    coverage : float
        Share of real items with a sample in their ball (Naeem et al. 2020, eq. 3).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: NDArray[np.floating], samples: NDArray[np.floating], k: int = NEIGHBOURS) -> Manifold:
    """Compare features of real items [N, D] and samples [M, D].

    The ball of an item reaches to its k-th nearest neighbour of its own kind. In float64 and in chunks, so that
    10,000 on each side need neither a GPU nor 800 MB.

    Raises
    ------
    InputError
        When a side has not more than `k` items.
    """
    ours, theirs = _tensor(real), _tensor(samples)
    for rows in (ours, theirs):
        if len(rows) <= k:
            raise InputError(f"Precision and recall need more than {k} items on each side, there are {len(rows)}.")
    return _compare(ours, theirs, _radii(ours, k), _radii(theirs, k), k)


def coverage(real: NDArray[np.floating], samples: NDArray[np.floating], k: int = NEIGHBOURS) -> float:
    """Coverage alone, at a third of the time of `manifold`; raises `InputError` like it."""
    return Coverage(real, k)(samples)


class Coverage:
    """Coverage of the same real items again and again: their balls are measured once."""

    def __init__(self, real: NDArray[np.floating], k: int = NEIGHBOURS) -> None:
        self._real = _tensor(real)
        if len(self._real) <= k:
            raise InputError(f"Coverage needs more than {k} real items, there are {len(self._real)}.")
        self._radii = _radii(self._real, k)

    def __call__(self, samples: NDArray[np.floating]) -> float:
        """Share of real items with a sample in their ball: samples [M, D] to 0..1."""
        theirs = _tensor(samples)
        reached = [
            (_squared(rows, theirs).amin(1) <= radii).sum()
            for rows, radii in zip(self._real.split(_CHUNK), self._radii.split(_CHUNK), strict=True)
        ]
        return float(sum(reached)) / len(self._real)


def _compare(real: Tensor, samples: Tensor, radii: Tensor, sample_radii: Tensor, k: int) -> Manifold:
    inside = torch.zeros(len(samples), dtype=torch.int64)  # real balls that each sample lies in
    recalled = covered = 0
    for rows, reach in zip(real.split(_CHUNK), radii.split(_CHUNK), strict=True):
        apart = _squared(rows, samples)
        near = apart <= reach[:, None]
        inside += near.sum(0)
        covered += int(near.any(1).sum())
        recalled += int((apart <= sample_radii).any(1).sum())
    return Manifold(
        precision=float((inside > 0).double().mean()),
        recall=recalled / len(real),
        density=float(inside.double().mean()) / k,
        coverage=covered / len(real),
    )


def _radii(rows: Tensor, k: int) -> Tensor:
    """Squared distance of each row to its k-th nearest other row."""
    found = []
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        apart = _squared(part, rows)
        apart[torch.arange(len(part)), start + torch.arange(len(part))] = torch.inf  # nobody is his own neighbour
        found.append(apart.topk(k, largest=False).values[:, -1])
    return torch.cat(found)


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances [N, M]. By one product of matrices, which needs float64 to tell near items apart."""
    apart = torch.addmm(b.square().sum(1), a, b.T, alpha=-2)
    return apart.add_(a.square().sum(1, keepdim=True)).clamp_min_(0)


def _tensor(rows: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float64))
