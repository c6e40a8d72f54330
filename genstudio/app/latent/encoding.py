"""The codes of a run's data, made in the background: what its map is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.opening import Followed, Step
from genstudio.app.work import Work
from genstudio.core.errors import GenStudioError
from genstudio.data import Dataset, open_source

if TYPE_CHECKING:
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.explorer import Explorer

MOST, MOST_LIVE, SAMPLED = 100_000, 2_000, 10_000  # codes: of a run, of one in training, drawn by a model itself
_FIRST_LIVE, _SECONDS_LIVE = 200, 3.0  # beside a training a map must be cheap


class Encoding(QObject):
    """Opens the data of the model in sight and encodes it; draws codes where there is no encoder or no data.

    Attributes
    ----------
    codes : Codes or None
        As far as they are made.
    data : Dataset or None
        What they are of; None while it is not open, and for codes that a model draws itself.

    Signals
    -------
    begun()
        Another model, or none: there are no codes yet.
    changed()
        More codes, or newer ones.
    advanced(Step or None)
        How far it is; None when nothing goes on any more.
    failed(str)
        There will be no codes, and why.
    told(str)
        A sentence for the person.
    """

    begun = Signal()
    changed = Signal()
    advanced = Signal(object)
    failed = Signal(str)
    told = Signal(str)

    def __init__(self, sight: Sight, desk: Desk, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sight, self._desk = sight, desk
        self.codes: Codes | None = None
        self.data: Dataset | None = None
        self._step = -1  # of the newest codes
        self._told: set[str] = set()
        self._opening = Followed(work, "latent data", self)
        self._opening.advanced.connect(self.advanced)
        sight.changed.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether data is opened or encoded."""
        return self._opening.busy or self._desk.busy("codes")

    def _begin(self) -> None:
        self.cancel()
        self.codes, self.data, self._step = None, None, -1
        self._told.clear()
        self.begun.emit()
        if self._sight.explorer is not None:
            self.renew()

    def renew(self) -> None:
        """Make the codes anew; those that the run keeps are taken where they are of its weights."""
        explorer = self._sight.explorer
        if explorer is None:
            return
        self._step = explorer.step
        if not explorer.can_encode:
            self._ask(None)
        elif self.data is not None:
            self._ask(self.data)
        else:
            facts = explorer.trained.document.data
            self._opening.start(
                lambda watch: open_source(facts.source, "train", facts.preparation, watch, facts.picture_shape()),
                self._opened,
                self._no_data,
            )

    def follow(self, every: int) -> None:
        """Newer weights are in sight: make the codes anew when `every` steps have gone by, unless it is 0."""
        explorer = self._sight.explorer
        if explorer is not None and every and explorer.step - self._step >= every and not self.busy:
            self.renew()

    def cancel(self) -> None:
        """Go on no longer; what is there stays."""
        self._opening.cancel()
        self._desk.cancel("codes")
        self.advanced.emit(None)

    def _opened(self, data: Dataset) -> None:
        self.data = data
        self._ask(data)

    def _no_data(self, error: BaseException) -> None:
        """Without its data a model can still be walked through: by codes that it draws itself."""
        reason = str(error) if isinstance(error, GenStudioError) else f"{type(error).__name__}: {error}"
        self._tell(f"The training data cannot be opened, so the map shows codes drawn by the model itself. {reason}")
        self._ask(None)

    def _ask(self, data: Dataset | None) -> None:
        live, run = self._sight.live, self._sight.path

        def work(explorer: Explorer) -> Iterator[Any]:
            from genstudio.engine.latent import codes, codes_file

            if data is None:
                return codes.sample_all(explorer, SAMPLED)
            if live:
                return codes.encode_all(explorer, data, MOST_LIVE, seconds=_SECONDS_LIVE, first=_FIRST_LIVE)
            return codes_file.codes_of(explorer, data, run, MOST)

        self._desk.ask("codes", work, self._got, self._failed)

    def _got(self, item: Any) -> None:
        from genstudio.engine.latent.codes import Codes

        if item.note and not self._sight.live:  # beside a training a map is small, and made often
            self._tell(item.note)
        if isinstance(item, Codes):
            self.codes = item
            self.changed.emit()
            if item.whole:
                self.advanced.emit(None)
        elif item.done < item.total:
            what = "encoding pictures" if self.data is not None else "drawing codes"
            self.advanced.emit(Step(what, item.done, item.total, None))

    def _failed(self, error: BaseException) -> None:
        self.advanced.emit(None)
        if isinstance(error, GenStudioError):
            self._tell(str(error))
            self.failed.emit(str(error))
        else:
            self._desk.problem.emit(error)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.told.emit(text)
