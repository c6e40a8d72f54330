"""The Train page: real training by clicks and keys, live edits, and what a reopened run shows."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from studio import SMALL

from genstudio.app.pages.train import TrainPage, cut_after
from genstudio.app.settings import Settings
from genstudio.app.warm import load_families
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.core.events import Advice, Curve, Edited, Note, Scalars, Started
from genstudio.core.events import Gallery as Pictures
from genstudio.engine.review import review
from genstudio.engine.run import Run


@pytest.fixture
def page(qtbot):
    """The page alone, families loaded."""
    page = TrainPage()
    qtbot.addWidget(page)
    page.set_catalog(load_families()[0], Settings())
    page.show()
    return page


def marks(page):
    return [(mark.step, mark.text) for mark in page.plot.data.marks]


# --- what to train -----------------------------------------------------------------------------------


def test_until_families_are_loaded_there_is_nothing_to_train(qtbot):
    page = TrainPage()
    qtbot.addWidget(page)
    assert not page.ready()
    assert page.knobs.findChildren(type(page.form))
    page.set_catalog(load_families()[0], Settings())
    assert page.ready()


def test_choices_of_a_person_change_form_and_spec(page, qtbot):
    assert page.spec().family == "autoencoder"
    page.model.family.setFocus()
    page.model.family.showPopup()
    qtbot.keyClick(page.model.family.view(), Qt.Key.Key_Down)
    qtbot.keyClick(page.model.family.view(), Qt.Key.Key_Return)
    assert page.spec().family == "vae"
    page.model.preset.showPopup()
    qtbot.keyClick(page.model.preset.view(), Qt.Key.Key_Down)
    qtbot.keyClick(page.model.preset.view(), Qt.Key.Key_Return)
    spec = page.spec()
    assert spec.preset == "first-look"
    assert (spec.knobs["network"], spec.knobs["latent_dim"]) == ("mlp", 16)
    assert page.model.summary.text()


def test_values_of_another_version_are_left_out(page):
    page.choose_family("vae", {"latent_dim": 10**9, "gone": 3, "network": "transformer", "beta": 2.0})
    spec = page.spec()
    assert (spec.knobs["latent_dim"], spec.knobs["network"], spec.knobs["beta"]) == (32, "conv", 2.0)
    page.choose_family("of tomorrow", {"beta": 9.0})
    assert page.spec() == spec


def test_the_family_last_trained_comes_back_with_its_knobs(qtbot):
    page = TrainPage()
    qtbot.addWidget(page)
    page.set_catalog(load_families()[0], Settings(family="vae", knobs={"vae": {"beta": 7.0}}, unfolded=True))
    assert page.spec().knobs["beta"] == 7.0
    assert page.form.is_unfolded()


def test_a_value_that_is_not_allowed_forbids_training(studio):
    field = studio.knob("Learning rate")
    studio.retype(field, "-1")
    assert not studio.offers("Train")
    assert "not allowed" in studio.window.top.train.toolTip()
    assert not studio.window.actions_by_name["train"].isEnabled()
    studio.retype(field, "0.01")
    assert studio.offers("Train")


# --- training ----------------------------------------------------------------------------------------


def test_train_watch_pause_resume_stop_and_resume_the_run(studio):
    """The whole story, by the texts on the buttons."""
    studio.train_until_pictures()
    assert studio.state == "Training"
    assert studio.page.pairs.pictures.inputs is not None
    before = studio.pause()
    assert studio.state == "Paused"
    studio.qtbot.wait(200)
    assert studio.window._progress.step == before
    studio.press("Resume")
    studio.wait(lambda: studio.window._progress.step > before)
    studio.stop()
    assert studio.state == "Stopped"
    run = Run.open(studio.session.path)
    stopped_at = run.document.step
    assert run.saved_step() == stopped_at >= before
    assert f"saved at step {stopped_at:,}" in studio.window.bottom.text.text()

    starts = []
    studio.session.events.connect(lambda events: starts.extend(e for e in events if isinstance(e, Started)))
    studio.press("Resume")
    studio.wait(lambda: studio.window._progress is not None and studio.window._progress.step > stopped_at)
    studio.stop()
    assert [event.step for event in starts] == [stopped_at]
    steps, _ = studio.curve("kl")
    assert steps.tolist() == list(range(1, int(steps[-1]) + 1))
    assert studio.said == []


def test_typed_edits_of_live_knobs_land_and_are_marked(studio):
    studio.train_until_pictures(beta=1.0)
    studio.retype(studio.knob("Learning rate"), "0.0005")
    studio.wait(lambda: any("Learning rate 0.001 → 0.0005" in text for _, text in marks(studio.page)))
    studio.retype(studio.knob("β"), "3")
    studio.wait(lambda: any("β 1 → 3" in text for _, text in marks(studio.page)))
    assert not studio.knob("Latent dimension").isEnabled()
    assert not studio.page.model.family.isEnabled()
    studio.stop()
    document = Run.open(studio.session.path).document
    assert (document.knobs["learning_rate"], document.knobs["beta"]) == (0.0005, 3.0)
    assert [text for _, text in marks(studio.page)] == ["Learning rate 0.001 → 0.0005", "β 1 → 3"]
    assert studio.knob("Latent dimension").isEnabled()


def test_a_knob_edited_while_paused_lands_when_it_goes_on(studio):
    studio.train_until_pictures()
    studio.pause()
    studio.retype(studio.knob("β"), "2.5")
    studio.qtbot.wait(50)
    assert not any("2.5" in text for _, text in marks(studio.page))
    studio.press("Resume")
    studio.wait(lambda: any("2.5" in text for _, text in marks(studio.page)))
    studio.stop()


def test_live_knobs_changed_while_it_rested_land_at_its_first_step_and_others_go_back(studio):
    path = studio.trained(6, beta=1.0)
    studio.retype(studio.knob("β"), "4")
    studio.retype(studio.knob("Latent dimension"), "9")
    studio.press("Resume")
    studio.quiet()
    document = Run.open(path).document
    assert (document.step, document.knobs["beta"], document.knobs["latent_dim"]) == (12, 4.0, 3)
    assert (6, "β 1 → 4") in marks(studio.page)
    assert studio.knob("Latent dimension").value() == 3


def test_another_family_in_the_form_does_not_touch_the_run_that_goes_on(studio):
    path = studio.trained(5)
    studio.page.choose_family("autoencoder", SMALL)
    studio.press("Resume")
    studio.quiet()
    assert Run.open(path).document.family == "vae"
    assert Run.open(path).document.step == 10
    assert studio.page.model.family_name() == "vae"


def test_steps_above_those_taken_are_where_it_goes_on_to(studio):
    path = studio.trained(5)
    studio.retype(studio.knob("Steps"), "7")
    studio.press("Resume")
    studio.quiet()
    assert Run.open(path).document.step == 7


def test_a_second_run_of_the_same_name_gets_a_number(studio):
    names = [studio.trained(3).name for _ in range(2)]
    assert names == ["digits vae", "digits vae-2"]
    assert studio.window.top.title.text() == "digits vae-2"
    assert studio.curve("kl")[0].tolist() == [1, 2, 3]  # curves of the first are gone


def test_a_reopened_run_shows_data_knobs_curves_marks_and_pictures(studio):
    path = studio.trained(8, latent_dim=5, beta=2.0)
    samples, pairs = studio.page.samples.pictures, studio.page.pairs.pictures
    steps, values = studio.curve("kl")
    studio.trained(3, family="autoencoder")
    studio.window.open_run(path)
    studio.quiet()
    assert studio.window.top.title.text() == path.name
    assert studio.page.model.family_name() == "vae"
    assert studio.page.form.values()["latent_dim"] == 5
    assert np.array_equal(studio.curve("kl")[0], steps)
    assert np.array_equal(studio.curve("kl")[1], values)
    assert np.array_equal(studio.page.samples.pictures.images, samples.images)
    assert np.array_equal(studio.page.pairs.pictures.images, pairs.images)
    assert "8 of 8 steps" in studio.window.bottom.text.text()


def test_a_run_whose_data_are_elsewhere_names_them(studio, tmp_path):
    path = studio.trained(3)
    document = Run.open(path).document
    moved = document.model_copy(update={"data": document.data.model_copy(update={"source": str(tmp_path / "old")})})
    studio.page.show_knobs(moved)
    assert studio.page.model.source() == str(tmp_path / "old")
    assert studio.page.model.data.currentText() == "old"


# --- what is shown -----------------------------------------------------------------------------------


def test_events_become_curves_marks_and_pictures(page):
    curves = (Curve("loss", "loss", "nats"), Curve("kl", "KL", "nats"))
    images = np.zeros((4, 8, 8, 1), np.uint8)
    steps = np.arange(1, 4)
    page.take(
        [
            Started("r", "vae", 0, "CPU", 1, "fp32", 10, curves),
            Scalars(steps, 0.1, {"loss": steps / 2, "kl": np.array([1.0, np.nan, 2.0])}),
            Edited(1, "β", 1.0, 0.25),
            Advice(2, "code", "Posterior collapse", "Warm up."),
            Note(3, "The disk is full."),
            Pictures("samples", 3, images, caption="samples"),
            Pictures("reconstructions", 3, images, images, caption="pairs"),
            Pictures("of tomorrow", 3, images),
        ]
    )
    assert page.plot.data.extent() == (1, 3)
    assert marks(page) == [(1, "β 1 → 0.25"), (2, "Posterior collapse"), (3, "note")]
    assert len(page.samples.pictures) == len(page.pairs.pictures) == 4
    page.begin(fresh=False)
    assert len(page.samples.pictures) == 4
    page.begin(fresh=True)
    assert len(page.samples.pictures) == len(page.pairs.pictures) == 0
    assert page.plot.data.empty


def test_going_on_forgets_what_came_after_the_checkpoint(qtbot):
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.set_curves([Curve("loss", "loss", ""), Curve("kl", "KL", "")])
    steps = np.arange(1, 11)
    plot.append(steps, {"loss": steps * 1.0, "kl": steps * 2.0})
    plot.add_mark(4, "early")
    plot.add_mark(9, "late")
    cut_after(plot, 6)
    assert plot.data.line("loss").steps.tolist() == list(range(1, 7))
    assert plot.data.line("kl").values.tolist() == [2.0 * i for i in range(1, 7)]
    assert [mark.text for mark in plot.data.marks] == ["early"]
    cut_after(plot, 0)
    assert plot.data.empty
    cut_after(plot, 5)
    plot.append(steps, {"loss": steps * 1.0, "kl": steps * 1.0})


def test_a_review_without_pictures_or_curves_is_shown_empty(studio):
    path = studio.trained(3)
    for file in (path / "samples").iterdir():
        file.unlink()
    (path / "metrics.jsonl").unlink()
    studio.page.review(review(path))
    assert len(studio.page.samples.pictures) == 0
    assert studio.page.plot.data.empty
