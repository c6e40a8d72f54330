"""Cheap scores of a model while it trains: for “train until a score stops improving”, and for the training doctor.

They are no substitute for a report: pixels in place of learnt features, few samples, training items as the reference.
What they are good for is to tell whether this run is still getting better, and whether it has collapsed.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genstudio.core.events import Curve
from genstudio.data.batches import to_unit
from genstudio.data.dataset import Dataset
from genstudio.engine.device import Machine
from genstudio.evaluate.distances import Moments, frechet, moments
from genstudio.evaluate.manifold import NEIGHBOURS, Coverage
from genstudio.models.base import Decodes, Encodes, GenerativeModel, Samples

HELD_OUT, SAMPLES, COMPONENTS = 512, 1024, 64
_FITTED = 5000  # items that the principal components are fitted to
_MOST_NUMBERS = 1 << 24  # of these items in memory: 64 MiB
_CHUNK = 256

#: What `LiveScore.measure` may give.
CURVES = (
    Curve("reconstruction", "reconstruction error, held out", "mean squared error"),
    Curve("fd_pca", "distance to the data", "Fréchet distance"),
    Curve("diversity", "diversity", "of the data's"),
    Curve("coverage", "coverage", "of the data"),
)


class LiveScore:
    """Measures a model again and again on the same items and from the same noise.

    Draws from generators of its own and leaves the model as it was: training goes on as if nobody had looked. What
    it needs of the data is prepared at the first measure, in about a second at most.

    Parameters
    ----------
    data : Dataset
        The training part.
    seed : int
        Of the run.
    machine : Machine
        Where the model is.
    held_out : Dataset, optional
        The validation part; without it fixed training items are reconstructed, which shows no overfitting.
    samples : int
        How many are drawn; fewer for models that are slow to sample.
    """

    def __init__(
        self, data: Dataset, seed: int, machine: Machine, held_out: Dataset | None = None, samples: int = SAMPLES
    ) -> None:
        self._data, self._seed, self._machine = data, seed, machine
        self._held_out = held_out if held_out is not None else data
        self._count = samples

    def measure(self, model: GenerativeModel) -> dict[str, float]:
        """Scores of the model as it stands, best with averaged weights.

        Returns
        -------
        dict of name to float
            "reconstruction", of families that encode and decode: mean squared error over up to 512 fixed items, per
            pixel in 0..1 or per coordinate. Lower is better.

            Of families that sample (and data of more than five items), from the same noise each time, in the space
            of up to 64 principal components of the training pixels (the coordinates themselves for points):

            "fd_pca": squared Fréchet distance to the training items. Lower is better; infinite when samples are
            not finite.
            "diversity": mean distance between two samples over that between two real items; 1 is right, near 0 is
            collapse. NaN when samples are not finite.
            "coverage": share of 1,024 real items with a sample nearer than their fifth neighbour (Naeem et al. 2020);
            about 0.97 at best, near 0 is collapse.
        """
        scores: dict[str, float] = {}
        with undisturbed(model):
            if isinstance(model, Encodes) and isinstance(model, Decodes):
                scores["reconstruction"] = self._reconstruction(model)
            if isinstance(model, Samples) and len(self._data) > NEIGHBOURS:
                scores |= self._sampled(model)
        return scores

    # --- reconstruction ------------------------------------------------------------------------------

    def _reconstruction(self, model: Any) -> float:
        total = 0.0
        items, labels = self._items
        for start in range(0, len(items), _CHUNK):
            part = slice(start, start + _CHUNK)
            wanted = self._on_device(items[part])
            given = self._labels_for(model, labels, part)
            drawn = model.decode(model.encode(wanted, given), given)
            total += float((drawn.float() - wanted).square().sum())
        return total / items.size

    @cached_property
    def _items(self) -> tuple[NDArray, NDArray[np.int64] | None]:
        """The items that are reconstructed, and their labels."""
        rows = np.sort(np.random.default_rng([self._seed, 2]).permutation(len(self._held_out))[:HELD_OUT])
        labels = self._held_out.labels
        return self._held_out.need_items()[rows], None if labels is None else labels[rows]

    # --- samples -------------------------------------------------------------------------------------

    def _sampled(self, model: Any) -> dict[str, float]:
        drawn = self._real.project(self._draw(model))
        if not np.isfinite(drawn).all():
            return {"fd_pca": math.inf, "diversity": math.nan, "coverage": 0.0}
        return {
            "fd_pca": frechet(drawn, self._real.moments),
            "diversity": _mean_distance(drawn) / max(self._real.distance, 1e-12),
            "coverage": self._real.coverage(drawn),
        }

    def _draw(self, model: Any) -> Tensor:
        """Samples float32 [count, D], on the processor; at least one more than there are components."""
        generator = torch.Generator().manual_seed(self._seed)  # on the processor: the same noise on every device
        count = max(self._count, len(self._real.axes) + 1)
        labels = self._data.labels
        if labels is not None:  # as often as in the data
            labels = labels[np.random.default_rng([self._seed, 3]).integers(0, len(labels), count)]
        parts = []
        for start in range(0, count, _CHUNK):
            noise = torch.randn(_CHUNK, model.latent_dim, generator=generator)[: count - start]
            given = self._labels_for(model, labels, slice(start, start + _CHUNK))
            parts.append(model.sample(noise.to(self._machine.device), given).float().cpu().flatten(1))
        return torch.cat(parts)

    @cached_property
    def _real(self) -> _Real:
        rng = np.random.default_rng([self._seed, 4])
        items = self._data.need_items()
        size = math.prod(items.shape[1:])
        count = min(len(items), _FITTED, max(SAMPLES, _MOST_NUMBERS // size))
        rows = np.sort(rng.permutation(len(items))[:count])
        return _Real.of(_flat(items[rows]), self._seed)

    # --- parts ---------------------------------------------------------------------------------------

    def _on_device(self, items: NDArray) -> Tensor:
        rows = torch.from_numpy(items)
        return to_unit(rows, self._machine.device) if rows.dtype == torch.uint8 else rows.to(self._machine.device)

    def _labels_for(self, model: Any, labels: NDArray[np.int64] | None, part: slice) -> Tensor | None:
        """Labels for models that look at them."""
        if labels is None or not getattr(model.config, "conditional", False):
            return None
        return torch.from_numpy(labels[part]).to(self._machine.device)


@dataclass(frozen=True, slots=True)
class _Real:
    """Training items in the space of their K principal components, `axes` [K, D] from `centre` [D].

    `distance` is the mean distance between two of them.
    """

    centre: Tensor
    axes: Tensor
    moments: Moments
    coverage: Coverage
    distance: float

    @classmethod
    def of(cls, rows: Tensor, seed: int) -> _Real:
        """Fit to rows [N, D]; at most N / 4 components, so that their covariance is known well enough."""
        centre = rows.mean(0)
        most = min(COMPONENTS, rows.shape[1], len(rows) // 4)
        axes = torch.eye(rows.shape[1]) if rows.shape[1] == most else principal_axes(rows - centre, most, seed)
        placed = ((rows - centre) @ axes.T).numpy()
        some = placed[:SAMPLES] if len(placed) <= SAMPLES else placed[:: len(placed) // SAMPLES][:SAMPLES]
        return cls(centre, axes, moments(placed), Coverage(some), _mean_distance(some))

    def project(self, rows: Tensor) -> NDArray[np.float32]:
        """Rows [N, D] to [N, K]."""
        return ((rows - self.centre) @ self.axes.T).numpy()


def principal_axes(rows: Tensor, count: int, seed: int) -> Tensor:
    """The `count` directions [count, D] of largest variance of centred rows [N, D].

    By subspace iteration from random directions (Halko et al. 2011, algorithm 4.4), which needs no D x D matrix.
    """
    generator = torch.Generator().manual_seed(seed)
    wide = min(count + 16, *rows.shape)
    basis = torch.randn(rows.shape[1], wide, generator=generator)
    for _ in range(4):
        basis = torch.linalg.qr(rows.T @ torch.linalg.qr(rows @ basis).Q).Q
    _, _, directions = torch.linalg.svd(rows @ basis, full_matrices=False)
    return (basis @ directions[:count].T).T.contiguous()


def _flat(items: NDArray) -> Tensor:
    """Items as a model draws them, float32 [N, D]: pixels in 0..1, channels first."""
    rows = torch.from_numpy(items)
    return (to_unit(rows, torch.device("cpu")) if rows.dtype == torch.uint8 else rows).flatten(1)


def _mean_distance(rows: NDArray[np.float32]) -> float:
    """Mean distance between two different rows of [N, K]."""
    return float(torch.pdist(torch.from_numpy(np.ascontiguousarray(rows[:SAMPLES]))).double().mean())


@contextlib.contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Without gradients and in evaluation mode; each part is then put back into the mode that it had."""
    training = [module for module in model.modules() if module.training]
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True


# --- when to stop -------------------------------------------------------------------------------------


def watched(scores: dict[str, float]) -> str | None:
    """The score by which a run is judged: the distance to the data where there is one, else the reconstruction."""
    return next((name for name in ("fd_pca", "reconstruction") if name in scores), None)


@dataclass(slots=True)
class Patience:
    """Tells when a score, of which lower is better, has stopped improving.

    Attributes
    ----------
    steps : int
        Steps without an improvement after which to stop.
    least : float
        What counts as an improvement, as a share of the best score.
    looks : int
        Measures without an improvement that there must be at least, however far apart.
    best : float
        The best score so far, and the step of it.
    """

    steps: int
    least: float = 0.01
    looks: int = 3
    best: float = math.inf
    best_step: int = 0
    worse: int = 0  # measures since then

    def update(self, value: float, step: int) -> bool:
        """Take a new measure, after `step` steps; True when it is time to stop. What is not finite is no better."""
        if value < self.best - self.least * abs(self.best) or (math.isinf(self.best) and math.isfinite(value)):
            self.best, self.best_step, self.worse = value, step, 0
            return False
        self.worse += 1
        return self.worse >= self.looks and step - self.best_step >= self.steps

    def state(self) -> dict[str, float | int | None]:
        """Plain values for a checkpoint; a best score that is not there yet is None."""
        plain = asdict(self)
        return {**plain, "best": self.best if math.isfinite(self.best) else None}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Patience:
        """The opposite of `state`."""
        return cls(**{**state, "best": math.inf if state["best"] is None else float(state["best"])})
