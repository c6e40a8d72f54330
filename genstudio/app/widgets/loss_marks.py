"""Dashed lines at steps where something happened, with words where there is room for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont

from genstudio.app import theme
from genstudio.app.widgets.loss_data import Mark

_APART = 3  # pixels between lines, so that they don't become a wall
_ROWS = 3  # of words above each other; further words would hide the curves


class MarkItems:
    """Draws marks into a view box; words that would overlap go to the next row, or wait until zoomed in."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self._items: list[tuple[pg.InfiniteLine, pg.TextItem]] = []
        self._font = QFont()
        self._rows, self._pitch = 0, 0.0  # of words that were shown last

    def items(self) -> list[tuple[pg.InfiniteLine, pg.TextItem]]:
        """Lines with their words, also those not shown now."""
        return list(self._items)

    def height(self) -> float:
        """Pixels from the top that the words shown last need."""
        return self._rows * self._pitch

    def restyle(self, font: QFont) -> None:
        """Take the colours of the theme and `font`."""
        self._font = font
        for line, text in self._items:
            self._dress(line, text)

    def _dress(self, line: pg.InfiniteLine, text: pg.TextItem) -> None:
        line.setPen(pg.mkPen(theme.tokens().dim, style=Qt.PenStyle.DashLine))
        text.setColor(QColor(theme.tokens().text))
        text.fill = pg.mkBrush(theme.color("panel", 0.8))
        text.setFont(self._font)

    def show(self, marks: Sequence[Mark], sight: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Show those of `marks` that lie in `sight` (steps, values), in axis units."""
        (x0, x1), (y0, y1) = sight
        wide, high = (x1 - x0) / max(1.0, self._box.width()), (y1 - y0) / max(1.0, self._box.height())
        seen = _apart((mark for mark in marks if x0 <= mark.step <= x1), _APART * wide)
        while len(self._items) < len(seen):
            self._add()
        self._rows, self._pitch = 0, 0.0
        free_from = [x0] * _ROWS  # left of this step a row is taken
        for i, (line, text) in enumerate(self._items):
            line.setVisible(i < len(seen))
            text.setVisible(False)
            if i >= len(seen):
                continue
            mark = seen[i]
            line.setPos(mark.step)
            if text.toPlainText() != mark.text:
                text.setPlainText(mark.text)
            size = text.textItem.boundingRect()  # in pixels
            self._pitch = max(self._pitch, size.height())
            width = (size.width() + 4) * wide
            start = mark.step - width if mark.step - width >= x0 else mark.step
            row = next((r for r in range(_ROWS) if free_from[r] <= start), None)
            if row is None:
                continue
            free_from[row] = start + width
            self._rows = max(self._rows, row + 1)
            text.setAnchor((1, 0) if start < mark.step else (0, 0))
            text.setPos(mark.step, y1 - row * self._pitch * high)
            text.setVisible(True)

    def _add(self) -> None:
        line, text = pg.InfiniteLine(angle=90), pg.TextItem()
        self._dress(line, text)
        for item in (line, text):
            item.setZValue(15)
            self._box.addItem(item, ignoreBounds=True)
        self._items.append((line, text))


def _apart(marks: Iterable[Mark], least: float) -> list[Mark]:
    """Marks by step, without those closer than `least` to the one before: a slider leaves hundreds of them."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.step):
        if not kept or mark.step - kept[-1].step >= least:
            kept.append(mark)
    return kept
