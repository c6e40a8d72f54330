"""Starts the application: checks, theme, window, and a clean end."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from genstudio.app import system
from genstudio.core import folders
from genstudio.core.errors import WorkError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from genstudio.app.window import Window

_PAINTED = 50  # ms: the window is on the screen by then; threads that import torch would hold its first paint up


def run_window(run: Path | None = None) -> int:
    """Open the window, on `run` if given, until it is closed; returns the exit status.

    Raises
    ------
    WorkError
        When there is no display or a system library is missing.
    """
    if not system.has_display() and os.environ.get("QT_QPA_PLATFORM") is None:
        raise WorkError("There is no display to open a window on: use the commands, “genstudio --help” lists them.")
    with application() as (app, window):
        if run is not None:
            window.open_run(run)
        status = app.exec()
        hangs = not window.session.close()
    if hangs:  # on a dead drive: the interpreter would wait for its thread, or abort
        os._exit(status)
    return status


@contextlib.contextmanager
def application() -> Iterator[tuple[QApplication, Window]]:
    """The application with its window shown; everything is put away at the end."""
    system.check_libraries()
    gc.disable()  # nothing of what is made until the window stands is garbage: 6 % of the time until then
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from genstudio.app import settings, theme
    from genstudio.app.crash import CrashLog
    from genstudio.app.notifications import NotificationManager
    from genstudio.app.window import Window

    app = QApplication(sys.argv[:1])
    app.setApplicationName("GenStudio")
    app.setDesktopFileName("genstudio")
    remembered, note = settings.load()
    theme.apply(app, remembered.theme)
    manager, crash = NotificationManager(), CrashLog(folders.log_folder())
    manager.install()
    with theme.undressed(app):
        window = Window(manager, remembered)
    for text in filter(None, (note, crash.open())):
        manager.notify("warning", text)
    gc.freeze()  # nor does it have to be searched again
    gc.enable()
    window.show()
    QTimer.singleShot(_PAINTED, window, window.begin)
    with _quit_on_signal(window):
        try:
            yield app, window
        finally:
            window.session.close()
            window.close()
            manager.uninstall()
            crash.close()


@contextlib.contextmanager
def _quit_on_signal(window: Window) -> Iterator[None]:
    """Ctrl-C and a log-out stop, save and close; Python sees a signal only when its interpreter runs."""
    from PySide6.QtCore import QTimer

    def leave(*_: object) -> None:
        window.leave()

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    pulse = QTimer(window)
    pulse.timeout.connect(lambda: None)
    pulse.start(500)
    try:
        yield
    finally:
        pulse.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
