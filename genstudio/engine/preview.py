"""Pictures while training: always the same latents and inputs, so that steps can be compared."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from genstudio.core.events import Field, Gallery
from genstudio.data import Dataset
from genstudio.data.batches import to_bytes, to_unit
from genstudio.engine import field
from genstudio.engine.device import Machine
from genstudio.engine.gaze import gaze
from genstudio.engine.players import MovingAverage
from genstudio.models.base import Critic, Decodes, Encodes, GenerativeModel, Samples

SAMPLES, PAIRS, JUDGED = 64, 24, 8


class Preview:
    """Draws from generators of its own: looking never changes training."""

    def __init__(self, data: Dataset, seed: int, machine: Machine) -> None:
        self._seed, self._machine = seed, machine
        self._pictures = len(data.images) > 0
        rows = _some(len(data), PAIRS, seed)
        self._inputs = data.images[rows] if self._pictures else None
        items = torch.from_numpy(data.need_items()[rows])
        self._items = to_unit(items, machine.device) if self._pictures else items.to(machine.device)
        labels = None if data.labels is None else data.labels[rows]
        self._labels = None if labels is None else torch.from_numpy(labels).to(machine.device)
        if data.points is not None and not self._pictures:
            self._real = data.points[_some(len(data), field.REAL, seed)]
            self._view = field.view_of(data.points)

    @torch.no_grad()
    def draw(self, model: GenerativeModel, average: MovingAverage | None, step: int) -> list[Gallery | Field]:
        """Samples, reconstructions and what a critic looks at, or the field of a model of points.

        From the averaged weights, or from a copy of the current ones.
        """
        shown = average.snapshot() if average else copy.deepcopy(model).eval()
        weights = "EMA weights" if average else "current weights"
        return self._field(shown, weights, step) if not self._pictures else self._galleries(shown, weights, step)

    def _field(self, shown: GenerativeModel, weights: str, step: int) -> list[Gallery | Field]:
        if not isinstance(shown, Samples):
            return []
        noise, (centre, extent) = self._noise(shown.latent_dim, field.SAMPLES + field.MORE), self._view
        found = field.field(shown, self._real, noise, extent, centre, step, f"{shown.sampling} · {weights}")
        return [] if found is None else [found]

    def _galleries(self, shown: GenerativeModel, weights: str, step: int) -> list[Gallery | Field]:
        galleries: list[Gallery | Field] = []
        drawn: Tensor | None = None
        if isinstance(shown, Samples):
            drawn = shown.sample(self._noise(shown.latent_dim, SAMPLES), shown.label_row(SAMPLES))
            galleries.append(Gallery("samples", step, to_bytes(drawn), caption=f"{shown.sampling} · {weights}"))
        if isinstance(shown, Encodes) and isinstance(shown, Decodes):
            pictures = to_bytes(shown.decode(shown.encode(self._items, self._labels), self._labels))
            galleries.append(
                Gallery("reconstructions", step, pictures, self._inputs, f"training pictures · {weights}")
            )
        if isinstance(shown, Critic) and drawn is not None:
            galleries.append(self._judged(shown, drawn, weights, step))
        return galleries

    def _judged(self, shown: GenerativeModel, drawn: Tensor, weights: str, step: int) -> Gallery:
        """What the critic says of real and of drawn pictures, and where it looks."""
        assert isinstance(shown, Critic)
        labels = None
        if shown.conditional and self._labels is not None:
            row = shown.label_row(SAMPLES)
            labels = None if row is None else (self._labels[:JUDGED], row[:JUDGED])
        return gaze(shown, self._items[:JUDGED], drawn[:JUDGED], labels, step, weights)

    def _noise(self, latent_dim: int, count: int) -> Tensor:
        generator = torch.Generator().manual_seed(self._seed)  # on the CPU: the same latents on every device
        return torch.randn(count, latent_dim, generator=generator).to(self._machine.device)


def _some(count: int, most: int, seed: int) -> np.ndarray:
    """Up to `most` of `count` rows, the same ones for one seed."""
    return np.random.default_rng([seed, 1]).permutation(count)[:most]
