"""Paths: even steps, exact ends, spheres kept, whatever the pins are."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genstudio.core.errors import InputError
from genstudio.engine.latent import paths
from genstudio.engine.latent.place import Place

NUMBERS = st.floats(-1e3, 1e3, width=32)
CODES = arrays(np.float32, 4, elements=NUMBERS)
PINS = st.lists(st.builds(Place, CODES, st.integers(-1, 9)), min_size=2, max_size=5)
KINDS = st.sampled_from(["linear", "spherical"])


@settings(max_examples=40)
@given(PINS, st.integers(2, 40), KINDS, st.booleans())
def test_any_pins_give_as_many_finite_frames_with_exact_ends(pins, count, kind, loop):
    codes, labels = paths.frames(pins, count, kind, loop)
    assert (codes.dtype, codes.shape) == (np.float32, (count, 4))
    assert (labels.dtype, labels.shape) == (np.int64, (count,))
    assert np.isfinite(codes).all()
    assert np.array_equal(codes[0], pins[0].code)
    assert set(labels) <= {pin.label for pin in pins}
    if not loop:
        assert np.array_equal(codes[-1], pins[-1].code)
        assert labels[-1] == pins[-1].label


@settings(max_examples=40)
@given(PINS, st.integers(2, 30))
def test_straight_frames_are_as_far_from_each_other_along_the_path(pins, count):
    codes, _ = paths.frames(pins, count)
    stops = np.stack([pin.code for pin in pins]).astype(float)
    legs = np.linalg.norm(np.diff(stops, axis=0), axis=1)
    assume(legs.sum() > 1e-3)
    for i, where in enumerate(np.linspace(0, legs.sum(), count)[1:-1], 1):
        leg = min(int(np.searchsorted(np.cumsum(legs), where)), len(legs) - 1)
        t = (where - legs[:leg].sum()) / legs[leg]
        np.testing.assert_allclose(codes[i], stops[leg] + t * (stops[leg + 1] - stops[leg]), atol=2e-3)


@settings(max_examples=40)
@given(CODES, CODES, st.integers(3, 30))
def test_spherical_lengths_go_evenly_from_one_pins_to_the_others(a, b, count):
    assume(min(np.linalg.norm(a), np.linalg.norm(b)) > 1e-3)
    codes, _ = paths.frames([Place(a), Place(b)], count, "spherical")
    norms = np.linalg.norm(codes.astype(float), axis=1)
    low, high = sorted([np.linalg.norm(a.astype(float)), np.linalg.norm(b.astype(float))])
    assert (norms >= low * (1 - 1e-5)).all()
    assert (norms <= high * (1 + 1e-5)).all()


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (1.0, 5.0, 0.2)], ids=["sphere", "spirals"])
def test_spherical_steps_are_even_along_all_legs(scales):
    rng = np.random.default_rng(0)
    pins = [Place((rng.normal(size=16) * scale).astype(np.float32)) for scale in scales]
    fine = paths.frames(pins, 2001, "spherical")[0].astype(float)
    steps = np.linalg.norm(np.diff(fine, axis=0), axis=1)  # so short that chord and arc are one
    corner = steps.argmin()  # a step round the pin in the middle is cut short
    steps = np.delete(steps, corner)
    assert steps.max() / steps.min() < 1.01
    coarse = paths.frames(pins, 11, "spherical")[0]
    np.testing.assert_allclose(coarse, fine[::200], atol=1e-4)


@settings(max_examples=40)
@given(CODES, CODES, st.floats(0, 1))
def test_slerp_of_unit_vectors_is_shoemakes(a, b, t):
    assume(min(np.linalg.norm(a), np.linalg.norm(b)) > 1e-2)
    a, b = (x.astype(float) / np.linalg.norm(x.astype(float)) for x in (a, b))
    omega = np.arccos(np.clip(a @ b, -1, 1))
    assume(0.05 < omega < np.pi - 0.05)
    expected = (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
    found = paths.between(a.astype(np.float32), b.astype(np.float32), t, "spherical")
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 64])
def test_opposite_pins_are_joined_by_one_way_round_the_sphere(size):
    a = np.random.default_rng(size).normal(size=size).astype(np.float32)
    codes, _ = paths.frames([Place(a), Place(-a)], 9, "spherical")
    again, _ = paths.frames([Place(a), Place(-a)], 9, "spherical")
    assert np.array_equal(codes, again)
    assert np.array_equal(codes[-1], -a)
    if size > 1:  # a line has no way round
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), np.linalg.norm(a), rtol=1e-5)


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_zero_and_equal_pins_do_no_harm(kind):
    zero, one = np.zeros(3, np.float32), np.array([0, 2, 0], np.float32)
    np.testing.assert_allclose(paths.frames([Place(zero), Place(one)], 3, kind)[0][1], [0, 1, 0])
    assert not paths.frames([Place(zero), Place(zero)], 5, kind)[0].any()
    assert np.array_equal(paths.frames([Place(one), Place(one)], 4, kind)[0], np.stack([one] * 4))
    np.testing.assert_allclose(paths.frames([Place(one), Place(2 * one)], 3, kind)[0][1], [0, 3, 0])


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_a_loop_comes_back_without_repeating_its_first_frame(kind):
    pins = [Place(code.astype(np.float32), i) for i, code in enumerate(np.eye(3))]
    codes, labels = paths.frames(pins, 15, kind, loop=True)
    assert len(np.unique(codes, axis=0)) == 15
    np.testing.assert_allclose(codes[[5, 10]], np.eye(3)[1:], atol=1e-6)
    steps = np.linalg.norm(codes - np.roll(codes, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0]


def test_tiny_and_huge_codes_keep_their_lengths():
    for scale in (1e-30, 1e30):
        a, b = (np.eye(2, dtype=np.float32) * np.float32(scale))[:2]
        middle = paths.frames([Place(a), Place(b)], 3, "spherical")[0][1]
        assert np.linalg.norm(middle.astype(float)) == pytest.approx(scale, rel=1e-4)


@settings(max_examples=40)
@given(CODES, CODES)
def test_a_minus_b_plus_b_is_a_and_a_minus_a_plus_c_is_c(a, b):
    np.testing.assert_allclose(paths.arithmetic(a, b, b), a, atol=1e-3)
    np.testing.assert_allclose(paths.arithmetic(a, a, b), b, atol=1e-3)


@settings(max_examples=40)
@given(CODES, CODES, CODES)
def test_arithmetic_can_go_back_to_the_length_of_its_parts(a, b, c):
    plain, scaled = paths.arithmetic(a, b, c), paths.arithmetic(a, b, c, rescale=True)
    assume(np.linalg.norm(plain) > 1e-3)
    mean = np.mean([np.linalg.norm(x.astype(float)) for x in (a, b, c)])
    assert np.linalg.norm(scaled.astype(float)) == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(bad):
    good, spoilt = np.zeros(2, np.float32), np.array([0, bad], np.float32)
    for work in (
        lambda: paths.frames([Place(good), Place(spoilt)], 3),
        lambda: paths.arithmetic(good, good, spoilt),
        lambda: paths.between(good, spoilt, 0.5),
    ):
        with pytest.raises(InputError, match="not finite"):
            work()


def test_too_few_pins_too_many_frames_and_other_models_are_refused():
    two = [Place(np.zeros(2, np.float32)), Place(np.ones(2, np.float32))]
    with pytest.raises(InputError, match="at least two pins"):
        paths.frames(two[:1], 5)
    for count in (1, 0, -3, 10_001):
        with pytest.raises(InputError, match="2 to 10,000 frames"):
            paths.frames(two, count)
    with pytest.raises(InputError, match="different models"):
        paths.frames([*two, Place(np.zeros(3, np.float32))], 5)
    with pytest.raises(InputError, match="different models"):
        paths.frames([Place(np.zeros(0, np.float32))] * 2, 5)
