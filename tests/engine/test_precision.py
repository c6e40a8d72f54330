"""bfloat16 is used where it was measured to be fast; the answer is kept, so that a machine decides once."""

import math

import pytest
import torch

from genstudio.engine import precision


class Clock:
    """Stands in for the measurement: gives these gains one after the other."""

    def __init__(self, *gains):
        self.gains, self.kinds = list(gains), []

    def __call__(self, kind):
        self.kinds.append(kind)
        return self.gains.pop(0)


@pytest.fixture
def clock(monkeypatch):
    def start(*gains):
        found = Clock(*gains)
        monkeypatch.setattr(precision, "measure", found)
        restart(monkeypatch)
        return found

    return start


def restart(monkeypatch):
    """Forget what this process knows, as a new one would."""
    monkeypatch.setattr(precision, "_known", {})


@pytest.mark.parametrize(("gain", "fast"), [(1.19, False), (1.2, True), (2.5, True), (0.1, False), (0.0, False)])
def test_only_a_clear_gain_counts(clock, gain, fast):
    clock(gain)
    assert precision.fast_bf16("cpu") is fast


def test_a_process_asks_once_and_the_next_one_reads_the_answer(clock, monkeypatch):
    found = clock(2.0, 0.5)
    assert precision.fast_bf16("cpu")
    assert precision.fast_bf16("cpu")
    restart(monkeypatch)
    assert precision.fast_bf16("cpu")
    assert found.kinds == ["cpu"]


def test_measuring_leaves_threads_and_random_numbers_alone():
    torch.set_num_threads(2)
    before = torch.random.get_rng_state()
    assert 0 < precision.measure("cpu") < math.inf
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.random.get_rng_state(), before)


def test_bfloat16_that_does_not_work_at_all_is_not_fast(monkeypatch):
    def fail(work, kind, bf16):
        raise RuntimeError("not implemented for 'BFloat16'")

    monkeypatch.setattr(precision, "_seconds", fail)
    assert precision.measure("cpu") == 0


def test_slow_at_first_sight_is_not_measured_further(monkeypatch):
    seconds = {False: 0.01, True: 0.5}
    taken = []
    monkeypatch.setattr(precision, "_seconds", lambda work, kind, bf16: taken.append(bf16) or seconds[bf16])
    assert precision.measure("cpu") == pytest.approx(0.02)
    assert taken == [False, True]


def test_the_best_of_several_rounds_counts_so_that_a_busy_moment_does_not(monkeypatch):
    times = {False: iter([9, 2.4, 2.0, 5, 2.2]), True: iter([9, 3.0, 1.0, 9, 1.1])}
    monkeypatch.setattr(precision, "_BUDGET", math.inf)
    monkeypatch.setattr(precision, "_seconds", lambda work, kind, bf16: next(times[bf16]))
    assert precision.measure("cpu") == 2.0


def test_apple_gpus_are_not_measured(clock):
    assert not precision.fast_bf16("mps")
    assert clock().kinds == []
