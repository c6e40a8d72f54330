"""How the feature network is trained: on labels, or, where there are none, on pairs of views of one picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genstudio.data.batches import to_unit
from genstudio.data.items import Watch
from genstudio.evaluate.network import FeatureNet

PICTURES = 200_000  # seen in all, views counted one by one: 3.3 times Fashion-MNIST
_BATCH, _RATE, _DECAY = 256, 3e-3, 1e-2
_WARM = 0.15  # share of the steps in which the rate rises
_TITLE = "training the network that scores pictures"


def train(
    net: FeatureNet,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None,
    generator: torch.Generator,
    watch: Watch,
) -> None:
    """Train `net` in place: AdamW on one cycle of the learning rate (Smith & Topin 2018), 200,000 pictures, half as
    many of more than 32 pixels.

    Parameters
    ----------
    net : FeatureNet
        Its input and weights are initialised.
    images : uint8 [N, H, W, C]
    labels : int64 [N] or None
        -1 for none, which are left out; without labels `views_loss` is minimised.
    generator : torch.Generator
        All random numbers come from it.
    """
    rows = torch.arange(len(images)) if labels is None else torch.from_numpy(np.flatnonzero(labels >= 0))
    loss = _views(net) if labels is None else _labels(net, torch.from_numpy(labels))
    size = min(_BATCH, max(2, len(rows)))
    dear = (2 if labels is None else 1) * (2 if max(images.shape[1:3]) > 32 else 1)  # two views; large pictures
    steps = max(1, PICTURES // _BATCH // dear)
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps + 1, pct_start=_WARM)
    net.train()
    with torch.enable_grad():
        for step in range(steps):
            index = rows[torch.randint(len(rows), (size,), generator=generator)]
            batch = to_unit(torch.from_numpy(images[index.numpy()]), index.device)
            optimizer.zero_grad()
            loss(batch, index, generator).backward()
            optimizer.step()
            schedule.step()
            watch(_TITLE, step + 1, steps)


Loss = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def _labels(net: FeatureNet, labels: Tensor) -> Loss:
    """Cross-entropy of the labels, pictures shifted by up to a pixel so that few of them are not learnt by heart."""

    def loss(batch: Tensor, index: Tensor, generator: torch.Generator) -> Tensor:
        return F.cross_entropy(net.logits(net(_shifted(batch, 1, generator))), labels[index])

    return loss


def _views(net: FeatureNet) -> Loss:
    def loss(batch: Tensor, index: Tensor, generator: torch.Generator) -> Tensor:
        first, second = (net.raw(_view(batch, generator)) for _ in range(2))
        return views_loss(first, second)

    return loss


def views_loss(first: Tensor, second: Tensor) -> Tensor:
    """Features [N, D] of two views: alike for one picture, yet spread out and not repeating each other.

    25 × mean squared difference + 25 × hinge on each deviation below 1 + squared covariances between features
    (Bardes et al. 2022, VICReg, eq. 6, with the weights given there).
    """
    apart = F.mse_loss(first, second)
    spread, repeated = first.new_zeros(()), first.new_zeros(())
    for rows in (first, second):
        centred = rows - rows.mean(0)
        covariance = centred.T @ centred / max(1, len(rows) - 1)
        variance = covariance.diagonal()
        spread = spread + F.relu(1 - (variance + 1e-4).sqrt()).mean() / 2
        repeated = repeated + (covariance.square().sum() - variance.square().sum()) / rows.shape[1]
    return 25 * apart + 25 * spread + repeated


def _view(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Shifted by up to an eighth, brightness and contrast changed by up to a fifth."""
    shifted = _shifted(batch, max(1, max(batch.shape[2:]) // 8), generator)
    gain, bias = (torch.rand(2, len(batch), 1, 1, 1, generator=generator) - 0.5) * 0.4
    return shifted * (1 + gain) + bias


def _shifted(batch: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """The whole batch moved by up to `most` pixels, the edge repeated."""
    down, right = torch.randint(0, 2 * most + 1, (2,), generator=generator).tolist()
    padded = F.pad(batch, (most,) * 4, mode="replicate")
    return padded[:, :, down : down + batch.shape[2], right : right + batch.shape[3]]
