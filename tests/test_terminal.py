"""Training in a terminal: lines of progress, and what signals do."""

import os
import signal

import numpy as np
import pytest

from genstudio import terminal
from genstudio.core.errors import InputError
from genstudio.core.events import Advice, Edited, Progress, Scalars
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine import latent_sampler
from genstudio.engine.run import Run
from genstudio.engine.trainer import Trainer

KNOBS = {"network": "mlp", "width": 4, "latent_dim": 3}


def spec_of(data="digits", **training):
    values = {"steps": 8, "batch_size": 16, "threads": 1, "device": "cpu", **training}
    return RunSpec(family="vae", data=data, knobs=KNOBS, training=TrainingConfig.parse(values))


def drive(path, **training):
    return terminal.drive(spec_of(**training), Run.create(path))


def signalled(monkeypatch, number, at):
    """Send a signal to this process after the step `at`."""
    take_step = Trainer.take_step

    def step(self):
        take_step(self)
        if self.step == at:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Trainer, "take_step", step)


def test_it_tells_what_was_done(tmp_path):
    told = drive(tmp_path / "r")
    assert (told["run"], told["family"], told["step"], told["state"]) == (str(tmp_path / "r"), "vae", 8, "finished")
    assert told["samples_per_second"] > 0
    assert "kl" in told["losses"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_f07_the_first_signal_stops_and_saves(tmp_path, monkeypatch, capsys, number):
    before = signal.getsignal(number)
    signalled(monkeypatch, number, at=5)
    told = drive(tmp_path / "r", steps=0)
    assert told["state"] == "stopped"
    assert Run.open(tmp_path / "r").saved_step() == told["step"] >= 5
    assert "Once more aborts" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_f07_the_second_signal_aborts(tmp_path, monkeypatch):
    take_step = Trainer.take_step

    def step(self):
        take_step(self)
        if self.step == 4:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Trainer, "take_step", step)
    with pytest.raises(KeyboardInterrupt):
        drive(tmp_path / "r", steps=0)
    assert Run.open(tmp_path / "r").document.state == "interrupted"


def test_a_failure_before_the_first_step_leaves_no_folder(tmp_path):
    with pytest.raises(InputError, match="gone"):
        drive(tmp_path / "r", data=str(tmp_path / "gone"))
    assert not (tmp_path / "r").exists()


def test_progress_comes_at_most_every_few_seconds_and_without_control_characters(tmp_path, capsys):
    drive(tmp_path / "r", steps=300)
    err = capsys.readouterr().err
    assert "\r" not in err
    assert "\033" not in err
    assert 1 <= len(err.splitlines()) <= 3
    assert "of 300" in err


def test_in_a_terminal_one_line_is_rewritten(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True, raising=False)
    drive(tmp_path / "r", steps=5)
    err = capsys.readouterr().err
    assert err.startswith("\r\033[K")
    assert "\n" not in err


def test_progress_in_words():
    event = Progress(1200, 5000, 0.24, 98.0, 8140.4, 312.0, 1, 1000)
    assert terminal._in_words(event) == "step 1,200 of 5,000 · 8,140 items/s · 1 min 38 s · about 5 min 12 s left"
    endless = Progress(1200, None, None, 98.0, 8140.4, None, 1, None)
    assert terminal._in_words(endless) == "step 1,200 · 8,140 items/s · 1 min 38 s"


def test_a_counter_is_quiet_for_short_work(capsys):
    show = terminal.counter("pictures")
    for done in range(1, 101):
        show(done, 100)
    assert capsys.readouterr().err == ""


def test_a_counter_tells_of_long_work(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_EVERY", 0.0)
    show = terminal.counter("pictures")
    show(1024, 60_000)
    assert capsys.readouterr().err == "1,024 of 60,000 pictures\n"


def test_notes_are_printed_whole(tmp_path, capsys, monkeypatch):
    drive(tmp_path / "r", steps=4)
    run = Run.open(tmp_path / "r")
    run.notes.append("Something was repaired.")
    terminal.drive(run.document.spec().model_copy(update={"training": spec_of(steps=6).training}), run)
    assert "Something was repaired.\n" in capsys.readouterr().err


def test_advice_and_edits_are_lines():
    advice = Advice(1200, "D04", "The critic wins", "It is right all the time.", {"learning_rate": 5e-4, "r1": 2.0})
    assert list(terminal._lines(advice)) == [
        "Step 1,200: The critic wins",
        "  It is right all the time.",
        "  Remedy: --learning-rate 0.0005 --r1 2",
    ]
    assert list(terminal._lines(Advice(3, "D17", "Titles", "Text."))) == ["Step 3: Titles", "  Text."]
    assert list(terminal._lines(Edited(7, "Learning rate", 1e-3, 5e-4))) == ["Step 7: Learning rate 0.001 → 0.0005"]
    assert list(terminal._lines(Scalars(np.zeros(0, np.int64), 0.0, {}))) == []


def test_a_sampler_that_was_asked_for_is_fitted_at_the_end(tmp_path):
    told = drive(tmp_path / "r", fit_sampler="gmm")
    assert (told["state"], told["sampler"]) == ("finished", "gmm")
    assert (tmp_path / "r" / "samplers" / "gmm.safetensors").exists()


def test_f07_who_stops_the_fitting_keeps_the_training(tmp_path, monkeypatch, capsys):
    encode = latent_sampler._codes

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return encode(*arguments)

    monkeypatch.setattr(latent_sampler, "_codes", interrupted)
    told = drive(tmp_path / "r", fit_sampler="gmm")
    assert told["state"] == "finished"
    assert "sampler" not in told
    assert "No latent sampler was fitted" in capsys.readouterr().err


def test_a_training_that_is_stopped_has_no_sampler_fitted(tmp_path, monkeypatch):
    signalled(monkeypatch, signal.SIGINT, at=5)
    assert "sampler" not in drive(tmp_path / "r", steps=0, fit_sampler="gmm")
