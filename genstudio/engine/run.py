"""The run directory: everything about one training, openable on any machine, with no code inside.

::

    RUN/run.json        what was trained and how far it is; carries its own checksum
        metrics.jsonl   one line an event
        samples/        galleries by step, PNG
        checkpoints/    step-000123/ ..., newest two kept
        tensorboard/    the same scalars and pictures for TensorBoard
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Gallery, State
from genstudio.engine import checkpoint as checkpoints
from genstudio.engine import metrics, pictures
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.document import Document, read_document, signed
from genstudio.engine.recovery import put_aside, recover_document

_KEEP = 2  # the last good checkpoint and the one before
_PATIENCE = 0.2  # seconds: somebody who only looks whether a run is in use holds it for a moment
_MOST_GALLERIES = 200  # per slot; older ones are thinned


class Run:
    """One run directory. Reading needs no lock; `locked` guards everything that writes.

    Attributes
    ----------
    path : Path
    document : Document or None
        None for a directory in which nothing was trained yet.
    notes : list of str
        Sentences about what was found damaged, and what was used instead.
    """

    def __init__(self, path: Path, document: Document | None, notes: list[str] | None = None) -> None:
        self.path = path
        self.document = document
        self.notes = notes or []
        self.metrics = metrics.MetricsWriter(path / "metrics.jsonl")
        self._lock = FileLock(path / ".lock", timeout=0)
        self._whole: int | None = None  # step of the checkpoint that was read or written here and is whole

    @property
    def name(self) -> str:
        return self.path.name

    # --- opening -------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path) -> Run:
        """A new, empty run directory.

        Raises
        ------
        InputError
            When `path` holds something already or cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            # a start that was killed before the first run.json leaves these
            if any(p for p in path.iterdir() if p.name not in (".lock", ".owner") and ".tmp-" not in p.name):
                raise InputError(
                    f"“{path}” is not empty: choose another folder, or go on with “genstudio resume {path}”."
                )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if isinstance(error, InputError):
                raise
            raise InputError(f"The run folder “{path}” cannot be made: {reason}.") from None
        return cls(path, None)

    @classmethod
    def open(cls, path: Path) -> Run:
        """Open a run; a damaged ``run.json`` is replaced by the copy in the newest good checkpoint.

        Raises
        ------
        InputError
            When there is no run at `path`, or it is of a newer format.
        WorkError
            When nothing of the run can be read.
        """
        try:
            there = path.is_dir()
        except (OSError, ValueError):
            there = False
        if not there or not ((path / "run.json").exists() or checkpoints.listed(path / "checkpoints")):
            raise InputError(f"There is no run at “{path}”: name a folder that “genstudio train” has made.")
        try:
            return cls(path, read_document(path / "run.json"))
        except WorkError as damage:
            document, source = recover_document(path, damage)
            note = f"{damage} The copy in {source} was used instead."
            return cls(path, document, [note])

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for writing; leftovers of dead processes are swept first.

        Raises
        ------
        InputError
            When another program holds it (its process number is named) or the folder is read-only.
        """
        try:
            self._lock.acquire(timeout=_PATIENCE, poll_interval=_PATIENCE / 20)
        except Timeout:
            raise InputError(
                f"The run “{self.name}” is being trained by {self._owner()}: stop it there first."
            ) from None
        except OSError as error:
            raise InputError(f"“{self.path}” cannot be written to: {error.strerror or error}.") from None
        try:
            if self.document is None and (self.path / "run.json").exists():
                raise InputError(f"“{self.path}” holds a run by now, of another program: choose another folder.")
            with contextlib.suppress(OSError):
                (self.path / ".owner").write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
            for folder in (self.path, self.path / "checkpoints", self.path / "samples"):
                atomic.sweep(folder, alone=True)
            yield
        finally:
            with contextlib.suppress(OSError):
                (self.path / ".owner").unlink(missing_ok=True)
            self._lock.release()

    def in_use(self) -> bool:
        """True while some program trains this run."""
        if self._lock.is_locked:  # by this very object
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return True
        except OSError:
            return False
        self._lock.release()
        return False

    def state(self) -> State:
        """The state in words; a run that says "training" but is held by nobody was interrupted."""
        if self.document is None:
            return "new"
        if self.document.state == "training" and not self.in_use():
            return "interrupted"
        return self.document.state

    def _owner(self) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = (self.path / ".owner").read_text(encoding="utf-8")[:200]
            if text:
                return f"another program ({text})"
        return "another program"

    # --- run.json ------------------------------------------------------------------------------------

    def write_document(self, **changes: Any) -> None:
        """Replace ``run.json``; the run must not have been moved away meanwhile (F24).

        Raises
        ------
        OSError
            When it cannot be written.
        """
        assert self.document is not None
        self.document = self.document.model_copy(update=changes)
        if not self.path.is_dir():
            raise FileNotFoundError(2, "the run folder was moved or deleted", str(self.path))
        atomic.write_json(self.path / "run.json", signed(self.document.model_dump()))

    def remember_losses(self, losses: dict[str, float]) -> None:
        """Remember the newest losses for tables of runs; written with the next checkpoint."""
        assert self.document is not None
        kept = {name: value if math.isfinite(value) else None for name, value in losses.items()}
        self.document = self.document.model_copy(update={"losses": kept})

    def cut_back(self, step: int) -> None:
        """Drop what was logged and drawn after `step`, where the run goes on.

        Checkpoints after it are there only when they are damaged: they are put aside as ``.bad``, lest they stand
        for the newest.
        """
        for later, path in checkpoints.listed(self.path / "checkpoints"):
            if later > step:
                put_aside(path)
        metrics.cut(self.path / "metrics.jsonl", step)
        for path in (self.path / "samples").glob("*-*.png"):
            number = path.stem.rpartition("-")[2]
            if number.isdecimal() and int(number) > step:
                path.unlink(missing_ok=True)

    # --- checkpoints ---------------------------------------------------------------------------------

    def save_checkpoint(self, checkpoint: Checkpoint) -> Path:
        """Publish a checkpoint, then bring ``run.json`` up to it, then prune older ones.

        One that is whole is never written again: at each instant there is one to go back to.

        Raises
        ------
        OSError
            When the disk will not have it; earlier checkpoints are untouched.
        """
        assert self.document is not None
        if not self.path.is_dir():
            raise FileNotFoundError(2, "the run folder was moved or deleted", str(self.path))
        folder = self.path / "checkpoints"
        folder.mkdir(exist_ok=True)
        document = self.document.model_copy(
            update={
                "step": checkpoint.step,
                "seconds": checkpoint.state["seconds"],
                "knobs": checkpoint.state["knobs"],
            }
        )
        path = folder / checkpoints.name_of(checkpoint.step)
        if self._whole != checkpoint.step:
            checkpoints.save(folder, checkpoint, signed(document.model_dump()))
            self._whole = checkpoint.step
        self.write_document(step=document.step, seconds=document.seconds, knobs=document.knobs)
        with contextlib.suppress(OSError):  # older ones are in nobody's way: the next save tries again
            checkpoints.prune(folder, _KEEP)
        return path

    def load_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint that verifies; what is damaged is named in `notes`. None when there is none.

        Raises
        ------
        WorkError
            When there are checkpoints but none is good.
        """
        found = checkpoints.listed(self.path / "checkpoints")
        problems: list[str] = []
        for step, path in found:
            try:
                loaded = checkpoints.load(path)
            except WorkError as error:
                problems.append(str(error))
                continue
            text = f"{problems[0]} The checkpoint of step {step:,} was used instead." if problems else ""
            if text and text not in self.notes:
                self.notes.append(text)
            self._whole = step
            return loaded
        if problems:
            raise WorkError(f"The run “{self.name}” has no good checkpoint left: {problems[0]}")
        return None

    def saved_step(self) -> int | None:
        """Step of the newest published checkpoint."""
        found = checkpoints.listed(self.path / "checkpoints")
        return found[0][0] if found else None

    # --- pictures and curves -------------------------------------------------------------------------

    def save_gallery(self, gallery: Gallery) -> Path:
        """Keep a gallery as ``samples/<slot>-<step>.png``; long runs keep every second of the older ones."""
        folder = self.path / "samples"
        folder.mkdir(exist_ok=True)
        path = folder / f"{gallery.slot}-{gallery.step:08d}.png"
        atomic.write_quickly(path, pictures.gallery_png(gallery))
        kept = self.gallery_files(gallery.slot)
        if len(kept) > _MOST_GALLERIES:
            for old in kept[1:-1:2]:
                old.unlink(missing_ok=True)
        return path

    def gallery_files(self, slot: str) -> list[Path]:
        """Kept galleries of a slot, oldest first."""
        return sorted((self.path / "samples").glob(f"{slot}-*.png"), key=lambda p: (len(p.name), p.name))

    def newest_gallery(self, slot: str) -> Gallery | None:
        """The newest kept gallery that can be read."""
        for path in reversed(self.gallery_files(slot)):
            with contextlib.suppress(InputError):
                return pictures.read_gallery(path)
        return None

    def history(self) -> metrics.History:
        """Everything that was logged."""
        return metrics.read(self.path / "metrics.jsonl")

    def summary(self) -> dict[str, Any]:
        """A row for tables of runs; `document` must be there."""
        assert self.document is not None
        d = self.document
        return {
            "name": self.name,
            "path": str(self.path),
            "family": d.family,
            "preset": d.preset,
            "data": d.data.name,
            "step": d.step,
            "steps": d.training.steps,
            "seconds": round(d.seconds, 1),
            "losses": d.losses,
            "state": self.state(),
            "created": d.created,
        }

    def size(self) -> int:
        """Bytes on the disk."""
        total = 0
        for folder, _, files in os.walk(self.path):
            for name in files:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / name).lstat().st_size
        return total


def list_runs(folder: Path) -> list[Run]:
    """The runs directly below `folder`, newest first; what cannot be opened at all is left out."""
    runs: list[tuple[float, Run]] = []
    if not folder.is_dir():
        return []
    for path in folder.iterdir():
        with contextlib.suppress(InputError, WorkError, OSError):
            runs.append((path.stat().st_mtime, Run.open(path)))
    return [run for _, run in sorted(runs, key=lambda pair: pair[0], reverse=True)]


def free_bytes(path: Path) -> int | None:
    """Free space where `path` lies, or None when the system does not say."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None
