"""The command line, in process where possible: real work on the built-in digits."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from genstudio import cli
from genstudio.app import system
from genstudio.core.errors import WorkError
from genstudio.engine.run import Run
from genstudio.models import families
from genstudio.models.vae import VAE

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


def test_data_of_another_size_and_colour_is_brought_to_what_the_run_knows(capsys, trained, tmp_path):
    status, said, _ = ask(capsys, "encode", trained, "--data", "shapes", "--out", tmp_path / "e.npz", "--json")
    assert (status, said["shape"][0]) == (0, 6000)


def test_data_without_pictures_is_refused_by_what_it_holds(capsys, trained, tmp_path):
    status, _, err = ask(capsys, "encode", trained, "--data", "tones", "--out", tmp_path / "e.npz")
    assert status == 2
    assert "holds sounds" in err


def test_data_says_what_is_in_each_modality_and_what_cannot_be_used(capsys, tmp_path):
    folder = tmp_path / "mine"
    for label in ("cats", "dögs"):
        (folder / label).mkdir(parents=True)
        for i in range(2):
            Image.new("L", (20, 16), 40 * i).save(folder / label / f"{i} 🙂.png")
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "cats" / "page.jpg").write_text("<html><body>404</body></html>", encoding="utf-8")
    status, said, _ = ask(capsys, "data", folder, "--json")
    assert status == 0
    assert said["modalities"] == {"image": {"count": 4, "shape": [16, 20, 1]}}
    assert said["labels"] == {"cats": 2, "dögs": 2}
    reasons = {r["file"]: r["reason"] for r in said["rejected"]}
    assert set(reasons) == {"cats/broken.png", "cats/page.jpg"}
    assert "web page" in reasons["cats/page.jpg"]


def test_data_settings_are_flags_of_train_and_stay_in_the_run(capsys, tmp_path):
    arguments = ["train", "vae", "--data", "shapes", "--size", "16", "--channels", "grey", "--test", "0.25"]
    arguments += ["--flip", "horizontal", "--steps", "2", "--network", "mlp", "--width", "4", "--out", tmp_path / "r"]
    status, said, _ = ask(capsys, *arguments, "--json")
    assert (status, said["state"]) == (0, "finished")
    facts = Run.open(tmp_path / "r").document.data
    assert (facts.shape, facts.count, facts.splits) == ([16, 16, 1], 4500, {"train": 4500, "test": 1500})
    assert (facts.preparation.flip, facts.preparation.size) == ("horizontal", 16)
    out = tmp_path / "o.npz"
    status, said, _ = ask(
        capsys, "reconstruct", tmp_path / "r", "--data", "shapes", "--split", "test", "--out", out, "--json"
    )
    assert (status, said["n"]) == (0, 1500)


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


@pytest.mark.parametrize("family", list(families))
def test_each_family_samples_reconstructs_and_encodes(capsys, tmp_path, family):
    run, model = tmp_path / "r", families.load(family)
    small = ["--width", "4", "--batch-size", "16", "--threads", "1"]
    status, said, _ = ask(capsys, "train", family, "--data", "digits", "--out", run, "--steps", 5, *small, "--json")
    assert status == 0
    weights = "EMA" if Run.open(run).document.knobs["ema"] else "raw"
    keys = {"run", "family", "step", "seconds", "samples_per_second", "losses", "state"}
    assert said.keys() == keys
    assert all(np.isfinite(value) for value in said["losses"].values())
    for command, extra, keys in (
        ("sample", ["--n", 5], {"run", "step", "weights", "n", "sampler", "caption", "out"}),
        ("reconstruct", ["--data", "digits"], {"run", "step", "weights", "n", "mse", "out"}),
        ("encode", ["--data", "digits"], {"run", "step", "weights", "shape", "out"}),
    ):
        status, said, err = ask(capsys, command, run, *extra, "--out", tmp_path / f"{command}.npz", "--json")
        if command != "sample" and not hasattr(model, "encode"):
            assert (status, said) == (2, None)
            assert "cannot reconstruct" in err or "has no codes" in err
            continue
        assert status == 0
        assert said.keys() == keys
        assert (said["run"], said["step"], said["weights"]) == (str(run), 5, weights)
        assert np.load(tmp_path / f"{command}.npz").files


def test_the_same_seed_draws_the_same_samples_however_many(capsys, trained, tmp_path):
    for name, n in (("a", 3), ("b", 300)):
        assert ask(capsys, "sample", trained, "--n", n, "--seed", 7, "--out", tmp_path / f"{name}.npz")[0] == 0
    few, many = (np.load(tmp_path / f"{name}.npz")["samples"] for name in "ab")
    assert np.array_equal(few, many[:3])
    assert ask(capsys, "sample", trained, "--n", 3, "--seed", 8, "--out", tmp_path / "c.npz")[0] == 0
    assert not np.array_equal(few, np.load(tmp_path / "c.npz")["samples"])


def test_what_is_written_can_be_written_again(capsys, trained, tmp_path):
    for _ in range(2):
        assert ask(capsys, "sample", trained, "--n", 2, "--out", tmp_path / "deep" / "s.png")[0] == 0
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["s.png"]


def test_for_people_data_and_runs_are_tables(capsys, trained):
    cli.main(["data", "digits"])
    out = capsys.readouterr().out
    assert "digits: 1,797 pictures, 8 x 8 pixels, grey" in out
    assert "0 (178)" in out
    cli.main(["runs", str(trained.parent)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["run", "family", "data", "step", "state"]
    assert lines[1].split() == ["run", "vae", "digits", "20", "finished"]


def test_the_usual_runs_folder_may_not_be_there_yet(capsys, home):
    status, said, _ = ask(capsys, "runs", "--json")
    assert (status, said) == (0, {"folder": str(home / "runs"), "runs": []})


def test_help_lists_each_knob_with_its_bounds(capsys):
    for arguments in (["--help"], ["train", "vae", "--help"], ["resume", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            cli.main(arguments)
    out = capsys.readouterr().out
    assert "--latent-dim" in out
    assert "[1 to 1,024 numbers; default 32]" in " ".join(out.split())
    assert "first-look" in out


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
