"""Codes of data sets and paths between pictures from the command line, for every family."""

import numpy as np
import pytest
from PIL import Image
from terminal_calls import ask, ask_all, trained

from genstudio.data import open_source
from genstudio.engine.latent import films, provenance
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place
from genstudio.engine.pictures import png
from genstudio.models import families


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for i in (0, 1, 2):
        (folder / f"过 {i}.png").write_bytes(png(np.asarray(open_source("digits").images[i])))
    return [folder / f"过 {i}.png" for i in (0, 1, 2)]


@pytest.fixture(scope="module", params=list(families))
def run(request, tmp_path_factory):
    family = request.param
    own = ["--network", "mlp", "--latent-dim", "3"] if "network" in families.load(family).Config.model_fields else []
    command = ["train", family, "--data", "digits", "--out", tmp_path_factory.mktemp("runs") / "r", "--steps", "10"]
    from genstudio import cli

    small = ["--width", "4", "--batch-size", "16", "--threads", "1", *own]
    assert cli.main([str(word) for word in (*command, *small)]) == 0
    return command[5]


@pytest.fixture(scope="module")
def by_label(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("by label") / "r", "vae", "digits", "--conditional", "yes")


def test_every_family_draws_the_path_between_two_files(capsys, run, files, tmp_path):
    out = tmp_path / "é.npz"
    status, said, _ = ask(
        capsys, "interpolate", run, "--a", files[0], "--b", files[1], "--frames", 5, "--out", out, "--json"
    )
    explorer = Explorer.open(run)
    assert status == 0
    assert said.keys() == {
        "run", "step", "weights", "frames", "kind", "loop", "fps", "errors", "out",
    }  # fmt: skip
    family = explorer.trained.document.family
    assert (said["frames"], said["kind"]) == (5, "spherical" if family in ("gan", "flow") else "linear")
    with np.load(out) as arrays:
        codes, frames = arrays["codes"], arrays["frames"]
        assert (codes.dtype, codes.shape) == (np.float32, (5, explorer.size))
        assert (frames.dtype, frames.shape) == (np.uint8, (5, 8, 8, 1))
        assert float(arrays["fps"]) == 12
    for end, file, name in ((0, files[0], "a"), (4, files[1], "b")):
        assert np.array_equal(frames[end], explorer.picture(Place(codes[end])))
        given = np.asarray(Image.open(file))[..., None] / 255
        assert np.square(frames[end] / 255 - given).mean() == pytest.approx(said["errors"][name], rel=1e-6)


def test_every_family_encodes_or_says_what_to_do_instead(capsys, run, tmp_path):
    data, source = open_source("digits").take(np.arange(70)), tmp_path / "some.npz"
    np.savez(source, images=data.images, labels=data.labels)
    status, said, err = ask(capsys, "encode", run, "--data", source, "--out", tmp_path / "e.npz", "--json")
    explorer = Explorer.open(run)
    if not explorer.can_encode:
        assert (status, said) == (2, None)
        assert f"genstudio interpolate {run} --a FILE --b FILE" in err
        return
    assert (status, said["shape"]) == (0, [70, explorer.size])
    with np.load(tmp_path / "e.npz") as arrays:
        assert arrays["codes"].dtype == np.float32
        assert arrays["labels"].dtype == np.int64
        assert arrays["label_names"][arrays["labels"]].tolist() == [data.label_names[i] for i in data.labels]
        np.testing.assert_allclose(arrays["codes"][:40], explorer.encode(data.images[:40]), rtol=1e-3, atol=1e-4)


def test_a_strip_leads_through_all_pins_and_carries_their_codes(capsys, by_label, files, tmp_path):
    command = ["interpolate", by_label, "--a", files[0], "--via", files[1], "--b", files[2], "--label", "4"]
    status, _, out, _ = ask_all(capsys, *command, "--frames", 7, "--out", tmp_path / "new" / "a.png")
    assert status == 0
    assert "7 frames, linear, step 20" in out
    assert "过 1.png 0." in out
    found = provenance.read(tmp_path / "new" / "a.png")
    assert [pin.label for pin in found.pins] == ["4"] * 3
    with Image.open(tmp_path / "new" / "a.png") as strip:
        assert strip.size == (7 * 64 + 6 * 2, 64)
        first = np.asarray(strip)[4:64:8, 4:64:8]
    explorer = Explorer.open(by_label)
    assert np.array_equal(first[..., None], explorer.picture(found.place(explorer.labels)))


def test_a_picture_that_was_saved_here_gives_exactly_its_code(capsys, by_label, tmp_path):
    explorer = Explorer.open(by_label)
    places = [Place(code, label) for code, label in zip(explorer.random(2, 8), (3, -1), strict=True)]
    for name, place in zip("ab", places, strict=True):
        (tmp_path / f"{name}.png").write_bytes(provenance.png_of(explorer, by_label, place))
    command = ["interpolate", by_label, "--a", tmp_path / "a.png", "--b", tmp_path / "b.png", "--frames", 3, "--json"]
    _, said, _ = ask(capsys, *command, "--out", tmp_path / "o.npz")
    assert said["errors"] == {"a": 0, "b": 0}
    with np.load(tmp_path / "o.npz") as arrays:
        assert np.array_equal(arrays["codes"][[0, 2]], np.stack([place.code for place in places]))
        assert np.array_equal(arrays["frames"][0], explorer.picture(places[0]))
    _, said, _ = ask(capsys, *command, "--label", "8", "--kind", "spherical", "--out", tmp_path / "o.npz")
    assert said["kind"] == "spherical"
    with np.load(tmp_path / "o.npz") as arrays:
        assert np.array_equal(arrays["frames"][0], explorer.picture(Place(places[0].code, 8)))


def test_a_picture_saved_in_another_run_is_searched_for_with_a_note(capsys, by_label, files, tmp_path):
    other = trained(tmp_path / "other", "autoencoder", steps=5)
    explorer = Explorer.open(other)
    (tmp_path / "a.png").write_bytes(provenance.png_of(explorer, other, Place(explorer.random(1, 0)[0])))
    status, said, err = ask(
        capsys,
        "interpolate",
        by_label,
        "--a",
        tmp_path / "a.png",
        "--b",
        files[0],
        "--out",
        tmp_path / "o.gif",
        "--json",
    )
    assert status == 0
    assert "a.png is of another run (“other”): its picture is searched for" in err
    assert said["errors"]["a"] > 0


def test_a_loop_comes_back_and_a_gif_plays(capsys, by_label, files, tmp_path):
    command = ["interpolate", by_label, "--a", files[0], "--b", files[1], "--frames", 6, "--fps", 5, "--loop"]
    assert ask(capsys, *command, "--out", tmp_path / "o.gif")[0] == 0
    with Image.open(tmp_path / "o.gif") as film:
        assert film.size == (256, 256)
        assert film.info["duration"] == 200
        assert film.info["loop"] == 0
    assert ask(capsys, *command, "--out", tmp_path / "o.npz")[0] == 0
    codes = np.load(tmp_path / "o.npz")["codes"]
    steps = np.linalg.norm(codes - np.roll(codes, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--a", "GOOD", "--b", "none.png", "--out", "o.png"], "none.png"),
        (["--a", "TEXT", "--b", "GOOD", "--out", "o.png"], "is a text"),
        (["--a", "GOOD", "--b", "GOOD", "--out", "o.avi"], "o.avi"),
        (["--a", "GOOD", "--b", "GOOD", "--frames", "1", "--out", "o.png"], "--frames"),
        (["--a", "GOOD", "--b", "GOOD", "--fps", "nan", "--out", "o.png"], "frames a second"),
        (["--a", "GOOD", "--b", "GOOD", "--fps", "99", "--out", "o.gif"], "up to 50"),
        (["--a", "GOOD", "--b", "GOOD", "--label", "cat", "--out", "o.png"], "“cat”"),
        (["--a", "GOOD", "--b", "GOOD", "--kind", "round", "--out", "o.png"], "round"),
        (["--a", "GOOD", "--b", "GOOD", "--out", "TEXT/o.png"], "cannot be written"),
        (["--a", "GOOD", "--out", "o.png"], "--b"),
        (["--a", "GOOD", "--b", "GOOD"], "--out"),
    ],
)
def test_wrong_input_is_one_sentence(capsys, by_label, files, tmp_path, monkeypatch, words, named):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("hello", encoding="utf-8")
    given = [w.replace("GOOD", str(files[0])).replace("TEXT", str(tmp_path / "text.png")) for w in words]
    status, said, err = ask(capsys, "interpolate", by_label, *given)
    assert (status, said) == (2, None)
    assert named in err
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.glob("o.*"))


def test_without_an_encoder_for_films_the_work_is_not_begun(capsys, by_label, files, tmp_path, monkeypatch):
    monkeypatch.setattr(films, "encoder", lambda: None)
    status, _, err = ask(
        capsys, "interpolate", by_label, "--a", files[0], "--b", files[1], "--out", tmp_path / "o.mp4"
    )
    assert status == 2
    assert "install ffmpeg, or give a .gif" in err


def test_a_run_of_points_has_no_pictures_to_lead_between(capsys, files, tmp_path):
    run = trained(tmp_path / "r", "vae", "rings", steps=3)
    capsys.readouterr()
    status, _, err = ask(capsys, "interpolate", run, "--a", files[0], "--b", files[1], "--out", tmp_path / "o.png")
    assert status == 2
    assert "points in the plane" in err
    assert ask(capsys, "encode", run, "--data", "rings", "--out", tmp_path / "e.npz")[0] == 0
    assert np.load(tmp_path / "e.npz")["codes"].shape == (10_000, 3)
