"""Saving from a widget: ask where without stopping anything, write whole files, say in words what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from genstudio.core import atomic
from genstudio.core.errors import WorkError


class _Last:
    folder = ""  # where the user saved last in this session


def write(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that appears whole or not at all.

    Raises
    ------
    WorkError
        When the place cannot be written.
    """
    try:
        atomic.write_bytes(path, b"".join(parts))
    except OSError as error:
        reason = error.strerror or str(error)
        raise WorkError(f"“{path}” cannot be written: {reason}. Choose another folder or name.") from None


def ask_where(parent: QWidget, title: str, name: str, chosen: Callable[[str], None]) -> QFileDialog:
    """Open a dialog for a file to save and return at once; `chosen` is called with the path, if there is one.

    Parameters
    ----------
    name : str
        The name suggested; its ending is the kind of file.
    """
    suffix = Path(name).suffix
    folder = _Last.folder or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    dialog = QFileDialog(parent, title, folder, f"{suffix[1:].upper()} (*{suffix})")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix[1:])
    dialog.selectFile(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(_remember)
    dialog.fileSelected.connect(chosen)
    dialog.open()
    return dialog


def _remember(path: str) -> None:
    _Last.folder = str(Path(path).parent)
