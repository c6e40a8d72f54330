"""Checkpoints: folders that appear by one rename, with a manifest of hashes. No pickle is written or read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.core.config import Value
from genstudio.core.errors import WorkError

if TYPE_CHECKING:  # tables of runs need no torch; saving and loading import it
    from torch import Tensor

_NAME = re.compile(r"step-(\d{6,})")
_LARGEST = 16 << 30  # bytes; a manifest may claim anything


class _Patience(BaseModel):
    """How far the best score is back (`score.Patience`)."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    steps: int = Field(ge=0, le=2**53)
    least: float = Field(ge=0, le=1)
    looks: int = Field(ge=0, le=2**31)
    best: float | None
    best_step: int = Field(ge=0, le=2**53)
    worse: int = Field(ge=0, le=2**53)


class _State(BaseModel):
    """What ``state.json`` must hold; everything in it is used as it stands."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    step: int = Field(ge=0, le=2**53)
    position: int = Field(ge=0, le=2**62)
    seconds: float = Field(ge=0)
    knobs: dict[str, Value]
    guard: dict[str, int] | None = Field(default=None, max_length=10)  # of runs from before there was one: None
    patience: _Patience | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint in memory.

    Attributes
    ----------
    weights, training : mapping of name to tensor
        Model weights; optimizer and random-number state.
    ema : mapping of name to tensor or None
        Averaged weights, where the run keeps them.
    state : dict
        JSON: step, position in the data, seconds, knobs as they were then.
    """

    step: int
    weights: dict[str, Tensor]
    ema: dict[str, Tensor] | None
    training: dict[str, Tensor]
    state: dict[str, Any]


def name_of(step: int) -> str:
    return f"step-{step:06d}"


def listed(folder: Path) -> list[tuple[int, Path]]:
    """Published checkpoints, newest first; nothing is read."""
    if not folder.is_dir():
        return []
    found = [(int(m[1]), p) for p in folder.iterdir() if (m := _NAME.fullmatch(p.name)) and p.is_dir()]
    return sorted(found, reverse=True)


def save(folder: Path, checkpoint: Checkpoint, document: Mapping[str, Any]) -> Path:
    """Publish a checkpoint below `folder`; after return it is on the disk.

    Parameters
    ----------
    document : mapping
        A copy of ``run.json``, from which a lost one is rebuilt.

    Raises
    ------
    OSError
        When it cannot be written; earlier checkpoints are untouched.
    """
    tensors = {"weights": checkpoint.weights, "training": checkpoint.training}
    if checkpoint.ema is not None:
        tensors["ema"] = checkpoint.ema
    files = {f"{name}.safetensors": _packer(group) for name, group in tensors.items()}
    files["state.json"] = lambda: _json(checkpoint.state)
    files["run.json"] = lambda: _json(document)
    path = folder / name_of(checkpoint.step)
    atomic.publish_folder(path, files, {"format": 1, "step": checkpoint.step})
    return path


def load(path: Path) -> Checkpoint:
    """Read a checkpoint, every byte of it checked against the manifest.

    Raises
    ------
    WorkError
        One sentence naming the file that is missing, damaged or not what it says it is.
    """
    import safetensors.torch
    from safetensors import SafetensorError

    files = verified(path)
    try:
        state = _State.model_validate_json(files["state.json"]).model_dump()
        if path.name != name_of(state["step"]):
            raise ValueError(f"it holds step {state['step']:,}")
        tensors = {
            name.removesuffix(".safetensors"): safetensors.torch.load(data)
            for name, data in files.items()
            if name.endswith(".safetensors")
        }
        return Checkpoint(state["step"], tensors["weights"], tensors.get("ema"), tensors["training"], state)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise WorkError(f"{path.name}/state.json is not valid: “{field}”: {first['msg'].lower()}.") from None
    except KeyError as error:
        raise WorkError(f"The manifest of {path.name} does not list {error}: the checkpoint is not whole.") from None
    except (SafetensorError, ValueError, TypeError) as error:
        raise WorkError(f"The checkpoint {path.name} is not one of GenStudio's: {error}.") from None


def verified(path: Path) -> dict[str, bytes]:
    """All files of a checkpoint by name, after their sizes and hashes were found right; else `WorkError`."""
    try:
        manifest = json.loads(atomic.read_bytes(path / "manifest.json"))
        listing: dict[str, dict[str, Any]] = manifest["files"]
        files: dict[str, bytes] = {}
        for name, facts in listing.items():
            file = path / name
            if file.parent != path or file.is_symlink():
                raise WorkError(f"The manifest of {path.name} names a file outside it: not opened.")
            if file.stat().st_size != facts["size"] or facts["size"] > _LARGEST:
                raise WorkError(f"{path.name}/{name} has the wrong size: it was cut short or changed.")
            files[name] = atomic.read_bytes(file)
            if hashlib.sha256(files[name]).hexdigest() != facts["sha256"]:
                raise WorkError(f"{path.name}/{name} is damaged: its content does not match its checksum.")
        return files
    except FileNotFoundError as error:
        raise WorkError(f"{path.name}/{Path(error.filename or '').name} is missing.") from None
    except OSError as error:
        raise WorkError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WorkError(f"{path.name}/manifest.json is damaged.") from None


def prune(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints; called only after a newer one is on the disk."""
    for _, path in listed(folder)[keep:]:
        atomic.remove_folder(path)


def _packer(tensors: Mapping[str, Tensor]) -> Callable[[], bytes]:
    import safetensors.torch

    def pack() -> bytes:
        return safetensors.torch.save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})

    return pack


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, allow_nan=False).encode()
