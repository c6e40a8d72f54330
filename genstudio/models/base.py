"""What a model family is: knobs, networks, and a training step that yields objectives."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genstudio.core.config import Config, Value, knob
from genstudio.core.errors import InputError
from genstudio.core.events import Curve
from genstudio.data.batches import Batch

Shape = tuple[int, int, int]  # height, width, channels

SMALLEST, LARGEST = 8, 64


class FamilyConfig(Config):
    """The knobs that every family has, beside its own."""

    title: ClassVar[str] = "model settings"

    learning_rate: float = knob(
        1e-3, low=1e-7, high=1.0, scale="log", label="Learning rate", live=True, group="Optimizer", basic=True,
        help="Size of each step. Too large diverges, too small crawls.",
    )  # fmt: skip
    weight_decay: float = knob(
        0.0, low=0.0, high=1.0, scale="log", label="Weight decay", live=True, group="Optimizer", zero_means="off",
        help="Pulls weights towards zero (AdamW), which smooths what is learnt.",
    )  # fmt: skip
    clip_norm: float = knob(
        0.0, low=0.0, high=1e6, scale="log", label="Gradient clipping", live=True, group="Optimizer",
        zero_means="off",
        help="Scales the gradient down to this norm when it is longer, which tames sudden jumps.",
    )  # fmt: skip
    ema: float = knob(
        0.999, low=0.0, high=0.99999, label="EMA decay", group="Optimizer", zero_means="off",
        help="Pictures come from an average of recent weights; nearer to 1 averages longer. "
        "It starts short and grows: min(decay, (1 + step) / (10 + step)).",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preset:
    """A named recipe: knob values that differ from the defaults."""

    title: str
    summary: str
    knobs: Mapping[str, Value] = field(default_factory=dict)
    training: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Optimizer:
    """How one player is optimised: AdamW (Loshchilov & Hutter 2019)."""

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip_norm: float = 0.0


@dataclass(frozen=True, slots=True)
class Objective:
    """A scalar loss that `player` minimises now, and detached numbers for the curves."""

    player: str
    loss: Tensor
    logs: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Context:
    """What a training step may depend on beside the batch.

    Attributes
    ----------
    step : int
        Steps taken before this one.
    rng : torch.Generator
        The run's own random numbers, on the device; nothing else draws from it, and checkpoints keep it.
    bf16 : bool
        Whether networks run in bfloat16; losses are computed in float32 either way.
    """

    step: int
    rng: torch.Generator
    bf16: bool = False

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Wrap the networks' forward pass in this, never a ``yield``."""
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(self.rng.device.type, dtype=torch.bfloat16)

    def normal_like(self, x: Tensor) -> Tensor:
        """Standard normal numbers of the shape of `x`, in float32."""
        return torch.randn(x.shape, generator=self.rng, device=x.device)


class GenerativeModel(nn.Module, ABC):
    """Base of all families.

    Parameters
    ----------
    config : FamilyConfig
        An instance of the family's `Config`. Replaced as a whole when a live knob changes.
    shape : (int, int, int)
        Height, width and channels of the pictures.
    pixel_mean : float
        Mean of the training pictures in 0..1; the output starts there.
    """

    Config: ClassVar[type[FamilyConfig]] = FamilyConfig
    presets: ClassVar[Mapping[str, Preset]] = {}
    curves: ClassVar[tuple[Curve, ...]] = ()
    #: False for families that lose quality in bfloat16.
    allows_bf16: ClassVar[bool] = True
    #: What samples are, for captions.
    sampling: ClassVar[str] = ""

    def __init__(self, config: FamilyConfig, shape: Shape, pixel_mean: float = 0.5) -> None:
        super().__init__()
        self.config = config
        self.shape = check_shape(shape)

    def players(self) -> Mapping[str, Iterable[nn.Parameter]]:
        """Disjoint groups of parameters, each stepped by its own optimizer."""
        return {"model": self.parameters()}

    def optimizer(self, player: str) -> Optimizer:
        """Settings of one player's optimizer, read again after each live edit."""
        c = self.config
        return Optimizer(c.learning_rate, weight_decay=c.weight_decay, clip_norm=c.clip_norm)

    @abstractmethod
    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        """Yield one objective after the other; each resumes after that player's optimizer step."""


@runtime_checkable
class Samples(Protocol):
    """Draws new pictures from standard normal noise."""

    latent_dim: int

    def sample(self, noise: Tensor) -> Tensor:
        """Noise [N, latent_dim] to pictures [N, C, H, W] in 0..1; the same noise gives the same picture."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Turns pictures into codes."""

    def encode(self, images: Tensor) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 to codes [N, latent_dim]; the mean where codes are random."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Turns codes into pictures."""

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1."""
        ...


def check_shape(shape: Shape) -> Shape:
    """Return `shape`; raise `InputError` when the networks cannot take such pictures."""
    height, width, channels = shape
    if min(height, width) < SMALLEST or max(height, width) > LARGEST:
        raise InputError(
            f"The pictures are {width} x {height} pixels; these networks take {SMALLEST} to {LARGEST} "
            "on each side. Choose other data or resize the pictures."
        )
    if channels not in (1, 3):
        raise InputError(f"The pictures have {channels} channels; 1 (grey) or 3 (colour) can be used.")
    return height, width, channels
