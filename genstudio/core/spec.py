"""What is to be trained: family, data, knobs, and how long. Plain data, safe to read from any file."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from genstudio.core.config import Config, Value, knob
from genstudio.core.data_config import DataConfig

Precision = Literal["auto", "fp32", "bf16"]
Sampler = Literal["none", "gmm", "flow"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]


class TrainingConfig(Config):
    """The settings that every family shares."""

    title: ClassVar[str] = "training settings"

    steps: int = knob(
        2000, low=0, high=100_000_000, scale="log", label="Steps", group="Training", basic=True,
        zero_means="until stopped or out of time",
        help="How many batches to learn from.",
    )  # fmt: skip
    minutes: float = knob(
        0.0, low=0.0, high=100_000.0, label="Time limit", unit="minutes", group="Training", basic=True,
        zero_means="no limit",
        help="Stop after this much training time, pauses excluded, even if steps are left.",
    )  # fmt: skip
    patience: int = knob(
        0, low=0, high=10_000, scale="log", label="Patience", unit="checks", group="Training",
        zero_means="no early stop",
        help="Stop when the score of a check has not improved for this many checks in a row. The score is the "
        "distance of samples to real items where a model draws samples, else the reconstruction error of held-out "
        "items.",
    )  # fmt: skip
    check_every: int = knob(
        0, low=0, high=10_000_000, scale="log", label="Check every", unit="steps", group="Training",
        zero_means="250 with patience, never without",
        help="Measure the score this often; it is drawn as a curve and used by Patience.",
    )  # fmt: skip
    batch_size: int = knob(
        128, low=1, high=8192, scale="log", label="Batch", unit="pictures", group="Training",
        help="Pictures per step. Larger batches are steadier and use the machine better, up to its memory.",
    )  # fmt: skip
    fit_sampler: Sampler = knob(
        "none", label="Fit latent sampler", group="Training",
        help="After training, learn how the codes of the training data are spread, so that better pictures can be "
        "drawn from an autoencoder or VAE. gmm: ten normal distributions, seconds; flow: a small network, a minute.",
    )  # fmt: skip
    seed: int = knob(
        0, low=0, high=2**31 - 1, label="Seed", group="Training",
        help="Start of all random numbers: the same seed and settings give the same run on the same machine.",
    )  # fmt: skip
    checkpoint_every: int = knob(
        1000, low=0, high=10_000_000, scale="log", label="Checkpoint every", unit="steps", group="Keeping",
        zero_means="only every five minutes and at the end",
        help="Save the whole state this often. One is also saved every five minutes, at the end and at each stop.",
    )  # fmt: skip
    sample_every: int = knob(
        0, low=0, high=10_000_000, scale="log", label="Pictures every", unit="steps", group="Keeping",
        zero_means="about once a second",
        help="Draw the fixed samples and reconstructions this often.",
    )  # fmt: skip
    threads: int = knob(
        0, low=0, high=256, label="Threads", group="Machine",
        zero_means="as many as are measured to pay, at most all cores but one",
        help="Processor threads for the arithmetic. A core left free keeps the window smooth.",
    )  # fmt: skip
    load: int = knob(
        100, low=5, high=100, label="Load", unit="%", live=True, group="Machine",
        help="Share of the time that training computes; below 100 it rests after each step, which keeps the machine "
        "cool, quiet and free for other work.",
    )  # fmt: skip
    compile: bool = knob(
        False, label="Compile", group="Machine",
        help="Translate the networks with torch.compile before training: half a minute at the start, often faster "
        "after it. Kept only where it is measured to be faster; needs a C++ compiler.",
    )  # fmt: skip
    precision: Precision = knob(
        "auto", label="Precision", group="Machine",
        help="bf16 halves the arithmetic where the processor or GPU is fast at it; auto measures, and uses it just "
        "there.",
    )  # fmt: skip
    device: DeviceName = knob(
        "auto", label="Device", group="Machine",
        help="Where to train: auto takes a GPU when there is one.",
    )  # fmt: skip


class RunSpec(BaseModel):
    """One training run as data.

    Attributes
    ----------
    family : str
        A name in the registry of families, never an import path.
    data : str
        A source as in `genstudio.data.open_source`.
    knobs : mapping
        Values of the family's own `Config`, defaults included.
    preparation : DataConfig
        How the data is brought into shape, divided and varied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    family: str = Field(max_length=100)
    data: str = Field(max_length=4096)
    knobs: dict[str, Value] = Field(default_factory=dict)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    preparation: DataConfig = Field(default_factory=DataConfig)
    preset: str | None = Field(default=None, max_length=100)

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``run.json``."""
        return self.model_dump()
