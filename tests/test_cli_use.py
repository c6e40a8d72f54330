"""The command line on trained runs and on points: samplers, labels, dry runs, help pages."""

import numpy as np
import pytest
from PIL import Image
from terminal_calls import SMALL, trained
from terminal_calls import ask_all as ask

from genstudio import cli
from genstudio.engine.run import Run
from genstudio.models import families


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("runs") / "by label", "vae", "digits", "--conditional", "yes")


def test_samples_say_where_they_come_from_and_a_fitted_sampler_is_taken_from_then_on(capsys, digits, tmp_path):
    _, said, _, _ = ask(capsys, "sample", digits, "--n", 4, "--out", tmp_path / "a.npz", "--json")
    assert (said["sampler"], said["caption"]) == ("prior", "decoded from the standard normal prior")
    command = ["sample", digits, "--n", 4, "--fit-sampler", "gmm", "--json", "--out"]
    _, said, _, _ = ask(capsys, *command, tmp_path / "b.npz")
    assert (said["sampler"], said["n"]) == ("gmm", 4)
    kept = (digits / "samplers" / "gmm.json").read_bytes()
    ask(capsys, *command, tmp_path / "b.npz")
    assert (digits / "samplers" / "gmm.json").read_bytes() == kept  # fitted once
    _, _, out, _ = ask(capsys, "sample", digits, "--n", 4, "--out", tmp_path / "c.npz")
    assert "a mixture of normal distributions fitted to 1,797 codes" in out
    ask(capsys, "sample", digits, "--n", 4, "--sampler", "prior", "--out", tmp_path / "d.npz")
    a, b, c, d = (np.load(tmp_path / f"{name}.npz")["samples"] for name in "abcd")
    assert np.array_equal(b, c)
    assert np.array_equal(a, d)
    assert not np.array_equal(a, b)


def test_a_sampler_of_older_weights_is_said_and_left_out(capsys, tmp_path):
    run = trained(tmp_path / "r", "autoencoder", "digits", "--fit-sampler", "gmm")
    assert (run / "samplers" / "gmm.json").exists()
    capsys.readouterr()
    assert ask(capsys, "resume", run, "--steps", 22, "--fit-sampler", "none")[0] == 0
    status, said, _, err = ask(capsys, "sample", run, "--n", 2, "--out", tmp_path / "s.npz", "--json")
    assert (status, said["sampler"]) == (0, "prior")
    assert "fit it again" in err
    assert ask(capsys, "sample", run, "--sampler", "gmm", "--out", tmp_path / "s.npz")[0] == 2


def test_labels_are_drawn_in_turn(capsys, digits, tmp_path):
    for name, labels in (("a", ["--label", "3", "--label", "8"]), ("b", ["--label", "3"]), ("c", [])):
        status = ask(
            capsys, "sample", digits, "--n", 12, "--sampler", "prior", *labels, "--out", tmp_path / name / "s.npz"
        )
        assert status[0] == 0
    a, b, c = (np.load(tmp_path / name / "s.npz")["samples"] for name in "abc")
    assert np.array_equal(a[::2], b[::2])
    assert np.array_equal(c[3], b[3])  # the fourth of all labels is “3”
    status, _, _, err = ask(capsys, "sample", digits, "--label", "cat", "--out", tmp_path / "s.npz")
    assert status == 2
    assert "“cat”; there are 0, 1, 2" in err


@pytest.mark.parametrize("family", list(families))
def test_every_family_works_on_points_from_end_to_end(capsys, tmp_path, family):
    run = tmp_path / "r"
    small = ["--steps", "5", "--width", "4", "--threads", "1", "--batch-size", "32"]
    assert ask(capsys, "train", family, "--data", "rings", "--out", run, *small)[0] == 0
    for name in ("s.npz", "s.csv", "s.png"):
        assert ask(capsys, "sample", run, "--n", 50, "--out", tmp_path / name)[0] == 0
    samples = np.load(tmp_path / "s.npz")["samples"]
    assert (samples.dtype, samples.shape) == (np.float32, (50, 2))
    assert np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1) == pytest.approx(samples, rel=1e-6)
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size == (640, 640)
    assert ask(capsys, "sample", run, "--out", tmp_path / "folder")[0] == 2
    if hasattr(families.load(family), "draw_codes"):
        _, said, _, _ = ask(capsys, "reconstruct", run, "--data", "rings", "--out", tmp_path / "r.npz", "--json")
        arrays = np.load(tmp_path / "r.npz")
        assert arrays["input"].shape == arrays["reconstruction"].shape == (10_000, 2)
        assert said["mse"] == pytest.approx(np.square(arrays["input"] - arrays["reconstruction"]).mean(), rel=1e-4)
        assert ask(capsys, "encode", run, "--data", "rings", "--out", tmp_path / "e.npz")[0] == 0
        assert len(np.load(tmp_path / "e.npz")["labels"]) == 10_000


@pytest.mark.parametrize("preset", ["denoising", "rae", "conditional", "points"])
def test_presets_of_the_autoencoder_train(capsys, tmp_path, preset):
    data = "rings" if preset == "points" else "digits"
    arguments = ["--preset", preset, "--width", "4", "--batch-size", "16", "--threads", "1"]
    status, said, _, _ = ask(
        capsys, "train", "autoencoder", "--data", data, "--out", tmp_path / "r", "--steps", 3, *arguments, "--json"
    )
    assert (status, said["state"], said.get("sampler")) == (0, "finished", "gmm" if preset == "rae" else None)


@pytest.mark.parametrize("preset", ["beta-tc", "iwae", "vq", "sigma", "conditional", "points", "quality"])
def test_presets_of_the_vae_train_and_sample(capsys, tmp_path, preset):
    data = "rings" if preset == "points" else "digits"
    arguments = ["--preset", preset, "--width", "4", "--batch-size", "16", "--threads", "1", "--fit-sampler", "none"]
    status, said, _, _ = ask(
        capsys, "train", "vae", "--data", data, "--out", tmp_path / "r", "--steps", 3, *arguments, "--json"
    )
    assert (status, said["state"]) == (0, "finished")
    assert ask(capsys, "sample", tmp_path / "r", "--n", 3, "--out", tmp_path / "s.npz")[0] == 0
    assert Run.open(tmp_path / "r").document.preset == preset


def test_a_dry_run_says_what_it_would_take_and_trains_nothing(capsys, tmp_path):
    arguments = ["train", "vae", "--data", "digits", "--steps", "500", *SMALL, "--dry-run"]
    status, said, _, _ = ask(capsys, *arguments, "--json")
    assert status == 0
    assert said["dry_run"] is True
    assert said["family"] == "vae"
    assert said["seconds_per_1000"] > 0
    assert said["total_seconds"] > 0
    assert said["largest_batch"] >= 16
    status, _, out, _ = ask(capsys, *arguments, "--out", tmp_path / "r")
    assert status == 0
    assert "1,000 steps" in out
    assert "CPU, 1 thread" in out
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("family", list(families))
def test_help_lists_presets_and_knobs_in_groups_with_bounds_default_and_live(capsys, monkeypatch, family):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit, match="0"):
        cli.main(["train", family, "--help"])
    out = capsys.readouterr().out
    model, words = families.load(family), " ".join(out.split())
    for name, preset in model.presets.items():
        assert f"{name} {preset.summary}" in words
    for knob in model.Config.knobs():
        assert f"--{knob.name.replace('_', '-')} " in out
        assert knob.help in words or "-" in knob.help  # long words are broken at their hyphens
        assert f"\n{knob.group.lower()}:\n" in out
    assert "default 0.001; live]" in words or "live]" in words
    assert out.index("\nmodel:") < out.index("\noptimizer:") < out.index("\ntraining:") < out.index("\nmachine:")
    assert max(map(len, out.splitlines())) <= 100
    assert "--sample-rate" in out  # named, and explained elsewhere
    assert "how sounds" not in out.lower()
