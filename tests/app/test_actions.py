"""Everything by keyboard: shortcuts, Tab in reading order, names for screen readers; and the theme, live."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QSlider,
    QWidget,
)

from genstudio.app import theme
from genstudio.app.widgets.gallery import Gallery
from genstudio.core.events import Advice
from genstudio.engine.estimate import Estimate

CTRL = Qt.KeyboardModifier.ControlModifier
PAGES = ("data", "train", "latent", "runs")


@pytest.fixture
def busy(studio):
    """A window in which a run has been trained, so that every page has something to show, advice and a queue too."""
    studio.trained(6)
    studio.window.queue.add(studio.page.spec(), "waits")
    studio.page.setup.estimate.show_estimate(Estimate(1.0, 9.0, 100.0, 1000, 1000, 64, "CPU", "fp32"))
    studio.page.setup.estimate.show()
    for code in ("D01", "D02"):
        studio.page.setup.advice.add(Advice(3, code, "It diverges", "Evidence.", {"learning_rate": 5e-4}))
    for page in PAGES:
        studio.go_to(page)
        studio.qtbot.wait(100)  # curves are drawn
    studio.go_to("train")
    return studio


def menu_item(window, text):
    (found,) = [a for menu in window.menuBar().actions() for a in menu.menu().actions() if a.text() == text]
    return found


# --- shortcuts ---------------------------------------------------------------------------------------


def test_pages_by_number(studio):
    for number, page in enumerate(PAGES, 1):
        studio.key(getattr(Qt.Key, f"Key_{number}"), CTRL)
        assert studio.window.stack.currentWidget() is studio.window.pages[page]
        assert studio.window.side.buttons[page].isChecked()
        studio.quiet()


def test_train_pause_resume_stop_by_keys(studio):
    studio.page.choose_family("vae", {"network": "mlp", "width": 4, "steps": 0, "batch_size": 16, "threads": 1})
    studio.key(Qt.Key.Key_Return, CTRL)
    studio.wait(lambda: studio.session.phase == "training")
    studio.key(Qt.Key.Key_Space)
    assert studio.session.phase == "paused"
    studio.key(Qt.Key.Key_Space)
    assert studio.session.phase == "training"
    studio.key(Qt.Key.Key_Return, CTRL)  # a second training does not begin
    studio.key(Qt.Key.Key_Period, CTRL)
    studio.quiet()
    assert studio.state == "Stopped"
    studio.key(Qt.Key.Key_Period, CTRL)
    studio.key(Qt.Key.Key_Space)
    studio.quiet()
    assert studio.state == "Stopped"


def test_f48_space_after_a_click_on_pause_resumes_and_stops_nothing(studio):
    studio.train_until_pictures()
    studio.press("Pause")
    studio.key(Qt.Key.Key_Space)
    assert studio.session.phase == "training"
    studio.key(Qt.Key.Key_Space)
    assert studio.session.phase == "paused"
    studio.key(Qt.Key.Key_Space)
    studio.stop()
    studio.key(Qt.Key.Key_Space)  # by habit, one time too many
    studio.quiet()
    assert studio.state == "Stopped"


def test_space_does_in_each_control_what_it_does_there(studio):
    studio.train_until_pictures()
    studio.click(studio.window.side.buttons["runs"])
    page = studio.window.runs_page
    studio.wait(lambda: page.table.current_path() is not None)
    page.name.show()
    page.name.setFocus()
    studio.key(Qt.Key.Key_Space)
    assert page.name.text() == " "
    page.name.hide()
    studio.click(studio.window.side.buttons["train"])
    studio.wait(studio.page.plot.legend.buttons)  # they come with the first curve that is painted
    legend = studio.page.plot.legend.buttons()[0]
    legend.setFocus()
    studio.key(Qt.Key.Key_Space)
    assert not legend.isChecked()
    field = studio.knob("β")
    field.setFocus()
    field.lineEdit().selectAll()
    studio.key(Qt.Key.Key_Space)
    assert field.lineEdit().text() == " "
    studio.key(Qt.Key.Key_Escape)
    units = studio.page.plot.controls.unit_box
    units.setFocus()
    studio.key(Qt.Key.Key_Space)
    assert units.view().isVisible()
    units.hidePopup()
    assert studio.session.phase == "training"
    studio.page.samples.setFocus()
    studio.key(Qt.Key.Key_Space)
    assert studio.session.phase == "paused"
    studio.stop()


def test_f1_explains_what_has_the_focus(studio):
    studio.knob("Learning rate").setFocus()
    studio.key(Qt.Key.Key_F1)
    studio.wait(lambda: studio.said)
    assert "Size of each step" in studio.said[0]
    assert "From 1e-07 to 1" in studio.said[0]


def test_f1_on_nothing_says_how(studio):
    studio.window.setFocus()
    studio.key(Qt.Key.Key_F1)
    studio.wait(lambda: studio.said)
    assert "Tab" in studio.said[0]


def test_f6_goes_to_the_newest_message_and_escape_closes_it(studio):
    for text in ("first", "second"):
        studio.window.manager.notify("info", text)
    studio.wait(lambda: len(studio.said) == 2)
    studio.key(Qt.Key.Key_F6)
    assert studio.window.toasts.visible_toasts()[-1].isAncestorOf(QApplication.focusWidget())
    studio.key(Qt.Key.Key_Escape)
    assert studio.said == ["first"]
    studio.key(Qt.Key.Key_Escape)
    assert studio.said == []
    studio.key(Qt.Key.Key_F6)  # nothing to go to


def test_f11_is_full_screen_and_back(studio):
    studio.key(Qt.Key.Key_F11)
    studio.wait(studio.window.isFullScreen)
    studio.key(Qt.Key.Key_F11)
    studio.wait(lambda: not studio.window.isFullScreen())


def test_ctrl_q_leaves(studio):
    studio.key(Qt.Key.Key_Q, CTRL)
    studio.wait(lambda: not studio.window.isVisible())


def test_all_keys_are_listed_and_none_twice(studio):
    window = studio.window
    actions = [a for a in window.findChildren(QAction) if a.parent() is window and a.shortcut().toString()]
    keys = [action.shortcut().toString() for action in actions]
    assert len(set(keys)) == len(keys)
    assert {"Space", "Ctrl+Return", "Ctrl+.", *(f"Ctrl+{i}" for i in (1, 2, 3)), "F1", "F6", "F11"} <= set(keys)
    menu_item(window, "Keys").trigger()
    studio.wait(lambda: studio.said)
    for action in actions:
        assert f"{action.shortcut().toString()}: {action.text()}" in studio.said[0]


# --- Tab and names -----------------------------------------------------------------------------------


def controls(studio):
    """What Tab should reach now: visible, usable, and one button of each exclusive group."""
    found = []
    for widget in studio.window.findChildren(QWidget):
        tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not (tab and widget.isVisible() and widget.isEnabled()) or widget.focusProxy() is not None:
            continue
        if isinstance(widget, (QScrollBar, QScrollArea)) or isinstance(widget.parentWidget(), QAbstractSpinBox):
            continue
        if isinstance(widget, QAbstractButton) and widget.group() and not widget.isChecked():
            continue
        found.append(widget)
    return found


def tabbed(studio):
    """What Tab reaches, in order, once around."""
    start = next(b for b in studio.window.side.buttons.values() if b.isChecked())
    start.setFocus()
    order = [start]
    for _ in range(300):
        studio.qtbot.keyClick(order[-1], Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is start:
            return order
        order.append(now)
    raise AssertionError(f"Tab does not come around: {order[-5:]}")


def named(widget):
    text = getattr(widget, "text", str)
    return widget.accessibleName() or (text() if isinstance(widget, QAbstractButton) else "")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("trained", [False, True])
def test_tab_reaches_every_control(studio, page, trained):
    if trained:
        studio.trained(6)
    studio.window.resize(1280, 800)
    studio.go_to(page)
    studio.qtbot.wait(100)
    studio.activate()
    reached = tabbed(studio)
    missing = [f"{type(w).__name__} {named(w)}" for w in controls(studio) if w not in reached]
    assert missing == []
    assert len(set(map(id, reached))) == len(reached)


@pytest.mark.parametrize("page", PAGES)
def test_tab_goes_in_reading_order(busy, page):
    """Side bar, top bar, page, and in each column of a page from top to bottom, in a row from left to right."""
    busy.page.form.set_unfolded(True)
    busy.go_to(page)
    busy.qtbot.wait(50)
    busy.activate()
    window = busy.window
    current = window.pages[page]
    regions = [window.side, window.top, *cards(page, current), window.bottom]

    def region(widget):
        return next(i for i, r in enumerate(regions) if r is widget or r.isAncestorOf(widget))

    def place(widget):
        corner = widget.mapTo(regions[region(widget)], QPoint(0, widget.height() // 2))
        return region(widget), corner.y() // 20, corner.x()

    order = [place(widget) for widget in tabbed(busy)]
    assert [p[0] for p in order] == sorted(p[0] for p in order)
    assert order == sorted(order)


def cards(page, current):
    if page == "train":
        pictures, setup = current.pictures, current.setup
        return [current.plot, pictures.left, pictures.right, setup.model, setup.knobs, setup.estimate, setup.advice]
    if page == "data":
        return [current.left, current.stage, current.look, current.panel]
    if page == "latent":
        made = current.page
        return [made.card, made.here, made.looks, made.strip, made.side]
    return [current.queue, current._card, current.plot, current.samples]


@pytest.mark.parametrize("page", PAGES)
def test_every_control_says_what_it_is_and_what_it_does(busy, page):
    busy.page.form.set_unfolded(True)
    busy.go_to(page)
    for widget in controls(busy):
        assert named(widget), f"{widget} has no name"
        labelled = isinstance(widget, (Gallery, QAbstractItemView)) or widget.toolTip() or own_tip(widget)
        assert labelled, f"{named(widget)} has no tooltip"


def own_tip(widget):
    parent = widget.parentWidget()
    return parent.toolTip() if parent is not None else ""


def test_every_kind_of_control_is_covered(busy):
    kinds = {type(w) for page in PAGES if busy.go_to(page) for w in controls(busy)}
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QSlider, QAbstractItemView, Gallery):
        assert any(issubclass(k, kind) for k in kinds)
    assert not any(issubclass(k, QLineEdit) for k in kinds)  # the name of a run appears when it is asked for


# --- theme -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_the_theme_can_be_switched_live(busy, page):
    busy.go_to(page)
    busy.qtbot.wait(100)

    def look():
        busy.qtbot.wait(50)
        image = busy.window.grab().toImage()
        spots = [(x, y) for x in range(20, image.width(), 40) for y in range(20, image.height(), 40)]
        return [image.pixelColor(x, y).lightness() for x, y in spots]

    menu_item(busy.window, "Dark theme").trigger()
    dark = look()
    menu_item(busy.window, "Light theme").trigger()
    light = look()
    assert theme.mode() == "light"
    assert sorted(dark)[len(dark) // 2] < 60
    assert sorted(light)[len(light) // 2] > 200
    menu_item(busy.window, "Dark theme").trigger()
    assert look() == dark  # nothing is left behind in the other theme
