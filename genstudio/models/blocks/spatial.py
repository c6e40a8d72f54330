"""An autoencoder whose code is a small picture: a quarter of the size a side, a few channels."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.models.losses import LOG_VAR_RANGE
from genstudio.models.output import start_at_mean, to_pixels

Item = tuple[int, int, int]  # channels, height, width

SHRINK = 4  # pixels a side that one place of the code stands for


def code_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the code of a picture of `size`; rounded up."""
    return math.ceil(size[0] / SHRINK), math.ceil(size[1] / SHRINK)


class Encoder(nn.Module):
    """[N, C, H, W] -> [N, features, H/4, W/4], rounded up; the edge is repeated where the size does not divide."""

    def __init__(self, shape: Item, width: int, features: int) -> None:
        super().__init__()
        channels, height, width_px = shape
        self.pad = (0, -width_px % SHRINK, 0, -height % SHRINK)
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * channels, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(2 * width, features, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(F.pad(x, self.pad, mode="replicate") if any(self.pad) else x)


class Decoder(nn.Module):
    """[N, channels, H/4, W/4] -> [N, C, H, W], unbounded: the encoder's mirror, with one layer more."""

    def __init__(self, shape: Item, width: int, features: int) -> None:
        super().__init__()
        self.size = shape[1:]
        self.layers = nn.Sequential(
            nn.Conv2d(features, 2 * width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * width, 4 * width, 1),
            nn.PixelShuffle(2),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.SiLU(),
        )
        self.out = nn.Conv2d(width, 4 * shape[0], 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        x = F.pixel_shuffle(self.out(self.layers(codes)), 2)
        return x[..., : self.size[0], : self.size[1]]


class Codes(nn.Module):
    """Encoder, decoder, and the statistics that bring their codes to mean 0 and variance 1 in each channel.

    Parameters
    ----------
    shape : (C, H, W)
    width : int
        Channels at half size.
    channels : int
        Numbers at each place of the code.
    mean : float
        Of the pixels, where the decoder starts.
    """

    def __init__(self, shape: Item, width: int, channels: int, mean: float) -> None:
        super().__init__()
        self.encoder = Encoder(shape, width, 2 * channels)
        self.decoder = Decoder(shape, width, channels)
        start_at_mean(self.decoder, mean, "mse")
        self.mean: Tensor
        self.std: Tensor
        self.seen: Tensor
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))
        self.register_buffer("seen", torch.zeros(()))

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures in 0..1 to mean and log-variance of their codes, float32 [N, channels, H/4, W/4] each."""
        mean, log_var = self.encoder(images).float().chunk(2, 1)
        return mean, log_var.clamp(*LOG_VAR_RANGE)

    def standardised(self, codes: Tensor) -> Tensor:
        return (codes - self.mean) / self.std

    def draw(self, standard: Tensor) -> Tensor:
        """Codes of mean 0 and variance 1 to pictures [N, C, H, W] in 0..1."""
        return to_pixels(self.decoder(standard * self.std + self.mean), "mse")

    @torch.no_grad()
    def observe(self, codes: Tensor) -> None:
        """Move the statistics towards those of a batch; short memory first, then 1,000 batches.

        A batch that is not finite is left out, on the device: it would stay in the averages for ever.
        """
        keep = ((1 + self.seen) / (10 + self.seen)).clamp_max(0.999)
        keep = torch.where(self.seen == 0, 0.0, keep)
        mean = codes.mean((0, 2, 3), keepdim=True)[0].lerp(self.mean, keep)
        variance = (codes - mean).square().mean((0, 2, 3), keepdim=True)[0].lerp(self.std.square(), keep)
        finite = mean.isfinite().all() & variance.isfinite().all()
        self.mean.copy_(torch.where(finite, mean, self.mean))
        self.std.copy_(torch.where(finite, variance.sqrt().clamp_min(1e-3), self.std))
        self.seen.add_(finite)
