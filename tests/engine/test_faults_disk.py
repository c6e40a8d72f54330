"""A disk that refuses: training goes on, says it in one sentence, and loses nothing that was saved."""

import os

import pytest
from tiny_runs import drive, leftovers, losses, names, of, spec_of, state_of

from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Finished, Note, Saved
from genstudio.engine.run import Run

SPEC = {"steps": 10, "checkpoint_every": 5}


@pytest.fixture
def plan(monkeypatch):
    """Follow a plan of faults from now on; returns the counters. Waiting between attempts is left out."""
    monkeypatch.setattr("genstudio.engine.keeper.time.sleep", lambda seconds: None)

    def use(text=""):
        monkeypatch.setattr(atomic, "faults", Faults(text))
        return atomic.faults

    return use


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """(state, losses) of the run that no fault met."""
    path = tmp_path_factory.mktemp("healthy") / "r"
    events = drive(spec_of(**SPEC), path)
    return state_of(path), losses(events)


def count(plan, tmp_path, kind):
    counted = plan()
    drive(spec_of(**SPEC), tmp_path / f"count-{kind}")
    return counted.counts[kind]


def check_sweep(tmp_path, plan, healthy, kind, fault):
    """One failure at operation n, for every n: the run ends as if nothing had been."""
    told = 0
    for n in range(1, count(plan, tmp_path, kind) + 1):
        path = tmp_path / f"{kind}{n}"
        plan(f"{kind}:{n}:{fault}")
        try:
            events = drive(spec_of(**SPEC), path)
        except InputError:  # refused before the first step, in the words that another test checks
            assert n <= 5
            continue
        finally:
            plan()
        assert isinstance(events[-1], Finished)
        assert losses(events) == healthy[1]
        assert state_of(path) == healthy[0]
        run = Run.open(path)
        assert (run.state(), run.notes, leftovers(path)) == ("finished", [], [])
        assert run.history().values["kl"][0].tolist() == list(range(1, 11))
        assert run.history().damaged == 0
        told += len(of(Note, events))
    return told


@pytest.mark.timeout(120)
def test_f21_full_for_a_moment_at_any_operation(tmp_path, plan, healthy):
    assert check_sweep(tmp_path, plan, healthy, "any", "ENOSPC") > 30


def test_f22_any_sync_fails_once(tmp_path, plan, healthy):
    assert check_sweep(tmp_path, plan, healthy, "fsync", "EIO") > 5


REASONS = {
    "ENOSPC": "the disk is full: free some space",
    "EIO": "Input/output error: check the drive",
    "EROFS": "Read-only file system: check the drive",
    "EACCES": "Permission denied: check the drive",
}


@pytest.mark.parametrize("fault", REASONS)
def test_f21_f22_f23_refused_from_the_first_checkpoint_to_the_end(tmp_path, plan, healthy, fault):
    told = []

    def break_disk(event):
        told.append(event)
        if isinstance(event, Saved):
            plan(f"any:0:{fault}")
        return False

    with pytest.raises(WorkError) as caught:
        drive(spec_of(steps=20, checkpoint_every=5), tmp_path / "r", stop=break_disk)
    plan()
    text = str(caught.value)
    assert REASONS[fault] in text
    assert str(tmp_path / "r") in text
    assert "Step 20 could not be saved" in text
    assert "The checkpoint of step 5 is kept." in text
    notes = of(Note, told)
    assert len(notes) == 1  # said once, not at every attempt
    assert "Training goes on and saving is tried again." in notes[0].text
    assert losses(told).keys() >= set(range(1, 20))
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step, run.notes) == ("interrupted", 5, [])
    drive(spec_of(**SPEC), tmp_path / "r")
    assert state_of(tmp_path / "r") == healthy[0]
    assert leftovers(tmp_path / "r") == []


def test_f21_space_is_freed_in_time_and_nothing_is_missing(tmp_path, plan):
    def break_and_heal(event):
        if isinstance(event, Saved) and event.step == 5:
            plan("any:0:ENOSPC")
        if getattr(event, "step", 0) >= 13 and not isinstance(event, Note):
            plan()
        return False

    events = drive(spec_of(steps=20, checkpoint_every=5), tmp_path / "r", stop=break_and_heal)
    assert [e.step for e in of(Saved, events)] == [5, 15, 20]
    assert len(of(Note, events)) == 1
    run = Run.open(tmp_path / "r")
    assert run.history().values["kl"][0].tolist() == list(range(1, 21))
    assert names(tmp_path / "r" / "checkpoints") == ["step-000015", "step-000020"]


def test_f21_trouble_is_told_again_after_it_had_gone(tmp_path, plan):
    def break_twice(event):
        if isinstance(event, Saved):
            plan("open:1:ENOSPC")
        return False

    events = drive(spec_of(steps=30, checkpoint_every=5), tmp_path / "r", stop=break_twice)
    assert [e.step for e in of(Saved, events)] == [5, 15, 25, 30]
    assert len(of(Note, events)) == 2


@pytest.mark.parametrize("fault", ["EROFS", "EACCES", "ENOSPC"])
def test_f23_a_folder_that_cannot_be_written_is_refused_before_the_first_step(tmp_path, plan, fault):
    plan(f"any:0:{fault}")
    with pytest.raises(InputError, match="cannot be written to"):
        drive(spec_of(**SPEC), tmp_path / "r")
    plan()
    assert drive(spec_of(**SPEC), tmp_path / "r")[-1].state == "finished"


def test_f24_a_folder_that_is_moved_away_is_not_made_again(tmp_path, plan, healthy):
    path, moved = tmp_path / "r", tmp_path / "moved"

    def move(event):
        if isinstance(event, Saved):
            path.rename(moved)
        return False

    with pytest.raises(WorkError, match="was moved or deleted") as caught:
        drive(spec_of(steps=20, checkpoint_every=5, sample_every=2), path, stop=move)
    assert str(path) in str(caught.value)
    assert not path.exists()
    assert Run.open(moved).load_checkpoint().step == 5
    drive(spec_of(**SPEC), moved)
    assert state_of(moved) == healthy[0]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
def test_f21_a_log_on_a_disk_that_is_really_full(tmp_path, plan, healthy):
    run = Run.create(tmp_path / "r")
    (tmp_path / "r" / "metrics.jsonl").symlink_to("/dev/full")
    events = drive(spec_of(**SPEC), run)
    assert isinstance(events[-1], Finished)
    assert "the disk is full" in of(Note, events)[0].text
    assert state_of(tmp_path / "r") == healthy[0]


def test_f23_a_tensorboard_folder_that_cannot_be_made_stops_nothing(tmp_path, plan, healthy):
    run = Run.create(tmp_path / "r")
    (tmp_path / "r" / "tensorboard").write_text("in the way", encoding="utf-8")
    events = drive(spec_of(**SPEC), run)
    assert isinstance(events[-1], Finished)
    assert state_of(tmp_path / "r") == healthy[0]
    assert len(of(Note, events)) >= 1


def test_f21_stopping_on_a_full_disk_is_a_sentence(tmp_path, plan):
    def break_disk(event):
        if isinstance(event, Saved):
            plan("any:0:ENOSPC")
            return False
        return getattr(event, "step", 0) > 6

    with pytest.raises(WorkError, match="The checkpoint of step 5 is kept"):
        drive(spec_of(steps=0, checkpoint_every=5), tmp_path / "r", stop=break_disk)
    plan()
    assert Run.open(tmp_path / "r").load_checkpoint().step == 5
    assert not Run.open(tmp_path / "r").in_use()
