"""Threads and compiling are chosen by trials on copies; the run itself never notices."""

import copy

import pytest
import torch
from tiny_runs import drive, spec_of

from genstudio.core.events import Note, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine import device, tuning
from genstudio.engine.load import build_model
from genstudio.engine.players import MovingAverage, Players
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.models import families
from genstudio.models.base import Context, Facts

# torch silences this one of its tracer when it is imported, which is undone where warnings are errors
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")

BACKEND = "aot_eager"  # traces and differentiates as the real one does, and needs no C++ compiler


@pytest.fixture(autouse=True)
def forget():
    """What one test compiled is not found by the next one."""
    yield
    torch._dynamo.reset()


def model_of(family="vae", **knobs):
    config = families.load(family).Config.parse({"network": "mlp", "width": 4, **knobs})
    return build_model(family, config, Facts((8, 8, 1)), seed=0)


def batch_of(count=6):
    return {"image": torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))}


def steps(model, count=3):
    """Train; the losses."""
    players, rng, losses = Players(model), torch.Generator().manual_seed(0), []
    for step in range(count):
        for objective in model.training_step(batch_of(), Context(step, rng)):
            players.step(objective)
            losses.append(objective.loss.item())
    return losses


@pytest.fixture
def gain(monkeypatch):
    """Say how much faster compiled steps are, and hear how often that is measured."""

    def say(value):
        asked = []
        monkeypatch.setattr(tuning, "_gain", lambda eager, compiled: asked.append(1) or value)
        return asked

    return say


@pytest.fixture
def speed(monkeypatch):
    """Say how long a step takes with so many threads, and hear which are tried."""

    def say(seconds):
        tried = []
        monkeypatch.setattr(tuning, "_shortest_step", lambda step, threads: tried.append(threads) or seconds[threads])
        return tried

    return say


# --- threads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "cores", "picked", "tried"),
    [
        ({1: 8, 2: 4, 4: 2, 7: 1}, 8, 7, [1, 2, 4, 7]),
        ({1: 8, 2: 4, 4: 3.9, 7: 1}, 8, 2, [1, 2, 4]),  # upwards while it pays
        ({1: 8, 2: 9}, 8, 1, [1, 2]),
        ({1: 8, 2: 5, 3: 4}, 4, 3, [1, 2, 3]),
        ({1: 8, 2: 5}, 3, 2, [1, 2]),
    ],
)
def test_threads_go_up_while_it_pays_and_leave_a_core(speed, seconds, cores, picked, tried):
    found = speed(seconds)
    assert tuning.pick_threads(model_of(), batch_of(), cores - 1) == picked
    assert found == tried


def test_where_one_thread_is_the_most_there_is_nothing_to_measure(speed):
    tried = speed({})
    assert tuning.pick_threads(model_of(), batch_of(), 1) == 1
    assert tried == []


def test_the_same_model_is_measured_once_whatever_is_edited_live(speed):
    tried = speed({1: 8, 2: 4, 3: 1})
    assert tuning.pick_threads(model_of(), batch_of(), 3) == 3
    speed({1: 1, 2: 4})
    assert tuning.pick_threads(model_of(learning_rate=0.5, beta=3.0), batch_of(), 3) == 3
    assert tuning.pick_threads(model_of(width=8), batch_of(), 3) == 1
    assert tuning.pick_threads(model_of(), batch_of(12), 3) == 1
    assert tried == [1, 2, 3]


def test_picking_threads_touches_neither_the_model_nor_the_batch_nor_random_numbers(monkeypatch):
    monkeypatch.setattr(tuning, "_SECONDS", 0.0)
    model, batch = model_of("autoencoder"), batch_of()
    before, given = copy.deepcopy(model.state_dict()), batch["image"].clone()
    numbers, threads = torch.random.get_rng_state(), torch.get_num_threads()
    assert 1 <= tuning.pick_threads(model, batch, 2) <= 2
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(batch["image"], given)
    assert torch.equal(torch.random.get_rng_state(), numbers)
    assert torch.get_num_threads() == threads


# --- compiling ---------------------------------------------------------------------------------------


def test_a_compiled_model_learns_the_same_under_the_same_names(gain):
    gain(1.5)
    plain, model = model_of(), model_of()
    said = tuning.compile_networks(model, batch_of(), backend=BACKEND)
    assert "1.50 times as fast" in said
    assert list(model.state_dict()) == list(plain.state_dict())
    assert steps(model) == pytest.approx(steps(plain), rel=1e-5)
    for mine, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


def test_compiling_touches_neither_weights_nor_random_numbers(gain):
    gain(1.5)
    model = model_of("autoencoder")
    before, numbers = copy.deepcopy(model.state_dict()), torch.random.get_rng_state()
    tuning.compile_networks(model, batch_of(), backend=BACKEND)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), numbers)


def compiled_calls(network):
    """Count the calls that reach the compiled code."""
    calls, inner = [], network._compiled_call_impl._compiled
    network._compiled_call_impl._compiled = lambda *args, **kwargs: calls.append(1) or inner(*args, **kwargs)
    return calls


def test_copies_and_pictures_use_the_network_as_it_is(gain):
    gain(1.5)
    model = model_of()
    tuning.compile_networks(model, batch_of(), backend=BACKEND)
    calls = compiled_calls(model.decoder)
    average = MovingAverage(model, 0.9)
    steps(model)
    assert len(calls) == 3
    average.update(3)
    noise = torch.randn(2, model.latent_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        average.snapshot().sample(noise)
        copy.deepcopy(model).sample(noise)
        model.eval().sample(noise)
    assert len(calls) == 3


def test_a_penalty_on_the_slope_by_the_input_is_computed_as_if_nothing_were_compiled(gain):
    gain(1.5)
    model, plain = model_of("autoencoder"), model_of("autoencoder")
    tuning.compile_networks(model, batch_of(), backend=BACKEND)
    found = []
    for network in (model.encoder, plain.encoder):
        images = batch_of()["image"].requires_grad_()
        (slope,) = torch.autograd.grad(network(images).sum(), images, create_graph=True)
        slope.square().sum().backward()
        found.append([p.grad for p in network.parameters() if p.grad is not None])
    assert len(found[0]) > 0
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(*found, strict=True))


def test_what_is_not_faster_is_left_and_not_tried_again(gain, monkeypatch):
    asked = gain(1.04)
    model = model_of()
    assert "1.04 times as fast" in tuning.compile_networks(model, batch_of(), backend=BACKEND)
    assert model.encoder._compiled_call_impl is None
    monkeypatch.setattr(tuning, "_compile", None)  # would fail
    assert "not compiled" in tuning.compile_networks(model, batch_of(), backend=BACKEND)
    assert asked == [1]


def test_a_gain_that_is_known_is_not_measured_again(gain):
    asked = gain(1.5)
    tuning.compile_networks(model_of(), batch_of(), backend=BACKEND)
    model = model_of()
    tuning.compile_networks(model, batch_of(), backend=BACKEND)
    assert asked == [1]
    assert model.encoder._compiled_call_impl is not None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("InvalidCxxCompiler: No working C++ compiler found in ..."), "needs a C++ compiler"),
        (RuntimeError("Compiler: cl is not found."), "needs a C++ compiler"),
        (ValueError("\n  the first line\nand more"), "could not be compiled (the first line): training goes on"),
        (OSError(), "(OSError)"),
    ],
)
def test_where_compiling_fails_a_sentence_says_why_and_training_goes_on(error, words):
    def broken(graph, inputs):
        raise error

    model, plain = model_of(), model_of()
    said = tuning.compile_networks(model, batch_of(), backend=broken)
    assert words in said
    assert steps(model) == steps(plain)


# --- in a training ---------------------------------------------------------------------------------------


def test_a_new_run_trains_with_the_threads_that_were_picked_and_goes_on_with_them(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.setattr(device, "cores", lambda: 4)
    asked = []
    monkeypatch.setattr(tuning, "pick_threads", lambda model, batch, most, bf16: asked.append(most) or 2)
    spec = spec_of("vae", {}, steps=2)
    spec = spec.model_copy(update={"training": spec.training.with_values({"threads": 0})})
    events = drive(spec, tmp_path / "r")
    assert asked == [3]
    assert events[0].threads == 2
    assert Run.open(tmp_path / "r").document.machine.threads == 2
    more = spec.model_copy(update={"training": spec.training.with_values({"steps": 4})})
    assert next(e for e in train(more, Run.open(tmp_path / "r"), Mailbox()) if isinstance(e, Started)).threads == 2
    assert asked == [3]  # sums keep their order: a run keeps its threads


def test_compiling_that_is_asked_for_is_tried_and_told(monkeypatch, tmp_path):
    monkeypatch.setattr(tuning, "compile_networks", lambda model, batch, bf16: "The networks are compiled.")
    spec = spec_of("vae", {}, steps=2)
    spec = spec.model_copy(update={"training": spec.training.with_values({"compile": True})})
    assert "The networks are compiled." in [e.text for e in drive(spec, tmp_path / "r") if isinstance(e, Note)]
