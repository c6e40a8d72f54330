"""One training in memory: data, model, optimizers. `train` drives it, `Plan` says what is due."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Edited, Event, Gallery, Note, Saved, Started, State
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.data import items, open_source
from genstudio.data.augment import augment
from genstudio.data.batches import Batch, batches_of
from genstudio.engine import prepare
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.clock import Watch
from genstudio.engine.keeper import Keeper
from genstudio.engine.load import build_model, facts_of, load_weights, restore_rng
from genstudio.engine.plan import Plan
from genstudio.engine.players import MovingAverage, Players
from genstudio.engine.preview import Preview
from genstudio.engine.record import Record
from genstudio.engine.run import Run
from genstudio.models import families
from genstudio.models.base import Context, Facts, rate_factor

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

    def __init__(self, spec: RunSpec, run: Run, watch: items.Watch = items.unwatched) -> None:
        saved = run.load_checkpoint() if run.document else None
        if run.document is not None:  # the run knows best what it is; only how long may be new
            spec = run.document.spec().model_copy(update={"training": spec.training})
        family = families.load(spec.family)
        config = family.Config.parse(prepare.knobs(run, spec, saved))
        self.run, self.spec = run, spec.model_copy(update={"knobs": config.model_dump()})
        shape = run.document.data.picture_shape() if run.document else None
        self.data = open_source(spec.data, "train", spec.preparation, watch, shape)
        self.data.need_items()
        prepare.check_data(run, self.data)
        prepare.say_what_is_left_out(run, self.data)
        self.machine = prepare.choose_machine(run, spec, family.allows_bf16)
        torch.set_num_threads(self.machine.threads)  # holds for this thread, whoever iterates

        facts = facts_of(run.document.data) if run.document else self._facts()
        seed, place = spec.training.seed, self.machine.device
        self.model = build_model(spec.family, config, facts, seed).to(place)
        self.model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.rng = torch.Generator(place).manual_seed(seed)
        self.players = Players(self.model)
        self.average = MovingAverage(self.model, config.ema) if config.ema > 0 else None
        self.step, position, seconds = 0, 0, 0.0
        if saved:
            self.step, position, seconds = saved.step, saved.state["position"], saved.state["seconds"]
            self._restore(saved)
        self.batches = batches_of(self.data, spec.training.batch_size, seed, place, position)
        self.preview = Preview(self.data, seed, self.machine)
        self.record = Record(place)
        self.watch = Watch(seconds)
        self.plan = Plan(spec.training, self.watch)
        self._bad_steps = 0
        prepare.begin(run, self.spec, self.data, facts, self.machine, self.step, self.model.curves)
        self.keeper = Keeper(run)

    def _facts(self) -> Facts:
        mean, std = prepare.measured(self.data)
        return Facts(self.data.item_shape(), mean, std, len(prepare.label_names(self.data)))

    def _restore(self, saved: Checkpoint) -> None:
        tensors = dict(saved.training)
        load_weights(self.model, saved.weights)
        if self.average:
            load_weights(self.average.model, saved.weights if saved.ema is None else saved.ema)
        restore_rng(self.rng, tensors.pop("rng", None))
        self.players.load(tensors)

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
        return self.plan.done(self.step)

    def take_step(self) -> None:
        """One batch, one update of each player, one update of the average."""
        share = self.plan.share(self.step)
        self.players.scale_rate(rate_factor(self.model.config, self.step, share))
        context = Context(self.step, self.rng, self.machine.bf16, share, self._next_batch)
        logs: dict[str, torch.Tensor] = {}
        several = len(self.model.players()) > 1
        for objective in self.model.training_step(self._next_batch(), context):
            norm = self.players.step(objective)
            logs.update(objective.logs)
            logs[f"gradient_norm_{objective.player}" if several else "gradient_norm"] = norm
        self.step += 1
        if self.average:
            self.average.update(self.step)
        self.record.add(self.step, logs)

    def _next_batch(self) -> Batch:
        batch = self.batches.next()
        if self.spec.preparation.augments and "image" in batch:
            batch["image"] = augment(batch["image"], self.spec.preparation, self.rng)
        return batch

    def edit(self, name: str, value: Any) -> Edited | None:
        """Change a live knob; None when nothing changes. Raises `InputError` when it may not be changed."""
        shared = name in TrainingConfig.model_fields
        config = self.plan.training if shared else self.model.config
        knobs = {k.name: k for k in config.knobs()}
        if name not in knobs or not knobs[name].live:
            raise InputError(f"“{name}” cannot be changed while training.")
        old = getattr(config, name)
        if value == old:
            return None
        if shared:
            self.plan.training = self.plan.training.with_values({name: value})
        else:
            self.model.config = self.model.config.with_values({name: value})
            self.players.refresh(self.model)
            self._refresh_average()
        event = Edited(self.step, knobs[name].label, old, value)
        self.keeper.mark(event, self.watch.seconds)
        return event

    def _refresh_average(self) -> None:
        """Take over an edited decay; an average that is switched on begins with the weights as they are."""
        decay = self.model.config.ema
        if decay == 0:
            self.average = None
        elif self.average is None:
            self.average = MovingAverage(self.model, decay)
        else:
            self.average.decay = decay

    # --- reporting -----------------------------------------------------------------------------------

    def report_due(self) -> bool:
        return self.record.full or self.plan.report_due()

    def report(self, flush: bool = False) -> Iterator[Event]:
        """The numbers since the last report, and how far we are."""
        scalars, finite = self.record.read(self.watch.seconds, flush)
        if scalars is not None:
            self.keeper.scalars(scalars)
            yield scalars
        yield from self._check(finite)
        yield from self.keeper.trouble(self.step)
        yield self.plan.progress(self.step, self.run.saved_step())
        self.plan.reported()

    def _check(self, finite: np.ndarray) -> Iterator[Note]:
        """Say when steps were skipped because a loss or gradient was not finite; give up after many in a row."""
        if finite.all():
            self._bad_steps = 0 if len(finite) else self._bad_steps
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
        self.keeper.mark(note, self.watch.seconds)
        return note

    # --- pictures ------------------------------------------------------------------------------------

    def galleries_due(self) -> bool:
        return self.plan.pictures_due(self.step)

    def galleries(self) -> Iterator[Gallery | Note]:
        """The fixed samples and reconstructions, drawn from the averaged weights; training never notices."""
        begin = time.monotonic()
        try:
            drawn = self.preview.draw(self.model, self.average, self.step)
        except Exception as error:  # F15, F49: pictures are a comfort, no reason to stop whatever went wrong
            yield self._note(f"The pictures of step {self.step:,} could not be drawn: {error}. Training goes on.")
            drawn = []
        self.keeper.galleries(drawn)
        self.plan.drew(begin, self.step)
        yield from drawn

    # --- keeping -------------------------------------------------------------------------------------

    def checkpoint_due(self) -> bool:
        return self.plan.save_due(self.step)

    def save(self, last: bool = False) -> Iterator[Saved | Note]:
        """Publish a checkpoint; when the disk refuses, training goes on and the next one is tried.

        Raises
        ------
        WorkError
            When it is the `last` one and cannot be written, or when the weights are not finite.
        """
        self.plan.saving()
        keep = self.keeper.last_checkpoint if last else self.keeper.checkpoint
        saved = keep(self._checkpoint(), self.record.latest)
        if saved is not None:
            yield saved
        yield from self.keeper.trouble(self.step)

    def close(self, state: State) -> None:
        """Leave the run as the next person should find it: everything is saved, after a failure what can be."""
        try:
            if state == "stopped":
                self._save_rest()
            elif state == "failed":
                with contextlib.suppress(WorkError, OSError, RuntimeError):  # the failure itself is what is told
                    self._save_rest()
        except KeyboardInterrupt:  # somebody did not want to wait for it
            state = "interrupted"
            raise
        finally:
            self.keeper.close(state, self.step, self.model.config.model_dump())

    def _save_rest(self) -> None:
        try:
            exhaust(self.report(flush=True))  # it may find that training diverged: what is good is saved all the same
        finally:
            if self.run.saved_step() != self.step:
                exhaust(self.save(last=True))

    def explained(self, error: BaseException) -> BaseException:
        """A failure of the machine in words; anything else as it is."""
        text = str(error)
        if not isinstance(error, (torch.OutOfMemoryError, MemoryError)) and "allocate memory" not in text:
            return error
        half = max(1, self.spec.training.batch_size // 2)
        return WorkError(
            f"There is not enough memory for this model with batches of {self.spec.training.batch_size}: "
            f"try a batch of {half} or a smaller width. What was saved before is kept."
        )

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


def exhaust(events: Iterator[Event]) -> None:
    """Run a generator for what it does."""
    for _ in events:
        pass
