"""Python's and Qt's last resorts for errors nobody caught, all led to one pair of functions."""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TextIO

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

Caught = Callable[[BaseException], None]
Severity = Literal["info", "success", "warning", "error"]
Said = Callable[[Severity, str], None]
#: Written for programmers: they belong into the log, not before a person.
_FOR_PROGRAMMERS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)


class Hooks:
    """Replaces sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning and Qt's handler.

    Parameters
    ----------
    caught : callable
        Gets each exception that nobody caught, in the thread that raised it.
    said : callable
        Gets severity ("info", "warning" or "error") and text of what Python or Qt warns of, in any thread.
    """

    def __init__(self, caught: Caught, said: Said) -> None:
        self._caught, self._said = caught, said
        self._before: tuple[Any, ...] | None = None

    def install(self) -> None:
        """Take the place of the hooks in force; a second call changes nothing."""
        if self._before is not None:
            return
        qt = qInstallMessageHandler(self._qt)
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning, qt)
        sys.excepthook = self._python
        threading.excepthook = self._thread
        sys.unraisablehook = self._unraisable
        warnings.showwarning = self._warning

    def uninstall(self) -> None:
        """Put back what was in force before `install`."""
        if self._before is None:
            return
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning, qt = self._before
        qInstallMessageHandler(qt)
        self._before = None

    def _python(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        sys.__excepthook__(kind, error, trace)  # for who started GenStudio from a terminal
        self._caught(error)

    def _thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self._python(args.exc_type, args.exc_value, args.exc_traceback)

    def _unraisable(self, args: Any) -> None:
        if args.exc_value is not None:
            self._python(args.exc_type, args.exc_value, args.exc_traceback)

    def _warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        severity: Severity = "info" if issubclass(category, _FOR_PROGRAMMERS) else "warning"
        self._said(severity, f"A part of GenStudio warns: {message} ({Path(filename).name}, line {lineno})")

    def _qt(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        bad = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
        self._said("error" if bad else "info", f"Qt: {message}")


def trace_of(error: BaseException) -> str:
    """The whole traceback as text."""
    return "".join(traceback.format_exception(error))


def summary_of(error: BaseException) -> str:
    """Kind and message of an exception in one line of at most 300 characters."""
    line = " ".join("".join(traceback.format_exception_only(error)).split())
    return line if len(line) <= 300 else line[:299] + "…"
