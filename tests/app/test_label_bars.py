"""Bars of labels: any number, chosen by click and key."""

import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.label_bars import COUNT, LabelBars


@pytest.fixture
def bars(qtbot):
    widget = LabelBars()
    qtbot.addWidget(widget)
    widget.resize(240, 200)
    widget.show()
    return widget


def test_labels_keep_their_order_and_tell_their_count(bars):
    bars.set_counts({"cat": 30, "dog": 0, "ant": 1200})
    index = bars.model().index(2, 0)
    assert [bars.model().index(i, 0).data() for i in range(3)] == ["cat", "dog", "ant"]
    assert index.data(COUNT) == 1200
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "ant: 1,200 items"


def test_a_click_and_enter_choose_a_label(bars, qtbot):
    bars.set_counts({"cat": 30, "dog": 2})
    heard = []
    bars.chosen.connect(heard.append)
    where = bars.visualRect(bars.model().index(1, 0)).center()
    qtbot.mouseClick(bars.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.keyClick(bars, Qt.Key.Key_Up)
    qtbot.keyClick(bars, Qt.Key.Key_Return)
    assert heard == [1, 0]


def test_a_longer_bar_for_a_more_frequent_label(bars):
    bars.set_counts({"few": 10, "many": 100})
    picture = bars.viewport().grab().toImage()
    track = picture.pixelColor(bars.viewport().width() // 2, bars.visualRect(bars.model().index(0, 0)).bottom() - 2)
    full = picture.pixelColor(bars.viewport().width() // 2, bars.visualRect(bars.model().index(1, 0)).bottom() - 2)
    assert track != full


def test_a_thousand_labels_and_none_are_painted(bars):
    bars.set_counts({f"label {i}": i for i in range(1000)})
    assert not bars.grab().isNull()
    assert len(bars.counts()) == 1000
    bars.set_counts({})
    assert bars.counts() == {}
    assert not bars.grab().isNull()
