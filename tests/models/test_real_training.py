"""Families learn real handwritten digits, through the same door that everything else uses."""

import numpy as np
import pytest

from genstudio.core.events import Finished, Gallery, Saved, Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.data import open_source
from genstudio.engine import use
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.models import families


def nearest_labels(pictures, data):
    """Label of the nearest other real digit, and the distance to it, per picture."""
    real = data.images.reshape(len(data), -1).astype(np.float32)
    mine = pictures.reshape(len(pictures), -1).astype(np.float32)
    distances = np.square(mine).sum(1)[:, None] - 2 * mine @ real.T + np.square(real).sum(1)
    nearest = distances.argmin(axis=1)
    return data.labels[nearest], np.sqrt(np.maximum(distances.min(axis=1), 0))


#: What each family is trained by, in seconds; another one by its recipe for a first look.
RECIPES = {
    "gan": ("balanced", {"width": 16}, 300),
    "flow": ("balanced", {"width": 16}, 300),
}
MIRRORS = [name for name in families if hasattr(families.load(name), "encode")]


@pytest.fixture(scope="module", params=list(families))
def trained(request, tmp_path_factory):
    """(events, run, model) of a short training."""
    family = request.param
    preset, knobs, steps = RECIPES.get(family, ("first-look", {}, 400))
    spec = RunSpec(
        family=family,
        data="digits",
        knobs={**families.load(family).presets[preset].knobs, **knobs},
        training=TrainingConfig(steps=steps, batch_size=64, threads=1, precision="fp32"),
    )
    path = tmp_path_factory.mktemp("real") / family
    events = list(train(spec, Run.create(path), Mailbox()))
    run = Run.open(path)
    return events, run, load_trained(run, "cpu")


def test_everything_is_told(trained):
    events, run, model = trained
    steps = run.document.step
    assert isinstance(events[-1], Finished)
    assert any(isinstance(e, Saved) and e.step == steps for e in events)
    extra = {"reconstructions": "encode", "critic": "critic"}
    slots = {"samples", *(slot for slot, able in extra.items() if hasattr(model.model, able))}
    assert {e.slot for e in events if isinstance(e, Gallery)} == slots
    name = model.model.curves[0].name
    told = np.concatenate([e.values[name] for e in events if isinstance(e, Scalars)])
    logged, values = run.history().values[name]
    assert logged.tolist() == list(range(1, steps + 1))
    assert np.array_equal(values, told)


@pytest.mark.parametrize("trained", MIRRORS, indirect=True)
def test_reconstructions_are_the_digits_that_went_in(trained):
    _, run, model = trained
    if "reconstruction" in (values := run.history().values):
        _, error = values["reconstruction"]
        assert error[-20:].mean() < 0.7 * error[:20].mean()
    data = open_source("digits")
    drawn = use.reconstruct(model, data)
    labels, _ = nearest_labels(drawn[:300], data)
    assert (labels == data.labels[:300]).mean() > 0.75
    error = use.mean_squared_error(data.images, drawn)
    mean_picture = np.broadcast_to(data.images.mean(0).round().astype(np.uint8), data.images.shape)
    assert error < 0.5 * use.mean_squared_error(data.images, np.ascontiguousarray(mean_picture))


def test_samples_look_like_digits_of_every_kind(trained):
    _, _, model = trained
    data = open_source("digits")
    samples = use.sample(model, 200, seed=1)
    labels, distances = nearest_labels(samples, data)
    assert len(set(labels.tolist())) >= 8
    shuffled = np.random.default_rng(0).permuted(samples.reshape(200, -1), axis=1).reshape(samples.shape)
    _, of_noise = nearest_labels(shuffled, data)
    assert np.median(distances) < 0.6 * np.median(of_noise)
    assert samples.std(axis=0).mean() > 20  # not one picture again and again


@pytest.mark.parametrize("trained", MIRRORS, indirect=True)
def test_codes_keep_classes_apart(trained):
    _, _, model = trained
    data = open_source("digits")
    codes = use.encode(model, data)
    assert codes.shape == (1797, model.model.latent_dim)
    assert np.isfinite(codes).all()
    train_codes, train_labels = codes[:1200], data.labels[:1200]
    centres = np.stack([train_codes[train_labels == k].mean(0) for k in range(10)])
    guesses = np.linalg.norm(codes[1200:, None] - centres, axis=2).argmin(1)
    assert (guesses == data.labels[1200:]).mean() > 0.5  # 0.1 is chance
