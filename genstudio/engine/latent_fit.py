"""How codes are spread, learnt: a mixture of normal distributions, or a small flow, in the space of their axes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genstudio.engine.score import principal_axes
from genstudio.models.blocks.codenet import CodeNet
from genstudio.models.blocks.velocity import Field
from genstudio.models.samplers import heun, time_grid

Tick = Callable[[int, int], None]
Tensors = Mapping[str, Tensor]

_MOST_AXES = 128  # ten covariances of more would take minutes
_DEAD = 1e-4  # of the largest deviation: axes below hold nothing

COMPONENTS, _ROUNDS, _ITERATIONS = 10, 10, 5
_REGULAR = 1e-4  # added to variances, of codes whose variance is 1
_ITEMS_PER_AXIS = 4  # and component, at least

WIDTH, BLOCKS = 256, 3
STEPS, _BATCH, _RATE, _DECAY = 3000, 256, 2e-3, 0.999
_SAMPLING_STEPS = 20


class Space:
    """The principal axes of codes, along which they have mean 0 and variance 1.

    Parameters
    ----------
    mean : float32 [D]
    axes : float32 [K, D]
        Orthonormal; K is at most 128.
    deviation : float32 [K]
    """

    def __init__(self, mean: Tensor, axes: Tensor, deviation: Tensor) -> None:
        self.mean, self.axes, self.deviation = mean, axes, deviation

    @classmethod
    def of(cls, codes: Tensor, seed: int) -> Self:
        """The space of codes float32 [N, D]; what does not vary is left out."""
        mean = codes.mean(0)
        off = codes - mean
        if codes.shape[1] <= _MOST_AXES:
            axes = torch.linalg.eigh(off.T @ off).eigenvectors.T.flip(0)
        else:
            axes = principal_axes(off, min(_MOST_AXES, len(codes) - 1), seed)
        deviation = (off @ axes.T).square().mean(0).sqrt()
        alive = deviation > max(_DEAD * float(deviation.max()), 1e-12)
        alive[deviation.argmax()] = True
        return cls(mean, axes[alive].contiguous(), deviation[alive].clamp_min(1e-12))

    def enter(self, codes: Tensor) -> Tensor:
        """Codes [N, D] to standard coordinates [N, K]."""
        return (codes - self.mean) @ self.axes.T / self.deviation

    def leave(self, standard: Tensor) -> Tensor:
        """Standard coordinates [N, K] to codes [N, D]."""
        return standard * self.deviation @ self.axes + self.mean


class Spread(Protocol):
    """What was learnt of standard coordinates, and can be drawn from."""

    def draw(self, count: int, generator: torch.Generator, labels: Tensor | None) -> Tensor:
        """float32 [count, K]; labels int64 [count], -1 for none."""
        ...

    def tensors(self) -> dict[str, Tensor]: ...


class Mixture:
    """Normal distributions with full covariances; by label each of them is taken as often as that label took it.

    Parameters
    ----------
    weights : float32 [C]
    means : float32 [C, K]
    roots : float32 [C, K, K]
        Lower Cholesky factors of the covariances.
    by_label : float32 [L, C] or None
        Weights for each label.
    """

    def __init__(self, weights: Tensor, means: Tensor, roots: Tensor, by_label: Tensor | None) -> None:
        self.weights, self.means, self.roots, self.by_label = weights, means, roots, by_label

    @classmethod
    def fit(cls, rows: Tensor, labels: NDArray[np.int64] | None, classes: int, seed: int, tick: Tick) -> Self:
        """Expectation maximisation on standard coordinates [N, K], from k-means."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        x = rows.double().numpy()
        count = max(1, min(COMPONENTS, len(x) // (_ITEMS_PER_AXIS * x.shape[1])))
        few = {"max_iter": _ITERATIONS, "warm_start": True}
        model = GaussianMixture(count, reg_covar=_REGULAR, random_state=seed, **few)
        for done in range(_ROUNDS):  # a few iterations at a time, so that somebody can stop between
            tick(done, _ROUNDS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(x)
            if model.converged_:
                break
        assert model.covariances_ is not None
        assert model.weights_ is not None
        roots = np.linalg.cholesky(model.covariances_)
        by_label = None
        if labels is not None and classes:
            shares = model.predict_proba(x)
            sums = np.stack([shares[labels == label].sum(0) for label in range(classes)]) + 1e-3 * model.weights_
            by_label = torch.from_numpy(sums / sums.sum(1, keepdims=True)).float()
        weights, means = (torch.from_numpy(np.asarray(a)).float() for a in (model.weights_, model.means_))
        return cls(weights, means, torch.from_numpy(roots).float(), by_label)

    def draw(self, count: int, generator: torch.Generator, labels: Tensor | None) -> Tensor:
        place, noise = (
            torch.rand(count, 1, generator=generator),
            torch.randn(count, self.means.shape[1], generator=generator),
        )
        weights = self.weights.expand(count, -1)
        if labels is not None and self.by_label is not None:
            weights = torch.where(labels[:, None] >= 0, self.by_label[labels.clamp_min(0)], weights)
        chosen = torch.searchsorted(weights.cumsum(1).contiguous(), place)[:, 0].clamp_max(len(self.means) - 1)
        drawn = self.means[chosen].clone()
        for component in range(len(self.means)):  # instead of a matrix for each row
            mine = chosen == component
            drawn[mine] += noise[mine] @ self.roots[component].T
        return drawn

    def tensors(self) -> dict[str, Tensor]:
        named = {"weights": self.weights, "means": self.means, "roots": self.roots}
        return named if self.by_label is None else {**named, "by_label": self.by_label}


class LatentFlow:
    """Flow matching on standard coordinates (Lipman et al. 2023), drawn by Heun's method in 20 steps."""

    def __init__(self, size: int, classes: int, seed: int = 0) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.field = Field(CodeNet(size, WIDTH, BLOCKS), classes)
        self.size = size

    @classmethod
    def fit(cls, rows: Tensor, labels: NDArray[np.int64] | None, classes: int, seed: int, tick: Tick) -> Self:
        """Learn the velocity at logit-normal times; what is kept is an average of the weights."""
        flow = cls(rows.shape[1], classes, seed)
        generator = torch.Generator().manual_seed(seed)
        given = torch.from_numpy(labels) if labels is not None and classes else None
        weights = list(flow.field.parameters())
        average = [p.detach().clone() for p in weights]
        optimizer = torch.optim.AdamW(weights, _RATE, weight_decay=0.0, fused=True)
        for step in range(STEPS):
            tick(step, STEPS)
            for group in optimizer.param_groups:
                group["lr"] = _RATE * 0.5 * (1 + np.cos(np.pi * step / STEPS))
            chosen = torch.randint(len(rows), (_BATCH,), generator=generator)
            data, noise = rows[chosen], torch.randn(_BATCH, flow.size, generator=generator)
            t = torch.randn(_BATCH, generator=generator).sigmoid()
            velocity = flow.field(noise.lerp(data, t[:, None]), t, None if given is None else given[chosen])
            optimizer.zero_grad()
            F.mse_loss(velocity, data - noise).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(average, weights, 1 - min(_DECAY, (2 + step) / (11 + step)))  # pyright: ignore
        with torch.no_grad():
            for mine, new in zip(weights, average, strict=True):
                mine.copy_(new)
        return flow

    @torch.no_grad()
    def draw(self, count: int, generator: torch.Generator, labels: Tensor | None) -> Tensor:
        noise = torch.randn(count, self.size, generator=generator)

        def velocity(x: Tensor, t: Tensor) -> Tensor:
            return self.field(x, t, labels)

        return heun(velocity, noise, time_grid(_SAMPLING_STEPS))

    def tensors(self) -> dict[str, Tensor]:
        return dict(self.field.state_dict())
