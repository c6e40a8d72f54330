"""Latent samplers: fitted to codes, kept in the run, opened elsewhere, refused for other weights."""

import json
import shutil

import numpy as np
import pytest
import torch
from tiny_runs import drive, leftovers, spec_of

from genstudio.core.errors import Cancelled, InputError, WorkError
from genstudio.data import open_source
from genstudio.engine import finish, latent_files, latent_fit, latent_sampler, use
from genstudio.engine.latent_fit import LatentFlow, Mixture, Space
from genstudio.engine.load import load_trained
from genstudio.engine.review import review
from genstudio.engine.run import Run

KINDS = ("gmm", "flow")


@pytest.fixture(scope="module", autouse=True)
def short_flow():
    """A flow of some hundred steps: what is tested here is not its quality."""
    patch = pytest.MonkeyPatch()
    patch.setattr(latent_fit, "STEPS", 20)
    patch.setattr(latent_fit, "WIDTH", 32)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that must not be changed: copy it."""
    path = tmp_path_factory.mktemp("sampler") / "r"
    drive(spec_of("autoencoder", {"width": 8}, steps=60), path)
    return path


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "r")
    return Run.open(tmp_path / "r")


def two_moons(count, seed=0):
    """Rows that no single normal distribution fits."""
    rng = torch.Generator().manual_seed(seed)
    side = (torch.arange(count) % 2)[:, None]
    rows = torch.cat([4.0 * side - 2, -1.0 * side], 1) + 0.2 * torch.randn(count, 2, generator=rng)
    return rows, side[:, 0].numpy()


# --- the space of codes -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [6, 300])
def test_in_their_space_codes_have_mean_zero_and_variance_one_and_come_back(size):
    rng = torch.Generator().manual_seed(0)
    codes = torch.randn(900, 4, generator=rng) @ torch.randn(4, size, generator=rng) + 7  # of rank 4
    space = Space.of(codes, seed=0)
    inside = space.enter(codes)
    assert inside.shape == (900, 4)  # what does not vary is left out
    torch.testing.assert_close(inside.T.cov(correction=0), torch.eye(4), rtol=0, atol=1e-3)
    torch.testing.assert_close(space.leave(inside), codes, rtol=1e-3, atol=1e-3)


def test_codes_that_are_all_alike_are_drawn_as_they_are():
    codes = torch.full((50, 3), 2.0)
    space = Space.of(codes, seed=0)
    assert space.enter(codes).isfinite().all()
    torch.testing.assert_close(space.leave(space.enter(codes)), codes)


# --- what is learnt -----------------------------------------------------------------------------------


def test_a_mixture_finds_both_clusters():
    rows, _ = two_moons(600)
    mixture = Mixture.fit(rows, None, 0, 0, lambda done, total: None)
    drawn = mixture.draw(2000, torch.Generator().manual_seed(1), None)
    torch.testing.assert_close(drawn.mean(0), rows.mean(0), rtol=0, atol=0.25)
    torch.testing.assert_close(drawn.T.cov(), rows.T.cov(), rtol=0.15, atol=0.1)
    between = (drawn[:, 0].abs() < 1).float().mean()
    assert between < 0.01


def test_a_mixture_draws_what_a_label_took():
    rows, labels = two_moons(1000)
    mixture = Mixture.fit(rows, labels, 2, 0, lambda done, total: None)
    for label, side in ((0, -1), (1, 1)):
        drawn = mixture.draw(200, torch.Generator().manual_seed(1), torch.full((200,), label))
        assert (drawn[:, 0].sign() == side).float().mean() > 0.98
    mixed = mixture.draw(400, torch.Generator().manual_seed(1), torch.full((400,), -1))
    assert 0.4 < (mixed[:, 0] > 0).float().mean() < 0.6


def test_a_flow_carries_noise_to_both_clusters(monkeypatch):
    monkeypatch.setattr(latent_fit, "STEPS", 120)
    rows, labels = two_moons(1000)
    flow = LatentFlow.fit(Space.of(rows, 0).enter(rows), labels, 2, 0, lambda done, total: None)
    for label, side in ((0, -1), (1, 1)):
        drawn = flow.draw(100, torch.Generator().manual_seed(1), torch.full((100,), label))
        right = Space.of(rows, 0).leave(drawn)[:, 0].sign() == side
        assert right.float().mean() > 0.9


# --- fitted, kept, opened again -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_kept_in_the_run_and_draws_the_same_elsewhere(run, tmp_path, kind):
    fitted = latent_sampler.fit(run, kind)
    shutil.move(run.path, tmp_path / "elsewhere")
    moved = Run.open(tmp_path / "elsewhere")
    again = latent_sampler.load(moved, kind, load_trained(moved, "cpu"))
    assert np.array_equal(fitted.codes(20, seed=3), again.codes(20, seed=3))
    assert again.caption == fitted.caption
    assert "1,797 codes" in fitted.caption
    assert sorted(p.name for p in (moved.path / "samplers").iterdir()) == [f"{kind}.json", f"{kind}.safetensors"]
    assert leftovers(moved.path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_codes_whatever_their_number(run, kind):
    fitted = latent_sampler.fit(run, kind)
    again = latent_sampler.fit(run, kind)
    many = fitted.codes(300, seed=5)
    assert (many.dtype, many.shape) == (np.float32, (300, 3))
    assert np.array_equal(many, again.codes(300, seed=5))
    np.testing.assert_allclose(fitted.codes(7, seed=5), many[:7], rtol=1e-4, atol=1e-5)
    assert not np.array_equal(fitted.codes(7, seed=6), many[:7])
    assert not np.array_equal(many[:44], many[256:])


def test_it_draws_codes_as_those_of_the_data_are_spread(run):
    data, model = open_source("digits"), load_trained(run, "cpu")
    real = use.encode(model, data)
    drawn = latent_sampler.fit(run, "gmm").codes(2000)
    np.testing.assert_allclose(drawn.mean(0), real.mean(0), atol=0.2 * real.std())
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(real.T), rtol=0.3, atol=0.1 * real.var())
    pictures = use.sample(model, 5, sampler=latent_sampler.load(run, "gmm", model))
    assert (pictures.dtype, pictures.shape) == (np.uint8, (5, 8, 8, 1))


def test_the_global_generator_is_not_touched(run):
    state = torch.get_rng_state()
    for kind in KINDS:
        latent_sampler.fit(run, kind).codes(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_sampler_of_other_weights_is_refused_and_auto_goes_without(run):
    latent_sampler.fit(run, "gmm")
    drive(spec_of("autoencoder", steps=70), run.path)
    now = Run.open(run.path)
    model = load_trained(now, "cpu")
    with pytest.raises(InputError, match=r"fitted at step 60 .*step 70\): fit it again"):
        latent_sampler.load(now, "gmm", model)
    assert latent_sampler.choose(now, model, "auto") is None
    assert any("fit it again" in note for note in now.notes)


def test_choosing_takes_the_newest_that_was_fitted_or_the_prior(run):
    model = load_trained(run, "cpu")
    assert latent_sampler.choose(run, model, "auto") is None
    latent_sampler.fit(run, "gmm")
    assert latent_sampler.choose(run, model, "auto").kind == "gmm"
    assert latent_sampler.choose(run, model, "prior") is None
    with pytest.raises(InputError, match="no latent sampler “flow”: fit one with"):
        latent_sampler.choose(run, model, "flow")


@pytest.mark.parametrize("damage", ["cut", "empty", "not json", "another file", "hostile"])
def test_f10_a_damaged_sampler_is_said_and_never_used(run, damage):
    latent_sampler.fit(run, "gmm")
    about, numbers = (run.path / "samplers" / f"gmm.{end}" for end in ("json", "safetensors"))
    if damage == "cut":
        numbers.write_bytes(numbers.read_bytes()[:-5])
    elif damage == "empty":
        numbers.write_bytes(b"")
    elif damage == "not json":
        about.write_text("{", encoding="utf-8")
    elif damage == "another file":
        numbers.unlink()
    else:
        values = json.loads(about.read_text(encoding="utf-8"))
        about.write_text(json.dumps({**values, "step": 1e300, "items": -1}), encoding="utf-8")
    model = load_trained(run, "cpu")
    with pytest.raises(WorkError, match="samplers/gmm"):
        latent_sampler.load(run, "gmm", model)
    assert latent_sampler.choose(run, model) is None
    latent_sampler.fit(run, "gmm")
    assert latent_sampler.choose(run, model).kind == "gmm"


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_who_asks_to_stop_is_heard_and_nothing_is_kept(run, kind):
    seen = []

    def stop(what, done, total):
        seen.append(what)
        if what.startswith("fitting"):
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        latent_sampler.fit(run, kind, stop)
    assert "encoding" in seen
    assert not (run.path / "samplers").exists()


def test_a_family_without_codes_is_refused(tmp_path):
    spec = spec_of("flow", {}, steps=1).model_copy(update={"knobs": {"width": 4}})
    drive(spec, tmp_path / "r")
    with pytest.raises(InputError, match="“flow” draws from noise"):
        latent_sampler.fit(Run.open(tmp_path / "r"), "gmm")


def asking(run, kind="gmm"):
    spec = run.document.spec()
    return spec.model_copy(update={"training": spec.training.with_values({"fit_sampler": kind})})


def test_after_training_does_what_the_settings_ask_and_keeps_its_pictures(run):
    assert list(finish.after_training(run, run.document.spec())) == []
    (drawn,) = finish.after_training(run, asking(run))
    kept = run.newest_gallery("fitted")
    assert np.array_equal(kept.images, drawn.images)
    assert "fitted to" in kept.caption
    assert latent_files.kept(run) == ("gmm",)
    assert review(run.path).galleries[-1].slot == "fitted"


def test_a_fit_that_is_cancelled_or_fails_after_training_is_a_note_and_the_training_is_kept(run):
    def stop(what, done, total):
        raise Cancelled("enough")

    (note,) = finish.after_training(run, asking(run), stop)
    assert "No latent sampler was fitted" in note.text
    for weights in run.path.glob("checkpoints/*/weights.safetensors"):
        weights.write_bytes(b"spoilt")
    (note,) = finish.after_training(run, asking(run))
    assert "no good checkpoint left" in note.text
    assert run.state() == "finished"
    assert latent_files.kept(run) == ()


def test_models_by_label_of_points_and_of_a_codebook_have_samplers_too(tmp_path):
    cases = {
        "label": spec_of("vae", {"conditional": True}, steps=20),
        "points": spec_of("vae", {"likelihood": "gaussian"}, data="rings", steps=20),
        "vq": spec_of("vae", {"latent": "vq", "codebook_size": 8}, steps=20),
    }
    shapes = {"label": (12, 8, 8, 1), "points": (12, 2), "vq": (12, 8, 8, 1)}
    for name, spec in cases.items():
        drive(spec, tmp_path / name)
        run = Run.open(tmp_path / name)
        model, fitted = load_trained(run, "cpu"), latent_sampler.fit(run, "gmm")
        assert use.sample(model, 12, sampler=fitted).shape == shapes[name]
        assert np.array_equal(latent_sampler.load(run, "gmm", model).codes(4), fitted.codes(4))
