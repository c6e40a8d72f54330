"""What will happen on release, while something is carried over a page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from genstudio.app import theme


def dropped(event: QDropEvent, page: QWidget) -> str:
    """The path that an event of dragging carries, empty when it is none, or comes from the page itself."""
    source = event.source()
    if isinstance(source, QWidget) and page.isAncestorOf(source):
        return ""
    return next((url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()), "")


class DropVeil(QWidget):
    """Lets files be dropped on its parent, and covers it with “Drop to open “NAME”” while one is carried over it.

    The mouse passes through it.

    Parameters
    ----------
    verb : str
        What a drop does: "open".

    Signals
    -------
    given(str)
        A file or a folder was dropped: its path.
    """

    given = Signal(str)

    def __init__(self, parent: QWidget, verb: str = "open") -> None:
        super().__init__(parent)
        self._verb = verb
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = ""
        self._page = parent
        parent.setAcceptDrops(True)
        parent.installEventFilter(self)
        self.hide()

    def show_name(self, name: str) -> None:
        """Say what would be opened."""
        self.text = f"Drop to {self._verb} “{name}”"
        self.setAccessibleName(self.text)
        self.setGeometry(self._page.rect())
        self.raise_()
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._page:
            return False
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._page.rect())
        elif event.type() in (QEvent.Type.DragLeave, QEvent.Type.Hide):
            self.hide()
        elif isinstance(event, QDropEvent):  # dragging over the page is one of its kinds
            return self._carried(event)
        return False

    def _carried(self, event: QDropEvent) -> bool:
        path = dropped(event, self._page)
        if not path:
            return False
        if event.type() == QEvent.Type.DragEnter:
            self.show_name(Path(path).name or path)
        elif event.type() == QEvent.Type.Drop:
            self.hide()
            self.given.emit(path)
        event.acceptProposedAction()
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.color("background", 0.94))
        painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        font = painter.font()
        font.setPointSize(theme.TITLE)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        room = self.rect().adjusted(24, 24, -24, -24)
        text = painter.fontMetrics().elidedText(self.text, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
