"""A picture of the person's own in the latent space: found by the encoder or by a search; and pictures that know
where they come from.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.standing import Standing
from genstudio.app.latent.walk import Walk
from genstudio.app.widgets.latent_here import Here
from genstudio.app.work import Work
from genstudio.core.errors import InputError
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.explorer import Explorer
    from genstudio.engine.latent.invert import Inverted
    from genstudio.engine.latent.provenance import Provenance

_NONE = "Open a run first: your picture is looked for in what its model has learnt."


class Own(QObject):
    """Takes files, the clipboard and codes.

    Signals
    -------
    told(str)
        What could not be done, or is to be known.
    run_asked(Provenance)
        A picture of another run was given: open that one.
    """

    told = Signal(str)
    run_asked = Signal(object)

    def __init__(self, sight: Sight, desk: Desk, work: Work, walk: Walk, here: Here, standing: Standing) -> None:
        super().__init__(standing)
        self._sight, self._desk, self._work, self._walk = sight, desk, work, walk
        self._here, self._standing = here, standing
        self._waiting: tuple[Provenance, str] | None = None  # where to go as soon as its run is open
        sight.changed.connect(self._arrived)
        here.stop_asked.connect(self.stop)

    # --- what is given ---------------------------------------------------------------------------------

    def take_file(self, path: Path) -> None:
        """A file was dropped or chosen: go where it says that it comes from, or look for what it shows."""
        self._read(path, path.name)

    def paste(self) -> None:
        """A picture, a file or a code from the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        path = next((url.toLocalFile() for url in data.urls() if url.isLocalFile()), "")
        if path:
            self.take_file(Path(path))
        elif data.hasImage():
            self._read(_png(QGuiApplication.clipboard().image()), "the clipboard")
        else:
            self._paste_code(data.text().strip())

    def _paste_code(self, text: str) -> None:
        from genstudio.engine.latent.place import code_from_text

        explorer = self._sight.explorer
        try:
            if explorer is None:
                raise InputError(_NONE)
            if not text:
                raise InputError("The clipboard holds neither a picture nor a code: copy one first.")
            code = code_from_text(text)
            if len(code) != explorer.size:
                raise InputError(
                    f"The code has {len(code):,} numbers, those of this model have {explorer.size:,}: open its run."
                )
        except InputError as error:
            self.told.emit(str(error))
            return
        self._walk.go(Place(code, self._label()), "a code from the clipboard")

    def _read(self, source: Path | bytes, name: str) -> None:
        explorer = self._sight.explorer
        shape = None if explorer is None else explorer.shape
        preparation = None if explorer is None else explorer.trained.document.data.preparation

        def read() -> Provenance | Images:
            from genstudio.engine.latent.own_picture import read_picture
            from genstudio.engine.latent.provenance import read as provenance

            found = provenance(source)
            if found is not None:
                return found
            if shape is None:
                raise InputError(_NONE)
            return read_picture(source, shape, preparation, "" if isinstance(source, Path) else name)

        self._work.start("own picture", read, lambda found: self._got(found, name), self._failed)

    def _got(self, found: Provenance | Images, name: str) -> None:
        from genstudio.engine.latent.provenance import Provenance

        if isinstance(found, Provenance):
            self.go_to(found, name)
        else:
            self.look_for(found, name)

    # --- back to where a picture comes from --------------------------------------------------------------

    def go_to(self, origin: Provenance, name: str) -> None:
        """Go to the place of a picture, in its own run where that can be opened."""
        explorer = self._sight.explorer
        if explorer is None or not origin.of_run(explorer):
            self._waiting = (origin, name)
            self.run_asked.emit(origin)
            return
        self._go(origin, name, explorer)

    def _go(self, origin: Provenance, name: str, explorer: Explorer) -> None:
        self._waiting = None
        try:
            note = origin.difference(explorer)
            places = [pin.place(explorer.labels) for pin in origin.pins]
        except InputError as error:
            self.told.emit(str(error))
            return
        if note:
            self.told.emit(note)
        if len(places) > 1:
            for place in places:
                self._walk.pin(place)
        self._walk.go(places[0], f"the picture “{name}”")

    def give_up(self, why: str) -> None:
        """The run of a picture cannot be opened: say so, and try its code on the model that is here."""
        waiting, self._waiting = self._waiting, None
        explorer = self._sight.explorer
        self.told.emit(why)
        if waiting is not None and explorer is not None:
            self._go(*waiting, explorer)

    def _arrived(self) -> None:
        waiting, explorer = self._waiting, self._sight.explorer
        if waiting is not None and explorer is not None and waiting[0].of_run(explorer):
            self._go(*waiting, explorer)

    # --- looking for a picture ---------------------------------------------------------------------------

    def look_for(self, picture: Images, name: str) -> None:
        """Find the code whose picture is nearest to this one: uint8 [H, W, C]."""
        from genstudio.engine.latent.invert import invert

        label = self._label()
        self._standing.set_own(picture)
        self._here.set_searching(True)
        self._desk.ask(
            "own",
            lambda e: invert(e, picture, label),
            lambda found: self._nearer(found, label, name),
            self._failed,
        )

    def _nearer(self, found: Inverted, label: int, name: str) -> None:
        progress = "" if found.done else f" · step {found.step:,} of {found.total:,}"
        self._standing.show_found(Place(found.code, label), found.picture, found.error, progress)
        if found.done:
            self._here.set_searching(False)
            self._walk.go(Place(found.code, label), f"nearest to “{name}”")

    def stop(self) -> None:
        """Look no longer; the best code so far is where one stands."""
        self._desk.cancel("own")
        self._here.set_searching(False)
        found = self._standing.found
        if found is not None:
            self._walk.go(found, "nearest to the own picture so far")

    def forget(self) -> None:
        """Put the person's picture away."""
        self._desk.cancel("own")
        self._here.set_searching(False)
        self._standing.set_own(None)

    def _label(self) -> int:
        return self._walk.place.label if self._walk.place is not None else NO_LABEL

    def _failed(self, error: BaseException) -> None:
        self._here.set_searching(False)
        self._work.problem.emit(error)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    image.save(buffer, b"PNG")
    return bytes(buffer.data().data())
