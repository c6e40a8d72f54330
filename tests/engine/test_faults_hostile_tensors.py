"""Files of tensors made to harm: nothing in them is run, and what does not fit is refused by name."""

import os
import pickle
import struct

import pytest
import safetensors.torch
import torch
from hostile_runs import STEP, put, refused
from tiny_runs import drive, spec_of

from genstudio.core.errors import WorkError
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_f40_a_pickle_under_another_name_is_not_opened(victim, tmp_path):
    put(victim, "weights.safetensors", pickle.dumps(Canary(tmp_path / "sang")))
    assert "is not one of GenStudio's" in refused(victim)
    torch.save({"x": Canary(tmp_path / "sang")}, tmp_path / "model.pt")
    put(victim, "weights.safetensors", (tmp_path / "model.pt").read_bytes())
    assert "is not one of GenStudio's" in refused(victim)
    assert not (tmp_path / "sang").exists()


def header(text, tail=b""):
    """A .safetensors file with any text as its header."""
    return struct.pack("<Q", len(text)) + text + tail


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        struct.pack("<Q", 99_000_000) + b"{",
        struct.pack("<Q", 2**63) + b"{",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        header(b'{"x":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}', b"\0" * 4),
        header(b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,400]}}', b"\0" * 4),
        header(b'{"x":{"dtype":"PY","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4),
        header(b"[" * 10_000),
    ],
    ids=["empty", "zeros", "long header", "longer", "LFS", "HTML", "lying", "outside", "type", "deep"],
)
@pytest.mark.parametrize("name", ["weights", "training", "ema"])
def test_f42_a_file_of_tensors_that_is_none_is_a_sentence(victim, name, data):
    put(victim, f"{name}.safetensors", data)
    assert STEP in refused(victim)


def change_tensors(path, name, change):
    file = path / "checkpoints" / STEP / f"{name}.safetensors"
    tensors = safetensors.torch.load(file.read_bytes())
    change(tensors)
    put(path, f"{name}.safetensors", safetensors.torch.save(tensors))


BIAS = "decoder.out.bias"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.update({BIAS: torch.zeros(5)}), "is [5], it should be [64]"),
        (lambda t: t.update({BIAS: torch.zeros(64, dtype=torch.float64)}), BIAS),
        (lambda t: t.update({BIAS: torch.zeros(8, 8)}), "is [8, 8], it should be [64]"),
        (lambda t: t.pop(BIAS), f"“{BIAS}” is missing"),
        (lambda t: t.update(more=torch.zeros(1)), "“more” is unknown"),
        (lambda t: t.clear(), "is missing"),
    ],
)
@pytest.mark.parametrize("name", ["weights", "ema"])
def test_f41_weights_of_another_model_are_refused_by_name(victim, name, change, words):
    change_tensors(victim, name, change)
    with pytest.raises(WorkError, match="not of this kind of model") as caught:
        drive(spec_of(steps=6), victim)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("rng"),
        lambda t: t.update(rng=torch.zeros(3)),
        lambda t: t.update(rng=torch.zeros_like(t["rng"])),
        lambda t: t.update({"model.0.exp_avg": torch.zeros(1)}),
        lambda t: t.update({"model.0.step": torch.zeros(9)}),
        lambda t: t.pop("model.0.exp_avg_sq"),
    ],
    ids=["no rng", "rng of floats", "rng of zeros", "moment", "counter", "missing"],
)
def test_f41_training_state_that_does_not_fit_is_a_sentence(victim, change):
    change_tensors(victim, "training", change)
    with pytest.raises(WorkError, match=r"optimizer state|random numbers"):
        drive(spec_of(steps=6), victim)
    assert load_trained(Run.open(victim), "cpu").step == 4  # the model itself is good
