"""Cards: headings level with each other whatever stands in them, text plain, nothing clipped."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card


@pytest.fixture
def page(qapp, qtbot):
    theme.apply(qapp, "dark")
    page = QWidget()
    qtbot.addWidget(page)
    return page


@pytest.fixture
def pair(page):
    """A bare card beside one with everything in its heading."""
    bare, full = Card("Losses"), Card("Knobs")
    full.set_note("EMA · step 6,200")
    button = QToolButton()
    theme.set_icon(button, "more")
    full.add_control(button)
    layout = QHBoxLayout(page)
    for card in (bare, full):
        card.add(QLabel("content"))
        layout.addWidget(card)
    page.show()
    QTest.qWait(0)
    return bare, full


def place(card, text):
    (label,) = [label for label in card.findChildren(QLabel) if label.text() == text]
    return label.mapTo(card, QPoint(0, label.height() // 2))


def test_headings_and_bodies_stand_level(pair):
    bare, full = pair
    assert place(bare, "Losses") == place(full, "Knobs")
    assert place(bare, "content") == place(full, "content")
    assert place(full, "EMA · step 6,200").y() == place(full, "Knobs").y()


def test_title_is_the_accessible_name_and_plain_text(pair):
    bare, _ = pair
    bare.set_title("<b>run</b>")
    assert bare.accessibleName() == "<b>run</b>"
    (label,) = [label for label in bare.findChildren(QLabel) if label.text() == "<b>run</b>"]
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_an_empty_note_takes_no_room(pair):
    bare, full = pair
    full.set_note("")
    notes = [label for card in pair for label in card.findChildren(QLabel) if label.property("role") == "dim"]
    assert all(note.isHidden() for note in notes)
    assert bare.body.count() == 1


def test_a_layout_can_be_added(pair):
    bare, _ = pair
    row = QHBoxLayout()
    row.addWidget(QLabel("inside"))
    bare.add(row)
    assert place(bare, "inside") is not None
