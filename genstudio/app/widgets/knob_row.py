"""One knob in a form: label, marks, field, reset button, and the sentence that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.breakable import breakable
from genstudio.app.stepping import written
from genstudio.app.style import set_variant
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.number_field import FIELD_HEIGHT, NumberField
from genstudio.app.widgets.slider import CalmSlider
from genstudio.core.config import Knob, Value, parse_text

_DOT, _MARK = 8, 14
_LIVE = "Live: can be changed while training; the change lands on the next step."


class KnobRow(QWidget):
    """A row of a `KnobForm`.

    Signals
    -------
    edited()
        Value, validity or mark may have changed.
    committed(str, value)
        The person gave the knob of this name another valid value.
    """

    edited = Signal()
    committed = Signal(str, object)

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.knob = knob
        self._baseline: Value = knob.default
        self._settled: Value = knob.default  # shown and not in the middle of a drag
        self._locked = False
        self._told: tuple[object, ...] = ()  # what is shown of value, error, baseline and lock
        self._label = QLabel(knob.label)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._dot = QLabel()
        self._dot.setProperty("role", "dot")
        self._dot.setFixedSize(_DOT, _DOT)
        self._live = QLabel()
        theme.set_icon(self._live, "live", _MARK, "dim")
        self._live.setAccessibleName("live")
        self._live.setToolTip(_LIVE)
        self._live.setHidden(not knob.live)
        self.field = self._make_field()
        self.slider = self._make_slider()
        self._reset = QToolButton()
        self._problem = QLabel()
        self._problem.setProperty("role", "bad")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._name_things()
        self._lay_out()
        self._show_state()

    def _make_field(self) -> NumberField | ChoiceField | QCheckBox:
        if self.knob.kind == "choice":
            choice = ChoiceField(self.knob.choices)
            choice.setCurrentText(str(self.knob.default))
            choice.currentTextChanged.connect(self._show_state)
            choice.textActivated.connect(self._commit)
            return choice
        if self.knob.kind == "bool":
            check = QCheckBox()
            check.setChecked(bool(self.knob.default))
            check.toggled.connect(self._show_state)
            check.clicked.connect(self._commit)
            return check
        number = NumberField(self.knob)
        number.edited.connect(self._show_state)
        number.committed.connect(self._commit)
        return number

    def _make_slider(self) -> CalmSlider | None:
        """A share of something is dragged more easily than typed."""
        knob = self.knob
        if knob.kind != "int" or knob.unit != "%" or knob.scale != "linear" or knob.low is None or knob.high is None:
            return None
        slider = CalmSlider(int(knob.low), int(knob.high))
        slider.setValue(int(knob.default))
        slider.valueChanged.connect(self._slide)
        slider.sliderReleased.connect(lambda: self._slide(slider.value()))
        return slider

    def _slide(self, value: int) -> None:
        """The number follows the slider at once; it is the person's choice when the slider is let go."""
        assert self.slider is not None
        assert isinstance(self.field, NumberField)
        self.field.set_value(value)
        if not self.slider.isSliderDown() and value != self._settled:
            self._commit(value)

    def _commit(self, value: Value) -> None:
        self._settled = value
        self.committed.emit(self.knob.name, value)

    def _name_things(self) -> None:
        unit = f", {self.knob.unit}" if self.knob.unit else ""
        self.field.setAccessibleName(self.knob.label + unit)
        if self.slider is not None:
            self.slider.setAccessibleName(f"{self.knob.label} slider{unit}")
        self._label.setBuddy(self.field)
        self._reset.setAccessibleName(f"Reset {self.knob.label}")
        theme.set_icon(self._reset, "reset", 16, "dim")
        self._reset.setFixedSize(24, 24)
        self._reset.clicked.connect(self.reset)

    def _lay_out(self) -> None:
        for kept in (self._dot, self._reset):  # no jumps when it appears
            policy = kept.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            kept.setSizePolicy(policy)
        self._heading = QWidget()
        self._heading.setMinimumHeight(FIELD_HEIGHT)
        heading = QHBoxLayout(self._heading)
        heading.setContentsMargins(0, 0, 0, 0)
        heading.setSpacing(4)
        heading.addWidget(self._label)
        heading.addWidget(self._dot)
        heading.addStretch(1)
        heading.addWidget(self._live, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(4)
        layout.setVerticalSpacing(4)
        layout.addWidget(self._heading, 0, 0)
        layout.addWidget(self.field, 0, 1)
        layout.addWidget(self._reset, 0, 2)
        if self.slider is not None:
            layout.addWidget(self.slider, 1, 0, 1, 2)
        layout.addWidget(self._problem, 2, 0, 1, 3)
        layout.setColumnStretch(1, 1)

    def heading_width(self) -> int:
        """Pixels that the label needs, bold and with its marks."""
        live = 4 + _MARK if self.knob.live else 0
        return QFontMetrics(self._bold()).horizontalAdvance(self.knob.label) + 2 + 4 + _DOT + live

    def _bold(self) -> QFont:
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        return bold

    def set_heading_width(self, width: int) -> None:
        """Make room for the label, so that the fields of all rows stand in one column; a longer one wraps."""
        self._heading.setFixedWidth(width)
        if (lacking := self.heading_width() - width) > 0:
            self._label.setWordWrap(True)
            self._label.setFixedWidth(QFontMetrics(self._bold()).horizontalAdvance(self.knob.label) + 2 - lacking)

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches in this row, in order."""
        return [self.field, self._reset, *([] if self.slider is None else [self.slider])]

    def value(self) -> Value:
        """The value in the field; the one chosen before while `error` says something."""
        if isinstance(self.field, NumberField):
            return self.field.value()
        return self.field.currentText() if isinstance(self.field, ChoiceField) else self.field.isChecked()

    def error(self) -> str:
        """What is wrong with what is typed, as a sentence; empty when nothing is."""
        return self.field.error() if isinstance(self.field, NumberField) else ""

    def set_value(self, value: Value) -> None:
        """Show a valid `value` without committing it; raises `InputError` for one that is not."""
        self._show(value, NumberField.set_value)

    def follow(self, value: Value) -> None:
        """As `set_value`, for a change that somebody else made: what the person is typing is left alone."""
        self._show(value, NumberField.follow)

    def choose(self, value: Value) -> None:
        """Take `value` as the person's own choice, made elsewhere than in this row."""
        before = self.value()
        self.set_value(value)
        if before != self.value():
            self._commit(self.value())

    def _show(self, value: Value, put: Callable[[NumberField, float], None]) -> None:
        read = parse_text(self.knob, str(value))
        if isinstance(self.field, ChoiceField):
            self.field.setCurrentText(str(read))
        elif isinstance(self.field, NumberField):
            put(self.field, float(read) if self.knob.kind == "float" else int(read))
        else:
            self.field.setChecked(bool(read))
        self._settled = read
        self._show_state()

    def set_baseline(self, value: Value) -> None:
        """The value against which "changed" is measured and to which the row resets."""
        self._baseline = value
        self._show_state()

    def is_changed(self) -> bool:
        """Whether the value differs from the baseline, or cannot be read."""
        return bool(self.error()) or self.value() != self._baseline

    def is_locked(self) -> bool:
        """Whether it is fixed, because training runs and the knob is not live."""
        return self._locked

    def set_running(self, running: bool) -> None:
        """While training only live knobs can be changed; the others say so."""
        self._locked = running and not self.knob.live
        self._show_state()

    def reset(self) -> None:
        """Go back to the baseline, as the person's own choice."""
        self.choose(self._baseline)

    def _show_state(self) -> None:
        changed, error = self.is_changed(), self.error()
        told = (self.value(), error, self._baseline, self._locked)
        if told == self._told:  # most calls: a form of fifty rows is filled within a frame
            return
        self._told = told
        self._dot.setVisible(changed)
        set_variant(self._label, "changed", changed)
        self._problem.setText(breakable(error))
        self._problem.setVisible(bool(error))
        self.field.setEnabled(not self._locked)
        self._show_slider()
        self._reset.setEnabled(not self._locked)
        self._reset.setVisible(changed)
        self._reset.setToolTip(f"Reset to {_shown(self._baseline)}")
        self._explain(changed, error)
        self.edited.emit()

    def _show_slider(self) -> None:
        if self.slider is None:
            return
        self.slider.setEnabled(not self._locked)
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(int(self.value()))

    def _explain(self, changed: bool, error: str) -> None:
        text = self.knob.describe()
        if self._locked:
            text = f"Fixed while training: stop to change it. {text}"
        if changed and not error:
            text = f"{text} Changed from {_shown(self._baseline)}."
        for widget in filter(None, (self._label, self.field, self.slider)):
            widget.setToolTip(text)
        self.field.setAccessibleDescription(error or text)
        set_variant(self._label, "role", "faint" if self._locked else "")


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else written(value)
