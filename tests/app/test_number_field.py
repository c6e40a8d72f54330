"""A field for one number judges what is typed and never alters it."""

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.number_field import NumberField
from genstudio.core.config import Config, knob


class Some(Config):
    latent: int = knob(32, low=1, high=512, scale="log", label="Latent", unit="numbers", help="How many.")
    rate: float = knob(1e-3, low=1e-6, high=1.0, scale="log", label="Rate", help="Speed.")
    steps: int = knob(5, low=0, high=10**6, scale="log", label="Steps", help="How long.", zero_means="no end at all")


LATENT, RATE, STEPS = Some.knobs()


@pytest.fixture
def page(qapp, qtbot):
    theme.apply(qapp, "dark")
    page = QWidget()
    QVBoxLayout(page).addWidget(QLineEdit())  # somewhere else for the focus to go
    qtbot.addWidget(page)
    page.resize(300, 100)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    return page


@pytest.fixture
def elsewhere(page):
    return page.layout().itemAt(0).widget()


@pytest.fixture
def make(page):
    def made(knob):
        field = NumberField(knob)
        page.layout().addWidget(field)
        field.show()
        QTest.qWait(0)
        field.heard = []
        field.committed.connect(field.heard.append)
        return field

    return made


def retype(field, text):
    """Replace what stands in the field, as a person does."""
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def behind(field):
    """The words behind the number, as far as they are seen."""
    (label,) = field.findChildren(QLabel)
    return label.text() if label.isVisible() else ""


def wheel(field):
    """One notch of the wheel over `field`; returns whether it was taken."""
    centre = QPointF(field.rect().center())
    event = QWheelEvent(
        centre, field.mapToGlobal(centre), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    event.ignore()
    field.event(event)
    return event.isAccepted()


def test_it_starts_with_the_default(make):
    field = make(RATE)
    assert (field.value(), field.text(), field.error(), field.heard) == (1e-3, "0.001", "", [])


@pytest.mark.parametrize(("value", "text"), [(1e-5, "1e-05"), (1.0, "1"), (0.123456789, "0.123456789")])
def test_floats_are_written_short_and_read_back_exactly(make, value, text):
    field = make(RATE)
    field.set_value(value)
    assert (field.value(), field.text(), field.heard) == (value, text, [])


@pytest.mark.parametrize("done", ["enter", "leave"])
def test_a_typed_number_is_committed_when_it_is_done(make, elsewhere, done):
    field = make(LATENT)
    retype(field, "064")
    assert (field.value(), field.heard) == (64, [])
    if done == "enter":
        QTest.keyClick(field, Qt.Key.Key_Return)
    elsewhere.setFocus()
    assert field.heard == [64]
    assert type(field.value()) is int
    assert field.text() == "64"


@pytest.mark.parametrize(
    ("knob", "text", "sentence"),
    [
        (LATENT, "12x", "Latent is a whole number, not “12x”."),
        (LATENT, "0", "Latent goes from 1 to 512 numbers; 0 is outside."),
        (LATENT, "1.5", "Latent is a whole number, not “1.5”."),
        (RATE, "2", "Rate goes from 1e-06 to 1; 2 is outside."),
        (RATE, "nan", "Rate goes from 1e-06 to 1; nan is outside."),
        (RATE, "0,001", "Rate is a number, not “0,001”."),
        (RATE, "", "Rate is a number, not “”."),
    ],
)
def test_what_cannot_be_read_stays_as_typed(make, elsewhere, knob, text, sentence):
    field = make(knob)
    retype(field, text)
    assert field.error() == sentence
    assert field.property("invalid") == "true"
    QTest.keyClick(field, Qt.Key.Key_Return)
    elsewhere.setFocus()
    assert field.text() == text
    assert (field.value(), field.heard) == (knob.default, [])
    retype(field, "1")
    assert (field.value(), field.error()) == (1, "")
    assert field.property("invalid") == "false"


def test_escape_takes_back_what_was_typed(make):
    field = make(LATENT)
    retype(field, "99")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), field.value(), field.heard) == ("32", 32, [])


def test_a_german_desktop_changes_nothing(make):
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    try:
        field = make(RATE)
        field.setLocale(QLocale(QLocale.Language.German))
        field.set_value(0.0005)
        assert field.text() == "0.0005"
        retype(field, "0.25")
        assert field.value() == 0.25
    finally:
        QLocale.setDefault(before)


def test_arrow_keys_step_along_the_scale_and_commit(make):
    field = make(LATENT)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(field, key)
    assert field.heard == [64, 32, 16]


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (1, NumberField.StepEnabledFlag.StepUpEnabled),
        (512, NumberField.StepEnabledFlag.StepDownEnabled),
        (8, NumberField.StepEnabledFlag.StepUpEnabled | NumberField.StepEnabledFlag.StepDownEnabled),
    ],
)
def test_steps_end_at_the_bounds(make, value, flags):
    field = make(LATENT)
    field.set_value(value)
    assert field.stepEnabled() == flags


def test_a_step_from_what_cannot_be_read_starts_at_the_number_before(make):
    field = make(LATENT)
    retype(field, "12x")
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert (field.heard, field.error(), field.text()) == ([64], "", "64")


def test_the_wheel_does_nothing_without_focus(make, elsewhere):
    field = make(LATENT)
    elsewhere.setFocus()
    assert not wheel(field)
    assert field.focusPolicy() == Qt.FocusPolicy.StrongFocus
    field.setFocus()
    assert wheel(field)
    assert field.heard == [64]


def test_unit_or_the_meaning_of_zero_stands_behind_the_number(make):
    assert behind(make(LATENT)) == "numbers"
    field = make(STEPS)
    assert behind(field) == ""
    field.set_value(0)
    assert behind(field) == "no end at all"
    retype(field, "x")
    assert behind(field) == ""


def test_words_behind_are_cut_with_dots_and_never_cover_the_number(make, qtbot):
    field = make(STEPS)
    field.set_value(0)
    field.setFixedWidth(100)
    qtbot.waitUntil(lambda: behind(field).endswith("…"))
    (label,) = field.findChildren(QLabel)
    line = field.lineEdit()
    assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()
    assert label.geometry().right() < line.width()
    line.end(False)
    assert label.x() >= line.cursorRect().center().x()
