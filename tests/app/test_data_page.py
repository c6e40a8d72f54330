"""The Data page: what is in a source, and a sentence for what cannot be used."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit

from genstudio.app import theme
from genstudio.app.widgets.source_card import built_in
from genstudio.engine.run import Run


def idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(header + array.tobytes())


@pytest.fixture
def folder(tmp_path):
    """47 pictures of 8 x 10 pixels with labels, 7 of them for tests, under a name that is hard on programs."""
    folder = tmp_path / "ü é 日本 🙂 #%"
    folder.mkdir()
    rng = np.random.default_rng(0)
    idx(folder / "train-images-idx3-ubyte.gz", rng.integers(0, 256, (40, 8, 10), dtype=np.uint8))
    idx(folder / "train-labels-idx1-ubyte.gz", (np.arange(40) % 3).astype(np.uint8))
    idx(folder / "t10k-labels-idx1-ubyte.gz", (np.arange(7) % 3).astype(np.uint8))
    idx(folder / "t10k-images-idx3-ubyte.gz", rng.integers(0, 256, (7, 8, 10), dtype=np.uint8))
    return folder


@pytest.fixture
def page(studio):
    return studio.go_to("data")


def facts(page):
    return page.panel.facts.rows


def labels(page):
    return page.panel.facts.labels.counts()


def listed(page):
    """The sources of one's own; the built-in ones are always there."""
    return [source for source in page.sources.sources() if source not in built_in()]


def row_of(page, source):
    rows = [page.sources.item(i) for i in range(page.sources.count())]
    return next(item for item in rows if item.data(Qt.ItemDataRole.UserRole) == source)


def trouble(page):
    return page.trouble.text().replace("\u200b", "")  # invisible places to break long names at


def note(page):
    return page.stage._note.text()


def test_the_digits_are_shown_with_their_facts(page):
    assert len(page.gallery.pictures) == 1797
    found = facts(page)
    assert (found["Pictures"], found["Size"], found["Labels"]) == ("1,797", "8 x 8 pixels, grey", "10")
    assert list(labels(page)) == [str(i) for i in range(10)]
    assert sum(labels(page).values()) == 1797
    assert trouble(page) == ""
    assert page.use.isEnabled()


def test_a_folder_of_ones_own_is_shown_remembered_and_trained_on(studio, page, folder):
    page.show_source(str(folder))
    studio.quiet()
    found = facts(page)
    assert (found["Pictures"], found["Size"]) == ("47", "10 x 8 pixels, grey")
    assert (found["For training"], found["Held out for tests"]) == ("40", "7")
    assert labels(page) == {"0": 17, "1": 15, "2": 15}
    assert listed(page) == [str(folder)]
    studio.press("Train on this data")
    assert studio.window.stack.currentWidget() is studio.page
    assert studio.page.model.source() == str(folder)
    path = studio.trained(3)
    assert Run.open(path).document.data.source == str(folder)
    assert path.name == f"{folder.name} vae"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "nowhere", "There is no data at"),
        (lambda p: p / "holiday", "is empty: name a folder with"),
        (lambda p: p / "bad-images-idx3-ubyte", "is not an IDX file"),
        (lambda p: p / "empty-images-idx3-ubyte.gz", "damaged or was cut short"),
        (lambda p: p / ("x" * 5000), "xxxx"),
    ],
)
def test_what_cannot_be_used_is_explained_in_place(studio, page, tmp_path, make, words):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "bad-images-idx3-ubyte").write_bytes(b"GIF89a......")
    (tmp_path / "empty-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b")
    wrong = make(tmp_path)
    page.show_source(str(wrong))
    studio.quiet()
    assert words in trouble(page)
    assert wrong.name[:100] in trouble(page)
    assert page.minimumSizeHint().height() < 640
    assert len(page.gallery.pictures) == 0
    assert facts(page) == {}
    assert not page.use.isEnabled()
    assert studio.page.model.source() == "digits"  # what cannot be opened is not trained on
    assert listed(page) == []
    assert studio.said == []


def test_after_a_refusal_the_listed_one_can_be_clicked_again(studio, page, tmp_path):
    page.show_source(str(tmp_path / "nowhere"))
    studio.quiet()
    where = page.sources.visualItemRect(row_of(page, "digits")).center()
    studio.qtbot.mouseClick(page.sources.viewport(), Qt.MouseButton.LeftButton, pos=where)
    studio.quiet()
    assert len(page.gallery.pictures) == 1797
    assert trouble(page) == ""


def test_arrows_in_the_list_show_the_next_source(studio, page, folder):
    page.show_source(str(folder))
    studio.quiet()
    page.sources.setFocus()
    studio.key(Qt.Key.Key_Home)
    studio.quiet()
    assert len(page.gallery.pictures) == 1797
    studio.key(Qt.Key.Key_End)
    studio.quiet()
    assert len(page.gallery.pictures) == 47


def drop(page, url):
    data = QMimeData()
    data.setUrls([url])
    mouse, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, mouse, keys)
    QApplication.sendEvent(page, enter)
    yield enter.isAccepted()
    event = QDropEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, mouse, keys)
    QApplication.sendEvent(page, event)
    yield event.isAccepted()


def test_a_folder_can_be_dropped(studio, page, folder):
    dropping = drop(page, QUrl.fromLocalFile(str(folder)))
    assert next(dropping)
    assert page.veil.isVisible()
    assert page.veil.text == f"Drop to open “{folder.name}”"
    assert next(dropping)
    assert not page.veil.isVisible()
    studio.quiet()
    assert len(page.gallery.pictures) == 47


def test_what_is_carried_past_changes_nothing(page):
    dropping = drop(page, QUrl("https://example.org/data.zip"))
    assert not next(dropping)
    assert not page.veil.isVisible()
    QApplication.sendEvent(page, QDragLeaveEvent())
    assert note(page) == "1,797 pictures"
    assert not next(dropping)
    assert len(page.gallery.pictures) == 1797


def test_ctrl_o_asks_for_a_folder_without_stopping_anything(studio, folder):
    studio.key(Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    page = studio.window.data_page
    assert studio.window.stack.currentWidget() is page
    (dialog,) = page.findChildren(QFileDialog)
    assert dialog.isVisible()
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(folder))
    dialog.accept()
    studio.quiet()
    studio.wait(lambda: len(page.gallery.pictures) == 47)
    studio.wait(lambda: not page.findChildren(QFileDialog))


def test_one_file_can_be_opened_too(studio, page, folder):
    studio.press("Open file …")
    (dialog,) = page.findChildren(QFileDialog)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(folder / "t10k-images-idx3-ubyte.gz"))
    dialog.accept()
    studio.wait(lambda: len(page.gallery.pictures) == 7)
    studio.quiet()


def test_data_chosen_while_training_wait_in_the_list(studio, folder):
    studio.train_until_pictures()
    page = studio.window.data_page
    studio.click(studio.window.side.buttons["data"])
    page.show_source(str(folder))
    studio.wait(lambda: len(page.gallery.pictures) == 47)
    model = studio.page.model
    assert model.source() == "digits"
    assert [model.data.itemData(i) for i in range(model.data.count())] == [
        "digits",
        str(folder),
        "shapes",
        "rings",
        "grid",
    ]
    studio.stop()
    assert Run.open(studio.session.path).document.data.source == "digits"


def test_rejected_files_are_named(studio, page, folder):
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bgarbage")
    page.show_source(str(folder))
    studio.quiet()
    (rejected,) = page.panel.rejected.files()
    assert rejected.file == "train-labels-idx1-ubyte.gz"
    assert page.panel.tabs.tabText(2).startswith("Check (")
    assert facts(page)["Cannot be used"] == "1"
    assert page.use.isEnabled()
    assert labels(page) == {"0": 3, "1": 2, "2": 2}  # those of the test part are whole


def test_names_are_plain_text_and_icons_follow_the_theme(studio, page, tmp_path):
    page.show_source(str(tmp_path / "<b>bold</b>"))
    studio.quiet()
    assert page.trouble.textFormat() == Qt.TextFormat.PlainText
    assert all(label.textFormat() != Qt.TextFormat.RichText for label in page.findChildren(QLabel))
    before = row_of(page, "digits").icon().pixmap(16).toImage()
    theme.apply(QApplication.instance(), "light")
    assert row_of(page, "digits").icon().pixmap(16).toImage() != before


def test_the_newest_source_wins_however_many_are_asked_for(studio, page, folder):
    for source in [str(folder), "digits", str(folder), str(Path(folder) / "no"), str(folder)]:
        page.show_source(source)
    studio.quiet()
    assert len(page.gallery.pictures) == 47
    assert trouble(page) == ""
