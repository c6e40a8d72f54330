"""Which model the Latent page looks at: that of the open run, or a copy of the one that is being trained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from genstudio.app.latent.desk import Desk
from genstudio.app.session import Session
from genstudio.core.errors import GenStudioError

if TYPE_CHECKING:
    from genstudio.engine.latent.explorer import Explorer

EVERY_MS = 1000  # between two copies of a model in training, at least
_WARM = "latent copy"
_NONE = "Open a run, or train one: what it has learnt can be walked through here, also while it trains."
_SOON = "The training is about to begin. What it learns can be walked through as soon as it takes steps."


class Sight(QObject):
    """Keeps the desk's model up to date while the page is in sight; asks nothing of a training while it is not.

    Attributes
    ----------
    explorer : Explorer or None
        What is looked at. Only the desk calls it; its size, shape, labels and step may be read anywhere.
    live : bool
        Whether it is a copy from a running training.
    follow : bool
        Whether newer weights of a running training are taken over by themselves.

    Signals
    -------
    changed()
        Another model, or none: `reason` says why.
    updated()
        Newer weights of the same run.
    """

    changed = Signal()
    updated = Signal()

    def __init__(self, session: Session, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._desk = session, desk
        self.explorer: Explorer | None = None
        self.path: Path | None = None
        self.live = False
        self.follow = True
        self.reason = _NONE
        self._shown = False
        self._stale = True  # the run on the disk was not read since it may have changed
        self._trained: Any = None  # the copy that `explorer` is made of
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.look)
        session.began.connect(self._began)
        session.opened.connect(lambda _: self._reread())
        session.discarded.connect(lambda _: self._reread())
        session.phase_changed.connect(lambda _: self._watch())

    # --- what the page says --------------------------------------------------------------------------

    def set_shown(self, shown: bool) -> None:
        """Whether anybody looks."""
        self._shown = shown
        self._watch()
        if shown and self._session.running:
            self.look()
        elif shown and self._stale:
            self._read()

    def set_follow(self, follow: bool) -> None:
        """Take over newer weights by themselves, or only when `look` is called."""
        self.follow = follow
        self._watch()

    def look(self) -> None:
        """Take the newest copy of the model in training, and ask for the next one."""
        if self._session.work.busy(_WARM):
            return
        trained = self._session.look()
        if trained is None or trained is self._trained:
            return
        self._trained = trained
        path = self._session.path
        self._session.work.start(
            _WARM, lambda: _warmed(trained), lambda found: self._warmed(trained, path, *found), self._failed
        )

    def _warmed(self, trained: Any, path: Path | None, found: Explorer, seconds: float) -> None:
        """A copy is ready to be asked; the next one comes when getting this one ready has been made up for."""
        self._timer.setInterval(round(max(EVERY_MS, 1000 * seconds / self._session.mailbox.lookout.most_share)))
        if trained is self._trained and self._session.running:
            self._take(found, path, live=True)

    # --- what the session says -----------------------------------------------------------------------

    def _began(self, path: Path) -> None:
        self._trained = None
        self._stale = True
        if path != self.path:
            self._refuse(_SOON)
            self.path = path

    def _reread(self) -> None:
        self._stale = True
        self._trained = None
        if self._session.path is None:
            self._refuse(_NONE)
        elif self._shown:
            self._read()

    def _watch(self) -> None:
        """Ask for copies while somebody looks at a training that takes steps, or has none yet."""
        session = self._session
        wanted = session.phase == "training" and (self.follow or self._trained is None)
        wanted = wanted or (session.phase == "paused" and self._trained is None)
        if self._shown and wanted:
            self._timer.start()
        else:
            self._timer.stop()

    def _read(self) -> None:
        path = self._session.path
        if path is None or self._session.running:
            return
        self._stale = False
        self._session.work.start(
            "latent model", lambda: _open(path), lambda found: self._read_is(path, found), self._failed
        )

    def _read_is(self, path: Path, found: Explorer) -> None:
        if path == self._session.path and not self._session.running:
            self._take(found, path, live=False)

    def _failed(self, error: BaseException) -> None:
        self._timer.stop()
        if isinstance(error, GenStudioError):
            self._refuse(str(error))
        else:
            self._refuse("The model of this run could not be loaded.")
            self._session.work.problem.emit(error)

    # --- taking over ---------------------------------------------------------------------------------

    def _take(self, found: Explorer, path: Path | None, live: bool) -> None:
        before, self.explorer, self.live, self.reason = self.explorer, found, live, ""
        same = before is not None and path == self.path and _alike(before, found)
        self.path = path
        self._desk.set_explorer(found)
        (self.updated if same else self.changed).emit()

    def _refuse(self, reason: str) -> None:
        self._desk.cancel()
        self._desk.set_explorer(None)
        self.explorer, self.path, self.live, self.reason = None, None, False, reason
        self.changed.emit()


def _alike(a: Explorer, b: Explorer) -> bool:
    """Whether a place in one is a place in the other."""
    return (a.size, a.shape, a.labels) == (b.size, b.shape, b.labels)


def _open(path: Path) -> Explorer:
    from genstudio.engine.latent.explorer import Explorer

    return Explorer.open(path)


def _warmed(trained: Any) -> tuple[Explorer, float]:
    """A copy that has drawn once, which for some families costs more than all the rest, and the seconds it took."""
    from genstudio.engine.device import use_one_thread
    from genstudio.engine.latent.explorer import Explorer

    use_one_thread()
    begin = time.thread_time()
    found = Explorer(trained)
    found.draw(found.random(1, 0))
    return found, time.thread_time() - begin
