"""Where to compute: device, threads, precision. Decided by what the machine can do, and written into the run."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from genstudio.core.errors import InputError
from genstudio.core.spec import DeviceName, Precision
from genstudio.engine.precision import fast_bf16


@dataclass(frozen=True, slots=True)
class Machine:
    """A device and how it is used; `threads` counts processor threads for arithmetic."""

    device: torch.device
    threads: int
    bf16: bool

    @property
    def precision(self) -> str:
        return "bf16" if self.bf16 else "fp32"

    def title(self) -> str:
        """ "CPU, 3 threads" or the GPU's name."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        if self.device.type == "mps":
            return "Apple GPU"
        return f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"


def choose(device: DeviceName, threads: int, precision: Precision, allows_bf16: bool = True) -> Machine:
    """Turn settings into a machine; with the precision "auto" bfloat16 is measured, once on each machine.

    Raises
    ------
    InputError
        When the device asked for is not there.
    """
    kind = _device(device)
    bf16 = allows_bf16 and fast_bf16(kind) if precision == "auto" else precision == "bf16"
    return Machine(torch.device(kind), threads or most_threads(), bf16)


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def most_threads() -> int:
    """All cores but one, which is the window's; fewer where OMP_NUM_THREADS says so."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    most = cores() - 1
    return max(1, min(most, int(limit)) if limit.isdecimal() else most)


def _device(name: DeviceName) -> str:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there[name]:
        raise InputError(f"This computer has no usable “{name}” device: choose auto or cpu.")
    return name


def use_one_thread() -> None:
    """Let the thread that calls this compute without helpers: its results then never depend on how many there are."""
    torch.set_num_threads(1)
