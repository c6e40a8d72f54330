"""Files that say something of others: tables with captions, labels and parts, and lists of what is in a part."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from genstudio.core.errors import InputError
from genstudio.data.csvfile import Table, parse_csv
from genstudio.data.items import Rejected, Split, split_called
from genstudio.data.roles import NAMES
from genstudio.data.sorting import stem_of
from genstudio.data.tree import Entry, Tree, order, read

#: Names of columns, the more telling ones first.
ROLES = {
    "text": ("caption", "text", "description", "sentence", "title"),
    "label": ("label", "class", "category", "target"),
    "split": NAMES["split"],
    "group": NAMES["group"],
}
_ROLE_NAMES = frozenset(name for names in ROLES.values() for name in names)
_FIRST = ("metadata", "captions", "labels")
_MOST_TABLES = 64
_MOST_BYTES = 64 << 20
_MOST_PATH_COLUMNS = 50


@dataclass(slots=True)
class Given:
    """What was said of items, by their index; the first to say something is believed."""

    texts: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    splits: dict[int, Split] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    used: list[Entry] = field(default_factory=list)


class Lookup:
    """Finds items by what a table or list calls them.

    Parameters
    ----------
    names : sequence of str
        Full names. Each is found by itself, and without its suffix, its folder or both where that is unique.
    tick : callable
        Called now and then; may raise `Cancelled`.
    """

    def __init__(self, names: Sequence[str], tick: Callable[[], None]) -> None:
        self.tick = tick
        self.count = len(names)
        self._above = _folders_above(names)
        self._bases = [_plain(name.rpartition("/")[2]) for name in names]
        self._places = {_plain(name): i for i, name in enumerate(names)}
        shorter: tuple[Callable[[str], str], ...] = (stem_of, _base, lambda name: stem_of(_base(name)))
        for shorten in shorter:
            layer: dict[str, int] = {}
            for i, name in enumerate(names):
                tick()
                key = _plain(shorten(name))
                layer[key] = -1 if key in layer else i
            for key, i in layer.items():
                if i >= 0:
                    self._places.setdefault(key, i)

    def find(self, cell: str, folder: str) -> int:
        """Index of the item that `cell` of a file in `folder` means; -1 for none."""
        name = _plain(cell.strip().replace("\\", "/")).removeprefix("./")
        for base in (folder, *self._above):  # beside the file first, then where all items lie
            place = self._places.get(f"{base}/{name}" if base else name, -1)
            if place >= 0:
                return place
        return -1

    def exact(self, cell: str, place: int) -> bool:
        """Whether `cell` has the name of the file to the letter, its suffix included."""
        return _base(_plain(cell.strip().replace("\\", "/"))) == self._bases[place]


def _plain(name: str) -> str:
    """One form for letters that can be written in two, as macOS and the rest of the world do."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _folders_above(names: Sequence[str]) -> list[str]:
    """The folders that hold all names, the deepest first and "" last; the least and the largest string tell."""
    folders = [name.rpartition("/")[0].split("/") for name in (min(names, default=""), max(names, default=""))]
    shared = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(*folders, strict=False)) if a]
    return [_plain("/".join(shared[:i])) for i in range(len(shared), -1, -1)]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _folder(entry: Entry) -> str:
    return _plain(entry.name.rpartition("/")[0])


# --- tables --------------------------------------------------------------------------------------------


def apply_tables(tables: Sequence[Entry], lookup: Lookup, tree: Tree, given: Given) -> None:
    """Read the tables that name items; the others are rejected with the reason."""
    ranked = sorted(tables, key=lambda entry: (stem_of(_base(entry.name)).lower() not in _FIRST, order(entry.name)))
    for entry in ranked[_MOST_TABLES:]:
        tree.reject(entry.name, "is a table, not a picture, sound or text")
    for entry in ranked[:_MOST_TABLES]:
        reason = _apply_table(entry, lookup, tree, given)
        if reason is None:
            given.used.append(entry)
        else:
            tree.reject(entry.name, reason)


def _apply_table(entry: Entry, lookup: Lookup, tree: Tree, given: Given) -> str | None:
    """Why the table is of no use, None when it was used."""
    try:
        if entry.size > _MOST_BYTES:
            return f"is a table of {entry.size / 2**20:,.0f} MB; one beside its files may have {_MOST_BYTES >> 20}"
        table = parse_csv(read(entry, _MOST_BYTES + 1), entry.name)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except InputError as error:
        return f"is a table that cannot be read: {error}"
    columns = _path_columns(table, lookup, _folder(entry))
    if not columns:
        return "is a table that names none of the files here, or too few of them"
    roles = {role: _column(table, names) for role, names in ROLES.items()}
    if all(column is None for column in roles.values()):
        return "is a table without a column called caption, text, label, split or group"
    _attach(table, columns, roles, given)
    tree.rejected.extend(Rejected(f"{entry.name}, {each.file}", each.reason) for each in table.rejected)
    return None


def _column(table: Table, names: Sequence[str]) -> int | None:
    """Index of the first column with one of these names, in their order."""
    there = {name.strip().lower(): i for i, name in reversed(list(enumerate(table.columns)))}
    return next((there[name] for name in names if name in there), None)


def _path_columns(table: Table, lookup: Lookup, folder: str) -> list[list[int]]:
    """Of each column whose cells name items, the item of each row (-1 for none).

    They have to be found in half of the rows, or be half of the items. Numbers that happen to be file names as
    well are told from real names by the suffix, and by how many different items they name.
    """
    found: list[tuple[list[int], bool, int]] = []
    for i, name in enumerate(table.columns[:_MOST_PATH_COLUMNS]):
        if name.strip().lower() in _ROLE_NAMES:
            continue
        places: list[int] = []
        exact = 0
        for row in table.rows:
            lookup.tick()
            places.append(lookup.find(row[i], folder))
            exact += places[-1] >= 0 and lookup.exact(row[i], places[-1])
        hits, different = sum(place >= 0 for place in places), len({place for place in places if place >= 0})
        if hits and (2 * hits >= len(places) or 2 * different >= lookup.count):
            found.append((places, 2 * exact >= hits, different))
    if any(exact for _, exact, _ in found):
        found = [each for each in found if each[1]]
    most = max((different for *_, different in found), default=0)
    return [places for places, _, different in found if 2 * different >= most]


def _attach(table: Table, columns: list[list[int]], roles: dict[str, int | None], given: Given) -> None:
    def cell(row: tuple[str, ...], role: str) -> str:
        column = roles[role]
        return "" if column is None else row[column].strip()

    for i, row in enumerate(table.rows):
        text, label, group = cell(row, "text"), cell(row, "label"), cell(row, "group")
        split = split_called(cell(row, "split"))
        for place in {places[i] for places in columns if places[i] >= 0}:
            if text:
                given.texts.setdefault(place, text)
            if label:
                given.labels.setdefault(place, label)
            if group:
                given.groups.setdefault(place, group)
            if split is not None:
                given.splits.setdefault(place, split)


# --- lists of what is in a part --------------------------------------------------------------------------


def apply_lists(lists: Sequence[Entry], lookup: Lookup, given: Given) -> list[Entry]:
    """Read "train.txt" and the like, which list items line by line; returns those that do not."""
    left: list[Entry] = []
    for entry in lists:
        split = split_called(stem_of(_base(entry.name)))
        places = _listed(entry, lookup)
        if split is None or not places:
            left.append(entry)
            continue
        given.used.append(entry)
        for place in places:
            given.splits.setdefault(place, split)
    return left


def _listed(entry: Entry, lookup: Lookup) -> list[int]:
    """Items on the lines; none when less than half of the lines are items."""
    if entry.size > _MOST_BYTES:
        return []
    try:
        text = read(entry, _MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []  # it is treated as the text that it may be, and explained there
    lines = [line for line in text.splitlines() if line.strip()]
    places: list[int] = []
    for line in lines:
        lookup.tick()
        places.append(lookup.find(line, _folder(entry)))
    hits = [place for place in places if place >= 0]
    return hits if 2 * len(hits) >= len(lines) else []
