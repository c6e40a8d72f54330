"""A training in a thread: what comes over, in which thread, and what pause, stop and failure mean."""

import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread

from genstudio.app.job import Job
from genstudio.core.errors import WorkError
from genstudio.core.events import Gallery, Preparing, Progress, Scalars

LONG = 20_000


def scalars(step):
    return Scalars(np.array([step]), 0.0, {"loss": np.array([float(step)])})


def gallery(step, slot="samples"):
    return Gallery(slot, step, np.zeros((1, 8, 8, 1), np.uint8))


class Listener(QObject):
    """Hears a job as the session does."""

    def __init__(self, job):
        super().__init__()
        self.job, self.events, self.readies, self.ends, self.threads = job, [], 0, [], set()
        job.ready.connect(self.ready)
        job.ended.connect(self.end)

    def ready(self):
        self.readies += 1
        self.threads.add(QThread.currentThread())
        self.events += self.job.collect()

    def end(self, state, text, detail):
        self.threads.add(QThread.currentThread())
        self.events += self.job.collect()
        self.ends.append((state, text, detail))

    def steps(self, kind=Scalars):
        return [int(e.steps[0]) if kind is Scalars else e.step for e in self.events if isinstance(e, kind)]


@pytest.fixture
def start(qtbot):
    """Starts a job over a generator function and gives its listener; every job is ended."""
    jobs = []

    def start(generator):
        job = Job(lambda watch: generator())
        jobs.append(job)
        listener = Listener(job)
        job.start()
        return listener

    yield start
    for job in jobs:
        job.stop()
        job.wait()


def ended(qtbot, listener):
    qtbot.waitUntil(lambda: bool(listener.ends), timeout=LONG)
    assert listener.job.wait(LONG)
    return listener.ends[0]


def test_every_number_arrives_in_order_and_of_pictures_the_newest(qtbot, start):
    def events():
        for step in range(2000):
            yield scalars(step)
            yield gallery(step)
            yield gallery(step, "reconstructions")
            yield Progress(step, None, None, 0.0, 0.0, None, 0, None)

    heard = start(events)
    assert ended(qtbot, heard) == ("finished", "", "")
    assert heard.steps() == list(range(2000))
    assert heard.steps(Gallery)[-2:] == [1999, 1999]
    assert heard.steps(Progress)[-1] == 1999
    assert len(heard.steps(Gallery)) < 4000  # most were replaced by newer ones before anybody looked


def test_what_was_told_before_something_else_comes_before_it(qapp):
    told = [Preparing("decoding", 1, 2), Preparing("decoding", 2, 2), scalars(1), gallery(1), scalars(2), gallery(2)]
    job = Job(lambda watch: iter(()))
    for event in told:
        job._keep(event)
    assert [id(e) for e in job.collect()] == [id(told[i]) for i in (1, 2, 4, 5)]
    assert job.collect() == []


def test_the_window_is_called_in_its_own_thread_and_the_work_is_done_in_another(qtbot, start):
    seen = []

    def events():
        seen.append(threading.current_thread())
        yield scalars(0)

    heard = start(events)
    ended(qtbot, heard)
    assert heard.threads == {heard.thread()}
    assert seen != [threading.main_thread()]


def test_at_most_one_batch_is_under_way_however_busy_the_window_is(qtbot, start):
    def events():
        for step in range(3000):
            yield scalars(step)

    heard = start(events)
    heard.job.wait()  # the event loop stands still while the whole training runs
    assert heard.readies == 0
    ended(qtbot, heard)
    assert heard.readies <= 2  # one batch, and the last word
    assert heard.steps() == list(range(3000))


def test_pause_takes_no_further_step_and_resume_goes_on(qtbot, start):
    taken = []

    def events():
        for step in range(100_000):
            taken.append(step)
            yield scalars(step)
            time.sleep(0.001)

    heard = start(events)
    qtbot.waitUntil(lambda: len(heard.steps()) > 3, timeout=LONG)
    heard.job.pause()
    assert heard.job.paused
    qtbot.waitUntil(lambda: heard.steps() == taken, timeout=LONG)  # what was under way is shown before it sleeps
    before = len(taken)
    qtbot.wait(100)
    assert len(taken) <= before + 1
    heard.job.resume()
    qtbot.waitUntil(lambda: len(taken) > before + 5, timeout=LONG)
    heard.job.stop()
    assert ended(qtbot, heard)[0] == "stopped"
    assert heard.steps() == list(range(len(taken)))


@pytest.mark.parametrize("paused", [False, True])
def test_stop_closes_the_generator_where_it_saves(qtbot, start, paused):
    closed = []

    def events():
        try:
            step = 0
            while True:
                yield scalars(step)
                step += 1
        except GeneratorExit:
            closed.append(threading.current_thread())
            raise

    heard = start(events)
    qtbot.waitUntil(lambda: bool(heard.steps()), timeout=LONG)
    if paused:
        heard.job.pause()
    heard.job.stop()
    assert ended(qtbot, heard)[0] == "stopped"
    assert closed
    assert closed[0] is not threading.main_thread()


def test_f47_stop_before_the_first_event_is_obeyed_at_it(qtbot, start):
    go = threading.Event()

    def events():
        go.wait()
        for step in range(10):
            yield scalars(step)

    heard = start(events)
    heard.job.stop()
    go.set()
    assert ended(qtbot, heard)[0] == "stopped"
    assert heard.steps() == [0]


def test_f09_finished_never_means_succeeded(qtbot, start):
    def events():
        yield scalars(0)
        raise WorkError("Training diverged.")

    heard = start(events)
    qtbot.waitUntil(heard.job.isFinished, timeout=LONG)  # Qt's "finished" is told of a failure too
    assert ended(qtbot, heard) == ("failed", "Training diverged.", "")
    assert heard.steps() == [0]


@pytest.mark.parametrize("error", [ValueError("what"), SystemExit(3), KeyboardInterrupt()])
def test_f09_any_other_error_is_told_with_its_place(qtbot, start, error):
    def events():
        yield scalars(0)
        raise error

    state, text, detail = ended(qtbot, start(events))
    assert state == "failed"
    assert type(error).__name__ in text
    assert "test_job.py" in detail


def test_what_cannot_even_begin_has_failed(qtbot, start):
    def make():
        raise WorkError("The folder is gone.")

    assert ended(qtbot, start(make)) == ("failed", "The folder is gone.", "")


def test_a_stop_that_cannot_save_has_failed(qtbot, start):
    def events():
        try:
            while True:
                yield scalars(0)
        finally:
            raise WorkError("The disk is full.")

    heard = start(events)
    qtbot.waitUntil(lambda: bool(heard.steps()), timeout=LONG)
    heard.job.stop()
    assert ended(qtbot, heard) == ("failed", "The disk is full.", "")
