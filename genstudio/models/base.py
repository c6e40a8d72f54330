"""What a model family is: knobs, networks, and a training step that yields objectives."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from genstudio.core.config import Config, Value, knob
from genstudio.core.events import Curve
from genstudio.data.batches import Batch
from genstudio.models.capabilities import Critic, Decodes, Encodes, Samples
from genstudio.models.facts import LARGEST, SMALLEST, Facts, Modality, Shape, check_shape

Schedule = Literal["constant", "cosine"]
Method = Literal["adam", "rmsprop", "sgd"]


__all__ = [
    "LARGEST", "SMALLEST", "Batch", "Context", "Critic", "Decodes", "Encodes", "Facts", "FamilyConfig",
    "GenerativeModel", "Method", "Modality", "Objective", "Optimizer", "Preset", "Samples", "Schedule", "Shape",
    "check_shape", "data_of", "rate_factor",
]  # fmt: skip


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
    schedule: Schedule = knob(
        "constant", label="Rate schedule", group="Optimizer",
        help="constant: the same learning rate throughout; cosine: it falls to zero over the planned steps or "
        "minutes, which ends a training of known length better.",
    )  # fmt: skip
    warmup: int = knob(
        0, low=0, high=1_000_000, scale="log", label="Rate warm-up", unit="steps", group="Optimizer",
        zero_means="none",
        help="The learning rate grows from zero to its value over this many steps.",
    )  # fmt: skip
    ema: float = knob(
        0.999, low=0.0, high=0.99999, label="EMA decay", live=True, group="Optimizer", zero_means="off",
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
    """How one player is optimised.

    Attributes
    ----------
    method : {"adam", "rmsprop", "sgd"}
        AdamW (Loshchilov & Hutter 2019), RMSprop, or stochastic gradient descent with `momentum`.
    betas : (float, float)
        Decay of Adam's moments; the second one is RMSprop's too.
    """

    learning_rate: float
    method: Method = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
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
    progress : float
        Share of the planned steps or minutes that is over, 0..1; 0 while there is no plan.
    more : callable or None
        Gives the next batch of the stream.
    """

    step: int
    rng: torch.Generator
    bf16: bool = False
    progress: float = 0.0
    more: Callable[[], Batch] | None = None

    def next_batch(self, batch: Batch) -> Batch:
        """A further batch, for players that learn from several in one step; `batch` where there is no stream."""
        return self.more() if self.more else batch

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Wrap the networks' forward pass in this, never a ``yield``."""
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(self.rng.device.type, dtype=torch.bfloat16)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, float32, on the device."""
        return torch.randn(shape, generator=self.rng, device=self.rng.device)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), float32, on the device."""
        return torch.rand(shape, generator=self.rng, device=self.rng.device)

    def normal_like(self, x: Tensor) -> Tensor:
        """Standard normal numbers of the shape of `x`, in float32."""
        return self.normal(*x.shape)


class GenerativeModel(nn.Module, ABC):
    """Base of all families; a family that can learn by label has a knob `conditional`.

    Parameters
    ----------
    config : FamilyConfig
        An instance of the family's `Config`. Replaced as a whole when a live knob changes.
    facts : Facts
        What its data is; the output starts at the data's mean.

    Raises
    ------
    InputError
        When the networks cannot take such data.
    """

    Config: ClassVar[type[FamilyConfig]] = FamilyConfig
    presets: ClassVar[Mapping[str, Preset]] = {}
    curves: ClassVar[tuple[Curve, ...]] = ()
    #: False for families that lose quality in bfloat16.
    allows_bf16: ClassVar[bool] = True
    #: What samples are, for captions.
    sampling: ClassVar[str] = ""

    def __init__(self, config: FamilyConfig, facts: Facts) -> None:
        super().__init__()
        self.config = config
        self.facts = facts
        if facts.modality == "image":
            facts.picture()

    def players(self) -> Mapping[str, Iterable[nn.Parameter]]:
        """Disjoint groups of parameters, each stepped by its own optimizer."""
        return {"model": self.parameters()}

    def optimizer(self, player: str) -> Optimizer:
        """Settings of one player's optimizer, read again after each live edit."""
        c = self.config
        return Optimizer(c.learning_rate, weight_decay=c.weight_decay, clip_norm=c.clip_norm)

    @property
    def conditional(self) -> bool:
        """Whether it learns by label: then its samples can be asked for by label too."""
        return bool(getattr(self.config, "conditional", False))

    def label_row(self, count: int) -> Tensor | None:
        """Labels to sample with, each class in turn: int64 [count]; None for a model that knows none."""
        if not self.conditional:
            return None
        device = next(self.parameters()).device
        return torch.arange(count, device=device) % self.facts.classes

    @abstractmethod
    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        """Yield one objective after the other; each resumes after that player's optimizer step."""


def data_of(batch: Batch) -> Tensor:
    """The pictures or the points of a batch."""
    return batch["image"] if "image" in batch else batch["point"]


def rate_factor(config: FamilyConfig, step: int, progress: float) -> float:
    """What the learning rate is multiplied with in the step after `step`: warm-up, then constant or cosine.

    The cosine falls from 1 to 0 as `progress` goes from 0 to 1 (Loshchilov & Hutter 2017, eq. 5).
    """
    factor = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.schedule == "cosine":
        factor *= 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return factor
