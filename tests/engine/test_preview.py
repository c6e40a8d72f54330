"""What is drawn while training: always of the same inputs, from generators of its own, for every kind of model."""

import numpy as np
import pytest
import torch
from tiny_runs import drive, losses, of, spec_of, state_of

from genstudio.core.events import Field, Finished, Gallery, Progress, Scalars, Stepped
from genstudio.core.mailbox import PACE, Mailbox
from genstudio.core.spec import TrainingConfig
from genstudio.data import open_source
from genstudio.engine import device, field_file
from genstudio.engine.clock import Watch
from genstudio.engine.gaze import gaze, heat
from genstudio.engine.plan import Plan
from genstudio.engine.preview import JUDGED, Preview
from genstudio.engine.review import review
from genstudio.models.base import Facts, FamilyConfig, GenerativeModel
from genstudio.models.gan import GAN

CPU = device.Machine(torch.device("cpu"), 1, "fp32")
TINY = {"network": "mlp", "width": 4, "latent_dim": 4}


def gan(facts, **knobs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GAN(GAN.Config(**{**TINY, **knobs}), facts)


@pytest.fixture(scope="module")
def digits():
    return open_source("digits", "train")


@pytest.fixture(scope="module")
def rings():
    return open_source("rings", "train")


# --- pictures ----------------------------------------------------------------------------------------


def test_a_critics_view_is_drawn_of_real_and_of_drawn_pictures(digits):
    preview, model = Preview(digits, 3, CPU), gan(Facts((8, 8, 1), 0.3, 0.3, 10))
    samples, critic = preview.draw(model, None, 7)
    assert (samples.slot, critic.slot, critic.step) == ("samples", "critic", 7)
    assert critic.images.shape == critic.inputs.shape == (2 * JUDGED, 8, 8, 3)
    assert np.array_equal(critic.inputs[JUDGED:, ..., 0], samples.images[:JUDGED, ..., 0])
    real = {picture.tobytes() for picture in digits.images}
    assert all(picture[..., :1].tobytes() in real for picture in critic.inputs[:JUDGED])
    assert [note.split()[0] for note in critic.notes] == ["real"] * JUDGED + ["drawn"] * JUDGED
    scores = model.eval().critic(torch.from_numpy(critic.inputs[:JUDGED, ..., :1]).permute(0, 3, 1, 2) / 255)
    assert critic.notes[0] == f"real {100 * torch.sigmoid(scores[0]):.0f} %"


def test_drawing_twice_gives_the_same_and_changes_nothing(digits):
    preview, model = Preview(digits, 0, CPU), gan(Facts((8, 8, 1), 0.3, 0.3, 10), conditional=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    first, second = preview.draw(model, None, 1), preview.draw(model, None, 2)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.images, b.images)
        assert a.notes == b.notes
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert model.training
    assert all(p.grad is None for p in model.parameters())


class Corner(GenerativeModel):
    """A critic that looks at the first pixel of the picture alone."""

    def training_step(self, batch, context):
        raise NotImplementedError

    def critic(self, items, labels=None):
        return 4 * items[:, 0, 0, 0] - 2


def test_the_heat_map_is_bright_where_the_critic_looks_and_shows_the_picture_elsewhere():
    pictures = torch.full((2, 1, 4, 4), 0.5)
    pictures[1, 0, 0, 0] = 1.0
    found = gaze(Corner(FamilyConfig(), Facts((8, 8, 1))), pictures[:1], pictures[1:])
    assert found.notes == ("real 50 %", "drawn 88 %")
    light = found.images.astype(int).sum(3)
    assert (light[:, 0, 0] > 3 * light[:, 1:, 1:].max()).all()
    assert (light[:, 1:, 1:] > 60).all()  # of the grey picture
    assert "probability of real" in found.caption


def test_numbers_that_are_not_finite_are_no_heat():
    gradient = torch.tensor([[[[np.nan, np.inf], [1.0, 0.0]]]])
    image = heat(gradient, np.zeros((1, 2, 2, 3), np.uint8))[0].astype(int).sum(2)
    assert image[1, 0] > image[0, 0] == image[0, 1] == image[1, 1]


# --- points ------------------------------------------------------------------------------------------


def test_points_get_a_field_whose_samples_start_from_the_same_noise_at_each_step(rings):
    preview, model = Preview(rings, 5, CPU), gan(Facts((2,), 0.0, 1.4, 8))
    (first,), (second,) = preview.draw(model, None, 1), preview.draw(model, None, 2)
    assert isinstance(first, Field)
    assert (first.step, second.step) == (1, 2)
    assert np.array_equal(first.samples, second.samples)
    assert np.array_equal(first.real, second.real)
    assert np.isin(first.real[:, 0], rings.points[:, 0]).all()
    assert "current weights" in first.caption


@pytest.mark.parametrize(
    ("family", "knobs", "surface", "arrows"),
    [
        ("gan", TINY, "critic: probability of real", True),
        ("flow", {"sampling_steps": 2}, "density of samples", True),
        ("vae", {"width": 4, "latent_dim": 2}, "density of samples", False),
        ("autoencoder", {"width": 4, "latent_dim": 2}, "density of samples", False),
    ],
)
def test_every_family_trains_on_rings_and_its_last_field_is_kept_with_the_run(
    tmp_path, family, knobs, surface, arrows
):
    spec = spec_of(family, knobs, "rings", steps=3).model_copy(update={"knobs": knobs})
    events = drive(spec, tmp_path / "r")
    fields = of(Field, events)
    assert fields[0].step == 0
    assert fields[-1].step == 3
    assert fields[-1].surface_name == surface
    assert (fields[-1].arrows is not None) == arrows
    assert of(Gallery, events) == []
    assert np.isfinite(fields[-1].samples).all()
    kept = review(tmp_path / "r").field
    assert kept.step == 3
    assert np.array_equal(kept.samples, fields[-1].samples)


def test_pictures_leave_no_field_behind(tmp_path):
    drive(spec_of(steps=2), tmp_path / "r")
    assert field_file.newest(tmp_path / "r") is None


def test_looking_at_every_step_gives_the_same_weights_and_the_same_log(tmp_path):
    spec = spec_of("gan", TINY, "rings", steps=6).model_copy(update={"knobs": TINY})
    plain = drive(spec, tmp_path / "a")
    mailbox = Mailbox()
    mailbox.put(PACE, 1.0)
    watched = drive(spec, tmp_path / "b", mailbox)
    assert state_of(tmp_path / "a") == state_of(tmp_path / "b")
    assert losses(plain) == losses(watched)


# --- slowly ------------------------------------------------------------------------------------------


def test_at_a_slow_pace_each_step_is_told_drawn_and_then_over(tmp_path):
    mailbox = Mailbox()
    mailbox.put(PACE, 0.5)
    spec = spec_of("gan", TINY, "rings", steps=4).model_copy(update={"knobs": TINY})
    events = drive(spec, tmp_path / "r", mailbox)
    assert [e.step for e in of(Stepped, events)] == [1, 2, 3, 4]
    order = [type(e) for e in events if isinstance(e, (Scalars, Progress, Field, Stepped))]
    assert order[1:5] == [Scalars, Progress, Field, Stepped]
    assert [e.step for e in of(Field, events)][:5] == [0, 1, 2, 3, 4]


def test_at_full_speed_nothing_tells_of_single_steps(tmp_path):
    mailbox = Mailbox()
    mailbox.put(PACE, 0.0)
    assert of(Stepped, drive(spec_of(steps=3), tmp_path / "r", mailbox)) == []


def test_slow_steps_draw_pictures_too_but_do_not_fill_the_disk(tmp_path):
    mailbox = Mailbox()
    mailbox.put(PACE, 0.5)
    events = drive(spec_of(steps=5), tmp_path / "r", mailbox)
    assert {e.step for e in of(Gallery, events) if e.slot == "samples"} == {0, 1, 2, 3, 4, 5}
    kept = sorted(path.name for path in (tmp_path / "r" / "samples").glob("samples-*"))
    assert kept == ["samples-00000000.png", "samples-00000005.png"]
    assert isinstance(events[-1], Finished)


def test_the_pace_is_no_edit_of_a_knob(tmp_path):
    mailbox = Mailbox()
    mailbox.put(PACE, 0.5)
    drive(spec_of(steps=2), tmp_path / "r", mailbox)
    assert review(tmp_path / "r").history.marks == []


# --- how often ---------------------------------------------------------------------------------------


def test_points_are_drawn_up_to_fifteen_times_a_second_and_take_a_fifth_of_the_time_at_most(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("genstudio.engine.plan.time.monotonic", lambda: clock[0])
    for lively, apart, share in ((True, 1 / 15, 5), (False, 1.0, 50)):
        plan = Plan(TrainingConfig(sample_every=0), Watch(0.0), lively=lively)
        assert plan.pictures_due(1)
        for cost in (0.001, 0.5):
            begin = clock[0]
            clock[0] += cost
            plan.drew(begin, 1)
            wait = max(apart, share * cost)
            clock[0] += wait * 0.99
            assert not plan.pictures_due(2)
            clock[0] += wait * 0.02
            assert plan.pictures_due(2)


def test_slow_steps_are_all_drawn_and_quicker_ones_by_the_clock(monkeypatch):
    monkeypatch.setattr("genstudio.engine.plan.time.monotonic", lambda: 100.0)
    plan = Plan(TrainingConfig(sample_every=1000), Watch(0.0))
    for pace, drawn in ((1.0, True), (0.1, True), (0.04, False), (0.0, False)):
        plan.pace = pace
        assert plan.pictures_due(7) == drawn
        assert not plan.pictures_kept(7)
