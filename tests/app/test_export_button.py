"""Writing the data that is shown: forms that fit, progress, stop, and words for what goes wrong."""

import numpy as np
import pytest

from genstudio.app.widgets.export_button import ExportButton
from genstudio.app.work import Work
from genstudio.data import open_source


@pytest.fixture
def button(qtbot):
    work = Work()
    button = ExportButton(work)
    qtbot.addWidget(button)
    button.show()
    yield button
    button.cancel()
    assert work.wait()


def forms(button):
    return [action.text() for action in button.forms.actions()]


def test_without_data_it_cannot_be_pressed(button):
    assert not button.isEnabled()
    assert forms(button) == []


def test_forms_are_those_that_fit(button):
    button.show_data(open_source("digits"))
    assert button.isEnabled()
    assert forms(button) == ["A folder of files …", "Arrays (NPZ) …"]
    button.show_data(open_source("sentences"))
    assert forms(button)[-1] == "Lines of text (TXT) …"


def test_it_writes_and_says_where(button, qtbot, tmp_path):
    button.show_data(open_source("digits").take(np.arange(8)))
    with qtbot.waitSignal(button.done) as said:
        button.write(tmp_path / "d")
    assert str(tmp_path / "d") in said.args[0]
    assert len(list((tmp_path / "d").rglob("*.png"))) == 8
    assert button.text() == "Export …"
    assert button._free(tmp_path).name == "digits"
    (tmp_path / "digits").mkdir()
    assert button._free(tmp_path).name == "digits-2"


def test_it_is_stopped_by_the_button_and_can_be_used_again(button, qtbot, tmp_path):
    button.show_data(open_source("shapes"))
    button.write(tmp_path / "d")
    qtbot.waitUntil(lambda: button.text().startswith("Stop"))
    button.click()
    assert button.text() == "Export …"
    qtbot.waitUntil(lambda: not button._writing._work._running)
    count = len(list((tmp_path / "d").rglob("*.png")))
    assert 0 < count < 6000
    with qtbot.waitSignal(button.done):
        button.write(tmp_path / "d.npz")


def test_f23_a_place_that_cannot_be_written_is_said_in_words(button, qtbot, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    button.show_data(open_source("digits"))
    with qtbot.waitSignal(button.problem) as said:
        button.write(tmp_path / "file" / "d")
    assert "cannot be written" in said.args[0]
