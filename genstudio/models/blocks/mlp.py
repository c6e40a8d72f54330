"""Multi-layer perceptrons on flattened pictures: two hidden layers on either side."""

from __future__ import annotations

import math

from torch import Tensor, nn

_UNITS_PER_WIDTH = 16


class Encoder(nn.Sequential):
    """[N, C, H, W] -> [N, features]."""

    def __init__(self, shape: tuple[int, int, int], width: int, features: int) -> None:
        hidden = width * _UNITS_PER_WIDTH
        super().__init__(
            nn.Flatten(),
            nn.Linear(math.prod(shape), hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden // 2),
            nn.SiLU(),
            nn.Linear(hidden // 2, features),
        )


class Decoder(nn.Module):
    """[N, latent_dim] -> [N, C, H, W]."""

    def __init__(self, shape: tuple[int, int, int], width: int, latent_dim: int) -> None:
        super().__init__()
        hidden = width * _UNITS_PER_WIDTH
        self.size = (shape[2], shape[0], shape[1])
        self.out = nn.Linear(hidden, math.prod(shape))
        self.body = nn.Sequential(
            nn.Linear(latent_dim, hidden // 2),
            nn.SiLU(),
            nn.Linear(hidden // 2, hidden),
            nn.SiLU(),
        )

    def forward(self, codes: Tensor) -> Tensor:
        return self.out(self.body(codes)).unflatten(1, self.size)
