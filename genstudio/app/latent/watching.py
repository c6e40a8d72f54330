"""Looking at a training: what the bar above the Latent page says, and how much looking may cost."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer

from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.sight import Sight
from genstudio.app.session import Session
from genstudio.app.widgets.latent_live import USUAL, LiveBar

_COST_MS = 1000


class Watching(QObject):
    """Shows the bar while the open run trains, and keeps to the bound that was chosen there."""

    def __init__(self, session: Session, sight: Sight, desk: Desk, encoding: Encoding, bar: LiveBar) -> None:
        super().__init__(bar)
        self._session, self._sight, self._desk, self._encoding, self._bar = session, sight, desk, encoding, bar
        self._bound = USUAL / 100
        self._before = (time.monotonic(), 0.0)
        self._since = 0.0  # when the training began
        self._timer = QTimer(self)
        self._timer.setInterval(_COST_MS)
        self._timer.timeout.connect(self._show_cost)
        bar.follow_chosen.connect(sight.set_follow)
        bar.bound_chosen.connect(self._choose_bound)
        session.began.connect(lambda _: self._begin())
        session.phase_changed.connect(lambda _: self._show())
        sight.changed.connect(self._show)
        sight.updated.connect(self._updated)

    def set_shown(self, shown: bool) -> None:
        """Whether the page is in sight."""
        if shown and self._session.running:
            self._timer.start()
        else:
            self._timer.stop()
        self._show()

    def _begin(self) -> None:
        self._since = time.monotonic()
        self._choose_bound(self._bound)
        self._bar.show_cost(0.0, 0.0)

    def _choose_bound(self, share: float) -> None:
        self._bound = share
        self._session.mailbox.lookout.most_share = share
        self._show()

    def _show(self) -> None:
        """Bring the bar and the desk's share up to date."""
        running, explorer = self._session.running, self._sight.explorer
        self._bar.setVisible(running)
        self._desk.set_share(self._bound if running else 1.0, self._since)
        if explorer is not None and self._sight.live:
            self._bar.show_step(explorer.step, explorer.trained.weights)
        else:
            self._bar.show_waiting()
        if running and self._bar.isVisible():
            self._timer.start()
        elif not running:
            self._timer.stop()

    def _updated(self) -> None:
        self._show()
        if self._sight.live:
            self._encoding.follow(self._bar.map_every())

    def _show_cost(self) -> None:
        now, seconds = time.monotonic(), self._desk.seconds
        then, before = self._before
        self._before = (now, seconds)
        self._bar.show_cost(self._session.mailbox.lookout.share(), (seconds - before) / max(now - then, 1e-3))
