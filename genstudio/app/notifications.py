"""The one place where every error, warning and note of any thread arrives, is logged and handed to the window."""

from __future__ import annotations

import logging
import platform
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler

import PySide6
from PySide6.QtCore import QObject, Qt, Signal

import genstudio
from genstudio.app.hooks import Hooks, Severity, summary_of, trace_of
from genstudio.core.errors import GenStudioError
from genstudio.core.folders import log_folder

_LEVELS = {"info": logging.INFO, "success": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True, slots=True)
class Action:
    """A remedy as a button."""

    label: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Note:
    """One message for a person. Messages of equal `key` are one message, `count` times.

    Attributes
    ----------
    text : str
        A sentence or two, plain text: what, where, what was kept, what to do.
    detail : str
        For a report: a traceback, never shown as the message itself.
    """

    severity: Severity
    text: str
    detail: str = ""
    action: Action | None = None
    count: int = 1

    @property
    def key(self) -> tuple[str, str]:
        return self.severity, self.text

    def report(self) -> str:
        """What a person can send to us: message, traceback, versions."""
        versions = (
            f"GenStudio {genstudio.__version__}, Python {platform.python_version()}, "
            f"PySide6 {PySide6.__version__}, {platform.platform()}"
        )
        return f"{self.text}\n\n{self.detail}\n{versions}\n"


class NotificationManager(QObject):
    """Collects messages from any thread; gives each once, in the thread that it lives in.

    Signals
    -------
    raised(Note)
        A message to show; `count` tells how often it has come since it was shown last.
    """

    raised = Signal(object)
    _waiting_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.RLock()  # collecting garbage in here may raise, and come back
        self._waiting: dict[tuple[str, str], Note] = {}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._busy = threading.local()
        self._hooks = Hooks(self.catch, self._say)
        self._log = logging.Logger("genstudio")  # not in logging's tree: each manager has its own
        # always queued: an error may come out of a paintEvent, where nothing may be shown
        self._waiting_changed.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Open the log and lead every uncaught exception and warning of the process to this manager."""
        self._open_log()
        self._hooks.install()

    def uninstall(self) -> None:
        """Put the former hooks back and close the log."""
        self._hooks.uninstall()
        for handler in list(self._log.handlers):
            self._log.removeHandler(handler)
            handler.close()

    def notify(self, severity: Severity, text: str, detail: str = "", action: Action | None = None) -> None:
        """Show a message; may be called from any thread, at any time, without waiting."""
        note = Note(severity, text, detail, action)
        with self._lock:
            self._seen[note.key] += 1
            count = self._seen[note.key]
            first = not self._waiting
            before = self._waiting.pop(note.key, None)
            self._waiting[note.key] = _merged(before, note)
        if str(count).rstrip("0") == "1":  # the 1st, 10th, 100th: a flood must not wash the log away
            self._log.log(_LEVELS[severity], "%s (%d times)\n%s", text, count, detail)
        if first:
            self._waiting_changed.emit()

    def catch(self, error: BaseException) -> None:
        """Show an exception: our own with its sentence, any other as a fault of GenStudio with a report."""
        trace = trace_of(error)
        if getattr(self._busy, "now", False):  # raised while showing or catching another: F11
            self._log.error("raised while an error was being shown\n%s", trace)
            return
        self._busy.now = True
        try:
            if isinstance(error, GenStudioError):
                self._log.error("%s", trace)
                self.notify("error", str(error))
            elif not isinstance(error, KeyboardInterrupt):
                self.notify("error", f"Something went wrong in GenStudio: {summary_of(error)}", trace)
        except Exception:
            self._log.exception("raised while an error was being caught")
        finally:
            self._busy.now = False

    def _say(self, severity: Severity, text: str) -> None:
        if severity == "info":
            self._log.info("%s", text)
        else:
            self.notify(severity, text)

    def _deliver(self) -> None:
        with self._lock:
            notes, self._waiting = list(self._waiting.values()), {}
        self._busy.now = True  # what a receiver raises is logged, not shown by that same receiver
        try:
            for note in notes:
                self.raised.emit(note)
        finally:
            self._busy.now = False

    def _open_log(self) -> None:
        path = log_folder() / "genstudio.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
        except OSError as error:
            self._log.addHandler(logging.NullHandler())
            self.notify("warning", f"There is no log: {path} cannot be written ({error.strerror}).")
            return
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
        self._log.addHandler(handler)


def _merged(before: Note | None, note: Note) -> Note:
    if before is None:
        return note
    return Note(note.severity, note.text, note.detail, note.action, before.count + note.count)
