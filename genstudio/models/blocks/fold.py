"""Up-sampling and the convolution after it, folded into one convolution of the small picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FEW = 8  # with fewer outputs than this, a transposed convolution uses too few lanes of a core


class UpConv3(nn.Conv2d):
    """Nearest-neighbour up-sampling to `size`, then a 3x3 convolution, at a fraction of the arithmetic.

    Where the size doubles, each output pixel sees only 2x2 different pixels, so that taps which fall on the same
    pixel can be added up beforehand: 4 products instead of 9, and no big picture in between. Outputs and gradients
    are those of the plain form, up to the order of sums. Other sizes are computed in the plain form.

    Its parameters are `weight` [after, before, 3, 3] and `bias` [after] of the 3x3 convolution.

    Parameters
    ----------
    before, after : int
        Channels.
    size : (height, width)
        Of the output.
    """

    def __init__(self, before: int, after: int, size: tuple[int, int]) -> None:
        super().__init__(before, after, 3, padding=1)
        self.size = size

    def forward(self, input: Tensor) -> Tensor:
        """[N, before, h, w] -> [N, after, height, width]."""
        assert self.bias is not None
        if (2 * input.shape[2], 2 * input.shape[3]) != self.size:
            return F.conv2d(F.interpolate(input, self.size), self.weight, self.bias, padding=1)
        kernel = _doubled(_doubled(self.weight, 2), 3)
        if len(kernel) >= _FEW:
            return F.conv_transpose2d(input, kernel.transpose(0, 1), self.bias, stride=2, padding=1)
        return _by_shuffle(input, kernel, self.bias)


def _doubled(weight: Tensor, axis: int) -> Tensor:
    """Three taps along `axis` to the four of the transposed convolution of stride 2 that does the same.

    Tap k of it carries input pixel s to output pixel 2s - 1 + k; those outputs look at pixel s with tap 2,
    with taps 1 and 2, with taps 0 and 1, and with tap 0 (outputs start half a pixel before the inputs).
    """
    first, middle, last = weight.unbind(axis)
    return torch.stack((last, middle + last, first + middle, first), axis)


def _by_shuffle(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """The transposed convolution with `kernel` [after, before, 4, 4] as a 2x2 convolution and a pixel shuffle.

    The four outputs at each place of the small picture are channels of the 2x2 convolution. They are kept in the
    order row, column, channel, so that the shuffle moves whole pixels in memory.
    """
    after, before = kernel.shape[:2]
    taps = kernel.view(after, before, 2, 2, 2, 2).flip(2, 4)  # tap (row, phase of row, column, phase of column)
    small = F.conv2d(x, taps.permute(3, 5, 0, 1, 2, 4).reshape(4 * after, before, 2, 2), bias.repeat(4), padding=1)
    rows, columns = small.shape[2:]
    spread = small.permute(0, 2, 3, 1).unflatten(3, (2, 2, after)).permute(0, 1, 3, 2, 4, 5)
    big = spread.reshape(len(x), 2 * rows, 2 * columns, after).permute(0, 3, 1, 2)
    return big[..., 1:-1, 1:-1]
