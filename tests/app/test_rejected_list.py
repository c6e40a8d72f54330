"""The list of files that cannot be used, and what is exported of it."""

import csv
import io

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from genstudio.app.widgets.rejected_list import RejectedList, written
from genstudio.core.errors import InputError
from genstudio.data import Rejected

FILES = (Rejected("a,b\n.png", "is cut short"), Rejected("=1+2.wav", "is “empty”"), Rejected("ü.txt", "is no text"))


@pytest.fixture
def rejected(qtbot):
    widget = RejectedList()
    qtbot.addWidget(widget)
    widget.resize(300, 300)
    return widget


def test_the_whole_reason_of_the_current_file_can_be_read(rejected):
    rejected.set_files("data", FILES)
    assert not rejected.isHidden()
    assert rejected.whole.toPlainText().endswith("is cut short")
    rejected.view.setCurrentIndex(rejected.view.model().index(1, 0))
    assert rejected.whole.toPlainText() == "=1+2.wav: is “empty”"


def test_it_hides_when_there_is_nothing(rejected):
    rejected.set_files("data", FILES)
    rejected.set_files("data", ())
    assert rejected.isHidden()


def test_ten_thousand_files_are_painted(rejected):
    rejected.set_files("data", [Rejected("n" * 200 + f"{i}.png", "r" * 3000) for i in range(10_000)])
    assert not rejected.grab().isNull()
    assert rejected.view.model().rowCount() == 10_000
    assert len(rejected.whole.toPlainText()) < 1200


def test_the_table_can_be_read_again_and_computes_nothing(tmp_path):
    rows = list(csv.reader(io.StringIO(written(tmp_path / "x.csv", FILES).decode(), newline="")))
    assert rows[0] == ["file", "reason"]
    assert rows[1] == ["a,b\n.png", "is cut short"]
    assert rows[2] == ["'=1+2.wav", "is “empty”"]


def test_the_text_has_one_line_a_file(tmp_path):
    lines = written(tmp_path / "x.TXT", FILES).decode().splitlines()
    assert lines == ["a,b .png: is cut short", "=1+2.wav: is “empty”", "ü.txt: is no text"]


def test_another_ending_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"list\.doc"):
        written(tmp_path / "list.doc", FILES)


def test_a_file_name_that_is_no_text_is_written_all_the_same(tmp_path):
    assert b"?" in written(tmp_path / "x.csv", [Rejected("\udce4.png", "is empty")])


def test_it_is_written_where_the_person_says(rejected, qtbot, tmp_path):
    rejected.set_files("holiday", FILES)
    rejected.ask()
    (dialog,) = rejected.findChildren(QFileDialog)
    assert "holiday" in dialog.selectedFiles()[0]
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "list.csv"))
    dialog.accept()
    qtbot.waitUntil(lambda: (tmp_path / "list.csv").exists())
    assert (tmp_path / "list.csv").read_bytes() == written(tmp_path / "list.csv", FILES)


def test_a_folder_that_is_gone_is_told_in_a_sentence(rejected, qtbot, tmp_path):
    with qtbot.waitSignal(rejected.problem) as heard:
        rejected._write(tmp_path / "gone" / "list.csv", FILES)
    assert "cannot be written" in heard.args[0]
