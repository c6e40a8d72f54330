"""How points, trails, arrows, axes and a surface are painted; and what stands under a pixel, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

from genstudio.app import theme
from genstudio.app.widgets import laboratory_colours as colours
from genstudio.app.widgets.laboratory_sight import Sight
from genstudio.core.events import Field

_LATTICE, _AT_SAMPLES = 0.9, 26.0  # the longest arrow: a part of its cell, or pixels
_USUAL = 0.95  # quantile of the lengths that is drawn as the longest: a few steep places must not flatten the rest
_SHORTEST = 1.5  # pixels below which an arrow says nothing
_HEAD, _SPREAD = 0.35, 0.45  # of an arrow's head: length as a part of it, and how wide it opens
_HALVES = (0.05, 0.1, 0.25, 0.5)
_LARGEST = 1e30  # what infinity is drawn as
_FASTEST = 0.25  # of the view: a sample that jumps farther than this is no movement to follow


def real_colour() -> QColor:
    return QColor(colours.real_colour(theme.tokens()))


def drawn_colour() -> QColor:
    return QColor(colours.drawn_colour(theme.tokens()))


# --- the surface -----------------------------------------------------------------------------------------


def is_critic(field: Field) -> bool:
    """Whether the surface has a middle that says nothing, 0.5."""
    return field.surface_name.startswith("critic")


def ends(field: Field) -> tuple[float, float]:
    """The values that have the first and the last colour.

    A critic that can hardly tell is shown with a narrower scale around 0.5, one of a few, lest it flickers.
    """
    if field.surface is None:
        return 0.0, 1.0
    if is_critic(field):
        most = float(np.nanmax(np.abs(field.surface - 0.5), initial=0.0))
        half = next((half for half in _HALVES if half >= most), 0.5)
        return 0.5 - half, 0.5 + half
    return 0.0, float(np.nanmax(field.surface, initial=0.0)) or 1.0


def map_of(field: Field) -> NDArray[np.uint8]:
    """The colours of its surface, uint8 [256, 3]."""
    return (colours.two_sided if is_critic(field) else colours.one_sided)(theme.tokens())


def surface_image(field: Field) -> QImage:
    """The surface, a pixel a cell."""
    assert field.surface is not None
    pixels = colours.painted(field.surface, ends(field), map_of(field))
    height, width, _ = pixels.shape
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a copy of its own, and faster to scale


def words(field: Field | None, x: float, y: float) -> str:
    """A place and the value of the surface there: "x 1.20, y −0.35 · probability of real 0.83"."""
    if field is None:
        return ""
    digits = max(0, 2 - int(np.floor(np.log10(field.extent))))
    text = f"x {x:.{digits}f}, y {y:.{digits}f}".replace("-", "−")
    if field.surface is None:
        return text
    side = len(field.surface)
    column = int(np.floor((x - field.centre[0] + field.extent) / (2 * field.extent) * side))
    row = int(np.floor((y - field.centre[1] + field.extent) / (2 * field.extent) * side))
    if not (0 <= column < side and 0 <= row < side):
        return text
    return f"{text} · {short_name(field)} {field.surface[row, column]:.2g}"


def short_name(field: Field) -> str:
    """What the surface is, without who says so: "probability of real"."""
    return field.surface_name.rpartition(": ")[2]


# --- points ----------------------------------------------------------------------------------------------


def dots(painter: QPainter, sight: Sight, points: NDArray[np.float32], stamp: QPixmap) -> None:
    """Put a stamp on each point that is in sight: nine times as fast as having the painter draw circles."""
    half = stamp.width() / stamp.devicePixelRatio() / 2
    corners = sight.placed(points) - half
    visible = ((corners > -2 * half) & (corners < [sight.width, sight.height])).all(1)
    put = painter.drawPixmap
    for x, y in corners[visible].tolist():
        put(QPointF(x, y), stamp)


def real_stamp(ratio: float) -> QPixmap:
    """A point of the data: wide and soft, so that a sample on it does not hide it."""
    return _stamp(real_colour(), 6.5, 0.0, 0.5, ratio)


def drawn_stamp(ratio: float) -> QPixmap:
    """A sample: with a rim of the background, which keeps neighbours apart."""
    return _stamp(drawn_colour(), 4.5, 1.0, 0.95, ratio)


def _stamp(colour: QColor, size: float, rim: float, opacity: float, ratio: float) -> QPixmap:
    side = int(np.ceil(size + 2 * rim)) + 2
    pixmap = QPixmap(QSize(side, side) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setOpacity(opacity)
    middle = QPointF(side / 2, side / 2)
    for radius, shade in ((size / 2 + rim, theme.color("panel", 0.6)), (size / 2, colour)):
        if radius > size / 2 or shade is colour:
            painter.setBrush(shade)
            painter.drawEllipse(middle, radius, radius)
    painter.end()
    return pixmap


def trails(painter: QPainter, sight: Sight, places: Sequence[NDArray[np.float32]]) -> None:
    """The way that each sample came, fading."""
    colour = drawn_colour()
    pixels = [sight.placed(points) for points in places]
    far = _FASTEST * max(sight.width, sight.height)
    for age, (before, after) in enumerate(zip(pixels[-2::-1], pixels[:0:-1], strict=True)):
        way = np.abs(after - before).max(1)
        moved = (way > 0.5) & (way < far)
        colour.setAlphaF(0.75 / (1 + age))
        painter.setPen(QPen(colour, 1))  # thicker lines take twice as long
        _draw_lines(painter, before[moved], after[moved])


def arrows(painter: QPainter, sight: Sight, field: Field) -> None:
    """Arrows at the samples, or on a lattice; the length tells how strong, up to a longest one."""
    assert field.arrows is not None
    starts = field.samples if field.arrow_starts is None else field.arrow_starts
    given = np.nan_to_num(field.arrows.astype(float), nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    sizes = np.linalg.norm(given, axis=1)
    usual = float(np.quantile(sizes, _USUAL)) if len(sizes) else 0.0
    if usual <= 0:
        return
    longest = _AT_SAMPLES
    if field.arrow_starts is not None:
        longest = _LATTICE * 2 * field.extent / max(1.0, np.sqrt(len(starts))) * sight.scale
    way = given * [1, -1] / usual
    way *= longest / np.maximum(1.0, np.linalg.norm(way, axis=1, keepdims=True))
    long_enough = np.linalg.norm(way, axis=1) >= _SHORTEST
    begin, way = sight.placed(starts)[long_enough], way[long_enough]
    tips = begin + way
    across = way[:, ::-1] * [-1, 1]
    painter.setPen(QPen(theme.color("text", 0.6), 1))
    _draw_lines(painter, begin, tips)
    for side in (_SPREAD, -_SPREAD):
        _draw_lines(painter, tips, tips - _HEAD * (way + side * across))


def _draw_lines(painter: QPainter, starts: NDArray[np.float64], tips: NDArray[np.float64]) -> None:
    """Lines between pixels [N, 2].

    They reach Qt as the bytes of a path: to make an object of each takes most of the time. The form is that of
    QDataStream: a count, then kind (0 moves, 1 draws), x and y of each element, then two closing numbers.
    """
    if not len(starts):
        return
    elements = np.zeros(2 * len(starts), [("kind", ">i4"), ("x", ">f8"), ("y", ">f8")])
    elements["kind"][1::2] = 1
    elements["x"][::2], elements["y"][::2] = starts.T
    elements["x"][1::2], elements["y"][1::2] = tips.T
    count = np.array([len(elements)], ">i4")
    stream = QDataStream(QByteArray(count.tobytes() + elements.tobytes() + bytes(8)))
    stream.setVersion(QDataStream.Version.Qt_6_0)
    path = QPainterPath()
    stream >> path  # pyright: ignore
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


# --- axes ------------------------------------------------------------------------------------------------


def axes(painter: QPainter, sight: Sight) -> None:
    """A quiet grid."""
    across, upwards = sight.ticks()
    for value in across:
        painter.setPen(QPen(theme.color("text", 0.22 if value == 0 else 0.09), 1))
        x = round(sight.placed(np.array([[value, 0]], np.float32))[0, 0]) + 0.5
        painter.drawLine(QPointF(x, 0), QPointF(x, sight.height))
    for value in upwards:
        painter.setPen(QPen(theme.color("text", 0.22 if value == 0 else 0.09), 1))
        y = round(sight.placed(np.array([[0, value]], np.float32))[0, 1]) + 0.5
        painter.drawLine(QPointF(0, y), QPointF(sight.width, y))


def numbers(painter: QPainter, sight: Sight) -> None:
    """The numbers of the grid, at the lower and the left border."""
    painter.setFont(theme.tabular(painter.font()))
    across, upwards = sight.ticks()
    height = painter.fontMetrics().height()
    for value in across:
        x = sight.placed(np.array([[value, 0]], np.float32))[0, 0]
        _number(painter, QRectF(x - 40, sight.height - height - 2, 80, height), Qt.AlignmentFlag.AlignCenter, value)
    for value in upwards:
        y = sight.placed(np.array([[0, value]], np.float32))[0, 1]
        if y < sight.height - 2 * height:  # the corner belongs to the numbers below
            _number(painter, QRectF(6, y - height / 2, 80, height), Qt.AlignmentFlag.AlignLeft, value)


def _number(painter: QPainter, area: QRectF, where: Qt.AlignmentFlag, value: float) -> None:
    text = f"{value:g}".replace("-", "−") if value else "0"
    flags = where | Qt.AlignmentFlag.AlignVCenter
    painter.setPen(theme.color("panel", 0.7))
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):  # a rim, so that it can be read on any surface
        painter.drawText(area.translated(dx, dy), flags, text)
    painter.setPen(theme.color("dim"))
    painter.drawText(area, flags, text)


def frame(painter: QPainter, sight: Sight, field: Field) -> None:
    """The border of the square that the surface covers."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.drawRect(square(sight, field))


def square(sight: Sight, field: Field) -> QRectF:
    """Pixels of the square that the surface covers."""
    x, y = sight.placed(np.array([field.centre], np.float32))[0].tolist()
    reach = field.extent * sight.scale
    return QRectF(x - reach, y - reach, 2 * reach, 2 * reach)


def focus_ring(painter: QPainter, area: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRect(area.adjusted(1, 1, -1, -1))
