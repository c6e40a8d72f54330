"""Numbers that are not finite: they never reach the weights, the log stays JSON, and a person is told."""

import contextlib
import itertools
import math

import numpy as np
import pytest
import torch
from tiny_runs import drive, losses, of, spec_of, state_of

from genstudio.core.errors import WorkError
from genstudio.core.events import Finished, Gallery, Note, Saved, Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.data.batches import ImageBatches
from genstudio.engine.players import Players, all_finite
from genstudio.engine.preview import Preview
from genstudio.engine.run import Run
from genstudio.engine.train import train
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
    assert after["weights"] == before["weights"]
    assert {k: v for k, v in after["training"].items() if k != "rng"} == {
        k: v for k, v in before["training"].items() if k != "rng"
    }
    (note,) = of(Note, events)
    assert "step was skipped and the weights are untouched" in note.text
    assert math.isnan(losses(events)[7]["gradient_norm"])
    assert good(Run.open(tmp_path / "after"))


@every_family
def test_f12_f13_training_goes_on_with_a_gap_in_the_curve(tmp_path, poison, family):
    poison({7})
    events = drive(spec_of(family, steps=20, checkpoint_every=5), tmp_path / "r")
    assert events[-1].state == "finished"
    assert len(of(Note, events)) == 1
    values = np.concatenate([e.values["reconstruction"] for e in of(Scalars, events)])
    assert np.flatnonzero(np.isnan(values)).tolist() == [6]
    run = Run.open(tmp_path / "r")
    steps, kept = run.history().values["reconstruction"]
    assert steps.tolist() == list(range(1, 21))
    assert np.array_equal(kept, values, equal_nan=True)
    assert run.history().marks[0][1].startswith("A loss or gradient was not a finite number")
    assert good(run)


@pytest.mark.parametrize("checkpoint_every", [0, 3, 5, 100])
def test_f12_many_bad_steps_in_a_row_end_it_with_a_sentence(tmp_path, poison, checkpoint_every):
    poison(range(11, 10_000))
    events, text = until_error(spec_of(steps=5000, checkpoint_every=checkpoint_every), tmp_path / "r")
    assert "Training diverged: the last" in text
    assert "learning rate below 0.001" in text
    assert len(of(Note, events)) == 1
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
        if next(counter) == 8:
            with torch.no_grad():
                self._by_name["model"].parameters[0].view(-1)[0] = math.nan
        return norm

    monkeypatch.setattr(Players, "step", ruin)
    _, text = until_error(spec_of(steps=20, checkpoint_every=5), tmp_path / "r")
    assert "not finite and were not saved" in text
    assert "The checkpoint of step 5 is kept." in text
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("failed", 5)
    assert good(run)


def test_f14_out_of_memory_says_which_batch_to_try(tmp_path, monkeypatch):
    taken, counter = ImageBatches.next, itertools.count(1)

    def exhausted(self):
        if next(counter) == 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return taken(self)

    monkeypatch.setattr(ImageBatches, "next", exhausted)
    _, text = until_error(spec_of(steps=20), tmp_path / "r")
    assert "batches of 16: try a batch of 8" in text
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("failed", 7)
    assert not run.in_use()


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
