"""Pictures to codes for every family: errors fall, the model stays, held-out digits beat their neighbours."""

import contextlib
import math

import numpy as np
import pytest
import torch
from tiny_runs import drive, spec_of

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import open_source
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.invert import Search, invert, squared_error
from genstudio.engine.latent.place import Place
from genstudio.engine.load import fingerprint
from genstudio.models import families

HELD_OUT = DataConfig.parse({"test": 0.1})
SHORT = Search(candidates=64, steps=12, refinement=12, corrections=3)


def explorer_of(path, family, knobs=None, steps=40, **training):
    spec = spec_of(family, knobs, steps=steps, **training).model_copy(update={"preparation": HELD_OUT})
    drive(spec, path)
    return Explorer.open(path)


@pytest.fixture(scope="module", params=list(families))
def explorer(request, tmp_path_factory):
    return explorer_of(tmp_path_factory.mktemp("invert") / "r", request.param)


@pytest.fixture(scope="module")
def digit():
    return np.asarray(open_source("digits", "test", HELD_OUT).images[0])


def test_every_family_finds_a_code_and_is_told_how_far_it_is(explorer, digit):
    results = list(invert(explorer, digit, search=SHORT))
    assert [r.done for r in results] == [False] * (len(results) - 1) + [True]
    assert [r.step for r in results] == sorted({r.step for r in results})
    assert results[-1].step == results[-1].total
    errors = [r.error for r in results]
    assert errors == sorted(errors, reverse=True)
    for r in results:
        assert (r.code.dtype, r.code.shape) == (np.float32, (explorer.size,))
        assert np.array_equal(explorer.picture(Place(r.code)), r.picture)
        assert r.error == squared_error(r.picture, digit) == pytest.approx(10 ** (-r.psnr / 10))


def test_the_model_stays_as_it_is_and_gets_no_gradients(explorer, digit):
    model, state = explorer.trained.model, torch.get_rng_state()
    before = fingerprint(explorer.trained)
    list(invert(explorer, digit, search=SHORT))
    assert fingerprint(explorer.trained) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())
    assert torch.is_grad_enabled()


def test_the_same_seed_finds_the_same_code_and_another_one_another(explorer, digit):
    codes = [list(invert(explorer, digit, seed=seed, search=SHORT))[-1].code for seed in (1, 1, 2)]
    assert np.array_equal(codes[0], codes[1])
    if not explorer.can_encode:
        assert not np.array_equal(codes[0], codes[2])


def test_closing_stops_it(explorer, digit):
    with contextlib.closing(invert(explorer, digit)) as results:
        first = next(results)
    assert first.step >= 1
    assert list(results) == []


def test_a_drawn_picture_is_found_again_by_a_gan_better_than_by_chance(tmp_path):
    explorer = explorer_of(tmp_path / "r", "gan")
    code = explorer.random(1, 99)
    results = list(invert(explorer, explorer.draw(code)[0], search=Search(candidates=64, starts=4, steps=60)))
    assert results[-1].error < 0.05 * results[0].error


def test_held_out_digits_come_nearer_by_a_gan_than_the_nearest_of_all_it_was_trained_on(tmp_path):
    knobs = {"width": 8, "latent_dim": 48}
    explorer = explorer_of(tmp_path / "r", "gan", knobs, steps=200, batch_size=32)
    trained_on = np.asarray(open_source("digits", "train", HELD_OUT).images)
    held_out = np.asarray(open_source("digits", "test", HELD_OUT).images[:6])
    found = [list(invert(explorer, image))[-1].error for image in held_out]
    nearest = [min(squared_error(image, other) for other in trained_on) for image in held_out]
    assert np.mean(found) < np.mean(nearest)


def test_a_label_is_kept_in_the_search(tmp_path, digit):
    explorer = explorer_of(tmp_path / "r", "gan", {"conditional": True})
    by_label = [list(invert(explorer, digit, label, search=SHORT))[-1] for label in (3, 5)]
    for label, result in zip((3, 5), by_label, strict=True):
        assert np.array_equal(explorer.picture(Place(result.code, label)), result.picture)
    assert not np.array_equal(by_label[0].code, by_label[1].code)


def test_an_equal_picture_has_no_error_and_no_noise(explorer):
    black = np.zeros(explorer.shape, np.uint8)
    assert squared_error(black, black) == 0
    assert squared_error(black, black + 255) == 1
    result = list(invert(explorer, black, search=SHORT))[-1]
    same = type(result)(result.code, black, 0.0, 1, 1, True)
    assert same.psnr == math.inf


@pytest.mark.parametrize("bad", [np.zeros((9, 8, 1), np.uint8), np.zeros((8, 8, 3), np.uint8)])
def test_pictures_of_another_shape_are_refused_at_once(explorer, bad):
    with pytest.raises(InputError, match="the model was trained on 8 x 8 pixels"):
        invert(explorer, bad)


@pytest.mark.parametrize("bad", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 1), np.float32)])
def test_what_is_no_picture_is_refused_at_once(explorer, bad):
    with pytest.raises(InputError, match="whole numbers"):
        invert(explorer, bad)
