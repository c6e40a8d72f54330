"""One training in memory: data, model, optimizers. `train` drives it, `Plan` says what is due."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from genstudio.core.errors import WorkError
from genstudio.core.events import Advice, Event, Field, Note, Started, State
from genstudio.core.spec import RunSpec
from genstudio.data import items, open_source
from genstudio.data.augment import augment
from genstudio.data.batches import Batch, batches_of
from genstudio.engine import edits, guard, prepare, tuning
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.clock import Watch
from genstudio.engine.doctor_looks import Looks
from genstudio.engine.keeper import Keeper
from genstudio.engine.load import build_model, facts_of, load_weights, restore_rng
from genstudio.engine.plan import Plan
from genstudio.engine.players import MovingAverage, Players, all_finite
from genstudio.engine.preview import Preview
from genstudio.engine.record import Record
from genstudio.engine.run import Run
from genstudio.models import families
from genstudio.models.base import Context, Facts, rate_factor


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
            batch = {"batch_size": run.document.training.batch_size}  # halved, perhaps, to fit into memory
            spec = run.document.spec().model_copy(update={"training": spec.training.with_values(batch)})
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
        if run.document is None and spec.training.threads == 0:
            self._pick_threads()
        self.preview = Preview(self.data, seed, self.machine)
        self.record = Record(place)
        self.watch = Watch(seconds)
        self.plan = Plan(spec.training, self.watch, lively=facts.modality == "points")
        self._news: list[Event] = []
        self._step_seconds = 0.0
        self.looks = Looks(self, saved.state["patience"] if saved else None)
        self.curves = (*self.model.curves, *self.looks.curves)
        if spec.training.compile:
            watch("Compiling the networks", 0, 0)
            run.notes.append(tuning.compile_networks(self.model, self._sample_batch(), self.machine.bf16))
        prepare.begin(run, self.spec, self.data, facts, self.machine, self.step, self.curves)
        self.keeper = Keeper(run)
        self.guard = guard.Guard(self, saved.state["guard"] if saved else None)

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
            curves=self.curves,
        )

    # --- stepping ------------------------------------------------------------------------------------

    def done(self) -> bool:
        """True when the steps, the minutes or the patience of this session are used up."""
        return self.plan.done(self.step) or self.looks.stopped

    def take_step(self) -> None:
        """One batch, one update of each player, one update of the average.

        When memory runs out, the step is taken again with half the batch; `news` says so.
        """
        while True:
            position, begin = self.batches.position, time.monotonic()
            try:
                self._take_step()
                self._step_seconds = time.monotonic() - begin
                return
            except (MemoryError, RuntimeError) as error:
                if not guard.out_of_memory(error) or self.batches.size == 1:
                    raise
            self.batches.position = position
            guard.free_memory(self.model)
            self._news += edits.halve_batch(self)

    def _take_step(self) -> None:
        share = self.plan.share(self.step)
        self.players.scale_rate(rate_factor(self.model.config, self.step, share))
        context = Context(self.step, self.rng, self.machine.bf16, share, self.next_batch)
        logs: dict[str, torch.Tensor] = {}
        numbers: list[torch.Tensor] = []
        several = len(self.model.players()) > 1
        for objective in self.model.training_step(self.next_batch(), context):
            norm = self.players.step(objective)
            numbers += objective.loss, norm
            logs.update(objective.logs)
            logs[f"gradient_norm_{objective.player}" if several else "gradient_norm"] = norm
        self.step += 1
        if self.average:
            self.average.update(self.step)
        self.guard.see([number.detach() for number in numbers])
        self.record.add(self.step, logs)

    def news(self) -> Iterator[Event]:
        """What the last step has to tell beside numbers; rests after it when the load is limited."""
        told, self._news = self._news, []
        yield from told
        yield from self.plan.rest(self._step_seconds)
        yield from self.plan.beat()

    def _pick_threads(self) -> None:
        """As many threads as train this model fastest, measured on a copy."""
        most, bf16 = self.machine.threads, self.machine.bf16
        threads = tuning.pick_threads(self.model, self._sample_batch(), most, bf16)
        self.machine = replace(self.machine, threads=threads)
        torch.set_num_threads(threads)

    def _sample_batch(self) -> Batch:
        """A batch like those of the training, which goes on as if it had not been taken."""
        position = self.batches.position
        batch = self.batches.next()
        self.batches.position = position
        return batch

    def next_batch(self) -> Batch:
        """The next batch of the stream, varied where the settings ask for it."""
        batch = self.batches.next()
        if self.spec.preparation.augments and "image" in batch:
            batch["image"] = augment(batch["image"], self.spec.preparation, self.rng)
        return batch

    # --- reporting -----------------------------------------------------------------------------------

    def report_due(self) -> bool:
        return self.record.full or self.plan.report_due()

    def report(self, flush: bool = False) -> Iterator[Event]:
        """The numbers since the last report, and how far we are."""
        scalars, _ = self.record.read(self.watch.seconds, flush)
        if scalars is not None:
            self.keeper.scalars(scalars)
            yield scalars
            yield from self.looks.read(scalars)
        if flush:
            yield from self.guard.check()
        yield from self.keeper.trouble(self.step)
        yield self.plan.progress(self.step, self.run.saved_step())
        self.plan.reported()

    def note(self, text: str) -> Note:
        """A sentence for a person, kept in the run."""
        note = Note(self.step, text)
        self.keeper.mark(note, self.watch.seconds)
        return note

    def advise(self, advice: Advice) -> Advice:
        """Keep an advice in the run."""
        self.keeper.mark(advice, self.watch.seconds)
        return advice

    # --- pictures ------------------------------------------------------------------------------------

    def galleries_due(self) -> bool:
        return self.plan.pictures_due(self.step)

    def galleries(self) -> Iterator[Event]:
        """The fixed samples and reconstructions, drawn from the averaged weights; training never notices."""
        begin, kept = time.monotonic(), self.done() or self.plan.pictures_kept(self.step)
        try:
            drawn = self.preview.draw(self.model, self.average, self.step)
        except Exception as error:  # F15, F49: pictures are a comfort, no reason to stop whatever went wrong
            yield self.note(f"The pictures of step {self.step:,} could not be drawn: {error}. Training goes on.")
            drawn = []
        self.keeper.galleries(drawn if kept else [one for one in drawn if isinstance(one, Field)])
        if kept:
            self.plan.drew(begin, self.step)
        yield from drawn

    # --- keeping -------------------------------------------------------------------------------------

    def checkpoint_due(self) -> bool:
        return self.plan.save_due(self.step)

    def save(self, last: bool = False) -> Iterator[Event]:
        """Publish a checkpoint; when the disk refuses, training goes on and the next one is tried.

        Raises
        ------
        WorkError
            When it is the `last` one and cannot be written, or when the weights are not finite.
        """
        self.plan.saving()
        yield from self.guard.check()
        if not self.guard.given_up and not all_finite(self.model.state_dict()):
            yield from self.guard.go_back()
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
        return guard.explained(error, self.batches.size)

    def _checkpoint(self) -> Checkpoint:
        state = {
            "step": self.step,
            "position": self.batches.position,
            "seconds": self.watch.seconds,
            "knobs": self.model.config.model_dump(),
            "guard": self.guard.state(),
            "patience": self.looks.state(),
        }
        training = {**self.players.state(), "rng": self.rng.get_state()}
        ema = dict(self.average.snapshot().state_dict()) if self.average else None
        return Checkpoint(self.step, dict(self.model.state_dict()), ema, training, state)


def exhaust(events: Iterator[Event]) -> None:
    """Run a generator for what it does."""
    for _ in events:
        pass
