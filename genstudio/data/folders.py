"""Folders as listings: everything below is looked at once, whatever hostile or broken things lie in between."""

from __future__ import annotations

import os
import stat
from collections import deque
from pathlib import Path

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import archives
from genstudio.data.grouping import arrange
from genstudio.data.items import Listing, Watch
from genstudio.data.tree import Entry, Pace, Tree, hidden, shown, uncollected

_SPECIAL = {
    stat.S_IFIFO: "is a named pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}


def listing(path: Path, source: str, config: DataConfig, watch: Watch) -> Listing:
    """Everything that a folder and its sub-folders hold, zip archives in it included.

    Parameters
    ----------
    source : str
        What a person named, for messages.
    watch : Watch
        Told at most ten times a second; `Cancelled` passes through.

    Raises
    ------
    InputError
        When it cannot be read, has more than 5 million files, or holds nothing that can be used.
    """
    tree = Tree(Pace(watch, "looking through the folder", source))
    with uncollected():
        try:
            root = path.resolve()
            Walk(tree).run(root)
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
            reason = getattr(error, "strerror", None) or "its links lead in a circle"
            raise InputError(f"“{source}” cannot be read: {reason}.") from None
        return arrange(tree, source, shown(root.name) or source, config)


class Walk:
    """One look through a folder, without recursion: a deep tree costs no stack.

    Links to folders are followed last, so that a real folder is never taken for a second visit of itself.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.visited: set[tuple[int, int]] = set()
        self.folders: deque[tuple[str, str]] = deque()  # (path, name)
        self.links: deque[tuple[str, str]] = deque()

    def run(self, root: Path) -> None:
        """Look through `root`; raises OSError when it cannot be opened itself."""
        for above in root.parents:  # a link to one of them would lead back here
            self._is_new(os.fspath(above))
        self._is_new(os.fspath(root))
        self._look(os.fspath(root), "")
        while self.folders or self.links:
            if self.folders:
                path, name = self.folders.pop()
            else:
                path, name = self.links.popleft()
                if not self._is_new(path):
                    self.tree.reject(name, "is a link back to a folder that is read already")
                    continue
            try:
                self._look(path, name)
            except OSError as error:
                self.tree.reject(name, f"is a folder that cannot be read: {error.strerror or error}")

    def _is_new(self, path: str) -> bool:
        """Whether this folder was not visited under any name; False as well when it cannot be asked."""
        try:
            facts = Path(path).stat()
        except OSError:
            return True  # said with its reason when it is opened
        identity = (facts.st_dev, facts.st_ino)
        new = identity not in self.visited
        self.visited.add(identity)
        return new

    def _look(self, path: str, folder: str) -> None:
        with os.scandir(path) as entries:
            for entry in entries:
                self.tree.count()
                if hidden(entry.name):
                    continue
                name = f"{folder}/{shown(entry.name)}" if folder else shown(entry.name)
                try:
                    self._take(entry, name)
                except OSError as error:
                    link = "is a link that leads nowhere" if entry.is_symlink() else "cannot be looked at"
                    self.tree.reject(name, f"{link}: {error.strerror or error}")

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        facts = entry.stat()
        if stat.S_ISDIR(facts.st_mode):
            if entry.is_symlink():
                self.links.append((entry.path, name))
            elif self._is_new(entry.path):
                self.folders.append((entry.path, name))
            else:
                self.tree.reject(name, "is a link back to a folder that is read already")  # a junction or a mount
        elif not stat.S_ISREG(facts.st_mode):
            self.tree.reject(name, _SPECIAL.get(stat.S_IFMT(facts.st_mode), "is not a plain file"))
        elif entry.name.lower().endswith(".zip"):
            self._open_archive(entry.path, name)
        else:
            self.tree.entries.append(Entry(name, entry.path, facts.st_size, facts.st_mtime_ns))

    def _open_archive(self, path: str, name: str) -> None:
        """Read an archive like a sub-folder; one that cannot be read does not spoil the rest."""
        try:
            archives.scan(Path(path), self.tree, name[: -len(".zip")])
        except archives.UnreadableError as error:
            self.tree.reject(name, f"cannot be read: {error}")
