"""A list of texts: lazily decoded, a million of them at once, as plain text."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.text_list import TextList, one_line
from genstudio.data.columns import Texts


@pytest.fixture
def texts(qtbot):
    widget = TextList()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.show()
    return widget


def shown(texts, row, role=Qt.ItemDataRole.DisplayRole):
    return texts.model().index(row, 0).data(role)


def test_each_text_is_one_line(texts):
    texts.set_texts(Texts.of(["one", "two\n  lines\tand more ", "日本 🙂"]))
    assert [shown(texts, i) for i in range(3)] == ["one", "two lines and more", "日本 🙂"]


def test_only_some_rows_in_their_order(texts):
    texts.set_texts(Texts.of("abcdef"), np.array([4, 0]))
    assert texts.count() == 2
    assert [shown(texts, i) for i in range(2)] == ["e", "a"]


def test_the_tooltip_shows_markup_as_it_is(texts):
    texts.set_texts(Texts.of(["<b>bold</b>", "x" * 5000]))
    assert "&lt;b&gt;" in shown(texts, 0, Qt.ItemDataRole.ToolTipRole)
    assert len(shown(texts, 1, Qt.ItemDataRole.ToolTipRole)) < 4000


def test_a_million_lines_are_there_and_the_last_one_can_be_reached(texts, qtbot):
    count = 1_000_000
    data = np.frombuffer(b"hello world " * count, np.uint8)
    texts.set_texts(Texts(data, np.arange(count + 1, dtype=np.int64) * 12))
    with qtbot.waitSignal(texts.current_changed) as heard:
        texts.set_current(count - 1)
    assert heard.args == [count - 1]
    assert texts.current() == count - 1
    assert shown(texts, count - 1) == "hello world"


def test_beyond_the_end_nothing_is_current(texts):
    texts.set_texts(Texts.of(["a"]))
    texts.set_current(0)
    texts.set_current(7)
    assert texts.current() == -1


def test_white_space_becomes_one_space():
    assert one_line(" a \n\t b ") == "a b"


def test_a_long_list_that_is_filled_out_of_sight_is_there_when_it_is_shown(qtbot):
    widget = TextList()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.set_texts(Texts.of(f"line {i}" for i in range(5000)))
    widget.show()
    qtbot.waitExposed(widget)
    assert widget.indexAt(widget.viewport().rect().center()).row() == 3
    empty = TextList()
    qtbot.addWidget(empty)
    empty.resize(300, 200)
    assert widget.viewport().grab().toImage() != empty.viewport().grab().toImage()


def test_tab_leaves_the_list(texts):
    assert not texts.tabKeyNavigation()
