"""Latent samplers as files of a run: numbers as safetensors, beside them what they were fitted to. ::

RUN/samplers/gmm.json          a hash of the weights it was fitted to, a checksum
             gmm.safetensors   its numbers
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent_fit import LatentFlow, Mixture, Space, Spread
from genstudio.engine.run import Run

Kind = Literal["gmm", "flow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES = {"gmm": "a mixture of normal distributions", "flow": "a small flow"}

_LARGEST = 1 << 30  # bytes of a file; a run of strangers may hold anything


class About(BaseModel):
    """The content of the JSON file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: int = Field(default=1, ge=1, le=1)
    kind: Kind
    fitted_to: str = Field(max_length=64)  # sha256 of the weights
    sha256: str = Field(max_length=64)  # of the other file
    step: int = Field(ge=0, le=2**53)
    items: int = Field(ge=1, le=2**40)
    seed: int = Field(ge=0, le=2**31 - 1)
    created: str = Field(max_length=40)


def _place(run: Run, kind: Kind) -> Path:
    return run.path / "samplers" / f"{kind}.json"


def keep(run: Run, about: About, space: Space, spread: Spread) -> None:
    """Put a sampler into the run, whole or not at all; raises `WorkError` when the disk refuses."""
    import safetensors.torch

    own = {f"spread.{name}": tensor.contiguous() for name, tensor in spread.tensors().items()}
    fixed = {"mean": space.mean, "axes": space.axes, "deviation": space.deviation}
    data = safetensors.torch.save({**own, **fixed})
    about = about.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    path = _place(run, about.kind)
    try:
        path.parent.mkdir(exist_ok=True)
        atomic.sweep(path.parent)
        # the description comes last and holds the checksum: half of a new one and half of an old one never pass
        atomic.write_bytes(path.with_suffix(".safetensors"), data)
        atomic.write_json(path, about.model_dump())
    except OSError as error:
        raise WorkError(f"The latent sampler cannot be kept in “{run.path}”: {error.strerror or error}.") from None


def kept(run: Run) -> tuple[Kind, ...]:
    """Kinds of samplers that the run holds, the newest first; none of them is checked."""
    found: list[tuple[str, Kind]] = []
    for kind in KINDS:
        with contextlib.suppress(InputError, WorkError):
            found.append((about_of(run, kind).created, kind))
    return tuple(kind for _, kind in sorted(found, reverse=True))


def about_of(run: Run, kind: Kind) -> About:
    """What is known of a sampler; raises `InputError` when there is none, `WorkError` when it cannot be read."""
    path = _place(run, kind)
    try:
        if path.stat().st_size > 100_000:
            raise ValueError("too large")
        return About.model_validate_json(atomic.read_bytes(path))
    except FileNotFoundError:
        raise InputError(
            f"The run “{run.name}” has no latent sampler “{kind}”: fit one with "
            f"“genstudio sample {run.path} --fit-sampler {kind} --out FILE”."
        ) from None
    except OSError as error:
        raise WorkError(f"samplers/{path.name} cannot be read: {error.strerror}.") from None
    except (ValidationError, ValueError, RecursionError):
        raise WorkError(f"samplers/{path.name} is damaged: fit the latent sampler again.") from None


def read(run: Run, about: About, latent_dim: int, classes: int) -> tuple[Space, Spread]:
    """The numbers of a sampler for codes of `latent_dim` numbers; raises `WorkError` when they are damaged."""
    import safetensors.torch
    from safetensors import SafetensorError

    path = _place(run, about.kind).with_suffix(".safetensors")
    damaged = WorkError(f"samplers/{path.name} is damaged: fit the latent sampler again.")
    try:
        data = atomic.read_bytes(path) if path.stat().st_size <= _LARGEST else b""
        if hashlib.sha256(data).hexdigest() != about.sha256:
            raise damaged
        named = safetensors.torch.load(data)
        space = Space(named.pop("mean"), named.pop("axes"), named.pop("deviation"))
        size = len(space.deviation)
        own = {name.removeprefix("spread."): tensor for name, tensor in named.items()}
        if space.axes.shape != (size, latent_dim) or space.mean.shape != (latent_dim,):
            raise damaged
        return space, _spread(about.kind, own, size, classes)
    except OSError as error:
        raise WorkError(f"samplers/{path.name} cannot be read: {error.strerror}.") from None
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError):
        raise damaged from None


def _spread(kind: Kind, own: dict[str, Tensor], size: int, classes: int) -> Spread:
    """Numbers as they were kept; raises `ValueError` or `RuntimeError` when they do not fit together."""
    if kind == "flow":
        flow = LatentFlow(size, classes)
        flow.field.load_state_dict(own)
        return flow
    count = len(own["weights"])
    shapes = {"weights": (count,), "means": (count, size), "roots": (count, size, size)}
    if classes:
        shapes["by_label"] = (classes, count)
    if {name: tuple(tensor.shape) for name, tensor in own.items()} != shapes:
        raise ValueError("shapes")
    return Mixture(own["weights"], own["means"], own["roots"], own.get("by_label"))
