"""Short work off the window's thread: answers come in the window's thread, of one topic only the newest."""

import threading

import pytest
from PySide6.QtCore import QThread

from genstudio.app.work import Work

LONG = 20_000


@pytest.fixture
def work(qtbot):
    work = Work()
    yield work
    assert work.wait()


def test_the_answer_comes_in_the_thread_of_the_window(qtbot, work):
    told = []

    def then(result):
        told.append((result, QThread.currentThread()))

    work.start("sum", threading.current_thread, then)
    assert work.busy("sum")
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    (thread, here) = told[0]
    assert thread is not threading.main_thread()
    assert here is work.thread()
    assert not work.busy("sum")


def test_an_error_goes_to_who_asked_else_to_the_window(qtbot, work):
    answers, errors, problems = [], [], []
    work.problem.connect(problems.append)
    work.start("a", lambda: 1 / 0, answers.append, errors.append)
    work.start("b", lambda: {}["key"], answers.append)
    qtbot.waitUntil(lambda: bool(errors and problems), timeout=LONG)
    assert [type(e) for e in errors] == [ZeroDivisionError]
    assert [type(e) for e in problems] == [KeyError]
    assert answers == []


def test_even_a_system_exit_is_only_an_error(qtbot, work):
    def leave():
        raise SystemExit

    problems = []
    work.problem.connect(problems.append)
    work.start("a", leave, problems.append)
    qtbot.waitUntil(lambda: bool(problems), timeout=LONG)
    assert isinstance(problems[0], SystemExit)


def test_of_one_topic_only_the_newest_answers(qtbot, work):
    gates, told = [threading.Event() for _ in range(3)], []
    for i, gate in enumerate(gates):
        work.start("open", lambda gate=gate, i=i: gate.wait() and i, told.append)
    work.start("other", lambda: "other", told.append)
    qtbot.waitUntil(lambda: told == ["other"], timeout=LONG)
    for gate in reversed(gates):  # the newest is done first, the older ones come too late
        gate.set()
    qtbot.waitUntil(lambda: not work._running, timeout=LONG)
    assert told == ["other", 2]


def test_work_may_begin_the_same_topic_again_in_its_answer(qtbot, work):
    told = []

    def then(n):
        told.append(n)
        if n < 3:
            work.start("again", lambda: n + 1, then)

    work.start("again", lambda: 1, then)
    qtbot.waitUntil(lambda: told == [1, 2, 3], timeout=LONG)


def test_waiting_drops_the_answers(qtbot):
    work, told = Work(), []
    work.start("a", lambda: 1, told.append)
    assert work.wait()
    qtbot.wait(20)
    assert told == []


def test_f08_what_hangs_is_kept_and_not_waited_for_without_end(qtbot, work):
    go = threading.Event()
    work.start("network drive", go.wait, lambda _: None)
    assert not work.wait(20)
    assert len(work._running) == 1  # a QThread collected while it runs aborts the process
    go.set()
    assert work.wait()
