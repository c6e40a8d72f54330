"""Codes kept in a run, so that a map is there at once the next time. ::

RUN/latent/codes-<16 hex digits of the weights' hash>.npz

An ordinary ``numpy`` archive: codes, rows, losses, and what they were made of as JSON in "about". What is damaged,
too large, or of other weights or data is not used; the codes are then made and kept anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.data import Dataset
from genstudio.engine.latent.codes import MOST, Codes, Progress, codes_of_rows, encode_all
from genstudio.engine.latent.explorer import Explorer

_KEEP = 2  # files: those of the newest weights and of the ones before
_LARGEST = 1 << 30  # bytes of a file; a run of strangers may hold anything
_LONGEST = 10_000  # bytes of "about"
_ARRAYS = ("codes", "rows", "losses")
# what zipfile, numpy, JSON and pydantic raise for files that are cut short, changed or made by others
_NOT_OURS = (
    OSError, EOFError, zipfile.BadZipFile, ValidationError, ValueError, TypeError, KeyError, NotImplementedError,
    RuntimeError, MemoryError, RecursionError, ArithmeticError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """What codes depend on.

    Attributes
    ----------
    weights : str
        Hash of the weights.
    data : str
        Hash of the data, and of its labels where the model looks at them.
    most, seed : int
        As `encode_all` was asked.
    """

    weights: str
    data: str
    most: int
    seed: int


class _About(BaseModel):
    """The JSON in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: int = Field(default=1, ge=1, le=1)
    weights: str = Field(max_length=64)
    data: str = Field(max_length=64)
    most: int = Field(ge=1, le=2**40)
    seed: int = Field(ge=0, le=2**63)
    count: int = Field(ge=1, le=2**40)
    step: int = Field(ge=0, le=2**53)
    note: str = Field(max_length=1000)
    sha256: str = Field(max_length=64)  # of the bytes of codes, rows and losses


def key_of(explorer: Explorer, data: Dataset, most: int = MOST, seed: int = 0) -> Key:
    """What the codes of `data` by this model depend on."""
    told = data.fingerprint()
    if explorer.labels and data.labels is not None:
        names = json.dumps(list(data.label_names)).encode()
        told += hashlib.sha256(names + np.ascontiguousarray(data.labels).tobytes()).hexdigest()[:16]
    return Key(explorer.fingerprint(), told, most, seed)


def codes_of(
    explorer: Explorer, data: Dataset, run: Path | None = None, most: int = MOST, seed: int = 0
) -> Iterator[Codes | Progress]:
    """The codes of a data set: those that the run keeps, else as `encode_all` makes them, and then kept.

    Parameters
    ----------
    run : path or None
        Folder of the run; None to keep nothing, for a model that is still trained. When the folder cannot be
        written the codes come all the same, and a last `Progress` has a note.

    Raises as `encode_all`.
    """
    key = key_of(explorer, data, most, seed)
    found = None if run is None or not explorer.can_encode else kept(run, key, explorer, data)
    if found is not None:
        yield found
        return
    for item in encode_all(explorer, data, most, seed):
        yield item
        if run is not None and isinstance(item, Codes) and item.whole:
            note = keep(run, key, item)
            if note:
                yield Progress(len(item), len(item), note)


def kept(run: Path, key: Key, explorer: Explorer, data: Dataset) -> Codes | None:
    """The codes that a run keeps for `key`; None when there are none that can be believed.

    Labels are those of `data` as it is now.
    """
    path = _place(run, key)
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        with zipfile.ZipFile(path) as archive:
            about = _About.model_validate_json(_member(archive, "about", np.dtype(np.uint8), None).tobytes())
            if asdict(key) != {name: getattr(about, name) for name in asdict(key)}:
                return None
            codes = _member(archive, "codes", np.dtype("<f4"), (about.count, explorer.size))
            rows = _member(archive, "rows", np.dtype("<i8"), (about.count,))
            losses = _member(archive, "losses", np.dtype("<f4"), (about.count,))
    except _NOT_OURS:
        return None
    if _digest(codes, rows, losses) != about.sha256 or rows.min() < 0 or rows.max() >= len(data):
        return None
    if not np.isfinite(codes).all():
        return None
    return codes_of_rows(explorer, data, rows, codes, losses, about.count, about.note)


def keep(run: Path, key: Key, codes: Codes) -> str:
    """Put the codes of a data set into a run; returns why it could not, a sentence, else nothing."""
    assert codes.losses is not None
    arrays = {
        "codes": codes.codes.astype("<f4"),
        "rows": codes.rows.astype("<i8"),
        "losses": codes.losses.astype("<f4"),
    }
    about = _About(
        **asdict(key), count=len(codes), step=codes.step, note=codes.note[:1000], sha256=_digest(*arrays.values())
    )
    text = np.frombuffer(about.model_dump_json().encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=text, **arrays)
    path = _place(run, key)
    try:
        if buffer.getbuffer().nbytes > _LARGEST:
            return ""  # encoding anew is not much slower than reading that
        path.parent.mkdir(exist_ok=True)
        atomic.sweep(path.parent)
        atomic.write_bytes(path, buffer.getvalue())
        _thin(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"The codes cannot be kept in “{run}” ({reason}): they are made again the next time."
    return ""


def _place(run: Path, key: Key) -> Path:
    return run / "latent" / f"codes-{key.weights[:16]}.npz"


def _thin(newest: Path) -> None:
    """Delete files of older weights, all but one beside `newest`."""
    others = [path for path in newest.parent.glob("codes-*.npz") if path != newest]
    for path in sorted(others, key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEEP - 1 :]:
        with contextlib.suppress(OSError):
            path.unlink()


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def _member(archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...] | None) -> NDArray[Any]:
    """One array of an archive, whose header has to say what is expected before anything of its size is made.

    Raises
    ------
    one of _NOT_OURS
        When it is another one.
    """
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError("it is compressed")  # a small file could become any number of bytes
    with archive.open(info) as file:
        said = _header(file)
        if shape is None and said[0][0] <= _LONGEST:
            shape = (said[0][0],)
        if said != (shape, dtype):
            raise ValueError("it is another array")
        size = int(np.prod(said[0])) * dtype.itemsize
        data = file.read(size)
        if len(data) != size or file.read(1):
            raise ValueError("it has another length")
    return np.frombuffer(data, dtype).reshape(said[0]).astype(dtype.newbyteorder("="))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array of format 1.0, which is what `np.savez` writes for plain arrays."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is of another format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if fortran and len(shape) > 1:
        raise ValueError("its order is another one")
    return shape, dtype
