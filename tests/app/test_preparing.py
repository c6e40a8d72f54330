"""The card that tells how far a preparation is."""

import pytest
from PySide6.QtCore import Qt

from genstudio.app.opening import Step
from genstudio.app.widgets.preparing import Preparing


@pytest.fixture(params=[False, True], ids=["column", "line"])
def preparing(request, qtbot):
    widget = Preparing(compact=request.param)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_it_says_what_is_done_how_much_and_how_long_it_takes(preparing):
    preparing.show_step(Step("preparing pictures", 1200, 60_000, 95.0))
    assert preparing.what.text() == "Preparing pictures …"
    assert preparing.count.text() == "1,200 of 60,000 · about 1 min 35 s left"
    assert preparing.bar.value() / preparing.bar.maximum() == pytest.approx(0.02)


def test_without_a_known_end_the_bar_only_moves(preparing):
    preparing.show_step(Step("looking at files", 30, 0, None))
    assert preparing.bar.maximum() == 0
    assert preparing.count.text() == "30"


def test_more_than_all_is_all(preparing):
    preparing.show_step(Step("x", 20, 10, None))
    assert preparing.bar.value() == preparing.bar.maximum()


def test_cancel_is_asked_for_by_its_button(preparing, qtbot):
    with qtbot.waitSignal(preparing.cancelled):
        qtbot.mouseClick(preparing.cancel, Qt.MouseButton.LeftButton)


def test_a_long_name_needs_no_room(preparing):
    narrow = preparing.minimumSizeHint().width()
    preparing.begin("x" * 300)
    preparing.show_step(Step("y" * 300, 1, 2, None))
    assert preparing.minimumSizeHint().width() == narrow < 280
