"""F05: a native crash leaves its stacks, and the next start says so. Crashes happen in child processes."""

import subprocess
import sys

import pytest

SCRIPT = """
import faulthandler, os, signal, sys
from pathlib import Path
from genstudio.app.crash import CrashLog
log = CrashLog(Path(sys.argv[1]))
print(log.open() or "", end="")
sys.stdout.flush()
{end}
"""
ENDS = {"well": "log.close()", "crash": "faulthandler._sigsegv()", "kill": "os.kill(os.getpid(), 9)"}


def session(folder, end):
    """Run one session that ends like this; returns what it said at its start."""
    script = SCRIPT.format(end=ENDS[end])
    child = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, timeout=60)
    assert (child.returncode == 0) == (end == "well"), child.stderr
    return child.stdout


def test_a_session_that_ends_well_leaves_nothing(tmp_path):
    assert session(tmp_path / "logs", "well") == ""
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_crash_is_told_once_and_its_stacks_are_kept(tmp_path):
    assert session(tmp_path, "crash") == ""
    said = session(tmp_path, "well")
    assert "crashed" in said
    assert str(tmp_path / "last-crash.log") in said
    assert "Segmentation fault" in (tmp_path / "last-crash.log").read_text("utf-8")
    assert session(tmp_path, "well") == ""


def test_a_killed_session_is_no_crash(tmp_path):
    session(tmp_path, "kill")
    assert len(list(tmp_path.glob("crash-*.log"))) == 1
    assert session(tmp_path, "well") == ""
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_another_open_window_is_left_alone(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        theirs = tmp_path / f"crash-{other.pid}.log"
        theirs.touch()
        assert session(tmp_path, "well") == ""
        assert theirs.exists()
        other.communicate(b"\n")


@pytest.mark.parametrize("end", ["well", "kill"])
def test_a_folder_that_cannot_be_made_is_said_and_nothing_breaks(tmp_path, end):
    (tmp_path / "logs").write_text("in the way")
    said = session(tmp_path / "logs", end)
    assert "not recorded" in said
    assert str(tmp_path / "logs") in said
