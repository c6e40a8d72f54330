"""Archives made to do harm: names that lead out, members that unpack without end, counts that lie."""

import stat
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import PNG, look, names, plain, reasons, record, write

from genstudio.core.errors import Cancelled, InputError
from genstudio.data import archives, tree

# --- F34: names that lead out ----------------------------------------------------------------------------

TRAPS = {
    "../up.png": "leads out",
    "a/../../up.png": "leads out",
    "..\\up.png": "leads out",
    ".hidden/../../up.png": "leads out",
    "/etc/root.png": "root or a drive",
    "\\\\server\\share.png": "root or a drive",
    "C:\\x.png": "root or a drive",
    "c:x.png": "root or a drive",
    "nul\0.png": "NUL",
    "x" * 1001 + ".png": "1,005 characters",
}


def test_f34_names_that_lead_out_are_each_said_and_nothing_is_written(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write(inside / "set.zip", *(record(name.encode()) for name in [*TRAPS, "good.png", "a\\b.png", "./c.png"]))
    before = set(tmp_path.rglob("*"))
    listing = look(path)
    assert names(listing) == ["a/b.png", "c.png", "good.png"]
    said = reasons(listing)
    assert len(said) == len(TRAPS)
    for name, words in TRAPS.items():
        assert words in said[tree.brief(name)]
    assert all(len(file) <= 301 for file in said)
    assert set(tmp_path.rglob("*")) == before


@given(
    st.lists(st.text(st.sampled_from("abC:./\\\0é \n"), min_size=1, max_size=9), min_size=1, max_size=6, unique=True)
)
@example(["..", "a/..", "/", "\\", "C:", "./..", "a\\..\\..", "a//b"])
def test_f34_no_name_that_is_kept_leads_anywhere(tmp_path_factory, raw):
    root = tmp_path_factory.mktemp("names")
    path = write(root / "set.zip", record(b"good.png"), *(record(f"{name}.png".encode()) for name in raw))
    listing = look(path)
    assert "good.png" in names(listing)
    assert len(set(names(listing))) == len(listing.items)
    for item in listing.items:
        parts = item.name.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert "\0" not in item.name
        assert "\\" not in item.name.replace("\\n", "")
        assert parts[0][1:2] != ":" or not parts[0][0].isalpha() or not parts[0][0].isascii()
    assert set(root.iterdir()) == {path}


@pytest.mark.parametrize(
    ("mode", "words"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "not a plain file"), (stat.S_IFCHR, "not a plain file")],
)
def test_f34_members_that_are_no_files_are_rejected(tmp_path, mode, words):
    path = write(tmp_path / "set.zip", record(b"a.png", b"/etc/passwd", mode=mode | 0o777), record(b"b.png"))
    listing = look(path)
    assert names(listing) == ["b.png"]
    assert words in reasons(listing)["a.png"]


def test_f34_twins_by_capitals_and_accents_are_rejected_but_the_first(tmp_path):
    raw = ["a.png", "A.PNG", "a.png", "caf\u00e9.png", "cafe\u0301.png", "straße.png", "STRASSE.png", "./a.png"]
    path = write(tmp_path / "set.zip", *(record(name.encode()) for name in raw))
    listing = look(path)
    assert set(names(listing)) == {"a.png", "caf\u00e9.png", "straße.png"}
    assert len(listing.rejected) == 5
    assert all("same name as another member" in each.reason for each in listing.rejected)


def test_an_encrypted_member_is_rejected(tmp_path):
    listing = look(write(tmp_path / "set.zip", record(b"a.png", flags=0x801), record(b"b.png")))
    assert names(listing) == ["b.png"]
    assert "is encrypted" in reasons(listing)["a.png"]


def test_hidden_members_are_left_out_without_a_word(tmp_path):
    members = {"__MACOSX/._a.png": PNG, ".DS_Store": PNG, "a.png": PNG, "b/Thumbs.db": PNG}
    listing = look(plain(tmp_path / "set.zip", members))
    assert names(listing) == ["a.png"]
    assert listing.rejected == ()


# --- F33: bombs ------------------------------------------------------------------------------------------


def test_f33_a_member_that_would_unpack_to_too_much_is_rejected(tmp_path):
    packed = zlib.compress(bytes(3_000_000), 9)[2:-4]
    path = write(
        tmp_path / "set.zip",
        record(b"ratio.png", packed, method=8, size=3_000_000),
        record(b"huge.png", bytes(300_000), method=8, size=257 << 20),
        record(b"good.png"),
    )
    listing = look(path)
    assert names(listing) == ["good.png"]
    assert "more than 1,000 times its size" in reasons(listing)["ratio.png"]
    assert reasons(listing)["huge.png"] == "would unpack to 257 MB, more than 256"


def test_f33_a_table_that_lies_about_its_size_is_read_no_further_than_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr("genstudio.data.sidecars._MOST_BYTES", 1 << 16)
    packed = zlib.compress(b"file,label\n" + b"a.png,x\n" * 4_000_000, 9)[2:-4]
    path = write(tmp_path / "set.zip", record(b"a.png"), record(b"metadata.csv", packed, method=8, size=1000))
    tracemalloc.start()
    listing = look(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert names(listing) == ["a.png"]
    assert peak < 16 << 20  # 32 MB unpacked


def test_f33_members_that_share_their_bytes_are_rejected(tmp_path):
    local, (head, tail) = record(b"a.png")
    inner = record(b"b.png", b"x" * 50)
    path = tmp_path / "set.zip"
    body = local + inner[0]
    directory = head + struct.pack("<I", 0) + tail  # a.png
    directory += head + struct.pack("<I", 0) + b"c.png"  # the same bytes under another name
    wide = record(b"d.png", packed=200 + len(inner[0]))[1]
    directory += wide[0] + struct.pack("<I", 20) + wide[1]  # over the end of the first
    directory += inner[1][0] + struct.pack("<I", len(local)) + inner[1][1]
    path.write_bytes(body + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 4, 4, len(directory), len(body), 0))
    listing = look(path)
    assert names(listing) == ["a.png", "b.png"]
    assert set(reasons(listing)) == {"c.png", "d.png"}
    assert all("shares its bytes with another member" in each.reason for each in listing.rejected)


def test_f33_an_archive_within_an_archive_is_not_opened(tmp_path):
    inner = plain(tmp_path / "inner.zip", {"a.png": PNG}).read_bytes()
    members = {"b.png": PNG, "inner.zip": inner, "inner": inner, "x.tar.gz": b"\x1f\x8b", "y.7Z": b"7z"}
    listing = look(plain(tmp_path / "set.zip", members))
    assert names(listing) == ["b.png"]
    assert set(reasons(listing)) == set(members) - {"b.png"}
    assert reasons(listing)["inner.zip"] == "is an archive within an archive: unpack it first"
    assert "archive" in reasons(listing)["inner"]


def test_f33_too_many_members_are_refused_before_any_is_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "set.zip"
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2_000_001, 2_000_001, 0, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    path.write_bytes(end64 + locator + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, -1 % 2**32, 0, 0))
    monkeypatch.setattr(archives, "_records", None)
    with pytest.raises(InputError, match=r"set.zip holds 2,000,001 members, more than 500,000: unpack it"):
        look(path)


def test_f33_an_archive_that_states_fewer_members_than_it_has_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 50)
    path = write(tmp_path / "set.zip", *(record(f"{i}.png".encode()) for i in range(51)), count=3)
    with pytest.raises(InputError, match="holds more than 50 members"):
        look(path)


def test_f33_very_many_members_can_be_stopped_at_any_time_and_take_little_memory(tmp_path, monkeypatch):
    local, (head, _) = record(b"0000000.png", b"")
    place = struct.pack("<I", 0)
    directory = b"".join(head + place + b"%07d.png" % i for i in range(100_000))
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 100_000, 100_000, len(directory), len(local))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(local) + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, -1 % 2**32, -1 % 2**32, 0)
    path = tmp_path / "set.zip"
    path.write_bytes(local + directory + end64 + locator + end)
    del directory
    clock = iter(range(10**9))
    monkeypatch.setattr(tree.time, "monotonic", lambda: next(clock) * 0.001)

    def watch(what, done, total):
        if done > 10_000:
            raise Cancelled("stop")

    tracemalloc.start()
    with pytest.raises(Cancelled):
        look(path, watch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert next(clock) < 11_000  # asked at each member
    assert peak < 20 << 20
