"""F10, F11, F43: each error of each kind of thread ends in one message, and the process lives."""

import gc
import sys
import threading
import warnings

import pytest
from PySide6.QtCore import QObject, QRunnable, Qt, QThread, QThreadPool, Signal, Slot, qCritical, qWarning
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from genstudio.app.notifications import NotificationManager
from genstudio.app.widgets.toast_stack import ToastStack
from genstudio.core.errors import InputError, WorkError
from genstudio.core.folders import log_folder


@pytest.fixture
def manager(qapp):
    manager = NotificationManager()
    manager.install()
    yield manager
    manager.uninstall()


@pytest.fixture
def window(qtbot):
    window = QWidget()
    window.resize(1280, 800)
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def stack(window, manager):
    stack = ToastStack(window)
    manager.raised.connect(stack.show_note)
    return stack


def fail(*_):
    raise ZeroDivisionError("no such number")


def log():
    return (log_folder() / "genstudio.log").read_text("utf-8")


# the seven contexts --------------------------------------------------------------------------------------


class Emitter(QObject):
    go = Signal()


class Painter(QWidget):
    painted = 0

    def paintEvent(self, event):
        self.painted += 1
        if self.painted == 1:
            fail()


class Runner(QThread):
    def run(self):
        fail()


class Worker(QObject):
    def __init__(self):
        super().__init__()
        self.reached = threading.Event()

    @Slot()
    def work(self):
        self.reached.set()
        fail()


class Task(QRunnable):
    def run(self):
        fail()


def in_slot(qtbot, window):
    button = QPushButton(window)
    button.clicked.connect(fail)
    button.click()


def in_paint_event(qtbot, window):
    painter = Painter(window)
    painter.resize(50, 50)
    painter.show()
    qtbot.waitUntil(lambda: painter.painted > 0)


def in_qthread_run(qtbot, window):
    runner = Runner()
    runner.start()
    assert runner.wait(5000)


def in_worker_moved_to_thread(qtbot, window):
    thread, worker, emitter = QThread(), Worker(), Emitter()
    worker.moveToThread(thread)
    emitter.go.connect(worker.work)
    thread.start()
    emitter.go.emit()
    assert worker.reached.wait(5)
    thread.quit()
    assert thread.wait(5000)


def in_runnable(qtbot, window):
    QThreadPool.globalInstance().start(Task())
    assert QThreadPool.globalInstance().waitForDone(5000)


def in_queued_slot(qtbot, window):
    emitter = Emitter(window)
    emitter.go.connect(fail, Qt.ConnectionType.QueuedConnection)
    emitter.go.emit()


def in_python_thread(qtbot, window):
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


CONTEXTS = [
    in_slot,
    in_paint_event,
    in_qthread_run,
    in_worker_moved_to_thread,
    in_runnable,
    in_queued_slot,
    in_python_thread,
]


@pytest.mark.parametrize("context", CONTEXTS)
def test_an_exception_ends_in_exactly_one_toast_and_the_process_lives(qtbot, window, stack, context):
    context(qtbot, window)
    qtbot.waitUntil(lambda: bool(stack.notes()))
    QTest.qWait(0)
    (note,) = stack.notes()
    assert note.count == 1
    assert note.severity == "error"
    assert note.text == "Something went wrong in GenStudio: ZeroDivisionError: no such number"
    assert "in fail" in note.detail
    assert len(stack.visible_toasts()) == 1
    assert "in fail" in log()


@pytest.mark.parametrize("error", [InputError("Batch is not 7."), WorkError("The disk is full.")])
def test_our_own_errors_show_their_sentence_and_no_report(qtbot, stack, error):
    def slot():
        raise error

    button = QPushButton()
    qtbot.addWidget(button)
    button.clicked.connect(slot)
    button.click()
    qtbot.waitUntil(lambda: bool(stack.notes()))
    (note,) = stack.notes()
    assert (note.text, note.detail) == (str(error), "")
    assert "in slot" in log()


# warnings, Qt, garbage ------------------------------------------------------------------------------------


def test_a_thousand_equal_warnings_are_one_toast_with_a_count(qtbot, stack):
    def warn():
        for _ in range(250):
            warnings.showwarning(UserWarning("the batch is odd"), UserWarning, "batches.py", 7)

    threads = [threading.Thread(target=warn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: [note.count for note in stack.notes()] == [1000])
    (toast,) = stack.visible_toasts()
    assert "1,000 times" in [label.text() for label in toast.findChildren(QLabel)]
    assert toast.note.text == "A part of GenStudio warns: the batch is odd (batches.py, line 7)"
    assert log().count("the batch is odd") == 4  # the 1st, 10th, 100th and 1000th


def test_a_warning_takes_the_usual_way_to_the_hook(qtbot, stack):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("mind the gap", RuntimeWarning, stacklevel=1)
    qtbot.waitUntil(lambda: bool(stack.notes()))
    assert "mind the gap (test_notifications.py" in stack.notes()[0].text


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, ResourceWarning])
def test_warnings_for_programmers_are_logged_only(manager, stack, category):
    warnings.showwarning(category("old spelling"), category, "library.py", 3)
    QTest.qWait(0)
    assert stack.notes() == []
    assert "old spelling" in log()


def test_qt_messages_are_logged_and_critical_ones_shown(qtbot, stack):
    qWarning("a small thing")
    qCritical("a big thing")
    qtbot.waitUntil(lambda: bool(stack.notes()))
    assert [note.text for note in stack.notes()] == ["Qt: a big thing"]
    assert "a small thing" in log()


def test_an_exception_while_garbage_is_collected_is_shown(qtbot, stack):
    class Bad:
        def __del__(self):
            fail()

    bad = Bad()
    del bad
    gc.collect()
    qtbot.waitUntil(lambda: bool(stack.notes()))
    assert "ZeroDivisionError" in stack.notes()[0].text


# hooks and their guard ------------------------------------------------------------------------------------


def hooks_in_force():
    return sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning


def test_uninstall_restores_what_was_there(qapp):
    before = hooks_in_force()
    manager = NotificationManager()
    manager.install()
    manager.install()
    during = hooks_in_force()
    manager.uninstall()
    assert hooks_in_force() == before
    assert all(now is not then for now, then in zip(during, before, strict=True))
    manager.uninstall()
    assert hooks_in_force() == before


def test_exit_and_interrupt_of_a_thread_are_no_errors(manager, stack):
    def leave(how):
        raise how

    for how in (SystemExit(0), KeyboardInterrupt()):
        thread = threading.Thread(target=leave, args=(how,))
        thread.start()
        thread.join()
    QTest.qWait(0)
    assert stack.notes() == []


def test_an_exception_in_who_shows_the_message_is_logged_only(qtbot, manager):
    shown = []

    def show(note):
        shown.append(note)
        raise RuntimeError("the toast is broken")

    manager.raised.connect(show)
    manager.notify("info", "Hello.")
    qtbot.waitUntil(lambda: "the toast is broken" in log())
    QTest.qWait(0)
    assert [note.text for note in shown] == ["Hello."]


def test_an_exception_inside_the_hook_is_logged_only(manager, monkeypatch):
    monkeypatch.setattr(manager, "notify", fail)
    manager.catch(RuntimeError("first"))
    assert "raised while an error was being caught" in log()
    manager.catch(RuntimeError("second"))  # the guard is open again
    assert log().count("raised while an error was being caught") == 2


def test_without_a_log_folder_it_says_so_and_goes_on(qtbot, home, qapp):
    log_folder().write_text("in the way")
    manager = NotificationManager()
    notes = []
    manager.raised.connect(notes.append)
    manager.install()
    manager.uninstall()
    qtbot.waitUntil(lambda: bool(notes))
    assert str(log_folder()) in notes[0].text
