"""What the window remembers between sessions, as one small JSON file that survives crashes and bad disks."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from genstudio.core import atomic, folders
from genstudio.core.config import Value
from genstudio.core.errors import WorkError

RECENT = 12
_LARGEST = 1 << 20  # bytes; ours has a few thousand
_LONGEST = 4096  # characters of a path


class Settings(BaseModel):
    """Frozen; `with_values` makes a changed copy. Names that a newer version wrote are ignored.

    Attributes
    ----------
    geometry : str
        Window geometry as Qt gives it, in base64; empty at the first start.
    panes : mapping of name to list of int
        How the room of each splitter is divided.
    page : str
        The page last looked at.
    data : str
        The data source last used, as in `genstudio.data.open_source`.
    recent : tuple of str
        Sources used before, newest first.
    favourites : tuple of str
        Sources that were starred, newest first.
    sources : mapping of source to mapping of setting to value
        The data settings that were changed, for each source.
    runs : str
        Folder chosen for runs; empty for the usual one.
    family : str
        The family last trained; empty at the first start.
    smoothing : float
        Weight of the past in smoothed curves, 0..0.999.
    knobs : mapping of family to mapping of knob to value
        What each family was last trained with.
    unfolded : bool
        Whether forms show all knobs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    theme: Literal["system", "dark", "light"] = "system"
    geometry: str = ""
    panes: dict[str, list[int]] = Field(default_factory=dict)
    page: str = Field(default="data", max_length=100)
    data: str = Field(default="", max_length=_LONGEST)
    recent: tuple[str, ...] = Field(default=(), max_length=100)
    favourites: tuple[str, ...] = Field(default=(), max_length=100)
    sources: dict[str, dict[str, Value]] = Field(default_factory=dict, max_length=100)
    runs: str = Field(default="", max_length=_LONGEST)
    family: str = Field(default="", max_length=100)
    smoothing: float = Field(default=0.9, ge=0.0, le=0.999)
    knobs: dict[str, dict[str, Value]] = Field(default_factory=dict)
    unfolded: bool = False

    def with_values(self, **values: Any) -> Self:
        """A copy with some attributes changed; raises ValueError for what could not be read back."""
        return self.model_validate({**self.model_dump(), **values})

    def with_data(self, source: str) -> Self:
        """A copy in which `source` is the last used one and the first of the recent ones."""
        if not can_be_kept(source):
            return self
        others = tuple(known for known in self.recent if known != source)
        return self.with_values(data=source, recent=(source, *others)[:RECENT])


def can_be_kept(source: str) -> bool:
    """False for a path that is too long, or whose bytes are no text, so that JSON cannot hold it."""
    return len(source) <= _LONGEST and not any("\ud800" <= letter <= "\udfff" for letter in source)


def settings_file() -> Path:
    """Where the settings are kept."""
    return folders.config_folder() / "settings.json"


def runs_folder(chosen: str = "") -> Path:
    """Where runs are kept: `chosen` if given, else the usual folder."""
    return Path(chosen) if chosen else folders.runs_folder()


def load() -> tuple[Settings, str | None]:
    """The settings of the last session and, when something was wrong with them, a sentence to show.

    A damaged file is copied to ``settings.json.bad`` and the last good copy is used; `save` replaces it.
    """
    path = settings_file()
    if not path.exists():
        return Settings(), None
    try:
        return _read(path), None
    except OSError as error:
        return Settings(), f"The settings in {path} cannot be read ({error.strerror}); GenStudio uses its defaults."
    except ValueError:  # not UTF-8, not JSON, not ours
        return _recover(path)


def _read(path: Path) -> Settings:
    if path.stat().st_size > _LARGEST:
        raise ValueError("not a settings file: too large")
    return Settings.model_validate_json(path.read_bytes())


def _recover(path: Path) -> tuple[Settings, str]:
    bad = path.with_name(path.name + ".bad")
    kept = f"the damaged file is kept as {bad}"
    try:
        shutil.copyfile(path, bad)
    except OSError as error:
        kept = f"the damaged file could not be copied ({error.strerror})"
    with contextlib.suppress(OSError, ValueError):
        return _read(_good(path)), f"The settings in {path} were damaged: the last good ones are used, {kept}."
    return Settings(), f"The settings in {path} were damaged: GenStudio starts with its defaults, {kept}."


def _good(path: Path) -> Path:
    return path.with_name("settings.good.json")


def save(settings: Settings) -> None:
    """Write the settings, and then a second copy: at each instant one of them is whole.

    Raises
    ------
    WorkError
        When the folder cannot be written; the settings of the session go on to work.
    """
    path = settings_file()
    data = settings.model_dump_json(indent=2).encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, data)
        atomic.write_bytes(_good(path), data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WorkError(
            f"The settings cannot be saved to {path} ({reason}): free some space or make the folder writable."
        ) from error
