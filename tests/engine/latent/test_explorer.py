"""Codes to pictures and back, for every family."""

import numpy as np
import pytest
from tiny_runs import drive, spec_of

from genstudio.core.errors import InputError
from genstudio.data import open_source
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place, code_from_text, code_text
from genstudio.models import families


@pytest.fixture(scope="module")
def explorers(tmp_path_factory):
    """An explorer of a tiny run of a family."""
    known = {}

    def give(family, **knobs):
        key = (family, *knobs.items())
        if key not in known:
            path = tmp_path_factory.mktemp("explored") / "r"
            drive(spec_of(family, knobs, steps=4), path)
            known[key] = Explorer.open(path)
        return known[key]

    return give


every_family = pytest.mark.parametrize("family", list(families))


@every_family
def test_codes_become_pictures(explorers, family):
    explorer = explorers(family)
    codes = explorer.random(70, seed=3)
    assert codes.shape == (70, explorer.size)
    assert codes.dtype == np.float32
    pictures = explorer.draw(codes)
    assert pictures.shape == (70, 8, 8, 1)
    assert pictures.dtype == np.uint8
    assert explorer.draw(codes[:0]).shape == (0, 8, 8, 1)


@every_family
def test_a_place_is_always_the_same_picture(explorers, family):
    explorer = explorers(family)
    place = Place(explorer.random(1, seed=0)[0])
    first = explorer.picture(place)
    explorer.draw(explorer.random(9, seed=8))
    np.testing.assert_array_equal(explorer.picture(Place(code_from_text(code_text(place.code)))), first)


@every_family
def test_own_pictures_have_codes_where_there_is_an_encoder(explorers, family):
    explorer, pictures = explorers(family), np.asarray(open_source("digits", "train").images[:70])
    if not explorer.can_encode:
        with pytest.raises(InputError, match="has no encoder"):
            explorer.encode(pictures)
        return
    codes = explorer.encode(pictures)
    assert codes.shape == (70, explorer.size)
    with pytest.raises(InputError, match="8 x 8"):
        explorer.encode(np.zeros((1, 9, 8, 1), np.uint8))


def test_a_model_by_label_draws_by_label(explorers):
    explorer = explorers("vae", conditional=True)
    assert explorer.labels == tuple("0123456789")
    codes = explorer.random(2, seed=0)
    by_label = [explorer.draw(codes, label) for label in (-1, 0, 7)]
    assert not np.array_equal(by_label[1], by_label[2])
    mixed = explorer.draw(codes, np.array([0, 7]))
    assert np.abs(mixed[0].astype(int) - by_label[1][0]).max() <= 1
    assert np.abs(mixed[1].astype(int) - by_label[2][1]).max() <= 1


def test_a_plain_model_has_no_labels(explorers):
    assert explorers("vae").labels == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_f15_codes_that_are_not_finite_are_a_sentence(explorers, bad):
    explorer = explorers("vae")
    codes = explorer.random(2, seed=0)
    codes[1, 0] = bad
    with pytest.raises(InputError, match="not finite"):
        explorer.draw(codes)


def test_a_code_of_another_model_is_a_sentence(explorers):
    with pytest.raises(InputError, match="of another model"):
        explorers("vae").draw(np.zeros((1, 5), np.float32))


def test_a_model_of_points_is_a_sentence(tmp_path):
    drive(spec_of("gan", data="rings", steps=2), tmp_path / "r")
    with pytest.raises(InputError, match="laboratory"):
        Explorer.open(tmp_path / "r")


@pytest.mark.parametrize("text", ["", "x", "AAAA", "\x00", "AACAfw==", "é" * 8])
def test_text_that_is_no_code_is_a_sentence(text):
    if text == "":
        assert code_from_text(text).shape == (0,)
        return
    with pytest.raises(InputError):
        code_from_text(text)
