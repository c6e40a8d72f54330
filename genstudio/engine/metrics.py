"""``metrics.jsonl``: one line an event, appended while training, read back whole."""

from __future__ import annotations

import contextlib
import errno
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core import atomic
from genstudio.core.events import Advice, Edited, Note, Scalars
from genstudio.core.words import setting

_LONGEST = 10_000  # characters in a line; longer ones are not ours


@dataclass(slots=True)
class History:
    """What a run logged.

    Attributes
    ----------
    values : mapping of name to (int64 [K] steps, float64 [K] values)
        Steps increase; NaN marks a gap.
    marks : list of (step, text)
        Edits, advice and notes, in words.
    advice : list of Advice
        In the order in which it was given.
    damaged : int
        Lines that could not be read.
    """

    values: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)
    marks: list[tuple[int, str]] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    damaged: int = 0


class MetricsWriter:
    """Appends events; lines that the disk refused are kept in memory and tried again."""

    _MOST_WAITING = 1_000_000

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[str] = []
        self._rest = b""  # what a full disk left of the lines handed over last
        self._file: IO[bytes] | None = None

    def scalars(self, event: Scalars) -> None:
        names = list(event.values)
        for row, step in enumerate(event.steps.tolist()):
            for name in names:
                self._line(step, event.seconds, name, float(event.values[name][row]))

    def mark(self, event: Edited | Advice | Note, seconds: float) -> None:
        if isinstance(event, Edited):
            self._line(event.step, seconds, "edit", {"knob": event.name, "old": event.old, "new": event.new})
        elif isinstance(event, Advice):
            words = {"code": event.code, "title": event.title, "text": event.text, "remedy": dict(event.remedy)}
            self._line(event.step, seconds, "advice", words)
        else:
            self._line(event.step, seconds, "note", event.text)

    def flush(self) -> None:
        """Hand the lines to the system; raises OSError and keeps them when it will not have them."""
        if not self._waiting and not self._rest:
            return
        atomic.faults.hit("write")
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)  # unbuffered: a full disk takes part of a line
        while self._rest or self._waiting:
            if not self._rest:
                self._rest = "".join(self._waiting).encode("utf-8")
                self._waiting.clear()
            self._rest = self._rest[self._file.write(self._rest) :]

    def close(self) -> None:
        """Flush and close; never raises for what `flush` could not write."""
        with contextlib.suppress(OSError):
            self.flush()
        self._waiting.clear()
        self._rest = b""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _line(self, step: int, seconds: float, name: str, value: Any) -> None:
        if isinstance(value, float) and not math.isfinite(value):
            value = None  # JSON has no NaN; a null is a gap in the curve
        line = {"step": step, "seconds": round(seconds, 3), "name": name, "value": value}
        self._waiting.append(json.dumps(line, ensure_ascii=False) + "\n")
        del self._waiting[: -self._MOST_WAITING]


def read(path: Path) -> History:
    """Read a log; damaged lines are counted and left out, a missing file gives an empty history.

    A file that cannot be read at all counts as one damaged line.
    """
    history = History()
    columns: dict[str, tuple[list[int], list[float]]] = {}
    try:
        lines = list(_lines(path))
    except OSError:
        lines, history.damaged = [], 1
    for line in lines:
        entry = _parsed(line)
        if entry is None:
            history.damaged += 1
            continue
        step, name, value = entry
        if name in ("edit", "advice", "note"):
            history.marks.append((step, _in_words(name, value)))
            if name == "advice" and isinstance(value, Mapping):
                history.advice.append(_advice(step, value))
            continue
        steps, values = columns.setdefault(name, ([], []))
        # after a crash the same steps may stand twice: the later line is the run as it went on
        while steps and steps[-1] >= step:
            steps.pop()
            values.pop()
        steps.append(step)
        values.append(math.nan if value is None else float(value))
    history.values = {name: (np.array(s, np.int64), np.array(v, np.float64)) for name, (s, v) in columns.items()}
    return history


def cut(path: Path, last_step: int) -> None:
    """Drop what was logged after `last_step`, and damaged lines, before a run goes on from there."""
    lines = list(_lines(path))
    kept = [line for line in lines if (entry := _parsed(line)) is not None and entry[0] <= last_step]
    if len(kept) < len(lines) or (lines and not lines[-1].endswith(b"\n")):
        atomic.write_bytes(path, b"".join(line.rstrip(b"\r\n") + b"\n" for line in kept))


def _lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        return
    if not path.is_file():  # a named pipe would be waited for without end
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    with path.open("rb") as file:
        yield from file


def _parsed(line: bytes) -> tuple[int, str, Any] | None:
    """(step, name, value) of a good line, else None."""
    if len(line) > _LONGEST:
        return None
    try:
        entry = json.loads(line)
        step, name, value = entry["step"], entry["name"], entry["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if type(step) is not int or not 0 <= step < 2**62 or not isinstance(name, str):
        return None
    if name in ("edit", "advice", "note"):
        return (step, name, value) if isinstance(value, (str, Mapping)) else None
    number = value is None or (type(value) in (int, float) and abs(value) < 1e300)
    return (step, name, value) if number else None


def _in_words(name: str, value: Any) -> str:
    if name == "edit" and isinstance(value, Mapping):
        return f"{value.get('knob')} {setting(value.get('old'))} → {setting(value.get('new'))}"
    if name == "advice" and isinstance(value, Mapping):
        return str(value.get("title"))
    return str(value)


def _advice(step: int, value: Mapping[str, Any]) -> Advice:
    """Advice as it was given; of the remedy only what a knob can hold."""
    given = value.get("remedy")
    known = given.items() if isinstance(given, Mapping) else ()
    remedy = {name: setting for name, setting in known if isinstance(setting, (bool, int, float, str))}
    code, title, text = (str(value.get(part) or "") for part in ("code", "title", "text"))
    return Advice(step, code, title, text, remedy)
