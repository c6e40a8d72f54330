"""Zip archives: members are listed by what they are, broken ones are said, and nothing is unpacked."""

import os
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import PNG, look, names, plain, reasons, record, write

from genstudio.core.errors import InputError
from genstudio.data.items import natural

# --- good archives ---------------------------------------------------------------------------------------


def test_members_are_listed_in_natural_order_under_names_that_zipfile_knows(tmp_path):
    path = plain(tmp_path / "set.zip", {"b/10.png": PNG, "b/9.png": PNG, "a/": b"", "a/1.png": PNG})
    listing = look(path)
    assert names(listing) == ["a/1.png", "b/9.png", "b/10.png"]
    assert [item.label for item in listing.items] == ["a", "b", "b"]
    assert (listing.name, listing.rejected) == ("set", ())
    with zipfile.ZipFile(path) as archive:
        for item in listing.items:
            blob = item.blobs["image"]
            assert blob.path == str(path)
            assert len(archive.read(blob.member)) == blob.size == len(PNG)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_read_through_every_usual_method(tmp_path, method):
    table = "file,label\n" + "".join(f"{i},{'abc'[i % 3]}\n" for i in range(300))
    members = {str(i): PNG for i in range(300)} | {"metadata.csv": table}
    listing = look(plain(tmp_path / "set.zip", members, method))  # without suffixes: each is looked into
    assert len(listing.items) == 300
    assert [item.label for item in listing.items] == ["a", "b", "c"] * 100
    assert listing.rejected == ()


def test_an_unusual_method_is_rejected(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a.png", PNG, zipfile.ZIP_LZMA)
        archive.writestr("b.png", PNG)
    listing = look(tmp_path / "set.zip")
    assert names(listing) == ["b.png"]
    assert reasons(listing) == {"a.png": "is packed by a method (14) that cannot be read: pack it again as usual"}


def test_names_without_the_mark_of_utf8_are_shown_right_and_found(tmp_path):
    raw = ["é 日本.png".encode(), "ü.png".encode("cp437"), "naïve.png".encode("cp437")]
    path = write(tmp_path / "set.zip", *(record(name, flags=0) for name in raw))
    listing = look(path)
    assert set(names(listing)) == {"é 日本.png", "ü.png", "naïve.png"}
    with zipfile.ZipFile(path) as archive:
        assert {item.blobs["image"].member for item in listing.items} == set(archive.namelist())


def test_an_archive_behind_a_program_and_before_a_comment_is_read(tmp_path):
    decoy = b"PK\5\6 is how an end begins " * 3
    path = write(tmp_path / "set.zip", record(b"a"), before=b"#!/bin/sh\n" + b"x" * 5000, comment=decoy)
    assert names(look(path)) == ["a"]


def test_an_archive_with_64_bit_counts_is_read(tmp_path):
    path = write(tmp_path / "set.zip", record(b"1.png"), record(b"2.png"))
    data = path.read_bytes()
    *_, size, place, _ = struct.unpack("<4s4H2IH", data[-22:])
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, size, place)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, place + size, 1)
    for end in (struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0), data[-22:]):
        path.write_bytes(data[:-22] + end64 + locator + end)  # some programs add it where nobody needs it
        assert names(look(path)) == ["1.png", "2.png"]


def test_sizes_in_the_extra_field_are_believed_like_the_others(tmp_path):
    huge = struct.pack("<2H2Q", 1, 16, 5 << 30, 5 << 30)
    records = [record(b"a.png", extra=huge, size=0xFFFFFFFF, packed=0xFFFFFFFF), record(b"b.png")]
    listing = look(write(tmp_path / "set.zip", *reversed(records)))
    assert reasons(listing) == {"a.png": "would unpack to 5,120 MB, more than 256"}


def test_the_stamp_changes_with_the_archive_but_not_with_its_place(tmp_path):
    path = plain(tmp_path / "set.zip", {"a.png": PNG, "b.png": PNG})
    os.utime(path, ns=(10**18, 10**18))
    stamps = [look(path).stamp]
    moved = path.rename(tmp_path / "moved.zip")
    assert look(moved).stamp == stamps[0]
    os.utime(moved, ns=(10**18, 10**18 + 1))
    stamps.append(look(moved).stamp)
    plain(moved, {"a.png": PNG, "b.png": PNG[:-1] + b"x"})
    os.utime(moved, ns=(10**18, 10**18))
    stamps.append(look(moved).stamp)
    assert len(set(stamps)) == 3


# --- F31: damaged archives -------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"PK\5\6", b"not a zip" * 99, bytes(30), b"PK\5\6" + b"\xff" * 18])
def test_f31_what_is_no_archive_is_refused_by_name(tmp_path, data):
    (tmp_path / "set.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"set\.zip"):
        look(tmp_path / "set.zip")


def test_f31_an_archive_that_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.zip cannot be read: No such file"):
        look(tmp_path / "none.zip")
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(InputError, match=r"pipe.zip cannot be read: it is not a file"):
        look(tmp_path / "pipe.zip")


def test_an_archive_in_several_parts_is_refused(tmp_path):
    path = tmp_path / "set.zip"
    path.write_bytes(struct.pack("<4s4H2IH", b"PK\5\6", 2, 0, 0, 0, 0, 0, 0))
    with pytest.raises(InputError, match="one part of an archive in several"):
        look(path)


def test_an_empty_archive_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="is empty: name an archive with pictures"):
        look(plain(tmp_path / "set.zip", {}))


@given(st.data())
def test_f31_a_damaged_archive_gives_a_listing_or_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("zip") / "set.zip"
    plain(path, {"a/1.png": PNG, "b/2": PNG, "metadata.csv": "file,label\n1.png,x\n2,y\n", "c.txt": "hello"})
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))])
    listing = None
    try:
        listing = look(path)
    except InputError as error:
        refusal = str(error)
    if listing is None:
        assert "set.zip" in refusal
    else:
        assert [natural(name) for name in names(listing)] == sorted(natural(name) for name in names(listing))
        assert len(set(names(listing))) == len(listing.items) > 0
