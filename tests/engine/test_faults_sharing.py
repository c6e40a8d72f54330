"""Two programs on one run, two runs of one name, and names that some system would not take."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_runs import drive, leftovers, of, spec_of, state_of

from genstudio.core.errors import InputError
from genstudio.core.events import Note, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine.names import free_name, safe_name
from genstudio.engine.run import Run
from genstudio.engine.train import train

HOLD = """
import sys, time
from pathlib import Path
from genstudio.engine.run import Run
with Run.open(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def held_by_another_program(path):
    """Its process, while it holds the run."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_f28_a_run_held_by_another_program_is_refused_with_its_process_number(victim):
    before = sorted(str(p) for p in victim.rglob("*"))
    with held_by_another_program(victim) as child:
        with pytest.raises(InputError) as caught:
            drive(spec_of(steps=6), victim)
        assert "is being trained by another program" in str(caught.value)
        assert f"process {child.pid} on" in str(caught.value)
        run = Run.open(victim)  # reading needs no lock
        assert run.in_use()
        assert run.load_checkpoint().step == 4
        assert sorted(str(p) for p in victim.rglob("*") if p.name != ".owner") == before  # nothing was changed
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not run.in_use()
        assert drive(spec_of(steps=6), victim)[-1].step == 6  # free at once


def test_f28_a_second_training_of_the_same_program_is_refused_too(tmp_path):
    first = train(spec_of(steps=0), Run.create(tmp_path / "r"), Mailbox())
    with contextlib.closing(first):
        assert isinstance(next(first), Started)
        with pytest.raises(InputError, match="is being trained"):
            next(train(spec_of(steps=0), Run.open(tmp_path / "r"), Mailbox()))
        assert Run.open(tmp_path / "r").in_use()
        assert Run.open(tmp_path / "r").state() == "training"
    assert Run.open(tmp_path / "r").state() == "stopped"


def test_f28_the_object_that_trains_knows_that_it_does(tmp_path):
    run = Run.create(tmp_path / "r")
    with contextlib.closing(train(spec_of(steps=0), run, Mailbox())) as stream:
        next(stream)
        assert run.in_use()
        assert run.state() == "training"
    assert not run.in_use()


def test_f28_looking_whether_it_is_in_use_refuses_nobody(victim):
    stop = threading.Event()

    def look():
        run = Run.open(victim)
        while not stop.is_set():
            run.in_use()
            stop.wait(0.001)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(50):
            with Run.open(victim).locked():
                pass
    finally:
        stop.set()
        for thread in lookers:
            thread.join()


def test_f28_a_run_that_another_program_began_meanwhile_is_not_begun_again(tmp_path):
    late = Run.create(tmp_path / "r")
    drive(spec_of(steps=4), tmp_path / "r")
    whole = state_of(tmp_path / "r")
    with pytest.raises(InputError, match="holds a run by now"):
        drive(spec_of(steps=4, seed=9), late)
    assert state_of(tmp_path / "r") == whole


RACE = """
import sys
from pathlib import Path
from genstudio.engine.names import free_name
sys.stdin.readline()
print(free_name(Path(sys.argv[1]), "same name").name)
"""


def test_f29_twenty_processes_asking_for_one_name_get_twenty_folders(tmp_path):
    command = [sys.executable, "-c", RACE, str(tmp_path / "runs")]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(20)
    ]
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda child: child.communicate("go\n")[0].strip(), children))
    expected = ["same name", *(f"same name-{i}" for i in range(2, 21))]
    assert sorted(got) == sorted(expected)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == sorted(expected)


def test_f29_a_folder_that_holds_something_is_never_written_over(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is not empty"):
        Run.create(tmp_path / "r")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be made"):
        Run.create(tmp_path / "file")
    assert (tmp_path / "r" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_f27_leftovers_of_a_dead_process_go_when_the_run_is_taken_again(victim):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    shutil.copytree(victim / "checkpoints" / "step-000004", victim / "checkpoints" / f"step-000006.tmp-{child.pid}")
    (victim / f"run.json.tmp-{os.getpid()}").write_bytes(b"{")  # our number, an earlier life
    (victim / "samples" / f"samples-00000001.png.tmp-{child.pid}").write_bytes(b"x")
    (victim / "my notes.txt").write_text("mine", encoding="utf-8")
    assert Run.open(victim).load_checkpoint().step == 4
    drive(spec_of(steps=6), victim)
    assert leftovers(victim) == []
    assert (victim / "my notes.txt").exists()


ODD = [
    "ü é 日本 🙂 #%",
    "שלום",
    "a 'quoted' \"name\"",
    "trailing.",
    "-rf",
    "new\nline",
    "~",
    "$HOME",
    "x" * 240,
    "%s{0}",
]


@pytest.mark.parametrize("name", ODD)
def test_f45_a_run_in_an_oddly_named_folder_works(tmp_path, name):
    path = tmp_path / name / name
    drive(spec_of(steps=3), path)
    drive(spec_of(steps=5), path)
    run = Run.open(path)
    assert (run.name, run.state(), run.saved_step()) == (name, "finished", 5)
    assert run.newest_gallery("samples").step == 5


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "\ud800"])
def test_f45_what_cannot_be_a_folder_is_refused_at_once(tmp_path, name):
    with pytest.raises(InputError, match="cannot be made"):
        Run.create(tmp_path / name)
    with pytest.raises(InputError, match="There is no run"):
        Run.open(tmp_path / name)


def test_f45_a_console_without_unicode_makes_no_difference(tmp_path):
    code = "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import tiny_runs; "
    code += "tiny_runs.drive(tiny_runs.spec_of(steps=3), Path(sys.argv[2]))"
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "ü é 日本 🙂")]
    subprocess.run(command, env=env, check=True, timeout=120)
    run = Run.open(tmp_path / "ü é 日本 🙂")
    assert run.state() == "finished"
    json.loads((run.path / "run.json").read_text(encoding="utf-8"))


RESERVED = ["CON", "con", "PRN", "aux", "NUL", "COM1", "lpt9", "con.txt", "NUL.tar.gz"]


@pytest.mark.parametrize(
    "wanted", ["../../x", "a/b", "a\\b", "C:\\x", "/etc", "..", ".", "", "   ", "\0", "\ud800", *RESERVED]
)
def test_f46_names_are_made_safe_and_stay_in_their_folder(tmp_path, wanted):
    made = free_name(tmp_path / "runs", wanted)
    assert made.is_dir()
    assert made.resolve().parent == (tmp_path / "runs").resolve()
    assert made.name == safe_name(wanted)
    assert made.name.split(".")[0].lower() not in {r.lower() for r in RESERVED}


@given(st.text(max_size=400))
@example("🙂" * 90)
@example("a-" * 60)
@example("con .txt")
@example("e\u0301")
def test_f46_any_text_becomes_a_name_that_every_system_takes(tmp_path_factory, wanted):
    name = safe_name(wanted)
    assert name == safe_name(name)
    assert name
    assert len(name.encode("utf-8")) <= 240
    assert name == unicodedata.normalize("NFC", name)
    assert not set(name) & set('<>:"/\\|?*')
    assert all(unicodedata.category(c)[0] != "C" for c in name)
    assert name == name.strip(" .")
    assert name.split(".")[0].strip().lower() not in {r.lower() for r in RESERVED}
    folder = tmp_path_factory.getbasetemp()
    assert (folder / name).parent == folder


def test_f46_a_good_name_is_kept_as_it_is():
    for name in ("vae on digits", "Läuf 7", "日本", "a.b", "β = 4"):
        assert safe_name(name) == name


def test_f52_notes_name_what_is_different_now(victim):
    events = drive(spec_of(steps=6, threads=2), victim)
    (note,) = of(Note, events)
    assert note.text.startswith(
        "This run was trained on CPU, 1 thread in fp32 and goes on with CPU, 2 threads in fp32"
    )
    assert note.text.endswith("not the same bit for bit.")
