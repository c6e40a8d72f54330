"""Names to classes, imported when asked for: the window lists families before torch is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Generic, TypeVar

from genstudio.core.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a class lives and what a person should know before it is loaded."""

    module: str
    qualname: str
    title: str
    summary: str


class Registry(Generic[T]):
    """A mapping from name to class; `noun` ("family") is the word for its messages."""

    def __init__(self, noun: str, entries: Mapping[str, Entry]) -> None:
        self._noun = noun
        self._entries = dict(entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def entry(self, name: str) -> Entry:
        """What is known of `name` without importing it; raises `InputError` for an unknown name."""
        if name not in self._entries:
            raise InputError(f"There is no {self._noun} “{name}”; there are {', '.join(self._entries)}.")
        return self._entries[name]

    def load(self, name: str) -> type[T]:
        """Import and return the class; raises `InputError` for an unknown name."""
        entry = self.entry(name)
        return getattr(import_module(entry.module), entry.qualname)
