"""The newest field of a run as a file, so that a reopened run of points shows what it had learnt."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genstudio.core import atomic
from genstudio.core.events import Field

_NAME = "field.npz"
_MOST_BYTES = 16 << 20
_ARRAYS = ("real", "samples", "arrows", "arrow_starts", "surface")
# what zipfile, numpy and JSON raise for files that are cut short, changed or made by others
_NOT_OURS = (
    OSError, EOFError, KeyError, ValueError, TypeError, ArithmeticError, RecursionError, NotImplementedError,
    RuntimeError, zipfile.BadZipFile, MemoryError,
)  # fmt: skip


def save(run: Path, field: Field) -> Path:
    """Keep a field as ``samples/field.npz`` of the run folder, in the place of the one before.

    Raises
    ------
    OSError
        When the disk will not have it.
    """
    folder = run / "samples"
    folder.mkdir(exist_ok=True)
    facts = {
        "step": field.step,
        "surface_name": field.surface_name,
        "extent": field.extent,
        "centre": list(field.centre),
        "caption": field.caption,
    }
    arrays = {name: value for name in _ARRAYS if (value := getattr(field, name)) is not None}
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(facts).encode("utf-8"), np.uint8)
    np.savez(buffer, allow_pickle=False, facts=text, **arrays)
    path = folder / _NAME
    atomic.write_quickly(path, buffer.getvalue())
    return path


def newest(run: Path) -> Field | None:
    """The field that was kept last; None when there is none or it is damaged."""
    try:
        data = atomic.read_bytes(run / "samples" / _NAME)
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if sum(item.file_size for item in file.infolist()) > _MOST_BYTES:
                return None
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            facts = json.loads(bytes(file["facts"]).decode("utf-8"))
            arrays = {name: _checked(file[name], name) for name in _ARRAYS if name in file}
        return _field(facts, arrays)
    except _NOT_OURS:
        return None


def _field(facts: dict[str, object], arrays: dict[str, NDArray[np.float32]]) -> Field:
    """Raises `ValueError` or the like for what does not fit together."""
    x, y = facts["centre"]  # pyright: ignore[reportGeneralTypeIssues]
    numbers = [float(n) for n in (x, y, facts["extent"])]  # pyright: ignore[reportArgumentType]
    arrows, starts = arrays.get("arrows"), arrays.get("arrow_starts")
    anchors = arrays["samples"] if starts is None else starts
    if not all(map(math.isfinite, numbers)) or numbers[2] <= 0:
        raise ValueError("the view")
    if arrows is not None and len(arrows) != len(anchors):
        raise ValueError("the arrows")
    return Field(
        int(str(facts["step"])), arrays["real"], arrays["samples"], arrows, arrays.get("surface"),
        str(facts["surface_name"]), numbers[2], str(facts["caption"]), centre=(numbers[0], numbers[1]),
        arrow_starts=starts,
    )  # fmt: skip


def _checked(array: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    square = array.ndim == 2 and array.shape[0] == array.shape[1] > 0
    fits = square if name == "surface" else array.ndim == 2 and array.shape[1] == 2
    if not fits or array.dtype != np.float32:
        raise ValueError(name)
    return array
