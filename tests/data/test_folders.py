"""Folders: everything usable is listed once; what is no file or cannot be used is said, and never waited for."""

import os
import socket
import zipfile
from pathlib import Path

import pytest
from trees import PNG, WAV, fill, look, names, reasons

from genstudio.core.errors import Cancelled, InputError
from genstudio.data import tree


def test_pictures_are_listed_in_natural_order_with_their_paths(tmp_path):
    listing = look(fill(tmp_path / "set", {f"{i}.png": PNG for i in (10, 9, 1, 2)}))
    assert names(listing) == ["1.png", "2.png", "9.png", "10.png"]
    assert listing.name == "set"
    assert listing.rejected == ()
    assert [Path(item.blobs["image"].path).name for item in listing.items] == names(listing)
    assert all(Path(item.blobs["image"].path).read_bytes() == PNG for item in listing.items)


def test_hidden_files_are_left_out_without_a_word(tmp_path):
    files = [".x.png", ".git/a.png", "__MACOSX/a.png", "Thumbs.db", "a/desktop.ini", "a/.DS_Store"]
    listing = look(fill(tmp_path, {**dict.fromkeys(files, PNG), "a/b.png": PNG}))
    assert names(listing) == ["a/b.png"]
    assert listing.rejected == ()


def test_a_file_without_a_suffix_is_told_by_its_content(tmp_path):
    listing = look(fill(tmp_path, {"a": PNG, "b.dat": PNG, "c.bin": b"\0\1\2" * 50, "d.pt": b"\x80\x04K\0."}))
    assert names(listing) == ["a", "b.dat"]
    assert set(reasons(listing)) == {"c.bin", "d.pt"}
    assert "pickle" in reasons(listing)["d.pt"]


def test_an_empty_file_is_rejected(tmp_path):
    listing = look(fill(tmp_path, {"a.png": PNG, "b.png": b"", "c": b"", "d.txt": b""}))
    assert names(listing) == ["a.png"]
    assert reasons(listing) == dict.fromkeys(("b.png", "c", "d.txt"), "is empty")


def test_an_empty_folder_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"is empty: name a folder with pictures"):
        look(tmp_path)


def test_a_folder_of_other_things_says_what_it_holds(tmp_path):
    fill(
        tmp_path, {"a.json": b"{}", "b.json": b"{}", "README.md": b"# x", "c.mp4": b"\0\0\0\x20ftypisom" + b"0" * 99}
    )
    with pytest.raises(InputError, match=r"4 files that cannot be used \(2 with \.json") as error:
        look(tmp_path)
    assert "Instead, name a folder with pictures" in str(error.value)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        look(tmp_path / "none")


def test_an_archive_in_a_folder_is_read_like_a_sub_folder(tmp_path):
    fill(tmp_path, {"cat/1.png": PNG})
    with zipfile.ZipFile(tmp_path / "dog.ZIP", "w") as archive:
        archive.writestr("2.png", PNG)
        archive.writestr("more.zip", b"PK\5\6" + bytes(18))
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 cut short")
    listing = look(tmp_path)
    assert [(item.name, item.label) for item in listing.items] == [("cat/1.png", "cat"), ("dog/2.png", "dog")]
    blob = listing.items[1].blobs["image"]
    assert (Path(blob.path).name, blob.member, blob.size) == ("dog.ZIP", "2.png", len(PNG))
    assert "an archive within an archive" in reasons(listing)["dog/more.zip"]
    assert "damaged" in reasons(listing)["bad.zip"]


def test_an_archive_beside_a_folder_of_its_name_keeps_names_unique(tmp_path):
    fill(tmp_path, {"a/1.png": PNG})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", PNG)
    first = look(tmp_path)
    assert names(first) == ["a/1 (2).png", "a/1.png"]  # the archive is the one that gives way
    assert [item.blobs["image"].member for item in first.items] == ["1.png", ""]
    assert look(tmp_path) == first


# --- the stamp -------------------------------------------------------------------------------------------


def test_the_stamp_changes_with_content_names_and_tables_but_not_with_the_place(tmp_path):
    files = {"a.png": PNG, "b.png": PNG, "metadata.csv": b"file,label\na.png,x\nb.png,y\n"}
    root = fill(tmp_path / "one", files)
    for name in files:
        os.utime(root / name, ns=(10**18, 10**18))
    stamps = [look(root).stamp, look(root, labels="none").stamp]
    assert stamps[0] == stamps[1]
    moved = root.rename(tmp_path / "two")
    assert look(moved).stamp == stamps[0]
    for change in (
        lambda: os.utime(moved / "a.png", ns=(10**18, 10**18 + 1)),
        lambda: (moved / "b.png").rename(moved / "c.png"),
        lambda: os.utime(moved / "metadata.csv", ns=(10**18, 10**18 + 1)),
        lambda: (moved / "d.png").write_bytes(PNG),
        lambda: (moved / "metadata.csv").unlink(),
    ):
        change()
        stamps.append(look(moved).stamp)
    assert len(set(stamps)) == len(stamps) - 1


def test_files_that_are_not_used_do_not_change_the_stamp(tmp_path):
    root = fill(tmp_path, {"a.png": PNG})
    before = look(root).stamp
    assert look(fill(root, {"README.md": b"x", "z.wav": WAV})).stamp == before


# --- F39: what is no file --------------------------------------------------------------------------------


def test_f39_special_files_are_each_said_and_never_opened(tmp_path):
    root = fill(tmp_path / "set", {"good.png": PNG, "sub/other.png": PNG})
    os.mkfifo(root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(root)  # the name of a socket may have 107 bytes only
        listener.bind("socket.png")
        os.chdir("/")
        (root / "zero.png").symlink_to("/dev/zero")
        (root / "pipe link.zip").symlink_to(root / "pipe.png")
        (root / "dangling.png").symlink_to(root / "nothing.png")
        (root / "self.png").symlink_to(root / "self.png")
        (root / "fine.png").symlink_to(root / "good.png")
        listing = look(root)
    assert names(listing) == ["fine.png", "good.png", "sub/other.png"]
    said = reasons(listing)
    assert len(said) == 6
    assert said["pipe.png"] == said["pipe link.zip"] == "is a named pipe, not a file"
    assert said["socket.png"] == "is a socket, not a file"
    assert said["zero.png"] == "is a device, not a file"
    assert said["dangling.png"].startswith("is a link that leads nowhere")
    assert said["self.png"].startswith("is a link that leads nowhere")


def test_f39_links_in_a_circle_end(tmp_path):
    root = fill(tmp_path / "set", {"a/1.png": PNG, "b/2.png": PNG})
    fill(tmp_path, {"elsewhere/3.png": PNG})
    (root / "a" / "up").symlink_to(root)
    (root / "0").symlink_to(root / "b")  # looked at before the folder itself would be
    (root / "above").symlink_to(tmp_path)
    (root / "root").symlink_to("/")
    (root / "c").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere")
    listing = look(root)
    assert names(listing) == ["a/1.png", "b/2.png", "c/3.png"]
    assert reasons(listing) == dict.fromkeys(
        ("a/up", "0", "above", "root", "c/back"), "is a link back to a folder that is read already"
    )


def test_f39_a_source_that_is_a_link_in_a_circle_is_a_sentence(tmp_path):
    (tmp_path / "x").symlink_to(tmp_path / "x")
    with pytest.raises(InputError, match="cannot be read"):
        look(tmp_path / "x")


def test_f39_a_folder_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    root, scandir = fill(tmp_path, {"a/1.png": PNG, "secret/2.png": PNG}), os.scandir

    def refusing(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = look(root)
    assert names(listing) == ["a/1.png"]
    assert reasons(listing) == {"secret": "is a folder that cannot be read: Permission denied"}


def test_f39_a_file_that_goes_away_meanwhile_is_said(tmp_path, monkeypatch):
    root = fill(tmp_path, {"a.png": PNG, "b": PNG})
    finish = tree.Tree.finish

    def losing(self):
        (root / "b").unlink()
        os.mkfifo(root / "b")  # it would be waited for without end
        finish(self)

    monkeypatch.setattr(tree.Tree, "finish", losing)
    listing = look(root)
    assert names(listing) == ["a.png"]
    assert reasons(listing) == {"b": "cannot be read: it is not a plain file"}


def test_f39_progress_is_told_ten_times_a_second_at_most(tmp_path, monkeypatch):
    root = fill(tmp_path, {f"{i}.png": PNG for i in range(400)})
    clock, told = iter(range(10**9)), []
    monkeypatch.setattr(tree.time, "monotonic", lambda: next(clock) * 0.01)
    look(root, lambda what, done, total: told.append((what, done, total)))
    asked = next(clock)
    assert asked >= 4 * 400  # while walking, sorting, telling kinds apart, making items and the stamp
    assert asked // 12 <= len(told) <= asked // 10 + 1
    assert {(what, total) for what, _, total in told} == {("looking through the folder", 0)}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == 400


@pytest.mark.parametrize("at", [0, 30, 399, 401, 900, 1300, 1700])
def test_f39_a_wish_to_stop_is_heard_at_every_stage(tmp_path, monkeypatch, at):
    root = fill(tmp_path, {f"{i}.png": PNG for i in range(400)})
    clock, calls = iter(range(10**9)), []
    monkeypatch.setattr(tree.time, "monotonic", lambda: next(clock))

    def watch(what, done, total):
        calls.append(done)
        if len(calls) > at:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        look(root, watch)
    assert len(calls) == at + 1


def test_f39_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "MOST_ENTRIES", 20)
    assert len(look(fill(tmp_path, {f"{i}.png": PNG for i in range(20)})).items) == 20
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("1.png", PNG)
    with pytest.raises(InputError, match="more than 20 files: name one of its sub-folders"):
        look(tmp_path)
