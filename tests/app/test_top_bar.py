"""The top bar offers just what can be done now, asks before it discards, and keeps the focus harmless."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton

from genstudio.app.widgets.top_bar import TopBar

RUNNING = ("starting", "training", "paused", "stopping")


@pytest.fixture
def bar(qtbot):
    bar = TopBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.activateWindow()
    qtbot.waitUntil(bar.isActiveWindow, timeout=20_000)
    return bar


def offered(bar):
    """Text of the buttons that can be pressed, left to right; those only shown stand in brackets."""
    buttons = sorted((b for b in bar.findChildren(QPushButton) if b.isVisible()), key=lambda b: b.x())
    return [b.text() if b.isEnabled() else f"({b.text()})" for b in buttons]


@pytest.mark.parametrize(
    ("phase", "can_go_on", "buttons"),
    [
        ("empty", False, ["Check first", "Add to queue", "Train"]),
        ("idle", False, ["Check first", "Add to queue", "Train"]),
        ("idle", True, ["Check first", "Add to queue", "Resume", "Train"]),
        ("starting", False, ["Set up next run", "(Pause)", "Stop and keep", "Discard"]),
        ("training", True, ["Set up next run", "Pause", "Stop and keep", "Discard"]),
        ("paused", True, ["Set up next run", "Resume", "Stop and keep", "Discard"]),
        ("stopping", True, ["Set up next run", "(Stop and keep)"]),
    ],
)
def test_f48_each_phase_has_its_buttons(bar, phase, can_go_on, buttons):
    for before in ("empty", *RUNNING, "idle"):  # whatever it was before
        bar.set_phase(before, "new", True)
        bar.set_phase(phase, "stopped", can_go_on)
        assert offered(bar) == buttons


@pytest.mark.parametrize(
    ("phase", "state", "word"),
    [
        ("empty", "new", ""), ("empty", "failed", "Failed"), ("idle", "finished", "Finished"),
        ("idle", "interrupted", "Interrupted"), ("idle", "failed", "Failed"), ("starting", "failed", "Starting"),
        ("training", "stopped", "Training"), ("paused", "new", "Paused"), ("stopping", "new", "Saving"),
    ],
)  # fmt: skip
def test_the_state_stands_in_words(bar, phase, state, word):
    bar.set_phase(phase, state, False)
    assert (bar.chip.text() if bar.chip.isVisible() else "") == word


def test_discard_asks_in_place(bar, qtbot):
    asked = []
    bar.discard_asked.connect(lambda: asked.append(1))
    bar.set_phase("training", "new", False)
    qtbot.mouseClick(bar.discard, Qt.MouseButton.LeftButton)
    assert offered(bar) == ["Discard it", "Keep it"]
    assert bar.sure.isVisible()
    assert QApplication.focusWidget() is bar.no  # Enter or Space by habit keeps the run
    qtbot.keyClick(bar.no, Qt.Key.Key_Space)
    assert offered(bar) == ["Set up next run", "Pause", "Stop and keep", "Discard"]
    assert asked == []
    qtbot.mouseClick(bar.discard, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.yes, Qt.MouseButton.LeftButton)
    assert asked == [1]


def test_the_question_goes_when_the_training_ends_meanwhile(bar, qtbot):
    bar.set_phase("training", "new", False)
    qtbot.mouseClick(bar.discard, Qt.MouseButton.LeftButton)
    bar.set_phase("idle", "finished", True)
    assert offered(bar) == ["Check first", "Add to queue", "Resume", "Train"]
    bar.set_phase("training", "new", False)
    assert offered(bar) == ["Set up next run", "Pause", "Stop and keep", "Discard"]


def test_f48_the_focus_stays_where_space_means_the_same(bar, qtbot):
    bar.set_phase("training", "new", False)
    bar.pause.setFocus()
    bar.set_phase("paused", "new", False)
    assert QApplication.focusWidget() is bar.resume
    bar.set_phase("training", "new", False)
    assert QApplication.focusWidget() is bar.pause


@pytest.mark.parametrize("pressed", ["train", "go_on", "pause", "resume", "stop", "discard", "yes", "no"])
@pytest.mark.parametrize("after", ["empty", "idle", *RUNNING])
def test_f48_no_button_inherits_the_focus_of_one_that_went(bar, pressed, after):
    before = {"train": "idle", "go_on": "idle", "resume": "paused"}.get(pressed, "training")
    bar.set_phase(before, "new", True)
    if pressed in ("yes", "no"):
        bar.discard.click()
    button = getattr(bar, pressed)
    button.setFocus()
    bar.set_phase(after, "new", True)
    focus = QApplication.focusWidget()
    if button.isVisible() and button.isEnabled():
        assert focus is button
    else:
        assert focus in (bar, bar.pause, bar.resume)


def test_train_says_why_it_cannot(bar):
    bar.set_can_train(False, "A knob is wrong.")
    assert not bar.train.isEnabled()
    assert bar.train.toolTip() == "A knob is wrong."
    bar.set_can_train(True)
    assert "Ctrl+Return" in bar.train.toolTip()


def test_the_next_run_is_set_up_and_queued_while_one_trains(bar, qtbot):
    asked, queued = [], []
    bar.draft_asked.connect(asked.append)
    bar.queue_asked.connect(lambda: queued.append(1))
    bar.set_phase("training", "new", False)
    qtbot.mouseClick(bar.next, Qt.MouseButton.LeftButton)
    bar.set_drafting(True)
    assert offered(bar) == ["Back to this run", "Add to queue", "Pause", "Stop and keep", "Discard"]
    qtbot.mouseClick(bar.queue, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.back, Qt.MouseButton.LeftButton)
    assert (asked, queued) == ([True, False], [1])
    bar.set_phase("idle", "finished", True)
    assert offered(bar) == ["Back to this run", "Check first", "Add to queue", "Resume", "Train"]


def test_a_long_name_pushes_nothing_aside(bar, qtbot):
    bar.set_phase("training", "new", False)
    bar.set_title("a very long name of a run " * 20)
    qtbot.waitUntil(lambda: bar.minimumWidth() < 800, timeout=20_000)  # what was hidden takes no room any more
    bar.resize(800, 40)
    assert bar.title.toolTip() == bar.title.text()
    assert all(b.x() + b.width() <= 800 for b in bar.findChildren(QPushButton) if b.isVisible())
