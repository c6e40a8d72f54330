"""A test of the window that leaves something running behind fails, whatever else it found."""

import contextlib
import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from shiboken6 import isValid

PATIENCE_MS = 5000


def pytest_collection_modifyitems(items):
    """The platform without a screen warns of what only a screen can do; every other warning of Qt fails a test."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture
def watch_leaks(qapp):
    """The context manager behind `no_leaks`, so that it can be tested itself."""
    return _watch_leaks


@pytest.fixture(autouse=True)
def no_leaks(watch_leaks):
    """Torn down last: pytest-qt has closed the widgets by then, other fixtures have cleaned up."""
    with watch_leaks():
        yield


@contextlib.contextmanager
def _watch_leaks():
    """Fail when the block leaves a running QThread, an active QTimer, a busy pool or a Python thread."""
    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as patch:
        threads, timers = _record_starts(patch, QThread), _record_starts(patch, QTimer)
        yield
        _settle()
    left = [f"the QThread {_name(t)} runs" for t in threads if isValid(t) and t.isRunning()]
    left += [f"the QTimer {_name(t)} is active" for t in timers if isValid(t) and t.isActive()]
    left += [f"the thread {t.name} runs" for t in threading.enumerate() if t not in before and not t.daemon]
    if not QThreadPool.globalInstance().waitForDone(PATIENCE_MS):
        left.append("the thread pool is busy")
    _stop(threads, timers)
    if left:
        pytest.fail("after the test " + ", ".join(left) + ": stop it in the test or in what it tests")


def _record_starts(patch, kind):
    """Note every object of the Qt class `kind` on which start() is called."""
    started, start = [], kind.start

    def recorded_start(self, *args):
        if not any(self is known for known in started):
            started.append(self)
        start(self, *args)

    patch.setattr(kind, "start", recorded_start)
    return started


def _settle():
    """Deliver what is queued, above all deletions: a timer dies with the widget that owns it."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()


def _stop(threads, timers):
    """End what was left, so that one test does not spoil the next."""
    for timer in timers:
        if isValid(timer):
            timer.stop()
    for thread in threads:
        if isValid(thread) and thread.isRunning():
            thread.requestInterruption()
            thread.quit()
            thread.wait(PATIENCE_MS)


def _name(thing):
    return thing.objectName() or type(thing).__name__


@pytest.fixture(autouse=True, scope="session")
def bin_folder(tmp_path_factory):
    """The bin of these tests alone. send2trash asks once a process, when it is imported, where the bin is."""
    folder = tmp_path_factory.mktemp("share")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        yield folder / "Trash" / "files"


@pytest.fixture
def studio(qtbot, qapp):
    """A person at the open window."""
    from studio import Studio  # late: most tests of widgets need no window

    person = Studio(qtbot).open()
    yield person
    person.end()
