"""Directions in which a latent space changes pictures most: principal ones, GANSpace, SeFa."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from genstudio.core.errors import InputError
from genstudio.engine.latent.dimensions import Probe, check_codes, check_weights
from genstudio.engine.latent.explorer import Explorer, Labels
from genstudio.engine.latent.ganspace import LEAST_SHARE, first_layer, largest, regressed
from genstudio.engine.latent.place import NO_LABEL, Floats
from genstudio.engine.latent.principal import principal_axes, read_codes
from genstudio.models.capabilities import FirstLayer

KINDS = {"principal": "Principal", "ganspace": "GANSpace", "sefa": "SeFa"}
COUNT = 10
_SAMPLES = 2000  # of noise that GANSpace looks at
_SECONDS = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A direction in a latent space.

    Attributes
    ----------
    name : str
        Its kind and number, the number by `share`.
    vector : float32 [D]
        As long as one standard deviation of the codes along it.
    share : float
        Of the variance it stands for, 0..1: of the codes, the features, or what the first layer does with noise.
    origin : str
        Where it comes from, as a sentence.
    effect : float
        Root mean squared change of the pixels between −1 σ and +1 σ, in % of their range; NaN before it is measured.
    """

    name: str
    vector: Floats
    share: float
    origin: str
    effect: float = float("nan")


def kinds(explorer: Explorer) -> dict[str, str]:
    """The kinds of directions that a model has: names by key."""
    has = {"principal": explorer.can_encode}
    has["ganspace"] = has["sefa"] = isinstance(explorer.trained.model, FirstLayer)
    return {key: name for key, name in KINDS.items() if has[key]}


def find(
    explorer: Explorer,
    kind: str,
    codes: Floats,
    labels: Labels = NO_LABEL,
    count: int = COUNT,
    seconds: float = _SECONDS,
) -> Iterator[float | tuple[Direction, ...]]:
    """Directions of a kind with their effect, the largest first: how far it has come, 0..1, and at last all of them.

    Parameters
    ----------
    kind : {"principal", "ganspace", "sefa"}
    codes : float32 [N, D]
        Of the data, or drawn by a model without encoder: principal directions are of them, effects are tried there.
    labels : int or int64 [N]
        Of the codes, for models by label.
    seconds : float
        Work that measuring the effects may take.

    Raises
    ------
    InputError
        When the model has none of this kind, or the codes are too few, of another model, or not finite.
    WorkError
        When the model's weights are not finite.
    """
    check_weights(explorer)
    if kind == "principal":
        if not explorer.can_encode:
            raise InputError(
                "The noise of this model has no principal directions, it is alike all around: "
                "GANSpace and SeFa find what the network does with it."
            )
        check_codes(codes, explorer.size)
        found = principal(codes, count)
    elif kind == "ganspace":
        found = yield from _ganspace(explorer, count, _SAMPLES)
    elif kind == "sefa":
        found = sefa(explorer, count)
    else:
        raise InputError(f"There are no directions “{kind}”: choose one of {', '.join(KINDS)}.")
    yield from measured(explorer, found, codes, labels, seconds)


def measured(
    explorer: Explorer,
    directions: tuple[Direction, ...],
    codes: Floats,
    labels: Labels = NO_LABEL,
    seconds: float = _SECONDS,
) -> Iterator[float | tuple[Direction, ...]]:
    """The same directions with their effect, the largest first; parameters and errors as of `find`.

    Base codes are brought to the mean along a direction before they are moved.
    """
    check_codes(codes, explorer.size)
    probe = Probe(explorer, codes, labels, len(directions), seconds)
    yield 0.5
    centre = codes.mean(0, dtype=np.float64).astype(np.float32)
    result = []
    for done, direction in enumerate(directions):
        if done < probe.most:
            vector = direction.vector
            along = (probe.bases - centre) @ vector / max(float(vector @ vector), 1e-12)
            middle = probe.bases - np.outer(along, vector).astype(np.float32)
            direction = replace(direction, effect=probe.effect(middle - vector, middle + vector))
        result.append(direction)
        yield 0.5 + 0.5 * (done + 1) / len(directions)
    yield tuple(sorted(result, key=lambda d: -d.effect if d.effect == d.effect else np.inf))


def principal(codes: Floats, count: int = COUNT) -> tuple[Direction, ...]:
    """Eigenvectors of the covariance of codes float32 [N, D], N at least 2; those without variance are left out.

    At most 20,000 codes are looked at.

    Raises
    ------
    InputError
        When there are no codes, or they are not finite.
    """
    some = read_codes(codes)
    axes = principal_axes(some, count)
    spread = ((some - axes.mean) @ axes.directions.T).std(0)
    return tuple(
        Direction(
            f"Principal {i + 1}",
            (axes.directions[i] * spread[i]).astype(np.float32),
            float(share),
            f"Principal direction {i + 1} of the codes: {share:.1%} of their variance.",
        )
        for i, share in enumerate(axes.shares)
        if share > LEAST_SHARE
    )


def ganspace(
    explorer: Explorer, count: int = COUNT, samples: int = _SAMPLES
) -> Iterator[float | tuple[Direction, ...]]:
    """Principal components of the generator's first features, brought back to the noise (Härkönen et al. 2020).

    With components x of the features of sampled noise z, U = argmin Σ ‖U x − z‖² (section 3.1, “BigGAN”): as the
    components are uncorrelated, column k is cov(z, x_k) / var(x_k). Features are those behind the generator's first
    doubling or second hidden layer: those of a linear first layer would give SeFa's directions again. Labels do not
    count, features are centred within each. Components that noise explains to less than 10 % have no direction.

    Parameters
    ----------
    samples : int
        Vectors of noise; fewer where features are many, so that they take 64 MB at most.

    Raises
    ------
    InputError
        When the model is no GAN.
    WorkError
        When its weights are not finite.
    """
    check_weights(explorer)
    yield (yield from _ganspace(explorer, count, samples))


def sefa(explorer: Explorer, count: int = COUNT) -> tuple[Direction, ...]:
    """Directions of the noise that the generator's first weights A stretch most (Shen & Zhou 2021, eq. 5 and 6).

    They are the eigenvectors n of AᵀA, the largest eigenvalue first: max ‖A n‖² with nᵀ n = 1.

    Raises
    ------
    InputError
        When the model is no GAN.
    """
    weights = first_layer(explorer).first_map().double().cpu().numpy()
    gram = weights.T @ weights
    values, vectors = largest(gram, count)
    return tuple(
        Direction(
            f"SeFa {i + 1}",
            vectors[:, i].astype(np.float32),
            float(value / np.trace(gram)),
            f"The generator's first layer stretches this direction of the noise {np.sqrt(value):.2f} times.",
        )
        for i, value in enumerate(values)
    )


def _ganspace(explorer: Explorer, count: int, samples: int) -> Generator[float, None, tuple[Direction, ...]]:
    vectors, shares = yield from regressed(explorer, count, samples)
    return tuple(
        Direction(
            f"GANSpace {i + 1}",
            vector,
            float(share),
            f"Component {i + 1} of the generator's first features: {share:.1%} of their variance.",
        )
        for i, (vector, share) in enumerate(zip(vectors, shares, strict=True))
        if vector.any()
    )
