"""The Train page: real training by clicks and keys, live edits, and what a reopened run shows."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from studio import SMALL

from genstudio.app.pages.train import TrainPage
from genstudio.app.settings import Settings
from genstudio.app.warm import load_families
from genstudio.app.widgets.history import cut_after
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.core.events import Advice, Curve, Edited, Note, Scalars, Started
from genstudio.core.events import Gallery as Pictures
from genstudio.engine.review import review
from genstudio.engine.run import Run
from genstudio.models.vae import VAE


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
    spec, second = page.spec(), load_families()[0]["vae"].presets[1]
    assert spec.preset == second.name
    assert {**spec.knobs, **spec.training.model_dump()} == second.values
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
    assert studio.window.shown.progress.step == before
    studio.press("Resume")
    studio.wait(lambda: studio.window.shown.progress.step > before)
    studio.stop()
    assert studio.state == "Stopped"
    run = Run.open(studio.session.path)
    stopped_at = run.document.step
    assert run.saved_step() == stopped_at >= before
    assert f"saved at step {stopped_at:,}" in studio.window.bottom.text.text()

    starts = []
    studio.session.events.connect(lambda events: starts.extend(e for e in events if isinstance(e, Started)))
    studio.press("Resume")
    studio.wait(lambda: studio.window.shown.progress is not None and studio.window.shown.progress.step > stopped_at)
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


# --- when it goes wrong ------------------------------------------------------------------------------


def test_f09_an_error_in_the_middle_is_told_kept_and_survived(studio, monkeypatch):
    step = VAE.training_step

    def fail(self, batch, context):
        if context.step == 5:
            raise ValueError("a fault of ours")
        yield from step(self, batch, context)

    monkeypatch.setattr(VAE, "training_step", fail)
    studio.train(steps=20)
    studio.quiet()
    assert studio.state == "Failed"
    studio.wait(lambda: studio.said)
    assert studio.said == ["Training ended by an error in GenStudio: ValueError: a fault of ours"]
    assert "test_train_page.py" in studio.window.toasts.notes()[0].detail
    assert studio.offers("Copy report")
    assert Run.open(studio.session.path).saved_step() == 5  # what was learnt is kept
    assert studio.offers("Train")
    assert studio.offers("Resume")
    assert studio.knob("Latent dimension").isEnabled()
    monkeypatch.undo()
    studio.press("Resume")
    studio.quiet()
    assert studio.state == "Finished"
    assert Run.open(studio.session.path).document.step == 20


def test_f09_data_that_vanished_fail_with_their_path_and_the_next_training_works(studio, tmp_path):
    studio.page.model.set_sources([], str(tmp_path / "gone"))
    studio.train(steps=3)
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert str(tmp_path / "gone") in studio.said[0]
    assert studio.state == "Failed"
    assert not studio.offers("Resume")
    assert list(studio.window.runs_folder().iterdir()) == []
    studio.page.model.set_sources([], "digits")
    studio.trained(3)
    assert len(studio.said) == 1


def test_f23_a_runs_folder_that_cannot_be_made_is_said_and_the_open_run_stays(studio, tmp_path):
    path = studio.trained(3)
    (tmp_path / "file").write_text("not a folder")
    studio.window.settings = studio.window.settings.with_values(runs=str(tmp_path / "file" / "runs"))
    studio.press("Train")
    studio.wait(lambda: studio.said)
    assert "cannot be made" in studio.said[0]
    assert studio.session.path == path
    assert studio.offers("Resume")
    assert studio.state == "Finished"


def test_f10_an_exception_in_a_slot_is_one_message_and_everything_goes_on(studio, capfd):
    def fail(_):
        raise RuntimeError("a slot of ours")

    studio.train_until_pictures()
    manager = studio.window.manager
    manager.install()
    studio.window.side.chosen.connect(fail)
    for _ in range(20):
        studio.window.side.chosen.emit("train")
    studio.wait(lambda: studio.said)
    manager.uninstall()
    assert studio.said == ["Something went wrong in GenStudio: RuntimeError: a slot of ours"]
    assert studio.window.toasts.notes()[0].count == 20
    before = studio.window.shown.progress.step
    studio.wait(lambda: studio.window.shown.progress.step > before)
    studio.stop()
    assert "a slot of ours" in capfd.readouterr().err


LEGAL = {
    "empty": {"Train", "Add to queue", "Check first"}, "idle": {"Train", "Add to queue", "Check first", "Resume"},
    "starting": {"Stop and keep", "Discard"}, "training": {"Pause", "Stop and keep", "Discard"},
    "paused": {"Resume", "Stop and keep", "Discard"}, "stopping": set(),
}  # fmt: skip
SURE = {"Discard it", "Keep it", "Set up next run", "Add to queue", "Back to this run"}


@pytest.mark.parametrize("seed", [1, 2])
def test_f48_fifty_quick_clicks_anywhere_in_the_bar_keep_it_legal(studio, seed):
    random = np.random.default_rng(seed)
    studio.page.choose_family("vae", {**SMALL, "steps": 0})
    bar = studio.window.top
    for _ in range(50):
        offered = [b for b in bar.findChildren(QAbstractButton) if b.isVisible() and b.isEnabled()]
        assert {b.text() for b in offered} <= LEGAL[studio.session.phase] | SURE
        if offered:
            studio.click(offered[random.integers(len(offered))])
        studio.qtbot.wait(int(random.integers(0, 60)))
    if studio.offers("Keep it"):
        studio.press("Keep it")
    if studio.session.running and studio.session.phase != "stopping":
        studio.press("Stop and keep")
    studio.quiet()
    assert studio.session.phase in ("idle", "empty")
    assert studio.offers("Train")
    assert not studio.offers("Pause")
    assert studio.state in ("", "Stopped", "New")
    studio.trained(3)


@pytest.mark.parametrize("name", ["train", "stop", "pause"])
def test_f48_the_same_button_fifty_times(studio, name):
    if name == "train":
        studio.page.choose_family("vae", {**SMALL, "steps": 0})
    else:
        studio.train_until_pictures()
    button, presses = getattr(studio.window.top, name), 0
    for _ in range(50):
        if button.isVisible():
            studio.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
            presses += 1
    assert presses
    if studio.session.running and studio.session.phase != "stopping":
        studio.press("Stop and keep")
    studio.quiet()
    assert [p.name for p in studio.window.runs_folder().iterdir()] == ["digits vae"]
    assert studio.state == "Stopped"
    assert studio.said == []
