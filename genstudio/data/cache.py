"""Where prepared data is kept: one folder of memory-mapped arrays per source and settings, made again when lost."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from genstudio.core import atomic, folders
from genstudio.core.errors import WorkError
from genstudio.data.items import Watch

FORMAT = 2
LIMIT = 20 << 30  # bytes that prepared data may take before what was not used for longest is deleted
_MANIFEST = "manifest.json"
_LOCK_WAIT = 0.2  # seconds between two looks at whether somebody wants to cancel


def folder() -> Path:
    """The folder that holds all prepared data."""
    return folders.cache_folder() / "data"


def key(parts: Mapping[str, Any]) -> str:
    """The name under which data of this content and these settings is kept: 32 hex digits."""
    text = json.dumps({**parts, "format": FORMAT}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Entry:
    """Prepared data that is complete.

    Attributes
    ----------
    path : Path
        Its folder.
    facts : mapping
        What its maker wrote down, from JSON.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path, self.facts = path, facts

    def array(self, name: str) -> NDArray[Any] | None:
        """A memory-mapped array, None when there is none of that name.

        Pages are shared with the file until somebody writes to them, which changes memory only.
        """
        path = self.path / f"{name}.npy"
        return np.load(path, mmap_mode="c", allow_pickle=False) if path.exists() else None


def find(name: str) -> Entry | None:
    """The entry of that key if it is there and whole; what is damaged counts as missing."""
    path = folder() / name
    try:
        manifest = json.loads(atomic.read_bytes(path / _MANIFEST))
        whole = all((path / file).stat().st_size == size for file, size in manifest["files"].items())
        if manifest["format"] != FORMAT or not whole:
            return None
        with contextlib.suppress(OSError):
            os.utime(path / _MANIFEST)  # used now: what was not used for longest is deleted first
        return Entry(path, manifest["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@contextlib.contextmanager
def made_by_one(name: str, watch: Watch) -> Iterator[None]:
    """Only one program at a time prepares an entry; others wait here, and may be cancelled."""
    home = folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(f"Prepared data cannot be kept in “{home}”: {error.strerror or error}.") from None
    lock = FileLock(home / f"{name}.lock")
    while True:
        try:
            lock.acquire(timeout=_LOCK_WAIT)
            break
        except Timeout:
            watch("waiting for another program that prepares this data", 0, 0)
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def draft(name: str) -> Iterator[Path]:
    """An empty folder to prepare in; it is deleted at the end unless it was published. Hold `made_by_one`."""
    path = atomic.temporary(folder() / name)
    atomic.sweep(folder())
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(path: Path, name: str, facts: Mapping[str, Any]) -> Entry:
    """Make a prepared folder the entry of that key, by one rename; raises `OSError` when the disk refuses."""
    sizes = {file.name: file.stat().st_size for file in sorted(path.iterdir())}
    atomic.write_json(path / _MANIFEST, {"format": FORMAT, "made": time.time(), "files": sizes, "facts": dict(facts)})
    target = folder() / name
    shutil.rmtree(target, ignore_errors=True)  # damaged, or of an older format
    path.rename(target)
    trim(keep=name)
    return Entry(target, dict(facts))


# --- the same source once more, when it is gone -------------------------------------------------------


def remember(source: str, name: str) -> None:
    """Note which entry a source with its settings gave last."""
    path = folder() / "sources" / f"{key({'source': source})}.json"
    with contextlib.suppress(OSError):  # a comfort for the day when the source is gone
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_quickly(path, json.dumps({"entry": name}).encode())


def recall(source: str) -> Entry | None:
    """The entry that a source with its settings gave last."""
    path = folder() / "sources" / f"{key({'source': source})}.json"
    try:
        return find(str(json.loads(atomic.read_bytes(path))["entry"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


# --- room ---------------------------------------------------------------------------------------------


def _entries() -> list[tuple[float, int, Path]]:
    """(time of last use, bytes, folder) of each entry, the one not used for longest first."""
    found: list[tuple[float, int, Path]] = []
    with contextlib.suppress(OSError):
        for path in folder().iterdir():
            with contextlib.suppress(OSError):
                used = (path / _MANIFEST).stat().st_mtime
                found.append((used, sum(f.stat().st_size for f in path.iterdir()), path))
    return sorted(found)


def size() -> int:
    """Bytes that prepared data takes."""
    return sum(size for _, size, _ in _entries())


def trim(limit: int | None = None, keep: str = "") -> int:
    """Delete what was not used for longest until the rest takes at most `limit` bytes; returns bytes freed."""
    limit = LIMIT if limit is None else limit
    entries = _entries()
    total, freed = sum(size for _, size, _ in entries), 0
    for _, taken, path in entries:
        if total - freed <= limit:
            break
        if path.name != keep and _delete(path):
            freed += taken
    return freed


def clear() -> int:
    """Delete all prepared data; a training that reads some goes on with it. Returns bytes freed."""
    atomic.sweep(folder())
    return trim(limit=0)


def _delete(path: Path) -> bool:
    """Whether an entry is gone; on Windows one that a program reads stays."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        with lock.acquire(timeout=0):
            atomic.remove_folder(path)
            return True
    except (OSError, Timeout):
        return False
