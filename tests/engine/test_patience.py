"""Scores while training: their curves, when patience ends a run, that a resume does it alike; and a limited load."""

import time

import numpy as np
import pytest
from tiny_runs import digest, drive, losses, of, spec_of, state_of

from genstudio.core.events import Advice, Edited, Note, Progress, Saved, Scalars, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine.plan import Plan
from genstudio.engine.run import Run
from genstudio.engine.score import LiveScore
from genstudio.models import families


@pytest.fixture
def scores(monkeypatch):
    """Let checks measure these numbers, one after the other."""

    def give(*values):
        left = iter(values)
        monkeypatch.setattr(LiveScore, "measure", lambda self, model: {"fd_pca": next(left), "coverage": 0.5})

    return give


@pytest.mark.parametrize("family", list(families))
def test_checks_are_curves_of_their_own_and_change_nothing(tmp_path, family, monkeypatch):
    monkeypatch.setattr("genstudio.engine.score.SAMPLES", 64)
    events = drive(spec_of(family, steps=8, check_every=4), tmp_path / "checked")
    plain = drive(spec_of(family, steps=8), tmp_path / "plain")
    names = {c.name for c in of(Started, events)[0].curves}
    assert names - {c.name for c in of(Started, plain)[0].curves} == {
        "score_reconstruction", "score_fd_pca", "score_diversity", "score_coverage",
    }  # fmt: skip
    checks = [e for e in of(Scalars, events) if any(name.startswith("score_fd") for name in e.values)]
    assert [e.steps.tolist() for e in checks] == [[4], [8]]
    assert all(np.isfinite(v).all() for e in checks for v in e.values.values())
    run = Run.open(tmp_path / "checked")
    assert run.history().values["score_fd_pca"][0].tolist() == [4, 8]
    assert names == {name for name, _, _ in run.document.curves}
    a, b = (Run.open(tmp_path / name).load_checkpoint() for name in ("checked", "plain"))
    assert digest(a.weights) == digest(b.weights)
    assert digest(a.training) == digest(b.training)


def test_rows_of_a_curve_are_in_the_order_of_their_steps(tmp_path):
    events = drive(spec_of(steps=9, check_every=3), tmp_path / "r")
    last = 0
    for event in of(Scalars, events):
        assert event.steps[0] >= last
        last = int(event.steps[-1])


def test_patience_stops_and_says_why(tmp_path, scores):
    scores(3.0, 2.0, 2.5, 2.5, 2.5, 1.0)
    events = drive(spec_of(steps=100, check_every=5, patience=3), tmp_path / "r")
    assert (events[-1].state, events[-1].step) == ("finished", 25)
    (note,) = of(Note, events)
    assert note.text == (
        "Training ends here: the distance to the data has not improved for 3 checks. It was best at step 10, with 2."
    )
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("finished", 25)
    assert run.history().marks == [(25, note.text)]


def test_without_patience_checks_stop_nothing(tmp_path, scores):
    scores(1.0, 2.0, 3.0, 4.0)
    assert drive(spec_of(steps=20, check_every=5), tmp_path / "r")[-1].step == 20


def test_patience_alone_checks_every_250_steps(tmp_path, scores):
    scores(1.0)
    events = drive(spec_of(steps=251, patience=1), tmp_path / "r")
    (check,) = [e for e in of(Scalars, events) if "score_fd_pca" in e.values]
    assert check.steps.tolist() == [250]


@pytest.mark.parametrize("stop", [10, 12, 20])
def test_a_resume_is_as_patient_as_the_whole(tmp_path, scores, stop):
    scores(3.0, 2.0, 2.5, 2.5, 2.5, 1.0)
    drive(spec_of(steps=100, check_every=5, patience=3), tmp_path / "whole")
    scores(3.0, 2.0, 2.5, 2.5, 2.5, 1.0)
    drive(spec_of(steps=stop, check_every=5, patience=3), tmp_path / "r")
    drive(spec_of(steps=100, check_every=5, patience=3), tmp_path / "r")
    assert state_of(tmp_path / "r") == state_of(tmp_path / "whole")
    whole, half = (Run.open(tmp_path / n).load_checkpoint().state["patience"] for n in ("whole", "r"))
    assert half == whole
    assert (whole["best"], whole["best_step"], whole["worse"]) == (2.0, 10, 3)


def test_who_goes_on_after_patience_gets_another_chance(tmp_path, scores):
    scores(1.0, 2.0, 2.0)
    drive(spec_of(steps=100, check_every=5, patience=2), tmp_path / "r")
    scores(2.0, 0.5, 0.6, 0.6)
    events = drive(spec_of(steps=100, check_every=5, patience=2), tmp_path / "r")
    assert (events[-1].state, events[-1].step) == ("finished", 35)


def test_scores_that_cannot_be_measured_are_a_note_and_training_goes_on(tmp_path, monkeypatch):
    def broken(self, model):
        raise RuntimeError("no score today")

    monkeypatch.setattr(LiveScore, "measure", broken)
    events = drive(spec_of(steps=12, check_every=3, patience=2), tmp_path / "r")
    assert (events[-1].state, events[-1].step) == ("finished", 12)
    (note,) = of(Note, events)
    assert "step 3 could not be measured: no score today" in note.text


def test_held_out_items_are_reconstructed_where_there_are_any(tmp_path, monkeypatch):
    seen = []
    made = LiveScore.__init__

    def init(self, data, seed, machine, held_out=None, **rest):
        seen.append(held_out)
        made(self, data, seed, machine, held_out, **rest)

    monkeypatch.setattr(LiveScore, "__init__", init)
    spec = spec_of(steps=2, check_every=2)
    preparation = spec.preparation.with_values({"validation": 0.2})
    drive(spec.model_copy(update={"preparation": preparation}), tmp_path / "r")
    (held_out,) = seen
    assert held_out.split == "validation"
    assert len(held_out) > 100


# --- load ---------------------------------------------------------------------------------------------


@pytest.fixture
def slept(monkeypatch):
    """A clock that only sleeping moves; gives the naps taken."""
    now, naps = [0.0], []

    def sleep(seconds):
        naps.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("genstudio.engine.plan.time.sleep", sleep)
    monkeypatch.setattr("genstudio.engine.plan.time.monotonic", lambda: now[0])
    return naps


@pytest.mark.parametrize(("load", "rest"), [(100, 0.0), (50, 0.2), (20, 0.8), (5, 3.8)])
def test_a_step_is_followed_by_the_rest_that_its_load_asks_for(slept, load, rest):
    plan = Plan(spec_of(load=load).training, watch=type("W", (), {"seconds": 1.0})())
    plan.progress(1, None)
    beats = list(plan.rest(0.2))
    assert sum(slept) == pytest.approx(rest)
    assert max(slept, default=0.0) <= 0.02  # whoever wants to stop is heard in between
    assert len(beats) >= len(slept) - 1


def test_load_is_edited_while_training_and_kept(tmp_path):
    box = Mailbox()

    def edit(event):
        if isinstance(event, Saved) and event.step == 2:
            box.put("load", 60)

    events = drive(spec_of(steps=4, checkpoint_every=2), tmp_path / "r", box, stop=edit)
    assert of(Edited, events) == [Edited(2, "Load", 100, 60)]
    assert Run.open(tmp_path / "r").document.training.load == 60
    assert losses(events) == losses(drive(spec_of(steps=4, checkpoint_every=2), tmp_path / "whole"))


def test_stopping_during_a_rest_ends_it_at_once(tmp_path):
    asked = []

    def stop(event):
        if isinstance(event, Progress) and event.step == 1:
            asked.append(time.monotonic())
        return bool(asked)

    drive(spec_of(steps=50, load=5), tmp_path / "r", stop=stop)
    assert Run.open(tmp_path / "r").load_checkpoint().step == 1


def test_no_advice_on_a_score_alone(tmp_path, scores):
    scores(*range(1, 20))
    assert of(Advice, drive(spec_of(steps=20, check_every=2), tmp_path / "r")) == []
