"""A velocity field on code vectors: residual blocks that are told the time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EMBEDDING = 128  # as `velocity.Embedding` gives


class Block(nn.Module):
    """A residual MLP of two layers; the embedding scales and shifts its input and gates its output (AdaLN-Zero).

    Peebles & Xie 2023, section 3.2: the gates begin at zero, so that each block begins as the identity.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(_EMBEDDING, 3 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift, gate = self.modulation(embedding).chunk(3, 1)
        h = torch.addcmul(shift, self.norm(x), 1 + scale)
        return torch.addcmul(x, gate, self.second(F.silu(self.first(h))))


class CodeNet(nn.Module):
    """[N, size] and embedding [N, 128] to [N, size]; the output begins at zero."""

    def __init__(self, size: int, width: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Linear(size, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.out = nn.Linear(width, size)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.stem(x)
        for block in self.blocks:
            h = block(h, embedding)
        return self.out(h)
