"""Velocity fields from noise to data: what a flow learns, for pictures, for codes and for points in the plane.

All of them work on data brought to mean 0 and variance 1, on the straight path x(t) = (1 − t) · noise + t · data.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.models.blocks.labels import Labels
from genstudio.models.blocks.unet import UNet, shrunk

_EMBEDDING = 128
_FREQUENCIES = 32
_FASTEST = 1000.0  # radians from t = 0 to t = 1
_HIDDEN, _LAYERS, _OCTAVES = 128, 3, 4  # of the network for points


class Embedding(nn.Module):
    """Time float32 [N] in 0..1, and label int64 [N] where there are classes, to float32 [N, 128]."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.rates: Tensor
        self.register_buffer("rates", torch.logspace(0, math.log10(_FASTEST), _FREQUENCIES), persistent=False)
        self.first = nn.Linear(2 * _FREQUENCIES, _EMBEDDING)
        self.second = nn.Linear(_EMBEDDING, _EMBEDDING)
        self.label = Labels(classes, _EMBEDDING) if classes else None

    def forward(self, t: Tensor, labels: Tensor | None) -> Tensor:
        angles = t[:, None] * self.rates
        e = self.second(F.silu(self.first(torch.cat([angles.sin(), angles.cos()], 1))))
        if self.label is not None:
            e = e + self.label(labels, len(t))
        return F.silu(e)


class Field(nn.Module):
    """A network `net(x, embedding)` with everything around it that is known beforehand.

    v(x, t) = a(t) · x + b(t) · net(b(t) · x, t), with a = (2t − 1) b², b = 1 / √(t² + (1 − t)²): for data of
    variance 1 without structure, a(t) · x is the best guess, and the network sees and gives numbers of variance 1
    at all times (Karras et al. 2022, appendix B.6, for this path).
    """

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.embedding = Embedding(classes)
        self.net = net

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """Velocity [N, ...] at x float32 [N, ...] and t float32 [N]; labels int64 [N], -1 or None for none."""
        time = t.reshape(-1, *[1] * (x.ndim - 1))
        scale = (time.square() + (1 - time).square()).rsqrt()
        # a sampler asks for one time for all, which is worked out once: of points that is four fifths of the work
        one_for_all = self.embedding.label is None and t.stride(0) == 0
        output = self.net(scale * x, self.embedding(t[:1] if one_for_all else t, labels)).float()
        return (2 * time - 1) * scale.square() * x + scale * output


class PatchNet(nn.Module):
    """A U-Net on patches: squares of `patch` pixels become channels, which is where a processor saves its time.

    Pictures of any size: they are padded with zeros, which is the mean, and cropped again.
    """

    def __init__(self, shape: tuple[int, int, int], patch: int, width: int, depth: int) -> None:
        super().__init__()
        channels, height, width_px = shape
        rows, columns = math.ceil(height / patch), math.ceil(width_px / patch)
        self.patch, self.size = patch, (height, width_px)
        self.pad = (0, columns * patch - width_px, 0, rows * patch - height)
        self.unet = UNet(channels * patch**2, (rows, columns), width, depth, _EMBEDDING)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        x = F.pixel_unshuffle(F.pad(x, self.pad), self.patch)
        x = self.unet(x.contiguous(memory_format=torch.channels_last), embedding)
        return F.pixel_shuffle(x, self.patch)[..., : self.size[0], : self.size[1]]


class PointNet(nn.Module):
    """Three hidden layers on coordinates and their Fourier octaves (Tancik et al. 2020): [N, 2] -> [N, 2].

    The octaves are what tells 25 narrow modes apart: on plain coordinates an MLP blurs them for minutes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.octaves: Tensor
        self.register_buffer("octaves", math.pi / 2 * 2.0 ** torch.arange(_OCTAVES), persistent=False)
        self.stem = nn.Linear(2 + 4 * _OCTAVES, _HIDDEN)
        self.layers = nn.ModuleList(nn.Linear(_HIDDEN, _HIDDEN) for _ in range(_LAYERS - 1))
        self.film = nn.ModuleList(shrunk(nn.Linear(_EMBEDDING, 2 * _HIDDEN), 0.3) for _ in range(_LAYERS))
        self.out = shrunk(nn.Linear(_HIDDEN, 2), 0.1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        angles = (x[:, :, None] * self.octaves).flatten(1)
        h = self.stem(torch.cat([x, angles.sin(), angles.cos()], 1))
        for film, layer in zip(self.film, [*self.layers, self.out], strict=True):
            scale, shift = film(embedding).chunk(2, 1)
            h = layer(F.silu(torch.addcmul(shift, h, 1 + scale)))
        return h
