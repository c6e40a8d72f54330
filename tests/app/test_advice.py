"""Advice of the training doctor: cards that explain, help with one click, and go when they were read."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from studio import SMALL

from genstudio.app.pages.train import TrainPage
from genstudio.app.settings import Settings
from genstudio.app.warm import load_families
from genstudio.core.events import Advice, Edited
from genstudio.engine.trainer import Trainer

SLOWER = Advice(1200, "D01", "It diverges", "3 of 200 steps gave no finite loss.", {"learning_rate": 5e-4})
WARM = Advice(1300, "D04", "9 of 32 dimensions carry nothing", "Their KL is low.", {"kl_warmup": 2000, "beta": 0.5})


@pytest.fixture
def page(qtbot):
    """The page alone with a VAE in training, families loaded."""
    page = TrainPage()
    qtbot.addWidget(page)
    page.resize(1100, 800)
    page.set_catalog(load_families()[0], Settings(family="vae"))
    page.choose_family("vae", {"learning_rate": 1e-3, "beta": 1.0, "kl_warmup": 500})
    page.begin(fresh=True)
    page.show()
    page.sent = []
    page.edited.connect(lambda name, value: page.sent.append((name, value)))
    return page


def press(qtbot, button):
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def cards(page):
    return page.setup.advice.cards()


def words(card):
    return [label.text() for label in card.findChildren(QLabel)]


def test_a_card_says_what_is_wrong_with_evidence_step_and_remedy(page):
    assert not page.setup.advice.isVisible()
    page.take([SLOWER])
    (card,) = cards(page)
    assert card.isVisible()
    assert words(card) == ["It diverges", "step 1,200", "3 of 200 steps gave no finite loss."]
    assert card.apply.text() == "Set learning rate to 0.0005"
    assert card.accessibleName() == "Advice at step 1,200: It diverges. 3 of 200 steps gave no finite loss."
    assert [(mark.step, mark.text) for mark in page.plot.data.marks] == [(1200, "It diverges")]


def test_one_click_changes_the_knob_and_tells_training(page, qtbot):
    page.take([SLOWER])
    (card,) = cards(page)
    press(qtbot, card.apply)
    assert page.sent == [("learning_rate", 5e-4)]
    assert page.form.values()["learning_rate"] == 5e-4
    assert card.apply.text() == "Applied"
    assert not card.apply.isEnabled()
    page.take([Edited(1201, "Learning rate", 1e-3, 5e-4)])
    assert page.plot.data.marks[-1].text == "Learning rate 0.001 → 0.0005"
    assert page.sent == [("learning_rate", 5e-4)]


def test_several_are_counted_newest_on_top_and_one_of_a_code_replaces_the_one_before(page, qtbot):
    advice = page.setup.advice
    page.take([SLOWER, WARM, Advice(1500, "D01", "It still diverges", "Again.", {})])
    assert [card.advice.step for card in cards(page)] == [1500, 1300]
    assert advice._count.text() == "Advice · 2"
    assert not cards(page)[0].apply.isVisible()  # nothing to apply
    press(qtbot, advice.dismiss_all)
    assert cards(page) == []
    assert not advice.isVisible()
    assert not page.setup.notes.isVisible()


def test_escape_dismisses_and_the_next_card_has_the_focus(page, qtbot):
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow, timeout=20_000)
    page.take([SLOWER, WARM])
    top, below = cards(page)
    top.apply.setFocus()
    qtbot.keyClick(top.apply, Qt.Key.Key_Escape)
    assert cards(page) == [below]
    assert QApplication.focusWidget() is below.close_button
    press(qtbot, below.close_button)
    assert cards(page) == []


def test_what_is_fixed_while_training_is_set_in_the_next_run(page, qtbot):
    page.take([WARM])
    (card,) = cards(page)
    assert "in the next run" in card.apply.toolTip()
    press(qtbot, card.apply)
    assert page.setup.drafting
    assert page.sent == []
    assert (page.form.values()["kl_warmup"], page.form.values()["beta"]) == (2000, 0.5)
    page.setup.leave_draft()
    assert page.form.values()["kl_warmup"] == 500


def test_a_remedy_reaches_the_run_in_sight_while_the_next_one_is_set_up(page, qtbot):
    page.take([SLOWER])
    page.setup.draft()
    page.form.set_values({"learning_rate": 0.01})
    press(qtbot, cards(page)[0].apply)
    assert page.sent == [("learning_rate", 5e-4)]
    assert page.form.values()["learning_rate"] == 0.01
    page.setup.leave_draft()
    assert page.form.values()["learning_rate"] == 5e-4


def test_after_the_run_everything_can_be_set_for_the_next_steps(page, qtbot):
    page.take([WARM])
    page.set_running(False)
    (card,) = cards(page)
    assert card.apply.toolTip() == "Set KL warm-up to 2,000 and β to 0.5"
    press(qtbot, card.apply)
    assert page.form.values()["kl_warmup"] == 2000


def test_a_remedy_of_another_version_has_no_button_or_does_nothing(page, qtbot):
    page.take([Advice(1, "D09", "Odd", "Text.", {"gone": 3}), Advice(2, "D08", "Odder", "Text.", {"beta": -5.0})])
    below, without = cards(page)
    assert not without.apply.isVisible()
    press(qtbot, below.apply)
    assert page.sent == []
    assert page.form.values()["beta"] == 1.0


def test_a_new_run_begins_without_advice_and_one_that_goes_on_keeps_it(page):
    page.take([SLOWER])
    page.begin(fresh=False)
    assert len(cards(page)) == 1
    page.begin(fresh=True)
    assert cards(page) == []


def test_more_advice_than_fits_scrolls_and_leaves_the_knobs_their_room(page, qtbot):
    page.take([Advice(i, f"D{i}", f"Title {i}", "Words " * 40, {"beta": 2.0}) for i in range(6)])
    qtbot.wait(50)
    notes = page.setup.notes
    assert notes.height() <= 0.46 * page.setup.height()
    assert notes.verticalScrollBar().maximum() > 0
    assert page.knobs.height() > 150
    top = page.model.mapTo(page, page.model.rect().topLeft())
    page.setup.advice.clear()
    qtbot.wait(50)
    assert page.model.mapTo(page, page.model.rect().topLeft()) == top


# --- changes that training makes itself --------------------------------------------------------------


def test_a_change_by_training_is_shown_and_not_sent_back(page):
    page.take([Edited(5, "Learning rate", 1e-3, 2.5e-4), Edited(5, "Batch", 128, 64), Edited(5, "unknown", 1, 2)])
    values = page.form.values()
    assert (values["learning_rate"], values["batch_size"]) == (2.5e-4, 64)
    assert page.sent == []


def test_it_leaves_alone_what_is_being_typed(page, qtbot):
    field = page.form._rows["learning_rate"].field
    field.setFocus()
    field.lineEdit().selectAll()
    qtbot.keyClicks(field, "0.00")
    page.take([Edited(5, "Learning rate", 1e-3, 2.5e-4)])
    assert field.lineEdit().text() == "0.00"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert page.form.values()["learning_rate"] == 2.5e-4
    assert page.sent == []


def test_labels_name_a_single_knob_in_each_family():
    for info in load_families()[0].values():
        labels = [knob.label for knob in info.knobs]
        assert len(set(labels)) == len(labels), info.name


# --- in the window -----------------------------------------------------------------------------------


def test_advice_on_a_real_run_helps_is_marked_and_comes_back_with_the_run(studio, monkeypatch):
    report, given = Trainer.report, []

    def advising(self, flush=False):
        yield from report(self, flush)
        if self.step >= 5 and not given:
            given.append(Advice(self.step, "D01", "It diverges", "Evidence.", {"learning_rate": 5e-4}))
            self.keeper.mark(given[0], self.watch.seconds)
            yield given[0]

    monkeypatch.setattr(Trainer, "report", advising)
    studio.train(**SMALL, learning_rate=1e-3)
    studio.wait(lambda: studio.page.setup.advice.cards())
    studio.press("Set learning rate to 0.0005")
    studio.wait(lambda: any("0.001 → 0.0005" in mark.text for mark in studio.page.plot.data.marks))
    studio.stop()
    (card,) = studio.page.setup.advice.cards()
    assert card.advice == given[0]
    assert np.isclose(studio.knob("Learning rate").value(), 5e-4)
    assert studio.said == []


def test_on_another_page_a_note_leads_to_the_advice(studio):
    studio.go_to("runs")
    studio.window.shown.take([SLOWER])
    studio.wait(lambda: studio.said == ["It diverges."])
    studio.press("Look at it")
    assert studio.window.stack.currentWidget() is studio.page
    assert studio.page.setup.advice.cards()[0].isVisible()
