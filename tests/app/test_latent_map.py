"""The map of a latent space, by mouse and by keys; colours, legend and dots that it is made of."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from genstudio.app import theme
from genstudio.app.tokens import DARK, LIGHT
from genstudio.app.widgets import latent_map_colours as colours
from genstudio.app.widgets import latent_map_raster as raster
from genstudio.app.widgets.latent_map import LatentMap
from genstudio.app.widgets.latent_map_colours import Colouring
from genstudio.engine.latent.sheet import Tile, plan

SQUARE = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
Left, Right, Middle = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
Shift, Control, Alt = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture
def view(qtbot, qapp):
    """Four corners of a square, on a canvas of 400 x 300."""
    theme.apply(qapp, "dark")
    widget = LatentMap()
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    widget.set_points(SQUARE)
    widget.show()
    widget.setFocus()
    return widget


def pixel(view, x, y, dx=0, dy=0):
    """The pixel of a place of the map."""
    at = view.place_of(x, y)
    return QPoint(round(at.x()) + dx, round(at.y()) + dy)


def drag(qtbot, view, *way, button=Left, keys=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(view, button, keys, way[0])
    for pos in way[1:]:
        _move(view, pos, button, keys)
    qtbot.mouseRelease(view, button, keys, way[-1])


def _move(view, pos, button=Qt.MouseButton.NoButton, keys=Qt.KeyboardModifier.NoModifier):
    """QTest moves the mouse without its buttons and keys."""
    at = QPointF(pos)
    kind = QEvent.Type.MouseMove
    moved = QMouseEvent(kind, at, view.mapToGlobal(at), Qt.MouseButton.NoButton, button, keys)
    QApplication.sendEvent(view, moved)


def wheel(view, pos, notches):
    at, none = QPointF(pos), Qt.MouseButton.NoButton
    turned = QPoint(0, 120 * notches)
    keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(view, QWheelEvent(at, view.mapToGlobal(at), QPoint(), turned, none, keys, phase, False))


class Heard:
    """What a signal said, in order."""

    def __init__(self, signal):
        self.all = []
        signal.connect(lambda *what: self.all.append(what[0] if len(what) == 1 else what))


# --- view ------------------------------------------------------------------------------------------------


def test_the_whole_map_is_in_sight_with_one_scale_and_y_goes_up(view):
    left, bottom, right, top = view.view_rect()
    assert left < 0
    assert bottom < 0
    assert right > 1
    assert top > 1
    a, b, c = (view.place_of(*SQUARE[i].tolist()) for i in (0, 1, 2))
    assert b.x() - a.x() == pytest.approx(a.y() - c.y())
    assert view.place_at(a) == pytest.approx((0, 0), abs=1e-9)


def test_the_wheel_zooms_where_the_mouse_is(view, qtbot):
    pos, before = pixel(view, 1, 1), view.view_rect()
    place = view.place_at(QPointF(pos))
    with qtbot.waitSignal(view.view_changed):
        wheel(view, pos, 3)
    after = view.view_rect()
    assert after[2] - after[0] == pytest.approx((before[2] - before[0]) / 1.2**3)
    assert view.place_at(QPointF(pos)) == pytest.approx(place)


@pytest.mark.parametrize(("button", "tool"), [(Middle, "walk"), (Right, "walk"), (Left, "pan")])
def test_dragging_with_other_buttons_or_the_pan_tool_moves_the_map_along(view, qtbot, button, tool):
    view.set_tool(tool)
    walked, asked = Heard(view.walked), Heard(view.customContextMenuRequested)
    place = view.place_at(QPointF(150, 100))
    drag(qtbot, view, QPoint(150, 100), QPoint(180, 120), QPoint(220, 140), button=button)
    assert view.place_at(QPointF(220, 140)) == pytest.approx(place)
    assert walked.all == asked.all == []


def test_many_moves_are_told_once(view, qtbot):
    qtbot.wait(1)
    heard = Heard(view.view_changed)
    for _ in range(5):
        view.pan(3, 0)
    assert len(heard.all) == 0
    qtbot.waitUntil(lambda: len(heard.all) > 0)
    assert len(heard.all) == 1


def test_keys_zoom_and_a_double_click_or_f_shows_everything_again(view, qtbot):
    whole = view.view_rect()
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        qtbot.keyClick(view, key)
    assert view.view_rect()[2] - view.view_rect()[0] == pytest.approx((whole[2] - whole[0]) / 1.5)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.view_rect() == whole
    view.pan(40, 0)
    qtbot.mouseDClick(view, Left, pos=QPoint(200, 60))
    assert view.view_rect() == whole


def test_what_was_in_sight_stays_so_when_the_size_changes(view):
    view.zoom(0.5)
    scale = view.place_of(1, 0).x() - view.place_of(0, 0).x()
    view.resize(600, 260)
    assert view.place_of(1, 0).x() - view.place_of(0, 0).x() == pytest.approx(scale)
    view.fit()
    view.resize(300, 260)
    left, _, right, _ = view.view_rect()
    assert left < 0
    assert right > 1


# --- walking ---------------------------------------------------------------------------------------------


def test_one_walks_by_dragging_and_the_end_is_told(view, qtbot):
    walked, ended = Heard(view.walked), Heard(view.walk_ended)
    drag(qtbot, view, pixel(view, 0.2, 0.2), pixel(view, 0.5, 0.4), pixel(view, 0.6, 0.6))
    assert len(walked.all) == 3
    assert walked.all[-1] == pytest.approx((0.6, 0.6), abs=0.01)
    assert view.marker() == walked.all[-1]
    assert len(ended.all) == 1


def test_with_shift_or_when_following_no_button_is_needed(view):
    walked = Heard(view.walked)
    _move(view, pixel(view, 0.5, 0.5))
    assert walked.all == []
    _move(view, pixel(view, 0.4, 0.5), keys=Shift)
    assert len(walked.all) == 1
    view.set_follow(True)
    _move(view, pixel(view, 0.3, 0.5))
    assert walked.all[-1] == pytest.approx((0.3, 0.5), abs=0.01)


def test_arrows_walk_and_with_shift_finer(view, qtbot):
    view.set_marker((0.5, 0.5))
    walked, ended = Heard(view.walked), Heard(view.walk_ended)
    side = view.view_rect()[3] - view.view_rect()[1]
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.marker() == pytest.approx((0.5 + 0.02 * side, 0.5))
    qtbot.keyClick(view, Qt.Key.Key_Up, Shift)
    assert view.marker() == pytest.approx((0.5 + 0.02 * side, 0.5 + 0.002 * side))
    assert len(walked.all) == len(ended.all) == 2


def test_the_view_comes_along_with_a_walk_by_keys(view, qtbot):
    view.set_marker((1, 0.5))
    for _ in range(60):
        qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.marker()[0] < view.view_rect()[2]
    assert view.marker()[0] > 1.5


def test_space_is_left_to_the_window(view, qtbot):
    walked = Heard(view.walked)
    before = view.view_rect()
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert (walked.all, view.view_rect()) == ([], before)


# --- looking ---------------------------------------------------------------------------------------------


def test_the_point_under_the_mouse_is_told_when_it_changes(view):
    heard = Heard(view.hovered)
    for dx, dy in ((0, 0), (2, 1), (5, 5), (7, 7)):
        _move(view, pixel(view, 1, 0, dx, dy))
    assert heard.all == [1, -1]  # 7 and 7 is farther than 8
    _move(view, pixel(view, 0, 1))
    _move(view, QPoint(1, 1))
    assert heard.all == [1, -1, 2, -1]


def test_a_click_on_a_point_is_told_and_a_drag_that_ends_on_it_is_not(view, qtbot):
    heard = Heard(view.clicked)
    qtbot.mouseClick(view, Left, pos=pixel(view, 1, 1, 3, -2))
    qtbot.mouseClick(view, Left, pos=pixel(view, 0.5, 0.5))
    drag(qtbot, view, pixel(view, 0.5, 0.5), pixel(view, 0.2, 0.5), pixel(view, 0, 0))
    assert heard.all == [3]


def test_keys_go_from_point_to_point(view, qtbot):
    looked, clicked = Heard(view.hovered), Heard(view.clicked)
    keys = (Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_P, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
    for key in (*keys, Qt.Key.Key_Home, Qt.Key.Key_N, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)
    assert looked.all == [0, 1, 0, 3, 0, 3, 0, 1]
    assert clicked.all == [1]
    assert "point 2 at 1.00, 0.00" in view.accessibleDescription()


def test_a_point_chosen_by_keys_comes_into_sight(view, qtbot):
    view.zoom(0.1)
    view.pan(-2000, 0)
    qtbot.keyClick(view, Qt.Key.Key_Home)
    left, bottom, right, top = view.view_rect()
    assert left < 0 < right
    assert bottom < 0 < top


@pytest.mark.parametrize("corner", [(8, 8), (391, 8), (8, 291), (391, 291), (200, 150)])
def test_the_card_stays_on_the_canvas(view, corner):
    image = QImage(28, 28, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    _move(view, QPoint(*corner))
    view.set_hover(image, "T-shirt\nrow 7")
    pixels = picture(view)
    shown = np.argwhere((pixels == [255, 0, 255]).all(2))
    assert len(shown) == 84 * 84  # 28 pixels, each of them three by three
    high, wide = pixels.shape[:2]
    assert shown.min() >= 8
    assert (shown.max(0) < [high - 8, wide - 8]).all()


def picture(view):
    """What is seen, uint8 [H, W, 3]."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_right_button_asks_for_a_menu_where_it_is(view, qtbot):
    heard = Heard(view.customContextMenuRequested)
    qtbot.mouseClick(view, Right, pos=QPoint(120, 80))
    assert heard.all == [QPoint(120, 80)]


# --- choosing --------------------------------------------------------------------------------------------


def test_a_box_chooses_and_ctrl_adds_and_alt_takes_away(view, qtbot):
    view.set_tool("select")
    heard = Heard(view.selected)
    around = [(pixel(view, x, y, -15, -15), pixel(view, x, y, 15, 15)) for x, y in SQUARE.tolist()]
    drag(qtbot, view, *around[1])
    drag(qtbot, view, around[0][0], around[1][1], keys=Control)
    drag(qtbot, view, *around[2], keys=Control)
    drag(qtbot, view, *around[0], keys=Alt)
    assert [rows.tolist() for rows in heard.all] == [[1], [0, 1], [0, 1, 2], [1, 2]]
    assert all(rows.dtype == np.int64 for rows in heard.all)
    assert view.selection().tolist() == [1, 2]


def test_a_lasso_chooses_what_it_goes_around(view, qtbot):
    view.set_tool("lasso")
    heard = Heard(view.selected)
    way = [(-0.1, -0.1), (1.1, -0.1), (1.1, 0.2), (0.2, 0.2), (0.2, 1.1), (-0.1, 1.1)]
    drag(qtbot, view, *(pixel(view, x, y) for x, y in way))
    assert heard.all[0].tolist() == [0, 1, 2]  # the box around it holds all four


def test_esc_lets_go_first_of_the_lasso_then_of_the_selection(view, qtbot):
    view.set_tool("lasso")
    view.set_selection(np.array([1]))
    heard = Heard(view.selected)
    qtbot.mousePress(view, Left, pos=QPoint(20, 20))
    _move(view, QPoint(200, 20), Left)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    qtbot.mouseRelease(view, Left, pos=QPoint(200, 200))
    assert (view.selection().tolist(), heard.all) == ([1], [])
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert len(view.selection()) == 0
    assert [rows.tolist() for rows in heard.all] == [[]]


def test_a_click_beside_all_points_lets_the_selection_go(view, qtbot):
    view.set_tool("select")
    view.set_selection(np.array([0, 2]))
    qtbot.mouseClick(view, Left, pos=pixel(view, 0.5, 0.5))
    assert len(view.selection()) == 0


def test_points_that_are_not_chosen_are_dimmed(view):
    at = [pixel(view, *xy) for xy in SQUARE.tolist()]
    before = [picture(view)[p.y(), p.x()] for p in at]
    view.set_selection(np.array([3]))
    after = [picture(view)[p.y(), p.x()] for p in at]
    assert (after[3] == before[3]).all()
    assert after[0].astype(int).sum() < before[0].astype(int).sum() - 100


# --- colours ---------------------------------------------------------------------------------------------


def test_each_class_has_its_colour_and_a_button_that_hides_it(view, qtbot):
    view.set_colours(np.array([0, 1, 1, -1]), "label", ("cat", "dog"))
    at = pixel(view, 1, 0)
    assert QColor(*picture(view)[at.y(), at.x()].tolist()).name() == DARK.series[1]
    dog = view._legend.buttons()[1]
    assert dog.accessibleName() == "dog, 2 points"
    heard = Heard(view.hovered)
    qtbot.mouseClick(dog, Left)
    at = pixel(view, 1, 0)
    assert QColor(*picture(view)[at.y(), at.x()].tolist()).name() == DARK.panel
    _move(view, at)
    assert heard.all == []  # what is hidden is not found either
    qtbot.keyClick(dog, Qt.Key.Key_Space)
    _move(view, pixel(view, 1, 0))
    assert heard.all == [1]


def test_a_class_stays_hidden_when_points_come_anew_and_is_shown_under_other_names(view):
    view.set_colours(np.array([0, 1, 1, 0]), "label", ("cat", "dog"))
    view.hide_class(0, True)
    view.set_colours(np.array([1, 0, 1, 1]), "label", ("cat", "dog"))
    assert not view._legend.buttons()[0].isChecked()
    view.set_colours(np.array([1, 0, 1, 1]), "label", ("tea", "coffee"))
    assert view._legend.buttons()[0].isChecked()


def test_classes_without_room_are_in_a_menu(view):
    names = [f"class number {i}" for i in range(40)]
    view.set_colours(np.array([0, 1, 2, 39]), "label", names)
    shown = [button for button in view._legend.buttons() if button.isVisible()]
    assert 0 < len(shown) < 40
    assert all(view._legend.rect().contains(button.geometry()) for button in shown)
    menu = view._legend.menu()
    menu.actions()[39].trigger()
    assert view._legend.hidden_classes() == {39}
    menu.close()


def test_numbers_are_explained_with_their_ends(view):
    view.set_colours(np.array([0.5, 2, np.nan, 1], np.float32), "value", title="loss (nats)")
    assert view._legend.accessibleName() == "loss (nats): 0.5 to 2"
    assert not view._legend.buttons()
    assert not view.grab().isNull()


def test_a_far_number_does_not_flatten_the_scale():
    values = np.append(np.linspace(0, 1, 999), 1e6).astype(np.float32)
    colouring = Colouring.of(values, "value", (), "loss")
    assert colouring.ends()[1] < 1.01
    assert colouring.beyond() == (True, True)
    found = colouring.colours(1000, DARK)
    assert found[-1] == colours.scale(DARK)[-1]
    assert len(np.unique(found)) > 200


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("count", [1, 6, 7, 10, 12, 24, 100])
def test_class_colours_are_distinct_and_stand_out(tokens, count):
    found = colours.of_classes(count, tokens)
    assert len(set(found)) == count
    assert min(contrast(colour, tokens.panel) for colour in found) > (3 if count <= 6 else 2.5)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_the_scale_gets_steadily_farther_from_the_panel(tokens):
    steps = [contrast(colours.text(colour), tokens.panel) for colour in colours.scale(tokens)[::8]]
    assert all(b > a for a, b in pairwise(steps))
    assert steps[0] > 1.5


def contrast(first, second):
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour):
        values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_another_theme_recolours_everything(view, qapp):
    view.set_colours(np.array([0, 1, 1, 0]), "label", ("cat", "dog"))
    theme.apply(qapp, "light")
    at, pixels = pixel(view, 0, 0), picture(view)
    assert QColor(*pixels[at.y(), at.x()].tolist()).name() == LIGHT.series[0]
    assert QColor(*pixels[2, 2].tolist()).name() == LIGHT.panel


# --- layers and what goes wrong --------------------------------------------------------------------------


def test_a_finer_tile_lies_on_a_coarse_one_and_points_on_both(view):
    view.set_tiles([(Tile(0, 0, 0), np.full((28, 28, 1), 60, np.uint8))])
    view.add_tile(Tile(1, 0, 0), np.full((28, 28, 1), 200, np.uint8))
    pixels = picture(view)

    def grey(x, y):
        at = pixel(view, x, y)
        return pixels[at.y(), at.x()].tolist()

    assert grey(0.25, 0.25) == [200] * 3
    assert grey(0.75, 0.75) == [60] * 3
    assert grey(0, 0) not in ([200] * 3, [60] * 3)
    view.set_layers(points=False, tiles=True)
    pixels = picture(view)
    assert grey(0.02, 0.02) == [200] * 3
    view.clear_tiles()
    pixels = picture(view)
    assert QColor(*grey(0.25, 0.25)).name() == DARK.panel


def test_a_sheet_that_is_complete_looks_like_its_tiles(view):
    view.set_layers(points=False, tiles=True)
    needed = plan(view.view_rect(), view.plot_size(), (28, 28)).fine
    rng = np.random.default_rng(0)
    shades = {tile: int(rng.integers(40, 250)) for tile in needed}
    view.set_tiles([(tile, np.full((28, 28, 1), shades[tile], np.uint8)) for tile in needed])
    pixels = picture(view)
    seen = [tile for tile in needed if QRect(12, 12, 376, 276).contains(pixel(view, tile.x, tile.y))]
    assert len(seen) > 20
    for tile in seen:
        at = pixel(view, tile.x, tile.y)
        assert pixels[at.y(), at.x()].tolist() == [shades[tile]] * 3
    view.add_tile(seen[0], np.full((28, 28, 1), 5, np.uint8))
    at = pixel(view, seen[0].x, seen[0].y)
    assert picture(view)[at.y(), at.x()].tolist() == [5] * 3


def test_a_late_card_is_not_shown_after_the_mouse_has_left(view, qtbot):
    _move(view, pixel(view, 0, 0))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    before = picture(view)
    view.set_hover(None, "too late")
    assert (picture(view) == before).all()


def test_other_points_end_the_look_at_one(view):
    _move(view, pixel(view, 1, 1))
    heard = Heard(view.hovered)
    view.set_points(np.zeros((2, 2), np.float32))
    assert heard.all == [-1]
    assert view.hovered_row() == -1


def test_pins_trail_and_marker_are_painted_without_a_new_raster(view, monkeypatch):
    view.grab()
    made = []
    monkeypatch.setattr(view._cloud, "draw", lambda *a: made.append(a))
    before = picture(view)
    view.set_pins([("A", 0.5, 0.5)])
    view.set_trail(np.array([[0, 0], [0.5, 0.2], [np.nan, 0], [1, 1], [0.9, 0.5]], np.float32))
    view.set_marker((0.2, 0.8))
    _move(view, QPoint(300, 200))
    view.set_hover(None, "a word")
    after = picture(view)
    assert not made
    at = pixel(view, 0.5, 0.5, 0, -8)
    assert (after[at.y(), at.x()] != before[at.y(), at.x()]).any()
    assert (after != before).any(2).sum() > 500


@pytest.mark.parametrize(
    "points",
    [np.empty((0, 2)), np.zeros((1, 2)), np.full((3, 2), 5.0), np.full((4, 2), np.nan), [[1e30, 0], [-1e30, 1]]],
    ids=["none", "one", "equal", "nan", "huge"],
)
def test_few_equal_and_impossible_points_are_no_trouble(view, qtbot, points):
    view.set_points(np.array(points, np.float32).reshape(-1, 2), glide=True)
    view.set_axes("x (σ)", "y (σ)")
    assert view.count() == len(points)
    assert not view.grab().isNull()
    for key in (Qt.Key.Key_N, Qt.Key.Key_Plus, Qt.Key.Key_F, Qt.Key.Key_Right):
        qtbot.keyClick(view, key)
    drag(qtbot, view, QPoint(100, 100), QPoint(200, 200))
    assert not view.grab().isNull()
    assert np.isfinite(view.view_rect()).all()


def test_one_point_stands_in_the_middle(view):
    view.set_points(np.array([[7, -3]], np.float32))
    left, bottom, right, top = view.view_rect()
    assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx((7, -3))
    assert 1 < right - left < 10


def test_points_that_are_not_finite_are_left_out_and_rows_keep_their_numbers(view):
    view.set_points(np.array([[0, 0], [np.nan, 1], [np.inf, 0], [2, 2]], np.float32))
    heard = Heard(view.hovered)
    _move(view, pixel(view, 2, 2))
    assert heard.all == [3]


def test_an_empty_map_says_what_to_do(view):
    view.set_points(np.empty((0, 2), np.float32))
    blank = picture(view)
    view.set_empty_text("Train a model first.")
    assert view.accessibleDescription() == "Train a model first."
    assert (picture(view) != blank).any()


# --- gliding ---------------------------------------------------------------------------------------------


def test_points_glide_to_their_new_places(view, qtbot):
    view.set_points(SQUARE * 3 + 1, glide=True)
    assert view.gliding()
    qtbot.waitUntil(lambda: not view.gliding())
    heard = Heard(view.hovered)
    _move(view, pixel(view, 4, 4))
    assert heard.all == [3]
    left, _, right, _ = view.view_rect()
    assert left < 1
    assert right > 4


def test_a_view_that_someone_chose_stays_while_points_glide(view, qtbot):
    view.zoom(0.5)
    before = view.view_rect()
    view.set_points(SQUARE + 1, glide=True)
    qtbot.waitUntil(lambda: not view.gliding())
    assert view.view_rect() == before


def test_other_points_in_the_middle_of_a_glide_end_it(view):
    view.set_points(SQUARE + 5, glide=True)
    view.set_points(np.zeros((2, 2), np.float32), glide=True)
    assert not view.gliding()
    assert view.count() == 2


def test_nothing_runs_on_when_a_gliding_map_is_thrown_away(view):
    view.set_points(SQUARE + 5, glide=True)  # the leak fixture does the rest


# --- dots ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(2, 17))
def test_a_dot_is_round_and_has_about_its_area(size):
    pixels = np.full((64, 64), 0xFF000000, np.uint32)
    middle = np.array([32.3], np.float32)
    raster.draw(pixels, middle, middle, np.array([0xFF0000FF], np.uint32), size)
    blue = (pixels & np.uint32(0xFF)).astype(int)
    assert (blue == blue.T).all()
    assert (blue == np.roll(blue[:, ::-1], size % 2, 1)).all()  # the middle is that of column 32, or before it
    assert blue.sum() / 255 == pytest.approx(np.pi * size**2 / 4, rel=0.3)
    assert (pixels >> np.uint32(24) == 0xFF).all()


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF), st.sampled_from([1, 2, 3]))
def test_blending_keeps_each_channel_between_both_colours(below, above, quarters):
    under = np.array([0xFF000000 | below], np.uint32)
    over = np.array([0xFF000000 | above], np.uint32)
    mixed = int((raster._left(under.copy(), quarters) + raster._shares(over, quarters))[0])
    assert mixed >> 24 == 0xFF
    for shift in (0, 8, 16):
        a, b = (below >> shift) & 0xFF, (above >> shift) & 0xFF
        assert abs(((mixed >> shift) & 0xFF) - (a + (b - a) * quarters / 4)) <= 1.01


def test_dots_get_smaller_rather_than_slower():
    assert raster.diameter(100, 100, 1) > raster.diameter(10_000, 10_000, 1) > raster.diameter(1e5, 100_000, 1)
    assert raster.diameter(100, 100, 2) == 2 * raster.diameter(100, 100, 1)
    assert raster.diameter(1, 3_000_000, 2) == 2


def test_a_map_of_many_points_is_drawn_with_all_of_them(view):
    xy = np.random.default_rng(0).uniform(-1, 1, (100_000, 2)).astype(np.float32)
    view.set_points(xy)
    ink = (picture(view) != [int(DARK.panel[i : i + 2], 16) for i in (1, 3, 5)]).any(2)
    inside = ink[40:260, 80:320]
    assert inside.mean() > 0.99
