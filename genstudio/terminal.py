"""Training and long work in a terminal: a line of progress on stderr, Ctrl-C that saves."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from genstudio.arguments import flag
from genstudio.core.errors import Cancelled, InputError
from genstudio.core.events import Advice, Edited, Event, Note, Progress
from genstudio.core.folders import runs_folder
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec
from genstudio.core.words import duration, setting
from genstudio.data.items import Watch
from genstudio.engine.names import remove_if_empty
from genstudio.engine.run import Run
from genstudio.engine.run import list_runs as found_runs
from genstudio.engine.train import train

# seconds between updates: a terminal rewrites one line, a log file grows by one
_EVERY = 0.5 if sys.stderr.isatty() else 5.0


def drive(spec: RunSpec, run: Run) -> dict[str, Any]:
    """Train and return what ``--json`` prints; the first Ctrl-C (or SIGTERM) stops and saves, the second aborts.

    Raises
    ------
    InputError, WorkError
        As `train` does.
    """
    first: Progress | None = None
    sampler: str | None = None
    due = 0.0
    try:
        with _stop_on_signal() as stopped, contextlib.closing(train(spec, run, Mailbox(), preparing())) as events:
            for event in events:
                if isinstance(event, Progress):
                    first = first or event
                    if time.monotonic() >= due:
                        due = time.monotonic() + _EVERY
                        _line(_in_words(event))
                else:
                    for line in _lines(event):
                        _say(line)
                if stopped():
                    break
            sampler = _after(spec, run, stopped)
    finally:
        _line("")
        remove_if_empty(run.path)
    return _told(run, first, sampler)


def _after(spec: RunSpec, run: Run, stopped: Callable[[], bool]) -> str | None:
    """What is to be done once a training has finished; the kind of latent sampler when that gave one."""
    if spec.training.fit_sampler == "none":
        return None
    from genstudio.engine import latent_files
    from genstudio.engine.finish import after_training

    show = preparing()

    def watch(what: str, done: int, total: int) -> None:
        if stopped():
            raise Cancelled("Stopped.")
        show(what, done, total)

    for event in after_training(run, spec, watch):
        for line in _lines(event):
            _say(line)
    newest = latent_files.kept(run)[:1]
    fresh = newest and run.document and latent_files.about_of(run, newest[0]).step == run.document.step
    if not fresh:
        return None
    _say(f"Samples will be drawn with {latent_files.TITLES[newest[0]]}, fitted to the codes of this run.")
    return newest[0]


def _told(run: Run, first: Progress | None, sampler: str | None) -> dict[str, Any]:
    document = run.document
    assert document is not None
    seconds = document.seconds - (first.seconds if first else 0.0)
    done = document.step - (first.step if first else 0)
    told = {
        "run": str(run.path),
        "family": document.family,
        "step": document.step,
        "seconds": round(seconds, 3),
        "samples_per_second": round(done * document.training.batch_size / max(seconds, 1e-9), 1),
        "losses": {name: v for name, v in document.losses.items() if v is not None and math.isfinite(v)},
        "state": document.state,
    }
    return {**told, "sampler": sampler} if sampler else told


def _lines(event: Event) -> Iterator[str]:
    """What a person should read of an event, line by line."""
    if isinstance(event, Note):
        yield event.text
    elif isinstance(event, Edited):
        yield f"Step {event.step:,}: {event.name} {setting(event.old)} → {setting(event.new)}"
    elif isinstance(event, Advice):
        yield f"Step {event.step:,}: {event.title}"
        yield f"  {event.text}"
        if event.remedy:
            knobs = (f"{flag(name)} {setting(value)}" for name, value in event.remedy.items())
            yield f"  Remedy: {' '.join(knobs)}"


def list_runs(folder: Path | None, quiet: bool) -> dict[str, Any]:
    """Print a table of the runs in a folder, or in the usual one, unless `quiet`; returns what ``--json`` prints."""
    home = folder or runs_folder()
    if not home.is_dir() and folder is not None:
        raise InputError(f"There is no folder “{home}”.")
    rows: list[dict[str, Any]] = [run.summary() for run in found_runs(home)] if home.is_dir() else []
    if not quiet:
        print(f"{'run':<28} {'family':<12} {'data':<16} {'step':>9}  state" if rows else f"No runs in {home}.")
        for row in rows:
            name, data = row["name"][:28], row["data"][:16]
            print(f"{name:<28} {row['family']:<12} {data:<16} {row['step']:>9,}  {row['state']}")
    return {"folder": str(home), "runs": rows}


def counter(noun: str) -> Callable[[int, int], None]:
    """A progress callback that prints "1,024 of 60,000 pictures" at most twice a second."""
    show = _paced()
    return lambda done, total: show(f"{done:,} of {total:,} {noun}", done == total)


def preparing() -> Watch:
    """A watch that prints how far data is prepared, at most twice a second."""
    show = _paced()

    def tell(what: str, done: int, total: int) -> None:
        text = f"{what}: {done:,} of {total:,}" if total else f"{what}: {done:,}" if done else f"{what} …"
        show(text, bool(total) and done == total)

    return tell


def _paced() -> Callable[[str, bool], None]:
    """Prints a line of progress when the last one is old enough; True with the last one of all clears it."""
    due = time.monotonic() + _EVERY

    def show(text: str, last: bool) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _EVERY
            _line(text)
        if last:
            _line("")

    return show


def _in_words(event: Progress) -> str:
    steps = f"step {event.step:,}" + (f" of {event.total:,}" if event.total else "")
    parts = [steps, f"{event.samples_per_second:,.0f} items/s", duration(event.seconds)]
    if event.remaining is not None:
        parts.append(f"about {duration(event.remaining)} left")
    return " · ".join(parts)


def _line(text: str) -> None:
    """Rewrite the last line of a terminal; a log file gets lines instead, and no empty ones."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def _say(text: str) -> None:
    _line("")
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Gives a function that tells whether somebody asked to stop; a second signal raises KeyboardInterrupt."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        _say("Stopping and saving. Once more aborts without saving.")

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
