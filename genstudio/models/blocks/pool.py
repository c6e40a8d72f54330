"""The article's network: 3x3 convolutions of 32 and 64 channels, each followed by 2x2 max-pooling, and its mirror.

"Same" padding, so that 28 pixels end at 7 x 7 on both sides (the published listing ends at 5 x 5 in the encoder
but starts from 7 x 7 in the decoder); one graph end to end; a nonlinearity in every hidden layer.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from genstudio.models.blocks.fold import UpConv3
from genstudio.models.blocks.layout import Flatten, Unflatten


class Encoder(nn.Sequential):
    """[N, C, H, W] -> [N, features].

    The article's ReLU comes before the pooling. Behind it the function and its gradients are the same, because
    both keep the order of numbers, and a quarter of the numbers is left to compute.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, features: int) -> None:
        super().__init__(
            nn.Conv2d(shape[2], width, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            Flatten(),
            nn.Linear(2 * width * math.prod(_bottom(shape)), features),
        )


class Decoder(nn.Module):
    """[N, latent_dim] -> [N, C, H, W]; up-sampling and the convolution after it are one layer."""

    def __init__(self, shape: tuple[int, int, int], width: int, latent_dim: int) -> None:
        super().__init__()
        start = (2 * width, *_bottom(shape))
        self.out = UpConv3(width, shape[2], shape[:2])
        self.body = nn.Sequential(
            nn.Linear(latent_dim, math.prod(start)),
            Unflatten(start),
            nn.ReLU(inplace=True),
            UpConv3(2 * width, width, (shape[0] // 2, shape[1] // 2)),
            nn.ReLU(inplace=True),
        )

    def forward(self, codes: Tensor) -> Tensor:
        return self.out(self.body(codes))


def _bottom(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Size after pooling twice."""
    return shape[0] // 4, shape[1] // 4
