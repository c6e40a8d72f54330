"""Critics: items in the generator's range to one score each; the higher, the more real.

None of them normalises over the batch: real and drawn items can share a pass, and a penalty on the slope of each
score means what it says. The last layer has no bias, which most losses could not learn.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from genstudio.models.blocks.conv import pyramid
from genstudio.models.blocks.generator import GanNetwork
from genstudio.models.blocks.labels import Labels
from genstudio.models.blocks.residual import SLOPE, Halve, ResidualBlock, start_leaky
from genstudio.models.facts import Facts


class CriticNetwork(nn.Module):
    """Items [N, k · C, H, W] or [N, 2k] to scores float [N].

    Parameters
    ----------
    network, width
        As in `Generator`.
    pack : int
        How many items, k, are judged together: one score for all of them (Lin et al. 2018, "PacGAN").
    conditional : bool
        The score gains the product of the features with the label's embedding (Miyato & Koyama 2018, eq. 5); of
        a pack, the mean of its labels' embeddings counts.
    spectral : bool
        Divide each weight by its spectral norm.
    octaves : int
        Of sines and cosines that are shown beside the coordinates of points.
    """

    def __init__(
        self,
        network: GanNetwork,
        facts: Facts,
        width: int,
        *,
        pack: int = 1,
        conditional: bool = False,
        spectral: bool = False,
        octaves: int = 0,
    ) -> None:
        super().__init__()
        if facts.modality == "points":
            self.body: nn.Module = PointCritic(width, pack, octaves)
        else:
            height, side, channels = facts.picture()
            kind = {"dcgan": ConvCritic, "resnet": ResidualCritic, "mlp": DenseCritic}[network]
            self.body = kind((height, side, pack * channels), width)
        features: int = self.body.features  # pyright: ignore[reportAssignmentType]
        self.out = nn.Linear(features, 1, bias=False)
        self.label = Labels(facts.need_labels(), features, features**-0.5) if conditional else None
        self._spectral = [m for m in self.modules() if spectral and isinstance(m, nn.Conv2d | nn.Linear)]
        for layer in self._spectral:
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.get_parameter("weight")))

    def forward(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores [N]; labels int64 [N, k], of each item of a pack."""
        features = self.body(items)
        scores = self.out(features).squeeze(1)
        if self.label is None:
            return scores
        rows = self.label(labels, len(items))
        rows = rows if labels is None else rows.mean(1)
        return scores + (rows * features).sum(1)

    @torch.no_grad()
    def follow(self, sound: Tensor) -> None:
        """Let the spectral norms follow the weights after an update; nothing happens where `sound` is False."""
        for layer in self._spectral:
            weight = layer.get_submodule("parametrizations.weight")
            weight.get_submodule("0").iterate(weight.get_parameter("original"), sound)  # pyright: ignore[reportCallIssue]


class DenseCritic(nn.Sequential):
    """The article's critic, its generator's mirror: 1024, 512, 256, 128 units (32, 16, 8, 4 times `width`)."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        units = [math.prod(shape), *(width * 4 << level for level in (3, 2, 1, 0))]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(units):
            layers += [nn.Linear(before, after), nn.LeakyReLU(SLOPE, inplace=True)]
        super().__init__(*layers)
        self.features = units[-1]


class ConvCritic(nn.Sequential):
    """Strided 4x4 convolutions that halve the size down to at most 7 pixels, then 8 times `width` units."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        sizes = pyramid(shape[:2])
        channels = [shape[2], *(width << min(level, 3) for level in range(len(sizes) - 1))]
        layers: list[nn.Module] = []
        for (before, after), size in zip(pairwise(channels), sizes, strict=False):
            # an odd side needs one more row, so that the sizes are the pyramid's
            layers += [_PadToEven(size), nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
        flat = channels[-1] * math.prod(sizes[-1])
        super().__init__(*layers, nn.Flatten(), nn.Linear(flat, 8 * width), nn.LeakyReLU(SLOPE, inplace=True))
        self.features = 8 * width


class _PadToEven(nn.Module):
    """A row or column of zeros where a side is odd."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.pad = (0, size[1] % 2, 0, size[0] % 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.pad) if any(self.pad) else x


class ResidualCritic(nn.Sequential):
    """A 3x3 convolution at full size, then at each smaller size a residual block; filtered halving between."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        sizes = pyramid(shape[:2])
        channels = [max(1, width // 2), *(width << min(level, 3) for level in range(len(sizes) - 1))]
        stem = nn.Conv2d(shape[2], channels[0], 3, padding=1)
        start_leaky(stem)
        layers: list[nn.Module] = [stem, nn.LeakyReLU(SLOPE, inplace=True)]
        for before, after in pairwise(channels):
            layers += [Halve(before, after), ResidualBlock(after)]
        dense = nn.Linear(channels[-1] * math.prod(sizes[-1]), 4 * width)
        start_leaky(dense)
        super().__init__(*layers, nn.LeakyReLU(SLOPE), nn.Flatten(), dense, nn.LeakyReLU(SLOPE, inplace=True))
        self.features = 4 * width


class PointCritic(nn.Module):
    """Two hidden layers of 4 times `width` units on standardised coordinates.

    With `octaves` it also sees sines and cosines of them, of period 4, 2, 1 ... (Tancik et al. 2020): a network on
    plain coordinates learns narrow clusters only slowly.
    """

    def __init__(self, width: int, pack: int, octaves: int) -> None:
        super().__init__()
        self.features = 4 * width
        self.octaves = octaves
        self.body = nn.Sequential(
            nn.Linear(2 * pack * (1 + 2 * octaves), 4 * width),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Linear(4 * width, 4 * width),
            nn.LeakyReLU(SLOPE, inplace=True),
        )

    def forward(self, points: Tensor) -> Tensor:
        if self.octaves:
            rates = 2.0 ** torch.arange(self.octaves, device=points.device) * (math.pi / 2)
            angles = (points[:, :, None] * rates).flatten(1)
            points = torch.cat([points, angles.sin(), angles.cos()], 1)
        return self.body(points)


class SpectralNorm(nn.Module):
    """Divides a weight by an estimate of its largest singular value (Miyato et al. 2018, section 2.1).

    The estimate goes on by one power iteration after each of the critic's updates, never while looking, so that
    looking at a network changes nothing.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.left: Tensor
        self.register_buffer("left", F.normalize(torch.randn(len(weight)), dim=0))
        for _ in range(15):
            self.iterate(weight, torch.ones((), dtype=torch.bool))

    def forward(self, weight: Tensor) -> Tensor:
        matrix = weight.flatten(1)
        with torch.no_grad():
            right = F.normalize(self.left @ matrix, dim=0)
        return weight / (self.left @ (matrix @ right))

    @torch.no_grad()
    def iterate(self, weight: Tensor, sound: Tensor) -> None:
        """One power iteration on `weight`; none where `sound`, a bool scalar, is False."""
        matrix = weight.flatten(1)
        left = F.normalize(matrix @ F.normalize(self.left @ matrix, dim=0), dim=0)
        self.left.copy_(torch.where(sound, left, self.left))
