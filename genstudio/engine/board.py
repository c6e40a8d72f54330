"""The run's ``tensorboard/`` folder: the same scalars and pictures, thinned, for people who use TensorBoard."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from genstudio.core.events import Gallery, Scalars
from genstudio.engine.pictures import grid


class Board:
    """Writes event files from the training thread itself: no queue, no second thread that could outlive it.

    A record costs about 0.2 ms in pure Python, so scalars are averaged over a second and pictures come every
    ten; ``metrics.jsonl`` has them all.
    """

    _SCALARS_EVERY, _PICTURES_EVERY = 1.0, 10.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._sums: dict[str, list[float]] = {}
        self._step = 0
        self._scalars_due = 0.0
        self._pictures_due: dict[str, float] = {}  # by slot

    def scalars(self, event: Scalars) -> None:
        for name, values in event.values.items():
            self._sums.setdefault(name, []).extend(values[np.isfinite(values)].tolist())
        self._step = int(event.steps[-1])
        if time.monotonic() >= self._scalars_due:
            self._scalars_due = time.monotonic() + self._SCALARS_EVERY
            self._write_scalars()

    def gallery(self, event: Gallery) -> None:
        from tensorboardX import summary

        if time.monotonic() < self._pictures_due.get(event.slot, 0.0):
            return
        self._pictures_due[event.slot] = time.monotonic() + self._PICTURES_EVERY
        sheet = grid(event.images).transpose(2, 0, 1)
        self._write(summary.image(event.slot, sheet), event.step)

    def close(self) -> None:
        self._write_scalars()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write_scalars(self) -> None:
        from tensorboardX import summary

        for name, values in self._sums.items():
            if values:
                self._write(summary.scalar(name, float(np.mean(values))), self._step)
        self._sums.clear()
        if self._writer is not None:
            self._writer.flush()

    def _write(self, entry: Any, step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]

        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self._writer = EventsWriter(str(self._folder / "events"), f".{os.getpid()}.{step}")
        self._writer.write_event(Event(wall_time=time.time(), step=step, summary=entry))
