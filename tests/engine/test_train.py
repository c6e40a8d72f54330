"""The training generator: what it says, in which order, and what closing it means."""

import numpy as np
import pytest
import torch
from tiny_runs import drive, losses, names, of, spec_of

from genstudio.core.errors import InputError
from genstudio.core.events import Event, Finished, Gallery, Progress, Saved, Scalars, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine.players import Players
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.models import families

every_family = pytest.mark.parametrize("family", list(families))


def kinds(events):
    return [type(event) for event in events]


@every_family
def test_order_of_events(tmp_path, family):
    events = drive(spec_of(family, checkpoint_every=10), tmp_path / "r")
    assert all(isinstance(event, Event) for event in events)
    assert kinds(events)[:3] == [Started, Gallery, Gallery]
    assert kinds(events)[-2:] == [Saved, Finished]
    assert [e.step for e in of(Saved, events)] == [10, 20]
    assert of(Finished, events) == events[-1:]
    assert (events[-1].step, events[-1].state) == (20, "finished")
    saved_at = next(i for i, e in enumerate(events) if isinstance(e, Saved))
    assert (
        max(int(e.steps[-1]) for e in of(Scalars, events[:saved_at])) == 10
    )  # losses are told before they are saved
    seconds = [e.seconds for e in events if isinstance(e, Scalars | Progress)]
    assert seconds == sorted(seconds)


def test_started_says_what_was_chosen(tmp_path):
    (started,) = of(Started, drive(spec_of(steps=1), tmp_path / "r"))
    assert (started.family, started.step, started.threads, started.precision) == ("vae", 0, 1, "fp32")
    assert started.run == str(tmp_path / "r")
    assert started.device == "CPU, 1 thread"
    weights = Run.open(tmp_path / "r").load_checkpoint().weights
    assert started.parameters == sum(w.numel() for w in weights.values())
    assert {c.name for c in started.curves} >= {"negative_elbo", "reconstruction", "kl", "gradient_norm"}


def test_every_step_is_logged_once_and_kept(tmp_path):
    events = drive(spec_of(steps=30, checkpoint_every=7), tmp_path / "r")
    steps = np.concatenate([e.steps for e in of(Scalars, events)])
    assert steps.tolist() == list(range(1, 31))
    told = losses(events)
    for name, (kept_steps, kept) in Run.open(tmp_path / "r").history().values.items():
        assert kept_steps.tolist() == list(range(1, 31))
        assert kept.tolist() == [told[step][name] for step in range(1, 31)]


def test_finished_run_says_so(tmp_path):
    events = drive(spec_of(), tmp_path / "r")
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.document.step, run.saved_step()) == ("finished", 20, 20)
    assert run.document.losses == pytest.approx(losses(events)[20])
    assert not run.in_use()
    assert of(Progress, events)[-1].fraction == 1.0
    assert names(tmp_path / "r") == [".lock", "checkpoints", "metrics.jsonl", "run.json", "samples", "tensorboard"]


def test_progress_knows_total_and_last_checkpoint(tmp_path):
    events = drive(spec_of(checkpoint_every=5), tmp_path / "r")
    for event in of(Progress, events):
        assert event.total == 20
        assert event.fraction == event.step / 20
        assert event.memory > 10_000_000
        assert event.saved is None or event.saved <= event.step
    assert (
        of(Progress, drive(spec_of(steps=0), tmp_path / "s", stop=lambda e: isinstance(e, Progress)))[0].total is None
    )


def test_closing_at_any_event_stops_and_saves(tmp_path):
    count = len(drive(spec_of(steps=12, checkpoint_every=5), tmp_path / "whole"))
    for n in range(count - 3):
        path, countdown = tmp_path / f"stopped{n}", iter(range(n, -1, -1))
        events = drive(spec_of(steps=12, checkpoint_every=5), path, stop=lambda e, left=countdown: next(left) == 0)
        run = Run.open(path)
        finished = isinstance(events[-1], Finished)
        assert run.state() == ("finished" if finished else "stopped")
        assert run.saved_step() == run.document.step == run.load_checkpoint().step
        last = max([e.step for e in of(Progress, events)], default=0)
        assert run.saved_step() >= last
        # everything up to the checkpoint is in the log, whatever was still waiting when it stopped
        history = run.history().values
        assert all(s.tolist() == list(range(1, run.saved_step() + 1)) for s, _ in history.values())


def test_not_iterating_is_a_pause(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("genstudio.engine.clock.time.perf_counter", lambda: now[0])
    stream = train(spec_of(steps=3), Run.create(tmp_path / "r"), Mailbox())
    for event in stream:
        now[0] += 100.0
        last = event
    assert isinstance(last, Finished)
    assert last.seconds == 0.0  # the clock ran only while nobody trained


@pytest.mark.parametrize("minutes", [0.5, 3.0])
def test_time_limit_ends_training_by_training_time(tmp_path, monkeypatch, minutes):
    now = [0.0]
    monkeypatch.setattr("genstudio.engine.clock.time.perf_counter", lambda: now[0])
    taken = Players.step

    def ten_seconds_a_step(self, objective):
        now[0] += 10.0
        return taken(self, objective)

    monkeypatch.setattr(Players, "step", ten_seconds_a_step)
    events = drive(spec_of(steps=0, minutes=minutes), tmp_path / "r")
    assert (events[-1].state, events[-1].step) == ("finished", 6 * minutes)
    assert events[-1].seconds == 60 * minutes
    again = drive(spec_of(steps=0, minutes=minutes), tmp_path / "r")  # a session of the same length
    assert (again[-1].step, again[-1].seconds) == (12 * minutes, 120 * minutes)


def test_steps_are_a_total_over_sessions(tmp_path):
    drive(spec_of(steps=8), tmp_path / "r")
    events = drive(spec_of(steps=11), tmp_path / "r")
    assert of(Started, events)[0].step == 8
    assert sorted(losses(events)) == [9, 10, 11]
    again = drive(spec_of(steps=11), tmp_path / "r")
    assert losses(again) == {}
    assert (again[-1].state, again[-1].step) == ("finished", 11)


def test_pictures_come_on_the_steps_asked_for(tmp_path):
    events = drive(spec_of(steps=9, sample_every=4), tmp_path / "r")
    assert [e.step for e in of(Gallery, events) if e.slot == "samples"] == [0, 4, 8, 9]
    first, *_, last = of(Gallery, events)
    assert first.images.shape == (64, 8, 8, 1)
    assert last.images.shape == last.inputs.shape == (24, 8, 8, 1)
    assert "EMA weights" in first.caption
    run = Run.open(tmp_path / "r")
    assert [p.name for p in run.gallery_files("samples")] == [f"samples-{s:08d}.png" for s in (0, 4, 8, 9)]
    assert np.array_equal(run.newest_gallery("reconstructions").images, last.images)
    assert np.array_equal(run.newest_gallery("reconstructions").inputs, last.inputs)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"family": "diffusion"}, "There is no family"),
        ({"data": "/nowhere"}, "There is no data"),
        ({"knobs": {"width": 3}}, "Width"),
        ({"knobs": {"no_such": 3}}, "no_such"),
        ({"device": "mps"}, "mps"),
    ],
)
def test_wrong_input_is_a_sentence_and_leaves_no_run(tmp_path, change, words):
    if change.get("device") == "mps" and torch.backends.mps.is_available():
        pytest.skip("this computer has such a device")
    with pytest.raises(InputError, match=words):
        drive(spec_of(**change), tmp_path / "r")
    assert not (tmp_path / "r" / "run.json").exists()
    assert Run.create(tmp_path / "r").document is None  # the folder can be used for the next try
