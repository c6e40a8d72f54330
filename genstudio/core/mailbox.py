"""The one object that two threads change: edits and requests from the window to training."""

from __future__ import annotations

import threading
from typing import Any

from genstudio.core.lookout import Lookout

#: A request beside edits of knobs: seconds that each step is to take, so that each is told; 0 for full speed.
PACE = "!pace"


class Mailbox:
    """Edits and requests by name. The newest of a name wins, so a drag never queues up.

    Attributes
    ----------
    lookout : Lookout
        Where copies of the model can be had while it is trained (`engine.load.Trained`).
    """

    def __init__(self) -> None:
        self.lookout: Lookout[Any] = Lookout()
        self._lock = threading.Lock()
        self._waiting: dict[str, Any] = {}

    def put(self, name: str, value: Any) -> None:
        """Leave `value` under `name`; called by the window."""
        with self._lock:
            self._waiting[name] = value

    def take(self) -> dict[str, Any]:
        """Everything left since the last call, usually nothing; called by training between steps."""
        if not self._waiting:
            return {}
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return taken
