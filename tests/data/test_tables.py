"""Tables in text form: which column is what, where the files lie, and what is refused."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from table_files import opened, pictures

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError
from genstudio.data.beside import Beside
from genstudio.data.dataset import Dataset
from genstudio.data.items import Blob, Listing, unwatched
from genstudio.data.tables import open_table, split_choice


def read(blob):
    """The bytes that a blob stands for."""
    if blob.member:
        with zipfile.ZipFile(blob.path) as archive:
            return archive.read(blob.member)
    data = Path(blob.path).read_bytes()
    return data if blob.start < 0 else data[blob.start : blob.start + blob.size]


# --- pictures by path -----------------------------------------------------------------------------------


def test_paths_give_items_in_the_order_of_the_rows(table):
    path = table(
        "file,caption,label,split,speaker\nb.png,a bee,bee,train,x\na.png,an ant,ant,val,y\nc.png,,,train,\n"
        + "b.png,a bee,bee,train,x\n" * 10,
        "b.png", "a.png", "c.png",
    )  # fmt: skip
    found = opened(path)
    assert isinstance(found, Listing)
    b, a, again = found.items[:3]
    assert (again.name, len(found.items)) == ("row 4", 12)
    assert (b.name, b.text, b.label, b.split, b.group) == ("b.png", "a bee", "bee", "train", "x")
    assert (a.name, a.text, a.label, a.split, a.group) == ("a.png", "an ant", "ant", "validation", "y")
    assert read(b.blobs["image"]) == (path.parent / "b.png").read_bytes()
    assert found.spool is None
    assert [(r.file, r.reason) for r in found.rejected] == [("row 3", "has no text in column “caption”")]


def test_a_missing_label_and_an_unknown_part_are_said_in_words(table):
    path = table("file,label,split\na.png,x,train\nb.png,,later\n" + "a.png,x,train\n" * 6, "a.png", "b.png")
    found = opened(path)
    assert [item.label for item in found.items[:2]] == ["x", None]
    assert [item.split for item in found.items[:2]] == ["train", None]
    said = " ".join(found.notes)
    assert "1 rows have no label in column “label”" in said
    assert "“later” in 1 rows" in said


def test_a_path_that_comes_twice_gives_two_items(table):
    found = opened(table("file,caption\na.png,one\na.png,two\n", "a.png"))
    assert [(item.name, item.text) for item in found.items] == [("a.png", "one"), ("row 2", "two")]


def test_missing_files_are_rejected_with_their_row(table):
    found = opened(table("file\na.png\nnope.png\n", "a.png"))
    assert len(found.items) == 1
    (rejected,) = found.rejected
    assert rejected.file == "nope.png"
    assert "is not in" in rejected.reason
    assert "row 2" in rejected.reason


def test_no_usable_row_is_an_error_that_says_why(table):
    with pytest.raises(InputError, match=r"table\.csv.*nope\.png is not in"):
        opened(table("file\nnope.png\n"))


def test_a_folder_that_the_names_leave_out_is_found(table):
    found = opened(table("id,label\na.png,x\nb.png,y\n", "train/a.png", "train/b.png", "other/z.png"))
    assert [Path(item.blobs["image"].path).parent.name for item in found.items] == ["train", "train"]


def test_names_without_an_ending_are_found_when_the_files_are_there(table):
    path = table("thing,label\none,x\ntwo,y\n", "one.png", "two.png")
    assert isinstance(opened(path), Dataset)  # no such files: the column is text
    for name in ("one", "two"):
        (path.parent / f"{name}.png").rename(path.parent / name)
    assert [item.name for item in opened(path).items] == ["one", "two"]


def test_sounds_and_pictures_go_together(table):
    path = table("image,sound\na.png,a.wav\nb.png,b.wav\n", "a.png", "b.png")
    for name in ("a.wav", "b.wav"):
        (path.parent / name).write_bytes(b"RIFF")
    found = opened(path)
    assert [sorted(item.blobs) for item in found.items] == [["audio", "image"]] * 2
    assert found.items[1].blobs["audio"].path.endswith("b.wav")


def test_the_first_of_several_path_columns_is_used_and_the_others_are_named(table):
    path = table("left,right\na.png,b.png\n", "a.png", "b.png")
    found = opened(path)
    assert found.items[0].name == "a.png"
    (note,) = found.notes
    assert "right" in note
    assert "table.csv#image=right" in note
    assert opened(path, {"image": "right"}).items[0].name == "b.png"
    assert opened(path, {"image": "right"}).notes == ()


def test_a_single_archive_beside_the_table_is_looked_into(table):
    path = table("file,label\nin/a.png,x\nin/b.png,y\nin/c.png,z\n", "a.png", "b.png")
    with zipfile.ZipFile(path.parent / "all.zip", "w") as archive:
        archive.write(path.parent / "a.png", "in/a.png")
        archive.write(path.parent / "b.png", "in/b.png")
    found = opened(path)
    assert [item.blobs["image"].member for item in found.items] == ["in/a.png", "in/b.png"]
    assert read(found.items[1].blobs["image"]) == (path.parent / "b.png").read_bytes()
    assert "in/c.png" in found.rejected[0].file
    (path.parent / "second.zip").write_bytes((path.parent / "all.zip").read_bytes())
    with pytest.raises(InputError, match="is not in"):
        opened(path)


def test_real_captions_with_their_archive(real_data, tmp_path):
    path = real_data / "emoji" / "captions.csv"
    spool = tmp_path / "spool"
    found = open_table(path, str(path), {}, DataConfig(), unwatched, spool)
    assert len(found.items) == 1831
    first = found.items[0]
    assert (first.name, first.text, first.split, first.group) == (
        "noto/1f600.png", "grinning face", "train", "grinning face",
    )  # fmt: skip
    assert first.blobs["image"].member == "noto/1f600.png"
    assert read(first.blobs["image"]).startswith(b"\x89PNG")
    assert "image_twemoji" in found.notes[0]
    assert found.spool is None
    chosen = open_table(
        path, "x", {"image": "image_twemoji", "text": "keywords", "label": "group"}, DataConfig(), unwatched, spool
    )
    assert chosen.items[0].blobs["image"].member == "twemoji/1f600.png"
    assert chosen.items[0].text.startswith("cheerful|")
    assert chosen.items[0].label == "Smileys & Emotion"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("../secret.png", "leads out"),
        ("in/../../secret.png", "leads out"),
        ("..\\secret.png", "leads out"),
        ("/etc/secret.png", "absolute"),
        ("C:\\secret.png", "absolute"),
        ("c:secret.png", "absolute"),
        ("\\\\server\\secret.png", "absolute"),
        ("https://example.org/secret.png", "nothing is downloaded"),
        ("link.png", "is a link"),
        ("out/secret.png", "is a link"),
        ("folder.png", "is not a file"),
        ("pipe.png", "is not a file"),
        ("x" * 1001 + ".png", "1,005 characters"),
        ("a\x07.png", "characters that no path has"),
    ],
)
def test_f34_a_path_that_leaves_the_folder_is_rejected(table, tmp_path_factory, cell, words):
    outside = tmp_path_factory.mktemp("outside")
    Image.fromarray(pictures()[0, :, :, 0]).save(outside / "secret.png")
    path = table(f'file,label\na.png,x\n"{cell}",y\n', "a.png")
    (path.parent / "link.png").symlink_to(outside / "secret.png")
    (path.parent / "out").symlink_to(outside)
    (path.parent / "folder.png").mkdir()
    os.mkfifo(path.parent / "pipe.png")
    found = opened(path)
    assert [item.name for item in found.items] == ["a.png"]
    (rejected,) = found.rejected
    assert words in rejected.reason
    assert "row 2" in rejected.reason


@given(st.text(max_size=40).map(lambda text: text.replace("\0", "")))
def test_f34_no_cell_whatsoever_names_a_file_outside(tmp_path_factory, cell):
    folder = tmp_path_factory.getbasetemp() / "inner" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for word in (cell, f"../{cell}", f"/{cell}", f"a/{cell}/../..", f"..\\{cell}"):
        name, found = Beside(folder, "x", unwatched).find(word)
        assert isinstance(name, str)
        if isinstance(found, Blob):
            assert found.path.startswith(os.path.realpath(folder) + os.sep)


def test_f39_a_link_inside_the_folder_may_be_used(table):
    path = table("file\na.png\nlink.png\n", "a.png")
    (path.parent / "link.png").symlink_to("a.png")
    (path.parent / "loop.png").symlink_to("loop.png")
    assert [item.name for item in opened(path).items] == ["a.png", "link.png"]


# --- the stamp ------------------------------------------------------------------------------------------


def test_the_stamp_changes_with_table_files_and_choice(table):
    path = table("file,other\na.png,b.png\n", "a.png", "b.png")
    stamps = {opened(path).stamp}
    assert opened(path).stamp in stamps
    stamps.add(opened(path, {"image": "other"}).stamp)
    os.utime(path.parent / "a.png", ns=(1, 1))
    stamps.add(opened(path).stamp)
    os.utime(path, ns=(1, 1))
    stamps.add(opened(path).stamp)
    assert len(stamps) == 4


# --- choosing columns -----------------------------------------------------------------------------------


def test_a_source_says_which_columns(table):
    path = table("a,b\nx.png,hi\n", "x.png")
    assert split_choice(f"{path}#image=a,text=b") == (str(path), {"image": "a", "text": "b"})
    assert split_choice(f"{path}#text=last, first,label=") == (str(path), {"text": "last, first", "label": ""})
    assert split_choice(str(path)) == (str(path), {})
    assert split_choice("no/such#thing/table.csv") == ("no/such#thing/table.csv", {})
    odd = path.with_name("table.csv#image=a")
    odd.write_text("as it stands", encoding="utf-8")
    assert split_choice(str(odd)) == (str(odd), {})


def test_an_unknown_role_or_column_is_refused_with_those_there_are(table):
    path = table("alpha,beta\nx.png,hi\n", "x.png")
    with pytest.raises(InputError, match=r"“picture”.*image, audio, text, label, split, group.*alpha, beta"):
        split_choice(f"{path}#picture=alpha")
    with pytest.raises(InputError, match="the roles are image"):
        split_choice("nothing.csv#picture=alpha")
    with pytest.raises(InputError, match=r"table\.csv has no column “gamma”: its columns are alpha, beta"):
        opened(path, {"image": "gamma"})


def test_an_empty_choice_leaves_a_column_out(table):
    path = table("file,caption,label\na.png,hi,x\n", "a.png")
    item = opened(path, {"label": "", "text": ""}).items[0]
    assert (item.label, item.text) == (None, None)
    assert isinstance(opened(path, {"image": ""}), Dataset)


def test_a_table_without_anything_to_learn_from_says_how_to_choose(table):
    with pytest.raises(InputError, match=r"table\.csv#image=COLUMN.*height, weight"):
        opened(table("height,weight\n1.5,2.5\n2.5,3.5\n"))


# --- what is no table -----------------------------------------------------------------------------------


def test_f37_a_table_that_cannot_be_read_is_refused_by_name(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "nul.csv").write_bytes(b"a,b\n\0,1\n")
    for name in ("folder.csv", "pipe.csv", "nul.csv", "missing.csv"):
        with pytest.raises(InputError, match=name):
            opened(tmp_path / name)


def test_f37_a_row_with_too_many_cells_is_rejected_and_the_rest_used(table):
    data = opened(table("text,label\nhello,a\none, two,b\nbye,b\n"))
    assert data.texts[:] == ["hello", "bye"]
    assert data.rejected[0].file == "row 2"


def test_stopping_leaves_nothing_behind(table):
    def stop(what, done, total):
        raise Cancelled("stop")

    path = table("file\na.png\n", "a.png")
    with pytest.raises(Cancelled):
        open_table(path, str(path), {}, DataConfig(), stop, path.parent / "spool.bytes")
    assert not (path.parent / "spool.bytes").exists()
