"""Going back to good weights: when, to which, how often, and that equal runs do it alike."""

import math

import pytest
import torch
from tiny_runs import digest, drive, losses, of, spec_of, state_of

from genstudio.core.errors import WorkError
from genstudio.core.events import Advice, Edited, Note
from genstudio.data.batches import ImageBatches
from genstudio.engine import guard
from genstudio.engine.players import Players
from genstudio.engine.run import Run


@pytest.fixture
def poison(monkeypatch):
    """Let some steps, counted from 1, see a number that is not one; `rate`: only above that learning rate."""
    healthy = Players.step

    def at(steps, rate=0.0):
        taken = 0

        def step(self, objective):
            nonlocal taken
            taken += 1
            player = self._by_name[objective.player]
            if taken in steps and player.settings.learning_rate > rate:
                objective = type(objective)(objective.player, objective.loss * math.nan, objective.logs)
            return healthy(self, objective)

        monkeypatch.setattr(Players, "step", step)

    return at


def test_d01_five_bad_steps_in_a_row_go_back_to_good_weights_at_half_the_rate(tmp_path, poison):
    poison(range(12, 17))
    events = drive(spec_of(steps=30), tmp_path / "r")
    assert events[-1].state == "finished"
    assert of(Edited, events) == [Edited(16, "Learning rate", 0.001, 0.0005)]
    (advice,) = of(Advice, events)
    assert (advice.step, advice.code) == (16, "D01")
    assert "5 steps in a row gave no finite loss: the weights of step 0 were taken again" in advice.text
    assert advice.remedy == {"clip_norm": 1.0}
    run = Run.open(tmp_path / "r")
    assert run.document.knobs["learning_rate"] == 0.0005
    assert [text for _, text in run.history().marks] == [
        of(Note, events)[0].text, "Learning rate 0.001 → 0.0005", "Numbers that are not finite",
    ]  # fmt: skip


def test_d01_weights_optimizer_and_average_are_those_of_the_copy(tmp_path, poison):
    drive(spec_of(steps=200), tmp_path / "good")
    poison(range(208, 217))
    drive(spec_of(steps=216), tmp_path / "back")
    good, back = state_of(tmp_path / "good"), state_of(tmp_path / "back")
    assert back["weights"] == good["weights"]
    assert {k: v for k, v in back["training"].items() if k != "rng"} == {
        k: v for k, v in good["training"].items() if k != "rng"
    }
    assert back["ema"] == good["ema"]


def test_d01_four_bad_steps_in_a_row_change_nothing(tmp_path, poison):
    poison({11, 12, 13, 14, 16, 17, 18, 19})
    events = drive(spec_of(steps=30), tmp_path / "r")
    assert of(Edited, events) == of(Advice, events) == []


def test_d01_a_copy_that_leads_to_ruin_again_is_not_taken_twice(tmp_path, poison):
    poison(range(206, 1000), rate=0.0003)
    events = drive(spec_of(steps=230), tmp_path / "r")
    assert events[-1].state == "finished"
    assert ["of step 200 " in a.text for a in of(Advice, events)] == [True, False]
    assert ["of step 0 " in a.text for a in of(Advice, events)] == [False, True]
    assert of(Edited, events)[-1].new == 0.00025


def test_d01_after_enough_good_steps_going_back_is_counted_anew(tmp_path, poison, monkeypatch):
    monkeypatch.setattr(guard, "FORGIVEN", 40)
    poison({step for start in (0, 56, 112, 168, 224) for step in range(start + 1, start + 9)})
    events = drive(spec_of(steps=240), tmp_path / "r")
    assert events[-1].state == "finished"
    assert len(of(Edited, events)) == 5


def test_d01_without_good_steps_between_it_gives_up(tmp_path, poison):
    poison(range(11, 10_000))
    with pytest.raises(WorkError, match="Training diverged"):
        drive(spec_of(steps=1000), tmp_path / "r")
    run = Run.open(tmp_path / "r")
    assert (run.state(), run.load_checkpoint().step) == ("failed", 40)


def test_d01_many_bad_steps_that_are_never_five_in_a_row_are_worth_advice(tmp_path, poison):
    poison({step for step in range(1, 300) if step % 3})
    events = drive(spec_of(steps=120), tmp_path / "r")
    (advice,) = of(Advice, events)
    assert advice.remedy == {"learning_rate": 0.0005, "clip_norm": 1.0}
    assert len(of(Note, events)) == 1


def test_d01_an_absurd_learning_rate_is_brought_down_until_training_works(tmp_path):
    knobs = {"learning_rate": 1.0, "likelihood": "mse", "noise": 0.001, "beta": 0.0, "kl_warmup": 0}
    events = drive(spec_of("vae", knobs, steps=40, data="digits"), tmp_path / "r")
    assert events[-1].state == "finished"


def test_d01_runs_of_one_seed_go_back_alike_whenever_they_were_looked_at(tmp_path, poison):
    told = []
    for name, every in (("a", 1), ("b", 1_000_000)):
        poison(range(11, 17))
        told.append(losses(drive(spec_of(steps=40, sample_every=every), tmp_path / name)))
    assert told[0].keys() == told[1].keys()
    assert repr(told[0]) == repr(told[1])
    assert state_of(tmp_path / "a") == state_of(tmp_path / "b")


@pytest.mark.parametrize("stop", [13, 14, 16, 20])
def test_d01_a_run_that_went_back_resumes_exactly(tmp_path, monkeypatch, stop):
    healthy = ImageBatches.next

    def poisoned(self):
        batch = healthy(self)
        if 10 * 16 <= self.position - 16 < 16 * 16:
            batch["image"] = batch["image"] * math.nan
        return batch

    monkeypatch.setattr(ImageBatches, "next", poisoned)
    drive(spec_of(steps=40), tmp_path / "whole")
    drive(spec_of(steps=stop), tmp_path / "r")
    drive(spec_of(steps=40), tmp_path / "r")
    whole, half = state_of(tmp_path / "whole"), state_of(tmp_path / "r")
    if stop < 16:  # the copy of step 0 is not kept in the run: it went back to where it was stopped
        assert half["knobs"] == whole["knobs"]
    else:
        assert half == whole


def test_the_guard_leaves_a_healthy_run_as_it_is(tmp_path, monkeypatch):
    drive(spec_of(steps=30), tmp_path / "watched")
    monkeypatch.setattr(guard.Guard, "check", lambda self: iter(()))
    drive(spec_of(steps=30), tmp_path / "alone")
    a, b = (Run.open(tmp_path / name).load_checkpoint() for name in ("watched", "alone"))
    assert digest(a.weights) == digest(b.weights)
    assert digest(a.training) == digest(b.training)


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("x"), False),
    ],
)
def test_f14_what_counts_as_out_of_memory(error, is_one):
    assert guard.out_of_memory(error) is is_one
    assert (guard.explained(error, 1) is error) is not is_one
