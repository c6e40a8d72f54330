"""The sources and the ways to open others."""

from __future__ import annotations

from types import MappingProxyType

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.model_card import DIGITS
from genstudio.app.widgets.source_list import SourceList
from genstudio.data.synthetic import BUILT_IN

_LEAST, _MOST = 180, 204  # pixels wide
#: What a file dialog offers; any other file may be opened too, content decides.
_FILTERS = (
    "Everything that may be data (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff *.wav *.flac *.ogg *.mp3 *.aif "
    "*.aiff *.zip *.tar *.tgz *.tar.gz *.csv *.tsv *.jsonl *.json *.parquet *.npy *.npz *.gz *ubyte *.txt *.md)",
    "Archives (*.zip *.tar *.tgz *.tar.gz)",
    "Tables (*.csv *.tsv *.jsonl *.json *.parquet)",
    "Arrays (*.npy *.npz *.gz *ubyte)",
    "Text (*.txt *.md)",
    "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff)",
    "Sounds (*.wav *.flac *.ogg *.mp3 *.aif *.aiff)",
    "All files (*)",
)


def built_in() -> MappingProxyType[str, tuple[str, str]]:
    """Title and description of what comes with GenStudio, by source."""
    digits = (DIGITS, "1,797 handwritten digits, 8 × 8 pixels")
    shown = dict([digits, *BUILT_IN.items()])
    return MappingProxyType({source: (source.capitalize(), text) for source, text in shown.items()})


class SourceCard(Card):
    """A list and two buttons.

    Signals
    -------
    asked(str)
        A folder or file was chosen in a dialog.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Data sets", parent)
        self.list = SourceList()
        self.open, self.open_file = QPushButton("Open folder …"), QPushButton("Open file …")
        self.setMinimumWidth(_LEAST)
        self.setMaximumWidth(_MOST)
        hint = QLabel("Or drop a folder or file anywhere on this page.")
        hint.setProperty("role", "dim")
        hint.setWordWrap(True)
        theme.set_icon(self.open, "folder")
        theme.set_icon(self.open_file, "open")
        self.open.setToolTip("A folder with pictures, sounds or texts; sub-folders become labels (Ctrl+O)")
        self.open_file.setToolTip("An archive, a table, an array, a text, or a single IDX file")
        self.open.clicked.connect(self.ask_folder)
        self.open_file.clicked.connect(self.ask_file)
        self.add(self.list, 1)
        self.add(self.open)
        self.add(self.open_file)
        self.add(hint)

    def ask_folder(self) -> None:
        """Let the person choose a folder, without blocking anything."""
        self._dialog("Open a folder with data", QFileDialog.FileMode.Directory).open()

    def ask_file(self) -> None:
        """Let the person choose a file, without blocking anything."""
        dialog = self._dialog("Open a file with data", QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(_FILTERS)
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.asked)
        return dialog
