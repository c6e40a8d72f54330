"""Frames of a path: side by side, walked by hand, and played."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.picture_files import to_image
from genstudio.app.widgets.slider import CalmSlider
from genstudio.app.widgets.tool import Tool
from genstudio.core.events import Images

_HEIGHT, _LEAST = 44, 12  # pixels of the strip, of a frame in it
_NO_FRAMES: Images = np.empty((0, 1, 1, 1), np.uint8)


class FrameStrip(QWidget):
    """As many frames as fit, evenly chosen; the current one is marked. A press or a drag goes to a frame.

    Signals
    -------
    scrubbed(int)
    """

    scrubbed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frames = _NO_FRAMES
        self._current = 0
        self._drawn: QImage | None = None
        self.empty_text = "Pin two places: the pictures between them appear here."
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("The path, frame by frame: press or drag to look at one")
        self.setAccessibleName("Frames of the path")
        theme.notifier().changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def set_frames(self, frames: Images) -> None:
        """Show frames uint8 [F, H, W, C], not copied."""
        self._frames = frames
        self._current = min(self._current, max(0, len(frames) - 1))
        self.setAccessibleDescription(f"{len(frames):,} frames" if len(frames) else self.empty_text)
        self._redraw()

    def set_current(self, index: int) -> None:
        self._current = index
        self.update()

    def shown(self) -> list[int]:
        """Which frames are drawn: all, or as many as have room, first and last among them."""
        count = len(self._frames)
        if not count:
            return []
        height, width = self._frames.shape[1:3]
        each = max(_LEAST, round((_HEIGHT - 4) * width / height)) + 2
        room = max(2, self.width() // each)
        return np.unique(np.linspace(0, count - 1, min(count, room)).round().astype(int)).tolist()

    def _redraw(self) -> None:
        self._drawn = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    def _cells(self, count: int) -> list[QRect]:
        """Where the frames that are drawn stand: as wide as they are by themselves, from the left."""
        height, width = self._frames.shape[1:3]
        each = max(_LEAST, round((_HEIGHT - 4) * width / height))
        return [QRect(i * (each + 2), 2, each, _HEIGHT - 4) for i in range(count)]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.shown()
        if not shown:
            painter.setPen(theme.color("dim"))
            text = painter.fontMetrics().elidedText(self.empty_text, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            return
        cells = self._cells(len(shown))
        if self._drawn is None:
            self._drawn = self._draw(shown, cells)
        painter.drawImage(0, 0, self._drawn)
        nearest = min(range(len(shown)), key=lambda i: abs(shown[i] - self._current))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRoundedRect(QRectF(cells[nearest]).adjusted(0, -1, 0, 1), 2, 2)

    def _draw(self, shown: list[int], cells: list[QRect]) -> QImage:
        """All of them at once: a drag along the strip repaints one picture."""
        ratio = self.devicePixelRatioF()
        drawn = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        for index, cell in zip(shown, cells, strict=True):
            image = to_image(self._frames[index], QImage.Format.Format_RGB32)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > cell.width() * ratio)
            painter.drawImage(cell, image)
        painter.end()
        return drawn

    def frame_at(self, pos: QPoint) -> int:
        """The frame at a point, between those that are drawn too; -1 without frames."""
        shown = self.shown()
        if not shown:
            return -1
        cells = self._cells(len(shown))
        share = (pos.x() - cells[0].center().x()) / max(1, cells[-1].center().x() - cells[0].center().x())
        return round(min(1.0, max(0.0, share)) * (len(self._frames) - 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.frame_at(event.position().toPoint())
        if event.buttons() & Qt.MouseButton.LeftButton and index >= 0:
            self.scrubbed.emit(index)


class FilmPlayer(QWidget):
    """The strip, a slider below it, and a button that plays.

    Signals
    -------
    frame_changed(int)
        Show this frame, large.
    """

    frame_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strip, self.slider = FrameStrip(), CalmSlider(0, 0)
        self.play, self.position = Tool("play", "Play", "Play the path"), QLabel()
        self._count, self._fps, self._loop = 0, 12.0, False
        self._begun, self._begun_at = 0.0, 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.slider.setAccessibleName("Frame")
        self.slider.setToolTip("Walk along the path by hand; arrows go frame by frame")
        self.position.setProperty("role", "dim")
        self.position.setFont(theme.tabular(self.font()))
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget, stretch in ((self.play, 0), (self.slider, 1), (self.position, 0)):
            row.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.strip)
        column.addLayout(row)
        self.play.clicked.connect(self.toggle)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderPressed.connect(self.pause)
        self.strip.scrubbed.connect(self._scrub)
        self.set_frames(_NO_FRAMES)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def current(self) -> int:
        """The frame that is shown, -1 without frames."""
        return self.slider.value() if self._count else -1

    def set_frames(self, frames: Images) -> None:
        """Frames uint8 [F, H, W, C], not copied; the place stays as far as it can, and so does playing."""
        self._count = len(frames)
        self.strip.set_frames(frames)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, self._count - 1))
        self.slider.blockSignals(False)
        self.strip.set_current(self.slider.value())
        for widget in (self.play, self.slider):
            widget.setEnabled(self._count > 1)
        self.position.setMinimumWidth(self.position.fontMetrics().horizontalAdvance(self._words(self._count)))
        self.position.setText(self._words(self.slider.value() + 1))
        if self._count < 2:
            self.pause()
        elif self.playing:
            self._restart()

    def _words(self, number: int) -> str:
        if not self._count:
            return "no frames"
        return f"{number:,} / {self._count:,} · {(number - 1) / self._fps:.1f} s"

    def set_pace(self, fps: float, loop: bool) -> None:
        """Frames a second, and whether it goes on from the end to the beginning."""
        self._fps, self._loop = fps, loop
        self.position.setText(self._words(self.slider.value() + 1))
        if self.playing:
            self._restart()

    # --- playing -------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        elif self._count > 1 and self.isVisible():
            if self.slider.value() == self._count - 1:
                self.slider.setValue(0)
            self._restart()
            theme.set_icon(self.play, "pause", 16)
            self.play.setAccessibleName("Pause")
            self.play.setToolTip("Pause")

    def pause(self) -> None:
        """Stay at the frame that is shown."""
        self._timer.stop()
        theme.set_icon(self.play, "play", 16)
        self.play.setAccessibleName("Play")
        self.play.setToolTip("Play the path")

    def _restart(self) -> None:
        self._begun, self._begun_at = time.monotonic(), self.slider.value()
        self._timer.start(max(10, round(1000 / self._fps)))

    def _tick(self) -> None:
        """The frame whose time it is: where painting is slow, some are left out, and the film lasts as long."""
        index = self._begun_at + int((time.monotonic() - self._begun) * self._fps + 0.5)
        if self._loop:
            self.slider.setValue(index % self._count)
        else:
            self.slider.setValue(min(index, self._count - 1))
            if index >= self._count - 1:
                self.pause()

    def _moved(self, index: int) -> None:
        self.strip.set_current(index)
        self.position.setText(self._words(index + 1))
        self.slider.setAccessibleDescription(self._words(index + 1))
        self.frame_changed.emit(index)

    def _scrub(self, index: int) -> None:
        self.pause()
        self.slider.setValue(index)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pause()
