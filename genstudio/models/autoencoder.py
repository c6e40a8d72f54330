"""The autoencoder: a short code for each item, trained to draw the item again; denoising and regularised too.

Denoising: Vincent et al. 2010. Regularised (RAE-L2): Ghosh et al. 2020.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor

from genstudio.core.config import knob
from genstudio.core.events import Curve
from genstudio.models.base import Batch, Context, Facts, FamilyConfig, Objective, Preset, data_of
from genstudio.models.blocks import Network, networks
from genstudio.models.coder import Coder
from genstudio.models.losses import bernoulli_nll, squared_error
from genstudio.models.output import to_pixels
from genstudio.models.quantizer import symmetric_root


class AutoencoderConfig(FamilyConfig):
    """Knobs of `Autoencoder`."""

    latent_dim: int = knob(
        32, low=1, high=1024, scale="log", label="Latent dimension", basic=True, unit="numbers",
        help="Length of the code. More keeps more detail, fewer forces the model to find what matters.",
    )  # fmt: skip
    network: Network = knob(
        "conv", label="Network",
        help="conv: strided convolutions; mlp: fully connected; pool: the article's convolutions with max-pooling. "
        "Points in the plane have a network of their own.",
    )  # fmt: skip
    width: int = knob(
        32, low=4, high=256, scale="log", label="Width", unit="channels",
        help="Channels of the first convolution; an MLP has 16 times as many hidden units.",
    )  # fmt: skip
    likelihood: Literal["mse", "bernoulli"] = knob(
        "mse", label="Error measure",
        help="mse: squared error, for any data; bernoulli: cross-entropy, for ink on empty paper (points take mse).",
    )  # fmt: skip
    conditional: bool = knob(
        False, label="By label",
        help="Tell both networks the label, so that the code need not hold it and samples can be asked for by label.",
    )  # fmt: skip
    noise: float = knob(
        0.0, low=0.0, high=2.0, label="Input noise", live=True, group="Denoising", zero_means="off",
        help="Standard deviation of noise on the input, whose clean picture must be drawn; of the grey range, of "
        "points of their spread. The code then holds shapes rather than single pixels.",
    )  # fmt: skip
    masking: float = knob(
        0.0, low=0.0, high=0.95, label="Masking", live=True, group="Denoising", zero_means="off",
        unit="of the numbers",
        help="Share of the input that is hidden at random; the model must fill it in.",
    )  # fmt: skip
    code_weight: float = knob(
        0.0, low=0.0, high=100.0, scale="log", label="Code weight", live=True, group="Regularisation",
        zero_means="off",
        help="Weight of half the squared length of the code, which keeps codes together so that samples between "
        "them are drawn well; 0.01 is usual.",
    )  # fmt: skip
    decoder_weight: float = knob(
        0.0, low=0.0, high=1.0, scale="log", label="Decoder weight decay", live=True, group="Regularisation",
        zero_means="off",
        help="Weight of half the squared length of the decoder's weights, which makes it smooth; 0.0001 is usual.",
    )  # fmt: skip
    ema: float = knob(
        0.0, low=0.0, high=0.99999, label="EMA decay", live=True, group="Optimizer", zero_means="off",
        help="Pictures come from an average of recent weights; nearer to 1 averages longer.",
    )  # fmt: skip


class Autoencoder(Coder):
    """Encoder and decoder with one objective: the reconstruction error, and what keeps codes in order.

    An autoencoder has no prior of its own. New items come from a normal distribution that is fitted to the codes
    while training (running mean and covariance, kept with the weights), or from a latent sampler fitted afterwards.
    """

    Config: ClassVar[type[FamilyConfig]] = AutoencoderConfig
    config: AutoencoderConfig
    sampling: ClassVar[str] = "drawn from a normal distribution fitted to the codes"
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("reconstruction", "reconstruction error", "per picture"),
        Curve("mse", "mean squared error", "per number"),
        Curve("code", "squared length of the code", "per number"),
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
        "denoising": Preset(
            "Denoising", "Draws the clean picture from a noisy one with holes.", {"noise": 0.3, "masking": 0.2}
        ),
        "rae": Preset(
            "Regularised",
            "RAE-L2 with a code of 16: codes kept together, a smooth decoder, then a latent sampler.",
            {"latent_dim": 16, "code_weight": 0.01, "decoder_weight": 1e-4},
            {"fit_sampler": "gmm"},
        ),
        "conditional": Preset(
            "By label", "The code holds what the label does not say.", {"conditional": True, "latent_dim": 16}
        ),
        "points": Preset(
            "Points", "For the plane: a code of two numbers for two.", {"latent_dim": 2}, {"batch_size": 512}
        ),
    }

    def __init__(self, config: AutoencoderConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        size = self.latent_dim = config.latent_dim
        likelihood = config.likelihood if facts.modality == "image" else "mse"
        self._connect(networks(config.network, facts, config.width, size, size + self.extra), size, likelihood)
        self.code_mean: Tensor
        self.code_cov: Tensor
        self.register_buffer("code_mean", torch.zeros(size))
        self.register_buffer("code_cov", torch.eye(size))

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        items, labels = self.standard(data_of(batch)), batch.get("label")
        with context.autocast():
            codes = self.features(self._disturbed(items, context), labels)
            output = self.output(codes, labels)
        measure = squared_error if self.likelihood == "mse" else bernoulli_nll
        error = measure(output, items)
        self._observe(codes.detach().float(), context.step)
        length = codes.float().square().mean()
        logs = {"reconstruction": error.detach(), "mse": self._mean_error(output, items), "code": length.detach()}
        loss = error
        if self.config.code_weight:
            loss = loss + 0.5 * self.config.code_weight * self.latent_dim * length
        if self.config.decoder_weight:
            weights = torch.stack([p.square().sum() for p in self.decoder.parameters()]).sum()
            loss = loss + 0.5 * self.config.decoder_weight * weights
        yield Objective("model", loss, logs)

    def _disturbed(self, items: Tensor, context: Context) -> Tensor:
        """The input with noise and holes; random numbers are drawn only where they are used."""
        if self.config.noise:
            items = torch.add(items, context.normal_like(items), alpha=self.config.noise)
        if self.config.masking:
            # one number hides all channels of a pixel
            shape = (len(items), 1, *items.shape[2:]) if items.ndim == 4 else items.shape
            items = items * (context.uniform(*shape) >= self.config.masking)
        return items

    def _mean_error(self, output: Tensor, items: Tensor) -> Tensor:
        shown = to_pixels(output.detach(), self.likelihood) if self.facts.modality == "image" else output.detach()
        return squared_error(shown, items) / items[0].numel()

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
        """Pictures [N, C, H, W] in 0..1 or points [N, 2] to codes [N, latent_dim]."""
        return self.features(self.standard(items), labels).float()

    def draw_codes(self, items: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """What a latent sampler is fitted to: the codes themselves; `noise` is not needed."""
        return self.encode(items, labels)

    def prior(self, noise: Tensor) -> Tensor:
        """Noise [N, latent_dim] to codes, by the normal distribution fitted to those of the data."""
        return self.code_mean + noise @ symmetric_root(self.code_cov)

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to items, by the normal distribution fitted to the codes."""
        return self.decode(self.prior(noise), labels)
