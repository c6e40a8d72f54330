"""The command line, in process where possible: real work on the built-in digits."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from genstudio import cli
from genstudio.app import system
from genstudio.core.errors import WorkError
from genstudio.engine.run import Run

SMALL = ["--network", "mlp", "--width", "4", "--latent-dim", "3", "--batch-size", "16", "--threads", "1"]


def ask(capsys, *arguments):
    """Exit status, the JSON object on the last line of stdout (or None), and stderr."""
    status = cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    return status, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None, err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    assert cli.main(["train", "vae", "--data", "digits", "--out", str(path), "--steps", "20", *SMALL]) == 0
    return path


def test_train_tells_what_it_did(capsys, tmp_path):
    status, said, _ = ask(
        capsys,
        "train",
        "vae",
        "--data",
        "digits",
        "--out",
        tmp_path / "r",
        "--steps",
        12,
        "--seed",
        5,
        *SMALL,
        "--json",
    )
    assert status == 0
    assert said["run"] == str(tmp_path / "r")
    assert (said["family"], said["step"], said["state"]) == ("vae", 12, "finished")
    assert said["seconds"] > 0
    assert said["samples_per_second"] > 0
    assert {"negative_elbo", "reconstruction", "kl"} <= said["losses"].keys()
    document = json.loads((tmp_path / "r" / "run.json").read_text("utf-8"))
    assert (document["seed"], document["family"], document["knobs"]["latent_dim"]) == (5, "vae", 3)


def test_resume_trains_until_the_step(capsys, tmp_path):
    ask(capsys, "train", "autoencoder", "--data", "digits", "--out", tmp_path / "r", "--steps", 5, *SMALL)
    status, said, _ = ask(capsys, "resume", tmp_path / "r", "--steps", 9, "--json")
    assert status == 0
    assert (said["step"], said["state"]) == (9, "finished")


def test_minutes_alone_sets_no_limit_of_steps(capsys, tmp_path):
    status, said, _ = ask(
        capsys, "train", "vae", "--data", "digits", "--out", tmp_path / "r", "--minutes", 0.002, *SMALL, "--json"
    )
    assert status == 0
    assert said["state"] == "finished"
    assert Run.open(tmp_path / "r").document.training.steps == 0


def test_sample_writes_arrays_grids_and_folders(capsys, trained, tmp_path):
    for name in ("s.npz", "s.png", "folder"):
        assert ask(capsys, "sample", trained, "--n", 6, "--seed", 1, "--out", tmp_path / name)[0] == 0
    samples = np.load(tmp_path / "s.npz")["samples"]
    assert samples.shape == (6, 8, 8, 1)
    assert samples.dtype == np.uint8
    files = sorted((tmp_path / "folder").iterdir())
    assert len(files) == 6
    with Image.open(files[2]) as picture, Image.open(tmp_path / "s.png") as grid:
        assert np.array_equal(np.asarray(picture), samples[2, ..., 0])
        assert grid.mode == "L"


def test_reconstruct_and_encode_write_every_picture(capsys, trained, tmp_path):
    status, said, _ = ask(capsys, "reconstruct", trained, "--data", "digits", "--out", tmp_path / "r.npz", "--json")
    assert status == 0
    arrays = np.load(tmp_path / "r.npz")
    assert arrays["input"].shape == arrays["reconstruction"].shape == (1797, 8, 8, 1)
    difference = (arrays["input"].astype(float) - arrays["reconstruction"]) / 255
    assert said["mse"] == pytest.approx(np.mean(difference**2), rel=1e-5)
    assert ask(capsys, "encode", trained, "--data", "digits", "--out", tmp_path / "e.npz")[0] == 0
    arrays = np.load(tmp_path / "e.npz")
    assert arrays["codes"].shape == (1797, 3)
    assert arrays["codes"].dtype == np.float32
    assert arrays["labels"].shape == (1797,)


def test_data_and_runs_list_what_is_there(capsys, trained):
    status, said, _ = ask(capsys, "data", "digits", "--json")
    assert status == 0
    assert said["modalities"] == {"image": {"count": 1797, "shape": [8, 8, 1]}}
    assert sum(said["labels"].values()) == 1797
    assert said["rejected"] == []
    status, said, _ = ask(capsys, "runs", trained.parent, "--json")
    assert status == 0
    assert [row["name"] for row in said["runs"]] == ["run"]
    assert said["runs"][0]["state"] == "finished"


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
]


@pytest.mark.parametrize(
    ("arguments", "named"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_wrong_input_is_one_sentence_that_names_it(capsys, trained, tmp_path, arguments, named):
    places = {"OUT": str(tmp_path / "out"), "RUN": str(trained)}
    status, _, err = ask(capsys, *(places.get(a, a) for a in arguments))
    assert status == 2
    assert places.get(named, named) in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_data_of_another_size_is_refused(capsys, trained, tmp_path, real_data):
    status, _, err = ask(capsys, "encode", trained, "--data", real_data / "mnist", "--out", tmp_path / "e.npz")
    assert status == 2
    assert "28 x 28" in err


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
