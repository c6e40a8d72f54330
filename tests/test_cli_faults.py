"""The command line when something is wrong: input, interrupts, damaged runs, a machine without a display."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import terminal_calls
from filelock import FileLock
from PIL import Image
from terminal_calls import SMALL, ask

from genstudio.app import system
from genstudio.core.errors import WorkError
from genstudio.engine.run import Run
from genstudio.models.vae import VAE


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return terminal_calls.trained(tmp_path_factory.mktemp("runs") / "run")


WRONG = [
    (["train", "nope", "--data", "digits", "--out", "OUT"], "nope"),
    (["train", "vae", "--data", "/no/such", "--out", "OUT"], "/no/such"),
    (["train", "vae", "--data", "digits", "--out", "RUN"], "RUN"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--latent-dim", "9999"], "Latent dimension"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--latent-dim", "many"], "many"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--preset", "magic"], "magic"),
    (["train", "vae", "--data", "digits"], "--out"),
    (["resume", "OUT"], "OUT"),
    (["sample", "OUT", "--out", "x.png"], "OUT"),
    (["sample", "RUN", "--out", "x.wav"], "x.wav"),
    (["sample", "RUN", "--n", "0", "--out", "x.png"], "--n"),
    (["encode", "RUN", "--data", "digits", "--out", "x.txt"], "x.txt"),
    (["reconstruct", "RUN", "--data", "/no/such", "--out", "x.npz"], "/no/such"),
    (["data", "/no/such"], "/no/such"),
    (["runs", "/no/such"], "/no/such"),
    (["frobnicate"], "frobnicate"),
    (["train", "nope", "--data", "digits", "--out", "OUT", "--latent-dim", "3"], "nope"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--betta", "3"], "--betta"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--latent", "3"], "--latent"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--device", "mps", *SMALL], "mps"),
    (["train", "vae", "--data", "", "--out", "OUT"], "No data was named"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--learning-rate", "nan"], "Learning rate"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--network", "magic"], "Network"),
    (["train", "vae", "--data", "digits", "--out", "OUT", "--seed", "x"], "x"),
    (["resume", "RUN", "--seed", "5"], "seed"),
    (["resume", "RUN", "--latent-dim", "5"], "--latent-dim"),
    (["resume", "EMPTY"], "EMPTY"),
    (["sample", "RUN", "--n", "many", "--out", "x.png"], "many"),
    (["sample", "RUN", "--seed", "-1", "--out", "x.png"], "-1"),
    (["sample", "EMPTY", "--out", "x.png"], "EMPTY"),
    (["sample", "RUN", "--out", "FILE/x.png"], "FILE/x.png"),
    (["reconstruct", "RUN", "--data", "EMPTY", "--out", "x.npz"], "EMPTY"),
    (["reconstruct", "RUN", "--data", "digits", "--split", "half", "--out", "x.npz"], "half"),
    (["encode", "RUN", "--data", "FILE", "--out", "x.npz"], "FILE"),
    (["encode", "RUN", "--out", "x.npz"], "--data"),
    (["data", "EMPTY"], "EMPTY"),
    (["data"], "SOURCE"),
    (["demo", "--steps", "0"], "0"),
    (["demo", "--screenshot", "x.jpg"], "x.jpg"),
    (["demo", "--out", "RUN"], "RUN"),
    (["--run"], "--run"),
    (["train", "gan", "--data", "digits", "--out", "OUT", "--fit-sampler", "gmm"], "gan"),
    (["train", "vae", "--data", "tones", "--dry-run"], "tones"),
    (["sample", "RUN", "--label", "7", "--out", "x.png"], "label"),
    (["sample", "RUN", "--sampler", "flow", "--out", "x.png"], "flow"),
    (["sample", "RUN", "--sampler", "best", "--out", "x.png"], "best"),
    (["sample", "RUN", "--sampler", "prior", "--fit-sampler", "gmm", "--out", "x.png"], "--fit-sampler"),
    (["encode", "RUN", "--data", "rings", "--out", "x.npz"], "rings"),
]


@pytest.mark.parametrize(
    ("arguments", "named"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_wrong_input_is_one_sentence_that_names_it(capsys, trained, tmp_path, arguments, named):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not what it should be")
    places = {"OUT": tmp_path / "out", "RUN": trained, "EMPTY": tmp_path / "empty", "FILE": tmp_path / "file"}

    def placed(text):
        first, slash, rest = text.partition("/")
        return f"{places[first]}{slash}{rest}" if first in places else text

    status, said, err = ask(capsys, *map(placed, arguments))
    assert (status, said) == (2, None)
    assert (places["FILE"].name if named == "FILE" else placed(named)) in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()  # nothing is left behind


def test_f07_the_first_interrupt_stops_and_saves(tmp_path):
    command = [sys.executable, "-m", "genstudio", "train", "vae", "--data", "digits", "--out", str(tmp_path / "r")]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [*command, "--steps", "0", *SMALL, "--json"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    while "step" not in (line := child.stderr.readline()):
        assert line, "it ended before the first step"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    said = json.loads(out.splitlines()[-1])
    assert child.returncode == 0
    assert said["state"] == "stopped"
    assert Run.open(tmp_path / "r").saved_step() == said["step"] > 0


def test_demo_without_a_display_says_so_and_leaves_pictures(tmp_path, home):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, "-m", "genstudio", "demo", "--steps", "20", "--json"],
        cwd=tmp_path,
        env={**env, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no display" in done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert Run.open(home / "runs" / "digits vae").document.step == 20
    for key in ("screenshot", "samples"):
        with Image.open(tmp_path / said[key]) as picture:
            assert picture.width > 200


def test_a_missing_library_is_named_by_its_package(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setattr(system, "_loads", lambda library: library != "libxcb-cursor.so.0")
    with pytest.raises(WorkError, match="apt-get install libxcb-cursor0”"):
        system.check_libraries()


def test_a_run_without_a_checkpoint_has_nothing_to_show(capsys, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "r")
    shutil.rmtree(tmp_path / "r" / "checkpoints")
    status, _, err = ask(capsys, "sample", tmp_path / "r", "--out", tmp_path / "s.png")
    assert status == 2
    assert "has no checkpoint yet" in err
    assert not (tmp_path / "s.png").exists()


def test_a_damaged_run_is_said_and_an_older_checkpoint_used_or_the_work_failed(capsys, tmp_path):
    training = ["--data", "digits", "--steps", 9, "--checkpoint-every", 5, *SMALL]
    assert ask(capsys, "train", "vae", "--out", tmp_path / "r", *training)[0] == 0
    newest, older = (tmp_path / "r" / "checkpoints" / f"step-{n:06d}" / "ema.safetensors" for n in (9, 5))
    newest.write_bytes(newest.read_bytes()[:-4])
    status, said, err = ask(capsys, "sample", tmp_path / "r", "--out", tmp_path / "s.npz", "--n", 2, "--json")
    assert (status, said["step"]) == (0, 5)
    assert "step-000009/ema.safetensors" in err
    older.unlink()
    status, _, err = ask(capsys, "sample", tmp_path / "r", "--out", tmp_path / "s.npz", "--n", 2)
    assert status == 1
    assert "no good checkpoint left" in err


def test_without_a_display_the_window_is_refused_in_words(capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    status, _, err = ask(capsys)
    assert status == 1
    assert "no display" in err


def test_f12_training_that_diverges_has_failed(capsys, tmp_path, monkeypatch):
    step = VAE.training_step

    def poisoned(self, batch, context):
        for objective in step(self, batch, context):
            yield replace(objective, loss=objective.loss * float("nan")) if context.step >= 3 else objective

    monkeypatch.setattr(VAE, "training_step", poisoned)
    status, said, err = ask(
        capsys, "train", "vae", "--data", "digits", "--out", tmp_path / "r", "--steps", 0, *SMALL, "--json"
    )
    assert (status, said) == (1, None)
    assert "Training diverged" in err.splitlines()[-1]
    assert Run.open(tmp_path / "r").state() == "failed"


def test_f28_two_programs_on_one_run(capsys, tmp_path):
    ask(capsys, "train", "vae", "--data", "digits", "--out", tmp_path / "r", "--steps", 3, *SMALL)
    with FileLock(tmp_path / "r" / ".lock", timeout=0):
        status, _, err = ask(capsys, "resume", tmp_path / "r", "--steps", 9)
        assert status == 2
        assert "is being trained by another program" in err
        assert ask(capsys, "sample", tmp_path / "r", "--n", 1, "--out", tmp_path / "s.png")[0] == 0
    assert ask(capsys, "resume", tmp_path / "r", "--steps", 5)[0] == 0


def test_f07_the_second_interrupt_aborts(tmp_path):
    """While the first is saving: a disk that hangs is played by a long pause in front of a write."""
    code = (
        "import sys, time, os, signal\n"
        "from genstudio import cli\n"
        "from genstudio.core import atomic\n"
        "write = atomic.write_durably\n"
        "def slow(path, data):\n"
        "    atomic.write_durably = write\n"
        "    print('writing', file=sys.stderr, flush=True)\n"
        "    time.sleep(120)\n"
        "    write(path, data)\n"
        "from genstudio.engine import trainer\n"
        "step = trainer.Trainer.take_step\n"
        "def first(self):\n"
        "    step(self)\n"
        "    if self.step == 3:\n"
        "        atomic.write_durably = slow\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "trainer.Trainer.take_step = first\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    arguments = ["train", "vae", "--data", "digits", "--out", str(tmp_path / "r"), "--steps", "0", *SMALL]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert child.stderr is not None
    said = ""
    while "writing" not in (line := child.stderr.readline()):
        assert line, "it ended before it saved"
        said += line
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert "Stopping and saving" in said
    assert child.returncode == 1
    assert "aborted" in err
    assert "Traceback" not in err
    assert Run.open(tmp_path / "r").state() == "interrupted"
