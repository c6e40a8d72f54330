"""The variational autoencoder (Kingma & Welling 2014) and its kin: β-VAE (Higgins et al. 2017), β-TCVAE (Chen et al.
2018), IWAE (Burda et al. 2016), VQ-VAE (van den Oord et al. 2017), σ-VAE (Rybkin et al. 2021).

Maximised is the evidence lower bound, E_q[log p(x|z)] − KL(q(z|x) || p(z)); training minimises its negative
with the KL term weighted by β. The KL divergence is not a distance: it is not symmetric.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor

from genstudio.core.errors import InputError
from genstudio.core.events import Curve
from genstudio.models import losses
from genstudio.models.base import Batch, Context, Facts, FamilyConfig, Objective, Preset, data_of
from genstudio.models.blocks import grid, networks
from genstudio.models.coder import Coder
from genstudio.models.output import Likelihood
from genstudio.models.quantizer import PlaceNormal, Quantizer
from genstudio.models.vae_config import PRESETS, VAEConfig

_PIECES = 16  # places of a vq code where the network knows none
_ACTIVE = 0.01  # variance of its mean from which on a dimension counts as used (Burda et al. 2016, section 5.2)


class VAE(Coder):
    """A posterior per item, a prior, and the evidence lower bound as objective.

    With gaussian codes the prior is a standard normal. With vq codes it is uniform over the codebook in training;
    samples come from a matrix normal distribution fitted to the codes, rounded to the codebook, or from a latent
    sampler fitted afterwards.
    """

    Config: ClassVar[type[FamilyConfig]] = VAEConfig
    config: VAEConfig
    sampling: ClassVar[str] = "decoded from the standard normal prior"
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("negative_elbo", "negative ELBO", "nats per item"),
        Curve("reconstruction", "reconstruction", "nats per item"),
        Curve("kl", "KL divergence", "nats per item"),
        Curve("bound", "importance-weighted bound, negative", "nats per item"),
        Curve("total_correlation", "total correlation", "nats"),
        Curve("active_units", "active units", "dimensions"),
        Curve("commitment", "distance to the codebook", "squared, per item"),
        Curve("perplexity", "perplexity of the codebook", "entries in use"),
        Curve("gradient_norm", "gradient norm", "norm"),
    )
    presets: ClassVar[Mapping[str, Preset]] = PRESETS

    def __init__(self, config: VAEConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        points = facts.modality == "points"
        likelihood: Likelihood = "gaussian" if points and config.likelihood == "bernoulli" else config.likelihood
        if config.latent == "vq":
            self._connect_codebook(config, facts, likelihood)
            return
        size = self.latent_dim = config.latent_dim
        pair = networks(config.network, facts, config.width, 2 * size, size + self.extra)
        self._connect(pair, 2 * size, likelihood)

    def _connect_codebook(self, config: VAEConfig, facts: Facts, likelihood: Likelihood) -> None:
        if config.objective != "elbo":
            raise InputError(f"The objective {config.objective} is for gaussian codes: set the code to gaussian.")
        size, width = config.latent_dim, config.width
        if facts.modality == "image" and config.network == "conv":
            count, shape = grid.places(facts), (facts.item_shape[0], *facts.picture()[:2])
            pair = grid.Encoder(shape, width, size), grid.Decoder(shape, width, size, self.extra)
        else:
            count = _PIECES
            pair = networks(config.network, facts, width, count * size, count * size + self.extra)
        self.latent_dim = count * size
        self._connect(pair, self.latent_dim, likelihood)
        self.quantizer = Quantizer(config.codebook_size, size)
        self.spread = PlaceNormal(count, size)
        self.sampling = "a normal fitted to the codes, rounded to the codebook"  # pyright: ignore

    # --- training ------------------------------------------------------------------------------------

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        items, labels = self.standard(data_of(batch)), batch.get("label")
        with context.autocast():
            features = self.features(items, labels)
        if self.config.latent == "vq":
            yield self._quantised(features.float(), items, labels, context)
            return
        mean, log_var = _posterior(features)
        if self.config.objective == "iwae":
            yield self._weighted(mean, log_var, items, labels, context)
            return
        codes = losses.reparameterise(mean, log_var, context.normal_like(mean))
        with context.autocast():
            output = self.output(codes, labels)
        reconstruction = self._negative_log_likelihood(output, items)
        each = losses.kl_to_standard_normal(mean, log_var)
        kl, extra = each.sum(), {}
        if self.config.objective == "beta-tc":
            # KL = mutual information + total correlation + KL of each dimension (Chen et al. 2018, eq. 2)
            correlation = losses.total_correlation(codes, mean, log_var)
            penalty = kl + (self.config.beta - 1) * correlation
            extra = {"total_correlation": correlation.detach()}
        else:
            free = self.config.free_bits  # Kingma et al. 2016, appendix C.8
            penalty = self.config.beta * (each.clamp_min(free).sum() if free else kl)
        loss = reconstruction + self._warm(context) * penalty
        yield Objective("model", loss, {**_logs(reconstruction, kl, mean), **extra})

    def _weighted(
        self, mean: Tensor, log_var: Tensor, items: Tensor, labels: Tensor | None, context: Context
    ) -> Objective:
        """−log of the mean weight p(x, z) / q(z|x) of several codes (Burda et al. 2016, eq. 8)."""
        count = self.config.particles
        noise = context.normal(count, *mean.shape)
        codes = losses.reparameterise(mean, log_var, noise)
        with context.autocast():
            output = self.output(codes.flatten(0, 1), None if labels is None else labels.repeat(count))
        wanted = items.repeat(count, *[1] * (items.ndim - 1))
        reconstruction = self._each_negative_log_likelihood(output, wanted).view(count, -1)
        # log q(z|x) − log p(z), whose constants cancel
        apart = 0.5 * (codes.square() - noise.square() - log_var).sum(2)
        weight = -(reconstruction + self.config.beta * self._warm(context) * apart)
        loss = math.log(count) - weight.logsumexp(0).mean()
        bound = math.log(count) - (-(reconstruction + apart).detach()).logsumexp(0).mean()
        kl = losses.kl_to_standard_normal(mean, log_var).sum()
        return Objective("model", loss, {**_logs(reconstruction.mean(), kl, mean), "bound": bound})

    def _quantised(self, codes: Tensor, items: Tensor, labels: Tensor | None, context: Context) -> Objective:
        """Reconstruction from rounded codes, and what keeps codes near the codebook (van den Oord et al. 2017, eq. 3;
        the codebook follows by moving averages, appendix A.1).
        """
        rounded, commitment, perplexity = self.quantizer.learn(codes, context)
        self.spread.observe(rounded)
        with context.autocast():
            output = self.output(rounded, labels)
        reconstruction = self._negative_log_likelihood(output, items)
        # the KL to a uniform prior over the codebook is a constant
        constant = self.latent_dim // self.config.latent_dim * math.log(self.config.codebook_size)
        logs = {"negative_elbo": (reconstruction + constant).detach(), "reconstruction": reconstruction.detach()}
        logs |= {"commitment": commitment.detach(), "perplexity": perplexity}
        return Objective("model", reconstruction + self.config.beta * commitment, logs)

    def _warm(self, context: Context) -> float:
        return min(1.0, (context.step + 1) / max(1, self.config.kl_warmup))

    def _negative_log_likelihood(self, output: Tensor, items: Tensor) -> Tensor:
        """−log p(x|z) in nats per item; for mse without its constant, which depends on the noise alone."""
        if self.likelihood == "bernoulli":
            return losses.bernoulli_nll(output, items)
        if self.likelihood == "gaussian":
            return losses.normal_nll(output, items)
        return losses.squared_error(output, items) / (2 * self.config.noise**2)

    def _each_negative_log_likelihood(self, output: Tensor, items: Tensor) -> Tensor:
        """The same for each item: float32 [N]."""
        if self.likelihood == "bernoulli":
            return losses.bernoulli_nll_each(output, items)
        if self.likelihood == "gaussian":
            return losses.normal_nll_each(output, items)
        return losses.squared_error_each(output, items) / (2 * self.config.noise**2)

    # --- using it ------------------------------------------------------------------------------------

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 or points [N, 2] to posterior means, or rounded codes: [N, latent_dim]."""
        features = self.features(self.standard(items), labels)
        return self.quantizer(features.float()) if self.config.latent == "vq" else _posterior(features)[0]

    def posterior(self, items: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor] | None:
        """Mean and log-variance of the codes of items, float32 [N, latent_dim] each; None for vq codes."""
        return None if self.config.latent == "vq" else _posterior(self.features(self.standard(items), labels))

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1 or points [N, 2]; vq codes are rounded first."""
        return super().decode(self.quantizer(codes) if self.config.latent == "vq" else codes, labels)

    def draw_codes(self, items: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """What a latent sampler is fitted to: codes drawn from the posteriors by `noise` [N, latent_dim]."""
        if self.config.latent == "vq":
            return self.encode(items, labels)
        return losses.reparameterise(*_posterior(self.features(self.standard(items), labels)), noise)

    def prior(self, noise: Tensor) -> Tensor:
        """Noise [N, latent_dim] is a draw from the prior itself; with vq it becomes one."""
        return self.spread.draw(noise) if self.config.latent == "vq" else noise

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to items, by a code from the prior."""
        return self.decode(self.prior(noise), labels)


def _posterior(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance, float32 [N, latent_dim] each."""
    mean, log_var = features.float().chunk(2, dim=1)
    return mean, log_var.clamp(*losses.LOG_VAR_RANGE)


def _logs(reconstruction: Tensor, kl: Tensor, mean: Tensor) -> dict[str, Tensor]:
    reconstruction, kl, mean = reconstruction.detach(), kl.detach(), mean.detach()
    active = (mean.var(0, correction=0) > _ACTIVE).sum().float()
    return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl, "active_units": active}
