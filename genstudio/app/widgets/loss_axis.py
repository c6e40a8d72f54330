"""The axes of the loss plot: round numbers, thousands separated, the same on a logarithmic scale."""

from __future__ import annotations

from html import escape

import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont, QPen

from genstudio.app import theme
from genstudio.app.widgets import loss_ticks


class LossAxis(pg.AxisItem):
    """An axis that chooses and writes its own numbers; `log` says that its values are log10."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.log = False
        self._text = ""
        self._room = 28 if orientation == "left" else 96  # pixels that one number needs
        self.enableAutoSIPrefix(False)
        # numbers that grow and shrink must not move the plot, so room once taken is kept
        self.setStyle(autoReduceTextSpace=False, tickAlpha=255, tickTextOffset=8)
        self.setGrid(255)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        most = max(2, int(size / self._room))
        if self.log:
            return [(0.0, loss_ticks.logarithmic(minVal, maxVal, most))]
        spacing, values = loss_ticks.linear(minVal, maxVal, most)
        if self.orientation == "bottom":  # there is no half step
            values = [value for value in values if abs(value - round(value)) < 1e-6]
        return [(spacing, values)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.log:
            return [f"{10**value:,.6g}" for value in values]
        return [loss_ticks.label(value, spacing) for value in values]

    def set_text(self, text: str) -> None:
        """What is measured along this axis, as plain text."""
        if text != self._text:
            self._text = text
            self.setLabel(escape(text))

    def restyle(self, font: QFont) -> None:
        """Take the colours of the theme, and `font` for the numbers."""
        tokens = theme.tokens()
        self.setPen(QPen(theme.color("line")))
        self.setTickPen(QPen(QColor(theme.mix(tokens.panel, tokens.line, 0.55))))
        self.setTextPen(QPen(theme.color("dim")))
        self.setTickFont(font)
        self.labelStyle = {"color": tokens.dim, "font-size": f"{font.pointSize()}pt"}
        self.setLabel(escape(self._text))
