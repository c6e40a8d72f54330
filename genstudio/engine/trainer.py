"""One training in memory: data, model, optimizers, and what is due when. `train` drives it."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import torch

from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Edited, Event, Gallery, Note, Progress, Saved, Scalars, Started, State
from genstudio.core.spec import RunSpec
from genstudio.data import Dataset, open_source
from genstudio.data.batches import ImageBatches
from genstudio.engine import device
from genstudio.engine.board import Board
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.clock import Rate, Watch
from genstudio.engine.document import DataFacts, MachineFacts, new_document
from genstudio.engine.load import build_model, load_weights
from genstudio.engine.players import MovingAverage, Players, all_finite
from genstudio.engine.preview import Preview
from genstudio.engine.record import Record
from genstudio.engine.run import Run, free_bytes
from genstudio.models import families
from genstudio.models.base import Context

_REPORT_EVERY = 1 / 30  # seconds: the rate at which a window can use news
_SAVE_EVERY = 300.0  # seconds: nobody loses more than five minutes
_PICTURES_EVERY, _PICTURES_SHARE = 1.0, 30.0  # seconds apart, and at most 1/30 of the time
_MOST_BAD_STEPS = 20


class Trainer:
    """State of a training between two steps.

    Attributes
    ----------
    step : int
        Steps taken.
    watch : Watch
        Training time over all sessions of the run.
    """

    def __init__(self, spec: RunSpec, run: Run) -> None:
        self.run = run
        saved = run.load_checkpoint() if run.document else None
        if run.document is not None:  # the run knows best what it is; only how long may be new
            spec = run.document.spec().model_copy(update={"training": spec.training})
        self.spec = spec
        family = families.load(spec.family)
        knobs = saved.state["knobs"] if saved else spec.knobs
        config = family.Config.parse(knobs)
        self.data = open_source(spec.data)
        self._check_data()
        self.machine = self._choose_machine(family.allows_bf16)
        torch.set_num_threads(self.machine.threads)  # holds for this thread, whoever iterates

        mean = run.document.data.pixel_mean if run.document else float(self.data.images.mean()) / 255
        seed, place = spec.training.seed, self.machine.device
        self.model = build_model(spec.family, config, self.data.shape, mean, seed).to(place)
        self.model = self.model.to(memory_format=torch.channels_last)
        self.rng = torch.Generator(place)
        self.rng.manual_seed(seed)
        self.step, position, seconds = 0, 0, 0.0
        self.players = Players(self.model)
        if saved:
            self.step, position, seconds = saved.step, saved.state["position"], saved.state["seconds"]
            self._restore(saved)
        self.average = MovingAverage(self.model, config.ema) if config.ema > 0 else None
        if self.average and saved and saved.ema:
            load_weights(self.average.model, saved.ema)
        self.batches = ImageBatches(self.data.images, spec.training.batch_size, seed, place, position)
        self.preview = Preview(self.data, seed, self.machine)
        self.record = Record(place)
        self.board = Board(run.path / "tensorboard")
        self.watch, self._rate = Watch(seconds), Rate()
        self._session_start = seconds
        self._bad_steps = 0
        self._saving_failed = False
        now = time.monotonic()
        self._report_at, self._pictures_at, self._save_at = now, now, now + _SAVE_EVERY
        self._begin(mean)

    # --- beginning -----------------------------------------------------------------------------------

    def _check_data(self) -> None:
        """A run goes on with the data it began with, or not at all."""
        if self.run.document is None:
            return
        facts = self.run.document.data
        if self.data.fingerprint() != facts.fingerprint:
            raise InputError(
                f"The data at “{facts.source}” is not what this run was trained on "
                f"({len(self.data):,} pictures now, {facts.count:,} then, other content): put the old data back, "
                "or start a new run."
            )

    def _choose_machine(self, allows_bf16: bool) -> device.Machine:
        wanted = self.spec.training
        if self.run.document is None:
            return device.choose(wanted.device, wanted.threads, wanted.precision, allows_bf16)
        then = self.run.document.machine  # the same threads and precision: sums keep their order
        threads = wanted.threads or then.threads
        precision = wanted.precision if wanted.precision != "auto" else then.precision
        machine = device.choose(wanted.device, threads, "bf16" if precision == "bf16" else "fp32")
        if (machine.device.type, machine.threads, machine.precision) != (then.device, then.threads, then.precision):
            self.run.notes.append(
                f"This run was trained on {then.title} in {then.precision} and goes on with {machine.title()} in "
                f"{machine.precision}: the result is as good, but not the same bit for bit."
            )
        return machine

    def _restore(self, saved: Checkpoint) -> None:
        tensors = dict(saved.training)
        load_weights(self.model, saved.weights)
        rng = tensors.pop("rng", None)
        if rng is not None and rng.shape == self.rng.get_state().shape:
            self.rng.set_state(rng)
        self.players.load(tensors)

    def _begin(self, mean: float) -> None:
        """Write the first ``run.json``, or mark a resumed run as training again."""
        machine = MachineFacts(
            device=self.machine.device.type,
            title=self.machine.title(),
            threads=self.machine.threads,
            precision=self.machine.precision,
        )
        try:
            if self.run.document is None:
                config = self.model.config.model_dump()
                spec = self.spec.model_copy(update={"knobs": config})
                self.run.document = new_document(spec, _facts(self.data, self.spec.data, mean), machine)
                self.run.write_document(state="training")
                return
            self.run.cut_back(self.step)
            self.run.write_document(state="training", step=self.step, training=self.spec.training, machine=machine)
        except OSError as error:
            raise InputError(f"“{self.run.path}” cannot be written to: {error.strerror or error}.") from None

    def started(self) -> Started:
        """The first event."""
        return Started(
            run=str(self.run.path),
            family=self.spec.family,
            step=self.step,
            device=self.machine.title(),
            threads=self.machine.threads,
            precision=self.machine.precision,
            parameters=sum(p.numel() for p in self.model.parameters()),
            curves=self.model.curves,
        )

    # --- stepping ------------------------------------------------------------------------------------

    def done(self) -> bool:
        """True when the steps or the minutes of this session are used up."""
        limit = self.spec.training
        out_of_time = limit.minutes and self.watch.seconds - self._session_start >= limit.minutes * 60
        return bool(out_of_time or (limit.steps and self.step >= limit.steps))

    def take_step(self) -> None:
        """One batch, one update of each player, one update of the average."""
        context = Context(self.step, self.rng, self.machine.bf16)
        logs: dict[str, torch.Tensor] = {}
        for objective in self.model.training_step(self.batches.next(), context):
            norm = self.players.step(objective)
            logs.update(objective.logs)
            logs["gradient_norm" if len(self.model.players()) == 1 else f"gradient_norm_{objective.player}"] = norm
        self.step += 1
        if self.average:
            self.average.update(self.step)
        self.record.add(self.step, logs)

    def edit(self, name: str, value: Any) -> Edited | None:
        """Change a live knob; None when nothing changes. Raises `InputError` when it may not be changed."""
        knobs = {k.name: k for k in self.model.Config.knobs()}
        if name not in knobs or not knobs[name].live:
            raise InputError(f"“{name}” cannot be changed while training.")
        old = getattr(self.model.config, name)
        if value == old:
            return None
        self.model.config = self.model.config.with_values({name: value})
        self.players.refresh(self.model)
        event = Edited(self.step, knobs[name].label, old, value)
        self.run.metrics.mark(event, self.watch.seconds)
        return event

    # --- reporting -----------------------------------------------------------------------------------

    def report_due(self) -> bool:
        return self.record.full or time.monotonic() >= self._report_at

    def report(self, flush: bool = False) -> Iterator[Event]:
        """The numbers since the last report, and how far we are."""
        seconds = self.watch.seconds
        scalars, finite = self.record.read(seconds, flush)
        if scalars is not None:
            self._log(scalars)
            yield scalars
        yield from self._check(finite)
        yield self.progress()
        self._report_at = time.monotonic() + _REPORT_EVERY

    def progress(self) -> Progress:
        limit, seconds = self.spec.training, self.watch.seconds
        speed = self._rate.at(seconds, self.step)
        shares, left = [], []
        if limit.steps:
            shares.append(min(1.0, self.step / limit.steps))
            if speed > 0:
                left.append(max(0.0, (limit.steps - self.step) / speed))
        if limit.minutes:
            session = seconds - self._session_start
            shares.append(min(1.0, session / (limit.minutes * 60)))
            left.append(max(0.0, limit.minutes * 60 - session))
        return Progress(
            step=self.step,
            total=limit.steps or None,
            fraction=max(shares) if shares else None,
            seconds=seconds,
            samples_per_second=speed * limit.batch_size,
            remaining=min(left) if left else None,
            memory=psutil.Process().memory_info().rss,
            saved=self.run.saved_step(),
        )

    def _log(self, scalars: Scalars) -> None:
        self.run.metrics.scalars(scalars)
        try:
            self.run.metrics.flush()
            self.board.scalars(scalars)
        except OSError:
            self._saving_failed = True  # said once, with the next checkpoint; the lines stay in memory

    def _check(self, finite: np.ndarray) -> Iterator[Note]:
        """Say when steps were skipped because a loss or gradient was not finite; give up after many in a row."""
        if len(finite) == 0 or finite.all():
            self._bad_steps = 0
            return
        if self._bad_steps == 0:
            yield self._note(
                "A loss or gradient was not a finite number: that step was skipped and the weights are untouched. "
                "If it happens again, lower the learning rate or clip the gradient."
            )
        good = np.flatnonzero(finite)
        tail = len(finite) - 1 - int(good[-1]) if len(good) else self._bad_steps + len(finite)
        self._bad_steps = tail
        if tail >= _MOST_BAD_STEPS:
            rate = self.model.config.learning_rate
            raise WorkError(
                f"Training diverged: the last {tail} steps up to step {self.step:,} gave no finite loss. The weights "
                f"from before are kept. Start again with a learning rate below {rate:g}, or clip the gradient."
            )

    def _note(self, text: str) -> Note:
        note = Note(self.step, text)
        self.run.metrics.mark(note, self.watch.seconds)
        return note

    # --- pictures ------------------------------------------------------------------------------------

    def galleries_due(self) -> bool:
        every = self.spec.training.sample_every
        return self.step % every == 0 if every else time.monotonic() >= self._pictures_at

    def galleries(self) -> Iterator[Gallery | Note]:
        """The fixed samples and reconstructions, drawn from the averaged weights; training never notices."""
        begin = time.monotonic()
        try:
            drawn = self.preview.draw(self.model, self.average, self.step)
        except (RuntimeError, MemoryError) as error:  # F15, F49: pictures are a comfort, not a reason to stop
            yield self._note(f"The pictures of step {self.step:,} could not be drawn: {error}. Training goes on.")
            drawn = []
        for gallery in drawn:
            try:
                self.run.save_gallery(gallery)
                self.board.gallery(gallery)
            except OSError:
                self._saving_failed = True
            yield gallery
        cost = time.monotonic() - begin
        self._pictures_at = time.monotonic() + max(_PICTURES_EVERY, _PICTURES_SHARE * cost)

    # --- keeping -------------------------------------------------------------------------------------

    def checkpoint_due(self) -> bool:
        every = self.spec.training.checkpoint_every
        return bool(every and self.step % every == 0 and not self.done()) or time.monotonic() >= self._save_at

    def save(self, last: bool = False) -> Saved | Note:
        """Publish a checkpoint. When the disk will not have it, training goes on and the next one is tried.

        Raises
        ------
        WorkError
            When it is the `last` one and cannot be written.
        """
        self._save_at = time.monotonic() + _SAVE_EVERY
        checkpoint = self._checkpoint()
        if not all_finite({**checkpoint.weights, **checkpoint.training}):
            raise WorkError(
                f"Training diverged before step {self.step:,}: its weights are not finite and were not saved. "
                f"The checkpoint of step {self.run.saved_step() or 0:,} is kept."
            )
        text = ""
        for attempt in range(3 if last else 1):
            try:
                time.sleep(attempt * 0.5)  # a full or sleeping disk may need a moment
                self.run.remember_losses(self.record.latest)
                path = self.run.save_checkpoint(checkpoint)
                self._saving_failed = False
                return Saved(self.step, str(path))
            except OSError as error:
                text = self._unsaved(error)
        if last:
            raise WorkError(text)
        return self._note(text + " Training goes on and saving is tried again.")

    def close(self, state: State) -> None:
        """Leave the run as the next person should find it; saves when training was stopped."""
        try:
            if state == "stopped":
                for _ in self.report(flush=True):
                    pass
                if self.run.saved_step() != self.step:
                    self.save(last=True)
            self.run.write_document(state=state)
        except OSError as error:
            raise WorkError(self._unsaved(error)) from None
        finally:
            self.run.metrics.close()
            self.board.close()

    def _checkpoint(self) -> Checkpoint:
        state = {
            "step": self.step,
            "position": self.batches.position,
            "seconds": self.watch.seconds,
            "knobs": self.model.config.model_dump(),
        }
        training = {**self.players.state(), "rng": self.rng.get_state()}
        ema = dict(self.average.snapshot().state_dict()) if self.average else None
        return Checkpoint(self.step, dict(self.model.state_dict()), ema, training, state)

    def _unsaved(self, error: OSError) -> str:
        free, saved = free_bytes(self.run.path), self.run.saved_step()
        full = error.errno == errno.ENOSPC or (free is not None and free < 50 << 20)
        reason = "the disk is full: free some space" if full else f"{error.strerror or error}: check the drive"
        kept = f"The checkpoint of step {saved:,} is kept." if saved else "Nothing is kept yet."
        return f"Step {self.step:,} could not be saved to “{self.run.path}”, {reason}. {kept}"


def _facts(data: Dataset, source: str, mean: float) -> DataFacts:
    return DataFacts(
        source=source,
        name=data.name,
        count=len(data),
        shape=list(data.shape),
        fingerprint=data.fingerprint(),
        pixel_mean=mean,
        labels=list(data.label_names),
    )
