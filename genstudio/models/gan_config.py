"""Knobs of the GAN family."""

from __future__ import annotations

from genstudio.core.config import knob
from genstudio.models.adversarial import AdversarialLoss
from genstudio.models.base import FamilyConfig, Method
from genstudio.models.blocks.generator import GanNetwork


class GANConfig(FamilyConfig):
    """Knobs of `GAN`."""

    latent_dim: int = knob(
        64, low=1, high=1024, scale="log", label="Latent dimension", basic=True, unit="numbers",
        help="Length of the noise that an item is drawn from.",
    )  # fmt: skip
    network: GanNetwork = knob(
        "dcgan", label="Network",
        help="dcgan: strided convolutions; resnet: residual, without normalisation; mlp: the article's fully "
        "connected layers. Points in the plane always get two layers.",
    )  # fmt: skip
    width: int = knob(
        32, low=4, high=256, scale="log", label="Width", unit="channels",
        help="Channels at half the size; an MLP has 4 to 32 times as many units. Wider is better and slower.",
    )  # fmt: skip
    loss: AdversarialLoss = knob(
        "non-saturating", label="Loss", basic=True,
        help="What the two play for. non-saturating: the article's game; relativistic: real and drawn items are "
        "compared in pairs; wasserstein needs the gradient penalty, hinge goes with spectral normalisation.",
    )  # fmt: skip
    conditional: bool = knob(
        False, label="By label", help="Learn to draw by label, so that samples can be asked for by label too.",
    )  # fmt: skip

    octaves: int = knob(
        0, low=0, high=6, label="Octaves", group="Critic", zero_means="coordinates alone",
        help="For points: the critic also sees this many pairs of sines and cosines of each coordinate, and finds "
        "narrow clusters sooner.",
    )  # fmt: skip
    r1: float = knob(
        1.0, low=0.0, high=1000.0, scale="log", label="R1", live=True, basic=True, group="Critic", zero_means="off",
        help="Weight γ of the penalty on the critic's slope at real items: higher is steadier and smoother, too "
        "high draws blurred items.",
    )  # fmt: skip
    r2: float = knob(
        0.0, low=0.0, high=1000.0, scale="log", label="R2", live=True, group="Critic", zero_means="off",
        help="The same at drawn items; goes with the relativistic loss.",
    )  # fmt: skip
    gradient_penalty: float = knob(
        0.0, low=0.0, high=1000.0, scale="log", label="Gradient penalty", live=True, group="Critic",
        zero_means="off",
        help="Weight λ of the pull of the critic's slope towards 1 between real and drawn items; the Wasserstein "
        "loss needs it, 10 is usual.",
    )  # fmt: skip
    penalty_every: int = knob(
        8, low=1, high=64, scale="log", label="Penalty every", unit="steps", live=True, group="Critic",
        help="Penalties are computed in every so many steps and count as many times; 1 is steadier and slower.",
    )  # fmt: skip
    spectral_norm: bool = knob(
        False, label="Spectral normalisation", group="Critic",
        help="Divides each of the critic's weights by its largest singular value, so that it cannot grow steep.",
    )  # fmt: skip
    critic_steps: int = knob(
        1, low=1, high=20, label="Critic steps", live=True, group="Critic",
        help="Updates of the critic, each with a batch of its own, for one of the generator.",
    )  # fmt: skip
    critic_rate: float = knob(
        1.0, low=0.01, high=100.0, scale="log", label="Critic's rate", unit="times the learning rate", live=True,
        group="Critic", help="Above 1 the critic learns faster than the generator, below 1 slower.",
    )  # fmt: skip

    packing: int = knob(
        1, low=1, high=8, label="Packing", unit="items", group="Stabilisers",
        help="How many items the critic judges together: several show it that the generator repeats itself.",
    )  # fmt: skip
    diffaug: float = knob(
        0.0, low=0.0, high=1.0, label="Differentiable augmentation", live=True, group="Stabilisers",
        zero_means="off",
        help="Colour, place and holes of all pictures vary before the critic sees them, which keeps it from "
        "learning few pictures by heart; not for points.",
    )  # fmt: skip
    instance_noise: float = knob(
        0.0, low=0.0, high=2.0, label="Instance noise", unit="standard deviations", live=True, group="Stabilisers",
        zero_means="off",
        help="Noise on all that the critic sees, in standard deviations of the data: it makes the critic's task "
        "harder and its slope smoother.",
    )  # fmt: skip
    noise_decay: bool = knob(
        True, label="Noise decays", group="Stabilisers",
        help="The instance noise falls to zero over the planned steps or minutes instead of staying.",
    )  # fmt: skip
    label_smoothing: float = knob(
        0.0, low=0.0, high=0.5, label="Label smoothing", live=True, group="Stabilisers", zero_means="off",
        help="Real items count as drawn with this probability, which keeps the critic from being too sure; for the "
        "non-saturating and the least-squares loss.",
    )  # fmt: skip

    method: Method = knob(
        "adam", label="Method", group="Optimizer",
        help="adam: AdamW; rmsprop: the same without momentum; sgd: plain steps with momentum, for high rates.",
    )  # fmt: skip
    beta1: float = knob(
        0.5, low=0.0, high=0.999, label="Adam's β₁", group="Optimizer",
        help="How long Adam averages gradients; low, because the game changes with each move.",
    )  # fmt: skip
    beta2: float = knob(
        0.99, low=0.0, high=0.99999, label="β₂", group="Optimizer",
        help="How long Adam and RMSprop average squared gradients; nearer to 1 is longer.",
    )  # fmt: skip
    momentum: float = knob(
        0.9, low=0.0, high=0.999, label="Momentum", group="Optimizer",
        help="How much of its last move an SGD step keeps.",
    )  # fmt: skip
