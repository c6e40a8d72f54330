"""Longer work on the Train page: what a run would cost, and a sampler for its codes."""

from datetime import datetime

import numpy as np
import pytest
from PySide6.QtCore import Qt
from studio import SMALL

from genstudio.app.opening import Step
from genstudio.app.widgets.estimate_card import EstimateCard, to_the_end
from genstudio.app.widgets.run_pictures import RunPictures
from genstudio.core.events import Gallery as Pictures
from genstudio.engine.estimate import Estimate

NOON = datetime(2026, 3, 2, 12, 30)
FOUND = Estimate(
    12.0, 7800.0, 1234.5, 1_200_000_000, 45_000_000, 1024, "CPU, 1 thread", "fp32", ("The disk is small.",)
)


# --- estimates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "goes on until stopped"), (90.0, "about 1 min 30 s, ends at 12:31"),
        (7800.0, "about 2 h 10 min, ends at 14:40"), (60_000.0, "about 16 h 40 min, ends on Tuesday at 05:10"),
        (2_000_000.0, "about 555 h 33 min, ends on 25 March 2026 at 16:03"), (1e12, "more than ten years"),
    ],
)  # fmt: skip
def test_the_end_stands_in_words(seconds, text):
    assert to_the_end(seconds, NOON) == text


@pytest.fixture
def card(qtbot):
    card = EstimateCard()
    qtbot.addWidget(card)
    return card


def test_what_was_measured_is_called_an_estimate(card):
    card.begin()
    assert card.progress.isVisibleTo(card)
    card.show_step(Step("measuring", 3, 10, None))
    assert "3 of 10" in card.progress.count.text()
    card.show_estimate(FOUND, NOON)
    assert card.accessibleName() == "Estimate"
    shown = {name: label.text() for name, label in card.values.items()}
    assert shown == {
        "1,000 steps": "about 12 s", "To the end": "about 2 h 10 min, ends at 14:40",
        "Speed": "about 1,234 items a second", "Memory": "about 1.2 GB at most", "Disk": "about 45 MB at the end",
        "Largest batch": "1,024 should fit",
    }  # fmt: skip
    assert card.notes.text() == "The disk is small."
    assert not card.progress.isVisibleTo(card)


def test_other_settings_make_it_out_of_date(card):
    card.outdate()
    card.show_estimate(FOUND, NOON)
    assert not card._stale.isVisibleTo(card)
    card.outdate()
    assert card._stale.isVisibleTo(card)


def test_closing_it_stops_the_measurement(card, qtbot):
    stopped = []
    card.cancelled.connect(lambda: stopped.append(True))
    card.begin()
    qtbot.mouseClick(card.close_button, Qt.MouseButton.LeftButton)
    assert stopped == [True]
    assert card.isHidden()


# --- pictures of a run -------------------------------------------------------------------------------


@pytest.fixture
def pictures(qtbot):
    pictures = RunPictures()
    qtbot.addWidget(pictures)
    pictures.resize(900, 400)
    pictures.show()
    return pictures


def drawn(slot, step, caption=""):
    return Pictures(slot, step, np.zeros((4, 8, 8, 1), np.uint8), caption=caption)


def test_the_critics_view_is_offered_only_when_it_comes(pictures, qtbot):
    pictures.show_pictures(drawn("samples", 5))
    assert not pictures.tabs.isVisible()
    pictures.show_pictures(drawn("critic", 6, "scores and gradients"))
    assert pictures.tabs.isVisible()
    assert pictures.samples.isVisible()
    qtbot.mouseClick(pictures.tabs.buttons["critic"], Qt.MouseButton.LeftButton)
    assert pictures.critic.isVisible()
    assert pictures.left._note.text() == "step 6"
    assert pictures.left.toolTip() == "scores and gradients"
    pictures.show_pictures(drawn("samples", 9))
    assert pictures.left._note.text() == "step 6"  # of what is seen
    pictures.clear()
    assert not pictures.tabs.isVisible()
    assert pictures.samples.isVisible()
    assert pictures.left._note.text() == ""


def test_one_click_on_fit_asks_for_the_quick_kind_and_the_menu_for_either(pictures, qtbot):
    asked = []
    pictures.fit_asked.connect(asked.append)
    assert not pictures.fit.isVisible()
    pictures.set_can_fit(True)
    qtbot.mouseClick(pictures.fit, Qt.MouseButton.LeftButton)
    for action in pictures._kinds.menu().actions():
        action.trigger()
    assert asked == ["gmm", "gmm", "flow"]
    pictures.set_fitting(True)
    assert not pictures.fit.isVisible()
    assert pictures.progress.cancel.isVisible()


def test_a_fitted_sampler_draws_better_pictures_and_says_so(studio):
    path = studio.trained(20, **SMALL)
    before = studio.page.samples.pictures.images
    studio.press("Fit latent sampler")
    studio.quiet()
    assert studio.said == []
    shown = studio.page.samples.pictures
    assert "fitted to 1,797 codes" in shown.caption
    assert not np.array_equal(shown.images, before)
    assert studio.page.pictures.left.accessibleName() == "From the latent sampler"
    assert list(path.glob("**/*gmm*"))  # it is kept in the run
    assert studio.offers("Fit latent sampler")
    studio.page.pictures.fit_asked.emit("flow")
    assert studio.window.errands.busy
    studio.train(steps=3)  # a training that begins ends the fit
    assert not studio.window.errands.busy
    assert not studio.offers("Fit latent sampler")
    studio.quiet()
    assert studio.said == []
    assert studio.page.pictures.left.accessibleName() == "Samples from fixed latents"


def test_the_sampler_that_the_settings_ask_for_is_fitted_after_training_and_seen_again(studio):
    path = studio.trained(20, **SMALL, fit_sampler="gmm")
    pictures = studio.page.pictures
    assert pictures.left.accessibleName() == "From the latent sampler"
    shown = studio.page.samples.pictures.images
    assert list(path.glob("samplers/gmm.json"))
    studio.go_to("runs")
    studio.end()
    studio.open(run=path)
    assert pictures.left is not studio.page.pictures.left
    assert studio.page.pictures.left.accessibleName() == "From the latent sampler"
    assert np.array_equal(studio.page.samples.pictures.images, shown)


def test_what_cannot_be_fitted_is_a_sentence(studio):
    path = studio.trained(5)
    for weights in path.glob("checkpoints/*/weights.safetensors"):
        weights.write_bytes(b"spoilt")
    studio.press("Fit latent sampler")
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert "no good checkpoint left" in studio.said[0]
    assert studio.offers("Fit latent sampler")


def test_check_first_measures_a_real_dry_run_and_leaves_nothing_behind(studio):
    studio.page.choose_family("vae", {**SMALL, "steps": 5000})
    studio.press("Check first")
    estimate = studio.page.setup.estimate
    assert estimate.isVisible()
    studio.quiet()
    assert studio.said == []
    shown = {name: label.text() for name, label in estimate.values.items()}
    assert shown["To the end"].startswith("about ")
    assert "should fit" in shown["Largest batch"]
    assert list(studio.window.runs_folder().glob("*")) == []
    studio.retype(studio.knob("Steps"), "7000")
    assert estimate._stale.isVisible()
    studio.trained(2)
    assert not any(path.name.startswith("genstudio") for path in studio.window.runs_folder().iterdir())


def test_a_check_can_be_cancelled_other_settings_end_it_and_what_is_wrong_is_a_sentence(studio, tmp_path):
    studio.page.choose_family("vae", {**SMALL, "steps": 5000})
    estimate = studio.page.setup.estimate
    studio.press("Check first")
    studio.click(estimate.close_button)
    assert not estimate.isVisible()
    studio.press("Check first")
    studio.retype(studio.knob("Steps"), "7000")
    assert not studio.window.errands.busy
    assert not estimate.isVisible()
    studio.quiet()
    assert studio.said == []
    studio.page.model.set_sources([], str(tmp_path / "gone"))
    studio.press("Check first")
    studio.wait(lambda: studio.said)
    assert str(tmp_path / "gone") in studio.said[0]
    assert not estimate.isVisible()
