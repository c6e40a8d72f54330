"""A few words, one of which is chosen."""

import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.segments import Segments


@pytest.fixture
def segments(qtbot):
    widget = Segments("What is shown")
    qtbot.addWidget(widget)
    widget.set_choices({"a": "Alpha", "b": "Beta", "c": "Gamma"}, "b")
    widget.show()
    return widget


def test_a_click_chooses(segments, qtbot):
    assert segments.current() == "b"
    with qtbot.waitSignal(segments.chosen) as heard:
        qtbot.mouseClick(segments.buttons["c"], Qt.MouseButton.LeftButton)
    assert heard.args == ["c"]
    assert segments.current() == "c"


def test_arrows_go_round(segments, qtbot):
    heard = []
    segments.chosen.connect(heard.append)
    segments.buttons["b"].setFocus()
    qtbot.keyClick(segments, Qt.Key.Key_Right)
    qtbot.keyClick(segments, Qt.Key.Key_Right)
    qtbot.keyClick(segments, Qt.Key.Key_Left)
    assert heard == ["c", "a", "c"]


def test_fewer_choices_hide_the_others(segments):
    segments.set_choices({"a": "Alpha", "c": "Gamma"}, "a")
    assert [b.text() for b in segments.buttons.values() if b.isVisible()] == ["Alpha", "Gamma"]
    assert segments.current() == "a"
    segments.set_choices({}, "")
    assert segments.current() == ""
