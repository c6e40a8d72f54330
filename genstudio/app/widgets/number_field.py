"""A field for one number, which says what is wrong with what is typed and never changes it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QLabel, QSizePolicy, QWidget

from genstudio.app import theme
from genstudio.app.stepping import stepped, written
from genstudio.app.style import set_variant
from genstudio.core.config import Knob, Value, parse_text
from genstudio.core.errors import InputError

FIELD_HEIGHT = 28  # as the stylesheet makes combo boxes and buttons
_MARGIN = 6
_TEXT_LEFT = _MARGIN + 2  # Qt adds two pixels before the first letter
_GAP = 6


class NumberField(QAbstractSpinBox):
    """Shows the unit behind the number, and what 0 means when it is special.

    Signals
    -------
    edited()
        The text is another one: `value` or `error` may have changed. Also while it is being typed.
    committed(int | float)
        The person chose another valid value: by Enter, by leaving the field, by a step.
    """

    edited = Signal()
    committed = Signal(object)

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._knob = knob
        self._value = self._chosen = _number(knob.default)
        self._error = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel gives no focus
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        line = self.lineEdit()
        line.setTextMargins(_MARGIN, 0, 0, 0)
        line.setFont(theme.tabular(self.font()))
        self._behind = QLabel(line)
        self._behind.setTextFormat(Qt.TextFormat.PlainText)
        self._behind.setProperty("role", "dim")
        self._behind.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        line.textChanged.connect(self._read)
        self.editingFinished.connect(self._commit)
        self.set_value(self._value)

    def value(self) -> int | float:
        """The number in the field, or the one chosen before while `error` says something."""
        return self._value

    def error(self) -> str:
        """What is wrong with the text, as a sentence; empty when nothing is."""
        return self._error

    def set_value(self, value: float) -> None:
        """Show `value`, which must be valid; nothing is committed."""
        self._value = self._chosen = value
        self.lineEdit().setText(written(self._value))
        self._read()

    def follow(self, value: float) -> None:
        """Show `value`, but leave alone what is being typed: Escape then goes back to `value`."""
        if self.lineEdit().text() == written(self._chosen):
            self.set_value(value)
        else:
            self._chosen = value
            self._read()

    def _read(self) -> None:
        try:
            self._value = _number(parse_text(self._knob, self.lineEdit().text()))
            self._error = ""
        except InputError as error:
            self._value, self._error = self._chosen, str(error)
        set_variant(self, "invalid", bool(self._error))
        self._show_behind()
        self.edited.emit()

    def _commit(self) -> None:
        if self._error or self._value == self._chosen:
            return
        self.set_value(self._value)
        self.committed.emit(self._value)

    def stepBy(self, steps: int) -> None:
        self.lineEdit().setText(written(stepped(self._knob, self._value, steps)))
        self._commit()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag
        result = flags.StepNone
        if self._knob.high is not None and self._value < self._knob.high:
            result |= flags.StepUpEnabled
        if self._knob.low is not None and self._value > self._knob.low:
            result |= flags.StepDownEnabled
        return result

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # it scrolls the page

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.lineEdit().text() != written(self._chosen):
            self.set_value(self._chosen)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(160, max(FIELD_HEIGHT, self.fontMetrics().height() + 10))

    def minimumSizeHint(self) -> QSize:
        return QSize(88, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_behind()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._show_behind()

    def _show_behind(self) -> None:
        line = self.lineEdit()
        meaning = self._knob.zero_means if self._value == 0 and not self._error else ""
        metrics = line.fontMetrics()
        left = _TEXT_LEFT + metrics.horizontalAdvance(line.text()) + _GAP
        room = line.width() - left - 2
        words = meaning or self._knob.unit
        self._behind.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, room)))
        self._behind.setGeometry(left, 0, max(0, room), line.height())
        self._behind.setVisible(room > 2 * metrics.averageCharWidth() and not self._error)


def _number(value: Value) -> int | float:
    assert not isinstance(value, (bool, str)), f"{value!r} is no number"
    return value
