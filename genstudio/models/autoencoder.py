"""The autoencoder: a short code for each picture, trained to draw the picture again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor

from genstudio.core.config import knob
from genstudio.core.events import Curve
from genstudio.data.batches import Batch
from genstudio.models.base import Context, Facts, FamilyConfig, GenerativeModel, Objective, Preset
from genstudio.models.blocks import Network, picture_networks
from genstudio.models.losses import bernoulli_nll, squared_error
from genstudio.models.output import Likelihood, start_at_mean, to_pixels


class AutoencoderConfig(FamilyConfig):
    """Knobs of `Autoencoder`."""

    latent_dim: int = knob(
        32, low=1, high=1024, scale="log", label="Latent dimension", basic=True, unit="numbers",
        help="Length of the code. More keeps more detail, fewer forces the model to find what matters.",
    )  # fmt: skip
    network: Network = knob(
        "conv", label="Network",
        help="conv: strided convolutions; mlp: fully connected; pool: the article's convolutions with max-pooling.",
    )  # fmt: skip
    width: int = knob(
        32, low=4, high=256, scale="log", label="Width", unit="channels",
        help="Channels of the first convolution; an MLP has 16 times as many hidden units.",
    )  # fmt: skip
    likelihood: Likelihood = knob(
        "mse", label="Error measure",
        help="mse: squared error, for any picture; bernoulli: cross-entropy, for ink on empty paper.",
    )  # fmt: skip
    ema: float = knob(
        0.0, low=0.0, high=0.99999, label="EMA decay", group="Optimizer", zero_means="off",
        help="Pictures come from an average of recent weights; nearer to 1 averages longer.",
    )  # fmt: skip


class Autoencoder(GenerativeModel):
    """Encoder and decoder with one objective: the reconstruction error.

    An autoencoder has no prior of its own. New pictures come from a normal distribution that is fitted to the
    codes while training (running mean and covariance, kept with the weights).
    """

    Config: ClassVar[type[FamilyConfig]] = AutoencoderConfig
    config: AutoencoderConfig
    sampling: ClassVar[str] = "drawn from a normal distribution fitted to the codes"
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("reconstruction", "reconstruction error", "per picture"),
        Curve("mse", "mean squared error", "per pixel"),
        Curve("gradient_norm", "gradient norm", "norm"),
    )
    presets: ClassVar[Mapping[str, Preset]] = {
        "balanced": Preset("Balanced", "Strided convolutions, a code of 32 numbers."),
        "article": Preset(
            "The article's",
            "Conv 32, pool, Conv 64, pool, dense 128, mirrored decoder, squared error, wired correctly.",
            {"network": "pool", "width": 32, "latent_dim": 128, "likelihood": "mse"},
        ),
        "first-look": Preset(
            "First look",
            "Small and fully connected: recognisable pictures within a few hundred steps.",
            {"network": "mlp", "latent_dim": 16, "learning_rate": 3e-3},
        ),
        "plane": Preset("Two numbers", "A code of two numbers, which is a map.", {"latent_dim": 2}),
    }

    def __init__(self, config: AutoencoderConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        size = self.latent_dim = config.latent_dim
        self.encoder, self.decoder = picture_networks(config.network, facts.picture(), config.width, size, size)
        start_at_mean(self.decoder, facts.mean, config.likelihood)
        self.code_mean: Tensor
        self.code_cov: Tensor
        self.register_buffer("code_mean", torch.zeros(size))
        self.register_buffer("code_cov", torch.eye(size))

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        images = batch["image"]
        with context.autocast():
            codes = self.encoder(images)
            output = self.decoder(codes)
        error = squared_error(to_pixels(output.detach(), self.config.likelihood), images)
        measure = squared_error if self.config.likelihood == "mse" else bernoulli_nll
        loss = measure(output, images)
        self._observe(codes.detach().float(), context.step)
        logs = {"reconstruction": loss.detach(), "mse": error / images[0].numel()}
        yield Objective("model", loss, logs)

    @torch.no_grad()
    def _observe(self, codes: Tensor, step: int) -> None:
        """Update the running mean and covariance of the codes; short memory first, then 1,000 steps.

        Codes of a poisoned batch are left out, on the device: one of them would stay in the averages for ever.
        """
        keep = min(0.999, (1 + step) / (10 + step))
        mean = self.code_mean.lerp(codes.mean(0), 1 - keep)
        centred = codes - mean
        cov = self.code_cov.lerp(centred.T @ centred / len(codes), 1 - keep)
        finite = mean.isfinite().all() & cov.isfinite().all()
        self.code_mean.copy_(torch.where(finite, mean, self.code_mean))
        self.code_cov.copy_(torch.where(finite, cov, self.code_cov))

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 to codes [N, latent_dim]."""
        return self.encoder(items)

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1."""
        return to_pixels(self.decoder(codes), self.config.likelihood)

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to pictures, by the normal distribution fitted to the codes."""
        # The symmetric square root: unlike Cholesky's factor it exists for dead dimensions too.
        values, vectors = torch.linalg.eigh(self.code_cov)
        root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
        return self.decode(self.code_mean + noise @ root)
