"""Saved pictures lead back to where they were taken; strangers' files lead nowhere and break nothing."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from tiny_runs import drive, spec_of

from genstudio.core.errors import InputError
from genstudio.engine.latent import films, provenance
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.films import Film
from genstudio.engine.latent.place import Place, code_text
from genstudio.engine.pictures import png

GREY = np.zeros((8, 8, 1), np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "Lauf é 過"
    drive(spec_of("gan", {"conditional": True}, steps=10), path)
    return path


@pytest.fixture(scope="module")
def explorer(run):
    return Explorer.open(run)


@pytest.fixture(scope="module")
def place(explorer):
    return Place(explorer.random(1, 5)[0], 7)


def carrying(text, key="genstudio"):
    info = PngImagePlugin.PngInfo()
    info.add_itxt(key, text)
    buffer = io.BytesIO()
    Image.fromarray(GREY[..., 0]).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_a_saved_picture_dropped_back_gives_the_same_pixels(explorer, run, place, tmp_path):
    path = tmp_path / "過渡.png"
    path.write_bytes(provenance.png_of(explorer, run, place))
    found = provenance.read(path)
    assert found.place(explorer.labels).same(place)
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture)[..., None], explorer.picture(found.place(explorer.labels)))
    document = explorer.trained.document
    assert (found.kind, found.run, found.step, found.weights) == ("place", "Lauf é 過", 10, "EMA")
    assert (found.created, found.seed, found.family) == (document.created, document.seed, "gan")
    assert found.pins[0].label == "7"
    assert found.of_run(explorer)
    assert found.difference(explorer) == ""


def test_facts_are_as_they_were_promised(explorer, run, place):
    facts = provenance.facts_of(explorer, run, place)
    assert list(facts) == [
        "kind", "run", "created", "step", "weights", "fingerprint", "seed", "family", "label", "code",
    ]  # fmt: skip
    assert facts["code"] == code_text(place.code)
    assert facts["label"] == "7"
    assert provenance.facts_of(explorer, run, Place(place.code))["label"] is None


def test_a_strip_carries_its_pins(explorer, run, place, tmp_path):
    other = Place(explorer.random(1, 6)[0], -1)
    facts = provenance.facts_of_path(explorer, run, [place, other], "spherical", True)
    films.save(Film(np.stack([GREY] * 3), np.zeros((3, 3), np.float32)), tmp_path / "a.png", facts)
    found = provenance.read(tmp_path / "a.png")
    assert found.kind == "path"
    assert [pin.place(explorer.labels).same(at) for pin, at in zip(found.pins, (place, other), strict=True)] == [
        True
    ] * 2
    assert facts["path"] == "spherical"
    assert facts["loop"] is True


def test_a_run_that_was_moved_is_known_and_one_trained_on_is_told(explorer, run, place, tmp_path):
    found = provenance.read(provenance.png_of(explorer, run, place))
    shutil.copytree(run, tmp_path / "elsewhere")
    moved = Explorer.open(tmp_path / "elsewhere")
    assert found.difference(moved) == ""
    drive(spec_of("gan", {"conditional": True}, steps=12), tmp_path / "elsewhere")
    later = Explorer.open(tmp_path / "elsewhere")
    assert found.of_run(later)
    assert "drawn at step 10; the model is at step 12 now" in found.difference(later)


def test_another_run_is_told_and_codes_of_another_size_are_refused(explorer, run, place, tmp_path):
    found = provenance.read(provenance.png_of(explorer, run, place))
    drive(spec_of("vae", steps=2), tmp_path / "a")
    assert "comes from another run, “Lauf é 過”" in found.difference(Explorer.open(tmp_path / "a"))
    drive(spec_of("vae", {"latent_dim": 5}, steps=2), tmp_path / "b")
    with pytest.raises(InputError, match="whose codes have 3 numbers, not 5: open that run first"):
        found.difference(Explorer.open(tmp_path / "b"))


def test_labels_that_the_model_does_not_know_are_left_out(explorer, run, place):
    found = provenance.read(provenance.png_of(explorer, run, place))
    assert found.place(("0", "1")).label == -1
    assert found.place().label == -1


# --- strangers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"x", png(GREY), png(GREY, {"slot": "samples"}), png(GREY, {"kind": "place"}), b"\x89PNG\r\n\x1a\n"]
)
def test_files_without_provenance_carry_nothing(data, tmp_path):
    assert provenance.read(data) is None
    (tmp_path / "a.png").write_bytes(data)
    assert provenance.read(tmp_path / "a.png") is None


def test_what_is_no_file_carries_nothing(tmp_path):
    assert provenance.read(tmp_path) is None
    assert provenance.read(tmp_path / "missing.png") is None


def test_a_bomb_is_not_looked_into(recwarn):
    data = bytearray(png(GREY, {"kind": "place"}))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    assert provenance.read(bytes(data)) is None
    assert not recwarn


@pytest.fixture(scope="module")
def good(explorer, run, place):
    return provenance.facts_of(explorer, run, place)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "AAAA"), ("code", "not base64 at all"), ("code", 7), ("code", None), ("code", ""),
        ("code", code_text(np.array([np.nan, 1], np.float32))), ("step", "10"), ("step", -1), ("step", 1e300),
        ("seed", 2**40), ("run", "x" * 2000), ("run", ["a"]), ("kind", "sound"), ("kind", {}), ("label", 3),
        ("label", "x" * 2000), ("fingerprint", "x" * 100), ("weights", None),
    ],
)  # fmt: skip
def test_spoilt_facts_carry_nothing(good, field, value):
    assert provenance.read(png(GREY, good)) is not None
    assert provenance.read(png(GREY, {**good, field: value})) is None


def test_facts_of_a_newer_version_are_read_as_far_as_they_are_known(good):
    assert provenance.read(png(GREY, {**good, "mood": "blue"})) is not None


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_read_without_harm(value):
    assert provenance.read(carrying(json.dumps(value))) is None


@settings(max_examples=30)
@given(st.text())
@example("[" * 100_000)
@example('{"kind": ' + "9" * 10_000 + "}")
def test_any_text_is_read_without_harm(text):
    try:
        data = carrying(text)
    except (UnicodeEncodeError, ValueError):  # what no PNG can hold
        return
    assert provenance.read(data) is None


@settings(max_examples=50)
@given(st.integers(0, 500), st.integers(0, 255), st.integers(0, 600))
def test_flipped_and_cut_files_are_read_without_harm(good, at, byte, length):
    data = bytearray(png(GREY, good))
    data[at % len(data)] = byte
    provenance.read(bytes(data[:length]))
    found = provenance.read(bytes(data))
    assert found is None or len(found.pins) == 1


# --- as code -----------------------------------------------------------------------------------------


def test_the_code_draws_the_same_pixels_in_another_process(explorer, run, place, tmp_path):
    text = provenance.as_code(run, place, explorer)
    (tmp_path / "again.py").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "again.py"], cwd=tmp_path, check=True, timeout=100)
    with Image.open(tmp_path / "picture.png") as picture:
        assert np.array_equal(np.asarray(picture)[..., None], explorer.picture(place))
    assert "# '7'" in text


@given(st.text(max_size=30).filter(lambda name: "\0" not in name and name.strip("./")))
@settings(max_examples=30)
def test_the_code_is_python_whatever_the_run_is_called(explorer, place, name):
    from pathlib import Path

    compile(provenance.as_code(Path("/runs") / name, place, explorer), "again.py", "exec")
