"""Short work off the window's thread: opening data, reading runs, loading torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal


class _Task(QThread):
    """Runs one function; what it gave or raised lies in `result` or `error` when `ended` comes."""

    ended = Signal(object)

    def __init__(self, topic: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        super().__init__()
        self.setObjectName(topic)
        self.topic, self.then = topic, then
        self.otherwise: Callable[[BaseException], object] | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self._work = work

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        self.ended.emit(self)


class Work(QObject):
    """Runs functions in threads and calls back in the window's thread; of one topic only the newest answers.

    Signals
    -------
    problem(object)
        An exception for which no `otherwise` was given.
    """

    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: set[_Task] = set()
        self._newest: dict[str, _Task] = {}

    def start(
        self,
        topic: str,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Run `work` in a thread, then `then(result)` or `otherwise(error)` here, unless `topic` began anew."""
        task = _Task(topic, work, then)
        task.otherwise = otherwise
        self._newest[topic] = task
        self._running.add(task)
        # a bound method of this object: Qt then queues the call into this object's thread
        task.ended.connect(self._answer)
        task.start()

    def busy(self, topic: str) -> bool:
        """True while the newest work of a topic runs."""
        return topic in self._newest

    def wait(self, limit_ms: int = 5_000) -> bool:
        """Wait for what runs and drop its answers: called when the window closes.

        False when something still runs, on a network drive that went away perhaps. Its thread is kept: one that
        is collected while it runs aborts the process.
        """
        self._newest.clear()
        self._running = {task for task in self._running if not task.wait(limit_ms)}
        return not self._running

    def _answer(self, task: _Task) -> None:
        task.wait()  # it has said its last word; a thread object must not die before the thread
        self._running.discard(task)
        if self._newest.get(task.topic) is not task:
            return
        del self._newest[task.topic]
        if task.error is None:
            task.then(task.result)
        elif task.otherwise is not None:
            task.otherwise(task.error)
        else:
            self.problem.emit(task.error)
