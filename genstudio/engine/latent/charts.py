"""Charts: pictures of a latent space in two dimensions, to and fro between a point of the paper and a code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np

from genstudio.core.errors import InputError
from genstudio.engine.latent.neighbours import Neighbours
from genstudio.engine.latent.place import Floats
from genstudio.engine.latent.principal import Doubles, principal_axes, read_codes

__all__ = ["Chart", "Neighbours", "Plane"]

_LINE_UP = 1e-4  # sine of the angle at A below which float32 codes cannot tell a plane from a line
_TURN = 0.09  # sine of 5 degrees: axes turned further than that get another name


class Chart(Protocol):
    """A picture of a latent space in two dimensions."""

    @property
    def name(self) -> str:
        """For titles: "principal directions 1 and 2"."""
        ...

    @property
    def axes(self) -> tuple[str, str]:
        """Labels of the two axes; the second one is empty for a line."""
        ...

    def place(self, codes: Floats) -> Floats:
        """Codes [N, D] to points float32 [N, 2]."""
        ...

    def codes_at(self, xy: Floats) -> Floats:
        """Points [M, 2] to codes float32 [M, D]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """An affine plane in a latent space: the code at (x, y) is ``origin + x·directions[0] + y·directions[1]``.

    What the plane says nothing of stays as it is at the origin. A code beside the plane is placed at the foot of
    its perpendicular.

    Attributes
    ----------
    name : str
    axes : (str, str)
        Labels of the axes.
    origin : float64 [D]
        The code at (0, 0).
    directions : float64 [2, D]
        Of any length and angle; the second one is zero for a space of one dimension, which is shown as a line.
    shares : (float, float) or None
        Of the variance of the codes along each direction, 0..1, for planes of principal directions.
    numbers : (int, int)
        Which principal directions these are, from 0.
    """

    name: str
    axes: tuple[str, str]
    origin: Doubles
    directions: Doubles
    shares: tuple[float, float] | None = None
    numbers: tuple[int, int] = (0, 1)
    _inverse: Doubles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # directions of very different lengths are both meant: of equal length, none is cut for being small
        lengths = np.linalg.norm(self.directions, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        object.__setattr__(self, "_inverse", np.linalg.pinv(self.directions / lengths) / lengths.T)

    # --- planes ------------------------------------------------------------------------------------------

    @classmethod
    def principal(cls, codes: Floats, i: int = 0, j: int = 1) -> Self:
        """The plane of two principal directions of codes [N, D], through their mean; x and y are in units of codes.

        One code, or many equal ones, have no principal directions: then some directions at right angles are taken.

        Raises
        ------
        InputError
            When there are no codes, numbers that are not finite, or fewer directions than that.
        """
        known = read_codes(codes)
        if known.shape[1] == 1:
            return cls("the only dimension", ("dimension 1", ""), known.mean(0), np.array([[1.0], [0.0]]), (1.0, 0.0))
        _check_pair(i, j, known.shape[1], "principal directions")
        found = principal_axes(known, max(i, j) + 1)
        if max(i, j) >= len(found.directions):
            raise InputError(f"These codes have {len(found.directions):,} principal directions: choose lower ones.")
        shares = (float(found.shares[i]), float(found.shares[j]))
        name, axes = _principal_words((i, j), shares)
        return cls(name, axes, found.mean, found.directions[[i, j]], shares, (i, j))

    @classmethod
    def dimensions(cls, codes: Floats, i: int, j: int) -> Self:
        """The plane of two dimensions, counted from 0: x and y are the numbers of a code themselves.

        The others stay at their means over codes [N, D]. Raises `InputError` as `principal` does.
        """
        known = read_codes(codes)
        _check_pair(i, j, known.shape[1], "dimensions")
        origin, directions = known.mean(0), np.zeros((2, known.shape[1]))
        origin[[i, j]] = 0
        directions[[0, 1], [i, j]] = 1
        return cls(
            f"dimensions {i + 1} and {j + 1}", (f"dimension {i + 1}", f"dimension {j + 1}"), origin, directions
        )

    @classmethod
    def direct(cls, codes: Floats) -> Self:
        """A latent space of two dimensions as it is; one of one dimension as a line.

        Raises
        ------
        InputError
            When codes [N, D] have more dimensions.
        """
        size = codes.shape[1] if codes.ndim == 2 else 0
        if size not in (1, 2):
            raise InputError(f"Only codes of one or two numbers are a plane by themselves, these have {size:,}.")
        axes = ("dimension 1", "dimension 2" if size == 2 else "")
        return cls("the latent space itself", axes, np.zeros(size), np.eye(2)[:, :size])

    @classmethod
    def through(cls, a: Floats, b: Floats, c: Floats) -> Self:
        """The plane through three codes float32 [D]: A at (0, 0), B at (1, 0), C above the line, angles kept.

        Raises
        ------
        InputError
            When the three stand on one line, or hold numbers that are not finite.
        """
        first, second, third = read_codes(np.stack([a, b, c]))
        along, over = second - first, third - first
        length, reach = np.linalg.norm(along), np.linalg.norm(over)
        if min(length, reach) == 0 or np.array_equal(second, third):
            raise InputError("Two of the three pins stand at the same place: move one of them.")
        across = over - (over @ along / length**2) * along
        height = np.linalg.norm(across)
        # what rounding to float32 alone may move a code by counts as nothing
        noise = np.finfo(np.float32).eps * max(np.linalg.norm(point) for point in (first, second, third))
        if height <= max(_LINE_UP * reach, 4 * noise):
            raise InputError("The three pins stand on one line, which makes no plane: move one of them aside.")
        axes = ("from A to B (distance A–B = 1)", "across, towards C (distance A–B = 1)")
        return cls("through the pins A, B and C", axes, first, np.stack([along, across * (length / height)]))

    @classmethod
    def along(cls, codes: Floats, x: tuple[str, Floats], y: tuple[str, Floats]) -> Self:
        """The plane of two directions through the mean of codes [N, D]; x and y are in units of their lengths.

        Parameters
        ----------
        x, y : (str, float32 [D])
            Name and vector, as long as one standard deviation of the codes along it.

        Raises
        ------
        InputError
            When both are the same, or numbers are not finite.
        """
        known = read_codes(codes)
        directions = read_codes(np.stack([x[1], y[1]]))
        if np.linalg.matrix_rank(directions) < 2:
            raise InputError("A plane needs two different directions: choose another one for an axis.")
        return cls(f"{x[0]} and {y[0]}", (f"{x[0]} (σ)", f"{y[0]} (σ)"), known.mean(0), directions)

    # --- to and fro --------------------------------------------------------------------------------------

    def place(self, codes: Floats) -> Floats:
        """Codes [N, D] to points float32 [N, 2]."""
        return ((codes.astype(np.float64) - self.origin) @ self._inverse).astype(np.float32)

    def codes_at(self, xy: Floats) -> Floats:
        """Points [M, 2] to codes float32 [M, D]."""
        return (self.origin + np.asarray(xy, np.float64) @ self.directions).astype(np.float32)

    # --- a map of a model that learns on -----------------------------------------------------------------

    def aligned_to(self, other: Plane) -> Plane:
        """This plane of principal directions turned and mirrored in itself, so that it lies as `other` lay.

        The sign of a principal direction is arbitrary, and two of nearly equal variance turn freely; without this a
        map would jump at each refresh. The best turn is the orthogonal R that minimises ‖R·W − V‖ over directions W
        of this plane and V of the other one (orthogonal Procrustes problem, Schönemann 1966): with the singular
        value decomposition V·Wᵀ = P·S·Qᵀ it is R = P·Qᵀ. Other kinds of planes are returned as they are.
        """
        if self.shares is None or other.shares is None or self.directions.shape != other.directions.shape:
            return self
        p, _, qt = np.linalg.svd(other.directions @ self.directions.T)
        turn = p @ qt
        shares = np.square(turn) @ self.shares
        turned = replace(self, directions=turn @ self.directions, shares=(float(shares[0]), float(shares[1])))
        if len(self.origin) == 1:
            return turned
        leading = np.abs(turn).argmax(1)
        if np.abs(turn[[0, 1], 1 - leading]).max() > _TURN:
            i, j = sorted(self.numbers)
            name = f"principal directions {i + 1} and {j + 1}, turned"
            return replace(turned, name=name, axes=(_with_share("turned axis 1", shares[0]),
                                                    _with_share("turned axis 2", shares[1])))  # fmt: skip
        numbers = (self.numbers[leading[0]], self.numbers[leading[1]])
        name, axes = _principal_words(numbers, turned.shares or (0.0, 0.0))
        return replace(turned, name=name, axes=axes)


def _principal_words(numbers: tuple[int, int], shares: tuple[float, float]) -> tuple[str, tuple[str, str]]:
    """Name and axes of a plane of principal directions `numbers`, from 0."""
    i, j = numbers
    axes = (_with_share(f"principal direction {i + 1}", shares[0]),
            _with_share(f"principal direction {j + 1}", shares[1]))  # fmt: skip
    return f"principal directions {i + 1} and {j + 1}", axes


def _with_share(title: str, share: float) -> str:
    """ "principal direction 1 · 23 % of the variance"; without a share where nothing varies."""
    percent = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.1f}"
    return f"{title} · {percent} % of the variance" if share > 0 else title


def _check_pair(i: int, j: int, size: int, kind: str) -> None:
    """Raise `InputError` unless `i` and `j` are two different numbers in 0..size-1."""
    if not (0 <= i < size and 0 <= j < size):
        raise InputError(f"There are {size:,} {kind}, counted from 1: there is no {max(i, j) + 1:,}.")
    if i == j:
        raise InputError(f"A plane needs two different {kind}: choose another one for an axis.")
