"""Residual blocks without normalisation, and the filtered halving and doubling between them.

After R3GAN (Huang et al. 2024, section 3): no normalisation layer, leaky ReLU, resampling by a filter instead of
strided kernels, and weights that start small in each branch (Zhang et al. 2019, "Fixup"), so that a deep network
begins as a shallow one.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.models.blocks.conv import Size

SLOPE = 0.2
_START = 0.1  # a branch that starts at zero would give its first layer no gradient in the first step


def start_leaky(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    """Weights that keep the variance behind a leaky ReLU (He et al. 2015, eq. 15), times `gain`; biases 0."""
    nn.init.normal_(layer.weight, std=gain * (2 / (1 + SLOPE**2) / layer.weight[0].numel()) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class ResidualBlock(nn.Module):
    """x + conv(lrelu(conv(lrelu(x)))), 3x3 both; [N, C, H, W] to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        start_leaky(self.first)
        start_leaky(self.second, _START)

    def forward(self, x: Tensor) -> Tensor:
        inside = self.first(F.leaky_relu(x, SLOPE))
        return x + self.second(F.leaky_relu(inside, SLOPE, inplace=True))


class Halve(nn.Module):
    """Half the size (rounded up), by the filter [1, 2, 1], and as many channels as wanted by a 1x1 convolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 1)
        start_leaky(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        # twice a box of two is [1, 2, 1]; what lies outside does not count
        smooth = F.avg_pool2d(F.pad(x, (0, 1, 0, 1), mode="replicate"), 2, 1)
        return self.conv(F.avg_pool2d(smooth, 2, 2, ceil_mode=True, count_include_pad=False))


class Double(nn.Module):
    """To `size`, twice as large, by bilinear interpolation behind a 1x1 convolution to as many channels as wanted."""

    def __init__(self, before: int, after: int, size: Size) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.Conv2d(before, after, 1)
        start_leaky(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.conv(x), size=self.size, mode="bilinear", align_corners=False)
