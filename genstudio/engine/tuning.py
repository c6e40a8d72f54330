"""Choices that only a stopwatch can make for a model on a machine: how many threads, compiled or not.

Trials train throw-away copies: weights, optimizers and random numbers of the run are never touched. What was
measured is kept for the machine and the shapes of the model, so that a run can be repeated.
"""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from genstudio.data.batches import Batch
from genstudio.engine import measured
from genstudio.engine.players import Players
from genstudio.models.base import Context, GenerativeModel

_WORTH = 1.05  # a gain below this is noise
_SECONDS = 0.4  # of stepping, for each contender of a trial
_STEPS = 20


def pick_threads(model: GenerativeModel, batch: Batch, most: int, bf16: bool = False) -> int:
    """The number of processor threads that trains this model fastest, `most` at most.

    Tried are 1, 2, 4 ... and `most`, upwards while it pays: small networks want a single thread.

    Parameters
    ----------
    batch : Batch
        A batch as in training; it is not changed.
    most : int
        See `device.most_threads`.
    bf16 : bool
        Whether training runs in bfloat16.
    """
    if most == 1 or _device_of(model).type != "cpu":
        return most
    key = _key("threads", model, batch, f"{most} at most, bf16 {bf16}")
    kept = measured.recall(key)
    threads = measured.keep(key, _fastest(model, batch, most, bf16)) if kept is None else kept
    return min(most, max(1, int(threads)))


def _fastest(model: GenerativeModel, batch: Batch, most: int, bf16: bool) -> int:
    candidates = [1 << i for i in range(1, most.bit_length()) if 1 << i < most] + [most]
    before = torch.get_num_threads()
    step = _Steps(copy.deepcopy(model), batch, bf16)
    try:
        best, shortest = 1, _shortest_step(step, 1)
        for threads in candidates:
            seconds = _shortest_step(step, threads)
            if shortest < _WORTH * seconds:
                break
            best, shortest = threads, seconds
        return best
    finally:
        torch.set_num_threads(before)


def _shortest_step(step: Callable[[], float], threads: int) -> float:
    torch.set_num_threads(threads)
    step()  # starts the threads
    return _shortest(step)


# --- compiling ---------------------------------------------------------------------------------------


def compile_networks(model: GenerativeModel, batch: Batch, bf16: bool = False, backend: str = "inductor") -> str:
    """Compile the model's networks in place where that makes its steps faster; returns a sentence that says so.

    A trial on a copy compiles and takes time; the model then uses what was compiled there. Names of parameters,
    copies of the model, and whatever is drawn or measured outside of training (`eval` mode) stay as they are.

    Parameters
    ----------
    batch : Batch
        A batch as in training; it is not changed.
    backend : str
        Of torch.compile.
    """
    key = _key("compile", model, batch, f"{backend}, {torch.get_num_threads()} threads, bf16 {bf16}")
    gain = measured.recall(key)
    if gain is None or gain >= _WORTH:
        twin = copy.deepcopy(model)
        try:
            _compile(twin, backend)
            compiled = _Steps(twin, batch, bf16)
            compiled()  # compiles
            if gain is None:
                gain = measured.keep(key, _gain(_Steps(copy.deepcopy(model), batch, bf16), compiled))
        except Exception as error:  # compilers fail in many ways, and none is a reason not to train
            return _why_not(error)
    if gain < _WORTH:
        return f"The networks are not compiled: that would make a step {gain:.2f} times as fast on this machine."
    _compile(model, backend)
    return f"The networks are compiled: a step is {gain:.2f} times as fast."


def _compile(model: nn.Module, backend: str) -> None:
    import torch._inductor.config as inductor

    inductor.compile_threads = 1  # else a pool of processes stays behind
    for network in model.children():
        if next(network.parameters(), None) is not None:
            network.compile(backend=backend, dynamic=False)
            # the hook of nn.Module.compile: it is left out of copies and of the names of weights
            network._compiled_call_impl = _WhereItHelps(network)  # pyright: ignore[reportAttributeAccessIssue]


class _WhereItHelps:
    """Calls the compiled network in training, and the network itself for all else.

    Pictures have other batch sizes, and would be compiled for once more. An input that waits for its own gradient
    belongs to a penalty on the critic's slope, which compiled networks cannot differentiate twice.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._compiled: Callable[..., Any] = network._compiled_call_impl  # pyright: ignore

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._network.training or any(isinstance(x, Tensor) and x.is_leaf and x.requires_grad for x in args):
            return self._network._call_impl(*args, **kwargs)
        return self._compiled(*args, **kwargs)


def _why_not(error: Exception) -> str:
    text = str(error)
    if "C++ compiler" in text or "Compiler: cl is not found" in text:
        return (
            "Compiling needs a C++ compiler and none was found: install one (g++, clang or Visual Studio's), or "
            "switch Compile off. Training goes on without."
        )
    cause = getattr(error, "inner_exception", error)  # what torch.compile wraps
    reason = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    return f"The networks could not be compiled ({reason[:200]}): training goes on without."


def _gain(eager: _Steps, compiled: _Steps) -> float:
    """Time of a step as it is over its time compiled; the two take turns, so that other load falls on both."""
    times = {eager: math.inf, compiled: math.inf}
    eager()
    begin, count = time.perf_counter(), 0
    while count < 3 or (count < _STEPS and time.perf_counter() - begin < 2 * _SECONDS):
        for step, shortest in times.items():
            times[step] = min(shortest, step())
        count += 1
    return times[eager] / times[compiled]


# --- stepping ----------------------------------------------------------------------------------------


class _Steps:
    """Training steps of a copy on one batch, with optimizers and random numbers of their own.

    Each call takes one and returns its seconds.
    """

    def __init__(self, model: GenerativeModel, batch: Batch, bf16: bool) -> None:
        self._model, self._batch, self._bf16 = model, batch, bf16
        self._players = Players(model)
        self._rng = torch.Generator(_device_of(model)).manual_seed(0)
        self._count = 0

    def __call__(self) -> float:
        begin = time.perf_counter()
        context = Context(self._count, self._rng, self._bf16)
        for objective in self._model.training_step(dict(self._batch), context):
            self._players.step(objective)
        if self._rng.device.type == "cuda":
            torch.cuda.synchronize()
        self._count += 1
        return time.perf_counter() - begin


def _shortest(step: Callable[[], float]) -> float:
    """Seconds of the shortest step among several: other load on the machine only makes steps longer."""
    begin, times = time.perf_counter(), [step()]
    while len(times) < 3 or (len(times) < _STEPS and time.perf_counter() - begin < _SECONDS):
        times.append(step())
    return min(times)


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _key(what: str, model: GenerativeModel, batch: Batch, how: str) -> str:
    """A name for a measurement: the machine, the model's settings and shapes, and how it is trained.

    Live settings are left out: they may have been edited when a run goes on, which then does as it did.
    """
    shapes = [(name, tuple(p.shape)) for name, p in model.named_parameters()]
    inputs = sorted((name, tuple(x.shape)) for name, x in batch.items())
    fixed = [(k.name, getattr(model.config, k.name)) for k in model.config.knobs() if not k.live]
    digest = hashlib.sha256(repr((type(model).__name__, shapes, inputs, fixed)).encode("utf-8")).hexdigest()
    return f"{what}: {measured.machine_key(_device_of(model).type)}, {how}, model {digest[:16]}"
