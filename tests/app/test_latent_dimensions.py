"""The panel of dimensions: ordered, the dead ones folded, everything by mouse and key."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from genstudio.app import theme
from genstudio.app.widgets.latent_dimensions import DimensionPanel


def dimensions(size=4, dead=(), effect=None, kl=None, note=""):
    """As the engine measures them; the later dimensions do more."""
    effect = np.arange(1, size + 1, dtype=np.float32) if effect is None else np.asarray(effect, np.float32)
    gone = np.isin(np.arange(size), dead)
    order = np.lexsort((-np.nan_to_num(effect), gone))
    return SimpleNamespace(
        kl=kl, mean=np.full(size, 0.5, np.float32), std=np.ones(size, np.float32), effect=effect,
        low=np.full(size, -2.5, np.float32), high=np.full(size, 3.5, np.float32), order=order, dead=gone, note=note,
    )  # fmt: skip


@pytest.fixture
def panel(qtbot):
    widget = DimensionPanel()
    qtbot.addWidget(widget)
    widget.resize(268, 580)
    widget.show()
    return widget


def names(rows):
    return [rows.row(i).facts.name for i in range(len(rows))]


def test_without_dimensions_it_says_what_to_do_first(panel):
    assert "Open a run" in panel.summary.text()
    assert not panel.traversal.isVisible()
    panel.show_dimensions(dimensions())
    panel.clear("This family has none.")
    assert panel.summary.text() == "This family has none."
    assert len(panel.alive) == 0


def test_those_that_do_most_stand_first_and_the_dead_are_counted_and_folded(panel, qtbot):
    panel.show_dimensions(dimensions(6, dead=(2, 4)))
    assert names(panel.alive) == ["dimension 6", "dimension 4", "dimension 2", "dimension 1"]
    assert panel.summary.text() == "4 dimensions by visible effect"
    assert panel.fold.text() == "2 of 6 dimensions carry nothing"
    assert not panel.dead.isVisible()
    qtbot.mouseClick(panel.fold, Qt.MouseButton.LeftButton)
    assert panel.dead.isVisible()
    assert names(panel.dead) == ["dimension 5", "dimension 3"]
    assert all(panel.dead.row(i).facts.faint for i in range(2))
    panel.show_dimensions(dimensions(6))
    assert not panel.fold.isVisible()


def test_all_dead_is_told_with_a_remedy(panel):
    panel.show_dimensions(dimensions(3, dead=(0, 1, 2)))
    assert panel.summary.text().startswith("None of the 3 dimensions carries anything yet")
    assert not panel.traversal.isEnabled()


def test_a_tooltip_tells_the_figures_with_their_units(panel):
    panel.show_dimensions(
        dimensions(2, effect=[np.nan, 8.24], kl=np.array([2.311, 0.5], np.float32), note="At 2 codes.")
    )
    assert (
        panel.alive.row(0).toolTip().startswith("KL 0.50 nats · changes pixels by 8.2 % from −1 σ to +1 σ · σ 1.00.")
    )
    assert panel.alive.row(1).toolTip().startswith("KL 2.31 nats · σ 1.00.")
    assert [panel.alive.row(i).facts.share for i in range(2)] == [1.0, 0.0]
    assert panel.note.text() == "At 2 codes."
    panel.show_dimensions(dimensions(2, effect=[np.nan, np.nan], kl=np.array([1.0, 2.0], np.float32)))
    assert sorted(panel.alive.row(i).facts.share for i in range(2)) == [0.5, 1.0]
    panel.show_dimensions(dimensions(2, effect=[np.nan, np.nan]))
    assert panel.alive.row(0).facts.share is None


def test_a_code_sets_the_sliders_and_emits_nothing(panel, qtbot):
    panel.show_dimensions(dimensions())
    with qtbot.assertNotEmitted(panel.moved), qtbot.assertNotEmitted(panel.move_ended):
        panel.show_code(np.array([1, 2, 3, -9], np.float32))
    assert [panel.alive.row(i).value() for i in range(4)] == [-9.0, 3.0, 2.0, 1.0]
    assert [panel.alive.row(i).slider.value() for i in range(2)] == [0, 550]


def test_a_code_that_comes_first_is_kept_and_one_of_another_model_forgotten(panel):
    panel.show_code(np.array([1, 2, 3, 4], np.float32))
    panel.show_dimensions(dimensions())
    assert panel.alive.row(0).value() == 4.0
    panel.show_dimensions(dimensions(6))
    assert [panel.alive.row(i).value() for i in range(6)] == [0.5] * 6


def test_moving_a_slider_tells_the_dimension(panel, qtbot):
    panel.show_dimensions(dimensions())
    panel.show_code(np.zeros(4, np.float32))
    heard = []
    panel.moved.connect(lambda *said: heard.append(said))
    panel.move_ended.connect(lambda: heard.append("ended"))
    qtbot.keyClick(panel.alive.row(1).slider, Qt.Key.Key_Right)
    assert heard == [(2, pytest.approx(0.1)), "ended"]


def test_resets_go_back_to_the_base_or_else_the_mean(panel, qtbot):
    panel.show_dimensions(dimensions())
    panel.show_code(np.zeros(4, np.float32))
    with qtbot.waitSignal(panel.reset_asked) as told:
        qtbot.mouseClick(panel.reset_all, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(told.args[0], np.full(4, 0.5, np.float32))
    assert not panel.reset_all.isEnabled()
    panel.set_base(np.ones(4, np.float32))
    assert panel.reset_all.isEnabled()
    qtbot.keyClick(panel.alive.row(0).slider, Qt.Key.Key_0)
    assert panel.alive.row(0).value() == 1.0
    qtbot.mouseClick(panel.reset_all, Qt.MouseButton.LeftButton)
    assert [panel.alive.row(i).value() for i in range(4)] == [1.0] * 4
    assert not panel.reset_all.isEnabled()


def test_new_figures_in_the_middle_of_a_drag_wait_until_it_is_over(panel, qtbot):
    panel.show_dimensions(dimensions())
    slider = panel.alive.row(0).slider
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 9, slider.height() // 2))
    panel.show_dimensions(dimensions(effect=[9, 8, 7, 6]))
    assert names(panel.alive)[0] == "dimension 4"
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 9, slider.height() // 2))
    assert names(panel.alive)[0] == "dimension 1"


def test_the_traversal_grid_is_asked_for_and_progress_shown(panel, qtbot):
    panel.show_dimensions(dimensions())
    with qtbot.waitSignal(panel.traversal_asked):
        qtbot.mouseClick(panel.traversal, Qt.MouseButton.LeftButton)
    top = panel.alive.mapTo(panel, QPoint(0, 0)).y()
    panel.set_busy(0.4)
    assert panel.busy.isVisible()
    assert panel.busy.value() == 40
    assert panel.alive.mapTo(panel, QPoint(0, 0)).y() == top
    panel.set_busy(None)
    assert not panel.busy.isVisible()


def test_a_thousand_dimensions_make_only_the_rows_in_sight(panel, qtbot):
    panel.show_dimensions(dimensions(1024))
    panel.show_code(np.zeros(1024, np.float32))
    qtbot.waitUntil(lambda: not panel.alive._timer.isActive())
    assert len(panel.alive) == 1024
    assert len(panel.alive._made) < 40


def test_it_is_painted_in_both_themes(panel, qapp):
    panel.show_dimensions(dimensions(6, dead=(1,)))
    for mode in ("light", "dark"):
        theme.apply(qapp, mode)
        assert not panel.grab().isNull()
