"""Whether training slows down, or takes more memory, when there are a hundred times as many pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import common
import numpy as np
import psutil
from numpy.typing import NDArray

SMALL, LARGE = 10_000, 1_000_000
_PART = 20_000  # pictures written at once


def write_pictures(path: Path, images: NDArray[np.uint8], count: int) -> None:
    """A .npy file of `count` pictures, uint8 [count, H, W, C]: the real ones again and again, never twice alike."""
    out = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *images.shape[1:]))
    for begin in range(0, count, _PART):
        rows = np.arange(begin, min(count, begin + _PART))
        # rolled by another number of lines each time the pictures run out
        part = images[rows % len(images)]
        out[rows] = np.roll(part, begin // len(images), axis=1)
    out.flush()


@contextmanager
def home(folder: Path) -> Iterator[None]:
    """A cache of its own, so that a gigabyte does not stay behind."""
    before = os.environ.get("GENSTUDIO_HOME")
    os.environ["GENSTUDIO_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["GENSTUDIO_HOME"]
        else:
            os.environ["GENSTUDIO_HOME"] = before


def own_memory() -> float:
    """Megabytes that only this process has: pages of mapped files can be dropped at any time and do not count."""
    info = psutil.Process().memory_info()
    return (info.rss - getattr(info, "shared", 0)) / 1e6


def show(rates: dict[str, dict[str, list[float]]], memory: dict[str, float]) -> str:
    """The table: what a million pictures cost against ten thousand."""
    base, *_ = rates
    rows = [
        [
            name,
            common.spread(rate["wall"]),
            common.ratio_text(rate["wall"], rates[base]["wall"]),
            common.spread(rate["cpu"]),
            common.ratio_text(rate["cpu"], rates[base]["cpu"]),
            f"{memory[name]:,.0f} MB",
        ]
        for name, rate in rates.items()
    ]
    head = ["MLP VAE, growth", "pictures/s", "ratio", "pictures/CPU-s", "ratio", "memory added"]
    return common.table(head, rows)


def summary(rates: dict[str, dict[str, list[float]]], memory: dict[str, float]) -> dict[str, Any]:
    return {"rates": rates, "memory_mb": memory}
