"""``run.json``: what was trained, on what, how far. Signed with a checksum of itself."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Curve, State
from genstudio.core.spec import RunSpec, TrainingConfig

FORMAT = 1


class DataFacts(BaseModel):
    """What the training data was, to recognise it again."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    source: str = Field(max_length=4096)
    name: str = Field(max_length=255)
    count: int = Field(ge=1)
    shape: list[int] = Field(min_length=1, max_length=3)  # height, width, channels of pictures; 2 for points
    fingerprint: str = Field(max_length=64)
    pixel_mean: float = Field(ge=-1e6, le=1e6)  # of points: of all coordinates
    std: float = Field(default=0.3, ge=0, le=1e6)
    labels: list[str] = Field(default_factory=list, max_length=10_000)
    splits: dict[str, int] = Field(default_factory=dict)
    preparation: DataConfig = Field(default_factory=DataConfig)

    def picture_shape(self) -> tuple[int, int, int] | None:
        """(height, width, channels) of the training pictures; None for points."""
        if len(self.shape) != 3:
            return None
        height, width, channels = self.shape
        return height, width, channels


class MachineFacts(BaseModel):
    """What the run was trained on; a resume keeps these so that it goes on exactly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    device: str = Field(max_length=100)
    title: str = Field(max_length=200)
    threads: int = Field(ge=1, le=4096)
    precision: str = Field(pattern="^(fp32|bf16)$")


class Document(BaseModel):
    """The content of ``run.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    family: str = Field(max_length=100)
    preset: str | None = Field(default=None, max_length=100)
    knobs: dict[str, Value]
    training: TrainingConfig
    seed: int = Field(ge=0, le=2**31 - 1)
    data: DataFacts
    machine: MachineFacts
    versions: dict[str, str]
    created: str = Field(max_length=40)
    curves: list[tuple[str, str, str]] = Field(default_factory=list, max_length=1000)
    state: State = "new"
    step: int = Field(default=0, ge=0, le=2**53)
    seconds: float = Field(default=0.0, ge=0)
    losses: dict[str, float | None] = Field(default_factory=dict)

    def spec(self) -> RunSpec:
        """What to hand to `train` to go on with this run."""
        return RunSpec(
            family=self.family,
            data=self.data.source,
            knobs=self.knobs,
            training=self.training,
            preparation=self.data.preparation,
            preset=self.preset,
        )


def new_document(spec: RunSpec, data: DataFacts, machine: MachineFacts, curves: Iterable[Curve]) -> Document:
    """The first ``run.json`` of a run."""
    return Document(
        family=spec.family,
        preset=spec.preset,
        knobs=spec.knobs,
        training=spec.training,
        seed=spec.training.seed,
        data=data,
        machine=machine,
        versions=versions(),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        curves=[(curve.name, curve.label, curve.unit) for curve in curves],
    )


def versions() -> dict[str, str]:
    """What the run depends on to be repeated bit for bit."""
    import torch

    from genstudio import __version__

    return {
        "genstudio": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": platform.platform(),
    }


def signed(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with a checksum of themselves, which tells a flipped bit from an edit by GenStudio."""
    return {**values, "sha256": _digest(values)}


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_document(path: Path) -> Document:
    """Read and check a ``run.json``.

    Raises
    ------
    InputError
        When it is of a newer format.
    WorkError
        When it is missing, damaged or not valid; the sentence names the field.
    """
    try:
        values = json.loads(atomic.read_bytes(path))
    except FileNotFoundError:
        raise WorkError(f"{path.name} is missing.") from None
    except OSError as error:
        raise WorkError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise WorkError(f"{path.name} is damaged: it is not JSON.") from None
    if not isinstance(values, dict):
        raise WorkError(f"{path.name} is damaged: it is not a JSON object.")
    if isinstance(values.get("format"), int) and values["format"] > FORMAT:
        raise InputError(f"{path} was made by a newer GenStudio (format {values['format']}): update GenStudio.")
    try:
        if values.pop("sha256", None) != _digest(values):
            raise WorkError(f"{path.name} is damaged: its content does not match its checksum.")
        # by way of JSON, where strictness still takes an object for a nested model
        return Document.model_validate_json(json.dumps(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise WorkError(f"{path.name} is not valid: “{field}”: {first['msg'].lower()}.") from None
    except (ValueError, RecursionError):  # numbers beyond what JSON knows, lists within lists within lists
        raise WorkError(f"{path.name} is damaged: it holds what no run.json holds.") from None
