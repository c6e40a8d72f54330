"""What training tells whoever iterates it: frozen events of numpy, str and float, never a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

State = Literal["new", "training", "finished", "stopped", "failed", "interrupted"]
Images = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Curve:
    """How a logged number is called and measured: key in the log, label, unit."""

    name: str
    label: str
    unit: str


@dataclass(frozen=True, slots=True)
class Started:
    """Training stands at `step` and is about to take the next one."""

    run: str
    family: str
    step: int
    device: str
    threads: int
    precision: str
    parameters: int
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Preparing:
    """Data is being brought into shape before the first step; `total` is 0 while unknown."""

    slot: ClassVar[str] = "preparing"
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Scalars:
    """Logged numbers since the last such event; none is ever dropped.

    Attributes
    ----------
    steps : int64 [K]
        Step after which each row was taken, increasing.
    seconds : float
        Training time so far at the last row, pauses excluded.
    values : mapping of name to float64 [K]
        NaN marks a gap.
    """

    steps: NDArray[np.int64]
    seconds: float
    values: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far, how fast, how long; only the newest one matters.

    `total` and `remaining` (seconds) are None when training goes on until stopped. `saved` is the step
    of the newest checkpoint, or None.
    """

    slot: ClassVar[str] = "progress"
    step: int
    total: int | None
    fraction: float | None
    seconds: float
    samples_per_second: float
    remaining: float | None
    memory: int
    saved: int | None


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures to show; per `slot` only the newest matters.

    Attributes
    ----------
    slot : str
        "samples", "fitted" (samples too, of a latent sampler), "reconstructions" or "critic".
    images : uint8 [N, H, W, C]
        C is 1 (grey) or 3 (RGB).
    inputs : uint8 [N, H, W, C] or None
        What each picture is a reconstruction of.
    caption : str
        What the pictures are: "samples from fixed latents, EMA weights".
    notes : tuple of str
        What is to be said of each picture, as many as there are; empty when there is nothing.
    """

    slot: str
    step: int
    images: Images
    inputs: Images | None = None
    caption: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """What a model of 2-D points does at one step; only the newest matters.

    Attributes
    ----------
    real : float32 [N, 2]
        Points of the data.
    samples : float32 [M, 2]
        Points drawn from fixed noise, so that each of them can be followed from step to step.
    arrows : float32 [M, 2] or [K, 2], or None
        Where each sample is drawn to, the critic's gradient; or the velocity of a flow at `arrow_starts`.
    surface : float32 [G, G] or None
        A value on a square grid, rows from the lowest y up, columns from the lowest x.
    surface_name : str
        What it is: "critic: probability of real", "density of samples".
    extent : float
        The grid and the view go from -extent to extent in x and y, around `centre`.
    arrow_starts : float32 [K, 2] or None
        Where the arrows begin; None: at the samples.
    """

    slot: ClassVar[str] = "field"
    step: int
    real: NDArray[np.float32]
    samples: NDArray[np.float32]
    arrows: NDArray[np.float32] | None = None
    surface: NDArray[np.float32] | None = None
    surface_name: str = ""
    extent: float = 4.0
    caption: str = ""
    centre: tuple[float, float] = (0.0, 0.0)
    arrow_starts: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step is over and all of it was told; comes only while steps are taken slowly or one by one."""

    slot: ClassVar[str] = "stepped"
    step: int


@dataclass(frozen=True, slots=True)
class Edited:
    """A knob was changed while training; `step` is the last one that saw the old value."""

    step: int
    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Advice:
    """Something goes wrong, in plain words, with one remedy (knob values) where there is one."""

    step: int
    code: str
    title: str
    text: str
    remedy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint of `step` is on the disk and verified to be complete."""

    step: int
    path: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence that a person should read, while training goes on."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a training that reached its end."""

    step: int
    seconds: float
    state: State


Event = (
    Preparing | Started | Scalars | Progress | Gallery | Field | Stepped | Edited | Advice | Saved | Note | Finished
)
