"""One queued run after the other in a session, without a window: failures, stops, pauses, other programs."""

import pytest

from genstudio.app.queueing import QueueRunner
from genstudio.app.session import Session
from genstudio.core.errors import InputError
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.names import free_name
from genstudio.engine.queue import Queue
from genstudio.engine.run import Run

LONG = 60_000


def spec_of(steps, data="digits"):
    knobs = {"network": "mlp", "width": 4, "latent_dim": 3}
    training = TrainingConfig(steps=steps, batch_size=16, threads=1, device="cpu")
    return RunSpec(family="vae", data=data, knobs=knobs, training=training)


@pytest.fixture
def runner(qtbot, tmp_path):
    """A session with its queue, as the window puts them together."""
    session = Session()

    def begin(item):
        path = free_name(tmp_path, item.name)
        session.train(item.spec, path)
        return path

    runner = QueueRunner(session, tmp_path, begin)
    runner.session, runner.said = session, []
    runner.told.connect(runner.said.append)
    session.ended.connect(lambda state, text, _: runner.ended(state, text))
    yield runner
    session.close()
    runner.close()


def quiet(qtbot, runner):
    qtbot.waitUntil(lambda: not runner.session.running and not runner.session.work._newest, timeout=LONG)


def states(runner):
    return [item.state for item in runner.items]


def test_what_fails_says_why_and_the_next_one_begins(qtbot, runner, tmp_path):
    runner.add(spec_of(3, str(tmp_path / "gone")), "a")
    runner.add(spec_of(3), "b")
    assert not runner.active
    runner.start()
    quiet(qtbot, runner)
    assert states(runner) == ["failed", "finished"]
    assert str(tmp_path / "gone") in runner.items[0].text
    assert runner.said == ["The queue is done. 1 run failed: it says why."]
    assert not runner.active
    assert Run.open(tmp_path / runner.items[1].run).document.step == 3


def test_what_cannot_even_begin_fails_too(qtbot, runner, monkeypatch):
    def refuse(item):
        raise InputError("The run folder cannot be made.")

    monkeypatch.setattr(runner, "_begin", refuse)
    runner.add(spec_of(3), "a")
    runner.start()
    quiet(qtbot, runner)
    assert (states(runner), runner.items[0].text) == (["failed"], "The run folder cannot be made.")


def test_a_run_that_the_person_stops_pauses_the_queue(qtbot, runner):
    runner.add(spec_of(0), "a")
    runner.add(spec_of(3), "b")
    runner.start()
    qtbot.waitUntil(lambda: runner.session.phase == "training", timeout=LONG)
    runner.session.stop()
    quiet(qtbot, runner)
    assert states(runner) == ["stopped", "waiting"]
    assert runner.said == ["The queue waits, because you stopped a run: 1 run to go."]
    runner.start()
    quiet(qtbot, runner)
    assert states(runner) == ["stopped", "finished"]


def test_pausing_lets_the_run_under_way_go_on_and_begins_no_other(qtbot, runner):
    runner.add(spec_of(4), "a")
    runner.add(spec_of(3), "b")
    runner.start()
    runner.pause()
    quiet(qtbot, runner)
    assert states(runner) == ["finished", "waiting"]
    assert runner.said == []


def test_what_is_added_while_something_trains_begins_by_itself(qtbot, runner, tmp_path):
    runner.session.train(spec_of(5), tmp_path / "first")
    runner.add(spec_of(3), "b")
    assert runner.active
    assert runner.waiting == 1
    quiet(qtbot, runner)
    assert states(runner) == ["finished"]


def test_f08_closing_leaves_what_trains_for_the_next_session(qtbot, runner, tmp_path):
    runner.add(spec_of(0), "a")
    runner.start()
    qtbot.waitUntil(lambda: runner.session.phase == "training", timeout=LONG)
    runner.session.ended.disconnect()
    runner.session.ended.connect(lambda state, text, _: runner.ended(state, text, leaving=True))
    runner.session.stop()
    quiet(qtbot, runner)
    runner.close()
    found = Queue(tmp_path)
    found.load()
    assert [item.state for item in found.items] == ["interrupted"]


def test_f28_the_queue_of_another_program_is_left_alone(qtbot, runner, tmp_path):
    other = Queue(tmp_path)
    other.add(spec_of(3), "theirs")
    other.save()
    for change in (lambda: runner.add(spec_of(3), "a"), runner.start, runner.clear_done, lambda: runner.remove(1)):
        with pytest.raises(InputError, match="another GenStudio"):
            change()
    assert not runner.session.running
    other.close()


def test_f25_a_damaged_file_is_told(qtbot, runner, tmp_path):
    (tmp_path / "queue.json").write_bytes(b"{ torn")
    runner.load()
    quiet(qtbot, runner)
    assert "queue.json" in runner.said[0]
    assert (tmp_path / "queue.json.bad").exists()
