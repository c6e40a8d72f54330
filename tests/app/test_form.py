"""The form made from knobs: what is typed is judged, never altered; every control by keyboard and by name."""

from typing import Literal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.choice_field import ChoiceField
from genstudio.app.widgets.form import KnobForm
from genstudio.app.widgets.number_field import NumberField
from genstudio.core.config import Config, knob
from genstudio.core.errors import InputError


class Some(Config):
    latent: int = knob(32, low=1, high=512, scale="log", label="Latent", unit="numbers", help="How many.", basic=True)
    rate: float = knob(1e-3, low=1e-6, high=1.0, scale="log", label="Rate", help="Speed.", basic=True, live=True)
    steps: int = knob(2000, low=0, high=10**6, scale="log", label="Steps", help="How long.", zero_means="no end")
    act: Literal["relu", "silu"] = knob("silu", label="Activation", help="Bend.")
    norm: bool = knob(True, label="Norm", help="Steady.", group="Network", live=True)


class Other(Config):
    size: int = knob(3, low=1, high=9, label="Size", help="Big.")


DEFAULTS = Some().model_dump()


@pytest.fixture
def form(qapp, qtbot):
    theme.apply(qapp, "dark")
    form = KnobForm()
    form.set_knobs(Some.knobs())
    form.resize(340, 500)
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    return form


@pytest.fixture
def changes(form):
    heard = []
    form.changed.connect(lambda name, value: heard.append((name, value)))
    return heard


def field(form, label):
    """The control whose accessible name begins with `label`."""
    kinds = (NumberField, ChoiceField, QCheckBox)
    (found,) = [f for kind in kinds for f in form.findChildren(kind) if f.accessibleName().split(",")[0] == label]
    return found


def retype(number, text):
    """Replace what stands in the field, as a person does."""
    number.setFocus()
    number.selectAll()
    QTest.keyClicks(number, text)


def visible_texts(form):
    return [label.text() for label in form.findChildren(QLabel) if label.isVisibleTo(form) and label.text()]


def wheel(widget):
    """One notch of the wheel over `widget`; returns whether it was taken."""
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, widget.mapToGlobal(centre), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    event.ignore()
    widget.event(event)
    return event.isAccepted()


# what it shows at first -----------------------------------------------------------------------------------


def test_it_starts_with_the_defaults_and_the_basic_knobs(form):
    assert form.values() == DEFAULTS
    assert form.is_valid()
    assert not form.is_unfolded()
    assert field(form, "Latent").isVisible()
    assert not field(form, "Steps").isVisible()


def test_unfolding_shows_the_rest_in_groups_and_is_kept_for_other_knobs(form, qtbot):
    (toggle,) = [b for b in form.findChildren(QPushButton) if b.text() == "All knobs"]
    with qtbot.waitSignal(form.unfolded_changed) as told:
        toggle.click()
    assert told.args == [True]
    assert field(form, "Steps").isVisible()
    assert "Network" in visible_texts(form)
    form.set_knobs(Other.knobs())
    assert form.values() == {"size": 3}
    QTest.qWait(0)
    assert field(form, "Size").isVisible()
    form.set_knobs(Some.knobs())
    QTest.qWait(0)
    assert form.is_unfolded()
    assert field(form, "Steps").isVisible()


def test_unit_and_the_meaning_of_zero_stand_behind_the_value(form):
    form.set_unfolded(True)
    assert "numbers" in visible_texts(form)
    form.set_values({"steps": 0})
    assert "no end" in visible_texts(form)
    form.set_values({"steps": 5})
    assert "no end" not in visible_texts(form)


# choosing -------------------------------------------------------------------------------------------------


def test_a_choice_of_the_person_is_told_once_when_it_is_made(form, changes):
    form.set_unfolded(True)
    retype(field(form, "Rate"), "0.0025")
    assert form.values()["rate"] == 0.0025
    assert changes == []  # half typed: a live knob must not pass through it
    field(form, "Latent").setFocus()
    QTest.keyClick(field(form, "Latent"), Qt.Key.Key_Up)
    QTest.keyClick(field(form, "Activation"), Qt.Key.Key_Up)
    QTest.keyClick(field(form, "Norm"), Qt.Key.Key_Space)
    assert changes == [("rate", 0.0025), ("latent", 64), ("act", "relu"), ("norm", False)]
    assert form.values() == {**DEFAULTS, "rate": 0.0025, "latent": 64, "act": "relu", "norm": False}


def test_what_cannot_be_read_is_explained_below_its_field(form, changes, qtbot):
    sentence = "Latent goes from 1 to 512 numbers; 600 is outside."
    with qtbot.waitSignal(form.validity_changed) as told:
        retype(field(form, "Latent"), "600")
    assert told.args == [False]
    field(form, "Rate").setFocus()
    assert sentence in visible_texts(form)
    assert field(form, "Latent").accessibleDescription() == sentence
    assert form.values() == DEFAULTS
    assert changes == []
    assert not form.is_valid()
    with qtbot.waitSignal(form.validity_changed) as told:
        retype(field(form, "Latent"), "60")
    assert told.args == [True]
    assert sentence not in visible_texts(form)


def test_the_wheel_scrolls_the_page_over_closed_choices(form):
    form.set_unfolded(True)
    choice = field(form, "Activation")
    for focused in (form, choice):
        focused.setFocus()
        assert not wheel(choice)
    assert form.values() == DEFAULTS


# setting, marking, resetting ------------------------------------------------------------------------------


def test_set_values_is_silent_partial_and_checked(form, changes):
    form.set_values({"latent": 8, "act": "relu", "norm": False, "unknown": 3})
    assert form.values() == {**DEFAULTS, "latent": 8, "act": "relu", "norm": False}
    assert changes == []
    for wrong in ({"latent": 0}, {"latent": "many"}, {"act": "tanh"}, {"rate": float("nan")}, {"norm": "perhaps"}):
        with pytest.raises(InputError):
            form.set_values(wrong)


def marked(form):
    """Labels of the knobs that are marked as changed."""
    return {label.text() for label in form.findChildren(QLabel) if label.property("changed") == "true"}


def reset_button(form, label):
    (button,) = [b for b in form.findChildren(QToolButton) if b.accessibleName() == f"Reset {label}"]
    return button


def test_changed_is_measured_against_the_preset_and_reset_goes_back_to_it(form, changes):
    assert marked(form) == set()
    form.set_values({"rate": 0.01})
    assert marked(form) == {"Rate"}
    assert reset_button(form, "Rate").toolTip() == "Reset to 0.001"
    form.defaults_are({"rate": 0.01, "latent": 16})
    assert marked(form) == {"Latent"}
    assert not reset_button(form, "Rate").isVisible()
    reset_button(form, "Latent").click()
    assert marked(form) == set()
    assert changes == [("latent", 16)]


def test_reset_makes_a_field_readable_again_without_a_change(form, changes):
    retype(field(form, "Rate"), "fast")
    assert marked(form) == {"Rate"}
    reset_button(form, "Rate").click()
    assert field(form, "Rate").text() == "0.001"
    assert form.is_valid()
    assert changes == []


def test_reset_all_and_what_is_folded_away_is_counted(form, changes):
    (everything,) = [b for b in form.findChildren(QPushButton) if b.text() == "Reset all"]
    assert not everything.isEnabled()
    form.set_values({"latent": 8, "act": "relu", "norm": False})
    assert "All knobs · 2 changed" in [b.text() for b in form.findChildren(QPushButton)]
    everything.click()
    assert form.values() == DEFAULTS
    assert sorted(changes) == [("act", "silu"), ("latent", 32), ("norm", True)]
    assert not everything.isEnabled()
    form.set_unfolded(True)
    retype(field(form, "Steps"), "x")
    assert "All knobs · 1 not valid" in [b.text() for b in form.findChildren(QPushButton)]


# while training -------------------------------------------------------------------------------------------


def test_while_training_only_live_knobs_can_be_changed_and_the_others_say_why(form, changes):
    form.set_unfolded(True)
    form.set_values({"latent": 8, "rate": 0.01})
    form.set_running(True)
    enabled = {label: field(form, label).isEnabled() for label in ("Latent", "Rate", "Steps", "Activation", "Norm")}
    assert enabled == {"Latent": False, "Rate": True, "Steps": False, "Activation": False, "Norm": True}
    assert field(form, "Latent").toolTip().startswith("Fixed while training: stop to change it. How many.")
    assert not reset_button(form, "Latent").isEnabled()
    (everything,) = [b for b in form.findChildren(QPushButton) if b.text() == "Reset all"]
    everything.click()
    assert changes == [("rate", 0.001)]
    form.set_running(False)
    assert field(form, "Latent").isEnabled()
    assert field(form, "Latent").toolTip().startswith("How many.")


def test_live_knobs_are_marked_and_the_mark_is_explained(form):
    marks = [
        label for label in form.findChildren(QLabel) if label.accessibleName() == "live" and not label.isHidden()
    ]
    assert len(marks) == 2
    assert all("while training" in mark.toolTip() for mark in marks)


def test_knobs_set_while_training_are_locked_too(form):
    form.set_running(True)
    form.set_knobs(Other.knobs())
    assert not field(form, "Size").isEnabled()


# reach and names ------------------------------------------------------------------------------------------


def test_every_control_has_a_name_and_a_tooltip_and_labels_lead_to_fields(form):
    form.set_unfolded(True)
    for kind in (NumberField, ChoiceField, QCheckBox, QToolButton, QPushButton):
        for control in form.findChildren(kind):
            if type(control) is kind:
                assert getattr(control, "text", str)() or control.accessibleName()
                assert control.toolTip()
    assert field(form, "Latent").accessibleName() == "Latent, numbers"
    buddies = {label.buddy().accessibleName() for label in form.findChildren(QLabel) if label.buddy()}
    assert len(buddies) == len(DEFAULTS)


def test_tab_goes_in_reading_order(form):
    form.set_unfolded(True)
    form.set_values({"latent": 8, "norm": False})
    field(form, "Latent").setFocus()
    visited = []
    for _ in range(9):
        now = QApplication.focusWidget()
        visited.append(now.accessibleName() or now.text())
        QTest.keyClick(now, Qt.Key.Key_Tab)
    assert visited == [
        "Latent, numbers", "Reset Latent", "Rate", "All knobs · 1 changed", "Reset all",
        "Steps", "Activation", "Norm", "Reset Norm",
    ]  # fmt: skip


def test_fields_stand_in_one_column_and_nothing_jumps(form):
    form.set_unfolded(True)
    QTest.qWait(0)

    def lefts():
        return {
            label: field(form, label).mapTo(form, QPoint()).x() for label in ("Latent", "Rate", "Steps", "Activation")
        }

    def tops():
        return [w.mapTo(form, QPoint()).y() for w in (field(form, "Latent"), field(form, "Norm"))]

    before, heights = lefts(), tops()
    assert len(set(before.values())) == 1
    form.set_values({"latent": 8, "steps": 0, "norm": False})
    QTest.qWait(0)
    assert lefts() == before
    assert tops() == heights


def test_nothing_is_clipped_where_an_error_needs_two_lines(form, qtbot):
    form.resize(form.minimumSizeHint().width(), 500)
    retype(field(form, "Latent"), "W" * 80)
    (problem,) = [w for w in form.findChildren(QLabel) if w.property("role") == "bad" and w.isVisible()]
    qtbot.waitUntil(lambda: problem.height() >= problem.heightForWidth(problem.width()))
    assert problem.minimumSizeHint().width() <= problem.width() <= form.width()


def test_old_rows_are_gone_after_a_change_of_knobs(form, changes, qtbot):
    retype(field(form, "Latent"), "77")
    form.set_knobs(Other.knobs())
    assert changes == []
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    assert [w.accessibleName() for w in form.findChildren(NumberField)] == ["Size"]
    assert form.findChildren(QWidget)
