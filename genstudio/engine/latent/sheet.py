"""A sheet of pictures over a map: which tiles to draw for what is in sight, in which order, and which to keep.

The map is cut into squares whose sides are powers of two, so tiles stay where they are while one moves and zooms, and
four finer ones take the place of a coarse one (as the quadtrees of map services do).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Rect = tuple[float, float, float, float]
Key = tuple[int, int, int]
MOST_ACROSS = 24  # tiles of a level along each side of the view, cut ones too
_COARSER = 2  # levels between what is drawn first and what is drawn last
_LOWEST, _HIGHEST = -200, 200  # levels; beyond them floats have no room left
_SMALLEST_SCALE = 1e-50  # pixels per map unit
_FARTHEST = 2**52  # tiles from the origin: beyond it their places are no longer exact


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of the map that one picture fills.

    Attributes
    ----------
    level : int
        Its side is 2^-level map units.
    ix, iy : int
        Squares from the origin, to the right and upwards.
    """

    level: int
    ix: int
    iy: int

    @property
    def size(self) -> float:
        """Side in map units."""
        return math.ldexp(1.0, -self.level)

    @property
    def x(self) -> float:
        """Middle, to the right, in map units."""
        return (self.ix + 0.5) * self.size

    @property
    def y(self) -> float:
        """Middle, upwards, in map units."""
        return (self.iy + 0.5) * self.size

    @property
    def centre(self) -> tuple[float, float]:
        """Where the code of its picture is taken from, in map units."""
        return self.x, self.y

    @property
    def key(self) -> Key:
        """What a cache knows it by."""
        return self.level, self.ix, self.iy


@dataclass(frozen=True, slots=True)
class Plan:
    """What a view needs.

    Attributes
    ----------
    coarse : tuple of Tile
        A few large tiles that cover the view, from the middle outwards: something to see at once.
    fine : tuple of Tile
        The tiles to be seen in the end, from the middle outwards.
    """

    coarse: tuple[Tile, ...] = ()
    fine: tuple[Tile, ...] = ()

    def batches(self, have: Container[Key] = (), first: int = 16, size: int = 32) -> Iterator[tuple[Tile, ...]]:
        """What is still to be drawn, coarse tiles first.

        Parameters
        ----------
        have : container of (level, ix, iy)
            Tiles that are there already; asked anew before each batch. Where all fine tiles are there no coarse
            one is drawn any more.
        first, size : int
            Tiles in the first batch, which should come fast, and in each later one; at least 1.
        """
        missing = [tile for tile in self.fine if tile.key not in have]
        order = [*(tile for tile in self.coarse if missing and tile.key not in have), *missing]
        start, count = 0, max(1, first)
        while start < len(order):
            batch = tuple(tile for tile in order[start : start + count] if tile.key not in have)
            start, count = start + count, max(1, size)
            if batch:
                yield batch


def level_for(scale: float, picture: int, longest: float) -> int:
    """The level whose tiles have a side of `picture` to just below 2 `picture` pixels.

    The side is larger where more than `MOST_ACROSS` of them would stand beside each other.

    Parameters
    ----------
    scale : float
        Pixels per map unit, above 0.
    picture : int
        Longer side of a picture, pixels.
    longest : float
        Longer side of the view, pixels.
    """
    least = max(float(picture), longest / (MOST_ACROSS - 1), 1.0)
    level = math.floor(math.log2(scale / least))
    # log2 rounds: the definition decides
    while math.ldexp(scale, -level) < least:
        level -= 1
    while math.ldexp(scale, -level) >= 2 * least:
        level += 1
    return level


def plan(view: Rect, canvas: tuple[float, float], picture: Sequence[int]) -> Plan:
    """Which tiles a view needs.

    Parameters
    ----------
    view : (float, float, float, float)
        What is in sight in map units: left, bottom, right, top.
    canvas : (float, float)
        Width and height of the view in pixels.
    picture : sequence of int
        Height and width of a picture in pixels; more numbers are ignored.

    Returns
    -------
    Plan
        Empty when the view is empty or not finite, or so far from the origin that floats cannot tell tiles apart.
    """
    left, bottom, right, top = view
    width, height = canvas
    if not (all(map(math.isfinite, (*view, *canvas))) and right > left and top > bottom and width > 0 and height > 0):
        return Plan()
    scale = min(width / (right - left), height / (top - bottom))
    if not _SMALLEST_SCALE < scale < 1 / _SMALLEST_SCALE:
        return Plan()
    fine = level_for(scale, max(1, *picture[:2]), max(width, height))
    tiles = _covering(view, fine)
    return Plan(_covering(view, fine - _COARSER), tiles) if tiles else Plan()


def _covering(view: Rect, level: int) -> tuple[Tile, ...]:
    """All tiles of a level that share an area with the view, the nearest to its middle first."""
    left, bottom, right, top = view
    if not _LOWEST <= level <= _HIGHEST or max(map(abs, view)) >= math.ldexp(_FARTHEST, -level):
        return ()
    first_x, first_y = (math.floor(math.ldexp(low, level)) for low in (left, bottom))
    last_x, last_y = (math.ceil(math.ldexp(high, level)) for high in (right, top))
    # in units of tiles
    middle_x, middle_y = math.ldexp((left + right) / 2, level), math.ldexp((bottom + top) / 2, level)
    tiles = [Tile(level, ix, iy) for iy in range(first_y, last_y) for ix in range(first_x, last_x)]
    tiles.sort(key=lambda tile: math.hypot(tile.ix + 0.5 - middle_x, tile.iy + 0.5 - middle_y))
    return tuple(tiles)


class TileCache(Generic[T]):
    """What was drawn for tiles; the ones not asked for longest go first.

    Parameters
    ----------
    most : int
        Tiles kept, at least 1.
    """

    def __init__(self, most: int = 4096) -> None:
        self.most = max(1, most)
        self._kept: OrderedDict[Key, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: object) -> bool:
        """Whether it is there; does not count as asking for it."""
        return key in self._kept

    def get(self, key: Key) -> T | None:
        """What was put there, None when it is gone."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: Key, value: T) -> None:
        """Keep it, in place of what was there."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything: the model is another one."""
        self._kept.clear()
