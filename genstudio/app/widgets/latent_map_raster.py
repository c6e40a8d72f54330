"""Many round dots put straight into the pixels of a picture. Knows nothing of Qt.

Each pixel of a dot is one assignment for all dots at once, which is why a hundred thousand of them fit into a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint32]
Places = NDArray[np.float32]
PAD = 16  # pixels around what is seen: dots at its border need not be cut
_CHUNK = 16_384  # dots at once: what is computed for them stays in the nearest cache
_FINE = 8  # samples a pixel and direction, for the share of it that a dot covers
_SHARES = (0.15, 0.375, 0.625, 0.78)  # of a pixel, from which on it is covered by a quarter, two, three, wholly
_BLEND = 2.5  # what a partly covered pixel costs, in covered ones (measured)
_AFFORDED = 12e5  # covered pixels a frame: 2 to 4 ms (measured)
_LARGEST, _SMALLEST = 7, 2  # diameter of a dot in pixels of scale 1
_HALF, _QUARTER = np.uint32(0x7F7F7F7F), np.uint32(0x3F3F3F3F)  # what is left of bytes that are shifted by 1 or 2
_HALF_OPAQUE = np.uint32(0x01000000)  # what two halves of 255 lack


@dataclass(frozen=True, slots=True)
class Stamp:
    """The pixels of a dot, by how much of each it covers.

    Attributes
    ----------
    rim : tuple of (int, tuple of (int, int))
        Quarters, 1 to 3, and which pixels (dx, dy) are covered by them.
    core : tuple of (int, int)
        Pixels that are covered.
    """

    rim: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    core: tuple[tuple[int, int], ...]

    @property
    def cost(self) -> float:
        """Time to draw one, in covered pixels."""
        return len(self.core) + _BLEND * sum(len(where) for _, where in self.rim)


@cache
def stamp(diameter: int) -> Stamp:
    """A dot of so many whole pixels, at most 2 * PAD - 2; only those are round.

    Its middle is that of a pixel, or the upper left corner of one when the diameter is even.
    """
    side, reach = diameter + 2, diameter // 2 + 1
    fine = (np.arange(side * _FINE) + 0.5) / _FINE - side / 2
    inside = fine[:, None] ** 2 + fine**2 <= (diameter / 2) ** 2
    share = inside.reshape(side, _FINE, side, _FINE).mean((1, 3))
    quarters = np.searchsorted(_SHARES, share, side="right")
    where = {k: [(int(x) - reach, int(y) - reach) for y, x in np.argwhere(quarters == k)] for k in (1, 2, 3, 4)}
    return Stamp(tuple((part, tuple(where[part])) for part in (1, 2, 3) if where[part]), tuple(where[4]))


def diameter(count: float, drawn: int, ratio: float) -> int:
    """Of dots of which about `count` are in sight, so that they neither get lost nor run into each other.

    Parameters
    ----------
    count : float
        A number that changes with the zoom alone, lest dots change their size while the map is moved.
    drawn : int
        How many are really drawn: where they are too many for a frame, smaller ones are.
    ratio : float
        Device pixels per pixel.

    Returns
    -------
    int
        In device pixels.
    """
    wanted = min(_LARGEST, max(_SMALLEST, 10.2 - 1.5 * np.log10(max(1.0, count))))
    size = min(round(wanted * ratio), 2 * PAD - 2)
    while size > _SMALLEST and stamp(size).cost * drawn > _AFFORDED * ratio:
        size -= 1
    return size


def draw(pixels: Pixels, x: Places, y: Places, colours: Pixels, size: int) -> None:
    """Draw dots into a picture.

    Parameters
    ----------
    pixels : uint32 [H, W]
        0xffRRGGBB, C-contiguous; is changed.
    x, y : float32 [N]
        Pixels from the upper left corner, all of them at least `PAD` / 2 from every border.
    colours : uint32 [N]
        0xffRRGGBB.
    size : int
        Diameter in pixels, below `PAD`.
    """
    width, dot = pixels.shape[1], stamp(size)
    flat = pixels.reshape(-1)
    if size % 2 == 0:  # to the nearest corner of pixels instead of the nearest middle
        x, y = x + np.float32(0.5), y + np.float32(0.5)
    index = y.astype(np.intp) * width + x.astype(np.intp)
    for start in range(0, len(index), _CHUNK):
        part = slice(start, start + _CHUNK)
        _draw(flat, width, index[part], colours[part], dot)


def _draw(flat: Pixels, width: int, index: NDArray[np.intp], colours: Pixels, dot: Stamp) -> None:
    """All rims, then all cores: where dots touch, none darkens the middle of another."""
    for quarters, places in dot.rim:
        above = _shares(colours, quarters)
        for dx, dy in places:
            at = index + (dy * width + dx)
            flat[at] = _left(flat[at], quarters) + above
    for dx, dy in dot.core:
        flat[index + (dy * width + dx)] = colours


def _shares(colours: Pixels, quarters: int) -> Pixels:
    """So many quarters of each byte, all four of them at once."""
    if quarters == 2:
        return ((colours >> np.uint32(1)) & _HALF) + _HALF_OPAQUE
    one = (colours >> np.uint32(2)) & _QUARTER
    return one if quarters == 1 else colours - one


def _left(below: Pixels, quarters: int) -> Pixels:
    """What is seen of pixels that are covered by so many quarters; changes `below`."""
    if quarters == 2:
        below >>= np.uint32(1)
        below &= _HALF
    elif quarters == 3:
        below >>= np.uint32(2)
        below &= _QUARTER
    else:
        below -= (below >> np.uint32(2)) & _QUARTER
    return below
