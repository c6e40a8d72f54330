"""Which items have codes like a given one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.engine.latent.place import Floats

_PART = 20_000  # codes looked at in one go, so that a long search can be left in between


def nearest(codes: Floats, code: Floats, count: int, spread: Floats | None = None) -> NDArray[np.int64]:
    """Rows of the codes nearest to one, nearest first: int64 [min(count, N)].

    Parameters
    ----------
    codes : float32 [N, D]
    code : float32 [D]
    spread : float32 [D] or None
        Standard deviations that distances are measured in, so that no dimension counts for its units alone; those
        that are zero count as they are.
    """
    if not len(codes):
        return np.empty(0, np.int64)
    weight = np.ones(codes.shape[1], np.float32)
    if spread is not None:
        weight = 1 / np.where(spread > 0, spread, 1).astype(np.float32)
    scaled = code * weight
    distances = np.empty(len(codes), np.float32)
    for start in range(0, len(codes), _PART):
        part = slice(start, start + _PART)
        distances[part] = np.square(codes[part] * weight - scaled).sum(1)
    count = min(count, len(codes))
    rows = np.argpartition(distances, count - 1)[:count] if count < len(codes) else np.arange(len(codes))
    return rows[np.argsort(distances[rows], kind="stable")].astype(np.int64)
