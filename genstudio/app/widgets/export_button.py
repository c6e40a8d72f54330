"""Writes the data that is shown as files; while it does, the button tells how far it is and stops it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from genstudio.app import theme
from genstudio.app.opening import Followed, Step
from genstudio.app.widgets.files import ask_where
from genstudio.app.work import Work
from genstudio.core.errors import GenStudioError
from genstudio.data import Dataset
from genstudio.data.items import Watch
from genstudio.engine.names import candidates, safe_name

_TEXT, _TIP = "Export …", "Write what the networks would see: pictures, sounds and texts after all settings"


class ExportButton(QPushButton):
    """A menu of forms: a folder of files, one ``.npz``, or lines of text.

    Signals
    -------
    done(str)
        Everything was written; a sentence that says where.
    problem(str)
        It could not be written; a sentence.
    """

    done = Signal(str)
    problem = Signal(str)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(_TEXT, parent)
        self._data: Dataset | None = None
        self._writing = Followed(work, "export", self)
        self._writing.advanced.connect(self._tell)
        self.forms = QMenu(self)
        self.setProperty("kind", "quiet")
        theme.set_icon(self, "export", 16, "dim")
        self.clicked.connect(self._pressed)
        self.show_data(None)

    def show_data(self, data: Dataset | None) -> None:
        """Offer the forms that fit; what is being written goes on."""
        self._data = data
        self.forms.clear()
        if data is not None:
            name = safe_name(data.name)
            self.forms.addAction("A folder of files …", self._ask_folder)
            self.forms.addAction("Arrays (NPZ) …", lambda: self._ask_file(f"{name}.npz"))
            if data.texts is not None:
                self.forms.addAction("Lines of text (TXT) …", lambda: self._ask_file(f"{name}.txt"))
        self._rest()

    def cancel(self) -> None:
        """Stop writing; files that are complete stay."""
        if self._writing.cancel():
            self._rest()

    def _rest(self) -> None:
        if not self._writing.busy:
            self.setText(_TEXT)
            self.setToolTip(_TIP)
            self.setEnabled(self._data is not None)

    def _pressed(self) -> None:
        if self._writing.busy:
            self.cancel()
        else:
            self.forms.popup(self.mapToGlobal(QPoint(0, self.height())))

    def _ask_folder(self) -> None:
        home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, "Write files into a new folder in …", home)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda place: self.write(self._free(Path(place))))
        dialog.open()

    def _ask_file(self, name: str) -> None:
        ask_where(self, "Export data", name, lambda path: self.write(Path(path)))

    def _free(self, place: Path) -> Path:
        """A folder that is not there yet, so that nobody's files are mixed with ours."""
        name = self._data.name if self._data is not None else "data"
        return next((path for path in candidates(place, name) if not path.exists()), place / safe_name(name))

    def write(self, out: Path) -> None:
        """Write the data to `out` in a thread."""
        data = self._data
        if data is None:
            return

        def do(watch: Watch) -> None:
            from genstudio.engine.export_data import export

            export(data, out, watch)

        def written(_: None) -> None:
            self._rest()
            self.done.emit(f"“{data.name}” was written to “{out}”.")

        self.setToolTip("Stop writing; files that are complete stay")
        self._writing.start(do, written, self._failed)

    def _failed(self, error: BaseException) -> None:
        self._rest()
        known = isinstance(error, GenStudioError)
        self.problem.emit(str(error) if known else f"The data could not be written: {type(error).__name__}: {error}.")

    def _tell(self, step: Step) -> None:
        share = f" ({100 * step.done // step.total} %)" if step.total else ""
        self.setText(f"Stop{share}")
