"""What both benchmarks need: the data, the state of the machine, medians with their spread, tables."""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # this checkout is what is measured, whatever else is installed


def find_data(wanted: str | None, scratch: Path) -> tuple[str, str]:
    """Real Fashion-MNIST if it is there, else the built-in digits enlarged to 28 pixels.

    Parameters
    ----------
    wanted : str or None
        A source that was asked for: it is taken as it is.
    scratch : Path
        Where enlarged digits may be written.

    Returns
    -------
    source, note : str
        A source as in `genstudio.data.open_source`, and what it is.
    """
    if wanted:
        return wanted, wanted
    folder = ROOT.parent / "shared" / "data" / "fashion-mnist"
    if folder.is_dir():
        return str(folder), "Fashion-MNIST, 28 x 28, real"
    return str(_enlarged_digits(scratch)), (
        "FALLBACK: there is no Fashion-MNIST beside the checkout, so the 1,797 digits of scikit-learn were enlarged "
        "to 28 x 28; name other data with --data"
    )


def _enlarged_digits(scratch: Path) -> Path:
    """The built-in digits as an IDX folder of 28 x 28 pixels, nearest neighbour: for time, not for looks."""
    from genstudio.data import open_source

    images = open_source("digits").images[..., 0]
    rows = np.arange(28) * images.shape[1] // 28
    large = np.ascontiguousarray(images[:, rows][:, :, rows])
    folder = scratch / "digits-28"
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">HBBIII", 0, 8, 3, *large.shape)
    (folder / "train-images-idx3-ubyte").write_bytes(header + large.tobytes())
    return folder


def machine() -> dict[str, str | int | float]:
    """Processor, versions and how busy it is: a figure without them means little."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "processor": name,
        "cores": cores,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": version("torch"),
        "pyside6": version("PySide6-Essentials"),
        "load": busy(),
    }


def busy() -> float:
    """Programs that wanted a processor in the last minute, on average; -1 where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0


def describe(facts: dict[str, str | int | float]) -> str:
    """One line about the machine."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load']} before the first figure · "
        f"{facts['system']} · Python {facts['python']}, torch {facts['torch']}, PySide6 {facts['pyside6']}"
    )


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, and in brackets the lowest and highest."""
    return f"{median(values):,.{digits}f} [{min(values):,.{digits}f}–{max(values):,.{digits}f}]"


def ratio(values: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    """Ratio of the medians, and the lowest and highest ratio of a round."""
    each = [a / b for a, b in zip(values, base, strict=True)]
    return {"ratio": median(values) / median(base), "lowest": min(each), "highest": max(each)}


def ratio_text(values: Sequence[float], base: Sequence[float]) -> str:
    r = ratio(values, base)
    return f"{r['ratio']:.2f} [{r['lowest']:.2f}–{r['highest']:.2f}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text in columns, the first to the left and the others to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )
