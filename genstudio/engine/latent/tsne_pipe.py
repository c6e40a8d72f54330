"""The parent's end of the pipes to the process that arranges a map, never waited for longer than a moment."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import genstudio
from genstudio.core.errors import WorkError
from genstudio.data.decoding import receive, send

STAGES = ("neighbours", "arranging", "placing", "end")
FRAME = 64 << 20  # bytes sent at a time
_LARGEST = 1 << 30  # bytes of an answer
_WAIT = 0.04  # seconds that `poll` waits
_REASON = 300  # characters
_DIED = (
    "The process that arranges the map has ended before it was done, perhaps for want of memory: close other "
    "programs and try again, or look at principal directions."
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One message of the child.

    Attributes
    ----------
    stage : one of `STAGES`
    done, total : int
    xy : float32 [n, 2]
        In units of t-SNE.
    """

    stage: Any
    done: int
    total: int
    xy: NDArray[np.float32]


class Child:
    """A running child, which is sent what it needs and heard in a thread of its own.

    Parameters
    ----------
    request : bytes
        JSON.
    arrays : list of float32 arrays
        What the request speaks of, in order; not to be changed any more.

    Raises
    ------
    WorkError
        When the system starts no further process.
    """

    def __init__(self, request: bytes, arrays: list[NDArray[np.float32]]) -> None:
        # -P: a numpy.py in the working directory must not be taken for ours
        command = [sys.executable, "-P", "-m", "genstudio.engine.latent.tsne_child"]
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                creationflags=flags,
            )
        except OSError as error:
            raise WorkError(f"The map cannot be arranged, no process starts: {error.strerror or error}.") from None
        self._heard: queue.SimpleQueue[Answer | str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._talk, args=(request, arrays), name="t-SNE", daemon=True)
        self._thread.start()

    def poll(self) -> Answer | str | None:
        """What came next: an answer, or the sentence that ends it all; None when nothing came within 40 ms."""
        with contextlib.suppress(queue.Empty):
            return self._heard.get(timeout=_WAIT)
        return None

    def end(self) -> None:
        """End it at once, with its thread and its pipes."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._thread.join(5.0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)  # longer only where the system hangs
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent is of no use now
                if pipe is not None:
                    pipe.close()

    def _talk(self, request: bytes, arrays: list[NDArray[np.float32]]) -> None:
        """Say everything, then hear everything."""
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None
        assert sink is not None
        try:
            send(sink, request)
            for array in arrays:
                flat = array.reshape(-1)
                step = FRAME // 4
                for start in range(0, len(flat), step):
                    send(sink, flat[start : start + step].tobytes())
            while True:
                said = json.loads(receive(source, 10_000))
                if "no" in said:
                    self._heard.put("".join(c for c in str(said["no"])[:_REASON] if c.isprintable()))
                    return
                points = np.frombuffer(receive(source, _LARGEST), "<f4").reshape(-1, 2)
                self._heard.put(_answer(said, points.astype(np.float32)))
                if said["stage"] == "end":
                    return
        except (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
            self._heard.put(_DIED)


def _answer(said: dict[str, Any], xy: NDArray[np.float32]) -> Answer:
    """An answer; raises `ValueError` for what no sound child says."""
    if said["stage"] not in STAGES or not np.isfinite(xy).all():
        raise ValueError("no sense")
    return Answer(said["stage"], int(said["done"]), int(said["total"]), xy)


def _environment() -> dict[str, str]:
    """Ours, with one thread of arithmetic and this very package first."""
    root = str(Path(genstudio.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONSTARTUP")}
    return {**kept, **dict.fromkeys(_THREADS, "1"), "PYTHONPATH": os.pathsep.join(paths)}
