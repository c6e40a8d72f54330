"""Files that a table names: they lie in its folder or in the one archive beside it, and nowhere else."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genstudio.core.errors import InputError
from genstudio.data.items import Blob, Rejected, Watch

if TYPE_CHECKING:
    from genstudio.data.tree import Entry

_LONGEST_PATH = 1000
_MOST_FOLDERS = 200  # sub-folders tried for names without one
_TRIED = 20
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Beside:
    """Finds files by the cells of a table.

    Parameters
    ----------
    folder : Path
        Nothing outside is ever named, whatever a cell or a link says.
    source : str
        For progress and sentences.
    absolute : bool
        Full paths are looked up too, as libraries write them, if they lead into the folder.
    archive : bool
        Whether a zip archive in the folder may hold the files, when it is the only one.
    """

    def __init__(self, folder: Path, source: str, watch: Watch, absolute: bool = False, archive: bool = True) -> None:
        self.root, self._given = os.path.realpath(folder), os.path.normpath(folder.absolute())
        self.stamp = hashlib.sha256()
        self._rejected: list[Rejected] = []
        self._archive_used = False
        self._source, self._watch, self._absolute, self._archive = source, watch, absolute, archive
        self._members: dict[str, Entry] | None = None
        self._prefixes = [""]

    @property
    def rejected(self) -> list[Rejected]:
        """What of the archive cannot be used, if the table needs that archive at all."""
        return self._rejected if self._archive_used or not self._members else []

    def settle(self, cells: Sequence[str]) -> None:
        """Find the sub-folder, of the folder or the archive, that the names of these cells leave out."""
        names = [name for cell in cells[:_TRIED] if not isinstance(name := self._relative(cell), Rejected)]
        if not names or any(self._lookup(name) is not None for name in names):
            return
        tops = [
            *self._folders(),
            *dict.fromkeys(member.split("/", 1)[0] for member in self._zipped() if "/" in member),
        ]

        def count(top: str) -> int:
            return sum(self._lookup(f"{top}/{name}") is not None for name in names)

        best = max(tops[: 2 * _MOST_FOLDERS], key=count, default="")
        if best and count(best):
            self._prefixes.append(f"{best}/")

    def has(self, cell: str) -> bool:
        """Whether a cell names a file that can be used."""
        return isinstance(self.find(cell, seal=False)[1], Blob)

    def find(self, cell: str, seal: bool = True) -> tuple[str, Blob | str]:
        """The file that a cell names.

        Returns
        -------
        name : str
            The path within the folder, with "/" between folders; the cell itself when there is no file.
        blob or reason : Blob or str
            Where the bytes lie, or what is wrong, in words that go on after a name.
        """
        name = self._relative(cell)
        if isinstance(name, Rejected):
            return name.file, name.reason
        found = next((f for prefix in self._prefixes if (f := self._lookup(prefix + name)) is not None), None)
        if found is None:
            where = f"“{Path(self.root).name}”" + (" or the archive beside the table" if self._zipped() else "")
            return name, f"is not in {where}"
        if isinstance(found, str):
            return name, found
        blob, mark = found
        if seal:
            self.stamp.update(f"{name}\0{mark}\0".encode("utf-8", "surrogatepass"))
        return name, blob

    def _relative(self, cell: str) -> str | Rejected:
        """The path that a cell means, if it stays within the folder."""
        from genstudio.data.tree import brief

        name = cell.strip().replace("\\", "/")
        if len(name) > _LONGEST_PATH:
            reason = f"is a path of {len(name):,} characters, more than {_LONGEST_PATH:,}"
        elif _CONTROL.search(name):
            reason = "has characters that no path has"
        elif "://" in name:
            reason = "is an address on the net: nothing is downloaded, so get the files first"
        elif ".." in name.split("/"):
            reason = "leads out of the table's folder: put the files beside the table"
        elif name.startswith("/") or _DRIVE.match(name):
            if self._absolute and (inside := self._inside(cell)):
                return inside
            reason = "is an absolute path: name files by where they lie from the table's folder"
        else:
            name = "/".join(part for part in name.split("/") if part not in ("", "."))
            return name or Rejected("", "names no file")
        return Rejected(brief(name), reason)

    def _inside(self, cell: str) -> str | None:
        """A full path as one relative to the folder, None when it lies elsewhere."""
        full = os.path.normpath(cell.strip())
        for root in (self.root, self._given):
            try:
                parts = os.path.relpath(full, root).replace("\\", "/").split("/")
            except ValueError:  # another drive
                continue
            if ".." not in parts:
                return "/".join(parts)
        return None

    def _lookup(self, name: str) -> tuple[Blob, str] | str | None:
        """(blob, what changes with its content) of a path, a reason, or None when there is nothing."""
        try:
            real = os.path.realpath(f"{self.root}/{name}")
            facts = Path(real).stat()
        except (OSError, ValueError):
            entry = self._zipped().get(name)
            if entry is None:
                return None
            self._archive_used = True
            return entry.blob(), f"{entry.size} {entry.mark}"
        if not real.startswith(self.root.rstrip(os.sep) + os.sep):
            return "is a link that leads out of the table's folder"
        if not stat.S_ISREG(facts.st_mode):
            return "is not a file"
        return Blob(real), f"{facts.st_size} {facts.st_mtime_ns}"

    def _zipped(self) -> dict[str, Entry]:
        """Members of the only archive in the folder, read when first asked for."""
        if self._members is None:
            self._members = {}
            archives = self._listed(".zip") if self._archive else []
            if len(archives) == 1:
                self._members = self._scan(Path(self.root) / archives[0])
        return self._members

    def _scan(self, path: Path) -> dict[str, Entry]:
        from genstudio.data.archives import scan
        from genstudio.data.tree import Pace, Tree

        tree = Tree(Pace(self._watch, "looking through the archive", self._source), archive=True)
        try:
            scan(path, tree)
        except InputError as error:
            self._rejected.append(Rejected(path.name, f"beside the table cannot be used: {error}"))
        self._rejected.extend(tree.rejected)
        return {entry.name: entry for entry in tree.entries}

    def _folders(self) -> list[str]:
        return self._listed("", folders=True)[:_MOST_FOLDERS]

    def _listed(self, ending: str, folders: bool = False) -> list[str]:
        """Names in the folder: its archives, or its sub-folders."""
        try:
            with os.scandir(self.root) as entries:
                names = [e.name for e in entries if e.name.lower().endswith(ending) and e.is_dir() == folders]
        except OSError:
            return []
        return sorted(names)
