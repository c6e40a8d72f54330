"""A run resumed on something else than it began with: other data, another machine, other versions (F52)."""

import json
import shutil

import numpy as np
import pytest
from hostile_runs import rewrite_document
from tiny_runs import drive, of, spec_of, state_of

from genstudio.core.errors import InputError
from genstudio.core.events import Note, Started
from genstudio.engine.run import Run


def idx_folder(folder, pictures):
    """A folder with one IDX file of pictures [N, H, W]."""
    folder.mkdir(exist_ok=True)
    sizes = b"".join(int(n).to_bytes(4, "big") for n in pictures.shape)
    (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + sizes + pictures.tobytes())
    return str(folder)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8)


def test_f52_other_data_is_refused_in_numbers_and_nothing_is_changed(tmp_path, pictures):
    source = idx_folder(tmp_path / "data", pictures)
    drive(spec_of(data=source, steps=4), tmp_path / "r")
    before = (tmp_path / "r" / "run.json").read_bytes(), state_of(tmp_path / "r")
    idx_folder(tmp_path / "data", pictures[:40])
    with pytest.raises(InputError, match=r"40 items now, 50 then") as caught:
        drive(spec_of(data=source, steps=6), tmp_path / "r")
    assert source in str(caught.value)
    assert ((tmp_path / "r" / "run.json").read_bytes(), state_of(tmp_path / "r")) == before
    idx_folder(tmp_path / "data", pictures)
    assert drive(spec_of(data=source, steps=6), tmp_path / "r")[-1].step == 6


def test_f52_one_changed_pixel_is_other_data(tmp_path, pictures):
    source = idx_folder(tmp_path / "data", pictures)
    drive(spec_of(data=source, steps=4), tmp_path / "r")
    pictures[25, 3, 3] ^= 1
    idx_folder(tmp_path / "data", pictures)
    with pytest.raises(InputError, match="is not what this run was trained on"):
        drive(spec_of(data=source, steps=6), tmp_path / "r")


def test_f32_f52_data_that_is_gone_is_a_sentence_and_the_run_can_still_be_used(tmp_path, pictures):
    from genstudio.engine import use
    from genstudio.engine.load import load_trained

    source = idx_folder(tmp_path / "data", pictures)
    drive(spec_of(data=source, steps=4), tmp_path / "r")
    shutil.rmtree(source)
    with pytest.raises(InputError, match="There is no data at"):
        drive(spec_of(data=source, steps=6), tmp_path / "r")
    run = Run.open(tmp_path / "r")
    assert run.state() == "finished"
    assert len(use.sample(load_trained(run, "cpu"), 3)) == 3


def test_a_run_keeps_its_family_data_and_knobs_whatever_is_asked_of_a_resume(victim):
    asked = spec_of("autoencoder", {"width": 8}, data="/elsewhere", steps=6)
    (started,) = of(Started, drive(asked, victim))
    assert (started.family, started.step) == ("vae", 4)
    document = Run.open(victim).document
    assert (document.family, document.data.source, document.knobs["width"]) == ("vae", "digits", 4)
    assert (document.training.steps, document.step) == (6, 6)


def test_f52_another_torch_is_a_note_and_is_remembered(victim):
    rewrite_document(victim, lambda values: values["versions"].update(torch="1.0.0"))
    (note,) = of(Note, drive(spec_of(steps=6), victim))
    assert "torch 1.0.0 (now " in note.text
    assert note.text.endswith("the result is as good, but not the same bit for bit.")
    assert json.loads((victim / "run.json").read_bytes())["versions"]["torch"] != "1.0.0"
    assert of(Note, drive(spec_of(steps=8), victim)) == []


def test_f52_more_threads_are_a_note(victim):
    (note,) = of(Note, drive(spec_of(steps=6, threads=2), victim))
    assert "trained on CPU, 1 thread in fp32 and goes on with CPU, 2 threads in fp32" in note.text


def test_f52_another_precision_is_a_note(victim):
    events = drive(spec_of(steps=6, precision="bf16"), victim)
    assert "goes on with CPU, 1 thread in bf16" in of(Note, events)[0].text
    assert of(Started, events)[0].precision == "bf16"


def test_f52_nothing_said_keeps_threads_and_precision_of_the_run(victim):
    events = drive(spec_of(steps=6, threads=0, precision="auto"), victim)
    assert of(Note, events) == []
    assert (of(Started, events)[0].threads, of(Started, events)[0].precision) == (1, "fp32")


def test_f20_a_gpu_that_is_not_there_is_a_sentence_and_auto_takes_the_processor(victim, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="no usable “cuda” device: choose auto or cpu"):
        drive(spec_of(steps=6, device="cuda"), victim)
    assert Run.open(victim).state() == "finished"
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert of(Started, drive(spec_of(steps=6, device="auto"), victim))[0].device == "CPU, 1 thread"
