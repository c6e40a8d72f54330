"""The queue in the window: runs wait, are put into order, train one after the other, and survive a restart."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from studio import SMALL, Studio

from genstudio.app.widgets.queue_card import QueueCard
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.queue import Item
from genstudio.engine.run import Run

ALT = Qt.KeyboardModifier.AltModifier


def item(number, name, state="waiting", text="", run=""):
    spec = RunSpec(family="vae", data="digits", preset="balanced", training=TrainingConfig(steps=2000))
    return Item(number=number, name=name, spec=spec, state=state, text=text, run=run)


@pytest.fixture
def card(qtbot):
    card = QueueCard()
    qtbot.addWidget(card)
    card.set_items([item(1, "a"), item(2, "b"), item(3, "c")], active=False, training=False)
    card.show()
    card.orders = []
    card.ordered.connect(card.orders.append)
    return card


def choose(card, row):
    card.list.setCurrentRow(row)


# --- the card ----------------------------------------------------------------------------------------


def test_it_says_what_waits_and_is_hidden_without_any(card):
    assert card._note.text() == "3 waiting · not started"
    assert card.list.item(0).text() == "a, vae · balanced · 2,000 steps, waiting"
    card.set_items([item(1, "a", "training"), item(2, "b")], active=True, training=True)
    assert card._note.text() == "1 waiting · the next one begins when this run ends"
    card.set_items([], active=False, training=False)
    assert not card.isVisible()


@pytest.mark.parametrize("how", ["buttons", "keys"])
def test_order_by_buttons_and_keys(card, qtbot, how):
    choose(card, 0)
    assert not card.up.isEnabled()
    if how == "buttons":
        qtbot.mouseClick(card.down, Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(card.list, Qt.Key.Key_Down, ALT)
    assert card.orders == [[2, 1, 3]]
    card.set_items([item(2, "b"), item(1, "a"), item(3, "c")], active=False, training=False)
    assert card.list.chosen() == 1  # it is still the chosen one
    qtbot.keyClick(card.list, Qt.Key.Key_Up, ALT)
    assert card.orders[-1] == [1, 2, 3]
    choose(card, 0)
    qtbot.keyClick(card.list, Qt.Key.Key_Up, ALT)  # no further
    assert len(card.orders) == 2


def test_order_by_dragging(card):
    card.list.model().moveRow(QModelIndex(), 2, QModelIndex(), 0)  # what Qt does when a row is dropped
    assert card.orders == [[3, 1, 2]]


def test_remove_by_button_and_key_but_not_what_trains(card, qtbot):
    gone = []
    card.removed.connect(gone.append)
    choose(card, 1)
    qtbot.keyClick(card.list, Qt.Key.Key_Delete)
    qtbot.mouseClick(card.remove, Qt.MouseButton.LeftButton)
    assert gone == [2, 2]
    card.set_items([item(1, "a", "training")], active=True, training=True)
    choose(card, 0)
    assert not card.remove.isEnabled()


def test_a_failure_says_why_and_a_run_that_has_begun_can_be_opened(card, qtbot):
    opened = []
    card.opened.connect(opened.append)
    card.set_items([item(1, "a", "failed", "The data is gone.", "a"), item(2, "b")], active=False, training=False)
    assert "failed: The data is gone." in card.list.item(0).text()
    assert "The data is gone." in card.list.item(0).toolTip()
    choose(card, 0)
    qtbot.keyClick(card.list, Qt.Key.Key_Return)
    choose(card, 1)
    qtbot.keyClick(card.list, Qt.Key.Key_Return)
    assert opened == ["a"]
    assert card.clear.isEnabled()


# --- the window --------------------------------------------------------------------------------------


def queue_up(studio, *steps, **values):
    for count in steps:
        studio.page.choose_family("vae", {**SMALL, "steps": count, **values})
        studio.press("Add to queue")


def states(studio):
    return [i.state for i in studio.window.queue.items]


def steps_of(studio, name):
    return Run.open(studio.window.runs_folder() / name).document.step


def test_queued_runs_train_one_after_the_other_and_the_last_one_is_shown(studio):
    queue_up(studio, 3, 5)
    assert states(studio) == ["waiting", "waiting"]
    assert studio.window.bottom.queue.text() == "2 waiting"
    assert not studio.session.running
    studio.press("2 waiting")
    assert studio.window.stack.currentWidget() is studio.window.runs_page
    studio.press("Start queue", studio.window.runs_page)
    studio.quiet()
    assert states(studio) == ["finished", "finished"]
    assert (steps_of(studio, "digits vae"), steps_of(studio, "digits vae-2")) == (3, 5)
    assert studio.window.top.title.text() == "digits vae-2"
    assert studio.state == "Finished"
    assert "The queue is done." in studio.said
    assert not studio.window.bottom.queue.isVisible()
    studio.press("Clear finished")
    studio.quiet()
    assert not studio.window.runs_page.queue.isVisible()
    assert not (studio.window.runs_folder() / "queue.json").exists()


def test_the_next_run_is_set_up_while_one_trains_and_begins_when_it_ends(studio):
    studio.train_until_pictures(beta=1.0)
    assert not studio.offers("Add to queue")
    studio.press("Set up next run")
    assert studio.knob("Latent dimension").isEnabled()
    assert studio.page.model.family.isEnabled()
    studio.retype(studio.knob("Steps"), "4")
    studio.retype(studio.knob("β"), "7")
    studio.press("Add to queue")
    studio.press("Back to this run")
    assert studio.knob("β").value() == 1.0
    assert not studio.knob("Latent dimension").isEnabled()
    studio.qtbot.wait(100)
    assert not any("7" in mark.text for mark in studio.page.plot.data.marks)  # the running job never heard of it
    studio.window.train_page.setup.edited.emit("beta", 2.0)
    studio.wait(lambda: any("β 1 → 2" in mark.text for mark in studio.page.plot.data.marks))
    assert studio.knob("β").value() == 2.0
    assert studio.window.queue.active


def test_after_a_restart_the_queue_waits_and_goes_on_with_the_run_that_was_under_way(studio, qtbot):
    queue_up(studio, 0, 3)
    studio.window.start_queue()
    studio.wait(lambda: studio.session.phase == "training" and studio.window.shown.progress is not None)
    studio.window.close()
    studio.click(studio.window.question.stop)
    studio.wait(lambda: not studio.window.isVisible())
    second = Studio(qtbot).open()
    try:
        assert states(second) == ["interrupted", "waiting"]
        assert not second.session.running
        before = steps_of(second, "digits vae")
        second.window.queue.queue.own()  # else it reads the file once more when it starts
        first = second.window.queue.items[0]
        training = first.spec.training.with_values({"steps": before + 2})
        changed = first.model_copy(update={"spec": first.spec.model_copy(update={"training": training})})
        second.window.queue.queue.items = (changed, *second.window.queue.items[1:])
        second.window.start_queue()
        second.quiet()
        assert steps_of(second, "digits vae") == before + 2
        assert "finished" in states(second)
    finally:
        second.end()
