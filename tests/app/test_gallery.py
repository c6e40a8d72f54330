"""The gallery as a person uses it."""

import gc

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QGuiApplication, QHelpEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip

from genstudio.app import theme
from genstudio.app.widgets import picture_files
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.picture_actions import PictureActions
from genstudio.app.widgets.pictures import Pictures
from genstudio.core.errors import InputError


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.fixture
def gallery(qtbot):
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.resize(640, 400)
    gallery.show()
    return gallery


def painted(gallery):
    QApplication.processEvents()
    return gallery.viewport().grab().toImage()


def pixels(image):
    """uint8 [H, W, 3] of a QImage."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def send_mouse(widget, kind, pos, button=Qt.MouseButton.LeftButton):
    at = QPointF(pos)
    QApplication.sendEvent(
        widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier)
    )


def click(qtbot, gallery, index):
    qtbot.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton, pos=gallery.item_rect(index).center())


def test_an_empty_gallery_says_what_to_do(gallery, qtbot):
    gallery.set_empty_text("No samples yet: press Train.")
    assert gallery.current() == -1
    assert gallery.accessibleDescription() == "No samples yet: press Train."
    assert len(np.unique(pixels(painted(gallery)))) > 3  # there are words
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Plus, Qt.Key.Key_PageDown):
        qtbot.keyClick(gallery, key)
    qtbot.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton)
    assert gallery.current() == -1
    assert gallery.view is None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("count", [1, 64, 3000])
@pytest.mark.parametrize("zoom", [None, 1, 3])
def test_each_pixel_is_painted_as_it_is(gallery, count, channels, pairs, zoom):
    images, inputs = noise(count, 28, 20, channels), 255 - noise(count, 28, 20, channels)
    gallery.set_images(images, inputs if pairs else None)
    gallery.set_zoom(zoom)
    gallery.verticalScrollBar().setValue(gallery.verticalScrollBar().maximum() // 2 + 3)
    screen, s = pixels(painted(gallery)), gallery.zoom()
    seen = [i for i in range(count) if gallery.viewport().rect().contains(gallery.item_rect(i))]
    assert seen
    panel = theme.color("panel").getRgb()[:3]
    for index in {seen[0], seen[-1], seen[len(seen) // 2]}:
        rect = gallery.item_rect(index)
        item = screen[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]
        expected = np.broadcast_to(images[index], (28, 20, 3)).repeat(s, 0).repeat(s, 1)
        np.testing.assert_array_equal(item[-28 * s :], expected)
        if pairs:
            expected = np.broadcast_to(inputs[index], (28, 20, 3)).repeat(s, 0).repeat(s, 1)
            np.testing.assert_array_equal(item[: 28 * s], expected)
            assert (item[28 * s : -28 * s] == panel).all()
        assert (screen[rect.top() : rect.bottom(), rect.right() + 2] == panel).all()
        assert (screen[rect.bottom() + 2, rect.left() : rect.right()] == panel).all()


def test_behind_the_last_picture_there_is_nothing(gallery):
    gallery.set_images(np.full((7, 28, 28, 1), 255, np.uint8))
    gallery.set_zoom(4)
    screen = pixels(painted(gallery))
    assert gallery.item_rect(5).top() > gallery.item_rect(0).top()  # 5 in the first row, 2 in the second
    right, bottom = gallery.item_rect(6).right() + 2, gallery.item_rect(6).bottom() + 2
    panel = theme.color("panel").getRgb()[:3]
    assert (screen[gallery.item_rect(6).top() :, right:] == panel).all()
    assert (screen[bottom:] == panel).all()


def test_a_hundred_thousand_memory_mapped_pictures(gallery, qtbot, tmp_path):
    images = np.memmap(tmp_path / "pictures", np.uint8, "w+", shape=(100_000, 28, 28, 1))
    images[-1] = 200
    gallery.set_images(images)
    qtbot.keyClick(gallery, Qt.Key.Key_End)
    assert gallery.current() == 99_999
    assert gallery.accessibleDescription() == "picture 100,000 of 100,000"
    rect = gallery.item_rect(99_999)
    assert gallery.viewport().rect().contains(rect)
    assert (pixels(painted(gallery))[rect.center().y(), rect.center().x()] == 200).all()


def test_arrows_pages_and_ends_move_the_current_picture_into_sight(gallery, qtbot):
    gallery.set_images(noise(3000, 28, 28, 1))
    told = []
    gallery.current_changed.connect(told.append)
    columns = next(i for i in range(1, 3000) if gallery.item_rect(i).top() > gallery.item_rect(0).top())
    steps = [
        (Qt.Key.Key_Right, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 1 + columns), (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0), (Qt.Key.Key_Up, 0), (Qt.Key.Key_Left, 0), (Qt.Key.Key_End, 2999),
        (Qt.Key.Key_Right, 2999), (Qt.Key.Key_Down, 2999), (Qt.Key.Key_Home, 0),
    ]  # fmt: skip
    for key, expected in steps:
        qtbot.keyClick(gallery, key)
        assert gallery.current() == expected
        assert gallery.viewport().rect().contains(gallery.item_rect(expected))
    assert told == [0, 1, 1 + columns, columns, 0, 2999, 0]
    qtbot.keyClick(gallery, Qt.Key.Key_PageDown)
    assert gallery.current() >= 3 * columns
    assert gallery.current() % columns == 0
    qtbot.keyClick(gallery, Qt.Key.Key_PageUp)
    assert gallery.current() == 0


def test_the_first_key_starts_at_what_is_in_sight(gallery, qtbot):
    gallery.set_images(noise(3000, 28, 28, 1))
    gallery.verticalScrollBar().setValue(1000)
    qtbot.keyClick(gallery, Qt.Key.Key_Right)
    assert gallery.verticalScrollBar().value() == 1000
    assert gallery.viewport().rect().contains(gallery.item_rect(gallery.current()))


def test_tab_into_the_gallery_shows_where_one_is(gallery):
    gallery.set_images(noise(64, 28, 28, 1))
    QApplication.sendEvent(gallery, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert gallery.current() == 0


def test_a_click_selects_and_is_outlined(gallery, qtbot):
    gallery.set_images(noise(64, 28, 28, 1))
    before = pixels(painted(gallery))
    click(qtbot, gallery, 10)
    assert gallery.current() == 10
    assert gallery.accessibleDescription() == "picture 11 of 64"
    screen = pixels(painted(gallery))
    rect = gallery.item_rect(10)
    inside = (slice(rect.top(), rect.bottom() + 1), slice(rect.left(), rect.right() + 1))
    np.testing.assert_array_equal(screen[inside], before[inside])  # no pixel of the picture is hidden
    assert (screen[rect.top() - 1, rect.center().x()] != before[rect.top() - 1, rect.center().x()]).any()
    qtbot.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert gallery.current() in (-1, 0)


def test_hovering_highlights(gallery, qtbot):
    gallery.set_images(noise(64, 28, 28, 1))
    before = pixels(painted(gallery))
    rect = gallery.item_rect(20)
    send_mouse(gallery.viewport(), QEvent.Type.MouseMove, rect.center(), Qt.MouseButton.NoButton)
    after = pixels(painted(gallery))
    changed = np.argwhere((before != after).any(2))
    assert len(changed)
    assert rect.adjusted(-2, -2, 2, 2).contains(QPoint(*changed[0][::-1].tolist()))
    QApplication.sendEvent(gallery, QEvent(QEvent.Type.Leave))
    np.testing.assert_array_equal(pixels(painted(gallery)), before)


def test_live_updates_keep_place_selection_and_layout(gallery, qtbot):
    gallery.set_images(noise(3000, 28, 28, 1))
    gallery.verticalScrollBar().setValue(777)
    gallery.set_current(700)
    place, rect, zoom = gallery.verticalScrollBar().value(), gallery.item_rect(700), gallery.zoom()
    told = []
    gallery.current_changed.connect(told.append)
    new = 255 - noise(3000, 28, 28, 1)
    gallery.set_images(new)
    assert gallery.verticalScrollBar().value() == place
    assert (gallery.current(), gallery.item_rect(700), gallery.zoom()) == (700, rect, zoom)
    assert told == []
    screen = pixels(painted(gallery))
    assert screen[rect.top(), rect.left(), 0] == new[700, 0, 0, 0]  # the new pictures are shown, not the old ones
    gallery.set_images(new[:50])
    assert gallery.current() == -1
    assert gallery.verticalScrollBar().value() == 0


def test_zoom_by_keys_and_wheel_keeps_the_current_picture_in_sight(gallery, qtbot):
    gallery.set_images(noise(3000, 28, 28, 1))
    gallery.set_current(1500)
    start = gallery.zoom()
    qtbot.keyClick(gallery, Qt.Key.Key_Plus)
    assert gallery.zoom() > start
    assert gallery.viewport().rect().intersects(gallery.item_rect(1500))
    at = QPointF(50, 50)
    for delta in (-120, -120, -120):
        QApplication.sendEvent(
            gallery.viewport(),
            QWheelEvent(at, at, QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False),
        )  # fmt: skip
    assert gallery.zoom() < start
    assert gallery.viewport().rect().intersects(gallery.item_rect(1500))
    qtbot.keyClick(gallery, Qt.Key.Key_0)
    assert gallery.zoom() == start


def test_a_picture_larger_than_the_window_can_be_scrolled_both_ways(gallery):
    gallery.set_images(noise(4, 100, 200, 3))
    gallery.set_zoom(6)
    assert gallery.horizontalScrollBar().maximum() > 0
    assert gallery.verticalScrollBar().maximum() > 0
    gallery.horizontalScrollBar().setValue(gallery.horizontalScrollBar().maximum())
    painted(gallery)
    assert gallery.item_rect(0).right() < gallery.viewport().width()


def test_growing_and_shrinking_the_window_never_loses_pictures(gallery):
    gallery.set_images(noise(100, 28, 28, 1))
    for width, height in ((130, 90), (2000, 1200), (300, 700), (640, 400)):
        gallery.resize(width, height)
        painted(gallery)
        bar = gallery.verticalScrollBar()
        bar.setValue(bar.maximum())
        assert gallery.viewport().rect().contains(gallery.item_rect(99))


def test_the_tooltip_names_the_picture_and_never_renders_markup(gallery, qtbot):
    gallery.set_images(noise(3, 28, 28, 1), labels=["<b>seven</b>", None, "x"])
    at = gallery.item_rect(0).center()
    event = QHelpEvent(QEvent.Type.ToolTip, at, gallery.viewport().mapToGlobal(at))
    QApplication.sendEvent(gallery.viewport(), event)
    qtbot.waitUntil(QToolTip.isVisible)
    assert "picture 1 of 3: &lt;b&gt;seven" in QToolTip.text()
    QToolTip.hideText()


def test_enter_and_double_click_enlarge_and_the_view_walks_the_gallery(gallery, qtbot):
    gallery.set_images(noise(10, 28, 28, 1))
    told = []
    gallery.activated.connect(told.append)
    click(qtbot, gallery, 3)
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    view = gallery.view
    assert view is not None
    assert view.isVisible()
    assert not view.isModal()
    view.step(1)
    assert gallery.current() == 4
    qtbot.mouseDClick(gallery.viewport(), Qt.MouseButton.LeftButton, pos=gallery.item_rect(7).center())
    assert gallery.view is view  # the open one is used again
    assert view.index == 7
    assert told == [3, 7]
    view.close()
    assert gallery.view is None


def test_the_view_follows_live_updates(gallery):
    gallery.set_images(noise(10, 28, 28, 1))
    gallery.enlarge(2)
    gallery.set_images(np.full((10, 28, 28, 1), 9, np.uint8))
    assert gallery.view.index == 2
    assert (gallery.view.canvas.pictures.images == 9).all()
    gallery.set_images(np.zeros((0, 28, 28, 1), np.uint8))
    assert gallery.view is None


@pytest.mark.parametrize("pairs", [False, True])
def test_what_is_dragged_out_is_an_image_and_a_file(gallery, pairs):
    images, inputs = noise(5, 28, 20, 3), 255 - noise(5, 28, 20, 3)
    gallery.set_images(images, inputs if pairs else None, caption="samples, EMA")
    gallery.set_current(2)
    data = gallery.picture_actions.mime()
    (url,) = data.urls()
    assert url.fileName() == "samples-3.png"
    screen = pixels(QImage(url.toLocalFile()))
    np.testing.assert_array_equal(screen[:, -20:], images[2])
    assert screen.shape[1] == (42 if pairs else 20)
    if pairs:
        np.testing.assert_array_equal(screen[:, :20], inputs[2])
    np.testing.assert_array_equal(pixels(data.imageData()), screen)


def test_dragging_starts_only_after_some_way_and_from_a_picture(gallery, monkeypatch):
    gallery.set_images(noise(5, 28, 28, 1))
    dragged = []
    monkeypatch.setattr(PictureActions, "drag", lambda self: dragged.append(gallery.current()))
    start = gallery.item_rect(3).center()
    send_mouse(gallery.viewport(), QEvent.Type.MouseButtonPress, start)
    send_mouse(gallery.viewport(), QEvent.Type.MouseMove, start + QPoint(1, 1))
    assert dragged == []
    far = QPoint(QApplication.startDragDistance(), 4)
    send_mouse(gallery.viewport(), QEvent.Type.MouseMove, start + far)
    send_mouse(gallery.viewport(), QEvent.Type.MouseMove, start + 2 * far)
    assert dragged == [3]


def test_files_of_drags_are_cleaned_up(tmp_path):
    folder = picture_files.DragFolder()
    path = folder.path()
    picture_files.mime(Pictures(noise(2, 4, 4, 1)), 1, path)
    assert len(list(path.iterdir())) == 1
    del folder
    gc.collect()
    assert not path.exists()


def test_copy_puts_the_picture_on_the_clipboard(gallery, qtbot):
    images = noise(5, 28, 28, 1)
    gallery.set_images(images)
    click(qtbot, gallery, 4)
    qtbot.keyClick(gallery, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = pixels(QGuiApplication.clipboard().image())
    np.testing.assert_array_equal(copied[..., :1], images[4])


def test_saving_asks_without_blocking_saves_what_was_chosen_and_reports_problems(gallery, qtbot, tmp_path):
    images = noise(5, 28, 28, 1)
    gallery.set_images(images, caption="samples")
    with qtbot.waitSignal(gallery.problem) as caught:
        qtbot.keyClick(gallery, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert "choose one first" in caught.args[0]
    click(qtbot, gallery, 2)
    qtbot.keyClick(gallery, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = gallery.findChildren(QFileDialog)
    gallery.set_images(255 - images, caption="samples")  # training goes on meanwhile
    dialog.fileSelected.emit(str(tmp_path / "a.png"))
    np.testing.assert_array_equal(pixels(QImage(str(tmp_path / "a.png")))[..., :1], images[2])
    with qtbot.waitSignal(gallery.problem) as caught:
        dialog.fileSelected.emit(str(tmp_path / "nowhere" / "a.png"))
    assert "nowhere" in caught.args[0]
    dialog.close()


def test_the_context_menu_offers_what_is_possible(gallery, qtbot):
    gallery.set_images(noise(5, 28, 28, 1))
    menu = gallery.menu()
    enabled = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert enabled == {
        "Enlarge": False, "Copy": False, "Save picture…": False, "Save all as grid…": True,
        "Zoom in": True, "Zoom out": True, "Automatic size": True,
    }  # fmt: skip
    menu.close()
    gallery.set_current(1)
    menu = gallery.menu()
    assert all(action.isEnabled() for action in menu.actions())
    menu.actions()[0].trigger()
    assert gallery.view.index == 1
    menu.close()


@pytest.mark.parametrize("pairs", [False, True])
def test_a_grid_holds_all_pictures(tmp_path, pairs):
    images, inputs = noise(6, 5, 4, 3), 255 - noise(6, 5, 4, 3)
    picture_files.save_grid(Pictures(images, inputs if pairs else None), tmp_path / "grid.png", columns=3)
    grid = pixels(QImage(str(tmp_path / "grid.png")))
    width = 10 if pairs else 4
    assert grid.shape == (2 * 5 + 2, 3 * width + 4, 3)
    np.testing.assert_array_equal(grid[7:12, width + 2 + width - 4 : width + 2 + width], images[4])


def test_a_grid_stops_where_programs_would_not_open_it_and_the_menu_says_so(gallery, tmp_path):
    few = Pictures(noise(20, 28, 28, 1))
    assert picture_files.grid_count(few) == 20
    many = np.broadcast_to(noise(1, 64, 64, 3), (100_000, 64, 64, 3))
    count = picture_files.grid_count(Pictures(many))
    assert count == 64_000_000 // 66**2
    gallery.set_images(many)
    texts = [action.text() for action in gallery.menu().actions()]
    assert f"Save first {count:,} as grid…" in texts
    with pytest.raises(InputError, match="no pictures"):
        picture_files.save_grid(Pictures(np.empty((0, 2, 2, 1), np.uint8)), tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.gif"):
        picture_files.save_grid(few, tmp_path / "a.gif")


def test_images_outlive_the_arrays_they_came_from():
    array = noise(30, 31, 3)
    image = picture_files.to_image(array[:, ::2])  # not contiguous
    kept = array[:, ::2].copy()
    array[:] = 0
    del array
    gc.collect()
    np.testing.assert_array_equal(pixels(image), kept)


def test_the_theme_changes_live(gallery):
    gallery.set_images(noise(5, 28, 28, 1))
    app = QApplication.instance()
    try:
        theme.apply(app, "light")
        assert (pixels(painted(gallery))[-1, -1] == theme.color("panel").getRgb()[:3]).all()
        assert theme.color("panel").name() == theme.LIGHT.panel
    finally:
        theme.apply(app, "dark")
