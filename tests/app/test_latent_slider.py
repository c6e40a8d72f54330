"""One row of a panel: dragged, stepped, reset; and a column of them that makes only what is in sight."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from genstudio.app import theme
from genstudio.app.widgets.latent_rows import LatentRows
from genstudio.app.widgets.latent_slider import LatentSlider, SliderFacts
from genstudio.app.widgets.scrolled import scrolled

FACTS = SliderFacts(7, "dimension 7", -3.0, 3.0, 0.0, 0.5, "KL 2.31 nats", "σ")


@pytest.fixture
def row(qtbot):
    widget = LatentSlider(FACTS, 0.0)
    qtbot.addWidget(widget)
    widget.resize(260, widget.sizeHint().height())
    widget.show()
    return widget


@pytest.fixture
def heard(row):
    said = []
    row.moved.connect(lambda key, value: said.append((key, round(value, 3))))
    row.ended.connect(lambda: said.append("ended"))
    return said


def test_what_is_set_is_shown_exactly_and_emits_nothing(row, heard):
    row.set_value(0.123456)
    assert row.value() == 0.123456
    assert row.text() == "0.12 σ"
    row.set_value(-40.0)
    assert row.value() == -40.0
    assert row.text() == "−40.00 σ"
    assert row.slider.value() == 0
    row.set_facts(SliderFacts(1, "x", 5.0, 5.0, 5.0), 5.0)
    assert heard == []


def test_arrows_take_a_tenth_of_a_deviation_and_with_shift_a_hundredth(row, heard, qtbot):
    qtbot.keyClick(row.slider, Qt.Key.Key_Right)
    qtbot.keyClick(row.slider, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(row.slider, Qt.Key.Key_PageDown)
    assert heard == [(7, 0.1), "ended", (7, 0.09), "ended", (7, -0.41), "ended"]


def test_a_press_beside_the_handle_goes_there_and_dragging_goes_on(row, heard, qtbot):
    middle = row.slider.height() // 2
    qtbot.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=QPoint(row.slider.width() - 8, middle))
    assert row.value() == pytest.approx(3.0, abs=0.05)
    assert row.is_held()
    qtbot.mouseMove(row.slider, QPoint(row.slider.width() // 2, middle))
    qtbot.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=QPoint(row.slider.width() // 2, middle))
    assert row.value() == pytest.approx(0.0, abs=0.1)
    assert len(heard) >= 3
    assert heard.count("ended") == 1
    assert heard[-1] == "ended"


def test_a_press_that_moves_nothing_ends_nothing(row, heard, qtbot):
    qtbot.mouseClick(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.rect().center())
    qtbot.keyClick(row.slider, Qt.Key.Key_A)
    assert heard == []


@pytest.mark.parametrize("way", ["button", "double click", "double click on the name", "key"])
def test_there_are_ways_back_to_the_base(row, heard, qtbot, way):
    row.set_base(1.0)
    row.set_value(2.0)
    assert row.button.isVisible()
    if way == "button":
        assert row.button.toolTip() == "Back to 1.00 σ"
        qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    elif way == "double click":
        qtbot.mouseDClick(row.slider, Qt.MouseButton.LeftButton)
    elif way == "double click on the name":
        qtbot.mouseDClick(row, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    else:
        qtbot.keyClick(row.slider, Qt.Key.Key_0)
    assert heard == [(7, 1.0), "ended"]
    assert row.value() == 1.0
    assert not row.button.isVisible()


def test_without_the_focus_the_wheel_scrolls_the_page_and_with_it_moves(row, heard, qtbot):
    def turn():
        event = QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(row.slider, event)
        return event.isAccepted()

    row.slider.clearFocus()
    assert not turn()
    assert heard == []
    row.activateWindow()
    row.slider.setFocus()
    qtbot.waitUntil(row.slider.hasFocus)
    assert turn()
    assert heard[0][1] > 0
    assert heard[-1] == "ended"


def test_who_cannot_see_is_told_name_value_and_what_is_known(row):
    row.set_value(-1.5)
    assert row.slider.accessibleName() == "dimension 7"
    assert row.slider.accessibleDescription() == "−1.50 σ. KL 2.31 nats"
    assert row.toolTip() == "KL 2.31 nats"
    assert row.button.accessibleName() == "Reset dimension 7"


def test_it_is_filled_from_the_base_to_the_value_in_both_themes(row, qapp):
    row.set_value(1.5)
    for mode in ("light", "dark"):
        theme.apply(qapp, mode)
        picture = row.slider.grab().toImage()
        middle = picture.height() // 2
        at = {share: picture.pixelColor(round(picture.width() * share), middle) for share in (0.25, 0.6, 0.95)}
        assert at[0.6] == theme.color("accent")
        assert at[0.25] == at[0.95] == theme.color("line")


def test_a_longer_bar_for_what_does_more(row, qapp):
    def painted(share):
        row.set_facts(SliderFacts(7, "", -3.0, 3.0, 0.0, share), 0.0)
        picture = row.grab().toImage()
        y = row.fontMetrics().height() // 2
        return sum(picture.pixelColor(x, y) == theme.color("dim") for x in range(picture.width() - 100))

    assert painted(1.0) > painted(0.4) > painted(0.0) == 0


# --- a column of them ----------------------------------------------------------------------------------


@pytest.fixture
def column(qtbot):
    rows = LatentRows()
    area = scrolled(rows)
    qtbot.addWidget(area)
    area.resize(260, 300)
    area.show()
    rows.set_facts([SliderFacts(i, f"dimension {i}", -3.0, 3.0, 0.0) for i in range(1000)], {2: 1.25})
    qtbot.waitUntil(lambda: not rows._timer.isActive())
    return rows, area


def test_of_a_thousand_rows_only_those_in_sight_are_made(column, qtbot):
    rows, area = column
    assert len(rows) == 1000
    assert 5 < len(rows._made) < 20
    assert rows._made[2].value() == 1.25
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: 999 in rows._made and not rows._timer.isActive())
    assert len(rows._made) < 40
    last = rows._made[999]
    assert last.mapTo(area.viewport(), QPoint(0, last.height())).y() <= area.viewport().height()


def test_rows_out_of_sight_show_the_values_of_now_when_they_come_back(column, qtbot):
    rows, area = column
    area.verticalScrollBar().setValue(20_000)
    qtbot.waitUntil(lambda: not rows._made[0].visibleRegion().isEmpty() or not rows._timer.isActive())
    rows.set_values({0: -2.0, 2: 2.0})
    rows.set_bases({0: 1.0})
    area.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: rows._made[0].value() == -2.0)
    assert rows.row(2).value() == 2.0
    assert rows.row(0).facts.base == 1.0


def test_tab_walks_down_the_rows_and_scrolls_along(column, qtbot):
    rows, area = column
    area.activateWindow()
    rows.row(0).slider.setFocus()
    qtbot.waitUntil(lambda: rows.row(0).slider.hasFocus())
    for place in range(1, 16):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is rows.row(2).button:  # the one that can be reset
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is rows.row(place).slider
        qtbot.waitUntil(lambda: place + 1 in rows._made)  # noqa: B023 - waited for at once
    assert area.verticalScrollBar().value() > 0


def test_fewer_rows_hide_the_others_and_signals_carry_the_new_key(column, qtbot):
    rows, _ = column
    rows.set_facts([SliderFacts(40, "forty", -1.0, 1.0, 0.0)], {})
    assert [row.isVisible() for _, row in sorted(rows._made.items())][:3] == [True, False, False]
    heard = []
    rows.moved.connect(lambda *said: heard.append(said))
    rows.ended.connect(lambda: heard.append("ended"))
    qtbot.keyClick(rows.row(0).slider, Qt.Key.Key_End)
    assert heard == [(40, 1.0), "ended"]
    rows.set_facts([], {})
    assert rows.height() == 0
    assert not any(row.isVisible() for row in rows._made.values())
