"""Conditional flow matching (Lipman et al. 2023) on straight paths (Liu et al. 2023), in pixels, in codes, on points.

A network learns the velocity that carries noise to data: on x(t) = (1 − t) · x₀ + t · x₁, with noise x₀ and data x₁,
the mean of x₁ − x₀ given x(t). Following it from t = 0 to t = 1 draws new data; backwards it encodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genstudio.core.config import knob
from genstudio.core.errors import InputError
from genstudio.core.events import Curve
from genstudio.models.base import Batch, Context, Facts, FamilyConfig, GenerativeModel, Objective, Preset, data_of
from genstudio.models.blocks.spatial import Codes, code_size
from genstudio.models.blocks.velocity import Field, PatchNet, PointNet
from genstudio.models.losses import kl_to_standard_normal, reparameterise
from genstudio.models.samplers import Velocity, euler, guided, heun, time_grid

Space = Literal["pixels", "latent"]


class FlowConfig(FamilyConfig):
    """Knobs of `Flow`."""

    space: Space = knob(
        "pixels", label="Space", basic=True,
        help="pixels: the flow draws the picture itself; latent: it draws the codes of an autoencoder that learns "
        "first, which is faster for large pictures. Points in the plane are always drawn themselves.",
    )  # fmt: skip
    width: int = knob(
        32, low=4, high=256, scale="log", label="Width", unit="channels", basic=True,
        help="Channels of the network, twice as many where the picture is smallest. Wider learns more and slower.",
    )  # fmt: skip
    depth: int = knob(
        1, low=1, high=8, label="Depth", unit="blocks",
        help="Residual blocks at each size on the way down and up, twice as many at the smallest.",
    )  # fmt: skip
    patch: int = knob(
        2, low=1, high=4, label="Patch", unit="pixels",
        help="In pixel space, squares of this size are handled as one: 2 takes a quarter of the time of 1.",
    )  # fmt: skip
    code_channels: int = knob(
        4, low=1, high=32, label="Code channels", group="Latent space",
        help="Numbers that an autoencoder keeps for each square of 4 x 4 pixels: more keeps more detail.",
    )  # fmt: skip
    code_kl: float = knob(
        0.01, low=0.0, high=10.0, scale="log", label="Code KL weight", live=True, group="Latent space",
        zero_means="off",
        help="Keeps codes near a normal distribution and a little noisy: higher is easier to flow to, and blurrier.",
    )  # fmt: skip
    code_share: float = knob(
        0.2, low=0.05, high=0.9, label="Autoencoder's share", group="Latent space", unit="of the training",
        help="The autoencoder learns for this share of the planned steps or minutes, then the flow. Without a plan "
        "both learn in every step.",
    )  # fmt: skip
    conditional: bool = knob(
        False, label="By label",
        help="Learn each label's own distribution, so that samples can be asked for by label.",
    )  # fmt: skip
    guidance: float = knob(
        1.0, low=0.0, high=10.0, label="Guidance", live=True, group="Sampling",
        help="How strongly samples follow their label: 1 as learnt, more for typical but less varied ones.",
    )  # fmt: skip
    label_drop: float = knob(
        0.1, low=0.0, high=1.0, label="Label drop", live=True, unit="of the items",
        help="Share of the items whose label is hidden in training, so that guidance has something to compare with.",
    )  # fmt: skip
    sampling_steps: int = knob(
        8, low=1, high=200, scale="log", label="Sampling steps", live=True, group="Sampling", basic=True,
        help="Steps from noise to data: more follows the flow more closely and takes longer.",
    )  # fmt: skip
    heun: bool = knob(
        True, label="Heun's method", live=True, group="Sampling",
        help="Look ahead in each step (second order), at twice the time; off: Euler's method.",
    )  # fmt: skip
    time_spread: float = knob(
        1.0, low=0.0, high=3.0, label="Time spread", live=True, zero_means="uniform times",
        help="Spread of the logit-normal times that are learnt from: smaller looks at the middle of the way more.",
    )  # fmt: skip
    learning_rate: float = knob(
        4e-3, low=1e-7, high=1.0, scale="log", label="Learning rate", live=True, group="Optimizer", basic=True,
        help="Size of each step. Too large diverges, too small crawls.",
    )  # fmt: skip
    clip_norm: float = knob(
        1.0, low=0.0, high=1e6, scale="log", label="Gradient clipping", live=True, group="Optimizer",
        zero_means="off",
        help="Scales the gradient down to this norm when it is longer, which tames sudden jumps.",
    )  # fmt: skip
    schedule: Literal["constant", "cosine"] = knob(
        "cosine", label="Rate schedule", group="Optimizer",
        help="constant: the same learning rate throughout; cosine: it falls to zero over the planned steps or "
        "minutes, which ends a training of known length better.",
    )  # fmt: skip
    warmup: int = knob(
        100, low=0, high=1_000_000, scale="log", label="Rate warm-up", unit="steps", group="Optimizer",
        zero_means="none",
        help="The learning rate grows from zero to its value over this many steps.",
    )  # fmt: skip


class Flow(GenerativeModel):
    """A velocity field from noise to data, and in latent space an autoencoder before it."""

    Config: ClassVar[type[FamilyConfig]] = FlowConfig
    config: FlowConfig
    sampling: ClassVar[str] = "carried from noise by the flow"
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("loss", "squared velocity error", "per dimension"),
        Curve("mse", "reconstruction error of the autoencoder", "mean squared, per pixel"),
        Curve("kl", "KL divergence of the codes", "nats per picture"),
        Curve("gradient_norm", "gradient norm", "norm"),
        Curve("gradient_norm_autoencoder", "gradient norm, autoencoder", "norm"),
        Curve("gradient_norm_flow", "gradient norm, flow", "norm"),
    )
    presets: ClassVar[Mapping[str, Preset]] = {
        "balanced": Preset("Balanced", "In pixels, by a small U-Net; 8 steps to draw.", {}, {"batch_size": 32}),
        "quality": Preset(
            "Quality",
            "The best pictures of 28 pixels that five minutes on a processor give; half as many steps more to draw.",
            {"sampling_steps": 12},
            {"batch_size": 32},
        ),
        "latent": Preset(
            "Latent",
            "An autoencoder first, then a flow on its codes: drawn five times as fast; for large pictures.",
            {"space": "latent"},
            {"batch_size": 64},
        ),
        "points": Preset(
            "Points in the plane",
            "For the toy data: finds all modes of the rings and the grid within a minute.",
            {"learning_rate": 2e-3, "sampling_steps": 16},
            {"batch_size": 512, "steps": 3000},
        ),
        "conditional": Preset(
            "By label",
            "Samples can be asked for by label, and follow it a little more than they would.",
            {"conditional": True, "guidance": 1.5},
            {"batch_size": 32},
        ),
    }

    def __init__(self, config: FlowConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.autoencoder: Codes | None = None
        self.flowing: tuple[int, ...] = facts.item_shape
        if facts.modality == "points":
            net: nn.Module = PointNet()
        else:
            height, width, channels = facts.picture()
            shape, patch = (channels, height, width), config.patch
            if config.space == "latent":
                self.autoencoder = Codes(shape, 32, config.code_channels, facts.mean)
                shape, patch = (config.code_channels, *code_size((height, width))), 1
            self.flowing = shape
            net = PatchNet(shape, patch, config.width, config.depth)
        self.field = Field(net, facts.need_labels() if config.conditional else 0)
        self.latent_dim = math.prod(self.flowing)

    def players(self) -> Mapping[str, Iterable[nn.Parameter]]:
        if self.autoencoder is None:
            return {"flow": self.field.parameters()}
        return {"autoencoder": self.autoencoder.parameters(), "flow": self.field.parameters()}

    # --- training ------------------------------------------------------------------------------------

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        data = data_of(batch)
        if self.autoencoder is None:
            yield self._flow_objective((data - self.facts.mean) / self._spread, batch.get("label"), context)
            return
        learns = context.progress < self.config.code_share
        if learns:
            yield self._autoencoder_objective(self.autoencoder, data, context)
        if not learns or context.progress == 0:
            with torch.no_grad(), context.autocast():
                mean, log_var = self.autoencoder.posterior(data)
            codes = reparameterise(mean, log_var, context.normal_like(mean))
            yield self._flow_objective(self.autoencoder.standardised(codes), batch.get("label"), context)

    @property
    def _spread(self) -> float:
        return max(self.facts.std, 1e-3)

    def _autoencoder_objective(self, autoencoder: Codes, images: Tensor, context: Context) -> Objective:
        """½ log MSE + weight · KL, per pixel: the likelihood of a normal whose variance is the best one there is
        (Rybkin et al. 2021, eq. 8), so that no noise level has to be chosen.
        """
        with context.autocast():
            mean, log_var = autoencoder.posterior(images)
        autoencoder.observe(mean.detach())
        codes = reparameterise(mean, log_var, context.normal_like(mean))
        with context.autocast():
            output = autoencoder.decoder(codes)
        error = F.mse_loss(output.float(), images)
        kl = kl_to_standard_normal(mean, log_var).sum()
        loss = 0.5 * (error + 1e-8).log() + self.config.code_kl * kl / images[0].numel()
        return Objective("autoencoder", loss, {"mse": error.detach(), "kl": kl.detach()})

    def _flow_objective(self, data: Tensor, labels: Tensor | None, context: Context) -> Objective:
        """Mean of (v(x(t), t) − (x₁ − x₀))² over all numbers (Lipman et al. 2023, eq. 23, σ = 0)."""
        count = len(data)
        noise = context.normal_like(data)
        spread = self.config.time_spread
        t = torch.sigmoid(spread * context.normal(count)) if spread else context.uniform(count)
        x = noise.lerp(data, t.reshape(-1, *[1] * (data.ndim - 1)))
        if self.config.conditional and labels is not None:
            labels = torch.where(context.uniform(count) < self.config.label_drop, -1, labels)
        with context.autocast():
            velocity = self.field(x, t, labels)
        loss = F.mse_loss(velocity, data - noise)
        return Objective("flow", loss, {"loss": loss.detach()})

    # --- drawing -------------------------------------------------------------------------------------

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to pictures [N, C, H, W] in 0..1 or points [N, 2]; labels int64 [N], -1 for none."""
        times = time_grid(self.config.sampling_steps, noise.device)
        x = self._follow(noise.unflatten(1, self.flowing), labels, times)
        if self.autoencoder is not None:
            return self.autoencoder.draw(x)
        x = x * self._spread + self.facts.mean
        return x if self.facts.modality == "points" else x.clamp(0, 1)

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """The same as `sample`: the noise is the code."""
        return self.sample(codes, labels)

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 or points [N, 2] to noise [N, latent_dim] that nearly draws them again."""
        if self.autoencoder is not None:
            data = self.autoencoder.standardised(self.autoencoder.posterior(items)[0])
        else:
            data = (items - self.facts.mean) / self._spread
        times = time_grid(self.config.sampling_steps, items.device).flip(0)
        return self._follow(data, labels, times).flatten(1)

    def velocity(self, items: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """Where items on the way, [N, ...] in units of the data, go at t float32 [N] or [1]: per unit of t.

        Raises
        ------
        InputError
            In latent space, where what is on the way is no picture.
        """
        if self.autoencoder is not None:
            raise InputError("In latent space codes are on the way, no pictures: their velocity cannot be shown.")
        inside = (items - self.facts.mean) / self._spread
        return self._spread * self._velocity(labels)(inside, t.expand(len(items)))

    def _follow(self, x: Tensor, labels: Tensor | None, times: Tensor) -> Tensor:
        return (heun if self.config.heun else euler)(self._velocity(labels), x, times)

    def _velocity(self, labels: Tensor | None) -> Velocity:
        if labels is None or not self.config.conditional:
            return self.field

        def labelled(x: Tensor, t: Tensor) -> Tensor:
            return self.field(x, t, labels)

        return guided(labelled, self.field, self.config.guidance)
