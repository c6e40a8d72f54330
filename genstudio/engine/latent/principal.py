"""Principal directions of codes: those along which they vary most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.engine.latent.place import Floats

Doubles = NDArray[np.float64]

_ENOUGH = 20_000  # codes that directions are found from
_EXACT = 1_024  # numbers in a code, up to which the covariance is solved as a whole
_SPARE = 10  # directions beyond those asked for, which make the sketch exact enough (Halko et al. 2011, section 1.3)
_ROUNDS = 4  # of power iteration


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Principal directions of codes.

    Attributes
    ----------
    mean : float64 [D]
    directions : float64 [K, D]
        Orthonormal, the one of the largest variance first; the largest number of each is positive.
    shares : float64 [K]
        Of the variance along each, 0..1; zeros when nothing varies.
    """

    mean: Doubles
    directions: Doubles
    shares: Doubles


def read_codes(codes: Floats) -> Doubles:
    """Codes [N, D] as float64, at most 20,000 of them spread over all.

    Raises
    ------
    InputError
        When there are none, or numbers that are not finite.
    """
    if codes.ndim != 2 or not codes.size:
        raise InputError("There are no codes yet: choose data to encode.")
    if not np.isfinite(codes).all():
        raise InputError("Some codes hold numbers that are not finite: the model has diverged, use an earlier one.")
    if len(codes) > _ENOUGH:
        codes = codes[np.linspace(0, len(codes) - 1, num=_ENOUGH, dtype=np.int64)]
    return codes.astype(np.float64)


def principal_axes(codes: Doubles, count: int) -> Principal:
    """The first `count` principal directions of codes [N, D], or as many as there are.

    Eigenvectors of the covariance; for more than 1,024 dimensions a randomised singular value decomposition with
    power iterations (Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.1), always from the same random numbers.
    """
    mean = codes.mean(0)
    centred = codes - mean
    # squares of the largest float32 numbers would still fit, of codes that are float64 already they would not
    largest = float(np.abs(centred).max()) or 1.0
    centred /= largest
    total = float(np.square(centred).sum())
    if codes.shape[1] <= _EXACT:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        values, directions = values[::-1][:count], vectors.T[::-1][:count]
    else:
        values, directions = _sketched(centred, count)
    strongest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), strongest])
    shares = np.clip(values / total, 0, 1) if total > 0 else np.zeros(len(directions))
    return Principal(mean, directions * signs[:, None], shares)


def _sketched(centred: Doubles, count: int) -> tuple[Doubles, Doubles]:
    """Eigenvalues [K] and eigenvectors [K, D] of the scatter of centred codes [N, D]; K = min(count, D)."""
    wanted = min(count + _SPARE, centred.shape[1])
    basis = np.random.default_rng(0).standard_normal((centred.shape[1], wanted))
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    sketch = centred @ basis
    values, inner = np.linalg.eigh(sketch.T @ sketch)
    return values[::-1][:count], (basis @ inner).T[::-1][:count]
