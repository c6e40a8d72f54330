"""Strided convolutions that halve the picture until at most 7 pixels remain, and their mirror.

Halving rounds up and the mirror crops, so every size from 8 to 64 fits, odd ones too. There is no
normalisation layer: at these depths it buys nothing, and it blocks the gain of bfloat16. SiLU in place would not
save memory, as its gradient needs the input: it would cost a copy.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from genstudio.models.blocks.layout import Flatten, Unflatten

Size = tuple[int, int]


def pyramid(size: Size) -> list[Size]:
    """The sizes from the full picture down to the last feature map."""
    sizes = [size]
    while max(sizes[-1]) > 7:
        height, width = sizes[-1]
        sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
    return sizes


class Encoder(nn.Sequential):
    """[N, C, H, W] -> [N, features]; channels double as the size halves, up to 8 times `width`."""

    def __init__(self, shape: tuple[int, int, int], width: int, features: int) -> None:
        sizes = pyramid(shape[:2])
        channels = [shape[2], *(width << min(level, 3) for level in range(len(sizes) - 1))]
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.SiLU()]
        super().__init__(*layers, Flatten(), nn.Linear(channels[-1] * math.prod(sizes[-1]), features))


class Up(nn.Module):
    """Doubles the size by a transposed 4x4 convolution and crops to `size`.

    A kernel of twice the stride covers each output pixel equally often, so no checkerboard is built in.
    """

    def __init__(self, before: int, after: int, size: Size) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.ConvTranspose2d(before, after, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return crop(nn.functional.silu(self.conv(x)), self.size)


class Decoder(nn.Module):
    """[N, latent_dim] -> [N, C, H, W]: the encoder's mirror.

    The last doubling is a convolution at half size whose four outputs a pixel shuffle spreads out: half the
    time of a transposed convolution there, because full-size layers with one channel use few of a core's lanes.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, latent_dim: int) -> None:
        super().__init__()
        sizes = pyramid(shape[:2])
        channels = [width << min(level, 3) for level in range(len(sizes) - 1)]
        self.size, start = shape[:2], (channels[-1], *sizes[-1])
        self.stem = nn.Sequential(nn.Linear(latent_dim, math.prod(start)), nn.SiLU(), Unflatten(start))
        levels = range(len(channels) - 1, 0, -1)
        self.body = nn.Sequential(*(Up(channels[i], channels[i - 1], sizes[i]) for i in levels))
        self.out = nn.Conv2d(channels[0], 4 * shape[2], 3, 1, 1)

    def forward(self, codes: Tensor) -> Tensor:
        return crop(nn.functional.pixel_shuffle(self.out(self.body(self.stem(codes))), 2), self.size)


def crop(x: Tensor, size: Size) -> Tensor:
    """Cut the row or column that rounding up added."""
    return x[..., : size[0], : size[1]]
