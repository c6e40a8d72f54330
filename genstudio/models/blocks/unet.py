"""A small U-Net (Ronneberger et al. 2015) whose every block listens to an embedding of time and label.

Shaped for processors: few full-size layers, 3x3 convolutions of 32 channels or more, channels last. Group norm keeps
no running statistics, so an average of the weights is a network that works; without it such a net learns a third
slower here.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.models.blocks.conv import Size, crop

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)

_GROUP = 16  # channels normalised together
_SMALL = 8  # pixels: the net halves until no side is longer


def sizes_of(size: Size) -> list[Size]:
    """The sizes of all levels, halved (rounding up) until no side is longer than 8 pixels."""
    sizes = [size]
    while max(sizes[-1]) > _SMALL:
        height, width = sizes[-1]
        sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
    return sizes


def norm(channels: int) -> nn.GroupNorm:
    """Group norm over about 16 channels at a time."""
    most = max(1, channels // _GROUP)
    return nn.GroupNorm(next(n for n in range(most, 0, -1) if channels % n == 0), channels)


class Block(nn.Module):
    """x + two convolutions; in between, the embedding scales and shifts each channel (Perez et al. 2018).

    [N, before, H, W] -> [N, after, H, W]. The second convolution starts small, so that a deep net starts as a
    shallow one; not at zero, where it would hide the first one from the gradient.
    """

    def __init__(self, before: int, after: int, embedding: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(before), norm(after)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.conv2 = shrunk(nn.Conv2d(after, after, 3, padding=1), 0.1)
        self.film = shrunk(nn.Linear(embedding, 2 * after), 0.3)
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.film(embedding)[:, :, None, None].chunk(2, 1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(torch.addcmul(shift, self.norm2(h), 1 + scale)))
        return self.skip(x) + h


class UNet(nn.Module):
    """[N, channels, H, W] and an embedding [N, embedding] -> [N, channels, H, W], unbounded.

    Parameters
    ----------
    size : (height, width)
        Any; odd sizes are rounded up on the way down and cropped on the way up.
    width : int
        Channels of all levels but the smallest, which has twice as many.
    depth : int
        Blocks on the way down and as many on the way up, at each level; the smallest level has twice as many.
    """

    def __init__(self, channels: int, size: Size, width: int, depth: int, embedding: int) -> None:
        super().__init__()
        self.sizes = sizes_of(size)
        widths = [width] * (len(self.sizes) - 1) + [2 * width]
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down, self.up, self.shrink, self.grow = (nn.ModuleList() for _ in range(4))
        for above, below in pairwise(widths):
            self.down.append(_Stage(above, above, depth, embedding))
            self.shrink.append(nn.Conv2d(above, below, 3, 2, 1))
            self.grow.append(nn.Conv2d(below, 4 * above, 1))
            self.up.append(_Stage(2 * above, above, depth, embedding))
        self.middle = _Stage(widths[-1], widths[-1], 2 * depth, embedding)
        self.norm = norm(widths[0])
        self.out = shrunk(nn.Conv2d(widths[0], channels, 3, padding=1), 0.1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        x, kept = self.stem(x), []
        for stage, shrink in zip(self.down, self.shrink, strict=True):
            kept.append(stage(x, embedding))
            x = shrink(kept[-1])
        x = self.middle(x, embedding)
        for level in reversed(range(len(kept))):
            x = crop(F.pixel_shuffle(self.grow[level](x), 2), self.sizes[level])
            x = self.up[level](torch.cat([x, kept[level]], 1), embedding)
        return self.out(F.silu(self.norm(x)))


class _Stage(nn.ModuleList):
    """Blocks one after the other, the first of which changes the number of channels."""

    def __init__(self, before: int, after: int, depth: int, embedding: int) -> None:
        super().__init__(Block(after if i else before, after, embedding) for i in range(depth))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        for block in self:
            x = block(x, embedding)
        return x


def shrunk(layer: Layer, factor: float) -> Layer:
    """`layer` with its first weights times `factor` and no bias."""
    with torch.no_grad():
        layer.weight.mul_(factor)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer
