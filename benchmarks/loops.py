"""Plain PyTorch loops: what GenStudio's engine is measured against. Those of GANs are in `adversarial_loops`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from genstudio.core.config import Value
from genstudio.engine.load import build_model
from genstudio.models import families
from genstudio.models.base import Facts
from genstudio.models.blocks.layout import Unflatten
from genstudio.models.losses import LOG_VAR_RANGE

BATCH, SEED = 128, 0


@dataclass(frozen=True, slots=True)
class Case:
    """A model that all contenders train.

    Attributes
    ----------
    more_steps : int
        A turn of a quick one has so many times as many steps.
    size : int
        Pixels a side that the pictures are brought to; 0 leaves them.
    """

    title: str
    family: str
    knobs: dict[str, Value]
    more_steps: int = 1
    size: int = 0


# the plain loops know neither penalties nor averaged weights
_PLAIN_GAME: dict[str, Value] = {"latent_dim": 100, "learning_rate": 2e-4, "beta2": 0.999, "r1": 0.0, "ema": 0.0}

CASES = {
    "vae-conv": Case("convolutional VAE", "vae", {}),
    "vae-mlp": Case("MLP VAE", "vae", {"network": "mlp"}, 4),
    "ae-conv": Case("convolutional autoencoder", "autoencoder", {}),
    "article": Case("the article's autoencoder", "autoencoder", {"network": "pool", "latent_dim": 128}),
    "article-gan": Case("the article's GAN", "gan", {"network": "mlp", **_PLAIN_GAME}, 2),
    "dcgan-32": Case("DCGAN, 32 px", "gan", {"network": "dcgan", **_PLAIN_GAME}, size=32),
    "dcgan-64": Case("DCGAN, 64 px", "gan", {"network": "dcgan", **_PLAIN_GAME}, size=64),
}


def model_of(case: Case, images: NDArray[np.uint8]) -> Any:
    """The network, initialised as the engine initialises it."""
    config = families.load(case.family).Config.parse(case.knobs)
    mean = float(images.mean(dtype=np.float64)) / 255
    return build_model(case.family, config, Facts(tuple(images.shape[1:]), mean), SEED)


def coder_of(case: Case, model: Any) -> nn.Module:
    """Encoder and decoder as people write them: `encoder` and `decoder` of one module, the same function as `model`.

    Flattened is channel by channel. The article's network is listed with up-sampling and convolution as two layers,
    and ReLU before pooling.
    """
    pair = nn.Module()
    pair.encoder, pair.decoder = copy.deepcopy(model.encoder), copy.deepcopy(model.decoder)
    _flatten_as_usual(pair.encoder, pair.decoder)
    if case.knobs.get("network") == "pool":
        conv1, _, _, conv2, _, _, flatten, dense = pair.encoder
        pair.encoder = nn.Sequential(
            conv1, nn.ReLU(), nn.MaxPool2d(2), conv2, nn.ReLU(), nn.MaxPool2d(2), flatten, dense
        )
        spread, shape, _, up, _ = pair.decoder.body
        double = nn.Upsample(scale_factor=2)
        pair.decoder = nn.Sequential(
            spread, shape, nn.ReLU(), double, _as_conv(up), nn.ReLU(), double, _as_conv(pair.decoder.out)
        )
    return pair


def _as_conv(layer: nn.Conv2d) -> nn.Conv2d:
    """The 3x3 convolution alone."""
    conv = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1)
    conv.load_state_dict(layer.state_dict())
    return conv


@torch.no_grad()
def _flatten_as_usual(encoder: nn.Sequential, decoder: nn.Module) -> None:
    """Put `nn.Flatten` and `nn.Unflatten` for our own, and order the weights beside them accordingly."""
    for stem in (m for m in decoder.modules() if isinstance(m, nn.Sequential)):
        for i, layer in enumerate(stem):
            if not isinstance(layer, Unflatten):
                continue
            height, width, channels = layer.order
            spread: Any = stem[0]
            for values in (spread.weight, spread.bias):
                values.copy_(values.view(height, width, channels, -1).permute(2, 0, 1, 3).reshape(values.shape))
            stem[i] = nn.Unflatten(1, (channels, height, width))
            last: Any = encoder[-1]
            rows = last.weight.view(-1, height, width, channels)
            last.weight.copy_(rows.permute(0, 3, 1, 2).reshape(last.weight.shape))
            encoder[-2] = nn.Flatten()


def terms_of(case: Case, model: Any, images: Tensor, rng: torch.Generator | None) -> dict[str, Tensor]:
    """The terms of the family's loss at its defaults, written out once more: pictures [N, C, H, W] to scalars."""
    if case.family == "autoencoder":
        return {
            "reconstruction": F.mse_loss(model.decoder(model.encoder(images)), images, reduction="sum") / len(images)
        }
    mean, log_var = model.encoder(images).chunk(2, dim=1)
    log_var = log_var.clamp(*LOG_VAR_RANGE)
    noise = torch.randn(mean.shape, generator=rng)
    logits = model.decoder(mean + (0.5 * log_var).exp() * noise)
    error = F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
    kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()
    return {"reconstruction": error, "kl": kl}


def loss_of(case: Case, model: Any, images: Tensor, step: int, rng: torch.Generator | None) -> Tensor:
    """What is minimised: the KL term is warmed up over 500 steps."""
    return _total(terms_of(case, model, images, rng), step)


def _total(terms: dict[str, Tensor], step: int) -> Tensor:
    return terms["reconstruction"] + min(1.0, (step + 1) / 500) * terms.get("kl", torch.zeros(()))


def in_order(count: int) -> Iterator[Tensor]:
    """Indices of batches, in the engine's order; the last, smaller one of an epoch is left out."""
    epoch = 0
    while True:
        order = torch.from_numpy(np.random.default_rng([SEED, epoch]).permutation(count))
        yield from (part for part in order.split(BATCH) if len(part) == BATCH)
        epoch += 1


def loader_of(floats: Tensor) -> Iterator[Tensor]:
    """Batches of a `DataLoader`, as tutorials make them, without end."""
    loader = DataLoader(TensorDataset(floats), batch_size=BATCH, shuffle=True, drop_last=True)
    while True:
        for (batch,) in loader:
            yield batch


class Bare:
    """What an expert writes for speed and nothing else: uint8 in memory, channels last, fused AdamW."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        self._case = case
        self._model = model_of(case, images).to(memory_format=torch.channels_last)
        self._rows = torch.from_numpy(images)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-3, weight_decay=0.0, fused=True)
        self._rng = torch.Generator().manual_seed(SEED)
        self._order = in_order(len(images))
        self._step = 0
        self.first: list[dict[str, float]] = []

    def __call__(self, steps: int) -> int:
        for _ in range(steps):
            images = self._rows[next(self._order)].permute(0, 3, 1, 2).float().div_(255)
            terms = terms_of(self._case, self._model, images, self._rng)
            self._optimizer.zero_grad()
            _total(terms, self._step).backward()
            self._optimizer.step()
            self._step += 1
            if len(self.first) < 5:
                self.first.append({name: term.item() for name, term in terms.items()})
        return steps


class Tutorial:
    """What tutorials write: float pictures from a DataLoader, Adam, the loss read at each step."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        self._case, self._model = case, coder_of(case, model_of(case, images))
        self._batches = loader_of(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3)
        self._step, self._total = 0, 0.0

    def __call__(self, steps: int) -> int:
        for _ in range(steps):
            loss = loss_of(self._case, self._model, next(self._batches), self._step, None)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._step += 1
            self._total += loss.item()
        return steps
