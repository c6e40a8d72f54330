"""The cache of prepared data: found again, made by one, deleted when it takes too much, never half."""

import os
import threading

import numpy as np
import pytest
from filelock import FileLock

from genstudio.core.errors import Cancelled
from genstudio.data import cache
from genstudio.data.items import unwatched


def make(name, rows=10, **facts):
    with cache.made_by_one(name, unwatched), cache.draft(name) as folder:
        np.save(folder / "image.npy", np.arange(rows, dtype=np.uint8))
        return cache.publish(folder, name, facts)


def test_what_was_published_is_found_with_its_facts():
    name = cache.key({"stamp": "a"})
    assert cache.find(name) is None
    make(name, labels=["ä", "日本"])
    entry = cache.find(name)
    assert entry.facts == {"labels": ["ä", "日本"]}
    np.testing.assert_array_equal(entry.array("image"), np.arange(10))
    assert entry.array("sound") is None


def test_keys_differ_by_content_and_by_settings():
    keys = {cache.key({"stamp": s, "size": z}) for s in ("a", "b") for z in (0, 28)}
    assert len(keys) == 4


def test_arrays_can_be_written_to_in_memory_but_not_on_the_disk():
    make("a")
    array = cache.find("a").array("image")
    array[0] = 77
    assert cache.find("a").array("image")[0] == 0


def test_a_draft_that_was_not_published_leaves_nothing():
    with cache.draft("a") as folder:
        np.save(folder / "image.npy", np.zeros(3))
    assert list(cache.folder().iterdir()) == []
    assert cache.find("a") is None


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest", "empty"])
def test_f44_a_damaged_entry_counts_as_missing_and_is_made_anew(damage):
    entry = make("a")
    path, manifest = entry.path / "image.npy", entry.path / "manifest.json"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "gone":
        path.unlink()
    else:
        manifest.write_text("{" if damage == "manifest" else "", encoding="utf-8")
    assert cache.find("a") is None
    make("a", fresh=True)
    assert cache.find("a").facts == {"fresh": True}


def test_leftovers_of_a_killed_program_are_swept():
    cache.folder().mkdir(parents=True)
    leftover = cache.folder() / f"b.tmp-{2**22 + 7}"
    leftover.mkdir()
    make("a")
    assert not leftover.exists()


def test_another_program_is_waited_for_and_waiting_can_be_cancelled():
    cache.folder().mkdir(parents=True)
    heard = []

    def watch(what, done, total):
        heard.append(what)
        raise Cancelled("stop")

    lock, made = FileLock(cache.folder() / "a.lock", thread_local=False), cache.made_by_one("a", watch)
    with lock, pytest.raises(Cancelled), made:
        raise AssertionError("two at once")
    assert "another program" in heard[0]


def test_only_one_of_many_prepares():
    made = []

    def prepare():
        with cache.made_by_one("a", unwatched):
            if cache.find("a") is None:
                with cache.draft("a") as folder:
                    np.save(folder / "image.npy", np.zeros(100_000, np.uint8))
                    made.append(cache.publish(folder, "a", {}))

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_was_not_used_for_longest_goes_first():
    for age, name in enumerate(("old", "middle", "new")):
        entry = make(name, rows=1000)
        os.utime(entry.path / "manifest.json", (1000 + age, 1000 + age))
    each = cache.size() // 3
    cache.find("old")  # used now
    assert cache.trim(limit=2 * each + 10) >= each
    assert [name for name in ("old", "middle", "new") if cache.find(name)] == ["old", "new"]


def test_clearing_frees_everything_but_what_is_being_prepared_and_breaks_no_reader():
    entry = make("a", rows=100_000)
    make("b")
    array = entry.array("image")
    before = array.copy()
    with FileLock(cache.folder() / "b.lock", thread_local=False):
        assert cache.clear() > 100_000
    np.testing.assert_array_equal(array, before)
    assert cache.find("a") is None
    assert cache.find("b") is not None
    assert 0 < cache.size() < 10_000


def test_a_source_is_remembered_by_its_settings():
    make("a")
    cache.remember("folder 28", "a")
    assert cache.recall("folder 28").path.name == "a"
    assert cache.recall("folder 32") is None
    cache.clear()
    assert cache.recall("folder 28") is None
