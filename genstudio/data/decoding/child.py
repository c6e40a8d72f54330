"""One child process with its two pipes, and what may be believed of its answers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

import genstudio
from genstudio.core.errors import WorkError
from genstudio.data.decoding import ANSWER_LIMIT, BEGUN, TEXT_LIMIT, Refused, Task, receive, send, unpack_facts

#: What reading the answer of a child that died or went mad may raise.
NO_SENSE = (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError)

_REASON = 300  # characters


class Child:
    """A running child.

    Parameters
    ----------
    memory : int
        Bytes of address space that it may take; 0 for any number.

    Raises
    ------
    OSError
        When the system starts no further process.
    """

    def __init__(self, memory: int) -> None:
        # -P: a numpy.py in the working directory must not be taken for ours
        command = [sys.executable, "-P", "-m", "genstudio.data.decoding.worker", str(memory)]
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            creationflags=flags,
        )

    def say(self, value: Any) -> None:
        """Send JSON; raises OSError when the child is gone."""
        assert self._process.stdin is not None
        send(self._process.stdin, json.dumps(value).encode())

    def hear(self) -> Any:
        """JSON from the child; raises one of `NO_SENSE` when it died or sends something else."""
        return json.loads(self.hear_bytes(ANSWER_LIMIT))

    def hear_bytes(self, limit: int) -> bytes:
        """A frame as it is."""
        assert self._process.stdout is not None
        return receive(self._process.stdout, limit)

    def busy(self) -> float:
        """Seconds of a processor that it has used so far; 0 when it is gone."""
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    def kill(self) -> None:
        """End it at once, from any thread; the pipes stay for whoever reads them."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def end(self) -> int:
        """End it if it has not ended, wait for it and close the pipes; returns its exit status.

        Only by whoever reads its answers: a pipe must not be closed under a reader.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # one that closed its pipe ends by itself and says why
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)  # longer only where the system hangs, on a dead drive for instance
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent is of no use now
                if pipe is not None:
                    pipe.close()
        return self._process.returncode or 0


def _environment() -> dict[str, str]:
    """Ours, with one thread of arithmetic and this very package first."""
    root = str(Path(genstudio.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONSTARTUP")}
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": str(sys.flags.utf8_mode)}


def check_begun(child: Child) -> None:
    """Hear that the child is ready for the first item of a batch; raises as `answer_of`."""
    said = child.hear()
    if said != BEGUN:
        raise WorkError(str(said["disk"])[:_REASON])


def answer_of(child: Child, task: Task, length: int) -> Any:
    """The child's answer for one item.

    Parameters
    ----------
    length : int
        Samples of a sound, at most.

    Returns
    -------
    Facts, None, int or str by task, or Refused.

    Raises
    ------
    WorkError
        When the child cannot write decoded rows.
    one of NO_SENSE
        When it died, or says what no sound child says.
    """
    said = child.hear()
    if "disk" in said:
        raise WorkError(str(said["disk"])[:_REASON])
    if "no" in said:
        # "it is cut short" of a decoder goes on from the name as "is cut short"
        return Refused("".join(c for c in str(said["no"])[:_REASON] if c.isprintable()).removeprefix("it "))
    value = said["ok"]
    if task == "probe":
        return unpack_facts(value)
    if task == "texts":
        return child.hear_bytes(TEXT_LIMIT).decode("utf-8")
    if task == "sounds" and (type(value) is not int or not 0 < value <= length):
        raise ValueError(f"a sound of {value} samples")
    return value if task == "sounds" else None
