"""The panel of attributes: made from labels or selections, walked along, removed."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.latent_attributes import AttributePanel

NAMES = ("cat", "dog", "ant")


def attribute(name):
    return SimpleNamespace(name=name, vector=np.ones(3, np.float32), apart=1.23, counts=(1200, 30))


@pytest.fixture
def panel(qtbot):
    widget = AttributePanel()
    qtbot.addWidget(widget)
    widget.resize(268, 580)
    widget.show()
    return widget


def test_it_says_what_to_do_first(panel):
    assert "select points on the map" in panel.empty.text()
    panel.set_labels(NAMES)
    assert panel.source.current() == "labels"
    assert "add a label" in panel.empty.text()
    panel.show_attributes([attribute("dog")])
    assert not panel.empty.isVisible()
    panel.show_attributes([])
    assert panel.empty.isVisible()


def test_a_label_or_all_of_them_are_asked_for(panel, qtbot):
    panel.set_labels(NAMES)
    panel.label.setCurrentIndex(2)
    with qtbot.waitSignal(panel.label_asked) as told:
        qtbot.mouseClick(panel.add_label, Qt.MouseButton.LeftButton)
    assert told.args == [2]
    with qtbot.waitSignal(panel.all_labels_asked):
        qtbot.mouseClick(panel.add_all, Qt.MouseButton.LeftButton)


def test_data_without_labels_offers_only_selections_and_says_why(panel):
    panel.set_labels(NAMES)
    panel.set_labels(())
    assert panel.source.current() == "selections"
    assert not panel.source.buttons["labels"].isEnabled()
    assert "no labels" in panel.source.buttons["labels"].toolTip()


def test_the_choice_of_source_is_kept_with_other_labels(panel, qtbot):
    panel.set_labels(NAMES)
    qtbot.mouseClick(panel.source.buttons["selections"], Qt.MouseButton.LeftButton)
    panel.set_labels(("one", "two"))
    assert panel.source.current() == "selections"
    assert panel.take["a"].isVisible()
    assert not panel.label.isVisible()


def test_one_label_has_no_others_to_differ_from(panel):
    panel.set_labels(("only",))
    assert not panel.add_label.isEnabled()


def test_two_selections_are_taken_and_make_an_attribute(panel, qtbot):
    assert not panel.take["a"].isEnabled()
    panel.set_selected(1)
    assert not panel.take["a"].isEnabled()
    panel.set_selected(12)
    heard = []
    panel.selection_asked.connect(heard.append)
    for side in ("a", "b"):
        qtbot.mouseClick(panel.take[side], Qt.MouseButton.LeftButton)
    assert heard == ["a", "b"]
    panel.set_sides(12, 0)
    assert [panel.counts[side].text() for side in "ab"] == ["12 items", "nothing taken yet"]
    assert not panel.add.isEnabled()
    with qtbot.assertNotEmitted(panel.between_asked):
        qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    panel.set_sides(12, 3456)
    assert panel.counts["b"].text() == "3,456 items"
    qtbot.keyClicks(panel.name, " long sleeves ")
    with qtbot.waitSignal(panel.between_asked) as told:
        qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    assert told.args == ["long sleeves"]
    with qtbot.waitSignal(panel.between_asked) as told:
        qtbot.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    assert told.args == ["A − B"]


def test_attributes_are_walked_along_and_removed(panel, qtbot):
    panel.show_attributes([attribute("cat"), attribute("dog")])
    assert panel.rows.row(0).toolTip().startswith("1,200 items with it, 30 without: their means lie 1.2 σ apart.")
    heard = []
    panel.moved.connect(lambda *said: heard.append(said))
    panel.move_ended.connect(lambda: heard.append("ended"))
    qtbot.keyClick(panel.rows.row(1).slider, Qt.Key.Key_End)
    assert heard == [(1, 3.0), "ended"]
    with qtbot.waitSignal(panel.removed) as told:
        qtbot.mouseClick(panel.rows.row(1).button, Qt.MouseButton.LeftButton)
    assert told.args == [1]
    assert panel.rows.row(1).button.accessibleName() == "Remove dog"
    panel.reset()
    assert panel.rows.row(1).value() == 0.0


def test_a_hint_takes_room_only_when_there_is_one(panel):
    panel.set_hint("The label is a control of its own.")
    assert panel.hint.isVisible()
    panel.set_hint("")
    assert not panel.hint.isVisible()
