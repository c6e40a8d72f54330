"""One line of figures: each with its unit, and none that dances."""

import pytest

from genstudio.app.widgets.bottom_bar import BottomBar
from genstudio.core.events import Progress


@pytest.fixture
def bar(qtbot):
    bar = BottomBar()
    qtbot.addWidget(bar)
    bar.resize(1000, 24)
    bar.show()
    return bar


def progress(**values):
    facts = {
        "step": 1200, "total": 5000, "fraction": 0.24, "seconds": 98.0, "samples_per_second": 8140.4,
        "remaining": 312.0, "memory": 1, "saved": 1000,
    }  # fmt: skip
    return Progress(**{**facts, **values})


def test_it_starts_with_nothing(bar):
    assert bar.text.text() == "Nothing is training."
    assert bar.bar.value() == 0


def test_every_figure_has_its_unit(bar):
    bar.show_progress(progress())
    assert bar.text.text().split("  ·  ") == [
        "1,200 of 5,000 steps", "8,140 items/s", "1 min 38 s", "about 5 min 12 s left", "saved at step 1,000",
    ]  # fmt: skip
    assert bar.bar.value() / bar.bar.maximum() == pytest.approx(0.24)


def test_at_the_end_nothing_is_estimated(bar):
    bar.show_progress(progress(step=5000, fraction=1.0, saved=5000), done=True)
    assert bar.text.text().split("  ·  ") == ["5,000 of 5,000 steps", "1 min 38 s", "saved at step 5,000"]
    assert bar.bar.value() == bar.bar.maximum()


def test_without_an_end_the_bar_moves_until_it_is_done(bar):
    endless = progress(total=None, fraction=None, remaining=None, saved=None)
    bar.show_progress(endless)
    assert bar.bar.maximum() == 0  # Qt's busy bar
    assert bar.text.text().startswith("1,200 steps  ·  ")
    assert bar.text.text().endswith("not saved yet")
    bar.show_progress(endless, done=True)
    assert bar.bar.maximum() > 0


def test_the_bar_does_not_jump_with_each_digit(bar, qtbot):
    bar.show_progress(progress(samples_per_second=10_000))
    qtbot.wait(0)
    width = bar.bar.width()
    bar.show_progress(progress(samples_per_second=9))
    qtbot.wait(0)
    assert bar.bar.width() == width


def test_the_figures_end_at_the_right_edge(bar, qtbot):
    bar.show_progress(progress())
    bar.show_progress(progress(), done=True)
    qtbot.wait(0)
    text = bar.text
    assert text.geometry().right() >= bar.width() - 2
    shown = text.fontMetrics().horizontalAdvance(text.text())
    picture = text.grab().toImage()
    ink = [x for x in range(picture.width()) if len({picture.pixel(x, y) for y in range(picture.height())}) > 1]
    assert max(ink) > picture.width() - 8
    assert max(ink) - min(ink) < shown + 8


def test_busy_and_clear(bar):
    bar.busy("Preparing …")
    assert (bar.bar.maximum(), bar.text.text()) == (0, "Preparing …")
    bar.clear("12 steps")
    assert (bar.bar.maximum() > 0, bar.bar.value(), bar.text.text()) == (True, 0, "12 steps")


def test_runs_that_wait_are_counted_and_a_click_leads_to_them(bar, qtbot):
    asked = []
    bar.queue_asked.connect(lambda: asked.append(1))
    assert not bar.queue.isVisible()
    bar.set_waiting(2)
    assert bar.queue.text() == "2 waiting"
    bar.queue.click()
    assert asked == [1]
    bar.set_waiting(0)
    assert not bar.queue.isVisible()
