"""What is painted on a map over its points: axes, pins, the marker, the trail, a card beside the mouse.

Painters are moved so that (0, 0) is the upper left corner of the plot, where `Sight` counts from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from genstudio.app import theme
from genstudio.app.widgets import loss_ticks
from genstudio.app.widgets.laboratory_sight import Sight

Pin = tuple[str, float, float]
_APART = 64  # pixels between numbers, at least about
_TICK = 4  # pixels of a mark beside a number
_PIN, _STEM = 9.0, 15.0  # radius of a pin's head, and how high it stands above its place
_TANGENT = math.degrees(math.acos(_PIN / _STEM))  # seen from the head, between its tip and where the sides touch it
_PICTURE, _CARD_PAD, _AWAY = 96, 8, 16  # of the card: picture, border, distance from the mouse
_WIDEST = 176  # pixels of a caption


def placed(sight: Sight, x: float, y: float) -> QPointF:
    """Where a place of the map is."""
    far = 1e6  # painters draw nonsense for coordinates of many digits
    px = sight.width / 2 + min(max((x - sight.x) * sight.scale, -far), far)
    py = sight.height / 2 - min(max((y - sight.y) * sight.scale, -far), far)
    return QPointF(px, py)


# --- axes ------------------------------------------------------------------------------------------------


def ticks(sight: Sight) -> tuple[float, list[float], list[float]]:
    """Distance of round numbers, and which are in sight along x and y."""
    left, top = sight.point(0, 0)
    right, bottom = sight.point(sight.width, sight.height)
    longest = max(right - left, top - bottom)
    spacing, _ = loss_ticks.linear(0.0, longest, max(2, round(max(sight.width, sight.height) / _APART)))
    along = []
    for low, high in ((left, right), (bottom, top)):
        first, last = np.ceil(low / spacing), np.floor(high / spacing)
        along.append([float(i * spacing) for i in np.arange(first, last + 1)])
    return spacing, along[0], along[1]


def grid(painter: QPainter, sight: Sight) -> None:
    """Lines at the round numbers, those of zero a little stronger."""
    _, across, upwards = ticks(sight)
    for value in across:
        x = round(placed(sight, value, 0).x())
        painter.fillRect(QRectF(x, 0, 1, sight.height), _line(value))
    for value in upwards:
        y = round(placed(sight, 0, value).y())
        painter.fillRect(QRectF(0, y, sight.width, 1), _line(value))


def _line(value: float) -> QColor:
    """Not transparent: that would take ten times as long."""
    now = theme.tokens()
    return QColor(theme.mix(now.panel, now.text, 0.16 if value == 0 else 0.06))


def gutters(font: QFont) -> tuple[int, int]:
    """Room for numbers and names left of the plot and below it, pixels."""
    metrics = QFontMetricsF(font)
    line = metrics.height()
    return round(line + metrics.horizontalAdvance("−0.00") + _TICK + 8), round(2 * line + _TICK + 6)


def axes(painter: QPainter, sight: Sight, names: tuple[str, str]) -> None:
    """Numbers and names beside the plot, left of it and below it."""
    font = theme.tabular(painter.font())
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    line = metrics.height()
    spacing, across, upwards = ticks(sight)
    painter.setPen(theme.color("dim"))
    for value in across:
        x = placed(sight, value, 0).x()
        text = _number(value, spacing)
        half = metrics.horizontalAdvance(text) / 2
        if half <= x <= sight.width - half + 4:
            painter.drawText(QPointF(x - half, sight.height + _TICK + metrics.ascent()), text)
    for value in upwards:
        y = placed(sight, 0, value).y()
        if line / 2 - 2 <= y <= sight.height - line / 2 + 2:
            text = _number(value, spacing)
            left = -_TICK - 2 - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(left, y + metrics.ascent() / 2 - 1), text)
    below = metrics.elidedText(names[0], Qt.TextElideMode.ElideRight, sight.width)
    centre = Qt.AlignmentFlag.AlignCenter
    painter.drawText(QRectF(0, sight.height + line + _TICK, sight.width, line + 2), centre, below)
    painter.save()
    left, _ = gutters(font)
    painter.translate(-left + line / 2 + 2, sight.height / 2)
    painter.rotate(-90)
    beside = metrics.elidedText(names[1], Qt.TextElideMode.ElideRight, sight.height)
    painter.drawText(QRectF(-sight.height / 2, -line / 2, sight.height, line), centre, beside)
    painter.restore()


def _number(value: float, spacing: float) -> str:
    return loss_ticks.label(value, spacing).replace("-", "−")


# --- places ----------------------------------------------------------------------------------------------


def trail(painter: QPainter, sight: Sight, way: NDArray[np.float32]) -> None:
    """The way that was walked, float32 [M, 2]; gaps where it is not finite."""
    path, pen_down = QPainterPath(), False
    known = np.isfinite(way).sum(1) == 2
    for (x, y), finite in zip(sight.placed(way).tolist(), known.tolist(), strict=True):
        if finite and pen_down:
            path.lineTo(x, y)
        elif finite:
            path.moveTo(x, y)
        pen_down = finite
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((theme.color("panel", 0.6), 3.5), (theme.color("text", 0.5), 1.25)):
        pen = QPen(colour, width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPath(path)


def pins(painter: QPainter, sight: Sight, places: Sequence[Pin]) -> None:
    """A drop with a letter above each place; its tip is the place."""
    font = QFont(painter.font())
    font.setBold(True)
    painter.setFont(font)
    for letter, x, y in places:
        tip = placed(sight, x, y)
        head = tip - QPointF(0, _STEM)
        box = QRectF(head.x() - _PIN, head.y() - _PIN, 2 * _PIN, 2 * _PIN)
        drop = QPainterPath(tip)
        drop.arcTo(box, _TANGENT - 90, 360 - 2 * _TANGENT)
        drop.closeSubpath()
        painter.setPen(QPen(theme.color("panel"), 2))
        painter.setBrush(theme.color("text"))
        painter.drawPath(drop)
        painter.setPen(theme.color("panel"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)


def marker(painter: QPainter, at: QPointF) -> None:
    """Where one stands: seen on points, tiles and the bare panel."""
    painter.setPen(Qt.PenStyle.NoPen)
    for role, radius in (("panel", 9.5), ("text", 7.5), ("panel", 3.5)):
        painter.setBrush(theme.color(role))
        painter.drawEllipse(at, radius, radius)


def ring(painter: QPainter, at: QPointF) -> None:
    """Around the point that is looked at."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((theme.color("panel"), 4.0), (theme.color("text"), 1.5)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(at, 6, 6)


def outline(painter: QPainter, shape: QPainterPath) -> None:
    """What is being drawn around points to choose them."""
    painter.setPen(QPen(theme.color("accent"), 1.5))
    painter.setBrush(theme.color("accent", 0.14))
    painter.drawPath(shape)


# --- words -----------------------------------------------------------------------------------------------


def empty(painter: QPainter, area: QRectF, text: str) -> None:
    """What to do first, in the middle."""
    painter.setPen(theme.color("dim"))
    painter.drawText(area.adjusted(16, 16, -16, -16), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def focus_ring(painter: QPainter, area: QRectF) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)


def _enlarged(image: QImage) -> tuple[float, float]:
    """Size of a picture on the card: whole pixels become whole squares while the picture is small."""
    longest = max(1, image.width(), image.height())
    factor = _PICTURE // longest if longest <= _PICTURE else _PICTURE / longest
    return image.width() * factor, image.height() * factor


def card(painter: QPainter, image: QImage | None, text: str, at: QPointF, within: QRectF) -> QRectF:
    """A picture and its caption beside a point, inside `within`; gives the area that it took."""
    metrics = QFontMetricsF(painter.font())
    shown = [metrics.elidedText(part, Qt.TextElideMode.ElideRight, _WIDEST) for part in text.split("\n") if part]
    wide, high = (0.0, 0.0) if image is None else _enlarged(image)
    words = metrics.height() * len(shown)
    gap = 4 if image is not None and shown else 0
    width = max(wide, *(metrics.horizontalAdvance(part) for part in shown), 0.0) + 2 * _CARD_PAD
    area = QRectF(0, 0, round(width), round(high + gap + words + 2 * _CARD_PAD))
    area.moveTo(_beside(at.x(), area.width(), within.left(), within.right()),
                _beside(at.y(), area.height(), within.top(), within.bottom()))  # fmt: skip
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    top = area.top() + _CARD_PAD
    if image is not None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, max(wide, high) < max(_size(image)))
        painter.drawImage(QRectF(round(area.center().x() - wide / 2), top, wide, high), image)
        top += high + gap
    painter.setPen(theme.color("text"))
    for part in shown:
        painter.drawText(QRectF(area.left(), top, area.width(), metrics.height()), Qt.AlignmentFlag.AlignCenter, part)
        top += metrics.height()
        painter.setPen(theme.color("dim"))
    return area


def _size(image: QImage) -> tuple[int, int]:
    return image.width(), image.height()


def _beside(at: float, size: float, low: float, high: float) -> float:
    """Behind the mouse where there is room, else before it, never outside."""
    begin = at + _AWAY if at + _AWAY + size <= high else at - _AWAY - size
    return round(min(max(begin, low), max(low, high - size)))
