"""Step by step and slow motion: how fast steps are taken while somebody watches."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from genstudio.app import theme

#: Steps per second, slowest first; 0 is as fast as the machine can.
SPEEDS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 0.0)
_TIP = "How many steps are taken in a second: slow ones are shown one by one, at the right end it is full speed"


class PaceControls(QWidget):
    """A button for exactly one step, and a slider for the speed.

    Signals
    -------
    step_asked()
        Take one step, show it and wait.
    speed_chosen(float)
        Steps per second from now on; 0 is full speed.
    """

    step_asked = Signal()
    speed_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step = QPushButton("Step")
        self.step.setAccessibleName("Take one step")
        self.step.clicked.connect(lambda _: self.step_asked.emit())
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(SPEEDS) - 1)
        self.slider.setPageStep(1)
        self.slider.setMinimumWidth(64)
        self.slider.setAccessibleName("Speed")
        self.slider.setToolTip(_TIP)
        self.words = QLabel()
        self.words.setProperty("role", "dim")
        self.words.setFont(theme.tabular(self.font()))
        widest = max((self._text(speed) for speed in SPEEDS), key=self.words.fontMetrics().horizontalAdvance)
        self.words.setMinimumWidth(self.words.fontMetrics().horizontalAdvance(widest) + 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.step)
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        self.slider.valueChanged.connect(self._moved)
        self.set_speed(0.0)
        self.set_running(False)

    def speed(self) -> float:
        """Steps per second; 0 is full speed."""
        return SPEEDS[self.slider.value()]

    def set_speed(self, speed: float) -> None:
        """Show the speed that comes nearest to this one; emits nothing."""
        nearest = min(SPEEDS[:-1], key=lambda s: abs(s - speed)) if speed else 0.0
        self.slider.blockSignals(True)
        self.slider.setValue(SPEEDS.index(nearest))
        self.slider.blockSignals(False)
        self.words.setText(self._text(nearest))
        self.slider.setAccessibleDescription(self._text(nearest))

    def set_running(self, running: bool) -> None:
        """One can step while something trains; a speed may be chosen before."""
        self.step.setEnabled(running)
        why = "Take exactly one step, show it and wait" if running else "Train first, then take single steps here"
        self.step.setToolTip(why)

    def _moved(self, _: int) -> None:
        self.words.setText(self._text(self.speed()))
        self.slider.setAccessibleDescription(self._text(self.speed()))
        self.speed_chosen.emit(self.speed())

    @staticmethod
    def _text(speed: float) -> str:
        return f"{speed:g} step{'s' if speed != 1 else ''}/s" if speed else "full speed"
