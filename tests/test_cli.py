"""The command line, in process where possible: real work on the built-in digits."""

import json

import numpy as np
import pytest
import terminal_calls
from PIL import Image
from terminal_calls import SMALL, ask

from genstudio import cli
from genstudio.engine.run import Run
from genstudio.models import families


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return terminal_calls.trained(tmp_path_factory.mktemp("runs") / "run")


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
