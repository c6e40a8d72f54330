"""Read a Parquet file to its end in a child process first: some damaged ones end the process that reads them.

pyarrow's C++ throws through functions that cannot pass it on, and a page may unpack to gigabytes. What a child with
bounded memory has read to its end, the program reads in the same way afterwards.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import genstudio
from genstudio.core.errors import InputError, WorkError
from genstudio.data.items import Watch
from genstudio.data.tree import Pace

MEMORY = 3 << 30  # bytes of address space: a page of 1 GB unpacked, twice, and what pyarrow sets aside
_READ, _REFUSED, _SHORT = 0, 3, 4
_TICK = 0.02  # seconds


def proofread(path: Path, watch: Watch, head: bool = False, memory: int = MEMORY) -> None:
    """Have a child read a file; what is wrong with it in a way that Python can say is left to who reads it next.

    Parameters
    ----------
    head : bool
        Only what says which columns there are.
    memory : int
        Bytes of address space that the child may take (POSIX).

    Raises
    ------
    InputError
        When reading ended the child, or took too much memory.
    WorkError
        When no child can be started.
    Cancelled
        When `watch` raises it; the child has ended then.
    """
    child = _started(path, head, memory)
    pace = Pace(watch, "checking the table", path.name)
    try:
        while child.poll() is None:
            pace(0)
            time.sleep(_TICK)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()
    if child.returncode == _SHORT:
        raise InputError(
            f"{path.name} takes too much memory to read: write it again with smaller row groups and pages."
        )
    if child.returncode not in (_READ, _REFUSED):
        raise InputError(f"{path.name} is damaged in a way that ends whatever reads it: get it again.")


def _started(path: Path, head: bool, memory: int) -> subprocess.Popen[bytes]:
    """A child that reads `path`."""
    command = [sys.executable, "-P", "-m", "genstudio.data.proofread", str(path.absolute()), str(int(head))]
    command.append(str(memory))
    root = str(Path(genstudio.__file__).resolve().parents[1])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # closed when we end, however that happens
            stdout=quiet,
            stderr=quiet,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            creationflags=flags,
        )
    except OSError as error:
        raise WorkError(f"{path.name} cannot be read: no process could be started ({error.strerror}).") from None


def _read(path: Path, head: bool) -> int:
    """Read everything that will be read; returns the exit status."""
    from genstudio.data import parquet

    try:
        parquet.read_through(path, head)
    except MemoryError:
        return _SHORT
    except InputError as error:
        cause = error.__context__
        return _SHORT if isinstance(cause, MemoryError) else _REFUSED
    return _READ


def _bound(memory: int) -> None:
    """Little memory, no core files, and an end when the parent has ended."""
    import threading

    if sys.platform != "win32":
        import resource

        for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
            with contextlib.suppress(OSError, ValueError):  # already lower
                resource.setrlimit(kind, (most, most))

    def follow() -> None:
        sys.stdin.buffer.read()
        os._exit(_REFUSED)

    threading.Thread(target=follow, daemon=True).start()


if __name__ == "__main__":
    _bound(int(sys.argv[3]))
    os._exit(_read(Path(sys.argv[1]), sys.argv[2] == "1"))
