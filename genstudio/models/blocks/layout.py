"""Between pictures and rows of numbers without moving anything in memory.

Convolutions run fastest with the channels of a pixel side by side ("channels last"). The usual flattening goes
channel by channel: it copies such pictures, and hands their gradient back in an order that slows all layers before
it. Here rows go pixel by pixel. To a linear layer the order of its inputs is all the same.
"""

from __future__ import annotations

from torch import Tensor, nn


class Flatten(nn.Module):
    """[N, C, H, W] -> [N, H · W · C], pixel by pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class Unflatten(nn.Module):
    """[N, H · W · C] -> [N, C, H, W], channels last in memory; `Flatten` backwards.

    Parameters
    ----------
    shape : (C, H, W)
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.order = (height, width, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.order).permute(0, 3, 1, 2)
