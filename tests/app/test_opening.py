"""Work that is followed and stopped: thread-safe, the newest one answers, nothing is left running."""

import threading

import pytest

from genstudio.app.opening import Followed, Follower, Opening
from genstudio.app.work import Work
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError


@pytest.fixture
def work(qapp):
    made = Work()
    yield made
    assert made.wait()


def test_a_follower_tells_what_it_was_told_last():
    follower = Follower()
    follower("looking at pictures", 3, 10)
    step = follower.step()
    assert (step.what, step.done, step.total) == ("looking at pictures", 3, 10)
    assert step.remaining is None  # too early for an estimate


def test_the_time_left_is_estimated_from_the_pace_of_the_step(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("genstudio.app.opening.time.monotonic", lambda: now[0])
    follower = Follower()
    follower("preparing pictures", 0, 100)
    now[0] += 4
    follower("preparing pictures", 20, 100)
    assert follower.step().remaining == pytest.approx(16)
    follower("preparing sounds", 0, 100)  # another step begins its own pace
    assert follower.step().remaining is None


def test_a_cancelled_follower_stops_its_worker():
    follower = Follower()
    follower.cancel()
    with pytest.raises(Cancelled):
        follower("anything", 0, 0)


def waiting_for(event, told):
    def do(watch):
        told.set()
        while not event.wait(0.005):
            watch("waiting", 0, 0)
        return "done"

    return do


def test_beginning_anew_stops_the_one_before_and_only_the_newest_answers(qtbot, work):
    followed, never, told = Followed(work, "topic"), threading.Event(), threading.Event()
    answers, errors = [], []
    followed.start(waiting_for(never, told), answers.append, errors.append)
    assert told.wait(10)
    followed.start(lambda watch: "second", answers.append, errors.append)
    qtbot.waitUntil(lambda: answers == ["second"])
    qtbot.waitUntil(lambda: not work._running)
    assert errors == []
    assert not followed.busy


def test_cancel_is_answered_by_nothing(qtbot, work):
    followed, never, told = Followed(work, "topic"), threading.Event(), threading.Event()
    answers = []
    followed.start(waiting_for(never, told), answers.append, answers.append)
    assert told.wait(10)
    assert followed.cancel()
    assert not followed.cancel()  # nothing runs any more
    qtbot.waitUntil(lambda: not work._running)
    assert answers == []


def test_progress_is_told_while_it_runs(qtbot, work):
    followed, go, told = Followed(work, "topic"), threading.Event(), threading.Event()
    with qtbot.waitSignal(followed.advanced, timeout=10_000) as heard:
        followed.start(waiting_for(go, told), lambda _: None, lambda _: None)
    go.set()
    assert heard.args[0].what in ("waiting", "")
    qtbot.waitUntil(lambda: not followed.busy)


def test_a_source_is_opened_with_its_facts(qtbot, work):
    opening = Opening(work)
    with qtbot.waitSignal(opening.opened, timeout=30_000) as heard:
        opening.open("digits", DataConfig())
    data, facts = heard.args
    assert len(data) == 1797
    assert dict(facts.rows)["Pictures"] == "1,797"


def test_a_wrong_source_is_refused_in_a_sentence(qtbot, work):
    opening = Opening(work)
    with qtbot.waitSignal(opening.refused, timeout=30_000) as heard:
        opening.open("/no/such/place", DataConfig())
    assert "/no/such/place" in heard.args[0]


def test_a_fault_of_ours_is_refused_and_reported(qtbot, work, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("genstudio.app.opening.open_source", broken)
    opening = Opening(work)
    with qtbot.waitSignals([opening.refused, work.problem], timeout=10_000):
        opening.open("digits", DataConfig())


def test_input_errors_are_not_reported_as_faults(qtbot, work, monkeypatch):
    def refusing(*_):
        raise InputError("No.")

    monkeypatch.setattr("genstudio.app.opening.open_source", refusing)
    opening, problems = Opening(work), []
    work.problem.connect(problems.append)
    with qtbot.waitSignal(opening.refused, timeout=10_000):
        opening.open("digits", DataConfig())
    assert problems == []
