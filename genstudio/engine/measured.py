"""What was measured on this machine, kept in the cache folder: the same machine decides the same each time.

Choices by a stopwatch would else change from run to run with whatever else is busy, and with them the order of
sums in a training that should be repeatable.
"""

from __future__ import annotations

import contextlib
import json
import math
import platform
from pathlib import Path

import torch

from genstudio.core import atomic
from genstudio.core.folders import cache_folder

_MOST_BYTES = 1_000_000
_MOST_ENTRIES = 1_000  # the oldest go first


def recall(key: str) -> float | None:
    """The number kept under `key`, else None."""
    return _read().get(key)


def keep(key: str, value: float) -> float:
    """Keep `value` under `key` unless there is one already; returns the one that counts.

    A disk that refuses is no failure: it is measured again next time.
    """
    entries = _read()
    if key in entries:  # another process was faster: all follow its answer
        return entries[key]
    entries[key] = value
    newest = dict(list(entries.items())[-_MOST_ENTRIES:])
    with contextlib.suppress(OSError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        atomic.write_quickly(_path(), json.dumps(newest, indent=1).encode("utf-8"))
    return value


def machine_key(kind: str) -> str:
    """What speed depends on: the processor with its instructions, or the GPU, and the version of torch.

    Parameters
    ----------
    kind : {"cpu", "cuda", "mps"}
    """
    if kind == "cuda":
        name = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    else:
        tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        has = [test.strip("_") for test in tests if getattr(torch.cpu, test, lambda: False)()]
        name = ", ".join([kind, _processor(), torch.backends.cpu.get_cpu_capability(), *has])
    return f"{name}, torch {torch.__version__}"


def _processor() -> str:
    """The processor's model, as exactly as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _path() -> Path:
    return cache_folder() / "measured.json"


def _read() -> dict[str, float]:
    """All that is kept; a broken file, or a broken entry of it, counts as nothing."""
    path = _path()
    try:
        if path.stat().st_size > _MOST_BYTES:
            return {}
        found = json.loads(atomic.read_bytes(path))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: float(value) for key, value in found.items() if type(value) in (int, float) and _plausible(value)}


def _plausible(number: float) -> bool:
    return math.isfinite(number) and 0 <= number < 1e6
