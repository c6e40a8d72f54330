"""Generators: noise to items in the range that the critic sees (about −1..1, or standardised coordinates)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.models.blocks.batchnorm import BatchNorm, Standing
from genstudio.models.blocks.conv import Size, crop, pyramid
from genstudio.models.blocks.labels import Labels
from genstudio.models.blocks.residual import SLOPE, Double, ResidualBlock, start_leaky
from genstudio.models.facts import Facts

GanNetwork = Literal["dcgan", "resnet", "mlp"]

_LABEL_NUMBERS = 16  # length of a label's embedding
_STANDING = 512  # noise vectors whose statistics the batch normalisation draws with


class Generator(nn.Module):
    """Noise [N, latent_dim], and labels where it is conditional, to items [N, C, H, W] or [N, 2].

    Parameters
    ----------
    network : {"dcgan", "resnet", "mlp"}
        For pictures; points have a network of their own.
    width : int
        Channels at half the size; units of an MLP are multiples of it.
    conditional : bool
        The label's embedding is appended to the noise; label −1 has an embedding of its own.
    """

    def __init__(self, network: GanNetwork, facts: Facts, width: int, latent_dim: int, conditional: bool) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.classes = facts.need_labels() if conditional else 0
        self.label = Labels(self.classes, _LABEL_NUMBERS) if conditional else None
        inputs = latent_dim + (_LABEL_NUMBERS if conditional else 0)
        if facts.modality == "points":
            self.body: Body = PointGenerator(width, inputs)
        else:
            kind = {"dcgan": ConvGenerator, "resnet": ResidualGenerator, "mlp": DenseGenerator}[network]
            self.body = kind(facts.picture(), width, inputs, facts.mean)
        self._standing = Standing(self.body)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """As in training: batch normalisation looks at this batch."""
        if self.label is None:
            return self.body(noise)
        return self.body(torch.cat([noise, self.label(labels, len(noise))], 1))

    def draw(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """As for looking: each item depends on its own noise alone."""
        with self._standing.statistics(lambda: self._fixed_batch(noise.device)):
            return self(noise, labels)

    def first_map(self) -> Tensor:
        """The first weights that noise meets: [F, latent_dim]; the label's columns are left out."""
        first = next(module for module in self.body.modules() if isinstance(module, nn.Linear))
        return first.weight.detach()[:, : self.latent_dim]

    def first_features(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """What noise is behind the first layers, as when drawing: [N, F]."""
        given = noise if self.label is None else torch.cat([noise, self.label(labels, len(noise))], 1)
        with self._standing.statistics(lambda: self._fixed_batch(noise.device)):
            return self.body.head(given).flatten(1)

    def _fixed_batch(self, device: torch.device) -> Tensor:
        """Draw what the statistics are taken of: the same noise on every device, all labels and none."""
        noise = torch.randn(_STANDING, self.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
        labels = torch.arange(_STANDING, device=device) % max(1, self.classes)
        labels[::10] = -1  # the share of items that training leaves without label
        return self(noise, labels)


class DenseGenerator(nn.Module):
    """The article's generator: 128, 256, 512, 1024 units (4, 8, 16, 32 times `width`), then the pixels and tanh.

    As in its code: leaky ReLU of 0.2, batch normalisation behind all hidden layers but the first.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, inputs: int, mean: float) -> None:
        super().__init__()
        units = [width * 4 << level for level in range(4)]
        layers: list[nn.Module] = [nn.Linear(inputs, units[0]), nn.LeakyReLU(SLOPE, inplace=True)]
        for before, after in pairwise(units):
            # the norm subtracts a bias again
            layers += [nn.Linear(before, after, bias=False), BatchNorm(after), nn.LeakyReLU(SLOPE, inplace=True)]
        self.body = nn.Sequential(*layers)
        self.out = nn.Linear(units[-1], math.prod(shape))
        self.size = (shape[2], shape[0], shape[1])
        _start(self.out, mean, bounded=True)

    def forward(self, noise: Tensor) -> Tensor:
        return self.out(self.body(noise)).tanh().unflatten(1, self.size)

    def head(self, noise: Tensor) -> Tensor:
        """The second hidden layer's output [N, F]."""
        return self.body[:5](noise)


class ConvGenerator(nn.Module):
    """Transposed 4x4 convolutions that double the size from at most 7 pixels on, after DCGAN (Radford et al. 2016).

    A kernel of twice the stride covers each pixel equally often; a last 3x3 convolution smooths at full size.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, inputs: int, mean: float) -> None:
        super().__init__()
        sizes = pyramid(shape[:2])
        channels = [max(1, width // 2), *(width << min(level, 3) for level in range(len(sizes) - 1))]
        self.start = (channels[-1], *sizes[-1])
        self.stem = nn.Linear(inputs, math.prod(self.start), bias=False)
        self.norm = BatchNorm(channels[-1])
        levels = range(len(channels) - 1, 0, -1)
        self.body = nn.Sequential(*(_Up(channels[i], channels[i - 1], sizes[i - 1]) for i in levels))
        self.out = nn.Conv2d(channels[0], shape[2], 3, padding=1)
        _start(self.out, mean, bounded=True)

    def forward(self, noise: Tensor) -> Tensor:
        return self.out(self.body(self._begin(noise))).tanh()

    def head(self, noise: Tensor) -> Tensor:
        """What comes out of the first doubling: [N, C, H, W]."""
        return self.body[0](self._begin(noise))

    def _begin(self, noise: Tensor) -> Tensor:
        start = self.stem(noise).unflatten(1, self.start).contiguous(memory_format=torch.channels_last)
        return F.relu(self.norm(start), inplace=True)


class _Up(nn.Module):
    """Doubles the size, normalises, ReLU, crops to `size`."""

    def __init__(self, before: int, after: int, size: Size) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
        self.norm = BatchNorm(after)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(crop(self.conv(x), self.size)), inplace=True)


class ResidualGenerator(nn.Module):
    """A residual block at each size but the full one, bilinear doubling, no normalisation, no tanh."""

    def __init__(self, shape: tuple[int, int, int], width: int, inputs: int, mean: float) -> None:
        super().__init__()
        sizes = pyramid(shape[:2])
        channels = [max(1, width // 2), *(width << min(level, 3) for level in range(len(sizes) - 1))]
        self.start = (channels[-1], *sizes[-1])
        self.stem = nn.Linear(inputs, math.prod(self.start))
        start_leaky(self.stem)
        layers: list[nn.Module] = []
        for i in range(len(channels) - 1, 0, -1):
            layers += [ResidualBlock(channels[i]), Double(channels[i], channels[i - 1], sizes[i - 1])]
        self.body = nn.Sequential(*layers)
        self.out = nn.Conv2d(channels[0], shape[2], 3, padding=1)
        start_leaky(self.out, 0.5)
        _start(self.out, mean, bounded=False)

    def forward(self, noise: Tensor) -> Tensor:
        return self.out(F.leaky_relu(self.body(self._begin(noise)), SLOPE))

    def head(self, noise: Tensor) -> Tensor:
        """What comes out of the first doubling: [N, C, H, W]."""
        return self.body[:2](self._begin(noise))

    def _begin(self, noise: Tensor) -> Tensor:
        return self.stem(noise).unflatten(1, self.start).contiguous(memory_format=torch.channels_last)


class PointGenerator(nn.Sequential):
    """Two hidden layers of 4 times `width` units; standardised coordinates come out."""

    def __init__(self, width: int, inputs: int) -> None:
        super().__init__(
            nn.Linear(inputs, 4 * width),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(4 * width, 4 * width),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(4 * width, 2),
        )

    def head(self, noise: Tensor) -> Tensor:
        """The second hidden layer's output [N, F]."""
        for layer in list(self)[:4]:
            noise = layer(noise)
        return noise


Body = DenseGenerator | ConvGenerator | ResidualGenerator | PointGenerator


@torch.no_grad()
def _start(out: nn.Conv2d | nn.Linear, mean: float, bounded: bool) -> None:
    """Set the last bias so that an untrained network draws the mean grey of the data; `bounded`: tanh follows."""
    assert out.bias is not None
    grey = 2 * min(max(mean, 0.01), 0.99) - 1
    out.bias.fill_(math.atanh(grey) if bounded else grey)
