"""Paths through pins: straight, or along the sphere that normal noise lies on, with even steps; and arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.engine.latent.place import Floats, Place, check_finite
from genstudio.models.base import Encodes, GenerativeModel
from genstudio.models.capabilities import Velocity

Kind = Literal["linear", "spherical"]
MOST_FRAMES = 10_000

_Doubles = NDArray[np.float64]
_TABLE = 256  # pieces of a leg whose lengths are added up; the error of even steps is below 1e-4 of a step
_ALIKE = 1e-6  # sine of the angle below which two directions count as one, or as opposite


def natural_kind(model: GenerativeModel) -> Kind:
    """The path that stays where a model was trained to draw: spherical for noise, linear for codes of an encoder.

    In many dimensions nearly all of a normal distribution lies on a thin shell, which a straight line leaves
    (White 2016, "Sampling generative networks", section 2.1).
    """
    return "linear" if isinstance(model, Encodes) and not isinstance(model, Velocity) else "spherical"


def frames(
    pins: Sequence[Place], count: int, kind: Kind = "linear", loop: bool = False
) -> tuple[Floats, NDArray[np.int64]]:
    """Places along the path through the pins, the same length of path between any two neighbours.

    Parameters
    ----------
    pins : sequence of Place
        Two or more. The first frame is the first pin and, without `loop`, the last one the last pin, bit for bit;
        those between are passed, not always met.
    count : int
        Frames, 2 to 10,000.
    loop : bool
        Go on from the last pin to the first; the frame that would repeat the first one is left out.

    Returns
    -------
    codes float32 [count, D], labels int64 [count]
        A frame has the label of the nearer one of the two pins around it.

    Raises
    ------
    InputError
        When there are too few pins or frames, pins are of different models, or hold numbers that are not finite.
    """
    codes = _checked(pins, count)
    stops = [*range(len(pins)), 0] if loop else [*range(len(pins))]
    legs = [_Leg.between(codes[a], codes[b], kind) for a, b in pairwise(stops)]
    ends = np.concatenate([[0.0], np.cumsum([leg.length for leg in legs])])
    along = np.linspace(0.0, ends[-1], count, endpoint=not loop)
    leg_of = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, len(legs) - 1)
    result, labels = np.empty((count, codes.shape[1]), np.float32), np.empty(count, np.int64)
    for i, leg in enumerate(legs):
        here = np.flatnonzero(leg_of == i)
        if len(here):
            t = leg.times(along[here] - ends[i])
            result[here] = leg.points(t)
            labels[here] = np.where(t < 0.5, pins[stops[i]].label, pins[stops[i + 1]].label)
    result[0], labels[0] = pins[0].code, pins[0].label
    if not loop:
        result[-1], labels[-1] = pins[-1].code, pins[-1].label
    return result, labels


def between(a: Floats, b: Floats, t: float, kind: Kind = "linear") -> Floats:
    """The code at `t` in 0..1 on the way from `a` to `b`: float32 [D]; raises as `frames` does."""
    _checked([Place(a), Place(b)], 2)
    leg = _Leg.between(a.astype(np.float64), b.astype(np.float64), kind)
    return leg.points(np.array([t], np.float64))[0].astype(np.float32)


def arithmetic(a: Floats, b: Floats, c: Floats, rescale: bool = False) -> Floats:
    """a − b + c, what makes `a` differ from `b` put upon `c` (Mikolov et al. 2013, section 4): float32 [D].

    Parameters
    ----------
    rescale : bool
        Give it the mean length of the three: back to the shell that normal noise lies on.

    Raises
    ------
    InputError
        When the codes are of different models, or hold numbers that are not finite.
    """
    codes = _checked([Place(a), Place(b), Place(c)], 2)
    result = codes[0] - codes[1] + codes[2]
    length = _norm(result)
    if rescale and length > 0:
        result = result * (sum(_norm(code) for code in codes) / 3 / length)
    return result.astype(np.float32)


def _checked(pins: Sequence[Place], count: int) -> _Doubles:
    """The codes of the pins: float64 [P, D]."""
    if len(pins) < 2:
        raise InputError("A path leads through at least two pins: pin another place.")
    if not 2 <= count <= MOST_FRAMES:
        raise InputError(f"A path has 2 to {MOST_FRAMES:,} frames, not {count:,}.")
    sizes = {pin.code.shape for pin in pins}
    if len(sizes) > 1 or any(len(shape) != 1 or not shape[0] for shape in sizes):
        raise InputError("The pins are places of different models: remove those of the other one.")
    codes = np.stack([pin.code for pin in pins])
    check_finite(codes)
    return codes.astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Leg:
    """From one pin to the next: (r + t·Δr)·(cos(t·ω)·u + sin(t·ω)·v), or `start` + t·`step` where ω is 0.

    With r constant this is Shoemake's slerp (1985, section 3.3), sin((1−t)ω)/sin ω·a + sin(tω)/sin ω·b, written in an
    orthonormal basis (u, v) of the plane of a and b, which stays exact where sin ω is nearly 0.
    """

    start: _Doubles
    step: _Doubles
    u: _Doubles
    v: _Doubles
    omega: float
    radii: tuple[float, float]

    @classmethod
    def between(cls, a: _Doubles, b: _Doubles, kind: Kind) -> _Leg:
        radii = (_norm(a), _norm(b))
        if kind == "linear" or min(radii) == 0:  # zero has no direction: what leads there is a straight line
            return cls(a, b - a, a, b, 0.0, radii)
        u, w = a / radii[0], b / radii[1]
        across = w - (u @ w) * u
        sine, cosine = _norm(across), float(u @ w)
        if sine > _ALIKE:
            return cls(a, b - a, u, across / sine, math.atan2(sine, cosine), radii)
        if cosine > 0 or len(a) == 1:
            return cls(a, b - a, a, b, 0.0, radii)
        return cls(
            a, b - a, u, _across(u), math.pi, radii
        )  # all ways round are as long: one of them, always the same

    @property
    def length(self) -> float:
        return float(self._lengths()[-1])

    def _lengths(self) -> _Doubles:
        """Length of the way to each of the `_TABLE` + 1 times from 0 to 1: ds² = dr² + r²·dφ²."""
        if not self.omega:
            return np.linspace(0.0, _norm(self.step), _TABLE + 1)
        grow = self.radii[1] - self.radii[0]
        middle = (np.arange(_TABLE) + 0.5) / _TABLE
        pace = np.hypot(grow, self.omega * (self.radii[0] + grow * middle))
        return np.concatenate([[0.0], np.cumsum(pace) / _TABLE])

    def times(self, along: _Doubles) -> _Doubles:
        """When the way has these lengths: in 0..1."""
        lengths = self._lengths()
        return np.interp(along, lengths, np.linspace(0.0, 1.0, _TABLE + 1)) if lengths[-1] > 0 else along * 0.0

    def points(self, t: _Doubles) -> _Doubles:
        """Where the way is at times [N]: [N, D]."""
        t = t[:, None]
        if not self.omega:
            return self.start + t * self.step
        radius = self.radii[0] + t * (self.radii[1] - self.radii[0])
        return radius * (np.cos(t * self.omega) * self.u + np.sin(t * self.omega) * self.v)


def _across(u: _Doubles) -> _Doubles:
    """A unit vector at right angles to the unit vector `u`."""
    axis = np.zeros_like(u)
    axis[np.abs(u).argmin()] = 1.0
    axis -= (axis @ u) * u
    return axis / _norm(axis)


def _norm(x: _Doubles) -> float:
    """Euclidean length; the largest number is taken out first, so that tiny and huge codes keep theirs."""
    most = float(np.abs(x).max(initial=0.0))
    return most * float(np.sqrt(np.square(x / most).sum())) if most > 0 else 0.0
