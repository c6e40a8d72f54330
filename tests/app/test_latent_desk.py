"""The thread that draws while one walks."""

import threading

import pytest
import torch  # noqa: F401  # the desk does it too, and no test waits for that

from genstudio.app.latent.desk import Desk


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.close()


class Gate:
    """Work that waits until it is let through, so that a test decides what happens meanwhile."""

    def __init__(self):
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, explorer):
        self.begun.set()
        assert self.open.wait(10)
        return explorer


def test_an_answer_comes_in_the_windows_thread(desk, qtbot):
    desk.set_explorer("model")
    heard = []
    desk.ask("walk", lambda e: e.upper(), lambda found: heard.append((found, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [("MODEL", threading.main_thread())]
    qtbot.waitUntil(lambda: not desk.busy("walk"))


def test_requests_wait_for_a_model(desk, qtbot):
    heard = []
    desk.ask("walk", lambda e: e, heard.append)
    qtbot.wait(50)
    assert not heard
    desk.set_explorer("late")
    qtbot.waitUntil(lambda: heard == ["late"])


def test_of_one_topic_the_newest_counts(desk, qtbot):
    desk.set_explorer("model")
    gate, heard = Gate(), []
    desk.ask("walk", gate, heard.append)
    assert gate.begun.wait(10)
    for number in range(20):
        desk.ask("walk", lambda _, number=number: number, heard.append)
    gate.open.set()
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.waitUntil(lambda: not desk.busy("walk"))
    assert heard == [19]


def test_the_urgent_comes_first(desk, qtbot):
    desk.set_explorer("model")
    gate, heard = Gate(), []
    desk.ask("walk", gate, lambda _: heard.append("walk"))
    assert gate.begun.wait(10)
    for topic in ("codes", "sheet", "strip", "hover"):
        desk.ask(topic, lambda _, topic=topic: topic, heard.append)
    gate.open.set()
    qtbot.waitUntil(lambda: len(heard) == 5)
    assert heard == ["walk", "hover", "strip", "sheet", "codes"]


def test_long_work_lets_the_urgent_through(desk, qtbot):
    desk.set_explorer("model")
    heard, first = [], threading.Event()

    def long(_):
        for number in range(200):
            first.set()
            yield number

    desk.ask("map", long, heard.append)
    assert first.wait(10)
    desk.ask("walk", lambda _: "walk", heard.append)
    qtbot.waitUntil(lambda: heard[-1:] == [199])
    assert "walk" in heard
    assert [item for item in heard if item != "walk"] == list(range(200))


def test_work_that_is_asked_anew_is_closed(desk, qtbot):
    desk.set_explorer("model")
    closed, heard = threading.Event(), []

    def endless(_):
        try:
            while True:
                yield "again"
        finally:
            closed.set()

    desk.ask("sheet", endless, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    desk.ask("sheet", lambda _: "last", heard.append)
    qtbot.waitUntil(lambda: heard[-1] == "last")
    assert closed.wait(10)


def test_what_was_cancelled_is_not_heard_of(desk, qtbot):
    desk.set_explorer("model")
    gate, heard = Gate(), []
    desk.ask("walk", gate, heard.append)
    assert gate.begun.wait(10)
    desk.cancel()
    gate.open.set()
    desk.ask("hover", lambda _: "hover", heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == ["hover"]


def test_what_was_cancelled_is_closed(desk, qtbot):
    desk.set_explorer("model")
    closed, heard = threading.Event(), []

    def endless(_):
        try:
            while True:
                yield 1
        finally:
            closed.set()

    desk.ask("map", endless, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    desk.cancel("map")
    assert closed.wait(10)


def test_an_error_is_told_and_the_desk_goes_on(desk, qtbot):
    desk.set_explorer("model")
    errors, problems, heard = [], [], []
    desk.problem.connect(problems.append)

    def fails(_):
        raise ValueError("no")

    desk.ask("walk", fails, heard.append, errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1)
    desk.ask("walk", fails, heard.append)
    qtbot.waitUntil(lambda: len(problems) == 1)
    desk.ask("walk", lambda e: e, heard.append)
    qtbot.waitUntil(lambda: heard == ["model"])


def test_closing_ends_endless_work(qtbot):
    desk = Desk()
    desk.set_explorer("model")
    closed, heard = threading.Event(), []

    def endless(_):
        try:
            while True:
                yield 1
        finally:
            closed.set()

    desk.ask("map", endless, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    desk.close()
    assert closed.is_set()
    assert not desk.isRunning()
