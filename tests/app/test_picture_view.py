"""One picture, large."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from genstudio.app.widgets.picture_actions import PictureActions
from genstudio.app.widgets.picture_view import PictureView
from genstudio.app.widgets.pictures import Pictures


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.fixture
def view(qtbot):
    view = PictureView()
    view.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes it once more
    qtbot.addWidget(view)
    view.set_pictures(Pictures(noise(3, 28, 28, 1), caption="samples"), 1)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    return view


def test_it_shows_the_picture_large_and_says_which(view):
    assert view.windowTitle() == "Picture 2 of 3"
    assert not view.isModal()
    assert view.canvas.zoom() >= 14
    np.testing.assert_array_equal(view.canvas.pictures.images[0], view.pictures.images[1])
    assert all(button.accessibleName() and button.toolTip() for button in view.buttons)


def test_arrows_walk_and_stop_at_the_ends(view, qtbot):
    told = []
    view.current_changed.connect(told.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(view.canvas, key)
    assert told == [2, 1, 0]
    assert not view.buttons[0].isEnabled()
    assert view.buttons[1].isEnabled()


def test_arrows_walk_also_when_a_button_has_the_focus(view, qtbot):
    view.buttons[3].setFocus()
    qtbot.keyClick(view.buttons[3], Qt.Key.Key_Right)
    assert view.index == 2


def test_buttons_walk(view, qtbot):
    qtbot.mouseClick(view.buttons[0], Qt.MouseButton.LeftButton)
    assert view.index == 0
    qtbot.mouseClick(view.buttons[1], Qt.MouseButton.LeftButton)
    assert view.index == 1


def test_zoom_by_keys_and_wheel_and_back_to_fit(view, qtbot):
    fit = view.canvas.zoom()
    qtbot.keyClick(view.canvas, Qt.Key.Key_Plus)
    assert view.canvas.zoom() > fit
    assert view.canvas.verticalScrollBar().maximum() > 0
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.canvas.zoom() == fit
    at = QPointF(20, 20)
    QApplication.sendEvent(
        view.canvas.viewport(),
        QWheelEvent(at, at, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                    Qt.ScrollPhase.NoScrollPhase, False),
    )  # fmt: skip
    assert view.canvas.zoom() < fit


def test_a_pair_is_shown_side_by_side(view):
    images, inputs = noise(3, 28, 28, 3), 255 - noise(3, 28, 28, 3)
    view.set_pictures(Pictures(images, inputs), 2)
    shown = view.canvas.pictures.images
    np.testing.assert_array_equal(shown, np.stack([inputs[2], images[2]]))
    left, right = view.canvas.item_rect(0), view.canvas.item_rect(1)
    assert left.right() < right.left()
    assert left.top() == right.top()


def test_new_pictures_keep_index_and_zoom(view, qtbot):
    qtbot.keyClick(view.canvas, Qt.Key.Key_Plus)
    zoom = view.canvas.zoom()
    view.set_pictures(Pictures(255 - noise(3, 28, 28, 1)))
    assert (view.index, view.canvas.zoom()) == (1, zoom)
    view.set_pictures(Pictures(noise(1, 28, 28, 1)))
    assert view.index == 0
    view.set_pictures(Pictures(np.empty((0, 28, 28, 1), np.uint8)))
    assert not view.isVisible()


def test_escape_closes(view, qtbot):
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert not view.isVisible()


def test_copy_and_save_by_keyboard(view, qtbot, tmp_path):
    qtbot.keyClick(view.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().image().width() == 28
    qtbot.keyClick(view.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = view.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with qtbot.waitSignal(view.problem) as caught:
        dialog.fileSelected.emit(str(tmp_path / "a.jpg"))
    assert "a.jpg" in caught.args[0]
    dialog.close()


def test_the_picture_can_be_dragged_out(view, monkeypatch):
    dragged = []
    monkeypatch.setattr(PictureActions, "drag", lambda self: dragged.append(self.mime().urls()[0].fileName()))
    canvas = view.canvas.viewport()

    def send(kind, pos):
        at = QPointF(pos)
        left = Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, at, canvas.mapToGlobal(at), left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)

    send(QEvent.Type.MouseButtonPress, QPoint(50, 50))
    send(QEvent.Type.MouseMove, QPoint(51, 50))
    assert dragged == []
    for x in (90, 130):
        send(QEvent.Type.MouseMove, QPoint(x, 50))
    assert dragged == ["samples-2.png"]
