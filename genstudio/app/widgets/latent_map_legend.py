"""What the colours of a map mean: a button a class, or a bar from the smallest to the largest number."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QMenu, QPushButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets import latent_map_colours as colours
from genstudio.app.widgets.latent_map_colours import Colouring

_DOT, _PAD, _GAP, _LINES = 8, 4, 8, 2
_LONGEST = 120  # pixels of a name
_BAR, _LEAST_BAR, _BAR_HEIGHT = 180, 48, 8


class ClassButton(QAbstractButton):
    """Colour and name of a class; pressed means shown."""

    def __init__(self, name: str, colour: str, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._colour = QColor(colour)
        self._name = QFontMetrics(self.font()).elidedText(name, Qt.TextElideMode.ElideRight, _LONGEST)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{name}, {_points(count)}")
        self.setToolTip(f"{name}: {_points(count)}. Show or hide")

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(_PAD + _DOT + 6 + metrics.horizontalAdvance(self._name) + _PAD, max(20, metrics.height() + 4))

    def paintEvent(self, e: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(self.rect(), 6, 6)
        painter.setPen(QPen(self._colour, 1.5))
        painter.setBrush(self._colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(_PAD + 0.5, (self.height() - _DOT) / 2 + 0.5, _DOT - 1, _DOT - 1))
        painter.setPen(theme.color("text" if self.isChecked() else "dim"))
        area = self.rect().adjusted(_PAD + _DOT + 6, 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._name)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)


def _points(count: int) -> str:
    return f"{count:,} point{'' if count == 1 else 's'}"


class MapLegend(QWidget):
    """Below a map. Names for which there is no room are in a menu.

    Signals
    -------
    toggled()
        A class was shown or hidden.
    """

    toggled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._map = parent
        self._colouring = Colouring()
        self._hidden: set[int] = set()
        self._buttons: list[ClassButton] = []
        self._more = QPushButton(self)
        self._more.setProperty("kind", "quiet")
        self._more.setAccessibleName("More classes")
        self._more.setToolTip("More classes: show or hide them")
        self._more.clicked.connect(self._open_menu)
        self._more.hide()

    def show_colouring(self, colouring: Colouring) -> None:
        """Explain these colours; classes that were hidden by number stay so while their names stay."""
        if colouring.names != self._colouring.names or colouring.kind != self._colouring.kind:
            self._hidden = set()
        self._colouring = colouring
        self.recolour()

    def recolour(self) -> None:
        """Make the buttons anew, in the colours of the theme."""
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        names, counts = self._colouring.names, self._colouring.counts()
        palette = colours.of_classes(len(names), theme.tokens())
        self._buttons = [
            ClassButton(name, palette[i], int(counts[i]), self) for i, name in enumerate(names) if len(counts)
        ]
        for i, button in enumerate(self._buttons):
            button.setChecked(i not in self._hidden)
            button.toggled.connect(lambda on, i=i: self.show_class(i, on))
            QWidget.setTabOrder(self._buttons[i - 1] if i else self._map, button)
        if self._colouring.kind == "value" and self._colouring.values is not None:
            low, high = self._words()
            self.setAccessibleName(f"{self._colouring.title}: {low} to {high}")
            self.setToolTip(f"{self._colouring.title}: {low} to {high}")
        else:
            self.setAccessibleName("Classes")
            self.setToolTip("")
        self.arrange()

    def buttons(self) -> Sequence[ClassButton]:
        """One a class; those without room are hidden and stand in the menu."""
        return self._buttons

    def hidden_classes(self) -> frozenset[int]:
        return frozenset(self._hidden)

    def show_class(self, number: int, on: bool) -> None:
        """Show a class or hide it."""
        (self._hidden.discard if on else self._hidden.add)(number)
        if self._buttons[number].isChecked() != on:
            self._buttons[number].setChecked(on)  # comes back here
        else:
            self.toggled.emit()

    # --- room ------------------------------------------------------------------------------------------

    def height_for(self, width: int) -> int:
        """Pixels needed; 0 when there is nothing to explain."""
        if self._buttons:
            places, _ = self._places(width)
            return max(place.bottom() + 1 for place in places)
        if self._colouring.kind == "value" and self._colouring.values is not None:
            return max(20, self.fontMetrics().height() + 4)
        return 0

    def _places(self, width: int) -> tuple[list[QRect], QRect | None]:
        """Where the first buttons are, and the one for the rest."""
        sizes = [button.sizeHint() for button in self._buttons]
        row = max(size.height() for size in sizes)
        more = QSize(self._more.fontMetrics().horizontalAdvance("+ 999 more") + 24, row)
        places, x, line = [], 0, 0
        for i, size in enumerate(sizes):
            if x and x + size.width() > width:
                x, line = 0, line + 1
            left = len(sizes) - 1 - i
            full = line == _LINES - 1 and left and x + size.width() + _GAP + more.width() > width
            rest = sum(s.width() + _GAP for s in sizes[i:]) - _GAP
            if line >= _LINES or (full and x + rest > width):
                corner = QPoint(min(x, max(0, width - more.width())), min(line, _LINES - 1) * (row + 2))
                return places or [QRect(QPoint(0, 0), QSize(0, row))], QRect(corner, more)
            places.append(QRect(QPoint(x, line * (row + 2)), QSize(size.width(), row)))
            x += size.width() + _GAP
        return places, None

    def arrange(self) -> None:
        """Put the buttons where there is room; the owner has set the size."""
        if not self._buttons:
            self._more.hide()
            self.update()
            return
        places, more = self._places(self.width())
        for i, button in enumerate(self._buttons):
            button.setVisible(i < len(places))
            if i < len(places):
                button.setGeometry(places[i])
        self._more.setVisible(more is not None)
        if more is not None:
            self._more.setText(f"+ {len(self._buttons) - len(places):,} more")
            self._more.setGeometry(more)
        self.update()

    def _open_menu(self) -> None:
        self.menu().popup(self._more.mapToGlobal(QPoint(0, 0)))

    def menu(self) -> QMenu:
        """All classes as items to tick; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for i, name in enumerate(self._colouring.names):
            action = menu.addAction(name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(i not in self._hidden)
            action.toggled.connect(lambda on, i=i: self.show_class(i, on))
        return menu

    # --- the bar ---------------------------------------------------------------------------------------

    def _words(self) -> tuple[str, str]:
        low, high = self._colouring.ends()
        below, above = self._colouring.beyond()
        first, last = (f"{value:.3g}".replace("-", "−") for value in (low, high))
        return ("≤ " if below else "") + first, ("≥ " if above else "") + last

    def paintEvent(self, e: QPaintEvent) -> None:
        if self._colouring.kind != "value" or self._colouring.values is None:
            return
        painter = QPainter(self)
        painter.setFont(theme.tabular(painter.font()))
        metrics = painter.fontMetrics()
        low, high = self._words()
        room = self.width() - metrics.horizontalAdvance(low) - metrics.horizontalAdvance(high) - 2 * 6
        asked = metrics.horizontalAdvance(self._colouring.title) + 12
        bar = max(_LEAST_BAR, min(_BAR, room - asked))
        title = metrics.elidedText(self._colouring.title, Qt.TextElideMode.ElideRight, room - bar - 12)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        x, height = 0, self.height()
        for text, role, gap in ((title, "text", 12 if title else 0), (low, "dim", 6)):
            painter.setPen(theme.color(role))
            wide = metrics.horizontalAdvance(text)
            painter.drawText(QRect(x, 0, wide + 2, height), middle, text)
            x += wide + gap
        levels = colours.scale(theme.tokens())
        strip = QImage(levels.tobytes(), len(levels), 1, 4 * len(levels), QImage.Format.Format_RGB32)
        painter.drawImage(QRect(x, (height - _BAR_HEIGHT) // 2, bar, _BAR_HEIGHT), strip)
        painter.setPen(theme.color("dim"))
        painter.drawText(QRect(x + bar + 6, 0, metrics.horizontalAdvance(high) + 2, height), middle, high)
