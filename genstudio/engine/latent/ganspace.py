"""What GANSpace finds: how noise moves the principal components of a generator's first features."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Floats
from genstudio.models.capabilities import FirstLayer

LEAST_SHARE = 1e-9  # of a variance: less is rounding
_MOST_NUMBERS = 16_000_000  # of features held at once: 64 MB
_CHUNK = 64
_LEAST_EACH = 50  # samples of a label, whose mean is taken away; of more labels only the first are looked at
_EXTRA, _ROUNDS = 10, 4  # of the subspace iteration: enough for ten components out of thousands
_LEAST_R2 = 0.1  # of a component that noise explains; less than that has no direction in the noise


def regressed(
    explorer: Explorer, count: int, samples: int
) -> Generator[float, None, tuple[Floats, NDArray[np.float64]]]:
    """U = argmin Σ ‖U x − z‖² for noise z and principal components x of its features (Härkönen et al. 2020).

    As the components are uncorrelated, column k of U is cov(z, x_k) / var(x_k).

    Yields
    ------
    float
        How far it has come, 0..0.5.

    Returns
    -------
    vectors : float32 [k, D]
        The columns of U, of length 1; zeros where noise explains less than 10 % of the component.
    shares : float64 [k]
        Of the features' variance, 0..1.
    """
    noise, features, total = yield from _sampled_features(explorer, samples)
    variances, scores = yield from components(features, min(count, explorer.size))
    slopes = noise.T.astype(np.float64) @ scores / len(noise)  # of unit scores: its length is the correlation R
    strength = np.square(slopes).sum(0)
    kept = strength >= _LEAST_R2
    slopes *= np.where(kept, signs(slopes) / np.sqrt(np.maximum(strength, 1e-30)), 0.0)
    return slopes.T.astype(np.float32), variances / max(total, 1e-30)


def first_layer(explorer: Explorer) -> FirstLayer:
    """The model, as one that has a first layer; `InputError` for one that has none."""
    model = explorer.trained.model
    if not isinstance(model, FirstLayer):
        raise InputError(
            "GANSpace and SeFa look into the generator of a GAN, and this model has none: its codes have principal "
            "directions."
        )
    return model


def largest(matrix: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues of a symmetric matrix, above zero and at most `count`, and their vectors as columns.

    The largest number of each vector is positive, so that the same codes give the same direction.
    """
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    kept = values > LEAST_SHARE * max(float(np.trace(matrix)), 1e-30)
    return values[kept], vectors[:, kept] * signs(vectors[:, kept])


def signs(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 or −1 for each column: what makes its largest number positive."""
    return np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])


def _sampled_features(explorer: Explorer, samples: int) -> Generator[float, None, tuple[Floats, Floats, float]]:
    """Noise float32 [S, D] and its features float32 [S, F], both centred, and the total variance of the features."""
    model = first_layer(explorer)
    noise = explorer.random(samples, seed=0)
    kinds = max(1, min(len(explorer.labels), samples // _LEAST_EACH))
    labels = np.arange(samples) % kinds
    first = _features(explorer, model, noise[:_CHUNK], labels[:_CHUNK])
    most = min(samples, max(_MOST_NUMBERS // first.shape[1], 2 * explorer.size))
    noise, labels = noise[:most], labels[:most]
    features = np.empty((most, first.shape[1]), np.float32)
    means = np.zeros((kinds, first.shape[1]), np.float32)
    of_kind = np.eye(kinds, dtype=np.float32)[labels]
    parts = [slice(start, start + _CHUNK) for start in range(0, most, _CHUNK)]
    for done, part in enumerate(parts):
        features[part] = _features(explorer, model, noise[part], labels[part])
        means += of_kind[part].T @ features[part]
        yield 0.3 * done / len(parts)
    means /= np.maximum(of_kind.sum(0), 1)[:, None]
    total = 0.0
    for done, part in enumerate(parts):
        features[part] -= means[labels[part]]
        total += float(np.square(features[part]).sum(dtype=np.float64)) / most
        yield 0.3 + 0.1 * done / len(parts)
    return noise - noise.mean(0), features, total


@torch.no_grad()
def _features(explorer: Explorer, model: FirstLayer, noise: Floats, labels: NDArray[np.int64]) -> Floats:
    given = torch.from_numpy(noise).to(explorer.trained.machine.device)
    return model.first_features(given, explorer.label_row(labels, len(noise))).float().cpu().numpy()


def components(
    features: Floats, count: int
) -> Generator[float, None, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Variances [k] of the leading principal components and their scores [S, k] with variance 1.

    By subspace iteration (Halko et al. 2011, algorithm 4.4), in pieces: thousands of features have too many
    covariances to be counted out.
    """
    width = min(count + _EXTRA, *features.shape)
    basis = np.random.default_rng(0).standard_normal((features.shape[1], width)).astype(np.float32)
    scores = np.linalg.qr(features @ basis)[0]
    for turn in range(_ROUNDS):
        yield 0.4 + 0.1 * turn / _ROUNDS
        basis = features.T @ scores
        yield 0.4 + 0.1 * (turn + 0.5) / _ROUNDS
        scores = np.linalg.qr(features @ basis)[0]
    yield 0.5
    basis = features.T @ scores
    values, rotation = largest(basis.T.astype(np.float64) @ basis, count)
    return values / len(features), scores.astype(np.float64) @ rotation * np.sqrt(len(features))
