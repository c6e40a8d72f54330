"""Longer work for the Train page in the background: what a run would cost, and a sampler for its codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from genstudio.app.opening import Followed
from genstudio.app.pages.train import TrainPage
from genstudio.app.work import Work
from genstudio.core.errors import GenStudioError
from genstudio.core.events import Gallery
from genstudio.core.spec import RunSpec
from genstudio.data.items import Watch
from genstudio.engine.estimate import Estimate


class Errands(QObject):
    """Asks the engine, and shows on the Train page how far it is and what came of it.

    Signals
    -------
    changed()
        Something began or ended.
    """

    changed = Signal()

    def __init__(self, work: Work, page: TrainPage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work, self._page = work, page
        self._checking, self._fitting = Followed(work, "preflight", self), Followed(work, "latent sampler", self)
        estimate, pictures = page.setup.estimate, page.pictures
        self._checking.advanced.connect(estimate.show_step)
        estimate.cancelled.connect(self.cancel_check)
        page.setup.changed.connect(self._outdate)
        self._fitting.advanced.connect(pictures.progress.show_step)
        pictures.fit_cancelled.connect(self.cancel_fit)

    @property
    def busy(self) -> bool:
        """Whether something is measured or fitted."""
        return self._checking.busy or self._fitting.busy

    # --- preflight -----------------------------------------------------------------------------------

    def check(self, spec: RunSpec) -> None:
        """Measure what a run would cost."""

        def do(watch: Watch) -> Estimate:
            from genstudio.engine.preflight import preflight

            return preflight(spec, watch)

        self._page.setup.estimate.begin()
        self._checking.start(do, self._checked, lambda error: self._failed(error, self.cancel_check))
        self.changed.emit()

    def _checked(self, found: Estimate) -> None:
        self._page.setup.estimate.show_estimate(found)
        self.changed.emit()

    def cancel_check(self) -> None:
        """Measure no longer; what was found before goes too."""
        self._checking.cancel()
        self._page.setup.estimate.hide()
        self.changed.emit()

    def _outdate(self) -> None:
        if self._checking.busy:
            self.cancel_check()
        else:
            self._page.setup.estimate.outdate()

    # --- latent sampler ------------------------------------------------------------------------------

    def fit(self, path: Path, kind: str) -> None:
        """Learn how the codes of a finished run are spread, then show pictures drawn from that."""
        self._page.pictures.set_fitting(True)
        self._fitting.start(
            lambda watch: fitted(path, kind, watch), self._fitted, lambda error: self._failed(error, self.cancel_fit)
        )
        self.changed.emit()

    def _fitted(self, gallery: Gallery | None) -> None:
        self._page.pictures.set_fitting(False)
        if gallery is not None:
            self._page.pictures.show_pictures(gallery)
        self.changed.emit()

    def cancel_fit(self) -> None:
        """Fit no longer."""
        self._fitting.cancel()
        self._page.pictures.set_fitting(False)
        self.changed.emit()

    # --- both ----------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Stop everything, and put the estimate away: a training begins, a run is shown, or the window closes."""
        self.cancel_check()
        if self._fitting.busy:
            self.cancel_fit()

    def _failed(self, error: BaseException, put_away: Callable[[], None]) -> None:
        put_away()
        if isinstance(error, GenStudioError):
            self._page.problem.emit(str(error))
        else:
            self._work.problem.emit(error)  # with its details, for a report


def fitted(path: Path, kind: str, watch: Watch) -> Gallery | None:
    """Fit a sampler to the codes of a run, keep it there, and draw pictures with it; imports torch."""
    from genstudio.engine.finish import fit_and_draw
    from genstudio.engine.run import Run

    return fit_and_draw(Run.open(path), "flow" if kind == "flow" else "gmm", watch)
