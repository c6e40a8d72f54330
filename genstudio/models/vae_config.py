"""Knobs and recipes of the variational autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from genstudio.core.config import knob
from genstudio.models.base import FamilyConfig, Preset
from genstudio.models.blocks import Network
from genstudio.models.output import Likelihood

Goal = Literal["elbo", "beta-tc", "iwae"]
Latent = Literal["gaussian", "vq"]


class VAEConfig(FamilyConfig):
    """Knobs of `VAE`."""

    title: ClassVar[str] = "VAE settings"

    latent_dim: int = knob(
        32, low=1, high=1024, scale="log", label="Latent dimension", basic=True, unit="numbers",
        help="Length of the code; with vq the length of each entry of the codebook. Gaussian dimensions that are not "
        "needed switch themselves off.",
    )  # fmt: skip
    latent: Latent = knob(
        "gaussian", label="Code",
        help="gaussian: a smooth code, noisy in training; vq: each place of a small picture is rounded to an "
        "entry of a codebook, which is sharper but needs a latent sampler to draw from.",
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
    conditional: bool = knob(
        False, label="By label",
        help="Tell both networks the label, so that the code need not hold it and samples can be asked for by label.",
    )  # fmt: skip
    likelihood: Likelihood = knob(
        "bernoulli", label="Likelihood", group="Objective",
        help="bernoulli: cross-entropy, for ink on empty paper; mse: normal with fixed noise; gaussian: normal with "
        "the best noise at each step, for any data. Points in the plane take gaussian for bernoulli.",
    )  # fmt: skip
    noise: float = knob(
        0.1, low=0.001, high=1.0, scale="log", label="Pixel noise", live=True, group="Objective",
        unit="of the grey range",
        help="Standard deviation of a pixel under the mse likelihood (of points: of their spread): smaller gives "
        "sharper reconstructions and a code that follows the prior less.",
    )  # fmt: skip
    objective: Goal = knob(
        "elbo", label="Objective", group="Objective",
        help="elbo: the usual bound; beta-tc: β weighs only what dimensions know of each other, which separates them "
        "at less cost; iwae: a tighter bound from several draws of each code.",
    )  # fmt: skip
    beta: float = knob(
        1.0, low=0.0, high=1000.0, scale="log", label="β", live=True, basic=True, group="Objective",
        help="Weight of the KL term: higher gives a smoother, simpler code and blurrier pictures. With vq: how "
        "strongly codes are pulled to the codebook.",
    )  # fmt: skip
    kl_warmup: int = knob(
        500, low=0, high=1_000_000, scale="log", label="KL warm-up", unit="steps", zero_means="none",
        group="Objective",
        help="β grows from 0 to its value over this many steps, which keeps dimensions from dying early.",
    )  # fmt: skip
    free_bits: float = knob(
        0.0, low=0.0, high=10.0, label="Free bits", live=True, unit="nats a dimension", group="Objective",
        zero_means="off",
        help="KL that each dimension has for free, so that it pays to use it; 0.05 revives a code that collapses. "
        "For elbo.",
    )  # fmt: skip
    particles: int = knob(
        5, low=1, high=64, scale="log", label="Particles", live=True, group="Objective",
        help="Draws of each code under iwae: more give a tighter bound, and each costs a pass of the decoder.",
    )  # fmt: skip
    codebook_size: int = knob(
        256, low=2, high=8192, scale="log", label="Codebook", unit="entries", group="Codebook",
        help="Entries of the vq codebook: more keep more detail and are harder to keep in use.",
    )  # fmt: skip


_SIGMA = {"likelihood": "gaussian", "latent_dim": 24, "learning_rate": 2e-3, "schedule": "cosine"}

PRESETS: Mapping[str, Preset] = {
    "balanced": Preset("Balanced", "Strided convolutions, a code of 32 numbers, β = 1."),
    "quality": Preset(
        "Quality",
        "The best samples of this family: learned noise, a code of 24, a falling rate, then a latent sampler.",
        _SIGMA,
        {"batch_size": 128, "fit_sampler": "gmm"},
    ),
    "first-look": Preset(
        "First look",
        "Small and fully connected: recognisable pictures within a few hundred steps.",
        {"network": "mlp", "latent_dim": 16, "beta": 0.3, "kl_warmup": 100, "learning_rate": 3e-3},
    ),
    "plane": Preset("Two numbers", "A code of two numbers, which is a map.", {"latent_dim": 2}),
    "disentangle": Preset("Disentangle", "β = 4: fewer, more separate directions.", {"beta": 4.0}),
    "beta-tc": Preset(
        "β-TC",
        "β = 6 on the total correlation alone: separate directions, less blur.",
        {"objective": "beta-tc", "beta": 6.0, "latent_dim": 10},
    ),
    "iwae": Preset(
        "Importance weighted", "A tighter bound from 5 draws of each code: better likelihood.", {"objective": "iwae"}
    ),
    "vq": Preset(
        "Codebook",
        "VQ-VAE: 7 x 7 places of 256 entries at 28 pixels, sharp, then a latent sampler.",
        {"latent": "vq", "latent_dim": 16, "likelihood": "gaussian", "ema": 0.99},
        {"fit_sampler": "gmm"},
    ),
    "sigma": Preset("Learned noise", "σ-VAE: the noise of a pixel is found while learning.", _SIGMA),
    "conditional": Preset("By label", "Samples can be asked for by label.", {"conditional": True, "latent_dim": 16}),
    "points": Preset(
        "Points",
        "For the plane: a code of two numbers, learned noise.",
        {"latent_dim": 2, "likelihood": "gaussian", "learning_rate": 2e-3},
        {"batch_size": 512},
    ),
    "colour": Preset("Colour pictures", "Squared error with noise of 0.1.", {"likelihood": "mse"}),
}
