"""Colours of the points of a map: distinct hues for classes, a scale for numbers. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genstudio.app.tokens import Tokens, mix

Kind = Literal["label", "value"]
Packed = NDArray[np.uint32]
LEVELS = 256
_DIMMED = 0.2  # of a point's colour that is left while others are chosen
_USUAL = (0.005, 0.995)  # quantiles that the scale ends at when single numbers lie far outside
_FAR = 1.5  # how much longer the scale would have to be before single numbers lie far outside

# B. Ottosson 2020, "A perceptual color space for image processing": Oklab to cone responses, these to linear sRGB
_FROM_LAB = np.array(
    [[1.0, 0.3963377774, 0.2158037573],
     [1.0, -0.1055613458, -0.0638541728],
     [1.0, -0.0894841775, -1.2914855480]]
)  # fmt: skip
_FROM_CONES = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292],
     [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]]
)  # fmt: skip


def _packed(lightness: NDArray[np.float64], chroma: float, degrees: NDArray[np.float64]) -> Packed:
    """Oklab lightness [N] in 0..1, chroma, and hue [N] as 0xffRRGGBB; colours that screens lack lose chroma."""
    hue = np.deg2rad(degrees)
    best = np.zeros((len(hue), 3))
    for part in np.linspace(0, 1, 33):
        a, b = part * chroma * np.cos(hue), part * chroma * np.sin(hue)
        linear = ((np.stack([lightness, a, b], 1) @ _FROM_LAB.T) ** 3) @ _FROM_CONES.T
        possible = ((linear >= -1e-4) & (linear <= 1 + 1e-4)).all(1)
        best[possible] = np.clip(linear[possible], 0, 1)
    encoded = np.where(best <= 0.0031308, 12.92 * best, 1.055 * best ** (1 / 2.4) - 0.055)
    red, green, blue = np.round(255 * encoded).astype(np.uint32).T
    return np.uint32(0xFF000000) | red << np.uint32(16) | green << np.uint32(8) | blue


def packed(colour: str) -> int:
    """``#rrggbb`` as 0xffRRGGBB."""
    return 0xFF000000 | int(colour[1:], 16)


def text(colour: int) -> str:
    """0xffRRGGBB as ``#rrggbb``."""
    return f"#{int(colour) & 0xFFFFFF:06x}"


@cache
def of_classes(count: int, tokens: Tokens) -> tuple[str, ...]:
    """As many colours as classes: those of curves while they suffice, else hues around the circle.

    Neighbours on the circle also differ in lightness, so that twenty of them can be told apart.
    """
    if count <= len(tokens.series):
        return tokens.series[:count]
    degrees = 25 + 360 * np.arange(count) / count
    steps = (0.76, 0.64, 0.86) if tokens.name == "dark" else (0.60, 0.48, 0.66)
    lightness = np.array([steps[i % (2 if count <= 12 else 3)] for i in range(count)])
    return tuple(text(int(colour)) for colour in _packed(lightness, 0.16, degrees))


@cache
def scale(tokens: Tokens) -> Packed:
    """For numbers: lightness in even steps away from the panel, from violet to yellow or back; uint32 [256]."""
    ends, hues = ((0.46, 0.93), (295.0, 100.0)) if tokens.name == "dark" else ((0.80, 0.34), (95.0, 295.0))
    return _packed(np.linspace(*ends, LEVELS), 0.15, np.linspace(*hues, LEVELS))


@dataclass(frozen=True, slots=True)
class Colouring:
    """What colours say, apart from the colours of the theme.

    Attributes
    ----------
    values : int64 or float32 [N], or None
        Class or number of each point; None is one colour for all.
    kind : {"label", "value"}
    names : tuple of str
        Of the classes.
    title : str
        What the numbers are, with their unit.
    """

    values: NDArray[np.generic] | None = None
    kind: Kind = "label"
    names: tuple[str, ...] = ()
    title: str = ""

    @classmethod
    def of(cls, values: NDArray[np.generic] | None, kind: Kind, names: Sequence[str], title: str) -> Colouring:
        """Classes without a name are named by their number."""
        if values is None or kind == "value":
            return cls(None if values is None else values.astype(np.float32), "value", (), title)
        labels = values.astype(np.int64)
        most = int(labels.max(initial=-1)) + 1
        return cls(labels, "label", (*names, *(str(i) for i in range(len(names), most))), title)

    def ends(self) -> tuple[float, float]:
        """The numbers at both ends of the scale; (0, 0) without any."""
        finite = self._finite()
        if not len(finite):
            return 0.0, 0.0
        low, high = float(finite.min()), float(finite.max())
        usual_low, usual_high = np.quantile(finite.astype(float), _USUAL).tolist()
        if usual_high > usual_low and high - low > _FAR * (usual_high - usual_low):
            return usual_low, usual_high
        return low, high

    def beyond(self) -> tuple[bool, bool]:
        """Whether there are numbers below the scale, and above it."""
        finite, (low, high) = self._finite(), self.ends()
        return bool((finite < np.float32(low)).any()), bool((finite > np.float32(high)).any())

    def _finite(self) -> NDArray[np.float32]:
        if self.values is None or self.kind == "label":
            return np.empty(0, np.float32)
        values = self.values.astype(np.float32)
        return values[np.isfinite(values)]

    def counts(self) -> NDArray[np.int64]:
        """Points of each class."""
        if self.values is None or self.kind == "value":
            return np.empty(0, np.int64)
        labels = self.values.astype(np.int64)
        return np.bincount(labels[labels >= 0], minlength=len(self.names))

    def colours(self, count: int, tokens: Tokens) -> Packed:
        """0xffRRGGBB of each of `count` points; those without class or number are grey."""
        if self.values is None or len(self.values) != count:
            return np.full(count, packed(tokens.accent), np.uint32)
        none = packed(tokens.dim)
        if self.kind == "label":
            table = [packed(colour) for colour in of_classes(len(self.names), tokens)]
            return np.array([*table, none], np.uint32)[np.maximum(self.values.astype(np.int64), -1)]
        low, high = self.ends()
        values = self.values.astype(np.float64)
        share = np.nan_to_num((values - low) / (high - low) if high > low else np.full(count, 0.5), nan=0.0)
        index = np.clip(share * (LEVELS - 1) + 0.5, 0, LEVELS - 1).astype(np.intp)
        return np.where(np.isnan(values), np.uint32(none), scale(tokens)[index])

    def hidden(self, classes: Collection[int], count: int) -> NDArray[np.bool_] | None:
        """Which points are of one of these classes; None when no class is named."""
        if self.values is None or self.kind == "value" or not classes or len(self.values) != count:
            return None
        return np.isin(self.values.astype(np.int64), list(classes))


def dimmed(colours: Packed, tokens: Tokens) -> Packed:
    """Colours 0xffRRGGBB nearly as quiet as the panel."""
    behind = mix(tokens.panel, tokens.dim, 0.25)
    result = np.full(len(colours), 0xFF000000, np.uint32)
    for shift in (0, 8, 16):
        part = (colours >> np.uint32(shift)) & np.uint32(0xFF)
        base = (packed(behind) >> shift) & 0xFF
        mixed = (_DIMMED * part + (1 - _DIMMED) * base).astype(np.uint32)
        result |= mixed << np.uint32(shift)
    return result
