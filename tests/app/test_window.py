"""The window as a person uses it: real training on the built-in digits, clicks and keys."""

import json
import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

from genstudio.app import settings, theme
from genstudio.app.notifications import NotificationManager
from genstudio.app.window import Window
from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.run import Run
from genstudio.engine.train import train

LONG = 60_000  # milliseconds: far more than anything here takes
SMALL = {"network": "mlp", "width": 4, "latent_dim": 3, "batch_size": 16, "threads": 1}


@pytest.fixture
def window(qtbot, qapp):
    """A window with its families loaded, on the Train page."""
    made = make(qtbot, qapp)
    yield made
    made.session.close()
    made.manager.uninstall()


def make(qtbot, qapp):
    theme.apply(qapp, "dark")
    remembered, _ = settings.load()
    with theme.undressed(qapp):  # as it is built in earnest
        window = Window(NotificationManager(), remembered)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.families_ready, timeout=LONG):
        window.show()
        window.begin()
    window.show_page("train")
    return window


def click(qtbot, button):
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def begin(qtbot, window, **values):
    """Set the form as wanted and click Train; returns when pictures have arrived."""
    window.train_page.choose_family("vae", {**SMALL, "steps": 0, **values})
    click(qtbot, window.top.train)
    # five steps may be over before one looks: what counts is that it began and drew
    qtbot.waitUntil(
        lambda: window.session.phase in ("training", "idle") and len(window.train_page.samples.pictures) > 0,
        timeout=LONG,
    )


def stop(qtbot, window):
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        click(qtbot, window.top.stop)
    assert window.session.phase == "idle"


def said(window):
    return [note.text for note in window.toasts.notes()]


def test_train_shows_curves_and_pictures_and_stop_keeps_them(qtbot, window):
    begin(qtbot, window)
    qtbot.waitUntil(lambda: not window.train_page.plot.data.empty, timeout=LONG)
    assert window.top.chip.text() == "Training"
    assert not window.top.train.isVisible()
    stop(qtbot, window)
    run = Run.open(window.session.path)
    assert run.state() == "stopped"
    assert run.saved_step() == run.document.step > 0
    assert window.top.chip.text() == "Stopped"
    assert window.train_page.plot.data.extent()[1] == run.document.step
    assert len(window.train_page.pairs.pictures) > 0
    assert said(window) == []


def test_pause_takes_no_further_step_and_resume_goes_on(qtbot, window):
    begin(qtbot, window)
    click(qtbot, window.top.pause)
    assert window.session.phase == "paused"
    qtbot.wait(200)  # what was under way arrives
    before = window.shown.progress.step
    qtbot.wait(300)
    assert window.shown.progress.step == before
    click(qtbot, window.top.resume)
    qtbot.waitUntil(lambda: window.shown.progress.step > before, timeout=LONG)
    stop(qtbot, window)


def test_resume_goes_on_from_the_saved_step(qtbot, window):
    begin(qtbot, window, steps=20)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)
    path = window.session.path
    assert Run.open(path).document.step == 20
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        click(qtbot, window.top.go_on)
    assert window.session.path == path
    assert Run.open(path).document.step == 40
    assert Run.open(path).state() == "finished"
    steps, _ = Run.open(path).history().values["kl"]
    assert steps.tolist() == list(range(1, 41))


def test_a_live_knob_lands_and_is_marked(qtbot, window):
    begin(qtbot, window)
    window.train_page.form.set_values({"beta": 1.0})
    window.train_page.form.changed.emit("beta", 2.5)
    qtbot.waitUntil(lambda: any("2.5" in mark.text for mark in window.train_page.plot.data.marks), timeout=LONG)
    stop(qtbot, window)
    assert Run.open(window.session.path).document.knobs["beta"] == 2.5


def test_discard_asks_in_place_and_moves_the_run_to_the_bin(qtbot, window, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    begin(qtbot, window)
    path = window.session.path
    click(qtbot, window.top.discard)
    assert window.session.phase == "training"
    click(qtbot, window.top.no)
    assert window.top.discard.isVisible()
    click(qtbot, window.top.discard)
    with qtbot.waitSignal(window.session.discarded, timeout=LONG, raising=False):
        click(qtbot, window.top.yes)
    qtbot.waitUntil(lambda: window.session.phase in ("empty", "idle"), timeout=LONG)
    if said(window) and "could not be moved" in said(window)[0]:  # a system without a bin: the run is kept
        assert path.exists()
    else:
        assert not path.exists()
        assert window.top.title.text() == "No run yet"


def test_f08_closing_while_training_asks_then_saves_and_closes(qtbot, window):
    begin(qtbot, window)
    path = window.session.path
    window.close()
    assert window.isVisible()
    assert window.question.isVisible()
    click(qtbot, window.question.keep)
    assert window.session.phase == "training"
    window.close()
    click(qtbot, window.question.stop)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert Run.open(path).state() == "stopped"
    assert Run.open(path).saved_step() > 0


def test_a_reopened_run_shows_its_curves_pictures_and_knobs(qtbot, window):
    begin(qtbot, window, steps=15, latent_dim=5)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)
    path = window.session.path
    window.train_page.choose_family("autoencoder")
    window.train_page.begin(fresh=True)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.open_run(path)
    assert window.train_page.plot.data.extent() == (1, 15)
    assert len(window.train_page.samples.pictures) == 64
    assert window.train_page.form.values()["latent_dim"] == 5
    assert window.train_page.model.family_name() == "vae"


def test_runs_page_lists_opens_and_renames(qtbot, window):
    begin(qtbot, window, steps=5)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)
    qtbot.mouseClick(window.side.buttons["runs"], Qt.MouseButton.LeftButton)
    page = window.runs_page
    qtbot.waitUntil(lambda: page.table.current_path() == window.session.path, timeout=LONG)
    qtbot.waitUntil(lambda: len(page.samples.pictures) > 0, timeout=LONG)
    page.actions_by_name["rename"].trigger()
    qtbot.keyClick(page.name, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(page.name, "my digits")
    qtbot.keyClick(page.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: (window.runs_folder() / "my digits").is_dir(), timeout=LONG)
    qtbot.waitUntil(lambda: window.top.title.text() == "my digits", timeout=LONG)
    assert said(window) == []


def test_f09_a_failed_training_says_so_and_the_next_one_works(qtbot, window, tmp_path):
    window.train_page.model.set_sources([str(tmp_path / "gone")], str(tmp_path / "gone"))
    window.train_page.choose_family("vae", {**SMALL, "steps": 5})
    with qtbot.waitSignal(window.session.ended, timeout=LONG) as ended:
        click(qtbot, window.top.train)
    assert ended.args[0] == "failed"
    qtbot.waitUntil(lambda: any("gone" in text for text in said(window)), timeout=LONG)
    assert window.top.train.isVisible()
    window.train_page.model.set_sources([], "digits")
    begin(qtbot, window, steps=5)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)


def test_f21_a_full_disk_is_told_and_training_goes_on(qtbot, window, monkeypatch):
    begin(qtbot, window, checkpoint_every=5)
    monkeypatch.setattr(atomic, "faults", Faults("open:0:ENOSPC"))
    qtbot.waitUntil(lambda: any("disk is full" in text for text in said(window)), timeout=LONG)
    assert window.session.phase == "training"
    monkeypatch.setattr(atomic, "faults", Faults())
    stop(qtbot, window)
    assert Run.open(window.session.path).saved_step() > 0


def test_f44_a_damaged_run_opens_with_a_sentence(qtbot, window):
    begin(qtbot, window, steps=10, checkpoint_every=5)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)
    path = window.session.path
    (path / "run.json").write_bytes(b"{ torn")
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.open_run(path)
    qtbot.waitUntil(lambda: any("run.json" in text for text in said(window)), timeout=LONG)


def test_f48_button_spam_ends_in_a_legal_state(qtbot, window):
    window.train_page.choose_family("vae", {**SMALL, "steps": 0})
    for _ in range(12):
        for button in (window.top.train, window.top.pause, window.top.resume, window.top.stop):
            if button.isVisible() and button.isEnabled():
                qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.wait(5)
    if window.session.running:
        window.session.stop()
    qtbot.waitUntil(lambda: not window.session.running, timeout=LONG)
    qtbot.waitUntil(lambda: not window.session.work.busy("open"), timeout=LONG)
    assert window.session.phase in ("idle", "empty")
    assert window.top.train.isVisible()


def test_looking_changes_nothing(qtbot, window, tmp_path):
    """The same seed: the same losses in the window with pictures at each step, and headless without any."""
    begin(qtbot, window, steps=30, sample_every=1, seed=7)
    qtbot.waitUntil(lambda: window.top.go_on.isVisible(), timeout=LONG)
    watched = Run.open(window.session.path)
    values = {"steps": 30, "seed": 7, "sample_every": 1_000_000, "batch_size": 16, "threads": 1}
    training = TrainingConfig(**values)
    spec = RunSpec(family="vae", data="digits", knobs=watched.document.knobs, training=training)
    run = Run.create(tmp_path / "unseen")
    for _ in train(spec, run, Mailbox()):
        pass
    for name, (steps, losses) in run.history().values.items():
        assert np.array_equal(watched.history().values[name][0], steps)
        assert np.array_equal(watched.history().values[name][1], losses)
    hashes = [
        json.loads((r.path / "checkpoints/step-000030/manifest.json").read_text())["files"]["weights.safetensors"]
        for r in (watched, run)
    ]
    assert hashes[0] == hashes[1]


def test_no_scalar_is_lost_when_the_window_is_busy(qtbot, window):
    begin(qtbot, window)
    qtbot.waitUntil(lambda: not window.train_page.plot.data.empty, timeout=LONG)
    time.sleep(1.0)  # the event loop stands still while training goes on
    stop(qtbot, window)
    line = window.train_page.plot.data.line("kl")
    assert line.steps.tolist() == list(range(1, int(line.steps[-1]) + 1))


def test_data_page_explains_what_cannot_be_used(qtbot, window, tmp_path):
    window.show_page("data")
    window.data_page.show_source(str(tmp_path))
    qtbot.waitUntil(lambda: "is empty: name a folder" in window.data_page.trouble.text(), timeout=LONG)
    assert not window.data_page.use.isEnabled()
    window.data_page.show_source("digits")
    qtbot.waitUntil(lambda: len(window.data_page.gallery.pictures) == 1797, timeout=LONG)
    click(qtbot, window.data_page.use)
    assert window.stack.currentWidget() is window.train_page


def test_keys_do_what_the_buttons_do(qtbot, window):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=LONG)
    for number, key in enumerate(("data", "train", "latent", "runs"), 1):
        qtbot.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert window.stack.currentWidget() is window.pages[key]
    window.train_page.choose_family("vae", {**SMALL, "steps": 0})
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session.phase == "training", timeout=LONG)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=LONG)
    qtbot.keyClick(window.train_page.samples, Qt.Key.Key_Space)
    assert window.session.phase == "paused"
    qtbot.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session.phase == "idle", timeout=LONG)
    qtbot.waitUntil(lambda: not window.session.work.busy("open"), timeout=LONG)


def test_every_control_has_a_name(window):
    for page in window.pages.values():
        for kind in (QAbstractButton, QComboBox, QLineEdit):
            for control in page.findChildren(kind):
                named = control.accessibleName() or control.toolTip() or getattr(control, "text", str)()
                parent = control.parentWidget()
                assert named or (parent is not None and parent.accessibleName()), control


def test_the_next_window_remembers(qtbot, qapp, window):
    window.show_page("runs")
    window.settings = window.settings.with_data("digits")
    window.close()
    second = make(qtbot, qapp)
    assert settings.load()[0].page == "runs"
    assert second.train_page.model.source() == "digits"
    second.session.close()
    second.manager.uninstall()
