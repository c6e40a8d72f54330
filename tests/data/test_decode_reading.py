"""Bytes of plain files, parts of files and members of archives, and what is refused before it does harm."""

import io
import os
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from genstudio.core.errors import InputError
from genstudio.data.decoding import LIMIT, reading
from genstudio.data.decoding.reading import Reader
from genstudio.data.items import Blob

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")


@pytest.fixture
def reader():
    reader = Reader()
    yield reader
    reader.close()


def refusal(reader, blob):
    with pytest.raises(InputError) as caught:
        reader.read(blob)
    return str(caught.value)


@pytest.fixture
def archive(tmp_path):
    """Makes an archive from {member: bytes}, all of it changed by `change` where that is given."""

    def make(members, packing=zipfile.ZIP_DEFLATED, change=lambda data: data, name="a.zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", packing) as file:
            for member, data in members.items():
                file.writestr(member, data)
        (tmp_path / name).write_bytes(change(buffer.getvalue()))
        return str(tmp_path / name)

    return make


def test_a_plain_file_is_read_whole_or_in_part(reader, tmp_path):
    path = tmp_path / "ä ö.bin"
    path.write_bytes(b"0123456789")
    assert reader.read(Blob(str(path))) == b"0123456789"
    assert reader.read(Blob(str(path), start=2, size=3)) == b"234"
    assert reader.read(Blob(str(path), start=0, size=0)) == b""
    assert reader.read(Blob(str(path), start=0, size=10)) == b"0123456789"


def test_f31_a_part_beyond_the_end_is_cut_short(reader, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    assert refusal(reader, Blob(str(path), start=8, size=3)) == "it is cut short"


@posix
def test_a_name_that_is_not_unicode_is_read(reader, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.png"
    with open(name, "wb") as file:  # noqa: PTH123
        file.write(b"abc")
    assert reader.read(Blob(os.fsdecode(name))) == b"abc"


def test_f32_a_file_that_went_away_is_refused(reader, tmp_path):
    assert refusal(reader, Blob(str(tmp_path / "gone.png"))) == "it cannot be read (No such file or directory)"
    assert refusal(reader, Blob("a\0b")) == "it has a name that cannot be used"


def test_f33_a_file_over_the_limit_is_refused_without_being_read(reader, tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)
    assert "too large" in refusal(reader, Blob(str(path)))
    assert "too large" in refusal(reader, Blob(str(path), start=0, size=LIMIT + 1))
    assert len(reader.read(Blob(str(path), start=0, size=10))) == 10


@posix
def test_f39_pipes_devices_and_folders_are_refused_at_once(reader, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe.png", tmp_path / "link.png", tmp_path, "/dev/zero"):
        assert refusal(reader, Blob(str(path))) == "it is not a plain file"


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_of_archives_are_read(reader, archive, packing):
    path = archive({"a/ä.png": b"abc" * 100, "b": b""}, packing)
    assert reader.read(Blob(path, "a/ä.png")) == b"abc" * 100
    assert reader.read(Blob(path, "b")) == b""


def test_archives_are_exchanged_and_let_go(reader, archive, tmp_path):
    first, second = archive({"a": b"1"}), archive({"a": b"2"}, name="b.zip")
    assert [reader.read(Blob(path, "a")) for path in (first, second, first)] == [b"1", b"2", b"1"]
    assert refusal(reader, Blob(first, "c")) == "it is no longer in its archive"


def test_f33_an_archive_bomb_is_cut_off_whatever_it_says_of_its_size(reader, archive, monkeypatch):
    monkeypatch.setattr(reading, "LIMIT", 1 << 20)
    size = (1 << 20) + 5

    def lie(data):  # in both places where a size stands
        return data.replace(struct.pack("<I", size), struct.pack("<I", 3))

    path = archive({"bomb.png": bytes(size)})
    assert Path(path).stat().st_size < 2000
    assert "too large" in refusal(reader, Blob(path, "bomb.png", size=3))
    path = archive({"bomb.png": bytes(size)}, change=lie, name="b.zip")
    assert "damaged" in refusal(reader, Blob(path, "bomb.png"))


def test_f31_damaged_members_are_refused(reader, archive):
    content = os.urandom(500)
    path = archive({"a": content}, change=lambda data: data.replace(content[200:210], bytes(10)))
    assert refusal(reader, Blob(path, "a")) == "it is damaged in its archive"
    path = archive({"a": b"abc" * 500}, change=lambda data: data[:20], name="b.zip")
    assert refusal(reader, Blob(path, "a")) == "it is damaged in its archive"


def test_locked_and_strangely_packed_members_are_refused(reader, archive):
    def flags(data):  # of the member and of the list of members
        one = data[:6] + b"\1" + data[7:]
        at = one.index(b"PK\1\2") + 8
        return one[:at] + b"\1" + one[at + 1 :]

    def packing(data):
        one = data[:8] + b"\x60" + data[9:]
        at = one.index(b"PK\1\2") + 10
        return one[:at] + b"\x60" + one[at + 1 :]

    assert "password" in refusal(reader, Blob(archive({"a": b"abc"}, change=flags), "a"))
    path = archive({"a": b"abc"}, change=packing, name="b.zip")
    assert "packed in a way that is not read" in refusal(reader, Blob(path, "a"))
