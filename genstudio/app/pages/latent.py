"""The Latent page: walk through what a model has learnt, also while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from genstudio.app.latent.around import Around
from genstudio.app.latent.attributing import Attributing
from genstudio.app.latent.bookmarking import Bookmarking
from genstudio.app.latent.charting import Charting
from genstudio.app.latent.desk import Desk
from genstudio.app.latent.encoding import Encoding
from genstudio.app.latent.filming import Filming
from genstudio.app.latent.levers import Levers
from genstudio.app.latent.own import Own
from genstudio.app.latent.sheeting import Sheeting
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.standing import Standing
from genstudio.app.latent.walk import Walk
from genstudio.app.latent.watching import Watching
from genstudio.app.session import Session
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.drop_veil import DropVeil, dropped
from genstudio.app.widgets.film_strip import FilmStrip
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.latent_here import Here
from genstudio.app.widgets.latent_live import LiveBar
from genstudio.app.widgets.latent_looks import Looks
from genstudio.app.widgets.latent_map_card import MapCard
from genstudio.app.widgets.latent_side import LatentSide
from genstudio.app.widgets.panes import Panes
from genstudio.engine.latent.place import Place, code_text

if TYPE_CHECKING:
    from genstudio.engine.latent.explorer import Explorer


_SMALL = 600  # pixels of height below which only the map, the picture and the controls are in sight


class LatentPage(QWidget):
    """Arranges the parts and connects them.

    Attributes
    ----------
    desk : Desk
        The thread that draws; it ends with `close_down`.

    Signals
    -------
    problem(str)
    done(str)
        Something was saved or copied; a sentence.
    """

    problem = Signal(str)
    done = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        # in the order in which Tab goes through them
        self.live, self.card, self.here, self.looks = LiveBar(), MapCard(), Here(), Looks()
        self.strip, self.side = FilmStrip(), LatentSide()
        self.map = self.card.map
        self.desk = Desk()
        self.sight, self.walk = Sight(session, self.desk, self), Walk(self)
        self.encoding = Encoding(self.sight, self.desk, session.work, self)
        self.charting = Charting(self.sight, self.desk, self.encoding, self.card, self.walk, self)
        self.standing = Standing(self.sight, self.desk, self.walk, self.here, self.map, self.charting, self)
        self.around = Around(
            self.desk, self.walk, self.encoding, self.charting, self.map, self.looks, self.standing
        )  # fmt: skip
        self.sheeting = Sheeting(self.sight, self.desk, self.walk, self.charting, self.card, self)
        self.levers = Levers(
            self.sight, self.desk, self.walk, self.encoding, self.side.dimensions, self.side.directions, self.looks,
            self,
        )  # fmt: skip
        self.attributing = Attributing(
            self.sight, self.desk, self.walk, self.encoding, self.charting, self.around, self.side.attributes, self
        )
        self.bookmarking = Bookmarking(self.sight, self.desk, session.work, self.walk, self.side.places, self)
        self.filming = Filming(self.sight, self.desk, session.work, self.walk, self.strip, self)
        self.own = Own(self.sight, self.desk, session.work, self.walk, self.here, self.standing)
        self.watching = Watching(session, self.sight, self.desk, self.encoding, self.live)
        self.veil = DropVeil(self, "look for")
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self.sight.changed.emit()  # there is no model yet, and each part says so

    def _lay_out(self) -> None:
        self.right = Panes(Qt.Orientation.Vertical, (600, 400))
        self.right.addWidget(self.here)
        self.right.addWidget(self.looks)
        self.panes = Panes(Qt.Orientation.Horizontal, (560, 440))
        self.panes.addWidget(self.card)
        self.panes.addWidget(self.right)
        self.panes.setStretchFactor(0, 5)
        self.panes.setStretchFactor(1, 4)
        path = Card("")
        path.set_bare(self.strip)
        path.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        left, row = QVBoxLayout(), QHBoxLayout()
        for layout in (left, row):
            layout.setSpacing(12)
        left.addWidget(self.panes, 1)
        left.addWidget(path)
        row.addLayout(left, 1)
        row.addWidget(self.side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.live)
        column.addLayout(row, 1)
        self.live.hide()

    def _connect(self) -> None:
        self.desk.problem.connect(self._session.work.problem)
        for part in (self.here, self.looks):
            part.problem.connect(self.problem)
        parts = (self.encoding, self.charting, self.own, self.bookmarking, self.filming)
        for part in parts:
            part.told.connect(self.problem)
        self.filming.done.connect(self.done)
        self.levers.found.connect(self.charting.take_directions)
        self.here.asked.connect(self.do)

    def all_panes(self) -> dict[str, Panes]:
        """What a person can divide otherwise, by the name that it is remembered under."""
        return {"latent": self.panes, "latent right": self.right}

    def do(self, what: str) -> None:
        """What the buttons below the picture, and the keys, ask for."""
        walk, place = self.walk, self.walk.place
        if what == "undo":
            walk.undo()
        elif what == "redo":
            walk.redo()
        elif what == "random":
            self.standing.random()
        elif what == "own":
            self._ask_own()
        elif what == "paste":
            self.own.paste()
        elif what == "forget":
            self.own.forget()
        elif place is not None and what == "pin":
            walk.pin(place)
        elif what == "bookmark":
            self.bookmarking.add()
        elif what == "save":
            self._save()
        elif place is not None and what == "python":
            path = self.sight.path
            self.desk.ask("python", lambda e: _as_code(e, path, place), self._copy_python)
        elif place is not None and what == "code":
            QGuiApplication.clipboard().setText(code_text(place.code))
            self.done.emit("The code is on the clipboard.")

    def _save(self) -> None:
        """Ask where to save the picture of the gallery that has the focus, or the one here."""
        focus = QApplication.focusWidget()
        gallery = focus if isinstance(focus, Gallery) else self.here.gallery
        gallery.picture_actions.ask_save()

    def _copy_python(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.done.emit("A few lines of Python that draw this picture are on the clipboard.")

    def _ask_own(self) -> None:
        dialog = QFileDialog(self, "Own picture", "", "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.gif)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.own.take_file(Path(path)))
        dialog.open()

    # --- dropping ------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        path = dropped(event, self)
        if path:
            self.veil.show_name(Path(path).name)
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        path = dropped(event, self)
        if path:
            event.acceptProposedAction()
            self.own.take_file(Path(path))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a small screen the map comes first."""
        super().resizeEvent(event)
        small = self.height() < _SMALL
        if small != (event.oldSize().height() < _SMALL) or not event.oldSize().isValid():
            self.strip.set_folded(small)
            self.looks.setVisible(not small)

    # --- in sight --------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.sight.set_shown(True)
        self.watching.set_shown(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.veil.hide()
        self.sight.set_shown(False)
        self.watching.set_shown(False)

    def close_down(self) -> None:
        """End the threads: nothing can be looked at any more."""
        self.sight.set_shown(False)
        self.watching.set_shown(False)
        self.charting.cancel()
        self.charting.close()
        self.desk.close()


def _as_code(explorer: Explorer, path: Path | None, place: Place) -> str:
    from genstudio.engine.latent.provenance import as_code

    assert path is not None  # there is a place
    return as_code(path, place, explorer)
