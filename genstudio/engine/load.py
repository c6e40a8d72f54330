"""From a run to a model: built from checked knobs, filled with checked weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genstudio.core.errors import InputError, WorkError
from genstudio.core.spec import DeviceName
from genstudio.engine import device
from genstudio.engine.device import Machine
from genstudio.engine.document import DataFacts, Document
from genstudio.engine.run import Run
from genstudio.models import families
from genstudio.models.base import Facts, FamilyConfig, GenerativeModel

_MOST_PARAMETERS = 500_000_000


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be asked, on its device, and what is known of it.

    `weights` says which weights these are: "EMA" or "raw"; `step` when they were saved.
    """

    model: GenerativeModel
    document: Document
    machine: Machine
    step: int
    weights: str


def facts_of(data: DataFacts) -> Facts:
    """What a model is told of the data that a run was trained on."""
    return Facts(tuple(data.shape), data.pixel_mean, data.std, len(data.labels))


def build_model(family: str, config: FamilyConfig, facts: Facts, seed: int) -> GenerativeModel:
    """A new model with weights drawn from `seed`, whatever else draws random numbers in this process.

    Raises
    ------
    InputError
        When the knobs ask for more than 500 million parameters, or the networks cannot take such data.
    """
    cls = families.load(family)
    with torch.device("meta"):
        count = sum(p.numel() for p in cls(config, facts).parameters())
    if count > _MOST_PARAMETERS:
        raise InputError(
            f"These settings ask for {count / 1e6:,.0f} million parameters; the limit is 500. Lower width."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return cls(config, facts)


def load_weights(model: GenerativeModel, tensors: Mapping[str, Tensor]) -> None:
    """Copy weights into a model.

    Raises
    ------
    WorkError
        When a name, shape or type is not the model's; it is named, and nothing was copied.
    """
    own = model.state_dict()
    for name in (*own.keys(), *tensors.keys()):
        if name not in tensors or name not in own:
            raise WorkError(f"These weights are not of this kind of model: “{name}” is {_where(name in own)}.")
        if tensors[name].shape != own[name].shape or tensors[name].dtype != own[name].dtype:
            raise WorkError(
                f"These weights are not of this kind of model: “{name}” is {list(tensors[name].shape)}, "
                f"it should be {list(own[name].shape)}."
            )
    model.load_state_dict(dict(tensors))


def restore_rng(rng: torch.Generator, state: Tensor | None) -> None:
    """Set a generator to a saved state; another device's kind of state is left out, its numbers differ anyway.

    Raises
    ------
    WorkError
        When there is none, or it is not one.
    """
    if state is not None and state.dtype == torch.uint8 and state.shape != rng.get_state().shape:
        return
    try:
        if state is None:
            raise TypeError("it is missing")
        rng.set_state(state)
    except (TypeError, RuntimeError) as error:
        raise WorkError(f"The state of the random numbers in this checkpoint is not one: {error}.") from None


def load_trained(run: Run, device_name: DeviceName = "auto") -> Trained:
    """The newest good checkpoint of a run as a model, averaged weights where the run keeps them.

    Raises
    ------
    InputError
        When nothing was saved yet.
    WorkError
        When no checkpoint is good.
    """
    document, saved = run.document, run.load_checkpoint()
    if document is None or saved is None:
        raise InputError(f"The run “{run.name}” has no checkpoint yet: train it first.")
    config = families.load(document.family).Config.parse(saved.state["knobs"])
    model = build_model(document.family, config, facts_of(document.data), document.seed)
    load_weights(model, saved.ema if saved.ema is not None else saved.weights)
    machine = device.choose(device_name, document.training.threads, "fp32")
    torch.set_num_threads(machine.threads)
    model.to(machine.device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    model.eval().requires_grad_(False)
    return Trained(model, document, machine, saved.step, "EMA" if saved.ema is not None else "raw")


def fingerprint(trained: Trained) -> str:
    """A hash of a model's weights: equal on every machine, another after one more step."""
    digest = hashlib.sha256()
    for name, tensor in sorted(trained.model.state_dict().items()):
        digest.update(f"{name} {list(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _where(ours: bool) -> str:
    return "missing" if ours else "unknown"
