"""Numbers that are not finite: they never reach the weights, the log stays JSON, and a person is told."""

import contextlib
import itertools
import math
import weakref

import numpy as np
import pytest
import torch
from tiny_runs import drive, losses, of, spec_of, state_of

from genstudio.core.errors import WorkError
from genstudio.core.events import Edited, Finished, Gallery, Note, Saved, Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.data.batches import ImageBatches
from genstudio.engine.players import Players, all_finite
from genstudio.engine.preview import Preview
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.engine.trainer import Trainer
from genstudio.models import families

every_family = pytest.mark.parametrize("family", list(families))


@pytest.fixture
def poison(monkeypatch):
    """Put `value` into one pixel of the batches of some steps, counted over the whole test."""

    def at(steps, value=math.nan):
        counter, healthy = itertools.count(1), ImageBatches.next

        def poisoned(self):
            batch = healthy(self)
            if next(counter) in steps:
                batch["image"][0, 0, 0, 0] = value
            return batch

        monkeypatch.setattr(ImageBatches, "next", poisoned)

    return at


@pytest.fixture
def room_for(monkeypatch):
    """A machine without memory for batches of more than `most`, once `after` steps were taken."""
    healthy = Trainer.next_batch

    def give(most, error, after=0):
        def taken(self):
            batch = healthy(self)
            if self.step >= after and self.batches.size > most:
                raise error
            return batch

        monkeypatch.setattr(Trainer, "next_batch", taken)

    return give


def until_error(spec, path):
    """The events of a training that fails, and its sentence."""
    events = []
    with pytest.raises(WorkError) as caught:
        drive(spec, path, stop=lambda event: events.append(event))
    return events, str(caught.value)


def good(run):
    """Every checkpoint of a run holds finite numbers only."""
    from genstudio.engine import checkpoint

    found = [checkpoint.load(path) for _, path in checkpoint.listed(run.path / "checkpoints")]
    assert found
    return all(all_finite(part) for saved in found for part in (saved.weights, saved.training, saved.ema or {}))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@every_family
def test_f12_one_bad_batch_leaves_weights_and_optimizer_untouched(tmp_path, poison, family, value):
    drive(spec_of(family, steps=6), tmp_path / "before")
    poison({7}, value)
    events = drive(spec_of(family, steps=7), tmp_path / "after")
    before, after = state_of(tmp_path / "before"), state_of(tmp_path / "after")
    for part in ("weights", "training"):  # the generator of a GAN sees no picture
        mine = [name for name in before[part] if name != "rng" and not name.startswith("generator.")]
        assert mine
        assert {name: after[part][name] for name in mine} == {name: before[part][name] for name in mine}
    (note,) = of(Note, events)
    assert "step was skipped and the weights are untouched" in note.text
    gaps = losses(events)[6].keys() - losses(events)[7].keys()
    assert [name for name in gaps if name.startswith("gradient_norm")]
    assert good(Run.open(tmp_path / "after"))


@every_family
def test_f12_f13_training_goes_on_with_a_gap_in_the_curve(tmp_path, poison, family):
    poison({7})
    events = drive(spec_of(family, steps=20, checkpoint_every=5), tmp_path / "r")
    assert events[-1].state == "finished"
    assert len(of(Note, events)) == 1
    name = next(iter(of(Scalars, events)[0].values))
    values = np.concatenate([e.values[name] for e in of(Scalars, events)])
    assert np.flatnonzero(np.isnan(values)).tolist() == [6]
    run = Run.open(tmp_path / "r")
    steps, kept = run.history().values[name]
    assert steps.tolist() == list(range(1, 21))
    assert np.array_equal(kept, values, equal_nan=True)
    assert run.history().marks[0][1].startswith("A loss or gradient was not a finite number")
    assert good(run)


@pytest.mark.parametrize("checkpoint_every", [0, 3, 5, 100])
def test_f12_many_bad_steps_in_a_row_end_it_with_a_sentence(tmp_path, poison, checkpoint_every):
    poison(range(11, 10_000))
    events, text = until_error(spec_of(steps=5000, checkpoint_every=checkpoint_every), tmp_path / "r")
    assert "Training diverged: the last" in text
    assert "learning rate below 0.000125" in text  # it was halved three times before
    assert len(of(Note, events)) == 1
    assert [e.new for e in of(Edited, events)] == [0.0005, 0.00025, 0.000125]
    run = Run.open(tmp_path / "r")
    assert run.state() == "failed"
    assert run.load_checkpoint().step == run.document.step >= 30  # found soon, and what was good is kept
    assert good(run)
    assert losses(events).keys() <= set(range(1, 2000))


def test_f12_bad_steps_with_good_ones_between_do_not_end_it(tmp_path, poison):
    poison({step for step in range(1, 200) if step % 3})
    events = drive(spec_of(steps=120, checkpoint_every=7), tmp_path / "r")
    assert events[-1].state == "finished"
    assert good(Run.open(tmp_path / "r"))


def test_f12_weights_that_are_not_finite_never_replace_a_good_checkpoint(tmp_path, monkeypatch):
    taken, counter = Players.step, itertools.count(1)

    def ruin(self, objective):
        norm = taken(self, objective)
        if next(counter) >= 8:
            with torch.no_grad():
                self._by_name["model"].parameters[0].view(-1)[0] = math.nan
        return norm

    monkeypatch.setattr(Players, "step", ruin)
    _, text = until_error(spec_of(steps=200, checkpoint_every=5), tmp_path / "r")
    assert "Training diverged" in text
    run = Run.open(tmp_path / "r")
    assert run.state() == "failed"
    assert good(run)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
    ids=lambda e: type(e).__name__,
)
@every_family
def test_f14_f15_out_of_memory_halves_the_batch_until_it_fits_and_says_so(tmp_path, room_for, family, error):
    room_for(4, error, after=5)
    events = drive(spec_of(family, steps=12), tmp_path / "r")
    assert events[-1].state == "finished"
    assert [(e.step, e.name, e.old, e.new) for e in of(Edited, events)] == [(5, "Batch", 16, 8), (5, "Batch", 8, 4)]
    assert [n.text for n in of(Note, events)] == [
        "A batch of 16 did not fit into memory: training goes on with batches of 8.",
        "A batch of 8 did not fit into memory: training goes on with batches of 4.",
    ]
    run = Run.open(tmp_path / "r")
    assert run.document.training.batch_size == 4
    assert run.load_checkpoint().state["position"] == 5 * 16 + 7 * 4
    assert sorted(losses(events)) == list(range(1, 13))
    assert good(run)


def test_f14_a_resume_keeps_the_batch_that_fitted_and_goes_on_exactly(tmp_path, room_for):
    limit = torch.OutOfMemoryError("out of memory")
    room_for(8, limit, after=5)
    drive(spec_of(steps=20), tmp_path / "whole")
    room_for(8, limit, after=5)
    drive(spec_of(steps=11), tmp_path / "r")
    drive(spec_of(steps=20), tmp_path / "r")  # it is asked for batches of 16 again
    assert state_of(tmp_path / "r") == state_of(tmp_path / "whole")


def test_f14_out_of_memory_with_a_batch_of_one_is_a_sentence(tmp_path, room_for):
    room_for(0, MemoryError(), after=7)
    _, text = until_error(spec_of(steps=20), tmp_path / "r")
    assert "not even with a batch of 1: choose a smaller width" in text
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("failed", 7)
    assert not run.in_use()


def test_f16_a_step_that_did_not_fit_leaves_nothing_in_memory(tmp_path, monkeypatch):
    taken, held = Players.step, []

    def exhausted(self, objective):
        if not held:
            held.append(weakref.ref(objective.loss))
            raise torch.OutOfMemoryError("out of memory")
        assert held[0]() is None
        return taken(self, objective)

    monkeypatch.setattr(Players, "step", exhausted)
    assert drive(spec_of(steps=2), tmp_path / "r")[-1].state == "finished"


def test_f09_a_mistake_in_a_model_is_raised_as_it_is_and_the_run_is_kept(tmp_path, monkeypatch):
    taken, counter = ImageBatches.next, itertools.count(1)

    def broken(self):
        return taken(self) if next(counter) < 8 else {}["image"]

    monkeypatch.setattr(ImageBatches, "next", broken)
    with pytest.raises(KeyError):
        drive(spec_of(steps=20), tmp_path / "r")
    monkeypatch.undo()
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("failed", 7)
    assert drive(spec_of(steps=20), tmp_path / "r")[-1].state == "finished"


def test_f07_an_abort_saves_nothing_and_loses_no_checkpoint(tmp_path):
    stream = train(spec_of(steps=0, checkpoint_every=5), Run.create(tmp_path / "r"), Mailbox())
    with contextlib.closing(stream):
        for event in stream:
            if isinstance(event, Saved):
                break
        with pytest.raises(KeyboardInterrupt):
            stream.throw(KeyboardInterrupt)
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("interrupted", 5)
    assert not run.in_use()


@pytest.mark.parametrize("error", [RuntimeError, ValueError, MemoryError, IndexError, torch.OutOfMemoryError])
def test_f15_f49_pictures_that_fail_are_a_note_and_training_goes_on(tmp_path, monkeypatch, error):
    plain = losses(drive(spec_of(steps=6), tmp_path / "plain"))
    drawn, counter = Preview.draw, itertools.count()

    def failing(self, *rest):
        if next(counter) in (1, 2):
            raise error("no picture today")
        return drawn(self, *rest)

    monkeypatch.setattr(Preview, "draw", failing)
    events = drive(spec_of(steps=6, sample_every=2), tmp_path / "r")
    assert isinstance(events[-1], Finished)
    assert losses(events) == plain
    assert [(n.step, "could not be drawn: no picture today" in n.text) for n in of(Note, events)] == [
        (2, True),
        (4, True),
    ]
    assert [e.step for e in of(Gallery, events) if e.slot == "samples"] == [0, 6, 6]
