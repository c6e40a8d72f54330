"""The Runs page: list, look, open, resume, rename, delete to the bin; damaged runs are a sentence."""

import numpy as np
import pytest
from filelock import FileLock
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMenu
from studio import Studio

from genstudio.core.errors import InputError
from genstudio.engine.run import Run


@pytest.fixture
def page(studio):
    """The Runs page with one finished run, selected."""
    studio.trained(6)
    page = studio.go_to("runs")
    studio.wait(lambda: len(page.samples.pictures) > 0)
    return page


def names(page):
    model = page.table.model()
    return sorted(model.index(i, 0).data() for i in range(model.rowCount()))


def allowed(page):
    return {key for key, action in page.actions_by_name.items() if action.isEnabled()}


def choose(page, path):
    page.table.select(path)
    assert page.table.current_path() == path


def test_without_runs_it_says_what_to_do_first(studio):
    page = studio.go_to("runs")
    assert not page.table.isVisible()
    assert not page._tools.isVisible()
    studio.press("Go to Train")
    assert studio.window.stack.currentWidget() is studio.page


def test_the_selected_run_is_previewed(studio, page):
    assert names(page) == ["digits vae"]
    assert allowed(page) == {"open", "resume", "rename", "folder", "bin"}
    assert page.plot.data.extent() == (1, 6)
    assert len(page.samples.pictures) == 64
    studio.go_to("train")
    other = studio.trained(3, family="autoencoder")
    studio.go_to("runs")
    choose(page, other)
    studio.quiet()
    assert page.plot.data.extent() == (1, 3)
    assert "kl" not in {curve.name for curve in page.plot.data.curves}


@pytest.mark.parametrize("how", ["button", "enter", "double-click", "menu"])
def test_a_run_is_opened(studio, page, how):
    path = page.table.current_path()
    studio.window.session.path = None
    page.table.setFocus()
    if how == "button":
        studio.press("Open", page)
    elif how == "enter":
        studio.key(Qt.Key.Key_Return)
    else:
        where = page.table.visualRect(page.table.model().index(0, 1)).center()
        if how == "double-click":
            studio.qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
            studio.qtbot.mouseDClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
        else:
            page.table.customContextMenuRequested.emit(where)
            (menu,) = [menu for menu in page.findChildren(QMenu) if menu.isVisible()]
            menu.actions()[0].trigger()
            menu.close()
    studio.quiet()
    assert studio.session.path == path
    assert studio.window.stack.currentWidget() is studio.page
    assert studio.curve("kl")[0].tolist() == [1, 2, 3, 4, 5, 6]


def test_resume_opens_and_goes_on(studio, page):
    path = page.table.current_path()
    studio.press("Resume", page)
    studio.quiet()
    assert studio.window.stack.currentWidget() is studio.page
    assert Run.open(path).document.step == 12
    assert studio.curve("kl")[0].tolist() == list(range(1, 13))


def test_rename_by_keys(studio, page):
    page.table.setFocus()
    studio.key(Qt.Key.Key_F2)
    assert QApplication.focusWidget() is page.name
    studio.qtbot.keyClicks(page.name, "first digits")  # what stood there is selected
    studio.key(Qt.Key.Key_Return)
    studio.wait(lambda: names(page) == ["first digits"])
    studio.quiet()
    assert page.table.current_path().name == "first digits"
    assert studio.window.top.title.text() == "first digits"
    assert studio.said == []
    assert not page.name.isVisible()


def test_the_renamed_run_stays_selected_among_others(studio, page):
    studio.go_to("train")
    studio.trained(3)
    studio.go_to("runs")
    choose(page, studio.session.path.with_name("digits vae"))
    studio.press("Rename")
    studio.retype(page.name, "older")
    studio.quiet()
    assert names(page) == ["digits vae-2", "older"]
    assert page.table.current_path().name == "older"
    assert studio.window.top.title.text() == "digits vae-2"


def test_escape_keeps_the_name(studio, page):
    studio.press("Rename")
    studio.qtbot.keyClicks(page.name, "other")
    studio.key(Qt.Key.Key_Escape)
    assert not page.name.isVisible()
    page.table.setFocus()
    studio.quiet()
    assert names(page) == ["digits vae"]
    assert page.table.current_path().exists()


def test_f46_names_cannot_lead_elsewhere(studio, page):
    folder = page.table.current_path().parent
    ours = [("../../x", "x"), ("a/b", "a-b"), ("CON", "run CON"), ("  ", "run"), ("ü é 日本 🙂 #%", "ü é 日本 🙂 #%")]
    for typed, becomes in ours:
        before = names(page)
        studio.press("Rename")
        page.name.setText(typed)
        studio.qtbot.keyClick(page.name, Qt.Key.Key_Return)
        studio.wait(lambda before=before: names(page) != before)
        studio.quiet()
        assert [p.name for p in folder.iterdir()] == names(page)
        assert names(page)[0].endswith(becomes)
        assert "/" not in names(page)[0]


def test_a_name_that_is_taken_is_refused(studio, page):
    studio.go_to("train")
    studio.trained(3)
    studio.go_to("runs")
    choose(page, studio.session.path)
    studio.press("Rename")
    studio.retype(page.name, "digits vae")
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert studio.said == ["There is a run called “digits vae” already: choose another name."]
    assert names(page) == ["digits vae", "digits vae-2"]


def test_delete_moves_to_the_bin_and_shows_it_no_more(studio, page, bin_folder):
    page.table.setFocus()
    path = page.table.current_path()
    studio.key(Qt.Key.Key_Delete)
    studio.wait(lambda: not path.exists())
    studio.quiet()
    assert any(p.name.startswith("digits vae") for p in bin_folder.iterdir())
    assert studio.said == ["“digits vae” was moved to the bin."]
    assert page.plot.data.empty
    assert len(page.samples.pictures) == 0
    assert studio.window.top.title.text() == "No run yet"
    assert studio.state == ""
    assert not studio.offers("Resume")


def test_the_folder_of_a_run_is_shown(studio, page, monkeypatch):
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    studio.press("Show folder")
    assert shown == [QUrl.fromLocalFile(str(page.table.current_path()))]


def test_a_run_that_trains_can_be_looked_at_but_not_touched(studio, page):
    studio.go_to("train")
    studio.train_until_pictures()
    studio.click(studio.window.side.buttons["runs"])
    studio.wait(lambda: len(names(page)) == 2)
    choose(page, studio.session.path)
    assert allowed(page) == {"folder"}
    choose(page, studio.session.path.with_name("digits vae"))
    assert allowed(page) == {"rename", "folder", "bin"}
    studio.stop()
    assert allowed(page) == {"open", "resume", "rename", "folder", "bin"}


def test_f28_another_program_keeps_its_run(studio, page):
    path = page.table.current_path()
    with FileLock(path / ".lock", timeout=0):
        studio.press("Rename")
        studio.retype(page.name, "mine now")
        studio.quiet()
        studio.press("Move to bin")
        studio.quiet()
        studio.press("Resume", page)
        studio.quiet()
    assert path.exists()
    said = " ".join(studio.said)
    for words in ("stop it before you rename it", "stop it there first", "is being trained by another program"):
        assert words in said
    assert studio.state == "Failed"
    assert Run.open(path).document.step == 6


# --- damaged runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("run.json", b""), ("run.json", b"{ torn"), ("run.json", None),
        ("metrics.jsonl", b"\x00\xff garbage\n"), ("metrics.jsonl", None),
    ],
)  # fmt: skip
def test_f44_a_damaged_run_opens_with_a_sentence(studio, page, file, content):
    path = page.table.current_path()
    if content is None:
        (path / file).unlink()
    else:
        (path / file).write_bytes(content)
    studio.press("Open", page)
    studio.quiet()
    assert studio.session.path == path
    assert studio.state in ("Finished", "Interrupted")
    if content is not None or file == "run.json":
        studio.wait(lambda: any(file in text for text in studio.said))
    assert not any("Traceback" in text or "Something went wrong" in text for text in studio.said)
    assert studio.offers("Resume")


def test_damaged_checkpoints_are_said_when_it_goes_on(studio, page):
    path = page.table.current_path()
    for weights in path.glob("checkpoints/*/weights.safetensors"):
        weights.write_bytes(weights.read_bytes()[:-1])
    studio.press("Resume", page)
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert "no good checkpoint left" in studio.said[0]
    assert "weights.safetensors" in studio.said[0]
    assert studio.state == "Failed"
    assert studio.offers("Train")
    assert studio.curve("kl")[0].tolist() == [1, 2, 3, 4, 5, 6]  # what is there is shown


def test_a_run_of_which_nothing_is_left_is_refused_and_resumes_nothing_later(studio, page):
    ruined, good = page.table.current_path(), None
    studio.go_to("train")
    good = studio.trained(3)
    studio.go_to("runs")
    choose(page, ruined)
    (ruined / "run.json").write_bytes(b"{ torn")
    for manifest in ruined.glob("checkpoints/*/manifest.json"):
        manifest.write_bytes(b"[]")
    studio.press("Resume", page)
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert "cannot be opened" in studio.said[0]
    assert not studio.session.running
    studio.go_to("runs")
    choose(page, good)
    studio.press("Open", page)
    studio.quiet()
    assert studio.session.path == good
    assert not studio.session.running
    assert Run.open(good).document.step == 3


def test_a_folder_full_of_other_things_lists_only_runs(studio, page):
    folder = page.table.current_path().parent
    (folder / "notes.txt").write_text("hello")
    (folder / "empty").mkdir()
    (folder / "ruined").mkdir()
    (folder / "ruined" / "run.json").write_bytes(b"\x00" * 100)
    page.refresh()
    studio.quiet()
    assert names(page) == ["digits vae"]
    assert studio.said == []


def test_f24_a_run_that_was_moved_away_meanwhile(studio, page):
    path = page.table.current_path()
    path.rename(path.with_name("elsewhere"))
    studio.press("Open", page)
    studio.quiet()
    studio.wait(lambda: studio.said)
    assert str(path) in studio.said[0]
    with pytest.raises(InputError):
        Run.open(path)
    studio.go_to("runs")
    assert names(page) == ["elsewhere"]


# --- starting ----------------------------------------------------------------------------------------


def test_a_run_opened_before_torch_is_loaded_shows_its_own_knobs_and_goes_on_as_it_was(studio, qtbot):
    path = studio.trained(4, latent_dim=7)
    studio.trained(3, family="autoencoder")
    studio.window.close()
    second = Studio(qtbot)
    second.open(page=None, run=path, go_on=True)
    try:
        assert Run.open(path).document.step == 8
        assert second.page.model.family_name() == "vae"
        assert second.page.form.values()["latent_dim"] == 7
        assert np.array_equal(second.curve("kl")[0], np.arange(1, 9))
    finally:
        second.end()
