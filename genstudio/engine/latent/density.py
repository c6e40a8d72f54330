"""How dense a map is around each of its points."""

from __future__ import annotations

import numpy as np

from genstudio.engine.latent.place import Floats

_CELLS = 128  # a side
_SMOOTHED = 1.5  # cells, standard deviation of the kernel


def density_at(xy: Floats) -> Floats:
    """Points an area around each point [N, 2], as a share of the densest place: float32 [N] in 0..1.

    A histogram on a square grid, smoothed by a normal kernel and read between the cells; points that are not finite
    have 0.
    """
    result = np.zeros(len(xy), np.float32)
    finite = np.isfinite(xy).all(1)
    points = xy[finite].astype(np.float64)
    if not len(points):
        return result
    low = points.min(0)
    width = max(float((points.max(0) - low).max()), 1e-12) / (_CELLS - 1)
    place = (points - low) / width
    cell = np.minimum(place.round().astype(np.int64), _CELLS - 1)
    counts = np.bincount(cell[:, 1] * _CELLS + cell[:, 0], minlength=_CELLS * _CELLS).reshape(_CELLS, _CELLS)
    offset = np.arange(_CELLS)
    kernel = np.exp(-0.5 * ((offset[:, None] - offset) / _SMOOTHED) ** 2)
    smooth = kernel @ counts @ kernel
    below = np.minimum(place.astype(np.int64), _CELLS - 2)
    right, up = (place - below).T
    x, y = below.T
    value = (smooth[y, x] * (1 - right) + smooth[y, x + 1] * right) * (1 - up)
    value += (smooth[y + 1, x] * (1 - right) + smooth[y + 1, x + 1] * right) * up
    result[finite] = value / max(float(value.max()), 1e-30)
    return result
