"""Points in the plane: placed with equal scales, chosen by click and arrows."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from genstudio.app import theme
from genstudio.app.widgets.point_view import PointView

POINTS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)


@pytest.fixture
def view(qtbot):
    widget = PointView()
    qtbot.addWidget(widget)
    widget.resize(400, 200)
    widget.set_points(POINTS, np.array([0, 1, 2, -1]))
    widget.show()
    return widget


def test_both_axes_have_one_scale_and_y_goes_up(view):
    a, b, c, _ = view._placed(POINTS)
    assert b[0] - a[0] == pytest.approx(a[1] - c[1])
    assert 24 <= c[1] < a[1] <= 176


def test_a_click_near_a_point_chooses_it_and_one_beside_none(view, qtbot):
    place = view._placed(POINTS)[2]
    with qtbot.waitSignal(view.current_changed):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(place[0]) + 3, round(place[1])))
    assert view.current() == 2
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert view.current() == -1


def test_arrows_walk_from_point_to_point(view, qtbot):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(view, key)
    assert view.current() == 0
    assert "point 1 of 4" in view.accessibleDescription()


def test_points_have_the_colour_of_their_label(view):
    picture = view.grab().toImage()
    x, y = view._placed(POINTS)[1]
    colour = picture.pixelColor(round(x), round(y))
    series = theme.color("panel"), theme.tokens().series[1]
    assert colour != series[0]
    assert abs(colour.red() - int(series[1][1:3], 16)) < 60


def test_many_points_are_thinned_out_and_counted(view):
    view.set_points(np.random.default_rng(0).normal(size=(100_000, 2)).astype(np.float32))
    assert view.count() == 100_000
    assert view.shown() < 10_000
    assert not view.grab().isNull()


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.zeros((1, 2)), np.full((3, 2), 5.0)])
def test_none_one_and_equal_points_are_drawn(view, points):
    view.set_points(points.astype(np.float32))
    assert not view.grab().isNull()
