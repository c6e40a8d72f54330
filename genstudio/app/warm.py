"""Loads torch behind the painted window without stopping it for long."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from genstudio.engine.family_info import FamilyInfo

# Linux flags of dlopen: resolve at once, share symbols
_NOW, _GLOBAL = 2, 256


def load_families() -> tuple[dict[str, FamilyInfo], str]:
    """Import torch and all families; to be run in a thread. Gives them and what this machine computes with.

    The large libraries are opened first by a plain call into the C library, which releases the interpreter's
    lock; Python's own import holds it while 300 MB are mapped and relocated (measured: the longest stall of the
    window fell from 250 to 110 ms).
    """
    if sys.platform.startswith("linux") and "torch" not in sys.modules:
        _open_libraries()
    from genstudio.engine import device
    from genstudio.engine.catalog import catalog

    families = catalog()
    importlib.import_module("genstudio.engine.train")
    importlib.import_module("genstudio.app.pages.latent")  # so that the first step there is a quick one
    importlib.import_module("genstudio.app.widgets.loss_canvas")  # with pyqtgraph, 0.3 s the first curve would wait
    return families, device.choose("auto", 0, "auto").title()


def _open_libraries() -> None:
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return
    folder = Path(spec.origin).parent / "lib"
    libc = ctypes.CDLL(None)
    libc.dlopen.restype = ctypes.c_void_p
    with contextlib.suppress(OSError):  # only a head start: the import itself tells what is wrong
        for stem in ("libgomp", "libc10.so", "libtorch_cpu.so"):
            for path in folder.glob(f"{stem}*"):
                libc.dlopen(os.fsencode(path), _NOW | _GLOBAL)
