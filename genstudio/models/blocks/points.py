"""Multi-layer perceptrons on points in the plane: two hidden layers on either side."""

from __future__ import annotations

from torch import Tensor, nn

#: Hidden units for each channel of width: at the usual 32 two layers of 128, which bend around 25 clusters.
_UNITS_PER_WIDTH = 4


class Encoder(nn.Sequential):
    """[N, 2] -> [N, features]."""

    def __init__(self, width: int, features: int) -> None:
        hidden = width * _UNITS_PER_WIDTH
        super().__init__(
            nn.Linear(2, hidden),
            nn.SiLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.SiLU(inplace=True),
            nn.Linear(hidden, features),
        )


class Decoder(nn.Module):
    """[N, latent_dim] -> [N, 2], unbounded; the last layer is `out`."""

    def __init__(self, width: int, latent_dim: int) -> None:
        super().__init__()
        hidden = width * _UNITS_PER_WIDTH
        self.out = nn.Linear(hidden, 2)
        self.body = nn.Sequential(
            nn.Linear(latent_dim, hidden),
            nn.SiLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.SiLU(inplace=True),
        )

    def forward(self, codes: Tensor) -> Tensor:
        return self.out(self.body(codes))
