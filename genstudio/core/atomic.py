"""Every byte that must survive a crash is written here: temporary file, fsync, rename, fsync of the folder.

One place for all durable writes means one place to inject faults. ``GENSTUDIO_FAULT=write:17:ENOSPC``
makes the 17th write of this process fail; ``rename:1:KILL`` kills it there. Operations are counted by kind
(open, write, fsync, rename, unlink, fsyncdir) and over all kinds (any).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_TEMPORARY = re.compile(r"\.tmp-(\d+)$")
_MOST_PID = 1 << 31  # no system counts further; psutil overflows on a larger number


class Faults:
    """Counts file operations and fails the ones asked for; idle unless a test or the environment says so."""

    def __init__(self, plan: str = "") -> None:
        self.counts: Counter[str] = Counter()
        self.plan: dict[tuple[str, int], str] = {}
        for item in filter(None, plan.split(",")):
            kind, number, fault = item.split(":")
            self.plan[kind, int(number)] = fault

    def hit(self, kind: str) -> None:
        """Count one operation; raise OSError or die when the plan says so ("*" stands for every one)."""
        self.counts.update((kind, "any"))
        for name in (kind, "any"):
            fault = self.plan.get((name, self.counts[name])) or self.plan.get((name, 0))
            if fault == "KILL":
                os.kill(os.getpid(), signal.SIGKILL)
            elif fault:
                code = getattr(errno, fault)
                raise OSError(code, os.strerror(code))


#: Number 0 in a plan means "each time": ``write:0:ENOSPC`` is a disk that stays full.
faults = Faults(os.environ.get("GENSTUDIO_FAULT", ""))


def temporary(path: Path) -> Path:
    """The name under which `path` is prepared; it tells which process owns the leftovers."""
    return path.with_name(f"{path.name}.tmp-{os.getpid()}")


def read_bytes(path: Path) -> bytes:
    """The content of a plain file; raises OSError, also for a named pipe, which would be waited for without end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return path.read_bytes()


def write_durably(path: Path, data: bytes) -> None:
    """Write `data` to a new file at `path` and wait until it is on the disk."""
    faults.hit("open")
    with path.open("wb") as file:
        faults.hit("write")
        file.write(data)
        file.flush()
        faults.hit("fsync")
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable (POSIX; Windows has no such call and needs none)."""
    if os.name != "posix":
        return
    faults.hit("fsyncdir")
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file at `path`: after a crash it holds either the old content or all of the new.

    Raises
    ------
    OSError
        When the disk is full or the folder cannot be written; the old file is then untouched.
    """
    draft = temporary(path)
    try:
        write_durably(draft, data)
        faults.hit("rename")
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_quickly(path: Path, data: bytes) -> None:
    """Replace the file at `path` whole, without waiting for the disk: for what a power cut may take.

    Raises
    ------
    OSError
        When the disk is full or the folder cannot be written; no half of it is left to take room.
    """
    draft = temporary(path)
    try:
        faults.hit("write")
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Replace the file at `path` by indented JSON; NaN and infinities are refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode("utf-8"))


def publish_folder(folder: Path, files: Mapping[str, Callable[[], bytes]], manifest: Mapping[str, Any]) -> None:
    """Create `folder` with `files` and a ``manifest.json`` of their hashes, all or nothing.

    Parameters
    ----------
    files : mapping of file name to a function that makes its bytes
        Called one by one, so that only one file is in memory at a time.
    manifest : mapping
        Further entries of the manifest, beside ``files`` (sha256 and size of each).

    Raises
    ------
    OSError
        When it cannot be written; nothing is left behind, and what stood there stands there still.
    """
    draft, before = temporary(folder), temporary(folder.with_name(f"{folder.name}.old"))
    try:
        draft.mkdir(parents=True)
        written: dict[str, dict[str, Any]] = {}
        for name, make in files.items():
            data = make()
            write_durably(draft / name, data)
            written[name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        text = json.dumps({**manifest, "files": written}, indent=2, allow_nan=False)
        write_durably(draft / "manifest.json", text.encode("utf-8"))
        sync_folder(draft)
        if folder.exists():
            folder.rename(before)
        faults.hit("rename")
        draft.rename(folder)
    except OSError:
        if before.exists() and not folder.exists():
            before.rename(folder)
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(before, ignore_errors=True)
    sync_folder(folder.parent)


def remove_folder(folder: Path) -> None:
    """Delete a folder so that a crash in between leaves a recognisable leftover, not half a folder."""
    draft = temporary(folder)
    faults.hit("unlink")
    folder.rename(draft)
    shutil.rmtree(draft, ignore_errors=True)


def sweep(folder: Path, alone: bool = False) -> list[Path]:
    """Delete leftovers (``*.tmp-PID``) in `folder` whose process is gone; returns what was deleted.

    Parameters
    ----------
    alone : bool
        Nobody else writes here, by a lock for instance: leftovers under our own number are then those of an
        earlier process. In a container every start may have the same number.
    """
    swept: list[Path] = []
    if not folder.is_dir():
        return swept
    for path in folder.iterdir():
        match = _TEMPORARY.search(path.name)
        if match is None or _alive(int(match[1]), alone):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
        swept.append(path)
    return swept


def _alive(pid: int, alone: bool) -> bool:
    """Whether the process runs that writes leftovers of this number."""
    import psutil  # only needed when there is something to sweep

    if pid == os.getpid():
        return not alone
    return pid < _MOST_PID and psutil.pid_exists(pid)
