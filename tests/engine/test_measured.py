"""A number that was measured is kept for this machine and version; whatever the disk holds, reading it is safe."""

import json

import pytest
import torch

from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.folders import cache_folder
from genstudio.engine import measured


def file():
    return cache_folder() / "measured.json"


def test_a_number_is_kept_and_found_again():
    assert measured.recall("a") is None
    assert measured.keep("a", 1.5) == 1.5
    assert measured.recall("a") == 1.5
    assert measured.recall("b") is None


def test_the_first_answer_counts():
    measured.keep("a", 1.5)
    assert measured.keep("a", 0.5) == 1.5
    assert measured.recall("a") == 1.5


def test_the_key_changes_with_processor_and_version(monkeypatch):
    keys = {measured.machine_key("cpu")}
    monkeypatch.setattr(measured, "_processor", lambda: "another one")
    keys.add(measured.machine_key("cpu"))
    monkeypatch.setattr(torch, "__version__", "99.0")
    keys.add(measured.machine_key("cpu"))
    assert len(keys) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000, b'{"a": "2"}', b'{"a": NaN}', b'{"a": -1}', b'{"a": true}'],
)
def test_a_broken_file_counts_as_nothing_and_is_replaced(content):
    file().parent.mkdir(parents=True)
    file().write_bytes(content)
    assert measured.recall("a") is None
    measured.keep("a", 2.0)
    assert measured.recall("a") == 2.0


def test_a_broken_entry_spoils_no_other():
    file().parent.mkdir(parents=True)
    file().write_text(json.dumps({"a": None, "b": 2}), encoding="utf-8")
    assert measured.recall("b") == 2.0


def test_an_enormous_file_is_not_read():
    file().parent.mkdir(parents=True)
    file().write_text(json.dumps({"a": 1.0}) + " " * 1_000_000, encoding="utf-8")
    assert measured.recall("a") is None


def test_the_oldest_entries_go_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(measured, "_MOST_ENTRIES", 3)
    for name in "abcd":
        measured.keep(name, 1.0)
    assert list(json.loads(file().read_text(encoding="utf-8"))) == ["b", "c", "d"]


@pytest.mark.parametrize("plan", ["write:0:ENOSPC", "write:0:EROFS"])
def test_a_disk_that_refuses_is_no_failure(monkeypatch, plan):
    monkeypatch.setattr(atomic, "faults", Faults(plan))
    assert measured.keep("a", 2.0) == 2.0
    assert measured.recall("a") is None


def test_a_cache_folder_that_is_a_file_is_no_failure():
    cache_folder().parent.mkdir(parents=True, exist_ok=True)
    cache_folder().write_bytes(b"")
    assert measured.keep("a", 2.0) == 2.0
