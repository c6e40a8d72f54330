"""Which column of a table is what: pictures, sounds, text, label, part and group, named by a person or guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genstudio.core.errors import InputError
from genstudio.data.items import split_called

Role = Literal["image", "audio", "text", "label", "split", "group"]
ROLES: tuple[Role, ...] = ("image", "audio", "text", "label", "split", "group")

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc")
_SOUND_STARTS = (b"fLaC", b"OggS", b"ID3", b"FORM", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")

# names that people give to such columns, the most telling first
NAMES: dict[Role, tuple[str, ...]] = {
    "text": ("caption", "text", "sentence", "description", "title", "content", "review"),
    "label": ("label", "class", "category", "target", "y"),
    "split": ("split", "part", "subset"),
    "group": ("pair_group", "group", "speaker", "subject"),
}
_SHARE = 0.8  # of the cells that must agree for a guess
_FILLED = 0.9  # of the cells that a guessed text must fill where it goes with something else
_EMPTY = frozenset(("", "nan", "null", "na", "n/a", "none"))


@dataclass(frozen=True, slots=True)
class Media:
    """A cell of bytes, or of a name, or both, as Hugging Face's data sets have them."""

    data: bytes | None
    path: str | None


Cell = str | bytes | int | float | Media | None
Hint = Literal["image", "audio", "label"]


@dataclass(frozen=True, slots=True)
class Roles:
    """The column that plays each role, None when none does, and what a person should know of the choice."""

    image: str | None = None
    audio: str | None = None
    text: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None
    notes: tuple[str, ...] = ()

    def used(self) -> dict[Role, str]:
        """Role to column, of those that are played."""
        return {role: column for role in ROLES if (column := getattr(self, role)) is not None}


def find_roles(
    name: str,
    sample: Mapping[str, Sequence[Cell]],
    choice: Mapping[str, str],
    is_file: Callable[[str], bool] = lambda cell: False,
    hints: Mapping[str, Hint] | None = None,
) -> Roles:
    """Say which column is what.

    Parameters
    ----------
    name : str
        File name, for sentences.
    sample : mapping of column to cells
        Of the first rows; every column of the table is in it.
    choice : mapping of role to column
        What a person chose; an empty name means that no column plays the role. Other roles are guessed.
    is_file : function
        Whether a cell names a file that is there, for names without a known ending.
    hints : mapping of column to role, optional
        What the table itself says.

    Raises
    ------
    InputError
        For an unknown role or column (the sentence lists those there are), or when nothing can be learned from.
    """
    check_choice(name, tuple(sample), choice)
    free = {c: [x for x in cells if not is_empty(x)] for c, cells in sample.items() if c not in choice.values()}
    roles, notes = _media(name, free, choice, is_file, hints or {})
    _rest(roles, sample, free, choice, hints or {})
    if not {"image", "audio", "text"} & set(roles):
        raise InputError(
            f"{name} has no column of pictures, sounds or text that is plain to see: name one, as in "
            f"“{name}#image=COLUMN”. Its columns are {listed(tuple(sample))}."
        )
    return Roles(*(roles.get(role) for role in ROLES), notes=tuple(notes))


def check_choice(name: str, columns: Sequence[str], choice: Mapping[str, str]) -> None:
    """Raise `InputError` when a role or column is not known; the sentence lists those that are."""
    for role, column in choice.items():
        if role not in ROLES:
            raise InputError(
                f"“{role}” is not a role of a column of {name}: the roles are {', '.join(ROLES)}; "
                f"the columns are {listed(columns)}."
            )
        if column and column not in columns:
            raise InputError(f"{name} has no column “{column}”: its columns are {listed(columns)}.")


def listed(columns: Sequence[str], most: int = 20) -> str:
    """Column names in a sentence, not thousands of them."""
    names = [column if len(column) <= 60 else f"{column[:60]}…" for column in columns[:most]]
    return ", ".join(names) + (f" and {len(columns) - most:,} more" if len(columns) > most else "")


def is_empty(cell: Cell) -> bool:
    """Whether a cell holds nothing: null, NaN, no bytes and no name, or one of the words that stand for that."""
    if isinstance(cell, Media):
        return not cell.data and not cell.path
    if isinstance(cell, str):
        return len(cell) < 8 and cell.strip().lower() in _EMPTY
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or (isinstance(cell, bytes) and not cell)


# --- guesses --------------------------------------------------------------------------------------------


def _media(
    name: str,
    free: Mapping[str, Sequence[Cell]],
    choice: Mapping[str, str],
    is_file: Callable[[str], bool],
    hints: Mapping[str, Hint],
) -> tuple[dict[Role, str], list[str]]:
    """Columns of pictures and sounds, and a note where several could be meant."""
    roles: dict[Role, str] = {}
    notes: list[str] = []
    kinds = {column: hints.get(column) or media_kind(cells, is_file) for column, cells in free.items()}
    words: dict[Role, str] = {"image": "pictures", "audio": "sounds"}
    for role, word in words.items():
        found = [column for column, kind in kinds.items() if kind == role]
        if role in choice:
            if choice[role]:
                roles[role] = choice[role]
        elif found:
            roles[role] = found[0]
            if len(found) > 1:
                others = "other columns have" if len(found) > 2 else "another column has"
                notes.append(
                    f"The {word} are those of column “{found[0]}”; {others} some too: {listed(found[1:])}. "
                    f"Choose with “{name}#{role}={found[1]}”."
                )
    return roles, notes


def _rest(
    roles: dict[Role, str],
    sample: Mapping[str, Sequence[Cell]],
    free: Mapping[str, Sequence[Cell]],
    choice: Mapping[str, str],
    hints: Mapping[str, Hint],
) -> None:
    """Add the other roles to those of pictures and sounds; no column is guessed to play two."""
    taken, with_media = set(roles.values()), bool(roles)
    size = max((len(cells) for cells in sample.values()), default=0)
    order: tuple[Role, ...] = ("split", "group", "label", "text")
    for role in order:
        if role in choice:
            column = choice[role] or None
        else:
            left = {column: cells for column, cells in free.items() if column not in taken}
            column = _guessed(role, left, size, with_media, hints)
        if column is not None:
            roles[role] = column
            taken.add(column)


def media_kind(cells: Sequence[Cell], is_file: Callable[[str], bool]) -> Literal["image", "audio"] | None:
    """What most of the cells hold or name, None when it is neither pictures nor sounds."""
    votes = [_vote(cell) for cell in cells]
    for kind in ("image", "audio"):
        if votes and votes.count(kind) >= _SHARE * len(votes):
            return kind
    named = [cell for cell in cells[:20] if isinstance(cell, str) and 0 < len(cell) < 300]
    if named and len(named) == len(cells[:20]) and sum(map(is_file, named)) >= _SHARE * len(named):
        return "image"  # content decides later
    return None


def _vote(cell: Cell) -> Literal["image", "audio"] | None:
    if isinstance(cell, Media):
        return _vote(cell.data or cell.path) or "image"  # content decides later
    if isinstance(cell, bytes):
        sound = cell.startswith(_SOUND_STARTS) or (cell[:4] == b"RIFF" and cell[8:12] == b"WAVE")
        return "audio" if sound else "image"
    if not isinstance(cell, str) or "\n" in cell[:1000]:
        return None
    ending = cell[-8:].strip().lower()
    return "image" if ending.endswith(IMAGE_SUFFIXES) else "audio" if ending.endswith(AUDIO_SUFFIXES) else None


def _guessed(
    role: Role, free: Mapping[str, Sequence[Cell]], size: int, with_media: bool, hints: Mapping[str, Hint]
) -> str | None:
    """The column that most probably plays a role."""
    if role == "label" and (known := [column for column in free if hints.get(column) == "label"]):
        return known[0]
    columns = [column for column, cells in free.items() if _fits(role, cells)]
    if role == "text" and with_media:
        columns = [column for column in columns if len(free[column]) >= _FILLED * size]
    for wanted in NAMES[role]:
        for column in columns:
            if column.strip().lower() in (wanted, f"{wanted}s"):
                return column
    for wanted in NAMES[role]:
        for column in columns:
            if len(wanted) > 1 and wanted in re.split(r"[^a-z]+", column.lower()):
                return column
    if role != "text" or with_media or not columns:
        return None
    return max(columns, key=lambda column: sum(len(str(cell)) for cell in free[column]))


def _fits(role: Role, cells: Sequence[Cell]) -> bool:
    """Whether what is in a column can play a role, whatever its name."""
    if not cells or any(isinstance(cell, bytes | Media) for cell in cells):
        return False
    if role == "split":
        return sum(split_called(str(cell)) is not None for cell in cells) >= _SHARE * len(cells)
    if role == "label":
        return all(is_label(cell) for cell in cells)
    if role == "text":
        return all(isinstance(cell, str) for cell in cells) and not all(_is_number(str(cell)) for cell in cells)
    return True


def is_label(cell: Cell) -> bool:
    """Whether a cell can be the name of a class: a short word or a whole number, not a fraction or a long text."""
    if isinstance(cell, str):
        return len(cell) <= 200 and (not _is_number(cell) or float(cell).is_integer())
    return isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer())


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
