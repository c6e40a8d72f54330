"""Where the Latent page stands before anybody has gone there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from genstudio.app.session import Session

if TYPE_CHECKING:
    from genstudio.app.pages.latent import LatentPage


class LatentShell(QWidget):
    """Makes the page when it is first shown: it would keep the window from being seen for a fifth of its time.

    Signals
    -------
    problem(str)
    done(str)
        Something was saved or copied; a sentence.
    run_asked(Provenance)
        A picture of another run was given: open that one.
    made()
        The page is there, and comes last in the order of Tab, as what is made last does.
    """

    made = Signal()
    problem = Signal(str)
    done = Signal(str)
    run_asked = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._made: LatentPage | None = None
        self._shares: dict[str, list[int]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    @property
    def page(self) -> LatentPage:
        """The page, made now if it was not."""
        if self._made is None:
            from genstudio.app.pages.latent import LatentPage

            page = self._made = LatentPage(self._session)
            page.problem.connect(self.problem)
            page.done.connect(self.done)
            page.own.run_asked.connect(self.run_asked)
            for name, panes in page.all_panes().items():
                panes.set_shares(self._shares.get(name, []))
            layout = self.layout()
            assert layout is not None  # made above
            layout.addWidget(page)
            self.made.emit()
        return self._made

    def do(self, what: str) -> None:
        """What the keys ask for: see `LatentPage.do`."""
        self.page.do(what)

    def shares(self) -> dict[str, list[int]]:
        """How the room of the page is divided, by the name of its panes."""
        if self._made is None:
            return self._shares
        return {name: panes.shares() for name, panes in self._made.all_panes().items()}

    def set_shares(self, shares: Mapping[str, Sequence[int]]) -> None:
        """Divide it like this, now or when the page is made."""
        self._shares = {name: list(values) for name, values in shares.items()}

    def showEvent(self, event: QShowEvent) -> None:
        self.page.show()
        super().showEvent(event)

    def close_down(self) -> None:
        """End the threads of the page, if there are any."""
        if self._made is not None:
            self._made.close_down()
