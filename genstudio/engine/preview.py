"""Pictures while training: always the same latents and inputs, so that steps can be compared."""

from __future__ import annotations

import copy

import numpy as np
import torch

from genstudio.core.events import Gallery
from genstudio.data import Dataset
from genstudio.data.batches import to_bytes, to_unit
from genstudio.engine.device import Machine
from genstudio.engine.players import MovingAverage
from genstudio.models.base import Decodes, Encodes, GenerativeModel, Samples

SAMPLES, PAIRS = 64, 24


class Preview:
    """Draws from generators of its own: looking never changes training."""

    def __init__(self, data: Dataset, seed: int, machine: Machine) -> None:
        self._seed, self._machine = seed, machine
        rows = np.random.default_rng([seed, 1]).permutation(len(data))[:PAIRS]
        self._pictures = len(data.images) > 0
        self._inputs = data.images[rows] if self._pictures else None
        items = torch.from_numpy(data.need_items()[rows])
        self._items = to_unit(items, machine.device) if self._pictures else items.to(machine.device)
        labels = None if data.labels is None else data.labels[rows]
        self._labels = None if labels is None else torch.from_numpy(labels).to(machine.device)

    @torch.no_grad()
    def draw(self, model: GenerativeModel, average: MovingAverage | None, step: int) -> list[Gallery]:
        """Samples and reconstructions, from the averaged weights or from a copy of the current ones."""
        shown = average.snapshot() if average else copy.deepcopy(model).eval()
        weights = "EMA weights" if average else "current weights"
        galleries: list[Gallery] = []
        if not self._pictures:
            return galleries
        if isinstance(shown, Samples):
            noise = self._noise(shown.latent_dim)
            pictures = to_bytes(shown.sample(noise, shown.label_row(SAMPLES)))
            galleries.append(Gallery("samples", step, pictures, caption=f"{shown.sampling} · {weights}"))
        if isinstance(shown, Encodes) and isinstance(shown, Decodes):
            pictures = to_bytes(shown.decode(shown.encode(self._items, self._labels), self._labels))
            galleries.append(
                Gallery("reconstructions", step, pictures, self._inputs, f"training pictures · {weights}")
            )
        return galleries

    def _noise(self, latent_dim: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self._seed)  # on the CPU: the same latents on every device
        return torch.randn(SAMPLES, latent_dim, generator=generator).to(self._machine.device)
