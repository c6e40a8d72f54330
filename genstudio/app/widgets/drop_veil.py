"""What will happen on release, while something is carried over a page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
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
    """Covers its parent with a frame and “Drop to open “NAME””; the mouse passes through it.

    Parameters
    ----------
    verb : str
        What a drop does: "open".
    """

    def __init__(self, parent: QWidget, verb: str = "open") -> None:
        super().__init__(parent)
        self._verb = verb
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = ""
        self._page = parent
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
        if event.type() == QEvent.Type.Resize and watched is self._page:
            self.setGeometry(self._page.rect())
        return False

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
