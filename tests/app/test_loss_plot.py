"""The loss plot as a person uses it."""

import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget

from genstudio.app import theme
from genstudio.app.widgets.loss_controls import STOPS
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Curve

NATS = [Curve("elbo", "negative ELBO", "nats per picture"), Curve("kl", "KL divergence", "nats per picture")]
NORM = Curve("norm", "gradient norm", "norm")


@pytest.fixture
def plot(qtbot):
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.resize(900, 600)
    plot.set_curves([*NATS, NORM])
    plot.show()
    return plot


def feed(plot, first=1, count=1000):
    steps = np.arange(first, first + count)
    plot.append(steps, {"elbo": 200 + np.sin(steps), "kl": steps / 100, "norm": np.full(count, 0.5)})


def drawn(plot):
    plot.redraw()
    QApplication.processEvents()
    return plot.canvas


def centre(plot):
    return plot.canvas.mapFromScene(plot.canvas.box.sceneBoundingRect().center())


def wheel(widget, notches):
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def drag_to(widget, pos):
    """Move with the left button down, which qtbot.mouseMove cannot."""
    at = QPointF(pos)
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, widget.mapToGlobal(at), Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_an_empty_plot_says_so_and_has_not_imported_pyqtgraph():
    script = (
        "import sys; from PySide6.QtWidgets import QApplication, QLabel; app = QApplication([])\n"
        "from genstudio.app.widgets.loss_plot import LossPlot\n"
        "plot = LossPlot(); plot.show(); app.processEvents(); plot.redraw()\n"
        "texts = [label.text() for label in plot.findChildren(QLabel) if label.isVisible()]\n"
        "print('pyqtgraph' in sys.modules, 'torch' in sys.modules, any('No curves yet' in t for t in texts))\n"
        "print(any(b.isVisible() for b in (plot.controls.follow, plot.controls.export, plot.controls.slider)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "False"]


def test_points_come_into_sight_by_themselves(plot, qtbot):
    feed(plot)
    qtbot.waitUntil(lambda: plot.canvas is not None and plot.canvas.isVisible())
    (x0, x1), (y0, y1) = plot.canvas.sight()
    assert x0 <= 1
    assert x1 >= 1000
    assert y0 < 0.01
    assert y1 > 201
    feed(plot, 1001, 5000)
    qtbot.waitUntil(lambda: plot.canvas.sight()[0][1] >= 6000)


def test_the_timer_rests_when_nothing_is_pending_or_nobody_looks(plot, qtbot):
    feed(plot)
    drawn(plot)
    qtbot.waitUntil(lambda: not plot.pending())
    plot.hide()
    feed(plot, 1001)
    assert not plot.pending()
    plot.show()
    qtbot.waitUntil(lambda: plot.canvas.sight()[0][1] >= 2000)


def test_many_appends_are_drawn_together(plot, qtbot, monkeypatch):
    feed(plot)
    drawn(plot)
    count = []
    original = type(plot.canvas).draw
    monkeypatch.setattr(type(plot.canvas), "draw", lambda *args: (count.append(1), original(*args)))
    for i in range(200):
        feed(plot, 2000 + 10 * i, 10)
    assert count == []
    qtbot.waitUntil(lambda: len(count) == 1)


def test_the_legend_shows_the_newest_values_of_the_unit_and_hides_curves(plot, qtbot):
    feed(plot)
    drawn(plot)
    buttons = plot.legend.buttons()
    assert [button.curve.label for button in buttons] == ["negative ELBO", "KL divergence"]
    assert buttons[1].accessibleDescription() == "10.00 nats per picture"
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    drawn(plot)
    assert plot.canvas.sight()[1][1] < 12  # only the small curve is left
    buttons[0].setFocus()
    qtbot.keyClick(buttons[0], Qt.Key.Key_Space)
    drawn(plot)
    assert plot.canvas.sight()[1][1] > 200


def test_another_unit_shows_its_own_curves_with_its_name_at_the_axis(plot):
    feed(plot)
    drawn(plot)
    box = plot.controls.unit_box
    assert box.isVisible()
    box.setCurrentIndex(box.findText("norm"))
    drawn(plot)
    assert [button.curve.name for button in plot.legend.buttons()] == ["norm"]
    y0, y1 = plot.canvas.sight()[1]
    assert y0 < 0.5 < y1 < 1
    assert "norm" in plot.canvas.left.label.toPlainText()
    assert plot.canvas.bottom.label.toPlainText().strip() == "step"


def test_the_unit_is_not_asked_when_there_is_one(plot):
    plot.set_curves(NATS)
    plot.append(np.array([1]), {"elbo": np.array([1.0])})
    drawn(plot)
    assert not plot.controls.unit_box.isVisible()


def test_a_zoom_survives_new_points_until_the_user_wants_everything(plot, qtbot):
    feed(plot)
    canvas = drawn(plot)
    wheel(canvas.viewport(), 3)
    zoomed = canvas.sight()
    assert zoomed[0][1] - zoomed[0][0] < 900
    assert not plot.following
    feed(plot, 1001, 5000)
    drawn(plot)
    assert canvas.sight() == zoomed
    assert not plot.controls.follow.isChecked()
    qtbot.mouseClick(plot.controls.follow, Qt.MouseButton.LeftButton)
    drawn(plot)
    assert plot.following
    assert plot.controls.follow.isChecked()
    assert canvas.sight()[0][1] >= 6000


def test_dragging_moves_and_a_double_click_shows_everything(plot, qtbot):
    feed(plot)
    canvas = drawn(plot)
    view, before = canvas.viewport(), canvas.sight()[0]
    start = centre(plot)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for dx in (20, 60, 120):
        qtbot.mouseMove(view, start + QPoint(dx, 0))
        event_pos = QPointF(start + QPoint(dx, 0))
        from PySide6.QtCore import QEvent
        from PySide6.QtGui import QMouseEvent

        QApplication.sendEvent(
            view,
            QMouseEvent(
                QEvent.Type.MouseMove,
                event_pos,
                view.mapToGlobal(event_pos),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            ),
        )
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(120, 0))
    moved = canvas.sight()[0]
    assert moved[0] < before[0] - 50
    assert moved[1] - moved[0] == pytest.approx(before[1] - before[0])
    assert not plot.following
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=start)
    drawn(plot)
    assert plot.following


def test_everything_by_keyboard(plot, qtbot):
    feed(plot)
    canvas = drawn(plot)
    canvas.setFocus()
    (a, b), (low, high) = canvas.sight()
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    (c, d), _ = canvas.sight()
    assert d - c == pytest.approx(0.8 * (b - a))
    qtbot.keyClick(canvas, Qt.Key.Key_Minus)
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    (c, d), _ = canvas.sight()
    assert c - a == pytest.approx(0.1 * (b - a))
    qtbot.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.sight()[0][0] - a == pytest.approx(0.09 * (b - a))
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.sight()[1][0] == pytest.approx(low + 0.1 * (high - low))
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    drawn(plot)
    assert plot.following
    assert canvas.sight() == ((a, b), (low, high))


def test_tab_reaches_every_control_and_all_are_named(plot):
    feed(plot)
    drawn(plot)
    plot.activateWindow()
    reached = set()
    widget = plot.controls.unit_box
    for _ in range(30):
        reached.add(widget)
        widget = widget.nextInFocusChain()
    c = plot.controls
    wanted = {c.unit_box, c.linear, c.log, c.slider, c.follow, c.export, plot.canvas, *plot.legend.buttons()}
    assert wanted <= reached
    for widget in wanted:
        assert widget.accessibleName()
        assert widget.toolTip()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_logarithmic_scale_leaves_out_what_is_not_positive(plot, qtbot):
    plot.append(np.arange(1, 6), {"elbo": np.array([1000.0, 0.0, -5.0, 10.0, 100.0])})
    canvas = drawn(plot)
    qtbot.mouseClick(plot.controls.log, Qt.MouseButton.LeftButton)
    drawn(plot)
    y0, y1 = canvas.sight()[1]
    assert 0.5 < y0 < 1
    assert 3 < y1 < 3.5
    assert canvas.left.tickStrings([1.0, 2.0, 3.0], 1, 0) == ["10", "100", "1,000"]


def test_smoothing_draws_a_second_line_and_the_raw_one_stays(plot):
    feed(plot)
    plot.controls.slider.setValue(0)
    canvas = drawn(plot)
    assert plot.controls.smoothing_label.text() == "smoothing off"
    raw, smooth = canvas.lines[0]
    assert raw.isVisible()
    assert not smooth.isVisible()
    plot.controls.slider.setValue(STOPS.index(0.95))
    drawn(plot)
    assert plot.controls.smoothing_label.text() == "smoothing 0.95"
    assert raw.isVisible()
    assert smooth.isVisible()
    inner = smooth.yData[len(smooth.yData) // 2 :]
    assert np.ptp(inner) < 0.5 * np.ptp(raw.yData)


def test_marks_stand_at_their_step_and_their_words_do_not_overlap(plot):
    feed(plot)
    for step, text in ((500, "β 1 → 2"), (510, "learning rate 0.001 → 0.0005"), (520, "advice: diverging")):
        plot.add_mark(step, text)
    canvas = drawn(plot)
    drawn(plot)
    shown = [(line, text) for line, text in canvas.marks.items() if line.isVisible()]
    assert [line.value() for line, _ in shown] == [500, 510, 520]
    boxes = [text.sceneBoundingRect() for _, text in shown if text.isVisible()]
    assert len(boxes) == 3
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])
    plot.clear()
    drawn(plot)
    feed(plot)
    drawn(plot)
    assert not any(line.isVisible() for line, _ in canvas.marks.items())


def test_a_hundred_marks_at_one_place_do_not_bury_the_plot(plot):
    feed(plot)
    for i in range(100):
        plot.add_mark(500 + i, f"learning rate 0.{i:03d}")
    canvas = drawn(plot)
    drawn(plot)
    assert 10 < sum(line.isVisible() for line, _ in canvas.marks.items()) < 40
    assert 1 <= sum(text.isVisible() for _, text in canvas.marks.items()) <= 6
    assert canvas.roof() < 0.2


def test_the_pointer_reads_step_and_values_and_goes_away(plot, qtbot):
    feed(plot)
    canvas = drawn(plot)
    at = centre(plot)
    qtbot.mouseMove(canvas.viewport(), at - QPoint(3, 0))
    qtbot.mouseMove(canvas.viewport(), at)
    qtbot.waitUntil(lambda: canvas.readout.isVisible())
    text = canvas.readout.text()
    assert "negative ELBO" in text
    assert "KL divergence" in text
    step = round(canvas.box.mapSceneToView(canvas.mapToScene(at)).x())
    assert f"step {step:,}" in text
    assert canvas.rect().contains(canvas.readout.geometry())
    feed(plot, 1001)  # the crosshair stays while points arrive
    drawn(plot)
    assert canvas.readout.isVisible()
    canvas.pointed.emit(None)
    assert not canvas.readout.isVisible()


def test_the_readout_fits_at_both_borders(plot):
    feed(plot)
    canvas = drawn(plot)
    for step in canvas.sight()[0]:
        canvas.pointed.emit(step)
        assert canvas.rect().contains(canvas.readout.geometry())


def test_load_replaces_what_was_there(plot):
    feed(plot)
    plot.load({"elbo": ([5, 6], [1.0, 2.0]), "kl": ([5], [np.nan])}, [(6, "β 1 → 2")])
    canvas = drawn(plot)
    assert plot.data.extent() == (5, 6)
    assert [mark.text for mark in plot.data.marks] == ["β 1 → 2"]
    assert canvas.sight()[0][1] < 8


def test_one_point_only_gaps_and_a_flat_line_can_be_drawn(plot):
    plot.append(np.array([3]), {"elbo": np.array([2.0])})
    canvas = drawn(plot)
    y0, y1 = canvas.sight()[1]
    assert y0 < 2 < y1
    plot.load({"elbo": ([1, 2, 3], [np.nan, np.inf, np.nan])})
    drawn(plot)
    assert plot.legend.buttons()[0].accessibleDescription().startswith("∞")  # the newest number, a gap looked over
    plot.load({"elbo": (np.arange(50), np.full(50, 1e-7))})
    drawn(plot)
    y0, y1 = canvas.sight()[1]
    assert y0 < 1e-7 < y1


def test_unknown_curves_are_refused(plot):
    with pytest.raises(ValueError, match="no such curve"):
        plot.append(np.array([1]), {"wat": np.array([1.0])})


def test_export_writes_picture_drawing_and_all_numbers(plot, tmp_path):
    feed(plot, 1, 30_000)
    plot.add_mark(15_000, "β 1 → 2")
    drawn(plot)
    for suffix in (".png", ".svg", ".csv"):
        plot.export(tmp_path / f"losses{suffix}")
    image = QImage(str(tmp_path / "losses.png"))
    assert image.width() > 1600
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert set(theme.tokens().series[:2]) <= colours
    root = ElementTree.parse(tmp_path / "losses.svg").getroot()
    words = " ".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))
    for word in ("negative ELBO", "β 1 → 2", "step", "10,000"):
        assert word in words
    assert len((tmp_path / "losses.csv").read_text("utf-8").splitlines()) == 30_001


def test_export_explains_what_it_cannot_do(plot, tmp_path):
    with pytest.raises(InputError, match=r"losses\.gif.*\.png, \.svg or \.csv"):
        plot.export(tmp_path / "losses.gif")
    with pytest.raises(InputError, match="no curve yet"):
        plot.export(tmp_path / "losses.png")
    feed(plot)
    with pytest.raises(WorkError, match=r"nowhere.*cannot be written.*Choose another folder"):
        plot.export(tmp_path / "nowhere" / "losses.csv")


def test_the_export_menu_asks_without_blocking_and_reports_problems(plot, qtbot, tmp_path):
    feed(plot)
    drawn(plot)
    actions = plot.controls.export.menu().actions()
    assert [action.text() for action in actions] == ["Picture (PNG)…", "Drawing (SVG)…", "Numbers (CSV)…"]
    actions[2].trigger()
    (dialog,) = plot.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").exists()
    with qtbot.waitSignal(plot.problem) as caught:
        dialog.fileSelected.emit(str(tmp_path / "nowhere" / "a.csv"))
    assert "nowhere" in caught.args[0]
    dialog.close()


def test_the_theme_changes_live(plot):
    feed(plot)
    canvas = drawn(plot)
    app = QApplication.instance()
    try:
        theme.apply(app, "light")
        drawn(plot)
        image = plot.grab().toImage()
        assert image.pixelColor(centre(plot).x(), 300).lightness() > 150
        assert canvas.lines[0][1].opts["pen"].color().name() == theme.LIGHT.series[0]
    finally:
        theme.apply(app, "dark")
    drawn(plot)
    assert canvas.lines[0][1].opts["pen"].color().name() == theme.DARK.series[0]


def test_nothing_is_clipped_when_the_plot_is_narrow(plot):
    feed(plot)
    drawn(plot)
    plot.resize(plot.minimumSizeHint().width(), 320)
    drawn(plot)
    for widget in (*plot.legend.buttons(), *plot.controls.findChildren(QLabel)):
        if widget.isVisible():
            assert widget.width() >= widget.sizeHint().width()
            assert widget.height() >= widget.minimumSizeHint().height()
            corner = widget.mapTo(plot, widget.rect().bottomRight())
            assert plot.rect().contains(corner)


@pytest.mark.parametrize("width", [440, 560, 700, 1000])
def test_controls_never_overlap_and_come_back_when_there_is_room(plot, qtbot, width):
    feed(plot)
    drawn(plot)
    controls, panel = plot.controls, plot.controls._panel

    def places():
        shown = [w for w in panel.findChildren(QWidget) if w.isVisible() and w.parent() is panel]
        return sorted((w.x(), w.x() + w.width(), w.minimumWidth() or w.minimumSizeHint().width()) for w in shown)

    def in_order():
        found = places()
        apart = all(right <= left for (_, right, _), (left, _, _) in pairwise(found))
        return apart and all(right - left >= least for left, right, least in found)

    controls.setFixedWidth(width)
    qtbot.waitUntil(lambda: in_order() and controls.rect().contains(panel.geometry()))
    assert controls.slider.isVisible()
    assert controls.smoothing_label.isVisible() or width < 700
    assert not controls._step.isVisible() or width > 440
    controls.setFixedWidth(1000)
    qtbot.waitUntil(lambda: controls._step.isVisible() and controls.smoothing_label.isVisible() and in_order())


def test_new_points_wait_longer_than_a_hand_where_drawing_is_slow(plot, qtbot):
    feed(plot)
    drawn(plot)
    plot._rest = 60_000  # as if a frame took very long
    feed(plot, 1001)
    assert plot.pending()
    assert plot.canvas.sight()[0][1] < 2000
    plot.follow()
    qtbot.waitUntil(lambda: plot.canvas.sight()[0][1] >= 2000)
    assert 33 <= plot._rest <= 200


# --- curves that a setting does not use ----------------------------------------------------------------


def test_a_curve_without_points_is_not_in_the_legend_until_it_has_some(plot):
    plot.set_curves([Curve("a", "a", "nats"), Curve("b", "b", "nats"), Curve("c", "c", "norm")])
    steps = np.arange(1, 4)
    plot.append(steps, {"a": steps * 1.0, "b": np.full(3, np.nan)})
    plot.redraw()
    assert [curve.name for curve in plot.legend.curves()] == ["a"]
    assert plot.controls.units() == ("nats",)
    assert not plot.controls.unit_box.isVisible()
    colour = {curve.name: c for curve, c in plot.legend.shown()}["a"]
    plot.append(steps + 3, {"a": steps * 1.0, "b": steps * 2.0, "c": steps * 3.0})
    plot.redraw()
    assert [curve.name for curve in plot.legend.curves()] == ["a", "b"]
    assert plot.controls.units() == ("nats", "norm")
    assert plot.controls.unit == "nats"
    assert {curve.name: c for curve, c in plot.legend.shown()}["a"] == colour


def test_a_curve_that_comes_up_late_takes_a_free_colour_and_the_others_keep_theirs(plot):
    names = [f"c{i}" for i in range(9)]
    plot.set_curves([Curve(name, name, "nats") for name in names])
    steps = np.arange(1, 4)
    plot.append(steps, dict.fromkeys(("c1", "c7"), steps * 1.0))  # six apart, as many as there are colours
    plot.redraw()
    before = {curve.name: c for curve, c in plot.legend.shown()}
    assert len(set(before.values())) == 2
    plot.append(steps + 3, dict.fromkeys(("c0", "c1", "c7"), steps * 1.0))
    plot.redraw()
    after = {curve.name: c for curve, c in plot.legend.shown()}
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 3
