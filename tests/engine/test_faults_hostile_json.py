"""Manifests, states and run.json made to harm: they open or are refused in a sentence, no more."""

import copy
import json
import os
import shutil
import threading

import pytest
from hostile_runs import STEP, put, refused, rewrite_document, seal

from genstudio.core.errors import GenStudioError, InputError
from genstudio.engine import load
from genstudio.engine.document import signed
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run


@pytest.mark.parametrize(
    "name", ["../run.json", "../../x", "/etc/hostname", "..", ".", "", "a/b", "x\0y", "a" * 5000]
)
def test_f43_a_manifest_that_names_files_elsewhere_is_refused(victim, name):
    manifest = victim / "checkpoints" / STEP / "manifest.json"
    values = json.loads(manifest.read_bytes())
    values["files"][name] = {"sha256": "0" * 64, "size": 1}
    manifest.write_text(json.dumps(values), encoding="utf-8")
    assert STEP in refused(victim)


def test_f43_a_link_out_of_the_checkpoint_is_not_followed(victim, tmp_path):
    secret = tmp_path / "secret.json"
    file = victim / "checkpoints" / STEP / "state.json"
    shutil.move(file, secret)
    file.symlink_to(secret)
    seal(victim)
    assert "names a file outside it: not opened" in refused(victim)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"x"', '{"files": []}', "[" * 100_000, "NaN", "\ud800"])
def test_f43_a_manifest_of_another_shape_is_a_sentence(victim, text):
    data = text.encode("utf-8", "surrogatepass")
    (victim / "checkpoints" / STEP / "manifest.json").write_bytes(data)
    assert "manifest.json is damaged" in refused(victim)


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", v) for v in (-1, 5, 2**70, "4", None, 4.5)]
    + [("position", v) for v in (-1, 2**70, "0", None, [])]
    + [("seconds", v) for v in (-1.0, "1", None)]
    + [("knobs", v) for v in (None, [], {"width": 10**9}, {"width": -1}, {"os.system": "x"}, {"width": {"a": 1}})]
    + [("more", 1)],
)
def test_f43_state_with_a_wrong_value_is_a_sentence_that_names_it(victim, name, value):
    state = json.loads((victim / "checkpoints" / STEP / "state.json").read_bytes())
    put(victim, "state.json", json.dumps({**state, name: value}).encode())
    with pytest.raises(GenStudioError) as caught:
        load_trained(Run.open(victim), "cpu")
    assert name in str(caught.value) or "width" in str(caught.value) or "os.system" in str(caught.value)


NESTED: list = []
for _ in range(200):
    NESTED = [NESTED]
VALUES = [
    -1, 0, 2**31, 10**30, 1e308, 0.5, True, None, [], {}, "", "os.system", "../../x", "<b>x</b>", "x" * 5000,
    "\ud800", NESTED, {"a": NESTED}, [64, 64, 3], [8, 8, 10**9], [-8, -8, 1], "autoencoder", "bernoulli",
]  # fmt: skip


def places(values, before=()):
    """The path of every value within nested dictionaries."""
    for key, value in values.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from places(value, (*before, key))


def test_f43_any_value_anywhere_in_run_json_opens_or_is_a_sentence(finished_run, tmp_path):
    values = json.loads((finished_run / "run.json").read_bytes())
    opened = refused_ones = 0
    shutil.copytree(finished_run, tmp_path / "r")
    for place in places({k: v for k, v in values.items() if k != "sha256"}):
        for value in VALUES:
            changed = copy.deepcopy(values)
            changed.pop("sha256")
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            text = json.dumps(signed(changed))
            (tmp_path / "r" / "run.json").write_text(text, encoding="utf-8")
            put(tmp_path / "r", "run.json", text.encode())
            try:
                run = Run.open(tmp_path / "r")
                assert run.summary()["name"] == "r"
                load_trained(run, "cpu")
                opened += 1
            except GenStudioError as error:
                assert str(error)  # noqa: PT017
                refused_ones += 1
    assert refused_ones > 500
    assert opened > 50


@pytest.mark.parametrize(
    "text", ["1e309", "NaN", "-Infinity", "[" * 100_000, "9" * 5000, "{}", "[]", '{"format": 99}', "<html>"]
)
def test_f43_run_json_that_is_no_run_is_a_sentence(victim, text):
    shutil.rmtree(victim / "checkpoints")
    (victim / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(GenStudioError):
        Run.open(victim)
    values = (victim / "run.json").read_text(encoding="utf-8")
    (victim / "run.json").write_text('{"step": ' + values + "}", encoding="utf-8")
    with pytest.raises(GenStudioError):
        Run.open(victim)


def test_f43_a_newer_format_is_refused_and_left_alone(victim):
    rewrite_document(victim, lambda values: values.update(format=2, news=[1, 2, 3]))
    before = (victim / "run.json").read_bytes()
    with pytest.raises(InputError, match=r"made by a newer GenStudio \(format 2\)"):
        Run.open(victim)
    assert (victim / "run.json").read_bytes() == before


def test_f43_a_family_is_never_an_import_path(victim):
    rewrite_document(victim, lambda values: values.update(family="os.system"))
    assert "There is no family “os.system”" in refused(victim)


def test_f43_more_parameters_than_the_limit_are_refused_before_any_memory_is_taken(victim, monkeypatch):
    monkeypatch.setattr(load, "_MOST_PARAMETERS", 1000)
    assert "million parameters" in refused(victim)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    "name", ["run.json", "metrics.jsonl", f"checkpoints/{STEP}/manifest.json", f"checkpoints/{STEP}/state.json"]
)
def test_f39_a_named_pipe_in_a_run_is_never_waited_for(victim, name):
    (victim / name).unlink()
    os.mkfifo(victim / name)
    done = []

    def look():
        try:
            run = Run.open(victim)
            run.history()
            run.load_checkpoint()
        except GenStudioError as error:
            done.append(str(error))
        done.append("looked")

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(30)
    assert done[-1:] == ["looked"]
