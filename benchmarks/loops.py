"""Plain PyTorch loops: what GenStudio's engine is measured against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from genstudio.core.config import Value
from genstudio.engine.load import build_model
from genstudio.models import families
from genstudio.models.base import Facts
from genstudio.models.losses import LOG_VAR_RANGE

BATCH, SEED = 128, 0


@dataclass(frozen=True, slots=True)
class Case:
    """A model that all contenders train; a turn of a quick one has `more_steps` times as many steps."""

    title: str
    family: str
    knobs: dict[str, Value]
    more_steps: int = 1


CASES = {
    "vae-conv": Case("convolutional VAE", "vae", {}),
    "vae-mlp": Case("MLP VAE", "vae", {"network": "mlp"}, 4),
    "ae-conv": Case("convolutional autoencoder", "autoencoder", {}),
    "article": Case("the article's autoencoder", "autoencoder", {"network": "pool", "latent_dim": 128}),
}


def model_of(case: Case, images: NDArray[np.uint8]) -> Any:
    """The network, initialised as the engine initialises it."""
    config = families.load(case.family).Config.parse(case.knobs)
    return build_model(case.family, config, Facts(images.shape[1:], float(images.mean()) / 255), SEED)


def loss_of(case: Case, model: Any, images: Tensor, step: int, rng: torch.Generator | None) -> Tensor:
    """The family's loss at its defaults, written out once more: pictures [N, C, H, W] to a scalar."""
    if case.family == "autoencoder":
        return F.mse_loss(model.decoder(model.encoder(images)), images, reduction="sum") / len(images)
    mean, log_var = model.encoder(images).chunk(2, dim=1)
    log_var = log_var.clamp(*LOG_VAR_RANGE)
    noise = torch.randn(mean.shape, generator=rng)
    logits = model.decoder(mean + (0.5 * log_var).exp() * noise)
    error = F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
    kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()
    return error + min(1.0, (step + 1) / 500) * kl


class Bare:
    """What an expert writes for speed and nothing else: uint8 in memory, channels last, fused AdamW."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        self._case = case
        self._model = model_of(case, images).to(memory_format=torch.channels_last)
        self._rows = torch.from_numpy(images)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-3, weight_decay=0.0, fused=True)
        self._rng = torch.Generator().manual_seed(SEED)
        self._order = self._shuffled()
        self._step = 0
        self.first: list[float] = []

    def _shuffled(self) -> Iterator[Tensor]:
        """Indices of batches, in the engine's order; the last, smaller one of an epoch is left out."""
        epoch = 0
        while True:
            order = torch.from_numpy(np.random.default_rng([SEED, epoch]).permutation(len(self._rows)))
            yield from (part for part in order.split(BATCH) if len(part) == BATCH)
            epoch += 1

    def __call__(self, steps: int) -> int:
        for _ in range(steps):
            images = self._rows[next(self._order)].permute(0, 3, 1, 2).float().div_(255)
            loss = loss_of(self._case, self._model, images, self._step, self._rng)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._step += 1
            if len(self.first) < 5:
                self.first.append(loss.item())
        return steps


class Tutorial:
    """What tutorials write: float pictures from a DataLoader, Adam, the loss read at each step."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        self._case, self._model = case, model_of(case, images)
        floats = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
        self._loader = DataLoader(TensorDataset(floats), batch_size=BATCH, shuffle=True, drop_last=True)
        self._batches = iter(self._loader)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3)
        self._step, self._total = 0, 0.0

    def __call__(self, steps: int) -> int:
        for _ in range(steps):
            batch = next(self._batches, None)
            if batch is None:
                self._batches = iter(self._loader)
                batch = next(self._batches)
            loss = loss_of(self._case, self._model, batch[0], self._step, None)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._step += 1
            self._total += loss.item()
        return steps
