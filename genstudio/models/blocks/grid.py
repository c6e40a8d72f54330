"""The networks of `spatial` with flat codes: what stands at one place of the small picture lies together."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genstudio.models.blocks import spatial
from genstudio.models.facts import Facts


def places(facts: Facts) -> int:
    """How many places the code of a picture has: one for each square of 4 x 4 pixels."""
    height, width, _ = facts.picture()
    return math.prod(spatial.code_size((height, width)))


class Encoder(spatial.Encoder):
    """[N, C, H, W] -> [N, places · size]."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten(2).transpose(1, 2).flatten(1)


class Decoder(spatial.Decoder):
    """[N, places · size + extra] -> [N, C, H, W]; the `extra` numbers, a label's, are given to every place."""

    def __init__(self, shape: spatial.Item, width: int, size: int, extra: int) -> None:
        super().__init__(shape, width, size + extra)
        self.grid, self.extra = spatial.code_size((shape[1], shape[2])), extra

    def forward(self, codes: Tensor) -> Tensor:
        count = math.prod(self.grid)
        own = codes[:, : codes.shape[1] - self.extra].unflatten(1, (count, -1))
        if self.extra:
            shared = codes[:, -self.extra :, None].expand(-1, -1, count).transpose(1, 2)
            own = torch.cat([own, shared], 2)
        return super().forward(own.transpose(1, 2).unflatten(2, self.grid))
