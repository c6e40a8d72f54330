"""Tells at the next start that the last session ended in a crash, and keeps where in the program it was."""

from __future__ import annotations

import contextlib
import faulthandler
import os
from pathlib import Path
from typing import TextIO

import psutil


class CrashLog:
    """While open, a crash of the process leaves the stacks of all threads in ``crash-<pid>.log``.

    Parameters
    ----------
    folder : Path
        Where crash logs are kept; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"crash-{os.getpid()}.log"
        self._file: TextIO | None = None

    def open(self) -> str | None:
        """Start watching; a sentence to show when an earlier session crashed or the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            crashed = self._collect()
            self._file = self._path.open("w", encoding="utf-8")
        except OSError as error:
            return f"Crashes are not recorded: {self._folder} cannot be written ({error.strerror})."
        faulthandler.enable(self._file, all_threads=True)
        if crashed is None:
            return None
        return f"The last session of GenStudio crashed; where it happened is in {crashed}."

    def close(self) -> None:
        """Stop watching and remove the log: this session ended well."""
        if self._file is None:
            return
        faulthandler.disable()
        self._file.close()
        self._file = None
        with contextlib.suppress(OSError):  # an empty one left behind is removed at the next start
            self._path.unlink(missing_ok=True)

    def _collect(self) -> Path | None:
        """Move what crashed sessions left into ``last-crash.log``; None when there was nothing."""
        kept = self._folder / "last-crash.log"
        crashed = False
        for path in sorted(self._folder.glob("crash-*.log")):
            pid = path.stem.partition("-")[2]
            if pid != str(os.getpid()) and pid.isdecimal() and psutil.pid_exists(int(pid)):
                continue  # another window is open
            if path.stat().st_size:
                path.replace(kept)
                crashed = True
            else:  # killed or power lost: no crash of ours
                path.unlink()
        return kept if crashed else None
