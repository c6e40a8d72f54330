"""Players: groups of parameters with an optimizer each, and the moving average of all weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from genstudio.core.errors import WorkError
from genstudio.models.base import GenerativeModel, Objective, Optimizer

# what each method keeps of a parameter
_STATE: Mapping[str, frozenset[str]] = {
    "adam": frozenset({"step", "exp_avg", "exp_avg_sq"}),
    "rmsprop": frozenset({"step", "square_avg"}),
    "sgd": frozenset({"momentum_buffer"}),
}

_FINE = 0.05  # share of an average's memory that may pass before it moves


def _optimizer(parameters: list[torch.nn.Parameter], settings: Optimizer) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.method == "rmsprop":
        return torch.optim.RMSprop(parameters, rate, alpha=settings.betas[1], weight_decay=decay, foreach=True)
    if settings.method == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=settings.momentum, weight_decay=decay, fused=True)
    return torch.optim.AdamW(parameters, rate, betas=settings.betas, weight_decay=decay, fused=True)


class Player:
    """One group of parameters and its optimizer."""

    def __init__(self, model: GenerativeModel, name: str) -> None:
        self.name = name
        self.parameters = [p for p in model.players()[name] if p.requires_grad]
        self.settings = model.optimizer(name)
        self.optimizer = _optimizer(self.parameters, self.settings)
        self._factor = 1.0

    def refresh(self, model: GenerativeModel) -> None:
        """Take over settings that were edited; the method stays what it is."""
        self.settings = model.optimizer(self.name)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self._factor
            group["weight_decay"] = self.settings.weight_decay

    def scale_rate(self, factor: float) -> None:
        """Multiply the learning rate of the following steps."""
        if factor != self._factor:
            self._factor = factor
            for group in self.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * factor

    def step(self, loss: Tensor) -> Tensor:
        """Backward and one update; returns the gradient's norm, a scalar on the device.

        A loss or gradient that is not finite updates nothing: a fused optimizer skips on the device, so
        that no step has to wait for the host (its mechanism is that of gradient scalers).
        """
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward(inputs=self.parameters)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.settings.clip_norm > 0:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self.settings.clip_norm, norm)
        finite = torch.isfinite(norm) & torch.isfinite(loss.detach())
        if self.settings.method == "rmsprop":  # has no fused form, so the host has to look
            if bool(finite):
                self.optimizer.step()
            return norm
        self.optimizer.found_inf = (~finite).to(torch.float32)  # pyright: ignore[reportAttributeAccessIssue]
        self.optimizer.step()
        return norm

    def state(self) -> dict[str, Tensor]:
        """The optimizer's tensors by "player.index.name"."""
        return {
            f"{self.name}.{i}.{key}": value
            for i, parameter in enumerate(self.parameters)
            for key, value in self.optimizer.state.get(parameter, {}).items()
            if value is not None  # the momentum before the first step
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `state` gave; raises `WorkError` when shapes do not fit."""
        for i, parameter in enumerate(self.parameters):
            prefix = f"{self.name}.{i}."
            mine = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            if mine:
                # a tensor of the wrong size would be read beyond its end by the fused optimizer
                known = _STATE[self.settings.method]
                for key in sorted(known | mine.keys()):
                    if key not in known or not _fits(key, mine.get(key), parameter):
                        raise WorkError(f"The optimizer state “{prefix}{key}” does not fit this model.")
                self.optimizer.state[parameter] = {key: _like(parameter, mine[key]) for key in sorted(known)}


def _fits(key: str, value: Tensor | None, parameter: Tensor) -> bool:
    """Whether `value` can be the optimizer's `key` of `parameter`."""
    if value is None:
        return False
    shape = torch.Size() if key == "step" else parameter.shape
    return value.shape == shape and value.dtype == parameter.dtype


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    """A copy on the parameter's device and with its layout in memory.

    The fused optimizer walks through all of them as flat memory: a moment in another order than its weights
    would be applied to the wrong ones.
    """
    if value.shape != parameter.shape:  # the step counter
        return value.to(parameter.device, copy=True)
    return torch.empty_like(parameter).copy_(value)


class Players:
    """All players of a model; the one loop steps them for every family."""

    def __init__(self, model: GenerativeModel) -> None:
        self._by_name = {name: Player(model, name) for name in model.players()}
        owners = [id(p) for player in self._by_name.values() for p in player.parameters]
        assert len(owners) == len(set(owners)), "players share parameters"

    def step(self, objective: Objective) -> Tensor:
        """Step the objective's player; returns the norm of its gradient."""
        return self._by_name[objective.player].step(objective.loss)

    def refresh(self, model: GenerativeModel) -> None:
        for player in self._by_name.values():
            player.refresh(model)

    def scale_rate(self, factor: float) -> None:
        """Multiply all learning rates of the following steps."""
        for player in self._by_name.values():
            player.scale_rate(factor)

    def state(self) -> dict[str, Tensor]:
        return {key: value for player in self._by_name.values() for key, value in player.state().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for player in self._by_name.values():
            player.load(tensors)


class MovingAverage:
    """Exponential moving average of the weights, with warm-up: min(decay, (1 + t) / (10 + t)).

    Without the warm-up a run of a few thousand steps would still show its first weights: a decay of 0.9999
    halves them only after 6,931 steps. A long average moves at every second, fourth or eighth step only, by as much
    as in all of them: weights hardly change meanwhile, and walking through them all took 6 % of a small network's
    step. When it moves depends on the step alone, so that a run that goes on does as one that never stopped.
    """

    def __init__(self, model: GenerativeModel, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._mine = list(self.model.parameters())
        self._theirs = list(model.parameters())
        self._source = model

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the weights after step number `step`, counted from 1, if it is due."""
        if not self._due(step):
            return
        keep = self._keep(step)
        for before in range(step - 1, 0, -1):
            if self._due(before):
                break
            keep *= self._keep(before)
        torch._foreach_lerp_(self._mine, self._theirs, 1 - keep)  # pyright: ignore

    def _keep(self, step: int) -> float:
        return min(self.decay, (1 + step) / (10 + step))

    def _due(self, step: int) -> bool:
        """Whether the average moves: at least twenty times within its memory of 1 / (1 − keep) steps."""
        stride = next((s for s in (8, 4, 2) if s * (1 - self._keep(step)) <= _FINE), 1)
        return step % stride == 0

    @torch.no_grad()
    def snapshot(self) -> GenerativeModel:
        """The averaged model, with the buffers as they are now: averaging those would mix statistics."""
        for mine, theirs in zip(self.model.buffers(), self._source.buffers(), strict=True):
            mine.copy_(theirs)
        self.model.config = self._source.config
        return self.model


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """False when any floating-point tensor holds NaN or an infinity."""
    return all(
        math.isfinite(t.sum().item()) or bool(t.isfinite().all()) for t in tensors.values() if t.is_floating_point()
    )
