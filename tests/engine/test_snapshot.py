"""Looking at a model while it trains: the copy is right, and training goes on as if nobody had looked."""

import numpy as np
import pytest
import torch
from tiny_runs import drive, losses, spec_of, state_of

from genstudio.core.events import Scalars
from genstudio.core.mailbox import PACE, Mailbox
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.models import families

N = 12


class Watcher:
    """Asks for a copy at each event, and draws from it in the middle of the training."""

    def __init__(self):
        self.mailbox = Mailbox()
        self.mailbox.lookout.most_share = 1.0
        self.mailbox.put(PACE, 1e-9)  # each step is told
        self.copies = []

    def __call__(self, event):
        self.mailbox.lookout.ask()
        trained = self.mailbox.lookout.newest()
        if trained is not None and trained not in self.copies:
            self.copies.append(trained)
            explorer = Explorer(trained)
            explorer.draw(explorer.random(3, seed=1))
        return False


@pytest.mark.parametrize("ema", [0.9, 0.0])
@pytest.mark.parametrize("family", list(families))
def test_a_watched_training_is_bit_equal_to_an_unwatched_one(tmp_path, family, ema):
    spec = spec_of(family, {"ema": ema}, steps=N)
    plain = drive(spec, tmp_path / "plain")
    watcher = Watcher()
    watched = drive(spec, tmp_path / "watched", watcher.mailbox, watcher)
    assert len(watcher.copies) > N / 2
    assert losses(watched) == losses(plain)
    assert state_of(tmp_path / "watched") == state_of(tmp_path / "plain")


def test_the_copy_is_the_model_of_its_step(tmp_path):
    """A copy of step 8 draws what the checkpoint of step 8 draws."""
    spec = spec_of("vae", steps=16, checkpoint_every=8)
    mailbox, found = Mailbox(), {}
    mailbox.lookout.most_share = 1.0
    mailbox.put(PACE, 1e-9)  # each step is told

    def watch(event):
        mailbox.lookout.ask()
        if (trained := mailbox.lookout.newest()) is not None:
            found[trained.step] = trained
        return getattr(event, "step", 0) >= 8 and 8 in found

    drive(spec, tmp_path / "r", mailbox, watch)
    run = Run.open(tmp_path / "r")
    copy = Explorer(found[8])
    run.cut_back(8)
    kept = Explorer(load_trained(run))
    assert kept.step == copy.step == 8
    codes = copy.random(5, seed=0)
    np.testing.assert_array_equal(copy.draw(codes), kept.draw(codes))
    assert copy.fingerprint() == kept.fingerprint()


def test_the_copy_does_not_learn_on(tmp_path):
    mailbox, first, drawn = Mailbox(), [], []
    mailbox.lookout.ask()

    def watch(event):
        if isinstance(event, Scalars) or first:
            return False
        if (trained := mailbox.lookout.newest()) is not None:
            first.append(Explorer(trained))
            drawn.append(first[0].draw(first[0].random(4, seed=2)))
        return False

    drive(spec_of("autoencoder", steps=30), tmp_path / "r", mailbox, watch)
    explorer = first[0]
    np.testing.assert_array_equal(explorer.draw(explorer.random(4, seed=2)), drawn[0])
    assert not any(p.requires_grad for p in explorer.trained.model.parameters())
    assert not explorer.trained.model.training


def test_copies_do_not_draw_from_the_runs_random_numbers(tmp_path):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    mailbox = Mailbox()
    mailbox.lookout.ask()
    drive(spec_of("gan", steps=3), tmp_path / "r", mailbox)
    assert mailbox.lookout.copies == 1
    assert torch.equal(before, torch.random.get_rng_state())


def test_after_the_training_copies_are_gone(tmp_path):
    mailbox = Mailbox()
    mailbox.lookout.ask()
    drive(spec_of("vae", steps=3), tmp_path / "r", mailbox)
    assert mailbox.lookout.newest() is None
