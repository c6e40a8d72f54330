"""The film strip by hand: pins, frames, playing, arithmetic, and what is carried from place to place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication

from genstudio.app import theme
from genstudio.app.widgets.film_strip import FilmStrip
from genstudio.app.widgets.place_mime import PLACE_TYPE, pack, unpack

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def pictures(count, channels=1):
    images = np.zeros((count, 8, 8, channels), np.uint8)
    images[:] = (np.arange(count) * 255 // max(1, count - 1)).astype(np.uint8)[:, None, None, None]
    return images


def letters(count):
    return [chr(65 + i) for i in range(count)]


@pytest.fixture
def strip(qtbot, qapp):
    theme.apply(qapp, "dark")
    widget = FilmStrip()
    qtbot.addWidget(widget)
    widget.resize(560, 185)
    widget.set_pins(pictures(3), letters(3), [{"code": f"c{i}", "label": -1} for i in range(3)])
    widget.set_frames(pictures(24))
    widget.show()
    return widget


def heard(signal):
    calls = []
    signal.connect(lambda *values: calls.append(values if len(values) > 1 else values[0] if values else None))
    return calls


def drop(widget, data, at, source=None):
    """Drop as Qt does; the source is only known of a drag within this program."""
    event = QDropEvent(
        QPointF(at), Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    if source is not None:
        event.source = lambda: source
    widget.dropEvent(event)


# --- pins --------------------------------------------------------------------------------------------


def test_a_click_goes_to_a_pin_and_the_last_tile_asks_for_one_more(strip, qtbot):
    chosen, asked = heard(strip.pin_chosen), heard(strip.pin_asked)
    qtbot.mouseClick(strip.pins, LEFT, pos=strip.pins.tile(1).center())
    assert (chosen, asked) == ([1], [])
    qtbot.mouseClick(strip.pins, LEFT, pos=strip.pins.tile(3).center())
    assert (chosen, asked) == ([1], [None])


def test_a_pin_is_removed_by_its_cross_or_the_middle_button_and_nothing_else_happens(strip, qtbot):
    removed, chosen = heard(strip.pin_removed), heard(strip.pin_chosen)
    qtbot.mouseClick(strip.pins, LEFT, pos=strip.pins.cross(2).center())
    qtbot.mouseClick(strip.pins, Qt.MouseButton.MiddleButton, pos=strip.pins.tile(0).center())
    assert (removed, chosen) == ([2, 0], [])


def test_a_press_that_is_released_elsewhere_does_nothing(strip, qtbot):
    chosen = heard(strip.pin_chosen)
    qtbot.mousePress(strip.pins, LEFT, pos=strip.pins.tile(0).center())
    qtbot.mouseRelease(strip.pins, LEFT, pos=strip.pins.tile(1).center())
    assert chosen == []


def test_pins_by_keyboard(strip, qtbot):
    chosen, removed = heard(strip.pin_chosen), heard(strip.pin_removed)
    ordered, asked = heard(strip.pins_ordered), heard(strip.pin_asked)
    row = strip.pins
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Right)
    assert "pin B, 2 of 3" in row.accessibleDescription()
    qtbot.keyClick(row, Qt.Key.Key_Return)
    qtbot.keyClick(row, Qt.Key.Key_Left, CTRL)
    qtbot.keyClick(row, Qt.Key.Key_Left, CTRL)  # there is nothing further left
    qtbot.keyClick(row, Qt.Key.Key_End)
    qtbot.keyClick(row, Qt.Key.Key_Delete)  # the place for one more is no pin
    qtbot.keyClick(row, Qt.Key.Key_Space)
    qtbot.keyClick(row, Qt.Key.Key_Plus)
    qtbot.keyClick(row, Qt.Key.Key_Home)
    qtbot.keyClick(row, Qt.Key.Key_Delete)
    assert (chosen, ordered, removed, asked) == ([1], [[1, 0, 2]], [0], [None, None])


@pytest.mark.parametrize(("pin", "before", "order"), [(0, 3, [1, 2, 0]), (2, 0, [2, 0, 1]), (0, 2, [1, 0, 2])])
def test_a_pin_that_is_carried_along_the_row_changes_the_order(strip, pin, before, order):
    ordered = heard(strip.pins_ordered)
    at = strip.pins.tile(before).topLeft() + QPoint(-4, 20)
    drop(strip.pins, pack(strip.pins.carried(pin)), at, strip.pins)
    assert ordered == [order]


def test_a_pin_that_comes_back_to_its_place_changes_nothing(strip):
    ordered = heard(strip.pins_ordered)
    for before in (1, 2):
        drop(strip.pins, pack({"pin": 1}), strip.pins.tile(before).topLeft() + QPoint(-4, 20), strip.pins)
    assert ordered == []


def test_a_place_from_elsewhere_asks_to_be_pinned(strip):
    dropped = heard(strip.pin_dropped)
    drop(strip.pins, pack({"code": "abc", "label": 4}), QPoint(20, 20))
    drop(strip.pins, QMimeData(), QPoint(20, 20))
    assert dropped == [{"code": "abc", "label": 4}]


def test_what_is_carried_of_a_pin_is_its_place_and_number(strip):
    assert unpack(pack(strip.pins.carried(2))) == {"code": "c2", "label": -1, "pin": 2}


def test_many_pins_scroll_and_the_place_for_one_more_stays(strip, qtbot):
    strip.set_pins(pictures(30), [*letters(26), "AA", "AB", "AC", "AD"])
    row, asked, chosen = strip.pins, heard(strip.pin_asked), heard(strip.pin_chosen)
    row.set_current(29)
    assert row.sight().contains(row.tile(29))
    assert row.rect().contains(row.tile(30))
    qtbot.mouseClick(row, LEFT, pos=row.tile(30).center())
    qtbot.mouseClick(row, LEFT, pos=row.tile(29).center())
    assert (asked, chosen) == ([None], [29])
    row.set_current(0)
    assert row.sight().contains(row.tile(0))
    for offset in (0, 200, 10_000):
        row.scroll_by(offset)
        assert not strip.grab().isNull()


def test_the_menu_of_a_pin_offers_what_can_be_done(strip):
    ordered, removed = heard(strip.pins_ordered), heard(strip.pin_removed)
    menu = strip.pins.menu(0)
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["Move left"].isEnabled()
    actions["Move right"].trigger()
    actions["Remove"].trigger()
    assert (ordered, removed) == ([[1, 0, 2]], [0])
    menu.close()


# --- frames ------------------------------------------------------------------------------------------


def test_the_slider_and_the_strip_go_to_a_frame(strip, qtbot):
    frames = heard(strip.frame_changed)
    strip.player.slider.setFocus()
    qtbot.keyClick(strip.player.slider, Qt.Key.Key_Right)
    qtbot.mouseClick(strip.player.strip, LEFT, pos=QPoint(3000, 20))
    qtbot.mouseClick(strip.player.strip, LEFT, pos=QPoint(0, 20))
    assert frames == [1, 23, 0]
    assert "1 / 24 · 0.0 s" in strip.player.position.text()


def test_the_strip_shows_first_and_last_however_many_there_are(strip):
    for count in (1, 2, 5, 500):
        strip.set_frames(pictures(count))
        shown = strip.player.strip.shown()
        assert (shown[0], shown[-1]) == (0, count - 1)
        assert shown == sorted(set(shown))
        assert not strip.grab().isNull()


def test_a_film_plays_to_its_end_and_stops(strip, qtbot):
    strip.set_frames(pictures(4))
    strip.pace.set_value(50)
    strip.pace.committed.emit(50)
    frames = heard(strip.frame_changed)
    qtbot.mouseClick(strip.player.play, LEFT)
    assert strip.player.playing
    assert strip.player.play.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: not strip.player.playing)
    assert frames[-1] == 3
    assert frames == sorted(frames)
    qtbot.mouseClick(strip.player.play, LEFT)  # from its beginning again
    assert strip.player.playing
    assert strip.player.current() < 3
    qtbot.mouseClick(strip.player.play, LEFT)
    assert not strip.player.playing


def test_a_loop_plays_on_and_stops_when_it_is_hidden(strip, qtbot):
    strip.set_frames(pictures(3))
    strip.pace.set_value(50)
    strip.loop.click()
    frames = heard(strip.frame_changed)
    strip.player.toggle()
    qtbot.waitUntil(lambda: frames.count(0) >= 2)
    strip.hide()
    assert not strip.player.playing
    strip.player.toggle()  # nobody would see it
    assert not strip.player.playing


def test_scrubbing_pauses(strip, qtbot):
    strip.player.toggle()
    qtbot.mouseClick(strip.player.strip, LEFT, pos=QPoint(100, 20))
    assert not strip.player.playing


def test_other_frames_keep_the_place_and_none_end_everything(strip):
    strip.player.slider.setValue(20)
    frames = heard(strip.frame_changed)
    strip.set_frames(pictures(30))
    assert strip.player.current() == 20
    strip.set_frames(pictures(10))
    assert strip.player.current() == 9
    assert frames == []  # whoever gave other frames draws one of them
    strip.player.toggle()
    strip.set_frames(pictures(0))
    assert not strip.player.playing
    assert strip.player.current() == -1
    assert not strip.player.play.isEnabled()
    assert not strip.save.isEnabled()


def test_path_settings_are_told_at_once(strip, qtbot):
    changed = heard(strip.path_changed)
    qtbot.mouseClick(strip.kinds.buttons["spherical"], LEFT)
    strip.loop.click()
    strip.frames.setFocus()
    qtbot.keyClick(strip.frames, Qt.Key.Key_A, CTRL)
    qtbot.keyClicks(strip.frames, "40")
    qtbot.keyClick(strip.frames, Qt.Key.Key_Return)
    assert changed == [("spherical", 24, False), ("spherical", 24, True), ("spherical", 40, True)]
    strip.set_kind("linear")
    assert len(changed) == 3
    assert strip.path() == ("linear", 40, True)


def test_each_form_can_be_saved(strip):
    asked = heard(strip.export_asked)
    menu = strip.menu()
    for action in menu.actions():
        action.trigger()
    assert asked == [".gif", ".mp4", ".png", ".npz"]
    menu.close()


# --- arithmetic --------------------------------------------------------------------------------------


def test_three_terms_by_keyboard_mouse_and_drop_ask_for_the_sum(strip, qtbot):
    asked, (a, b, c) = heard(strip.arithmetic_asked), strip.sums.slots_
    qtbot.keyClick(a, "c")
    drop(b, pack({"pin": 1, "code": "c1", "label": -1}), QPoint(5, 5))
    assert asked == []
    menu = c.menu()
    menu.actions()[0].trigger()
    menu.close()
    assert asked == [(2, 1, 0)]
    drop(a, pack({"code": "xyz", "label": 3}), QPoint(5, 5))
    assert asked[-1] == ({"code": "xyz", "label": 3}, 1, 0)
    assert a.accessibleDescription() == "here"
    strip.sums.show_image(0, pictures(2)[1])
    assert a.accessibleDescription() == "a picture"


def test_terms_follow_their_letters_and_leave_with_them(strip, qtbot):
    asked = heard(strip.arithmetic_asked)
    for slot, letter in zip(strip.sums.slots_, "abc", strict=True):
        qtbot.keyClick(slot, letter)
    strip.set_result(pictures(1)[0])
    strip.set_pins(pictures(2), ["B", "A"])
    assert [slot.accessibleDescription() for slot in strip.sums.slots_] == ["A", "B", "empty"]
    qtbot.keyClick(strip.sums.slots_[2], "b")
    assert asked == [(0, 1, 2), (1, 0, 0)]
    qtbot.keyClick(strip.sums.slots_[0], Qt.Key.Key_Delete)
    assert strip.sums.slots_[0].accessibleDescription() == "empty"


def test_without_pins_the_slots_say_what_to_do(strip):
    strip.set_pins(pictures(0), [])
    menu = strip.sums.slots_[0].menu()
    assert [(action.text(), action.isEnabled()) for action in menu.actions()] == [("Pin a place first", False)]
    menu.close()


# --- looks and names ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("count", [0, 1, 2, 8])
def test_it_is_painted_in_both_themes_with_any_number_of_pins(strip, qapp, mode, count):
    theme.apply(qapp, mode)
    strip.set_pins(pictures(count, 3), letters(count))
    strip.set_frames(pictures(24 if count > 1 else 0, 3))
    strip.resize(strip.minimumSizeHint().expandedTo(strip.size()))
    assert 150 <= strip.sizeHint().height() <= 190
    picture = strip.grab().toImage()
    if count > 1:
        middle = strip.pins.mapTo(strip, strip.pins.tile(count - 1).center()) if count < 5 else None
        if middle is not None:
            assert picture.pixelColor(middle).lightness() == 255
    assert not picture.isNull()


def test_every_control_has_a_name_a_tip_and_the_focus(strip):
    player = strip.player
    controls = [player.play, player.slider, strip.frames, strip.pace, strip.loop, strip.save, *strip.sums.slots_]
    for control in controls:
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert strip.pins.accessibleName() == "Pins"
    assert strip.pins.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert QApplication.instance() is not None


@settings(max_examples=60)
@given(
    st.binary(max_size=60) | st.sampled_from([b'{"pin": true}', b'{"pin": -1}', b'{"code": 3}', b"[" * 5000, b"{}"])
)
def test_what_is_carried_by_others_is_no_place(data):
    mime = QMimeData()
    mime.setData(PLACE_TYPE, data)
    assert unpack(mime) is None
    assert unpack(QMimeData()) is None
