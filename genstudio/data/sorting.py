"""What each file of a tree is, and which files belong together: a picture with its caption, a sound with its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genstudio.data import sniff
from genstudio.data.items import Kind, split_called
from genstudio.data.tree import Entry, Tree, read

#: Suffixes that are taken at their word; the decoder looks at the content of each later.
SUFFIXES: Mapping[str, Kind] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"), "audio"),
    ".txt": "text",
}
KINDS: tuple[Kind, ...] = ("image", "audio", "text")
_TABLES = (".csv", ".tsv")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
# text, but about the data; their content would pass for sentences
_ABOUT = re.compile(
    "[.](md|rst|jsonl?|xml|ya?ml|toml|ini|cfg|html?|css|js|py|ipynb|sh|bat|log|tex|bib|pdf|docx?|xlsx?|pptx?|rtf|db|"
    "sqlite|licen[cs]e|lock|sha256|md5)"
)
_NOTE = re.compile(
    "(readme.*|licen[cs]es?|copying|notice|authors|contributors|changelog|changes|contributing|citation|"
    "attributions?|credits|makefile|dockerfile)",
    re.IGNORECASE,
)
_NAMES: Mapping[Kind, tuple[str, str, str]] = {
    "image": ("a picture", "pictures", "picture"),
    "audio": ("a sound", "sounds", "sound"),
    "text": ("text", "texts", "text"),
}


@dataclass(slots=True)
class Sorted:
    """Files by what they are, each in natural order."""

    kinds: dict[Kind, list[Entry]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    tables: list[Entry] = field(default_factory=list)
    lists: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Joined:
    """The items: the file that gives each its name, and the files of other kinds beside them by stem."""

    kind: Kind
    mains: list[Entry]
    beside: dict[Kind, dict[str, Entry]] = field(default_factory=dict)

    def used(self) -> Iterable[Entry]:
        """Every file that takes part."""
        yield from self.mains
        for entries in self.beside.values():
            yield from entries.values()


def stem_of(name: str) -> str:
    """The name without its suffix, folders kept; a name that begins with its only dot has none."""
    folder, slash, base = name.rpartition("/")
    stem, dot, _ = base.rpartition(".")
    return f"{folder}{slash}{stem}" if dot and stem else name


def suffix_of(name: str) -> str:
    """The suffix in lower case with its dot; empty without one."""
    return name[len(stem_of(name)) :].lower()


def sort_out(tree: Tree) -> Sorted:
    """Tell pictures, sounds, texts, tables and lists of parts apart; what is none of them is rejected."""
    tree.finish()
    result = Sorted()
    for entry in tree.entries:
        tree.pace(tree.seen)
        suffix = suffix_of(entry.name)
        kind = SUFFIXES.get(suffix)
        if kind is None or kind == "text":
            kind = _other(entry, suffix, tree, result)
        elif entry.size == 0:
            tree.reject(entry.name, "is empty")
            continue
        if kind is not None:
            result.kinds[kind].append(entry)
    return result


def _other(entry: Entry, suffix: str, tree: Tree, result: Sorted) -> Kind | None:
    """The kind of a text file or of one whose suffix says nothing, None when it is dealt with already."""
    base = stem_of(entry.name).rpartition("/")[2]
    reason = None
    if suffix in _TABLES and entry.size:
        result.tables.append(entry)
        return None
    if entry.size == 0:
        reason = "is empty"
    elif suffix in _ARCHIVES:
        within = "an archive within an archive" if entry.member else "an archive of a kind that is not opened"
        reason = f"is {within}: unpack it first"
    elif _ABOUT.fullmatch(suffix) or (suffix in ("", ".txt") and _NOTE.fullmatch(base)):
        reason = "is about the data, not a picture, sound or text to learn from"
    elif suffix == ".txt":
        if split_called(base) is not None:
            result.lists.append(entry)
            return None
        return "text"
    if reason is not None:
        tree.reject(entry.name, reason)
        return None
    return _look(entry, tree)


def _look(entry: Entry, tree: Tree) -> Kind | None:
    """The kind by the first bytes."""
    try:
        found = sniff.sniff(read(entry, sniff.HEAD), entry.name)
    except OSError as error:
        tree.reject(entry.name, f"cannot be read: {error.strerror or error}")
        return None
    kind = sniff.kind_of(found)
    if kind is None:
        tree.reject(entry.name, sniff.explain(found, entry.name))
    return kind


def join(found: Sorted, tree: Tree) -> Joined:
    """Decide which kind the items are of, and give them the files of the same name beside them.

    The kind is the more frequent one of pictures and sounds, texts only where there are neither. Another kind
    joins when at least half of the items have a file of it; else all its files are rejected.
    """
    media: tuple[Kind, ...] = ("image", "audio")
    kind: Kind = max(media, key=lambda each: len(found.kinds[each]))
    if not found.kinds[kind]:
        kind = "text"
    joined = Joined(kind, found.kinds[kind])
    others: list[Kind] = [other for other in KINDS if other != kind and found.kinds[other]]
    stems = {stem_of(entry.name) for entry in joined.mains} if others else set()
    for other in others:
        _join_kind(joined, other, found.kinds[other], stems, tree)
    return joined


def _join_kind(joined: Joined, other: Kind, entries: list[Entry], stems: set[str], tree: Tree) -> None:
    names, _, single = _NAMES[joined.kind][1], None, _NAMES[joined.kind][2]
    beside: dict[str, Entry] = {}
    spare: list[tuple[Entry, str]] = []
    for entry in entries:
        tree.pace(tree.seen)
        stem = stem_of(entry.name)
        if stem not in stems:
            spare.append((entry, f"has no {single} of the same name beside it"))
        elif stem in beside:
            spare.append((entry, f"is {_NAMES[other][0]} of the same name as {beside[stem].name.rpartition('/')[2]}"))
        else:
            beside[stem] = entry
    if 2 * len(beside) >= len(stems):
        joined.beside[other] = beside
    else:
        reason = f"is text, not a {single}" if other == "text" else f"is {_NAMES[other][0]} among {names}"
        spare = [(entry, reason) for entry in entries]
    for entry, reason in spare:
        tree.reject(entry.name, reason)
