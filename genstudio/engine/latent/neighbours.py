"""A map that is no plane: what lies between its points is mixed from the codes of those around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.engine.latent.place import Floats

_AROUND = 8  # neighbours that a code is mixed from
_CHUNK = 1 << 22  # distances between codes at a time
_SMALLEST_SHARE = 0.1  # of the largest standard deviation: dead dimensions must not decide what is similar


class Neighbours:
    """A chart of points that an arrangement such as t-SNE gave to codes.

    Between the points a code is the mean of those of its neighbours, weighted by 1/d² (Shepard 1968); at a point it
    is exactly the code of that point.

    Parameters
    ----------
    xy : float32 [N, 2]
        Where the codes stand.
    codes : float32 [N, D]
    name : str
        How the map was made.

    Raises
    ------
    InputError
        When there are no points, or numbers that are not finite.
    """

    def __init__(self, xy: Floats, codes: Floats, name: str = "t-SNE") -> None:
        from scipy.spatial import KDTree

        if not len(xy) or len(xy) != len(codes):
            raise InputError("The map has no points yet: choose data to encode.")
        if not (np.isfinite(xy).all() and np.isfinite(codes).all()):
            raise InputError("The map holds numbers that are not finite: arrange it again.")
        self.xy, self.codes, self.name = xy, codes, name
        self._tree = KDTree(xy.astype(np.float64))
        spread = codes.std(0, dtype=np.float64)
        self._mean = codes.mean(0, dtype=np.float64).astype(np.float32)
        self._spread = np.maximum(spread, _SMALLEST_SHARE * spread.max() or 1.0).astype(np.float32)
        self._lengths: NDArray[np.float32] | None = None

    @property
    def axes(self) -> tuple[str, str]:
        """Labels of the axes, which have no unit and no meaning of their own."""
        return f"{self.name} x", f"{self.name} y"

    def nearest(self, xy: Floats, k: int = 1) -> NDArray[np.int64]:
        """Rows of the points nearest to points [M, 2], nearest first: int64 [M, min(k, N)]; raises `InputError`."""
        return self._around(xy, k)[1]

    def codes_at(self, xy: Floats) -> Floats:
        """Points [M, 2] to codes float32 [M, D]; raises `InputError` for numbers that are not finite."""
        distances, rows = self._around(xy, _AROUND)
        return _mixed(np.square(distances), self.codes[rows])

    def place(self, codes: Floats) -> Floats:
        """Codes [M, D] to points float32 [M, 2]: between those of the most similar codes.

        Similar means near after each dimension was divided by its standard deviation, or a tenth of the largest
        one; a code of the map itself stands exactly at its point.
        """
        given = (codes - self._mean) / self._spread
        step = max(1, _CHUNK // len(self.codes))
        parts = [self._placed(given[start : start + step]) for start in range(0, len(given), step)]
        return np.concatenate([np.empty((0, 2), np.float32), *parts])

    def _placed(self, given: Floats) -> Floats:
        """Standardised codes [M, D] to points [M, 2]."""
        known = (self.codes - self._mean) / self._spread
        if self._lengths is None:
            self._lengths = np.square(known).sum(1)
        k = min(_AROUND, len(known))
        rough = self._lengths - 2 * given @ known.T
        rows = np.argpartition(rough, k - 1, axis=1)[:, :k]
        # the rough distances are differences of large numbers: those that count are taken exactly
        return _mixed(np.square(known[rows] - given[:, None]).sum(2, dtype=np.float64), self.xy[rows])

    def _around(self, xy: Floats, k: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distances and rows of the nearest points, nearest first: float64 and int64 [M, min(k, N)]."""
        points = np.asarray(xy, np.float64).reshape(-1, 2)
        if not np.isfinite(points).all():
            raise InputError("The point on the map is not a number: click on the map again.")
        count = min(max(k, 1), len(self.codes))
        # of a single neighbour the tree returns no second axis
        distances, rows = self._tree.query(points, count)
        shape = (len(points), count)
        return np.asarray(distances, np.float64).reshape(shape), np.asarray(rows, np.int64).reshape(shape)


def _mixed(squares: NDArray[np.float64], values: Floats) -> Floats:
    """Means float32 [M, E] of values [M, K, E], weighted by 1/squares [M, K]; at a square of 0 its value alone."""
    least = squares.min(1, keepdims=True)
    # divided by the least one first, so that the weights of very near points do not overflow
    weights = np.where(squares == least, 1.0, least / np.where(squares == 0, 1.0, squares))
    weights /= weights.sum(1, keepdims=True)
    return np.einsum("mk,mke->me", weights, values).astype(np.float32)
