"""Before a long run: what it will cost, by a dry run of a few seconds that leaves nothing behind."""

from __future__ import annotations

import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from genstudio.core.folders import runs_folder
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.core.words import duration, size
from genstudio.data.items import Watch, unwatched
from genstudio.engine import preview, score
from genstudio.engine.estimate import Estimate
from genstudio.engine.record import log_interval
from genstudio.engine.run import Run, free_bytes
from genstudio.engine.trainer import Trainer, exhaust

_PLACES = (0.05, 0.3, 0.55, 0.8)  # of the planned training: some families do other things later on
_SECONDS, _STEPS = 0.5, 64  # at each of them, whichever ends first
_CYCLE = 16  # steps after which what is not done in each step comes again
_SHARE_OF_MEMORY = 0.8
_KEPT, _GALLERIES = 2, 200  # checkpoints and pictures of a kind that a run keeps
_LINE = 75  # bytes of a number in the log
_BOARD = 60  # bytes of a number in the TensorBoard files, once a second
_LONG = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the dry run found: seconds of a step, a drawing, a look and a save, and bytes."""

    step: float
    drawing: float
    look: float
    save: float
    checkpoint: int
    pictures: int
    kinds: int
    numbers: int
    fixed: int
    item: int
    memory: int


def preflight(spec: RunSpec, watch: Watch = unwatched) -> Estimate:
    """Train for a few seconds in a temporary folder, and say what the whole run will take.

    Parameters
    ----------
    spec : RunSpec
        What is to be trained; its data is prepared, which a training afterwards profits from.
    watch : Watch
        Told how far the preparation of the data is; may raise `Cancelled`.

    Raises
    ------
    InputError
        When data or settings are not usable, as `train` would.
    WorkError
        When not even a batch of one fits into memory.
    """
    asked = spec.training
    planned = bool(asked.steps or asked.minutes)
    trial = asked.with_values({"steps": 1000 if planned else 0, "minutes": 0.0, "compile": False, "load": 100})
    threads = torch.get_num_threads()
    try:
        with tempfile.TemporaryDirectory(prefix="genstudio-", ignore_cleanup_errors=True) as folder:
            run = Run.create(Path(folder) / "run")
            with run.locked():
                trainer = Trainer(spec.model_copy(update={"training": trial}), run, watch)
                try:
                    found = _dry_run(trainer, planned)
                    return _estimate(asked, trainer, found)
                except (MemoryError, RuntimeError) as error:
                    raise trainer.explained(error) from None
                finally:
                    trainer.close("interrupted")
    finally:
        torch.set_num_threads(threads)


# --- measuring ----------------------------------------------------------------------------------------


def _dry_run(trainer: Trainer, planned: bool) -> _Measured:
    process = psutil.Process()
    trainer.take_step()  # what only the first one does is no part of the others
    fixed, item = _memory_of_steps(trainer)
    step = _seconds_a_step(trainer, planned)
    drawing = _timed(lambda: exhaust(trainer.galleries()))
    if drawing < _SECONDS:  # the first time warms caches up
        drawing = _timed(lambda: exhaust(trainer.galleries()))
    look = drawing * score.SAMPLES / preview.SAMPLES if trainer.looks.curves else 0.0
    exhaust(trainer.report(flush=True))
    save = _timed(lambda: exhaust(trainer.save()))
    memory = process.memory_info().rss + fixed + item * trainer.batches.size  # a step holds these for a moment only
    if trainer.machine.device.type == "cuda":
        memory = torch.cuda.max_memory_allocated()
    files = list((trainer.run.path / "samples").glob("*.png"))
    kinds = len({p.name.rpartition("-")[0] for p in files})
    return _Measured(
        step, drawing, look, save,
        checkpoint=sum(p.stat().st_size for p in (trainer.run.path / "checkpoints").rglob("*") if p.is_file()),
        pictures=max((p.stat().st_size for p in files), default=0),
        kinds=kinds, numbers=len(trainer.record.latest), fixed=fixed, item=item, memory=memory,
    )  # fmt: skip


def _seconds_a_step(trainer: Trainer, planned: bool) -> float:
    """The mean over some places of the planned training, each after the cycle of what comes every few steps."""
    places = [round(share * 1000) // _CYCLE * _CYCLE for share in _PLACES] if planned else [trainer.step]
    times: list[float] = []
    for place in places:
        trainer.step = max(place, trainer.step)
        trainer.take_step()
        trainer.step -= 1
        begin, count = time.perf_counter(), 0
        while count < _STEPS and (count == 0 or time.perf_counter() - begin < _SECONDS):
            trainer.take_step()
            count += 1
            if trainer.record.full:
                exhaust(trainer.report())
        exhaust(trainer.report())  # waits for the device
        times.append((time.perf_counter() - begin) / count)
    return sum(times) / len(times)


def _timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _memory_of_steps(trainer: Trainer) -> tuple[int, int]:
    """Bytes that a step needs whatever its batch, and bytes of each item, by two batch sizes."""
    whole = trainer.batches.size
    half = max(1, whole // 2)
    if half == whole:
        return 0, _bytes_of_step(trainer)
    large = _bytes_of_step(trainer)
    trainer.batches.size = half
    small = _bytes_of_step(trainer)
    trainer.batches.size = whole
    item = max(1, (large - small) // (whole - half))
    return max(0, large - item * whole), item


def _bytes_of_step(trainer: Trainer) -> int:
    """The most bytes that a step holds at a time, beside weights and optimizers that were there before."""
    if trainer.machine.device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        trainer.take_step()
        return max(0, torch.cuda.max_memory_allocated() - before)
    with _Counting(trainer) as counting:
        trainer.take_step()
    return counting.most


class _Counting(TorchDispatchMode):
    """Counts the bytes of all tensors that operations make, while they live."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.most = self._now = 0
        there = [*trainer.model.state_dict().values(), *trainer.players.state().values()]
        there += trainer.average.model.state_dict().values() if trainer.average else []
        self._seen = {t.untyped_storage().data_ptr() for t in there}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (list, tuple)) else (made,):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        place = storage.data_ptr()
        if place not in self._seen:
            self._seen.add(place)
            self._now += storage.nbytes()
            self.most = max(self.most, self._now)
            weakref.finalize(storage, self._forget, place, storage.nbytes())

    def _forget(self, place: int, count: int) -> None:
        self._seen.discard(place)
        self._now -= count


# --- concluding ---------------------------------------------------------------------------------------


def _estimate(asked: TrainingConfig, trainer: Trainer, found: _Measured) -> Estimate:
    step = _whole_step(asked, found)
    limits = [asked.steps * step] if asked.steps else []
    limits += [asked.minutes * 60] if asked.minutes else []
    total = min(limits, default=None)
    steps = round((total if total is not None else 3600.0) / step)
    largest = _largest_batch(trainer, found)
    disk = _disk(asked, found, steps, step)
    return Estimate(
        seconds_per_1000=1000 * step,
        total_seconds=total,
        samples_per_second=trainer.batches.size / step,
        memory=found.memory,
        disk=disk,
        largest_batch=largest,
        device=trainer.machine.title(),
        precision=trainer.machine.precision,
        notes=tuple(_notes(asked, trainer, total, disk, largest)),
    )


def _whole_step(asked: TrainingConfig, found: _Measured) -> float:
    """Seconds of a step with its share of pictures, looks, checkpoints and rest."""
    step = found.step * 100 / asked.load
    if asked.sample_every:
        step += found.drawing / asked.sample_every
    else:  # at most every second, and at most 2 % of the time
        step /= 1 - min(0.02, found.drawing)
    if found.look:
        step += found.look / (asked.check_every or 250)
    if asked.checkpoint_every:
        step += found.save / asked.checkpoint_every
    return step


def _disk(asked: TrainingConfig, found: _Measured, steps: int, step: float) -> int:
    """Bytes of checkpoints (one more than is kept while it is written), log, pictures and TensorBoard files."""
    points, past = 0, 0
    for until in (10_000, 100_000, steps):
        points += max(0, min(until, steps) - past) // log_interval(past + 1)
        past = max(past, min(until, steps))
    seconds = steps * step
    drawn = steps / asked.sample_every if asked.sample_every else seconds
    pictures = found.kinds * found.pictures * (min(drawn, _GALLERIES) + min(drawn, seconds / 10))
    logs = found.numbers * (points * _LINE + min(steps, seconds) * _BOARD)
    return int((_KEPT + 1) * found.checkpoint + logs + pictures)


def _largest_batch(trainer: Trainer, found: _Measured) -> int:
    """The largest batch, a power of two times the asked one, whose step is expected to fit into free memory."""
    if trainer.machine.device.type == "cuda":
        free = torch.cuda.mem_get_info()[0]
    else:
        free = psutil.virtual_memory().available
    room = _SHARE_OF_MEMORY * free + found.fixed + found.item * trainer.batches.size  # these are taken by now
    most = next(int(k.high or 1) for k in TrainingConfig.knobs() if k.name == "batch_size")
    batch = trainer.batches.size
    while batch * 2 <= most and found.fixed + found.item * batch * 2 <= room:
        batch *= 2
    return batch


def _notes(asked: TrainingConfig, trainer: Trainer, total: float | None, disk: int, largest: int) -> Iterator[str]:
    if trainer.batches.size < asked.batch_size:
        yield (
            f"A batch of {asked.batch_size} does not fit into memory: training would go on with "
            f"{trainer.batches.size}."
        )
    free = next((f for f in map(free_bytes, (runs_folder(), *runs_folder().parents)) if f is not None), None)
    if free is not None and disk > free:
        yield f"The run needs {size(disk)} on the disk and {size(free)} are free: free some space first."
    if total is not None and total > _LONG:
        yield f"This will take {duration(total)}: fewer steps or a smaller network take less."
    if total is None:
        yield "It goes on until it is stopped; the room on the disk is that of the first hour."
    if asked.compile:
        yield "Measured without compiling the networks, which may make it faster."
    yield from trainer.data.notes
