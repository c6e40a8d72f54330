"""Pictures that know where they come from, dropped anywhere on the window: back to their run and their place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDropEvent

if TYPE_CHECKING:
    from genstudio.app.window import Window
    from genstudio.engine.latent.provenance import Provenance


class Returning(QObject):
    """Watches what is dropped on the window where no page takes it, and opens the run of a picture."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        window.latent_shell.run_asked.connect(self.find)

    def claims(self, path: str) -> bool:
        """Take a PNG that was drawn by a run; False for anything else."""
        from genstudio.engine.latent.provenance import read

        file = Path(path)
        if file.suffix.lower() != ".png" or read(file) is None:
            return False
        self._window.show_page("latent")
        self._window.latent_shell.page.own.take_file(file)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and isinstance(event, QDropEvent):
            path = next((url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()), "")
            if event.type() == QEvent.Type.DragEnter and path.lower().endswith(".png"):
                event.acceptProposedAction()
                return True
            if event.type() == QEvent.Type.Drop and path:
                if self.claims(path):
                    event.acceptProposedAction()
                else:
                    self._window.manager.notify(
                        "info", f"“{Path(path).name}” does not say where it comes from: drop it on the Latent page "
                        "to look for it in what a model has learnt, or on the Data page to train on it.",
                    )  # fmt: skip
                return True
        return False

    def find(self, origin: Provenance) -> None:
        """Open the run that drew a picture, if it is in the runs folder."""
        window = self._window
        if window.session.running:
            window.latent_shell.page.own.give_up(
                f"This picture comes from the run “{origin.run}”: stop the training, then drop the picture again."
            )
            return
        folder = window.runs_folder()
        window.session.work.start(
            "run of a picture", lambda: _found(folder, origin), lambda path: self._go(path, origin)
        )

    def _go(self, path: Path | None, origin: Provenance) -> None:
        window = self._window
        if path is None:
            window.latent_shell.page.own.give_up(
                f"The run “{origin.run}” that drew this picture is not in “{window.runs_folder()}”: open it first."
            )
            return
        window.open_run(path)
        window.show_page("latent")


def _found(folder: Path, origin: Provenance) -> Path | None:
    from genstudio.engine.run import list_runs

    for run in list_runs(folder):
        document = run.document
        assert document is not None  # those listed have one
        if (document.created, document.family, document.seed) == (origin.created, origin.family, origin.seed):
            return run.path
    return None
