"""The variational autoencoder (Kingma & Welling 2014) and β-VAE (Higgins et al. 2017).

Maximised is the evidence lower bound, E_q[log p(x|z)] − KL(q(z|x) || p(z)); training minimises its negative
with the KL term weighted by β. The KL divergence is not a distance: it is not symmetric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor

from genstudio.core.config import knob
from genstudio.core.events import Curve
from genstudio.data.batches import Batch
from genstudio.models.base import Context, Facts, FamilyConfig, GenerativeModel, Objective, Preset
from genstudio.models.blocks import Network, picture_networks
from genstudio.models.losses import (
    LOG_VAR_RANGE,
    bernoulli_nll,
    kl_to_standard_normal,
    reparameterise,
    squared_error,
)
from genstudio.models.output import Likelihood, start_at_mean, to_pixels


class VAEConfig(FamilyConfig):
    """Knobs of `VAE`."""

    latent_dim: int = knob(
        32, low=1, high=1024, scale="log", label="Latent dimension", basic=True, unit="numbers",
        help="Length of the code. Dimensions that are not needed switch themselves off.",
    )  # fmt: skip
    beta: float = knob(
        1.0, low=0.0, high=1000.0, scale="log", label="β", live=True, basic=True,
        help="Weight of the KL term: higher gives a smoother, simpler code and blurrier pictures.",
    )  # fmt: skip
    kl_warmup: int = knob(
        500, low=0, high=1_000_000, scale="log", label="KL warm-up", unit="steps", zero_means="none",
        help="β grows from 0 to its value over this many steps, which keeps dimensions from dying early.",
    )  # fmt: skip
    likelihood: Likelihood = knob(
        "bernoulli", label="Likelihood",
        help="bernoulli: cross-entropy, for ink on empty paper; mse: normal with fixed noise, for any picture.",
    )  # fmt: skip
    noise: float = knob(
        0.1, low=0.001, high=1.0, scale="log", label="Pixel noise", live=True, unit="of the grey range",
        help="Standard deviation of a pixel under the mse likelihood: smaller gives sharper reconstructions "
        "and a code that follows the prior less.",
    )  # fmt: skip
    network: Network = knob(
        "conv", label="Network",
        help="conv: strided convolutions; mlp: fully connected; pool: the article's convolutions with max-pooling.",
    )  # fmt: skip
    width: int = knob(
        32, low=4, high=256, scale="log", label="Width", unit="channels",
        help="Channels of the first convolution; an MLP has 16 times as many hidden units.",
    )  # fmt: skip


class VAE(GenerativeModel):
    """A normal posterior per picture, a standard normal prior, and the evidence lower bound as objective."""

    Config: ClassVar[type[FamilyConfig]] = VAEConfig
    config: VAEConfig
    sampling: ClassVar[str] = "decoded from the standard normal prior"
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("negative_elbo", "negative ELBO", "nats per picture"),
        Curve("reconstruction", "reconstruction", "nats per picture"),
        Curve("kl", "KL divergence", "nats per picture"),
        Curve("gradient_norm", "gradient norm", "norm"),
    )
    presets: ClassVar[Mapping[str, Preset]] = {
        "balanced": Preset("Balanced", "Strided convolutions, a code of 32 numbers, β = 1."),
        "first-look": Preset(
            "First look",
            "Small and fully connected: recognisable pictures within a few hundred steps.",
            {"network": "mlp", "latent_dim": 16, "beta": 0.3, "kl_warmup": 100, "learning_rate": 3e-3},
        ),
        "plane": Preset("Two numbers", "A code of two numbers, which is a map.", {"latent_dim": 2}),
        "disentangle": Preset("Disentangle", "β = 4: fewer, more separate directions.", {"beta": 4.0}),
        "colour": Preset("Colour pictures", "Squared error with noise of 0.1.", {"likelihood": "mse"}),
    }

    def __init__(self, config: VAEConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        size = self.latent_dim = config.latent_dim
        self.encoder, self.decoder = picture_networks(config.network, facts.picture(), config.width, 2 * size, size)
        start_at_mean(self.decoder, facts.mean, config.likelihood)

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        images = batch["image"]
        with context.autocast():
            features = self.encoder(images)
        mean, log_var = _posterior(features)
        codes = reparameterise(mean, log_var, context.normal_like(mean))
        with context.autocast():
            output = self.decoder(codes)
        reconstruction = self._negative_log_likelihood(output, images)
        kl = kl_to_standard_normal(mean, log_var).sum()
        warm = min(1.0, (context.step + 1) / max(1, self.config.kl_warmup))
        loss = reconstruction + self.config.beta * warm * kl
        logs = {
            "negative_elbo": (reconstruction + kl).detach(),
            "reconstruction": reconstruction.detach(),
            "kl": kl.detach(),
        }
        yield Objective("model", loss, logs)

    def _negative_log_likelihood(self, output: Tensor, images: Tensor) -> Tensor:
        """−log p(x|z) in nats per picture; for mse without its constant, which depends on the noise alone."""
        if self.config.likelihood == "bernoulli":
            return bernoulli_nll(output, images)
        return squared_error(output, images) / (2 * self.config.noise**2)

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 to the posterior means [N, latent_dim]."""
        return _posterior(self.encoder(items))[0]

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1."""
        return to_pixels(self.decoder(codes), self.config.likelihood)

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] is a draw from the prior itself."""
        return self.decode(noise)


def _posterior(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance, float32 [N, latent_dim] each."""
    mean, log_var = features.float().chunk(2, dim=1)
    return mean, log_var.clamp(*LOG_VAR_RANGE)
