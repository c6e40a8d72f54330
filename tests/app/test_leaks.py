"""The leak fixture catches what it says, and lets pass what cleans up after itself."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QWidget

pytest_plugins = ["pytester"]


def test_running_qthread_fails(watch_leaks):
    thread = QThread()
    with pytest.raises(pytest.fail.Exception, match="QThread QThread runs"), watch_leaks():
        thread.start()
    assert not thread.isRunning()


def test_thread_that_was_ended_passes(watch_leaks):
    thread = QThread()
    with watch_leaks():
        thread.start()
        thread.quit()
        assert thread.wait(5000)


def test_active_timer_fails(watch_leaks):
    timer = QTimer()
    timer.setObjectName("blinking")
    with pytest.raises(pytest.fail.Exception, match="QTimer blinking is active"), watch_leaks():
        timer.start(1000)
    assert not timer.isActive()


def test_timer_of_a_deleted_widget_passes(watch_leaks):
    widget = QWidget()
    with watch_leaks():
        QTimer(widget).start(1000)
        widget.deleteLater()


def test_python_thread_fails_but_daemon_passes(watch_leaks):
    go = threading.Event()
    plain = threading.Thread(target=go.wait, name="forgotten")
    daemon = threading.Thread(target=go.wait, daemon=True)
    with pytest.raises(pytest.fail.Exception, match="thread forgotten runs"), watch_leaks():
        plain.start()
    with watch_leaks():  # the other ran before: not this block's fault
        daemon.start()
    go.set()
    plain.join()
    daemon.join()


def test_the_fixture_is_in_force_and_looks_after_pytest_qt_has_closed_the_widgets(pytester):
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text("utf-8"))
    pytester.makeini("[pytest]\nqt_api = pyside6\n")
    pytester.makepyfile(
        """
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QWidget

        def test_leaves_a_timer():
            global timer
            timer = QTimer()
            timer.start(1000)

        def test_timer_of_a_widget_that_pytest_qt_closes(qtbot):
            widget = QWidget()
            qtbot.addWidget(widget)
            QTimer(widget).start(1000)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*QTimer QTimer is active*"])
