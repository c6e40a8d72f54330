"""What autoencoders of all kinds share: two networks, labels, points in the plane, the last layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genstudio.models.base import Facts, FamilyConfig, GenerativeModel
from genstudio.models.blocks.labels import Labels
from genstudio.models.output import Likelihood, start_at_mean, to_pixels

LABEL_SIZE = 16  # numbers that the decoder is told of a label
_LEAST_STD = 1e-3


class Coder(GenerativeModel):
    """An encoder and a decoder, told the label where the knob `conditional` says so.

    Points are brought to mean 0 and variance 1 before the encoder and back behind the decoder. The label is added to
    what the encoder gives, and stands beside the code for the decoder.
    """

    encoder: nn.Module
    decoder: nn.Module
    latent_dim: int
    likelihood: Likelihood

    def __init__(self, config: FamilyConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.classes = facts.need_labels() if self.conditional else 0

    @property
    def extra(self) -> int:
        """Numbers that the decoder gets beside the code."""
        return LABEL_SIZE if self.classes else 0

    def _connect(self, pair: tuple[nn.Module, nn.Module], features: int, likelihood: Likelihood) -> None:
        """Take over an encoder with so many `features`, and a decoder that takes the code and `extra` numbers."""
        self.encoder, self.decoder = pair
        self.likelihood = likelihood
        if self.facts.modality == "image":
            start_at_mean(self.decoder, self.facts.mean, likelihood)
        # the encoder can see most of what a label says, so it begins without it
        self.label_in = Labels(self.classes, features, 0.01) if self.classes else None
        self.label_out = Labels(self.classes, LABEL_SIZE) if self.classes else None

    def standard(self, items: Tensor) -> Tensor:
        """Items as the networks see them: pictures as they are, points with mean 0 and variance 1."""
        if self.facts.modality == "image":
            return items
        return (items - self.facts.mean) / max(self.facts.std, _LEAST_STD)

    def features(self, items: Tensor, labels: Tensor | None) -> Tensor:
        """What the encoder gives for items as the networks see them: [N, features]."""
        features = self.encoder(items)
        return features if self.label_in is None else features + self.label_in(labels, len(items))

    def output(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """What the decoder gives for codes [N, latent_dim]: unbounded [N, ...]."""
        if self.label_out is None:
            return self.decoder(codes)
        return self.decoder(torch.cat([codes, self.label_out(labels, len(codes)).to(codes.dtype)], 1))

    def drawn(self, output: Tensor) -> Tensor:
        """The decoder's output as pictures in 0..1 or points."""
        if self.facts.modality == "image":
            return to_pixels(output, self.likelihood)
        return output.float() * max(self.facts.std, _LEAST_STD) + self.facts.mean

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1 or points [N, 2]."""
        return self.drawn(self.output(codes, labels))
