"""Curves as a picture or as a drawing."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMargins, QPoint, QRect
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from genstudio.app import theme

_SCALE = 2  # a picture has twice the pixels of the widget, so that it can be printed
_MARGINS, _CORNER = QMargins(16, 16, 16, 16), QPoint(16, 16)
_ONLY_CHILDREN = QWidget.RenderFlag.DrawChildren  # the window behind the widget has another colour


def png(widget: QWidget) -> bytes:
    """The widget as PNG, at twice its size."""
    size = widget.size().grownBy(_MARGINS)
    image = QImage(size * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(theme.color("panel"))
    widget.render(image, _CORNER, QRegion(), _ONLY_CHILDREN)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(data.data())


def svg(widget: QWidget) -> bytes:
    """The widget as SVG: lines stay lines, numbers stay text."""
    data = QByteArray()
    buffer = QBuffer(data)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    sheet = QRect(QPoint(), widget.size().grownBy(_MARGINS))
    generator.setResolution(widget.logicalDpiX())  # else text comes out smaller than what is around it
    generator.setSize(sheet.size())
    generator.setViewBox(sheet)
    generator.setTitle(widget.accessibleName())
    painter = QPainter(generator)
    painter.fillRect(sheet, theme.color("panel"))
    widget.render(painter, _CORNER, QRegion(), _ONLY_CHILDREN)
    painter.end()
    return bytes(data.data())
