"""Bookmarks: kept at once, never lost, whoever else writes, whatever the disk does."""

import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_runs import drive, leftovers, spec_of

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent import bookmarks
from genstudio.engine.latent.bookmarks import Bookmarks, thumbnail
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place
from genstudio.engine.run import Run


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "r"
    drive(spec_of("vae", {"conditional": True}, steps=4), path)
    return path, Explorer.open(path)


@pytest.fixture
def run(original, tmp_path):
    shutil.copytree(original[0], tmp_path / "r")
    return tmp_path / "r"


@pytest.fixture
def explorer(original):
    return original[1]


@pytest.fixture
def place(explorer):
    return Place(explorer.random(1, 3)[0], 4)


def names(kept):
    return [bookmark.name for bookmark in kept.all()]


def test_a_bookmark_leads_back_to_its_place_and_shows_it(run, explorer, place):
    Bookmarks(run).add(explorer, place, "  Stiefel\n過 🙂 ")
    (found,) = Bookmarks(run).all()
    assert found.name == "Stiefel 過 🙂"
    assert found.place(explorer.labels).same(place)
    assert (found.step, found.fingerprint) == (4, explorer.fingerprint())
    with Image.open(io.BytesIO(found.png())) as picture:
        assert np.array_equal(np.asarray(picture)[..., None], explorer.picture(place))
    assert leftovers(run) == []


def test_nameless_ones_get_the_first_free_number(run, explorer, place):
    kept = Bookmarks(run)
    for name in ("", "Place 3", " ", ""):
        kept.add(explorer, place, name)
    assert names(kept) == ["Place 1", "Place 3", "Place 2", "Place 4"]


def test_renaming_removing_and_undo(run, explorer, place):
    kept = Bookmarks(run)
    a, b, c = (kept.add(explorer, place, name) for name in "abc")
    assert kept.rename(b.key, "β").name == "β"
    kept.remove(a.key)
    kept.remove(c.key)
    assert names(Bookmarks(run)) == ["β"]
    assert kept.undo().name == "c"
    assert kept.undo().name == "a"
    assert kept.undo() is None
    assert names(Bookmarks(run)) == ["a", "β", "c"]


def test_what_is_gone_or_nameless_is_said(run, explorer, place):
    kept = Bookmarks(run)
    a = kept.add(explorer, place)
    with pytest.raises(InputError, match="needs a name"):
        kept.rename(a.key, " \n")
    with pytest.raises(InputError, match="up to 200"):
        kept.rename(a.key, "x" * 201)
    Bookmarks(run).remove(a.key)
    for work in (lambda: kept.rename(a.key, "b"), lambda: kept.remove(a.key)):
        with pytest.raises(InputError, match="is gone: another window"):
            work()
    assert kept.undo() is None


def test_there_is_an_end_to_them(run, explorer, place, monkeypatch):
    monkeypatch.setattr(bookmarks, "MOST", 2)
    kept = Bookmarks(run)
    kept.add(explorer, place)
    kept.add(explorer, place)
    with pytest.raises(InputError, match="keeps 2 bookmarks"):
        kept.add(explorer, place)


@settings(max_examples=40)
@given(st.text(max_size=100))
def test_any_name_comes_back_in_one_line_or_is_refused(original, tmp_path_factory, name):
    explorer = original[1]
    folder = tmp_path_factory.mktemp("names")
    kept = Bookmarks(folder)
    kept.add(explorer, Place(np.zeros(explorer.size, np.float32)), name)
    (found,) = Bookmarks(folder).all()
    shown = " ".join(name.encode("utf-8", "replace").decode().split())
    assert found.name == (shown or "Place 1")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 1}', b'{"format": 1, "bookmarks": [{"key": 1}]}', b"[" * 100_000],
)
def test_a_damaged_file_is_put_aside_with_a_note_and_kept(run, explorer, place, content):
    (run / "latent").mkdir()
    file = run / "latent" / "bookmarks.json"
    file.write_bytes(content)
    kept = Bookmarks(run)
    assert kept.all() == []
    assert "put aside as latent/bookmarks.json.bad" in kept.notes[0]
    assert (run / "latent" / "bookmarks.json.bad").read_bytes() == content
    kept.add(explorer, place, "after")
    assert names(Bookmarks(run)) == ["after"]


def test_each_spoilt_field_is_found(run, explorer, place):
    kept = Bookmarks(run)
    kept.add(explorer, place)
    file = run / "latent" / "bookmarks.json"
    good = json.loads(file.read_text(encoding="utf-8"))
    for field, value in (("name", ""), ("step", "4"), ("step", -1), ("thumbnail", None), ("pin", {}), ("more", 1)):
        spoilt = {**good, "bookmarks": [{**good["bookmarks"][0], field: value}]}
        file.write_text(json.dumps(spoilt), encoding="utf-8")
        assert Bookmarks(run).all() == []
    assert len(list((run / "latent").glob("*.bad*"))) == 6


def test_a_newer_file_is_neither_read_nor_overwritten(run, explorer, place):
    (run / "latent").mkdir()
    file = run / "latent" / "bookmarks.json"
    file.write_bytes(b'{"format": 2, "marks": []}')
    for work in (Bookmarks(run).all, lambda: Bookmarks(run).add(explorer, place)):
        with pytest.raises(InputError, match="newer GenStudio: update"):
            work()
    assert file.read_bytes() == b'{"format": 2, "marks": []}'


@pytest.mark.parametrize(
    "fault", ["open:1:ENOSPC", "write:1:ENOSPC", "fsync:1:EIO", "rename:1:EACCES", "open:1:EROFS"]
)
def test_a_disk_that_refuses_is_said_and_nothing_is_lost(run, explorer, place, monkeypatch, fault):
    kept = Bookmarks(run)
    a = kept.add(explorer, place, "a")
    monkeypatch.setattr(atomic, "faults", atomic.Faults(fault))
    with pytest.raises(InputError, match=r"cannot be kept in .*: .*Free some room"):
        kept.remove(a.key)
    assert names(Bookmarks(run)) == ["a"]
    assert kept.undo() is None
    assert leftovers(run) == []


def test_a_run_that_went_away_is_said(explorer, place, tmp_path):
    assert Bookmarks(tmp_path / "gone").all() == []
    with pytest.raises(InputError, match="cannot be kept"):
        Bookmarks(tmp_path / "gone").add(explorer, place)


def test_a_folder_in_place_of_the_file_is_said(run):
    (run / "latent" / "bookmarks.json").mkdir(parents=True)
    with pytest.raises(WorkError, match="cannot be read"):
        Bookmarks(run).all()


def test_two_windows_keep_each_others(run, explorer, place):
    first, second = Bookmarks(run), Bookmarks(run)
    first.add(explorer, place, "a")
    second.add(explorer, place, "b")
    first.add(explorer, place, "c")
    assert names(second) == ["a", "b", "c"]


def test_a_run_with_bookmarks_opens_and_trains_on(run, explorer, place):
    Bookmarks(run).add(explorer, place, "a")
    drive(spec_of("vae", {"conditional": True}, steps=6), run)
    assert Run.open(run).document.step == 6
    assert names(Bookmarks(run)) == ["a"]


@given(st.integers(1, 1024), st.integers(1, 1024), st.sampled_from([1, 3]))
@settings(max_examples=20)
def test_thumbnails_are_small_and_keep_their_form(height, width, channels):
    small = thumbnail(np.full((height, width, channels), 100, np.uint8))
    assert max(small.shape[:2]) <= 96
    assert small.shape[2] == channels
    assert (small == 100).all()
    if max(height, width) <= 96:
        assert small.shape[:2] == (height, width)
