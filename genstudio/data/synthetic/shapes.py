"""Pictures of one shape each: smooth edges, and every factor known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.data.dataset import Dataset

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

COUNT, SIDE = 6000, 32
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "crescent")
#: Red, green, blue from 0 to 255: eight hues that keep apart, all of them well visible on the background.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (230, 57, 60),
    "orange": (245, 140, 30),
    "yellow": (248, 214, 60),
    "green": (76, 187, 83),
    "turquoise": (58, 205, 210),
    "blue": (62, 108, 232),
    "purple": (150, 82, 214),
    "pink": (245, 130, 190),
}
BACKGROUND = (22, 24, 32)
SIZES = ("small", "medium", "large")
#: Largest distance of a shape from its middle, in pixels: where each of `SIZES` begins and ends.
RADII = ((4.0, 6.5), (6.5, 9.0), (9.0, 11.5))
#: Degrees after which a turned shape looks the same; 0 where turning is never seen.
PERIODS = (0, 90, 120, 72, 90, 0, 360, 360)
_MARGIN = 1.75  # pixels from a shape to the frame: the smooth edge of a sharp tip reaches 1.2 beyond it


def load() -> Dataset:
    """6,000 pictures, uint8 [N, 32, 32, 3]: equally many of each shape, which is the label, and of each colour."""
    known = factors()
    return Dataset(
        source="shapes",
        name="shapes",
        images=draw(**known),
        labels=known["shape"].astype(np.int64),
        label_names=SHAPES,
        names=_names(known),
    )


def factors() -> dict[str, NDArray]:
    """What each picture of `load` shows.

    Returns
    -------
    dict of arrays [N]
        "shape" and "colour" (int64, index into `SHAPES` and `COLOURS`), "radius" (float64, pixels), "x" and "y"
        (float64, middle of the shape in pixels from the top left corner) and "turn" (float64, degrees clockwise,
        within one period of the shape).
    """
    rng = np.random.default_rng(20_240_601)
    mixed = rng.permutation(COUNT)
    shape, colour = mixed % len(SHAPES), mixed // len(SHAPES) % len(COLOURS)
    radius = rng.uniform(RADII[0][0], RADII[-1][1], COUNT)
    return {"shape": shape, "colour": colour, "radius": radius} | scatter(shape, radius, rng)


def scatter(shape: Numbers, radius: Reals, rng: np.random.Generator) -> dict[str, Reals]:
    """Random "x", "y" and "turn" with which each shape stays inside its picture; rounded as names say them."""
    x, y, turn = rng.random((3, len(shape)))
    near = radius + _MARGIN
    room = SIDE - 2 * near
    period = np.array(PERIODS)[shape]
    return {
        "x": np.round(near + room * x, 1),
        "y": np.round(near + room * y, 1),
        "turn": np.round((turn - 0.5) * 0.99 * period) + 0.0,  # no "-0"
    }


def size_of(radius: Reals) -> Numbers:
    """Index into `SIZES`, int64 [N]."""
    return np.digitize(radius, [low for low, _ in RADII[1:]])


def _names(known: dict[str, NDArray]) -> list[str]:
    size, colours = size_of(known["radius"]), tuple(COLOURS)
    columns = zip(size, known["colour"], known["shape"], known["x"], known["y"], known["turn"], strict=True)
    return [
        f"{SIZES[z]} {colours[c]} {SHAPES[s]}, x {x:.1f}, y {y:.1f}, turned {turn:.0f}° #{i}"
        for i, (z, c, s, x, y, turn) in enumerate(columns)
    ]


# --- drawing -------------------------------------------------------------------------------------------


def draw(shape: Numbers, colour: Numbers, radius: Reals, x: Reals, y: Reals, turn: Reals) -> NDArray[np.uint8]:
    """Pictures, uint8 [N, 32, 32, 3], of these factors (units as `factors` has them)."""
    images = np.empty((len(shape), SIDE, SIDE, 3), np.uint8)
    ink, ground = np.array(tuple(COLOURS.values()), np.float64), np.array(BACKGROUND, np.float64)
    middles = np.arange(SIDE) + 0.5
    for kind, distance in enumerate(_DISTANCES):
        rows = np.flatnonzero(shape == kind)
        r, angle = radius[rows, None, None], np.radians(turn[rows])[:, None, None]
        right, down = middles - x[rows, None, None], middles[:, None] - y[rows, None, None]
        cos, sin = np.cos(angle) / r, np.sin(angle) / r
        edge = r * distance(cos * right + sin * down, cos * down - sin * right)
        cover = np.clip(0.5 - edge, 0, 1)[..., None]  # the share of a pixel behind a straight edge at that distance
        images[rows] = np.rint(ground + cover * (ink[colour[rows], None, None] - ground))
    return images


# Signed distances (negative inside) of shapes of radius about 1, at u to the right and v down. Exact or nearly so
# close to the edges, which is where they are seen.


def _length(u: Reals, v: Reals) -> Reals:
    return np.sqrt(u * u + v * v)  # ten times as fast as hypot, which guards against overflow


def _circle(u: Reals, v: Reals) -> Reals:
    return _length(u, v) - 0.88


def _square(u: Reals, v: Reals) -> Reals:
    return np.maximum(np.abs(u), np.abs(v)) - 0.74


def _triangle(u: Reals, v: Reals) -> Reals:
    return np.maximum(v, np.abs(u) * np.sqrt(0.75) - v / 2) - 0.5


def _star(u: Reals, v: Reals) -> Reals:
    """Five points: the plane folded onto half of one, which is a straight edge from its tip to the notch."""
    around = np.mod(np.arctan2(u, -v) + np.pi / 5, 2 * np.pi / 5) - np.pi / 5
    far = _length(u, v)
    along, across = far * np.cos(around), far * np.abs(np.sin(around))
    notch = 0.5 * np.array([np.cos(np.pi / 5), np.sin(np.pi / 5)])
    edge = notch - [1.0, 0.0]
    return ((along - 1) * -edge[1] + across * edge[0]) / -np.hypot(*edge)


def _cross(u: Reals, v: Reals) -> Reals:
    u, v = np.abs(u), np.abs(v)
    return np.maximum(np.maximum(u, v) - 0.92, np.minimum(u, v) - 0.29)


def _ring(u: Reals, v: Reals) -> Reals:
    return np.abs(_length(u, v) - 0.7) - 0.22


def _heart(u: Reals, v: Reals) -> Reals:
    """A square on its tip with half a disc on each of its upper sides."""
    half = 0.54
    u, v = np.abs(u), v - 0.15
    right, left = (u - v) * np.sqrt(0.5), (u + v) * np.sqrt(0.5)  # across the upper and the lower right side
    return np.minimum(np.maximum(np.abs(right), np.abs(left)), _length(right - half, left)) - half


def _crescent(u: Reals, v: Reals) -> Reals:
    return np.maximum(_length(u, v) - 0.95, 0.72 - _length(u - 0.42, v))


_DISTANCES = (_circle, _square, _triangle, _star, _cross, _ring, _heart, _crescent)
