"""Durable writes: after any failure at any operation a file holds its old content or all of the new."""

import errno
import json
import os
import subprocess
import sys

import pytest

from genstudio.core import atomic
from genstudio.core.atomic import Faults

KINDS = ("open", "write", "fsync", "rename", "unlink", "fsyncdir")


@pytest.fixture
def plan(monkeypatch):
    """Make the layer follow a plan of faults; returns the counters."""

    def use(text=""):
        faults = Faults(text)
        monkeypatch.setattr(atomic, "faults", faults)
        return faults

    return use


def operations(plan, work):
    """How many operations `work` takes when nothing fails."""
    counted = plan()
    work()
    return counted.counts["any"]


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_plan_counts_by_kind_and_over_all():
    faults = Faults("write:2:ENOSPC,any:4:EIO")
    faults.hit("write")
    faults.hit("open")
    with pytest.raises(OSError, match="No space left") as caught:
        faults.hit("write")
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError) as caught:
        faults.hit("fsync")
    assert caught.value.errno == errno.EIO
    faults.hit("write")
    assert faults.counts == {"write": 3, "open": 1, "fsync": 1, "any": 5}


def test_plan_with_number_zero_fails_each_time():
    faults = Faults("write:0:EROFS")
    for _ in range(3):
        with pytest.raises(OSError, match="Read-only"):
            faults.hit("write")
    faults.hit("fsync")


def test_json_round_trip_and_nan_refused(tmp_path):
    path = tmp_path / "x.json"
    atomic.write_json(path, {"ü": [1, None, "é"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"ü": [1, None, "é"]}
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8")) == {"ü": [1, None, "é"]}
    assert names(tmp_path) == ["x.json"]


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO", "EACCES", "EROFS"])
def test_f21_f22_f23_file_is_old_or_new_after_a_failure_at_any_operation(tmp_path, plan, fault):
    path = tmp_path / "x.json"
    count = operations(plan, lambda: atomic.write_bytes(path, b"old"))
    assert count == 5
    for n in range(1, count + 1):
        plan()
        atomic.write_bytes(path, b"old")
        plan(f"any:{n}:{fault}")
        with pytest.raises(OSError):
            atomic.write_bytes(path, b"new")
        # only after the rename, when the folder is synced, the new content is there already
        assert path.read_bytes() == (b"new" if n == count else b"old")
        assert names(tmp_path) == ["x.json"]


def test_f21_a_quick_write_leaves_the_old_file_or_the_new_one(tmp_path, plan):
    path = tmp_path / "x.png"
    atomic.write_quickly(path, b"old")
    plan("write:1:ENOSPC")
    with pytest.raises(OSError):
        atomic.write_quickly(path, b"new")
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["x.png"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        atomic.write_quickly(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder", "x.png"]


def publish(folder, *, content=b"1"):
    atomic.publish_folder(folder, {"a": lambda: content, "b": lambda: b"22"}, {"step": 7})


def test_published_folder_has_a_manifest_of_hashes(tmp_path):
    publish(tmp_path / "f")
    manifest = json.loads((tmp_path / "f" / "manifest.json").read_bytes())
    assert manifest["step"] == 7
    assert manifest["files"]["a"] == {
        "size": 1,
        "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
    }
    assert names(tmp_path) == ["f"]
    assert names(tmp_path / "f") == ["a", "b", "manifest.json"]


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_f02_f21_folder_is_whole_or_absent_after_a_failure_at_any_operation(tmp_path, plan, fault):
    count = operations(plan, lambda: publish(tmp_path / "probe"))
    for n in range(1, count + 1):
        folder = tmp_path / f"{fault}{n}" / "f"
        folder.parent.mkdir()
        plan(f"any:{n}:{fault}")
        with pytest.raises(OSError):
            publish(folder)
        assert names(folder.parent) == (["f"] if n == count else [])
        if n == count:  # the rename was done, only the sync of the parent failed
            assert names(folder) == ["a", "b", "manifest.json"]


def test_bytes_are_made_one_file_at_a_time(tmp_path):
    order = []
    files = {
        name: lambda name=name: order.append((name, names(tmp_path / f"f.tmp-{os.getpid()}"))) or b"x"
        for name in "ab"
    }
    atomic.publish_folder(tmp_path / "f", files, {})
    assert order == [("a", []), ("b", ["a"])]


def test_remove_folder_leaves_nothing(tmp_path, plan):
    publish(tmp_path / "f")
    plan("unlink:1:EACCES")
    with pytest.raises(OSError):
        atomic.remove_folder(tmp_path / "f")
    assert names(tmp_path / "f") == ["a", "b", "manifest.json"]
    plan()
    atomic.remove_folder(tmp_path / "f")
    assert names(tmp_path) == []


@pytest.fixture
def dead_pid():
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_f27_leftovers_of_dead_processes_go_those_of_living_ones_stay(tmp_path, dead_pid):
    (tmp_path / f"step-000005.tmp-{dead_pid}").mkdir()
    (tmp_path / f"step-000005.tmp-{dead_pid}" / "weights").write_bytes(b"x")
    (tmp_path / f"run.json.tmp-{dead_pid}").write_bytes(b"x")
    (tmp_path / f"run.json.tmp-{os.getppid()}").write_bytes(b"x")
    for user_file in ("notes.tmp", "a.tmp-12x", "tmp-5"):
        (tmp_path / user_file).write_bytes(b"mine")
    swept = atomic.sweep(tmp_path)
    assert sorted(p.name for p in swept) == [f"run.json.tmp-{dead_pid}", f"step-000005.tmp-{dead_pid}"]
    assert names(tmp_path) == sorted(["a.tmp-12x", "notes.tmp", f"run.json.tmp-{os.getppid()}", "tmp-5"])


def test_f27_a_leftover_with_an_impossible_process_number_goes_too(tmp_path):
    (tmp_path / "x.tmp-99999999999999999999").write_bytes(b"x")
    assert len(atomic.sweep(tmp_path)) == 1
    assert names(tmp_path) == []


def test_f27_our_own_leftovers_go_only_when_nobody_else_writes(tmp_path):
    path = tmp_path / f"x.tmp-{os.getpid()}"
    path.write_bytes(b"being written")
    assert atomic.sweep(tmp_path) == []
    assert atomic.sweep(tmp_path, alone=True) == [path]


def test_f27_a_link_is_removed_and_never_followed(tmp_path, dead_pid):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"x")
    (tmp_path / f"link.tmp-{dead_pid}").symlink_to(kept, target_is_directory=True)
    atomic.sweep(tmp_path)
    assert names(tmp_path) == ["kept"]
    assert names(kept) == ["file"]


def test_sweep_of_a_folder_that_is_not_there(tmp_path):
    assert atomic.sweep(tmp_path / "missing") == []


def test_f02_environment_plans_a_kill(tmp_path):
    code = "from sys import argv; from pathlib import Path; from genstudio.core import atomic; "
    code += "atomic.write_bytes(Path(argv[1]), b'new')"
    (tmp_path / "x").write_bytes(b"old")
    command = [sys.executable, "-c", code, str(tmp_path / "x")]
    child = subprocess.run(command, env={**os.environ, "GENSTUDIO_FAULT": "rename:1:KILL"})
    assert child.returncode == -9
    assert (tmp_path / "x").read_bytes() == b"old"
    assert names(tmp_path) != ["x"]  # the draft is left for the next start
    atomic.sweep(tmp_path)
    assert names(tmp_path) == ["x"]
