"""The row above the curves: what they are, and the quiet controls of how they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QWidget,
)

from genstudio.app import theme
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.steady import SteadyLabel

STOPS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
_GAP = 8  # pixels between controls
EXPORTS = {"Picture (PNG)…": ".png", "Drawing (SVG)…": ".svg", "Numbers (CSV)…": ".csv"}


class LossControls(QWidget):
    """Heading, step, unit, scale, smoothing, follow and export.

    Signals
    -------
    changed()
        Unit, scale or smoothing were changed by hand.
    follow_asked()
        Everything should be in sight again.
    export_asked(str)
        A file with this suffix is wanted.
    """

    changed = Signal()
    follow_asked = Signal()
    export_asked = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(32)  # the row keeps its height while the controls are hidden
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._title = QLabel(title)
        self._title.setProperty("role", "heading")
        row.addWidget(self._title)
        row.addStretch(1)
        self._step = SteadyLabel()
        self._step.setProperty("role", "dim")
        self._step.setFont(theme.tabular(self.font()))
        self._panel = QWidget()
        self._panel.hide()
        inner = QHBoxLayout(self._panel)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(_GAP)
        inner.addWidget(self._step)
        inner.addSpacing(8)
        inner.addWidget(self._unit_box())
        self._add_scale(inner)
        self._add_smoothing(inner)
        self._add_buttons(inner)
        row.addWidget(self._panel)
        self._spare = (self._step, self.smoothing_label)  # said elsewhere too: left out where there is no room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def minimumSizeHint(self) -> QSize:
        """What is needed when all that can be left out is left out.

        Added up here: layouts notice only later which labels were hidden a moment ago.
        """
        needed = (self._title, self.unit_box, self.linear, self.log, self.slider, self.follow, self.export)
        return QSize(
            sum(_width(w) for w in needed if w is not self.unit_box or not w.isHidden()), self.minimumHeight()
        )

    def _fold(self) -> None:
        """Leave out the step, then the words of the slider, as far as the controls would overlap otherwise."""
        lacking = self.minimumSizeHint().width() + sum(map(_width, self._spare)) - self.width()
        for label in self._spare:
            label.setVisible(lacking <= 0)
            lacking -= _width(label)

    def _unit_box(self) -> ChoiceField:
        self.unit_box = ChoiceField()
        self.unit_box.setAccessibleName("Unit of the curves")
        self.unit_box.setToolTip("Curves of one unit are drawn at a time; choose which")
        self.unit_box.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToContents)
        self.unit_box.setMinimumWidth(104)  # a narrow window shortens the unit rather than the plot
        self.unit_box.currentIndexChanged.connect(lambda _: self.changed.emit())
        return self.unit_box

    def _add_scale(self, row: QHBoxLayout) -> None:
        self.linear, self.log = QToolButton(), QToolButton()
        group, pair = QButtonGroup(self), QHBoxLayout()
        pair.setSpacing(4)
        tips = ("Even scale", "Logarithmic scale; values that are not positive become gaps")
        for button, text, tip in zip((self.linear, self.log), ("linear", "log"), tips, strict=True):
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{text} scale")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            group.addButton(button)
            pair.addWidget(button)
        self.linear.setChecked(True)
        self.log.toggled.connect(lambda _: self.changed.emit())
        row.addLayout(pair)

    def _add_smoothing(self, row: QHBoxLayout) -> None:
        self.smoothing_label = QLabel()
        self.smoothing_label.setProperty("role", "dim")
        self.smoothing_label.setFont(theme.tabular(self.font()))
        width = QFontMetrics(self.smoothing_label.font()).horizontalAdvance("smoothing 0.88")
        self.smoothing_label.setMinimumWidth(width)
        self.smoothing_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(STOPS) - 1)
        self.slider.setPageStep(2)
        self.slider.setFixedWidth(72)
        self.slider.setAccessibleName("Smoothing")
        self.slider.setToolTip("How much of the past the strong line remembers; raw values stay behind it")
        self.slider.valueChanged.connect(self._smoothing_moved)
        self.slider.setValue(STOPS.index(0.9))
        row.addWidget(self.smoothing_label)
        row.addWidget(self.slider)

    def _add_buttons(self, row: QHBoxLayout) -> None:
        self.follow = QToolButton()
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.setToolTip("Show everything and follow the newest step (Home, or double-click)")
        self.follow.setAccessibleName("Follow")
        self.follow.clicked.connect(lambda _: self.follow_asked.emit())
        self.export = QToolButton()
        self.export.setToolTip("Save the curves as picture, drawing or numbers")
        self.export.setAccessibleName("Export curves")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export)
        for text, suffix in EXPORTS.items():
            menu.addAction(text).triggered.connect(lambda _=False, s=suffix: self.export_asked.emit(s))
        self.export.setMenu(menu)
        for button, name in ((self.follow, "zoom-fit"), (self.export, "export")):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            theme.set_icon(button, name, 16, "dim")
            row.addWidget(button)

    def _smoothing_moved(self, _: int) -> None:
        text = f"smoothing {self.smoothing:.2f}" if self.smoothing else "smoothing off"
        self.smoothing_label.setText(text)
        self.changed.emit()

    @property
    def smoothing(self) -> float:
        """0 (off) to 0.99."""
        return STOPS[self.slider.value()]

    @property
    def unit(self) -> str:
        """The unit whose curves are shown."""
        return self.unit_box.currentData() or ""

    def units(self) -> tuple[str, ...]:
        """The units that are offered."""
        return tuple(self.unit_box.itemData(i) for i in range(self.unit_box.count()))

    def set_units(self, units: Sequence[str]) -> None:
        """The units to choose from; the choice is hidden while there is only one."""
        with QSignalBlocker(self.unit_box):
            kept = self.unit
            self.unit_box.clear()
            for unit in units:
                self.unit_box.addItem(unit or "no unit", unit)
            self.unit_box.setCurrentIndex(units.index(kept) if kept in units else 0)
        self.unit_box.setVisible(len(units) > 1)
        self._fold()

    def set_state(self, step: int | None, following: bool) -> None:
        """Newest step (None hides the controls: there is nothing to control) and whether it is followed."""
        self._panel.setVisible(step is not None)
        self._step.setText("" if step is None else f"step {step:,}")
        self._fold()
        self.follow.setChecked(following)


def _width(widget: QWidget) -> int:
    """Pixels that a control takes at least, with the gap beside it."""
    return (widget.minimumWidth() or widget.minimumSizeHint().width()) + _GAP
