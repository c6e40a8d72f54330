"""The demo presses the buttons itself, and with nobody at the window it always comes to an end."""

import subprocess
import sys

import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication

from genstudio.app import demo, system
from genstudio.app.demo_window import DemoDriver
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.run import Run


@pytest.fixture
def drive(studio, tmp_path, monkeypatch):
    """Run the demo in the window of the test; gives the driver, and whether it asked the program to end."""
    left = []
    monkeypatch.setattr(QGuiApplication, "exit", lambda status=0: left.append(status))

    def drive(steps=8, out=None, seed=None, device="cpu", screenshot=tmp_path / "shot.png", leave=True):
        driver = DemoDriver(studio.window, steps, out, seed, device, screenshot, leave)
        driver._values["threads"] = 1
        studio.window.families_ready.emit()  # they were loaded before
        studio.wait(lambda: left or not leave)
        return driver

    return drive


def test_it_trains_and_leaves_pictures_of_the_window_and_of_samples(studio, drive, tmp_path):
    driver = drive(seed=3)
    assert driver.failure == ""
    told = driver.result()
    run = Run.open(studio.session.path)
    assert told == {
        "run": str(run.path), "steps": 8, "screenshot": str(tmp_path / "shot.png"),
        "samples": str(tmp_path / "shot-samples.png"),
    }  # fmt: skip
    assert (run.document.family, run.document.preset) == ("vae", "first-look")
    assert (run.document.step, run.document.seed) == (8, 3)
    with Image.open(told["screenshot"]) as picture:
        assert picture.size == studio.window.size().toTuple()
        assert len(picture.convert("L").getcolors(256)) > 50  # not an empty window
    assert not studio.window.isVisible()


def test_it_trains_in_the_folder_that_was_named(studio, drive, tmp_path):
    drive(out=tmp_path / "here")
    assert Run.open(tmp_path / "here").document.step == 8


def test_a_place_that_cannot_be_written_ends_it_with_a_sentence(drive, tmp_path):
    (tmp_path / "file").write_text("")
    driver = drive(screenshot=tmp_path / "file" / "shot.png")
    assert "shot.png” cannot be written" in driver.failure


def test_f09_a_training_that_fails_ends_it_with_a_sentence(drive):
    driver = drive(device="mps")
    assert "no usable “mps” device" in driver.failure


def test_a_training_that_cannot_even_begin_ends_it_with_a_sentence(studio, drive, tmp_path):
    (tmp_path / "file").write_text("")
    studio.window.settings = studio.window.settings.with_values(runs=str(tmp_path / "file" / "runs"))
    assert "cannot be made" in drive().failure


def test_families_that_cannot_be_loaded_end_it_with_a_sentence(studio, drive, monkeypatch):
    monkeypatch.setattr(DemoDriver, "_begin", lambda self: None)  # they never come
    studio.session.work.start("families", lambda: 1 / 0, print)
    assert "division by zero" in drive().failure


def test_with_a_person_at_the_window_it_stays_open(studio, drive):
    drive(steps=5, leave=False)
    studio.wait(lambda: studio.session.running)
    studio.quiet()
    studio.qtbot.wait(400)  # it looks back at its pictures
    assert studio.window.isVisible()
    assert studio.state == "Finished"


def test_wrong_wishes_are_refused_before_anything_begins(tmp_path):
    with pytest.raises(InputError, match=r"shot\.jpg” should end in \.png"):
        demo.run_demo(5, tmp_path / "shot.jpg", None, None, None)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        demo.run_demo(5, None, tmp_path / "full", None, None)


def test_missing_libraries_are_named_before_qt_is_imported(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(system, "_loads", lambda library: library != "libEGL.so.1")
    with pytest.raises(WorkError, match="libegl1"):
        demo.run_demo(5, None, None, None, None)


def test_importing_the_command_needs_no_qt():
    code = "import sys, genstudio.app.demo; assert 'PySide6' not in sys.modules and 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
