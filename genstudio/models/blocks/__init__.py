"""Networks by modality. `picture_networks` builds a matching encoder and decoder for any picture size."""

from __future__ import annotations

from typing import Literal

from torch import nn

from genstudio.models.blocks import conv, mlp, pool

Network = Literal["conv", "mlp", "pool"]


def picture_networks(
    network: Network, shape: tuple[int, int, int], width: int, features: int, latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """An encoder [N, C, H, W] -> [N, features] and a decoder [N, latent_dim] -> [N, C, H, W] (unbounded).

    Parameters
    ----------
    shape : (height, width, channels)
    width : int
        Channels of the first convolution; an MLP has 16 times as many hidden units.
    features : int
        Outputs of the encoder: `latent_dim` for an autoencoder, twice that for mean and variance.
    """
    module = {"conv": conv, "mlp": mlp, "pool": pool}[network]
    return module.Encoder(shape, width, features), module.Decoder(shape, width, latent_dim)
