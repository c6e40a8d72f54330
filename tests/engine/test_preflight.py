"""A dry run: what it measures, that it leaves nothing behind, and what it warns of."""

import tempfile
import weakref
from pathlib import Path

import pytest
import torch
from tiny_runs import drive, spec_of, state_of

from genstudio.core.errors import InputError, WorkError
from genstudio.engine import preflight as module
from genstudio.engine.preflight import preflight
from genstudio.engine.run import Run
from genstudio.engine.trainer import Trainer


@pytest.fixture(autouse=True)
def short(monkeypatch, tmp_path):
    """A dry run of a few steps, whose temporary folders can be looked at."""
    monkeypatch.setattr(module, "_STEPS", 4)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_measures_time_memory_and_disk(tmp_path):
    found = preflight(spec_of("vae", steps=5000, batch_size=32))
    assert found.seconds_per_1000 > 0
    assert found.total_seconds == pytest.approx(5 * found.seconds_per_1000)
    assert found.samples_per_second == pytest.approx(32_000 / found.seconds_per_1000)
    assert found.memory > 50_000_000
    assert (found.device, found.precision) == ("CPU, 1 thread", "fp32")
    assert list(tmp_path.glob("genstudio-*")) == []


def test_room_on_the_disk_is_about_what_such_a_run_takes(tmp_path):
    spec = spec_of("vae", steps=300, checkpoint_every=100)
    drive(spec, tmp_path / "r")
    assert Run.open(tmp_path / "r").size() == pytest.approx(preflight(spec).disk, rel=0.6)


def test_a_limit_of_minutes_is_the_time_it_takes():
    assert preflight(spec_of(steps=0, minutes=3.0)).total_seconds == 180
    open_end = preflight(spec_of(steps=0))
    assert open_end.total_seconds is None
    assert "goes on until it is stopped" in open_end.notes[0]


def test_a_limited_load_takes_as_much_longer(monkeypatch):
    monkeypatch.setattr(module, "_seconds_a_step", lambda trainer, planned: 0.1)
    monkeypatch.setattr(module, "_timed", lambda work: 0.0)
    whole, half = (preflight(spec_of(steps=100, load=load)) for load in (100, 50))
    assert (whole.total_seconds, half.total_seconds) == pytest.approx((10.0, 20.0))


def test_the_largest_batch_follows_from_free_memory(monkeypatch):
    monkeypatch.setattr(module, "_memory_of_steps", lambda trainer: (1_000_000, 10_000))

    class Memory:
        available = 1_000_000

    monkeypatch.setattr(module.psutil, "virtual_memory", lambda: Memory)
    # 0.8 of the free million, and what is held by now: room for 96 items
    assert preflight(spec_of(steps=10, batch_size=16)).largest_batch == 64


def test_memory_of_a_step_grows_with_its_batch():
    bytes_of = {}
    for size in (128, 256, 512):
        run = Run.create(Path(tempfile.mkdtemp()) / "r")
        with run.locked():
            trainer = Trainer(spec_of("vae", batch_size=size), run)
            trainer.take_step()
            bytes_of[size] = module._bytes_of_step(trainer)
            trainer.close("interrupted")
    # each item passes two hidden layers of 64 numbers on the way in, and two on the way out
    assert bytes_of[512] - bytes_of[256] > 256 * 4 * 64 * 4
    assert bytes_of[512] - bytes_of[256] == pytest.approx(2 * (bytes_of[256] - bytes_of[128]), rel=0.2)


def test_f16_it_leaves_no_model_in_memory(monkeypatch):
    models, made = [], Trainer.__init__

    def init(self, *args):
        made(self, *args)
        models.append(weakref.ref(self.model))

    monkeypatch.setattr(Trainer, "__init__", init)
    preflight(spec_of(steps=10))
    import gc

    gc.collect()
    assert [ref() for ref in models] == [None]


def test_threads_and_random_numbers_of_the_process_are_left_alone():
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    preflight(spec_of(steps=10))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_training_after_it_is_the_same(tmp_path):
    drive(spec_of(steps=5), tmp_path / "a")
    preflight(spec_of(steps=5))
    drive(spec_of(steps=5), tmp_path / "b")
    assert state_of(tmp_path / "a") == state_of(tmp_path / "b")


def test_f14_a_batch_that_does_not_fit_is_said(monkeypatch):
    healthy = Trainer.next_batch

    def taken(self):
        if self.batches.size > 8:
            raise torch.OutOfMemoryError("out of memory")
        return healthy(self)

    monkeypatch.setattr(Trainer, "next_batch", taken)
    found = preflight(spec_of(steps=10))
    assert found.notes[0] == "A batch of 16 does not fit into memory: training would go on with 8."
    monkeypatch.setattr(module.psutil, "virtual_memory", lambda: type("M", (), {"available": 0}))
    assert preflight(spec_of(steps=10)).largest_batch == 8


def test_f14_no_memory_at_all_is_a_sentence(monkeypatch):
    def taken(self):
        raise MemoryError

    monkeypatch.setattr(Trainer, "next_batch", taken)
    with pytest.raises(WorkError, match="not even with a batch of 1"):
        preflight(spec_of(steps=10))


def test_warnings_of_a_full_disk_and_a_long_time(monkeypatch):
    monkeypatch.setattr(module, "free_bytes", lambda path: 1000)
    monkeypatch.setattr(module, "_LONG", 0.0)
    first, second = preflight(spec_of(steps=10)).notes
    assert "free some space first" in first
    assert second.startswith("This will take")


def test_wrong_input_is_refused_as_a_training_would(tmp_path):
    with pytest.raises(InputError, match="There is no data"):
        preflight(spec_of(data="/nowhere"))
    assert list(tmp_path.glob("genstudio-*")) == []
