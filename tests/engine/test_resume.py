"""Exact resume: stopped and resumed, or never stopped, a run is the same hash for hash."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_runs import drive, losses, of, spec_of, state_of

from genstudio.core.events import Finished, Gallery, Note, Started
from genstudio.engine import checkpoint as checkpoints
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.run import Run
from genstudio.models import families

N = 24
every_family = pytest.mark.parametrize("family", list(families))
CASES = {
    "mlp": {},
    "conv": {"network": "conv"},
    "pool": {"network": "pool"},
    "ema, decay and clipping": {"ema": 0.9, "weight_decay": 0.01, "clip_norm": 0.5},
}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The never stopped run of a spec: (state, losses), trained once for all tests."""
    known = {}

    def give(**spec):
        key = repr(spec)
        if key not in known:
            path = tmp_path_factory.mktemp("straight") / "r"
            events = drive(spec_of(steps=N, **spec), path)
            known[key] = state_of(path), losses(events)
        return known[key]

    return give


def rewrite(path, change):
    """Change the newest checkpoint: `change(weights, training, state)` alters its parts in place."""
    run = Run.open(path)
    saved = run.load_checkpoint()
    weights, training, state = dict(saved.weights), dict(saved.training), dict(saved.state)
    change(weights, training, state)
    folder = path / "checkpoints"
    shutil.rmtree(folder / checkpoints.name_of(saved.step))
    checkpoints.save(folder, Checkpoint(saved.step, weights, saved.ema, training, state), {})


def cases():
    for family in families:
        fields = families.load(family).Config.model_fields
        for name, knobs in CASES.items():
            choices = fields["network"].annotation.__args__ if "network" in fields else ()
            if knobs.get("network") in (None, *choices):
                yield pytest.param(family, knobs, id=f"{family}-{name}")


@pytest.mark.parametrize(("family", "knobs"), list(cases()))
def test_half_stop_and_half_is_the_whole(tmp_path, straight, family, knobs):
    whole, logged = straight(family=family, knobs=knobs)
    first = drive(spec_of(family, knobs, steps=N // 2), tmp_path / "r")
    second = drive(spec_of(family, knobs, steps=N), tmp_path / "r")
    assert of(Note, second) == []
    assert {**losses(first), **losses(second)} == logged
    assert state_of(tmp_path / "r") == whole
    assert whole["step"] == N
    assert whole["weights"]


@every_family
def test_many_stops_at_any_event_are_the_whole(tmp_path, straight, family):
    whole, logged = straight(family=family)
    told, sessions = {}, 0
    while True:
        countdown = iter(range(4 + 3 * sessions, -1, -1))
        # the 5th event of the first session, the 8th of the second ...: pictures, losses, checkpoints
        spec = spec_of(family, steps=N, checkpoint_every=5, sample_every=3)
        events = drive(spec, tmp_path / "r", stop=lambda e, left=countdown: next(left, 0) == 0)
        told |= losses(events)
        sessions += 1
        if isinstance(events[-1], Finished):
            break
    assert sessions > 3
    assert state_of(tmp_path / "r") == whole
    assert all(told[step] == logged[step] for step in told)  # what the stop itself flushed is in the log only
    name = next(iter(logged[1]))
    history = Run.open(tmp_path / "r").history().values[name]
    assert history[0].tolist() == list(range(1, N + 1))
    assert history[1].tolist() == [logged[step][name] for step in range(1, N + 1)]


def test_resume_in_a_fresh_process_is_the_whole(tmp_path, straight):
    drive(spec_of("vae", steps=N // 2), tmp_path / "r")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import tiny_runs; "
        f"tiny_runs.drive(tiny_runs.spec_of(steps={N}), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(Path(__file__).parent), str(tmp_path / "r")]
    subprocess.run(command, check=True, timeout=120)
    assert state_of(tmp_path / "r") == straight(family="vae")[0]


def test_exact_in_bf16_too_which_a_run_keeps(tmp_path, straight):
    whole, _ = straight(family="vae", precision="bf16", knobs={"network": "conv"})
    drive(spec_of("vae", {"network": "conv"}, steps=N // 2, precision="bf16"), tmp_path / "r")
    events = drive(spec_of("vae", {"network": "conv"}, steps=N, precision="auto"), tmp_path / "r")
    assert of(Started, events)[0].precision == "bf16"
    assert of(Note, events) == []
    assert state_of(tmp_path / "r") == whole
    assert straight(family="vae", knobs={"network": "conv"})[0]["weights"] != whole["weights"]


def test_whatever_else_draws_random_numbers_in_between(tmp_path, straight):
    drive(spec_of("vae", steps=N // 2), tmp_path / "r")
    torch.manual_seed(12345)
    torch.randn(100)
    drive(spec_of("vae", steps=N), tmp_path / "r")
    assert state_of(tmp_path / "r") == straight(family="vae")[0]


def test_a_copied_run_goes_on_the_same(tmp_path, straight):
    drive(spec_of("vae", steps=N // 2), tmp_path / "r")
    shutil.copytree(tmp_path / "r", tmp_path / "elsewhere é")
    shutil.rmtree(tmp_path / "r")
    drive(spec_of("vae", steps=N), tmp_path / "elsewhere é")
    assert state_of(tmp_path / "elsewhere é") == straight(family="vae")[0]


def forget_rng(weights, training, state):
    training["rng"] = torch.Generator().manual_seed(0).get_state()


def forget_optimizer(weights, training, state):
    for name in [name for name in training if name != "rng"]:
        del training[name]


def forget_moments(weights, training, state):
    for name, tensor in training.items():
        if name.endswith("exp_avg"):
            training[name] = torch.zeros_like(tensor)


def forget_position(weights, training, state):
    state["position"] = 0


@pytest.mark.parametrize(
    ("family", "forget"),
    [
        (family, forget)
        for family in families
        for forget in (forget_rng, forget_optimizer, forget_moments, forget_position)
        if (family, forget) != ("autoencoder", forget_rng)  # which draws no random numbers while it trains
    ],
)
def test_negative_control_without_one_part_it_is_not_the_whole(tmp_path, straight, family, forget):
    whole, logged = straight(family=family)
    drive(spec_of(family, steps=N // 2), tmp_path / "r")
    before = state_of(tmp_path / "r")
    rewrite(tmp_path / "r", forget)
    after = state_of(tmp_path / "r")
    assert after["weights"] == before["weights"]
    assert (after["training"], after["position"]) != (before["training"], before["position"])
    events = drive(spec_of(family, steps=N), tmp_path / "r")
    resumed = state_of(tmp_path / "r")
    assert resumed["weights"] != whole["weights"]
    assert losses(events)[N] != logged[N]


def test_positive_control_rewriting_changes_nothing(tmp_path, straight):
    drive(spec_of("vae", steps=N // 2), tmp_path / "r")
    rewrite(tmp_path / "r", lambda weights, training, state: None)
    drive(spec_of("vae", steps=N), tmp_path / "r")
    assert state_of(tmp_path / "r") == straight(family="vae")[0]


@every_family
def test_looking_changes_nothing(tmp_path, straight, family):
    whole, logged = straight(family=family)  # its pictures came at the start and at the end alone
    events = drive(spec_of(family, steps=N, sample_every=1), tmp_path / "r")
    assert len(of(Gallery, events)) > 2 * N
    assert losses(events) == logged
    watched = state_of(tmp_path / "r")
    assert watched["weights"] == whole["weights"]
    assert watched == whole


def test_looking_at_the_run_while_it_trains_changes_nothing(tmp_path, straight):
    from genstudio.engine import use
    from genstudio.engine.load import load_trained

    def look(event):
        run = Run.open(tmp_path / "r")
        if run.saved_step():
            use.sample(load_trained(run, "cpu"), 3)
        return False

    drive(spec_of("vae", steps=N, checkpoint_every=8), tmp_path / "r", stop=look)
    assert state_of(tmp_path / "r") == straight(family="vae")[0]


def test_another_seed_is_another_run(tmp_path, straight):
    drive(spec_of("vae", steps=N, seed=1), tmp_path / "r")
    assert state_of(tmp_path / "r")["weights"] != straight(family="vae")[0]["weights"]
