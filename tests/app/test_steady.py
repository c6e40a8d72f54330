"""Figures that change all the time must not lay the window out anew."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from genstudio.app.widgets.steady import SteadyLabel


class Requests(QObject):
    """Counts the layout requests of a widget."""

    count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def requests_after(qtbot, label, texts):
    """Layout requests of the parent while the label shows these texts one after the other."""
    parent = QWidget()
    qtbot.addWidget(parent)
    QHBoxLayout(parent).addWidget(label)
    parent.show()
    qtbot.wait(1)
    counter = Requests()
    parent.installEventFilter(counter)
    for text in texts:
        label.setText(text)
        qtbot.wait(1)
    assert label.text() == texts[-1]
    parent.removeEventFilter(counter)
    return counter.count


TEXTS = [f"step {i}" for i in range(1000, 1009)]


def test_a_text_that_fits_asks_for_no_layout(qtbot):
    label = SteadyLabel("step 8888888")
    assert requests_after(qtbot, label, TEXTS) == 0


def test_a_usual_label_does(qtbot):
    assert requests_after(qtbot, QLabel("step 8888888"), TEXTS) == len(TEXTS)


def test_it_grows_and_never_shrinks_by_itself(qtbot):
    label = SteadyLabel("1")
    qtbot.addWidget(label)
    narrow = label.width()
    label.setText("1,000 of 100,000 steps")
    wide = label.width()
    assert wide > narrow
    label.setText("1")
    assert label.width() == wide
    label.forget_room()
    assert label.width() == pytest.approx(narrow)


def test_a_larger_font_gets_its_room(qtbot):
    label = SteadyLabel("1,000 steps")
    qtbot.addWidget(label)
    before = label.size()
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    label.setFont(font)
    assert label.width() > before.width()
    assert label.height() > before.height()
