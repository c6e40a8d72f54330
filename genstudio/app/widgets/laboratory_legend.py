"""What the colours of the laboratory mean: switches for its layers, and the scale of its surface."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets import laboratory_paint as paint
from genstudio.core.events import Field

#: Key of each layer: its words, the key that switches it, what it is.
LAYERS = {
    "surface": ("Surface", Qt.Key.Key_S, "The critic's view of each place, or the density of the samples"),
    "real": ("Real points", Qt.Key.Key_R, "Points of the data"),
    "samples": ("Samples", Qt.Key.Key_D, "Points that the model draws, always from the same noise"),
    "trails": ("Trails", Qt.Key.Key_T, "Where each sample was a moment ago"),
    "arrows": ("Arrows", Qt.Key.Key_A, "Where the critic would have each sample go, or a flow's velocity halfway"),
}
_BAR = 10


class Layers(QWidget):
    """A switch for each layer, with its sign beside it.

    Signals
    -------
    switched(str, bool)
        A layer is to be shown or hidden.
    """

    switched = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.boxes: dict[str, QCheckBox] = {}
        for name, (words, key, tip) in LAYERS.items():
            box = QCheckBox(words)
            box.setChecked(True)
            box.setToolTip(f"{tip} ({chr(key)})")
            box.toggled.connect(lambda on, name=name: self.switched.emit(name, on))
            box.setIconSize(QSize(16, 16))
            self.boxes[name] = box
            column.addWidget(box)
        theme.notifier().changed.connect(self._restyle)
        self._restyle()

    def show_counts(self, field: Field | None) -> None:
        """How many points there are, and which layers this field has."""
        for name, count in (("real", field and len(field.real)), ("samples", field and len(field.samples))):
            words = LAYERS[name][0]
            text = f"{words} ({count:,})" if count else words
            if self.boxes[name].text() != text:
                self.boxes[name].setText(text)
        self.boxes["arrows"].setEnabled(field is None or field.arrows is not None)
        self.boxes["surface"].setEnabled(field is None or field.surface is not None)

    def key(self, key: Qt.Key) -> bool:
        """Switch the layer of this key; False when there is none."""
        for name, (_, its, _) in LAYERS.items():
            if its == key:
                self.boxes[name].toggle()
                return True
        return False

    def _restyle(self) -> None:
        for name, box in self.boxes.items():
            box.setIcon(_sign(name, box.devicePixelRatioF()))


def _sign(name: str, ratio: float) -> QPixmap:
    pixmap = QPixmap(QSize(16, 16) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colours = {"real": paint.real_colour(), "samples": paint.drawn_colour(), "trails": paint.drawn_colour()}
    colour = colours.get(name, theme.color("text", 0.8))
    if name == "surface":
        painter.setPen(Qt.PenStyle.NoPen)
        for i, share in enumerate((0.25, 0.5, 0.75, 1.0)):
            painter.setBrush(QColor(theme.mix(theme.tokens().raised, theme.tokens().dim, share)))
            painter.drawRect(QRectF(2 + 3 * i, 3, 3, 10))
    elif name in ("real", "samples"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        size = 6 if name == "real" else 8
        painter.drawEllipse(QRectF(8 - size / 2, 8 - size / 2, size, size))
    else:
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QLineF(2, 12, 13, 4))
        if name == "arrows":
            painter.drawLines([QLineF(13, 4, 8.5, 4.5), QLineF(13, 4, 11.5, 8.3)])
        else:
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(12, 4.7), 2, 2)
    painter.end()
    return pixmap


class Scale(QWidget):
    """The colours of the surface from their lowest to their highest value, with what they measure."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: object = None
        self._name, self._ends = "", ("", "")
        self._image: QImage | None = None
        self.setAccessibleName("Scale of the surface")
        theme.notifier().changed.connect(self._restyle)
        self.setFixedHeight(_BAR + 2 * self.fontMetrics().height() + 6)

    def show_field(self, field: Field | None) -> None:
        """The scale of this field's surface; nothing without one."""
        self._field = field
        critic = field is not None and paint.is_critic(field)
        if field is None or field.surface is None:
            self._name, self._ends, self._image = "", ("", ""), None
        else:
            self._name = paint.short_name(field)
            low, high = (f"{value:.2g}" for value in paint.ends(field))
            self._ends = (f"{low} drawn", f"real {high}") if critic else (low, high)
            if self._image is None or self._key != critic:
                self._image, self._key = _bar(field), critic
        self.setAccessibleDescription(f"{self._name}, {self._ends[0]} to {self._ends[1]}" if self._name else "")
        tip = field.surface_name if field is not None else ""
        if tip != self.toolTip():
            self.setToolTip(tip)
        self.update()

    def _restyle(self) -> None:
        self._image = None
        self.show_field(getattr(self, "_field", None))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        painter = QPainter(self)
        painter.setFont(theme.tabular(self.font()))
        line = self.fontMetrics().height()
        painter.setPen(theme.color("dim"))
        room = QRectF(0, 0, self.width(), line)
        name = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, name)
        bar = QRectF(0, line + 2, self.width(), _BAR)
        painter.drawImage(bar, self._image)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(theme.color("dim"))
        room = QRectF(0, bar.bottom() + 2, self.width(), line)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, self._ends[0])
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, self._ends[1])


def _bar(field: Field) -> QImage:
    colours = paint.map_of(field)
    image = QImage(colours.data, len(colours), 1, 3 * len(colours), QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)
