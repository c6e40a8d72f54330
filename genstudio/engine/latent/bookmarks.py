"""Places worth coming back to, kept in the run: ``RUN/latent/bookmarks.json``."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place, code_text
from genstudio.engine.latent.provenance import Pin
from genstudio.engine.pictures import png
from genstudio.engine.recovery import put_aside

FORMAT = 1
MOST = 1_000
LONGEST_NAME = 200  # characters
_THUMB = 96  # pixels of the longer side, at most
_LARGEST = 256 << 20  # bytes of the file
_PATIENCE = 2.0  # seconds to wait for another window that writes

T = TypeVar("T")


class Bookmark(BaseModel):
    """A named place.

    Attributes
    ----------
    key : str
        Tells bookmarks of one name apart.
    step : int
        Of the weights that drew the thumbnail; `fingerprint` tells which these were.
    created : str
        Date and time, ISO 8601.
    thumbnail : str
        PNG in base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    key: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    pin: Pin
    step: int = Field(ge=0, le=2**53)
    fingerprint: str = Field(max_length=64)
    created: str = Field(max_length=40)
    thumbnail: str = Field(max_length=200_000)

    def place(self, labels: Sequence[str] = ()) -> Place:
        """The place; raises `InputError` for a damaged code."""
        return self.pin.place(labels)

    def png(self) -> bytes:
        """The thumbnail as PNG; empty when it is damaged."""
        try:
            return base64.b64decode(self.thumbnail, validate=True)
        except (ValueError, binascii.Error):
            return b""


class _File(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    format: int = Field(ge=1, le=FORMAT)
    bookmarks: list[Bookmark] = Field(max_length=MOST)


class Bookmarks:
    """The bookmarks of one run. Each change is on the disk when its method returns, and keeps those of others.

    Attributes
    ----------
    notes : list of str
        Sentences about what was found damaged and put aside; for who shows them to clear.
    """

    def __init__(self, run_path: Path) -> None:
        self.notes: list[str] = []
        self._file = run_path / "latent" / "bookmarks.json"
        self._run = run_path.name
        self._removed: list[tuple[int, Bookmark]] = []

    # --- reading -------------------------------------------------------------------------------------

    def all(self) -> list[Bookmark]:
        """All of them, oldest first.

        A damaged file is put aside as ``bookmarks.json.bad``, with a note, never deleted.

        Raises
        ------
        InputError
            When the file is of a newer GenStudio.
        WorkError
            When it cannot be read.
        """
        try:
            if self._file.stat().st_size > _LARGEST:
                raise ValueError("too large")
            data = json.loads(atomic.read_bytes(self._file))
            if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
                raise InputError(f"The bookmarks of “{self._run}” are of a newer GenStudio: update GenStudio.")
            # by way of JSON, where strictness still takes an object for a nested model
            return _File.model_validate_json(json.dumps(data)).bookmarks
        except (FileNotFoundError, NotADirectoryError):
            return []
        except InputError:
            raise
        except OSError as error:
            raise WorkError(f"latent/{self._file.name} cannot be read: {error.strerror or error}.") from None
        except (ValidationError, ValueError, RecursionError):
            self._put_aside()
            return []

    def _put_aside(self) -> None:
        try:
            put_aside(self._file)
        except OSError as error:
            # what can be neither read nor moved must not be overwritten
            raise WorkError(
                f"latent/{self._file.name} is damaged and cannot be put aside: {error.strerror}."
            ) from None
        self.notes.append(
            f"The bookmarks of “{self._run}” were damaged: the file was put aside as latent/{self._file.name}.bad."
        )

    # --- changing ------------------------------------------------------------------------------------

    def add(self, explorer: Explorer, place: Place, name: str = "") -> Bookmark:
        """Keep a place; without a name it gets the first free "Place 1", "Place 2" ...

        Raises
        ------
        InputError
            When the name is too long, there are 1,000 bookmarks already, or the run cannot be written to.
        """
        picture = explorer.picture(place)
        known = 0 <= place.label < len(explorer.labels)
        pin = Pin(code=code_text(place.code), label=explorer.labels[place.label] if known else None)

        def add(held: list[Bookmark]) -> Bookmark:
            if len(held) >= MOST:
                raise InputError(f"A run keeps {MOST:,} bookmarks: remove some first.")
            bookmark = Bookmark(
                key=uuid.uuid4().hex,
                name=_checked(name) if name.strip() else _free(held),
                pin=pin,
                step=explorer.step,
                fingerprint=explorer.fingerprint(),
                created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                thumbnail=base64.b64encode(png(thumbnail(picture))).decode(),
            )
            held.append(bookmark)
            return bookmark

        return self._change(add)

    def rename(self, key: str, name: str) -> Bookmark:
        """Give a bookmark another name; raises `InputError` for an empty or too long one, or when it is gone."""
        name = _checked(name)

        def rename(held: list[Bookmark]) -> Bookmark:
            index = _index(held, key)
            held[index] = held[index].model_copy(update={"name": name})
            return held[index]

        return self._change(rename)

    def remove(self, key: str) -> Bookmark:
        """Remove a bookmark, which `undo` brings back; raises `InputError` when it is gone already."""

        def remove(held: list[Bookmark]) -> tuple[int, Bookmark]:
            index = _index(held, key)
            return index, held.pop(index)

        self._removed.append(self._change(remove))
        return self._removed[-1][1]

    def undo(self) -> Bookmark | None:
        """Bring back what was removed last, to where it stood; None when nothing is left to bring back."""
        if not self._removed:
            return None
        index, bookmark = self._removed[-1]
        self._change(lambda held: held.insert(index, bookmark))
        self._removed.pop()
        return bookmark

    def _change(self, work: Callable[[list[Bookmark]], T]) -> T:
        """Read, change and write while no other window does."""
        try:
            with self._held():
                held = self.all()
                result = work(held)
                content = _File(format=FORMAT, bookmarks=held)
                atomic.write_json(self._file, content.model_dump())
                return result
        except Timeout:
            raise InputError(
                f"The bookmarks of “{self._run}” are being changed by another program: try again."
            ) from None
        except OSError as error:
            raise InputError(
                f"Bookmarks cannot be kept in “{self._file.parent.parent}”: {error.strerror or error}. Free some "
                "room, or copy the run to a folder that you may write to."
            ) from None

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        self._file.parent.mkdir(exist_ok=True)
        with FileLock(self._file.with_name(".bookmarks.lock"), timeout=_PATIENCE):
            atomic.sweep(self._file.parent)
            yield


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture uint8 [H, W, C] with sides of at most 96 pixels."""
    height, width, channels = picture.shape
    factor = _THUMB / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = Image.fromarray(picture[..., 0] if channels == 1 else picture).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(small, np.uint8).reshape(size[1], size[0], channels)


def _index(held: Sequence[Bookmark], key: str) -> int:
    for index, bookmark in enumerate(held):
        if bookmark.key == key:
            return index
    raise InputError("This bookmark is gone: another window has removed it.")


def _checked(name: str) -> str:
    """A name in one line, whose characters can be written; raises `InputError`."""
    shown = " ".join(name.encode("utf-8", "replace").decode("utf-8").split())
    if not shown:
        raise InputError("A bookmark needs a name: give it one.")
    if len(shown) > LONGEST_NAME:
        raise InputError(f"The name has {len(shown):,} characters; up to {LONGEST_NAME} are kept.")
    return shown


def _free(held: Sequence[Bookmark]) -> str:
    taken = {bookmark.name for bookmark in held}
    return next(name for i in range(1, MOST + 2) if (name := f"Place {i}") not in taken)
