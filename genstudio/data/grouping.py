"""From files to items: labels, parts and groups out of folders, names, lists and tables."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NoReturn

from genstudio.core.data_config import DataConfig, Group, Labels
from genstudio.core.errors import InputError
from genstudio.data.items import Blob, Item, Kind, Listing, Split, split_called
from genstudio.data.sidecars import Given, Lookup, apply_lists, apply_tables
from genstudio.data.sorting import Joined, Sorted, join, sort_out, stem_of, suffix_of
from genstudio.data.tree import Entry, Tree, order

_PREFIX = re.compile("[^_-]+(?=[_-])")
_LAST_NUMBER = re.compile("(.*?)[ _.(-]*[0-9]+[)]?([^0-9]*)", re.DOTALL)
_MOST_PREFIXES = 1000
_MOST_FOLDERS = 10_000  # beyond that they are places to keep files, not classes
_PER_PREFIX = 4

#: Of a folder: the part that it stands for, and what is left of its name to tell classes apart.
Place = tuple[Split | None, str]


def arrange(tree: Tree, source: str, name: str, config: DataConfig) -> Listing:
    """Turn a tree into items.

    Parameters
    ----------
    tree : Tree
        Everything found; its rejected files are added to.
    source, name : str
        As in `Listing`.

    Raises
    ------
    InputError
        When there is nothing to learn from; says what was found instead, and what helps.
    Cancelled
        When the tree's watch raises it.
    """
    found = sort_out(tree)
    given = Given()
    joined = _with_sidecars(found, tree, given)
    if not joined.mains:
        _nothing(tree, source)
    items = _items(joined, given, config, tree)
    stamp = _stamp(tree, [*joined.used(), *given.used])
    rejected = sorted(tree.rejected, key=lambda each: order(each.file))
    return Listing(source=source, name=name, items=items, stamp=stamp, rejected=tuple(rejected))


def _with_sidecars(found: Sorted, tree: Tree, given: Given) -> Joined:
    """Join the files, and take from tables and lists what they say of them."""

    def tick() -> None:
        tree.pace(tree.seen)

    media = max((found.kinds["image"], found.kinds["audio"]), key=len)
    mains = media or found.kinds["text"]
    if found.tables or found.lists:
        lookup = Lookup([entry.name for entry in mains], tick)
        left = apply_lists(found.lists, lookup, given)
        if left:  # they list nothing, so they are texts like any others
            found.kinds["text"] = sorted([*found.kinds["text"], *left], key=lambda entry: order(entry.name))
            names = {entry.name for entry in left}
            found.lists = [entry for entry in found.lists if entry.name not in names]
        if left and not media:  # there are more items now: count them anew
            given.splits.clear()
            given.used.clear()
            return _with_sidecars(found, tree, given)
        apply_tables(found.tables, lookup, tree, given)
    return join(found, tree)


def _nothing(tree: Tree, source: str) -> NoReturn:
    where = "archive" if tree.archive else "folder"
    remedy = (
        f"name a{'n' if tree.archive else ''} {where} with pictures (PNG, JPEG ...), sounds (WAV, FLAC ...) "
        "or texts (.txt)."
    )
    if not tree.rejected:
        raise InputError(f"“{source}” is empty: {remedy}")
    suffixes = Counter(suffix_of(each.file) or "no suffix" for each in tree.rejected)
    kinds = ", ".join(f"{count:,} with {suffix}" for suffix, count in suffixes.most_common(3))
    files = "1 file" if len(tree.rejected) == 1 else f"{len(tree.rejected):,} files"
    first = min(tree.rejected, key=lambda each: order(each.file))
    raise InputError(
        f"“{source}” holds nothing to learn from, only {files} that cannot be used ({kinds}); "
        f"{first.file} {first.reason}. Instead, {remedy}"
    )


def _items(joined: Joined, given: Given, config: DataConfig, tree: Tree) -> tuple[Item, ...]:
    names = [entry.name for entry in joined.mains]
    folders = _folders(names)
    places = parts_of(set(folders))
    if joined.kind == "text" and all(place[0] is None for place in places.values()):
        by_name = _parts_by_name(names)
    else:
        by_name = {}
    labels = _labels(names, [places[folder][1] for folder in folders], given, config.labels)
    groups = _groups(names, folders, given, config.group)
    items: list[Item] = []
    for i, entry in enumerate(joined.mains):
        tree.pace(tree.seen)
        stem = stem_of(entry.name) if joined.beside else ""
        blobs: dict[Kind, Blob] = {joined.kind: entry.blob()}
        for kind, beside in joined.beside.items():
            if stem in beside:
                blobs[kind] = beside[stem].blob()
        items.append(
            Item(
                name=entry.name,
                blobs=blobs,
                text=None if "text" in blobs else given.texts.get(i),
                label=labels[i],
                split=given.splits.get(i) or places[folders[i]][0] or by_name.get(i),
                group=groups[i],
            )
        )
    return tuple(items)


def _folders(names: Iterable[str]) -> list[str]:
    """The folder of each name; one string for all names of a folder."""
    known: dict[str, str] = {}
    return [known.setdefault(folder, folder) for folder in (name.rpartition("/")[0] for name in names)]


# --- parts -----------------------------------------------------------------------------------------------


def parts_of(folders: set[str]) -> dict[str, Place]:
    """What each folder says: its part where all top folders are parts, and the rest, without what all share.

    A single part says nothing: then everything is in it.
    """
    paths = {folder: folder.split("/") if folder else [] for folder in folders}
    shared = _shared(paths.values())
    paths = {folder: path[shared:] for folder, path in paths.items()}
    parts: dict[str, Split | None] = {f: split_called(path[0]) if path else None for f, path in paths.items()}
    if None in parts.values() or len(set(parts.values())) < 2:
        return {folder: (None, "/".join(path)) for folder, path in paths.items()}
    shared = _shared([path[1:] for path in paths.values()])
    return {folder: (parts[folder], "/".join(path[1 + shared :])) for folder, path in paths.items()}


def _shared(paths: Iterable[Sequence[str]]) -> int:
    """How many folders from the top all paths have in common."""
    paths = list(paths)
    count = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count


def _parts_by_name(names: Sequence[str]) -> dict[int, Split]:
    """Parts of texts called "train.txt", "test.txt" and so on, when all are called so."""
    known: dict[int, Split] = {}
    for i, name in enumerate(names):
        part = split_called(stem_of(name).rpartition("/")[2])
        if part is not None:
            known[i] = part
    return known if len(known) == len(names) and len(set(known.values())) > 1 else {}


# --- labels ----------------------------------------------------------------------------------------------


def _labels(names: Sequence[str], rests: Sequence[str], given: Given, mode: Labels) -> Sequence[str | None]:
    if mode == "auto":
        if given.labels:
            return [given.labels.get(i) for i in range(len(names))]
        different = {rest for rest in rests if rest}
        if 2 <= len(different) <= _MOST_FOLDERS:
            return [rest or None for rest in rests]
        return labels_by_name(names, strict=True)
    if mode == "folder":
        if any(rests):
            return [rest or None for rest in rests]
        return [name.rpartition("/")[0].rpartition("/")[2] or None for name in names]
    return labels_by_name(names, strict=False) if mode == "name" else [None] * len(names)


def labels_by_name(names: Sequence[str], strict: bool) -> list[str | None]:
    """The start of each file name up to the first "_" or "-".

    Parameters
    ----------
    strict : bool
        Only when it looks like a label: all names have one, there are 2 to 1,000 different ones, each is on two
        items at least, and on four on average; all None otherwise.
    """
    found = [_PREFIX.match(stem_of(name).rpartition("/")[2]) for name in names]
    labels = [match[0] if match else None for match in found]
    if strict:
        counts = Counter(labels)
        few = not 2 <= len(counts) <= _MOST_PREFIXES or len(labels) < _PER_PREFIX * len(counts)
        if few or None in counts or min(counts.values()) < 2:
            return [None] * len(names)
    return labels


# --- groups ----------------------------------------------------------------------------------------------


def _groups(names: Sequence[str], folders: Sequence[str], given: Given, mode: Group) -> Sequence[str | None]:
    if mode == "folder":
        return [folder or None for folder in folders]
    if mode == "name":
        return [without_last_number(stem_of(name).rpartition("/")[2]) for name in names]
    if mode == "given":
        return [given.groups.get(i) for i in range(len(names))]
    return [None] * len(names)


def without_last_number(stem: str) -> str:
    """The stem without its last number and what leads to it: "0_george_12" gives "0_george".

    A stem that is nothing but a number stands for itself.
    """
    match = _LAST_NUMBER.fullmatch(stem)
    return (match[1] + match[2] if match else stem) or stem


# --- stamp -----------------------------------------------------------------------------------------------


def _stamp(tree: Tree, entries: Iterable[Entry]) -> str:
    """A hash over names, sizes and times (in archives checksums) of all files that are used."""
    digest = hashlib.sha256()
    for seal in sorted(tree.seals):
        digest.update(f"{seal}\n".encode())
    for entry in entries:
        tree.pace(tree.seen)
        digest.update(f"{entry.name}\0{entry.size}\0{entry.mark}\n".encode())
    return digest.hexdigest()
