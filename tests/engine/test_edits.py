"""Live edits: each lands on a step boundary, is recorded, and comes back with the run."""

import pytest
from tiny_runs import drive, losses, of, spec_of, state_of

from genstudio.core.events import Edited, Note, Progress, Saved, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine.run import Run


def edit_at(step, mailbox, **values):
    """A `stop` that never stops: it leaves edits when a checkpoint of `step` was saved."""

    def watch(event):
        if isinstance(event, Saved) and event.step == step:
            for name, value in values.items():
                mailbox.put(name, value)
        return False

    return watch


def test_edit_lands_on_the_next_step_and_changes_what_follows(tmp_path):
    box = Mailbox()
    spec = spec_of(steps=12, checkpoint_every=6)
    plain = losses(drive(spec, tmp_path / "plain"))
    events = drive(spec, tmp_path / "edited", box, stop=edit_at(6, box, learning_rate=0.05, beta=3.0))
    assert of(Edited, events) == [
        Edited(6, "Learning rate", 0.001, 0.05),
        Edited(6, "β", 1.0, 3.0),
    ]
    edited = losses(events)
    assert all(edited[step] == plain[step] for step in range(1, 7))
    assert edited[7]["reconstruction"] == plain[7]["reconstruction"]  # the weights saw it only after this step
    assert edited[8]["reconstruction"] != plain[8]["reconstruction"]


def test_edit_is_recorded_and_restored(tmp_path):
    box, path = Mailbox(), tmp_path / "r"
    drive(spec_of(steps=12, checkpoint_every=6), path, box, stop=edit_at(6, box, learning_rate=0.05))
    run = Run.open(path)
    assert run.history().marks == [(6, "Learning rate 0.001 → 0.05")]
    assert run.document.knobs["learning_rate"] == 0.05
    assert state_of(path)["knobs"]["learning_rate"] == 0.05
    whole = tmp_path / "whole"
    box = Mailbox()
    drive(spec_of(steps=18, checkpoint_every=6), whole, box, stop=edit_at(6, box, learning_rate=0.05))
    drive(spec_of(steps=18), path)
    assert state_of(path) == state_of(whole)


def test_edit_survives_a_stop_at_the_very_step_that_was_just_saved(tmp_path):
    box, path = Mailbox(), tmp_path / "r"

    def stop(event):
        if isinstance(event, Saved) and event.step == 6:
            box.put("learning_rate", 0.05)
        return isinstance(event, Edited)

    events = drive(spec_of(steps=12, checkpoint_every=6), path, box, stop=stop)
    assert isinstance(events[-1], Edited)
    assert Run.open(path).document.knobs["learning_rate"] == 0.05
    drive(spec_of(steps=12, checkpoint_every=6), path)
    straight, box = tmp_path / "straight", Mailbox()
    drive(spec_of(steps=12, checkpoint_every=6), straight, box, stop=edit_at(6, box, learning_rate=0.05))
    assert state_of(path) == state_of(straight)


def test_only_the_newest_of_a_drag_is_applied(tmp_path):
    box = Mailbox()
    for value in (0.1, 0.2, 0.3):
        box.put("learning_rate", value)
    events = drive(spec_of(steps=2), tmp_path / "r", box)
    assert of(Edited, events) == [Edited(0, "Learning rate", 0.001, 0.3)]


def test_edit_to_the_same_value_is_no_event(tmp_path):
    box = Mailbox()
    box.put("learning_rate", 0.001)
    assert of(Edited, drive(spec_of(steps=2), tmp_path / "r", box)) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("learning_rate", -1.0, "Learning rate"),
        ("learning_rate", "fast", "Learning rate"),
        ("learning_rate", float("nan"), "Learning rate"),
        ("beta", 1e9, "β"),
        ("width", 8, "“width” cannot be changed while training"),
        ("latent_dim", 8, "“latent_dim” cannot be changed while training"),
        ("no_such_knob", 8, "“no_such_knob” cannot be changed while training"),
        ("__class__", "os.system", "“__class__” cannot be changed while training"),
    ],
)
def test_wrong_edit_becomes_a_note_and_training_goes_on(tmp_path, name, value, words):
    box = Mailbox()
    box.put(name, value)
    events = drive(spec_of(steps=5), tmp_path / "r", box)
    (note,) = of(Note, events)
    assert words in note.text
    assert of(Edited, events) == []
    assert losses(events) == losses(drive(spec_of(steps=5), tmp_path / "plain"))


def test_every_live_knob_can_be_edited(tmp_path):
    values = {"learning_rate": 0.01, "weight_decay": 0.1, "clip_norm": 1.0, "beta": 2.0, "noise": 0.2}
    box = Mailbox()
    for name, value in values.items():
        box.put(name, value)
    events = drive(spec_of(steps=2), tmp_path / "r", box)
    assert len(of(Edited, events)) == len(values)
    assert Run.open(tmp_path / "r").document.knobs | values == Run.open(tmp_path / "r").document.knobs


def test_edits_wait_while_nobody_iterates(tmp_path):
    box = Mailbox()

    def stop(event):
        box.put("learning_rate", 0.25)  # while paused at the very first event
        return isinstance(event, Progress)

    events = drive(spec_of(steps=3), tmp_path / "r", box, stop=stop)
    assert isinstance(events[0], Started)
    assert of(Edited, events) == [Edited(0, "Learning rate", 0.001, 0.25)]


def test_an_edit_of_each_kind_lands_on_the_next_step_of_a_gan(tmp_path):
    for i, (name, value) in enumerate({"critic_rate": 5.0, "r1": 50.0, "instance_noise": 1.0}.items()):
        box = Mailbox()
        spec = spec_of("gan", {"penalty_every": 1}, steps=6, checkpoint_every=3)
        events = drive(spec, tmp_path / f"r{i}", box, stop=edit_at(3, box, **{name: value}))
        plain = losses(drive(spec, tmp_path / f"plain{i}"))
        edited = losses(events)
        assert all(edited[step] == plain[step] for step in (1, 2, 3))
        late = 4 if name == "instance_noise" else 5  # the others are felt by the weights, a step later
        assert edited[late]["critic_loss"] != plain[late]["critic_loss"]


EDITS = {
    "autoencoder": [{"ema": 0.9, "learning_rate": 0.01}, {"ema": 0.0, "noise": 0.2}],
    "vae": [{"ema": 0.0, "beta": 3.0}, {"ema": 0.9, "learning_rate": 0.01, "free_bits": 0.1}],
    "gan": [
        {"critic_rate": 4.0, "critic_steps": 2, "ema": 0.0},
        {"ema": 0.95, "r1": 10.0, "penalty_every": 2, "instance_noise": 0.1},
    ],
    "flow": [{"learning_rate": 0.01, "time_spread": 0.5}, {"ema": 0.0}],
}


@pytest.mark.parametrize("stop", [7, 12, 15])
@pytest.mark.parametrize("family", EDITS)
def test_a_run_with_edits_resumes_exactly(tmp_path, family, stop):
    first, second = EDITS[family]
    # noise that decays depends on how many steps are planned, which a session that ends early does not know
    knobs = {"ema": 0.99, "noise_decay": False} if family == "gan" else {"ema": 0.99}

    def run(path, *until):
        for steps in until:
            box = Mailbox()

            def watch(event, box=box):
                for at, values in ((5, first), (10, second)):
                    edit_at(at, box, **values)(event)
                return False

            drive(spec_of(family, knobs, steps=steps, checkpoint_every=5), path, box, stop=watch)
        return state_of(path)

    whole = run(tmp_path / "whole", 20)
    assert run(tmp_path / "r", stop, 20) == whole
    assert whole["knobs"] == {**whole["knobs"], **first, **second}
