"""From files to arrays: what is good is kept in order, what is bad is named, and nothing half done stays."""

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError, WorkError
from genstudio.data import cache, open_source, tables
from genstudio.data.prepare import close_gaps, make_array


def pictures(folder, count=6, side=12, mode="L"):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.new(mode, (side, side), i if mode == "L" else (i, 0, 255)).save(folder / f"{i}.png")
    return folder


def tone(path, seconds=0.1, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (8000 * np.sin(np.arange(int(seconds * rate)))).astype(np.int16), rate)


@given(st.integers(1, 40), st.data())
def test_gaps_close_for_any_choice_of_rows(tmp_path_factory, count, data):
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1))))
    path = tmp_path_factory.mktemp("gaps") / "a.npy"
    array = np.random.default_rng(0).integers(0, 255, (count, 3, 2), np.uint8)
    np.save(path, array)
    close_gaps(path, rows)
    np.testing.assert_array_equal(np.load(path), array[rows])


def test_bad_files_leave_no_gap_and_are_named(tmp_path):
    folder = pictures(tmp_path / "p")
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:40])
    (folder / "4.png").write_bytes(b"")
    data = open_source(str(folder))
    assert list(data.names) == ["0.png", "2.png", "3.png", "5.png"]
    assert data.images[:, 0, 0, 0].tolist() == [0, 2, 3, 5]
    assert [r.file for r in data.rejected] == ["1.png", "4.png"]
    assert "empty" in data.rejected[1].reason


def test_f31_when_all_are_bad_it_stops_and_says_why(tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with pytest.raises(InputError, match=r"None of the 3 files in “.*” can be used: 0\.png "):
        open_source(str(folder))
    assert cache.size() == 0


def test_the_second_opening_reads_no_file(tmp_path):
    folder = pictures(tmp_path / "p")
    first = open_source(str(folder))
    told = []
    second = open_source(str(folder), watch=lambda what, done, total: told.append(what))
    np.testing.assert_array_equal(first.images, second.images)
    assert not any("preparing" in what for what in told)


def test_f32_a_changed_file_is_read_again(tmp_path):
    folder = pictures(tmp_path / "p")
    before = open_source(str(folder)).fingerprint()
    Image.new("L", (12, 12), 99).save(folder / "3.png")
    os.utime(folder / "3.png", (1, 1))
    after = open_source(str(folder))
    assert after.images[3, 0, 0, 0] == 99
    assert after.fingerprint() != before


def test_settings_give_other_arrays_side_by_side(tmp_path):
    folder = pictures(tmp_path / "p", mode="RGB")
    assert open_source(str(folder)).shape == (12, 12, 3)
    assert open_source(str(folder), config=DataConfig(size=8, channels="grey")).shape == (8, 8, 1)
    assert open_source(str(folder), shape=(9, 10, 3)).shape == (9, 10, 3)
    assert open_source(str(folder)).shape == (12, 12, 3)


def test_f21_a_full_disk_is_said_with_what_is_needed_and_leaves_nothing(tmp_path, monkeypatch):
    folder = pictures(tmp_path / "p")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(WorkError, match="it needs 864 B and the disk is full"):
        open_source(str(folder))
    assert cache.size() == 0
    assert not list(cache.folder().glob("*.tmp-*"))


def test_f21_room_is_taken_before_a_row_is_written(tmp_path):
    make_array(tmp_path / "a.npy", (1000, 1000), np.uint8)
    facts = (tmp_path / "a.npy").stat()
    assert facts.st_size == 1_000_128
    if hasattr(os, "posix_fallocate"):
        assert facts.st_blocks * 512 >= 1_000_000


def test_f22_a_disk_that_fails_while_publishing_is_a_sentence(tmp_path, monkeypatch):
    folder = pictures(tmp_path / "p")

    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(cache, "publish", refuse)
    with pytest.raises(WorkError, match="could not be prepared"):
        open_source(str(folder))
    assert not list(cache.folder().glob("*.tmp-*"))


@pytest.mark.parametrize("at", ["looking at", "preparing"])
def test_cancel_ends_it_at_once_and_the_next_try_works(tmp_path, at):
    folder = pictures(tmp_path / "p", count=40)

    def watch(what, done, total):
        if at in what:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        open_source(str(folder), watch=watch)
    assert cache.size() == 0
    assert len(open_source(str(folder))) == 40


def test_two_programs_prepare_the_same_thing_once(tmp_path, home):
    folder = pictures(tmp_path / "p", count=60)
    code = (
        "import sys; from genstudio.data import open_source\n"
        "told = []\n"
        "data = open_source(sys.argv[1], watch=lambda what, done, total: told.append(what))\n"
        "print(data.fingerprint(), any('preparing' in what for what in told))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [child.communicate(timeout=100)[0].split() for child in children]
    assert len({fingerprint for fingerprint, _ in said}) == 1
    assert sorted(prepared for _, prepared in said) == ["False", "False", "True"]


def test_pictures_with_sounds_and_captions_of_the_same_name_are_one_item_each(tmp_path):
    folder = pictures(tmp_path / "p", count=4)
    for i in range(4):
        tone(folder / f"{i}.wav", 0.1 + 0.01 * i)
        (folder / f"{i}.txt").write_text(f" caption {i}\n", encoding="utf-8")
    data = open_source(str(folder))
    assert data.modalities() == ("image", "audio", "text")
    assert list(data.texts) == [f"caption {i}" for i in range(4)]
    assert data.audio.lengths.tolist() == [800, 880, 960, 1040]
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_an_item_whose_sound_is_damaged_goes_as_a_whole(tmp_path):
    folder = pictures(tmp_path / "p", count=4)
    for i in range(4):
        tone(folder / f"{i}.wav")
    (folder / "2.wav").write_bytes(b"RIFF\x10\0\0\0WAVE")
    data = open_source(str(folder))
    assert len(data.images) == len(data.audio) == 3
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 3]
    assert [r.file for r in data.rejected] == ["2.png"]


def test_sounds_keep_their_samples(tmp_path):
    samples = np.random.default_rng(0).integers(-30_000, 30_000, 500).astype(np.int16)
    soundfile.write(tmp_path / "a.flac", samples, 11_025)
    data = open_source(str(tmp_path / "a.flac"))
    assert data.audio.rate == 11_025
    np.testing.assert_array_equal(data.audio.samples[0, :500], samples)


def test_a_kind_that_a_name_hides_is_refused_in_words(tmp_path):
    folder = pictures(tmp_path / "p")
    tone(folder / "x.wav")
    (folder / "x.wav").rename(folder / "x.png")
    data = open_source(str(folder))
    assert [(r.file, r.reason) for r in data.rejected] == [("x.png", "is a sound, not a picture")]


def test_parts_by_folder_and_groups_that_stay_together(tmp_path):
    for part, count in (("train", 6), ("val", 2), ("test", 3)):
        pictures(tmp_path / "p" / part, count=count)
    data = open_source(str(tmp_path / "p"), "all")
    assert data.splits == {"train": 6, "validation": 2, "test": 3}
    assert len(open_source(str(tmp_path / "p"), "validation")) == 2
    for person in "abcdefgh":
        pictures(tmp_path / "q" / person, count=3)
    data = open_source(str(tmp_path / "q"), "all", DataConfig(test=0.25, group="folder"))
    held = {name.partition("/")[0] for name, part in zip(data.names, data.parts, strict=True) if part == 2}
    kept = {name.partition("/")[0] for name, part in zip(data.names, data.parts, strict=True) if part == 0}
    assert len(held) == 2
    assert held.isdisjoint(kept)


def test_the_facts_of_a_preparation_are_plain(tmp_path):
    folder = pictures(tmp_path / "p")
    open_source(str(folder))
    (entry,) = [cache.find(path.name) for path in cache.folder().iterdir() if cache.find(path.name)]
    assert set(entry.facts) == {"labels", "notes", "rejected", "name", "file", "made"}


def test_f45_an_unchanged_parquet_file_below_a_folder_with_a_hash_is_not_read_again(tmp_path, monkeypatch):
    folder = tmp_path / "set #1"
    folder.mkdir()
    files = [path.read_bytes() for path in sorted(pictures(tmp_path / "p", count=3).iterdir())]
    pyarrow.parquet.write_table(pyarrow.table({"image": files}), folder / "t.parquet")
    first = open_source(f"{folder / 't.parquet'}#image=image")
    monkeypatch.setattr(tables, "open_table", None)
    np.testing.assert_array_equal(open_source(f"{folder / 't.parquet'}#image=image").images, first.images)
