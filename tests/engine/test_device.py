"""Device, threads and precision follow what was asked for, else what the machine can do."""

import pytest
import torch

from genstudio.core.errors import InputError
from genstudio.engine import device


@pytest.fixture
def fast(monkeypatch):
    """Say whether bfloat16 is fast, and hear how often that is asked."""

    def say(answer):
        asked = []
        monkeypatch.setattr(device, "fast_bf16", lambda kind: asked.append(kind) or answer)
        return asked

    return say


@pytest.mark.parametrize("answer", [True, False])
def test_automatic_precision_follows_the_measurement(fast, answer):
    asked = fast(answer)
    assert device.choose("cpu", 1, "auto").bf16 is answer
    assert asked == ["cpu"]


def test_a_family_that_loses_quality_in_bfloat16_is_not_even_measured(fast):
    asked = fast(True)
    assert device.choose("cpu", 1, "auto", allows_bf16=False).precision == "fp32"
    assert asked == []


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_asked_for_is_taken_unmeasured(fast, precision):
    asked = fast(precision == "fp32")
    assert device.choose("cpu", 1, precision, allows_bf16=False).precision == precision
    assert asked == []


def test_threads_are_as_asked_else_all_cores_but_one(monkeypatch):
    monkeypatch.setattr(device, "cores", lambda: 6)
    assert device.choose("cpu", 3, "fp32").title() == "CPU, 3 threads"
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert device.choose("cpu", 0, "fp32").threads == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert device.choose("cpu", 0, "fp32").threads == 5
    monkeypatch.setattr(device, "cores", lambda: 1)
    assert device.choose("cpu", 0, "fp32").title() == "CPU, 1 thread"


def test_a_device_that_is_not_there_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="cuda"):
        device.choose("cuda", 1, "fp32")
