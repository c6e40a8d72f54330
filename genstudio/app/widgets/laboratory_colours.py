"""Colours of a surface: even steps for the eye, in the tones of the theme. Knows nothing of Qt."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from genstudio.app.tokens import Tokens, mix

LEVELS = 256
#: How far a surface goes from the colour of the panel: points must stay visible on all of it.
_STRONG, _DENSE = 0.55, 0.75

# B. Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cone responses, these to Lab
_TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929],
     [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468],
     [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def real_colour(tokens: Tokens) -> str:
    """Of points of the data, and of places that a critic takes for real."""
    return tokens.series[0]


def drawn_colour(tokens: Tokens) -> str:
    """Of samples, and of places that a critic takes for drawn."""
    return tokens.series[1]


def two_sided(tokens: Tokens) -> NDArray[np.uint8]:
    """For 0 to 1 with a middle that says nothing: drawn, the panel, real; uint8 [256, 3]."""
    ends = (mix(tokens.panel, colour, _STRONG) for colour in (drawn_colour(tokens), real_colour(tokens)))
    drawn, real = ends
    return _even((drawn, tokens.panel, real))


def one_sided(tokens: Tokens) -> NDArray[np.uint8]:
    """For 0 upwards: the panel, then ever more of a third colour; uint8 [256, 3]."""
    return _even((tokens.panel, mix(tokens.panel, tokens.series[3], _DENSE)))


def painted(values: NDArray[np.float32], ends: tuple[float, float], colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Values [G, G] as colours, the first for the lower end and NaN, rows from above: uint8 [G, G, 3]."""
    low, high = ends
    share = np.nan_to_num((values - low) / max(high - low, 1e-30), nan=0.0, posinf=1.0, neginf=0.0)
    index = np.clip(share * (len(colours) - 1) + 0.5, 0, len(colours) - 1).astype(np.intp)
    return np.ascontiguousarray(colours[index[::-1]])


@cache
def _even(stops: tuple[str, ...]) -> NDArray[np.uint8]:
    """Straight lines from stop to stop in Oklab: equal steps look equal."""
    lab = np.stack([_lab(stop) for stop in stops])
    place = np.linspace(0, len(stops) - 1, LEVELS)
    mixed = np.stack([np.interp(place, range(len(stops)), lab[:, i]) for i in range(3)], 1)
    cones = np.linalg.solve(_TO_LAB, mixed.T) ** 3
    linear = np.clip(np.linalg.solve(_TO_CONES, cones).T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.ascontiguousarray(255 * encoded + 0.5).astype(np.uint8, order="C")


def _lab(colour: str) -> NDArray[np.float64]:
    """``#rrggbb`` in Oklab."""
    encoded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return _TO_LAB @ np.cbrt(_TO_CONES @ linear)
