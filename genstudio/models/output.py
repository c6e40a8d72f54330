"""The last layer: how unbounded numbers become pixels, and where they start."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

Likelihood = Literal["bernoulli", "mse", "gaussian"]


def to_pixels(output: Tensor, likelihood: Likelihood) -> Tensor:
    """Network output to 0..1: a sigmoid for logits, a clip for squared error.

    With squared error the output is linear: behind a sigmoid the gradient of a black pixel vanishes, and on
    mostly black pictures the whole network then stays black.
    """
    return output.float().sigmoid() if likelihood == "bernoulli" else output.float().clamp(0, 1)


@torch.no_grad()
def start_at_mean(decoder: nn.Module, pixel_mean: float, likelihood: Likelihood) -> None:
    """Set the bias of the decoder's layer `out` so that an untrained model draws the mean grey of the data."""
    bias = decoder.get_submodule("out").get_parameter("bias")
    mean = min(max(pixel_mean, 0.01), 0.99)
    bias.fill_(math.log(mean / (1 - mean)) if likelihood == "bernoulli" else mean)
