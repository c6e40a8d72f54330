"""The doctor: planted failures raise their card and the remedy works; healthy runs raise none."""

import numpy as np
import pytest
import torch
from tiny_runs import KNOBS, digest, drive, of, spec_of

from genstudio.core.events import Advice, Edited, Scalars, Started
from genstudio.core.mailbox import Mailbox
from genstudio.data import Dataset
from genstudio.engine import doctor_codes, doctor_gan, doctor_looks
from genstudio.engine.doctor import ROWS, Doctor
from genstudio.engine.doctor_chart import Chart, Patient, usable
from genstudio.engine.run import Run
from genstudio.models import families
from genstudio.models.base import Facts
from genstudio.models.output import start_at_mean

RINGS = {"data": "rings", "batch_size": 128}
CONVERGED = {"learning_rate": 3e-3}


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """Looks at fewer samples, in less time."""
    monkeypatch.setattr(doctor_looks, "_POINTS", 512)
    healthy = doctor_looks.LiveScore

    def small(*args, **given):
        return healthy(*args, **{**given, "samples": 256})

    monkeypatch.setattr(doctor_looks, "LiveScore", small)


def cards(events):
    return [advice.code for advice in of(Advice, events)]


def model_of(family, knobs=None, facts=None):
    cls = families.load(family)
    fields = cls.Config.model_fields
    tiny = {name: KNOBS[name] for name in KNOBS if name in fields}
    return cls(cls.Config.parse({**tiny, **(knobs or {})}), facts or Facts((8, 8, 1), 0.3, 0.3, 3))


def rows(steps, **curves):
    """Scalars of these steps: a curve is a number, or a function of the step."""
    steps = np.asarray(steps, np.int64)
    values = {n: np.array([c(s) if callable(c) else c for s in steps], np.float64) for n, c in curves.items()}
    return Scalars(steps, 1.0, values)


def told(doctor, first, last, every=20, **curves):
    """Advice on curves over these steps, reported every few steps."""
    found = []
    for start in range(first, last, every):
        event = rows(range(start + 1, start + every + 1), **curves)
        found += doctor.look(start + every, event, batch=64)
    return found


# --- healthy ------------------------------------------------------------------------------------------

HEALTHY = [
    ("autoencoder", {}, {}),
    ("autoencoder", {"noise": 0.3, "masking": 0.2}, {}),
    ("autoencoder", {"latent_dim": 2}, RINGS),
    ("vae", CONVERGED, {}),
    ("vae", {**CONVERGED, "latent_dim": 2, "likelihood": "gaussian", "width": 16}, RINGS),
    ("vae", {**CONVERGED, "latent": "vq", "likelihood": "gaussian", "codebook_size": 32}, {}),
    ("gan", {}, {}),
    ("gan", {}, RINGS),
    ("gan", {"loss": "hinge", "spectral_norm": True, "r1": 0.0}, {}),
    ("flow", {}, RINGS),
]


@pytest.mark.parametrize(("family", "knobs", "training"), HEALTHY, ids=lambda value: str(value)[:40])
def test_a_healthy_run_raises_no_card(tmp_path, monkeypatch, family, knobs, training):
    for module in (doctor_codes, doctor_gan):  # judged as early as a short run allows
        monkeypatch.setattr(module, "_LONG", 60)
    monkeypatch.setattr(doctor_codes, "_SETTLED", 60)
    monkeypatch.setattr(doctor_gan, "_YOUNG", 100)
    knobs = {"kl_warmup": 20, **knobs} if family == "vae" else knobs
    events = drive(spec_of(family, knobs, steps=160, check_every=30, **training), tmp_path / "r")
    assert cards(events) == []


def test_the_doctor_leaves_a_run_as_it_is(tmp_path, monkeypatch):
    spec = spec_of("gan", steps=30, sample_every=10)
    monkeypatch.setattr(doctor_looks.Looks, "due", lambda self: True)  # looks after each step
    drive(spec, tmp_path / "watched")
    monkeypatch.setattr(doctor_looks.Looks, "due", lambda self: False)
    monkeypatch.setattr(Doctor, "look", lambda self, *args, **given: iter(()))
    drive(spec, tmp_path / "alone")
    a, b = (Run.open(tmp_path / name).load_checkpoint() for name in ("watched", "alone"))
    assert digest(a.weights) == digest(b.weights)
    assert digest(a.training) == digest(b.training)


# --- planted ------------------------------------------------------------------------------------------


def cure(box, kind=Advice):
    """Apply the remedy of each advice as the button of its card does."""

    def watch(event):
        if isinstance(event, kind):
            for name, value in event.remedy.items():
                box.put(name, value)

    return watch


def test_d02_posterior_collapse_is_told_and_the_remedy_wakes_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_codes, "_LONG", 60)
    monkeypatch.setattr(doctor_codes, "_SETTLED", 40)
    knobs = {"beta": 1000.0, "kl_warmup": 10, "learning_rate": 0.01, "width": 8, "latent_dim": 8}
    box = Mailbox()
    events = drive(spec_of("vae", knobs, steps=640, batch_size=32), tmp_path / "r", box, stop=cure(box))
    (advice,) = of(Advice, events)
    assert advice.code == "D02"
    assert advice.remedy == {"beta": 1.0, "free_bits": 0.05}
    assert "0.0 of 8 dimensions are in use" in advice.text
    assert {(e.name, e.new) for e in of(Edited, events)} == {("β", 1.0), ("Free bits", 0.05)}
    active = np.concatenate([e.values["active_units"] for e in of(Scalars, events)])
    assert active[advice.step - 50 : advice.step].mean() < 0.1
    assert active[-30:].mean() > 4


def test_d04_a_critic_that_wins_is_told_and_the_remedy_holds_it_back(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_gan, "_LONG", 60)
    knobs = {"critic_rate": 100.0, "learning_rate": 3e-5, "r1": 0.0, "latent_dim": 16}
    box = Mailbox()
    events = drive(spec_of("gan", knobs, steps=420, batch_size=16), tmp_path / "r", box, stop=cure(box))
    advice = of(Advice, events)[0]
    assert advice.code == "D04"
    assert advice.remedy == {"r1": 1.0, "critic_rate": 1.0, "instance_noise": 0.1}
    right = np.concatenate([e.values["accuracy"] for e in of(Scalars, events)])
    assert right[advice.step - 50 : advice.step].mean() > 0.97
    assert right[-50:].mean() < 0.9


def test_d06_a_generator_that_draws_one_picture_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_gan, "_YOUNG", 20)
    knobs = {"learning_rate": 0.1, "critic_rate": 0.01, "r1": 0.0}
    events = drive(spec_of("gan", knobs, steps=240, check_every=20), tmp_path / "r")
    (advice,) = [a for a in of(Advice, events) if a.code == "D06"]
    assert "of what real items do" in advice.text
    assert advice.remedy == {"r1": 1.0, "penalty_every": 1, "learning_rate": 0.01, "critic_rate": 1.0, "diffaug": 0.5}


def test_d06_clusters_that_are_left_out_are_told_and_the_remedy_finds_them(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_gan, "_YOUNG", 100)
    plain = {"r1": 0.0, "ema": 0.0, "learning_rate": 5e-3, "critic_rate": 0.1}
    box, looked, signs = Mailbox(), [], doctor_looks.Looks._signs

    def kept(self, model):
        found = signs(self, model)
        looked.append((self._trainer.step, found["reached"]))
        return found

    monkeypatch.setattr(doctor_looks.Looks, "_signs", kept)
    events = drive(spec_of("gan", plain, steps=600, check_every=25, **RINGS), tmp_path / "r", box, stop=cure(box))
    advice = of(Advice, events)[0]
    assert advice.code == "D06"
    assert advice.remedy == {"r1": 1.0, "penalty_every": 1, "learning_rate": 0.002, "critic_rate": 1.0}
    assert dict(looked)[advice.step] < 0.3
    assert looked[-1][1] > 0.7


def test_d09_black_pictures_are_told(tmp_path, monkeypatch):
    def black(decoder, mean, likelihood, *rest, **given):
        start_at_mean(decoder, mean, likelihood, *rest, **given)
        with torch.no_grad():
            decoder.out.bias.fill_(-60.0)

    monkeypatch.setattr("genstudio.models.coder.start_at_mean", black)
    knobs = {"likelihood": "bernoulli", "learning_rate": 1e-6}
    events = drive(spec_of("autoencoder", knobs, steps=216, check_every=5), tmp_path / "r")
    (advice,) = of(Advice, events)
    assert advice.code == "D09"
    assert "All that is drawn is black" in advice.text
    assert advice.remedy == {"learning_rate": 2.5e-7}


def test_d15_a_codebook_that_is_hardly_used_is_told():
    doctor = Doctor(model_of("vae", {"latent": "vq", "codebook_size": 256, "latent_dim": 2}))
    assert told(doctor, 0, 580, perplexity=3.0) == []
    (advice,) = told(doctor, 580, 1000, perplexity=3.0)
    assert advice.code == "D15"
    assert "3.0 of 256 entries" in advice.text
    assert advice.remedy == {"beta": 0.25, "learning_rate": 0.0005}


def test_d15_a_batch_of_few_codes_is_no_collapse():
    model = model_of("vae", {"latent": "vq", "codebook_size": 8192, "latent_dim": 2})
    doctor = Doctor(model)
    places = model.latent_dim // 2
    assert told(doctor, 0, 2000, perplexity=0.2 * 64 * places) == []


def test_d21_flat_data_is_told_at_once(tmp_path, monkeypatch):
    flat = Dataset("flat", "flat", images=np.random.default_rng(0).integers(0, 2, (64, 8, 8, 1)).astype(np.uint8))
    monkeypatch.setattr("genstudio.engine.trainer.open_source", lambda *args, **given: flat)
    (advice,) = of(Advice, drive(spec_of("autoencoder", steps=30), tmp_path / "r"))
    assert (advice.code, advice.remedy) == ("D21", {})
    assert "differ by 0.2% of the grey range" in advice.text


def test_d22_codes_that_grow_without_bound_are_told():
    doctor = Doctor(model_of("autoencoder", {"code_weight": 0.01}))
    (advice,) = told(doctor, 0, 900, code=lambda step: float(step) ** 2)
    assert advice.code == "D22"
    assert advice.remedy == {"code_weight": 0.04}
    assert told(Doctor(model_of("autoencoder")), 0, 900, code=1e6) == []  # large, but they stay so


# --- how cards come and go ----------------------------------------------------------------------------

LOST = {"accuracy": 0.99, "gradient_norm_generator": lambda step: 0.99**step, "score_real": 9.0, "score_fake": -9.0}
FINE = {"accuracy": 0.7, "gradient_norm_generator": 1.0, "score_real": 1.0, "score_fake": -1.0}


def test_a_card_is_told_once_until_it_clears():
    doctor = Doctor(model_of("gan"))
    assert [a.step for a in told(doctor, 0, 1000, **LOST)] == [500]
    assert told(doctor, 1000, 2000, **FINE) == []
    assert len(told(doctor, 2000, 3000, **LOST)) == 1


def test_a_look_without_it_is_no_cure_and_three_are():
    doctor = Doctor(model_of("gan"))
    bad, good = {"diversity": 0.1, "coverage": 0.1}, {"diversity": 0.9, "coverage": 0.1}
    order = [bad, bad, good, bad, bad, bad, good, bad, bad, bad, good, good, good, bad, bad, bad]
    advised = [i for i, signs in enumerate(order) if list(doctor.look(500 + i, signs=signs))]
    assert advised == [5, 15]


def test_a_remedy_that_did_not_help_is_followed_by_another_card():
    model = model_of("gan")
    doctor = Doctor(model)
    (first,) = told(doctor, 0, 600, **LOST)
    model.config = model.config.with_values(first.remedy)
    later = told(doctor, 600, 3000, **LOST)
    assert [a.step for a in later] == [2000]
    assert later[0].remedy["r1"] == 2 * first.remedy["r1"]


def test_an_ignored_card_is_not_repeated():
    doctor = Doctor(model_of("gan"))
    assert len(told(doctor, 0, 6000, every=100, **LOST)) == 1


PLACES = {
    "D02": "vae",
    "D04": "gan",
    "D06": "gan",
    "D09": "autoencoder",
    "D15": "vae",
    "D21": "vae",
    "D22": "autoencoder",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_remedy_names_live_knobs_within_their_bounds_that_change_something(row):
    model = model_of(PLACES[row.code], {"learning_rate": 2e-7})
    knobs = {k.name: k for k in model.config.knobs()}
    found = usable(model.config, row.remedy(Patient(model, Chart(), 16)))
    assert found or row.code == "D21"
    for name, value in found.items():
        assert knobs[name].live
        assert knobs[name].low <= value <= knobs[name].high
        assert value != getattr(model.config, name)
        model.config.with_values({name: value})


def test_d06_clusters_that_come_back_are_no_collapse():
    for reached, cards_of in (([1.0, 0.7, 0.8, 0.85, 0.7, 0.95], 0), ([1.0, 0.8, 0.75, 0.75, 0.7, 0.72], 1)):
        doctor = Doctor(model_of("gan", facts=Facts((2,), 0.0, 1.0)))
        looks = [{"diversity": 0.9, "coverage": 0.2, "reached": share} for share in reached]
        assert sum(len(list(doctor.look(1000 + 100 * i, signs=s))) for i, s in enumerate(looks)) == cards_of


def test_d06_a_critic_whose_slope_is_led_to_one_is_slowed_and_gets_no_other_penalty():
    doctor = Doctor(model_of("gan", {"loss": "wasserstein", "gradient_penalty": 10.0, "r1": 0.0}))
    found = [list(doctor.look(500 + i, signs={"diversity": 0.1, "coverage": 0.0})) for i in range(3)]
    assert found[2][0].remedy == {"penalty_every": 1, "learning_rate": 0.0005}


def test_a_wasserstein_critic_with_its_penalty_may_be_ahead():
    doctor = Doctor(model_of("gan", {"loss": "wasserstein", "gradient_penalty": 10.0, "r1": 0.0}))
    assert told(doctor, 0, 1000, **LOST) == []


def test_a_family_without_a_critic_has_no_mode_collapse():
    doctor = Doctor(model_of("vae"))
    for step in range(500, 2000, 100):
        assert list(doctor.look(step, signs={"diversity": 0.01, "coverage": 0.0})) == []


def test_advice_is_kept_in_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_gan, "_YOUNG", 5)
    monkeypatch.setattr(doctor_looks.Looks, "_signs", lambda self, model: {"diversity": 0.0, "coverage": 0.0})
    events = drive(spec_of("gan", steps=30, check_every=5), tmp_path / "r")
    (advice,) = of(Advice, events)
    assert Run.open(tmp_path / "r").history().marks == [(advice.step, advice.title)]
    assert isinstance(events[0], Started)
