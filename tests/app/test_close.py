"""Leaving: nothing that trains is lost, nothing hangs, and the next window stands as this one did (F08)."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from studio import SMALL, Studio

from genstudio.app import settings, theme
from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.engine.run import Run


def question(studio):
    return studio.window.question


def closed(studio):
    studio.wait(lambda: not studio.window.isVisible())
    assert not studio.session.running


def test_f08_without_a_training_it_closes_at_once(studio):
    studio.window.close()
    assert not studio.window.isVisible()


def test_f08_while_training_it_asks_and_goes_on_meanwhile(studio):
    studio.train_until_pictures()
    studio.window.close()
    assert studio.window.isVisible()
    assert question(studio).isVisible()
    before = studio.window.shown.progress.step
    studio.wait(lambda: studio.window.shown.progress.step > before)
    studio.press("Keep training")
    assert not question(studio).isVisible()
    assert studio.state == "Training"
    studio.stop()


@pytest.mark.parametrize("phase", ["starting", "training", "paused"])
def test_f08_stop_save_and_close(studio, phase):
    if phase == "starting":
        studio.page.choose_family("vae", {**SMALL, "steps": 0})
        studio.press("Train")
    else:
        studio.train_until_pictures()
    if phase == "paused":
        studio.pause()
    assert studio.session.phase == phase
    studio.window.close()
    studio.press("Stop, save and close")
    assert "saving" in question(studio).text.text()
    closed(studio)
    run = Run.open(studio.session.path)
    assert run.state() == "stopped"
    assert run.saved_step() == run.document.step


def test_f08_escape_keeps_training_but_not_once_it_is_stopping(studio):
    studio.train_until_pictures()
    studio.window.close()
    studio.key(Qt.Key.Key_Escape)
    assert not question(studio).isVisible()
    studio.window.close()
    assert question(studio).isVisible()
    studio.press("Stop, save and close")
    studio.qtbot.keyClick(question(studio), Qt.Key.Key_Escape)
    assert question(studio).isVisible()
    studio.window.close()  # once more changes nothing
    closed(studio)


def test_f08_the_question_can_be_answered_by_keys_alone(studio):
    studio.train_until_pictures()
    studio.window.close()
    studio.activate()
    assert QApplication.focusWidget() is question(studio).stop
    reached = set()
    for _ in range(4):
        studio.key(Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    assert reached == {question(studio).keep, question(studio).stop}
    question(studio).keep.setFocus()
    studio.key(Qt.Key.Key_Space)
    assert not question(studio).isVisible()
    assert studio.state == "Training"
    studio.stop()


def test_f08_a_training_that_ends_by_itself_takes_the_question_back(studio):
    studio.train_until_pictures()
    studio.window.close()
    studio.session.stop()  # as if the last step had come
    studio.quiet()
    assert not question(studio).isVisible()
    assert studio.offers("Train")
    studio.window.close()
    closed(studio)


def test_f08_the_sheet_covers_the_window_whatever_its_size(studio):
    studio.train_until_pictures()
    studio.window.close()
    studio.window.resize(1400, 900)
    studio.wait(lambda: question(studio).size() == studio.window.size())
    studio.press("Keep training")
    studio.stop()


def test_f08_f21_when_the_last_save_fails_the_window_stays_and_says_so(studio, monkeypatch):
    studio.train_until_pictures()
    monkeypatch.setattr(atomic, "faults", Faults("open:0:ENOSPC"))
    studio.window.close()
    studio.press("Stop, save and close")
    studio.wait(lambda: any("disk is full" in text for text in studio.said))
    studio.quiet()
    assert studio.window.isVisible()
    assert not question(studio).isVisible()
    assert studio.offers("Train")
    monkeypatch.setattr(atomic, "faults", Faults())
    studio.window.close()  # now it has been read
    closed(studio)


def test_f07_a_log_out_closes_even_then(studio, monkeypatch):
    studio.train_until_pictures()
    monkeypatch.setattr(atomic, "faults", Faults("open:0:ENOSPC"))
    studio.window.leave()
    closed(studio)


def test_f07_a_log_out_saves_without_a_question(studio):
    studio.train_until_pictures()
    studio.window.leave()
    assert not question(studio).isVisible()
    closed(studio)
    assert Run.open(studio.session.path).state() == "stopped"


def test_f25_settings_that_cannot_be_written_do_not_keep_the_window_open(studio, monkeypatch):
    monkeypatch.setattr(atomic, "faults", Faults("open:0:EROFS"))
    studio.window.close()
    closed(studio)
    assert any("settings cannot be saved" in text for text in studio.said)


# --- what the next window remembers ------------------------------------------------------------------


@pytest.fixture
def again(studio, qtbot):
    """Closes the window and opens another."""
    made = []

    def again(page=None):
        studio.window.close()
        closed(studio)
        made.append(Studio(qtbot).open(page))
        return made[0]

    yield again
    for person in made:
        person.end()


def test_the_next_window_stands_as_the_last_one_did(studio, again):
    studio.trained(3, beta=2.5)
    studio.window.resize(1024, 700)  # the screen of the tests is no larger
    studio.page.columns.setSizes([200, 400])
    studio.page.form.set_unfolded(True)
    studio.page.plot.controls.slider.setValue(2)
    theme.apply(QApplication.instance(), "light")
    studio.go_to("runs")
    shares = studio.page.columns.sizes()
    second = again()
    assert second.window.size().toTuple() == (1024, 700)
    assert second.window.stack.currentWidget() is second.window.runs_page
    assert settings.load()[0].theme == "light"
    assert second.page.model.family_name() == "vae"
    assert second.page.form.values()["beta"] == 2.5
    assert second.page.form.is_unfolded()
    assert second.page.plot.controls.slider.value() == 2
    second.go_to("train")
    got = second.page.columns.sizes()
    assert got[0] / sum(got) == pytest.approx(shares[0] / sum(shares), abs=0.02)


def test_f25_nonsense_in_the_settings_is_left_out(studio):
    nonsense = settings.Settings(
        geometry="not base64", page="nowhere", panes={"train": [0, -1], "runs": [1, 2, 3]}, family="gone",
        data="/no/such/folder", smoothing=0.123, knobs={"autoencoder": {"latent_dim": 10**12, "x": True}},
    )  # fmt: skip
    settings.save(nonsense)
    studio.end()
    second = Studio(studio.qtbot).open(page=None)
    assert second.window.stack.currentWidget() is second.page
    assert second.page.ready()
    assert min(second.page.columns.sizes()) > 100
    second.go_to("data")
    assert "/no/such/folder" in second.window.data_page.trouble.text()
    second.end()
