"""Names of run folders: safe on every system, never the name of another run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from genstudio.core.errors import InputError


def free_name(folder: Path, wanted: str) -> Path:
    """Make and return a new folder below `folder`: `wanted`, or "wanted-2" and so on when that is taken.

    Raises
    ------
    InputError
        When the name leads outside `folder` or the folder cannot be made.
    """
    for path in candidates(folder, wanted):
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(f"The run folder “{path}” cannot be made: {error.strerror}.") from None
        return path
    raise InputError(f"“{folder}” holds 10,000 runs called “{safe_name(wanted)}”: choose another name.")


def candidates(folder: Path, wanted: str) -> Iterator[Path]:
    """Places below `folder` to try one after the other: `wanted` made safe, then with "-2" and so on."""
    name = safe_name(wanted)
    yield folder / name
    yield from (folder / f"{name}-{number}" for number in range(2, 10_000))


def remove_if_empty(path: Path) -> None:
    """Remove the folder of a run that failed before there was anything to keep but its lock."""
    try:
        if {p.name for p in path.iterdir()} <= {".lock"}:
            (path / ".lock").unlink(missing_ok=True)
            path.rmdir()
    except OSError:
        return  # an empty folder may stay; the failure before it is what is told


_MOST_BYTES = 200  # of 255 that file systems take: a number or ".tmp-123456" may follow
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}


def safe_name(wanted: str) -> str:
    """A folder name that every system takes: no separators, control characters, reserved or empty names."""
    composed = unicodedata.normalize("NFC", wanted)  # "é" of one or of two characters is one name
    kept = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else "-" for c in composed)
    kept = kept.strip(" .-")[:80].encode("utf-8")[:_MOST_BYTES].decode("utf-8", "ignore").rstrip(" .-")
    reserved = kept.split(".")[0].strip().lower() in _RESERVED
    return f"run {kept}".strip() if not kept or reserved else kept
