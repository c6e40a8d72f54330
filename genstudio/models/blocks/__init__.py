"""Networks by modality. `networks` builds a matching encoder and decoder for any data."""

from __future__ import annotations

from typing import Literal

from torch import nn

from genstudio.models.blocks import conv, mlp, pool
from genstudio.models.facts import Facts

Network = Literal["conv", "mlp", "pool"]


def networks(
    network: Network, facts: Facts, width: int, features: int, latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """An encoder [N, ...] -> [N, features] and a decoder [N, latent_dim] -> [N, ...] (unbounded).

    Parameters
    ----------
    network : {"conv", "mlp", "pool"}
        For pictures; points in the plane have one network of their own.
    facts : Facts
        The shape of the data: items are [N, C, H, W], or [N, 2].
    width : int
        Channels of the first convolution; an MLP has 16 times as many hidden units.
    features : int
        Outputs of the encoder: `latent_dim` for an autoencoder, twice that for mean and variance.

    Raises
    ------
    InputError
        When no network takes pictures of this size.
    """
    if facts.modality == "points":
        from genstudio.models.blocks import points

        return points.Encoder(width, features), points.Decoder(width, latent_dim)
    module, shape = {"conv": conv, "mlp": mlp, "pool": pool}[network], facts.picture()
    return module.Encoder(shape, width, features), module.Decoder(shape, width, latent_dim)
