"""What is trained: data with the recipe that fits, the form of the next run, and shares that are dragged."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from genstudio.app.choice import in_words
from genstudio.app.settings import Settings
from genstudio.app.warm import load_families
from genstudio.app.widgets.form import KnobForm
from genstudio.app.widgets.setup import Setup
from genstudio.core.config import Knob
from genstudio.core.spec import TrainingConfig
from genstudio.engine.run import Run


@pytest.fixture
def setup(qtbot):
    setup = Setup()
    qtbot.addWidget(setup)
    setup.resize(352, 700)
    setup.set_catalog(load_families()[0], Settings())
    setup.show()
    setup.sent = []
    setup.edited.connect(lambda name, value: setup.sent.append((name, value)))
    return setup


def choose(combo, text, qtbot):
    """Pick an entry as a person does."""
    combo.setFocus()
    combo.showPopup()
    combo.view().setCurrentIndex(combo.model().index(combo.findText(text), 0))
    qtbot.keyClick(combo.view(), Qt.Key.Key_Return)


# --- data and recipes --------------------------------------------------------------------------------


def test_points_bring_the_recipe_for_points_and_pictures_take_it_away(setup, qtbot):
    setup.choose_family("flow")
    choose(setup.model.data, "rings", qtbot)
    assert setup.spec().preset == "points"
    assert setup.spec().data == "rings"
    choose(setup.model.family, "Variational autoencoder", qtbot)
    assert setup.spec().preset == "points"
    choose(setup.model.data, "grid", qtbot)
    assert setup.spec().preset == "points"
    choose(setup.model.data, "digits", qtbot)
    assert setup.spec().preset == setup._catalog["vae"].presets[0].name


def test_a_preset_that_was_chosen_stays_when_other_pictures_are(setup, qtbot):
    setup.choose_family("vae", preset="plane")
    setup.form.set_values({"beta": 3.0})
    choose(setup.model.data, "shapes", qtbot)
    assert (setup.spec().preset, setup.spec().knobs["beta"]) == ("plane", 3.0)


def test_own_points_are_known_when_they_were_opened(setup):
    setup.choose_family("flow")
    setup.use_data([], "/data/moons.npy", points=True)
    assert setup.spec().preset == "points"
    setup.form.set_values({"learning_rate": 0.5})
    setup.use_data([], "/data/moons.npy", points=True)  # opened again, with other settings
    assert setup.spec().knobs["learning_rate"] == 0.5
    setup.set_running(True)
    setup.use_data([], "digits", points=False)
    assert setup.model.source() == "/data/moons.npy"


def test_points_can_be_trained_on_by_clicks(studio):
    page = studio.go_to("data")
    page.show_source("rings")
    studio.quiet()
    studio.press("Train on this data", page)
    choose(studio.page.model.family, "Flow matching", studio.qtbot)
    assert studio.page.spec().preset == "points"
    studio.retype(studio.knob("Steps"), "3")
    studio.page.form.set_values({"batch_size": 32})
    studio.press("Train")
    studio.quiet()
    assert studio.said == []
    document = Run.open(studio.session.path).document
    assert (document.family, document.data.source, document.data.shape) == ("flow", "rings", [2])
    assert not studio.offers("Fit latent sampler")


# --- the next run ------------------------------------------------------------------------------------


def test_the_next_run_starts_from_the_knobs_of_this_one_and_leaves_them_alone(setup):
    setup.choose_family("vae", {"beta": 2.0})
    setup.set_running(True)
    assert not setup.model.family.isEnabled()
    setup.draft()
    assert setup.model.family.isEnabled()
    assert setup.form.values()["beta"] == 2.0
    assert setup.model.accessibleName() == "Next run"
    setup.choose_family("flow")
    setup.form.choose({"learning_rate": 0.02})
    assert setup.sent == []
    setup.leave_draft()
    assert setup.model.family_name() == "vae"
    assert setup.form.values()["beta"] == 2.0
    assert not setup.model.family.isEnabled()
    assert setup.model.accessibleName() == "Model"


def test_a_run_that_ends_or_begins_meanwhile_does_not_disturb_it(studio):
    studio.train(steps=0, beta=1.0)
    studio.press("Set up next run")
    studio.retype(studio.knob("β"), "5")
    studio.stop()
    assert studio.knob("β").value() == 5.0
    studio.press("Resume")  # the run in sight goes on as it was
    studio.wait(lambda: studio.session.phase == "training")
    studio.stop()
    document = Run.open(studio.session.path).document
    assert document.knobs["beta"] == 1.0
    assert studio.knob("β").value() == 5.0
    studio.retype(studio.knob("Steps"), "4")
    studio.press("Train")  # takes it as it was set up
    assert not studio.page.setup.drafting
    studio.quiet()
    document = Run.open(studio.session.path).document
    assert (document.knobs["beta"], document.step) == (5.0, 4)


# --- words and shares --------------------------------------------------------------------------------


def knob(name, kind, label, **more):
    low, high = (None, None) if kind in ("bool", "choice") else (0, 10)
    values = {"default": 1, "low": low, "high": high, "choices": (), "help": "", **more}
    return Knob(name=name, kind=kind, label=label, **values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate": 5e-4}, "Set learning rate to 0.0005"), ({"beta": 2.0}, "Set β to 2"),
        ({"kl": 2000}, "Set KL warm-up to 2,000"), ({"clip": 0.0}, "Set gradient clipping to off"),
        ({"mirror": True}, "Set mirror to on"), ({"loss": "hinge"}, "Set loss to hinge"),
        ({"rate": 0.1, "beta": 1.0}, "Set learning rate to 0.1 and β to 1"), ({"gone": 1}, ""), ({}, ""),
    ],
)  # fmt: skip
def test_what_a_remedy_does_stands_on_its_button(values, words):
    knobs = [
        knob("rate", "float", "Learning rate"), knob("beta", "float", "β"), knob("kl", "int", "KL warm-up"),
        knob("clip", "float", "Gradient clipping", zero_means="off"), knob("mirror", "bool", "Mirror"),
        knob("loss", "choice", "Loss", choices=("hinge", "plain")),
    ]  # fmt: skip
    assert in_words({k.name: k for k in knobs}, values) == words


@pytest.fixture
def load(qtbot):
    """The form with the row of the load, live while a run trains."""
    form = KnobForm()
    qtbot.addWidget(form)
    form.set_knobs(tuple(k for k in TrainingConfig.knobs() if k.name in ("load", "steps")))
    form.set_running(True)
    form.resize(320, 300)
    form.set_unfolded(True)
    form.show()
    row = form._rows["load"]
    row.form, row.sent = form, []
    form.changed.connect(lambda name, value: row.sent.append((name, value)))
    return row


def test_a_share_is_dragged_and_committed_when_it_is_let_go(load, qtbot):
    slider = load.slider
    assert (slider.minimum(), slider.maximum(), slider.value()) == (5, 100, 100)
    assert slider.accessibleName() == "Load slider, %"
    handle = QPoint(slider.width() - 8, slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle)
    for share in np.linspace(0.9, 0.4, 6):
        qtbot.mouseMove(slider, QPoint(int(share * slider.width()), handle.y()))
    assert load.sent == []
    assert load.value() == slider.value() < 100
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(int(0.4 * slider.width()), handle.y()))
    assert load.sent == [("load", slider.value())]


def test_keys_on_the_slider_and_typed_numbers_do_the_same(load, qtbot):
    qtbot.keyClick(load.slider, Qt.Key.Key_Left)
    assert load.sent == [("load", 99)]
    field = load.field
    field.setFocus()
    field.lineEdit().selectAll()
    qtbot.keyClicks(field, "40")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert load.slider.value() == 40
    load.set_value(55)
    assert load.slider.value() == 55
    assert load.sent == [("load", 99), ("load", 40)]


def test_other_numbers_have_no_slider(load):
    assert load.form._rows["steps"].slider is None
