"""Charts: planes of a latent space, and maps between whose points codes are mixed."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genstudio.core.errors import InputError
from genstudio.engine.latent.charts import Neighbours, Plane
from genstudio.engine.latent.principal import principal_axes, read_codes

numbers = st.floats(-100, 100, width=32)
points = hnp.arrays(np.float32, st.tuples(st.integers(0, 8), st.just(2)), elements=numbers)


def arrays(count, size):
    return hnp.arrays(np.float32, st.tuples(count, size), elements=numbers)


def some_codes(count=200, size=6, seed=0):
    """Codes whose dimensions vary by 5, 3, 2, 1 ... in a turned latent space, with a mean."""
    rng = np.random.default_rng(seed)
    spread = np.array([5, 3, 2, 1, 0.5, 0.2, *[0.1] * size])[:size]
    turn = np.linalg.qr(np.random.default_rng(9).normal(size=(size, size)))[0]
    return (rng.normal(size=(count, size)) * spread @ turn + 2).astype(np.float32)


# --- planes ------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(arrays(st.integers(1, 12), st.integers(1, 7)), points, st.data())
def test_a_point_of_a_plane_comes_back(codes, xy, data):
    size = codes.shape[1]
    i, j = data.draw(st.permutations(range(max(2, size))))[:2]
    if size == 1:
        planes, xy = [Plane.principal(codes), Plane.direct(codes)], xy * [1, 0]
    else:
        planes = [Plane.principal(codes, i, j), Plane.dimensions(codes, i, j)]
        planes += [Plane.direct(codes)] if size == 2 else []
    for plane in planes:
        back = plane.codes_at(xy.astype(np.float32))
        assert (back.dtype, back.shape) == (np.float32, (len(xy), size))
        np.testing.assert_allclose(plane.place(back), xy, atol=1e-3)


@settings(max_examples=25)
@given(arrays(st.just(3), st.integers(2, 9)), points)
def test_three_pins_stand_where_the_plane_says(pins, xy):
    a, b, c = pins
    # so nearly a line that float32 cannot tell
    sides = np.linalg.svd((pins[1:] - a).astype(np.float64), compute_uv=False)
    assume(sides[1] > 1e-3 * max(sides[0], np.abs(pins).max()))
    plane = Plane.through(a, b, c)
    length = float(np.linalg.norm(b.astype(float) - a))
    np.testing.assert_allclose(plane.place(pins[:2]), [[0, 0], [1, 0]], atol=1e-5)
    third = plane.place(pins[2:])
    assert third[0, 1] > 0
    np.testing.assert_allclose(plane.codes_at(third)[0], c, atol=1e-4 * max(1, length * np.abs(third).max()))
    # angles and ratios of lengths are those of the latent space
    assert np.hypot(*third[0]) == pytest.approx(np.linalg.norm(c.astype(float) - a) / length, rel=1e-4)
    assume(length > 1e-2)
    np.testing.assert_allclose(plane.place(plane.codes_at(xy)), xy, atol=1e-2 * (1 + 1 / length))


@pytest.mark.parametrize("c", [2.0, 0.5, -3.0, 0.0, 1.0])
def test_pins_on_one_line_make_no_plane(c):
    a, b = np.array([1, 2, 3], np.float32), np.array([4, 0, 1], np.float32)
    with pytest.raises(InputError, match=r"one line|same place"):
        Plane.through(a, b, a + np.float32(c) * (b - a))
    with pytest.raises(InputError, match="same place"):
        Plane.through(a, a, b)


def test_pins_that_are_not_finite_are_refused():
    a, b = np.zeros(3, np.float32), np.ones(3, np.float32)
    with pytest.raises(InputError, match="not finite"):
        Plane.through(a, b, np.array([np.nan, 0, 1], np.float32))


def test_principal_directions_are_those_of_the_largest_variance():
    codes = some_codes(2_000)
    plane = Plane.principal(codes)
    xy = plane.place(codes)
    np.testing.assert_allclose(xy.std(0), [5, 3], rtol=0.05)
    np.testing.assert_allclose(xy.mean(0), [0, 0], atol=1e-4)
    assert abs(np.corrcoef(xy.T)[0, 1]) < 1e-5
    total = codes.var(0).sum()
    assert plane.axes == (
        f"principal direction 1 · {100 * xy[:, 0].var() / total:.0f} % of the variance",
        f"principal direction 2 · {100 * xy[:, 1].var() / total:.0f} % of the variance",
    )
    np.testing.assert_allclose(plane.codes_at(np.zeros((1, 2))), codes.mean(0)[None], atol=1e-5)
    assert Plane.principal(codes, 5, 0).name == "principal directions 6 and 1"


def test_the_largest_number_of_a_direction_is_positive():
    for seed in range(5):
        directions = Plane.principal(some_codes(seed=seed)).directions
        assert (directions[[0, 1], np.abs(directions).argmax(1)] > 0).all()


def test_large_codes_have_the_same_principal_directions_by_a_sketch():
    rng = np.random.default_rng(0)
    low = rng.normal(size=(60, 5)) * [9, 6, 4, 2, 1]
    codes = (low @ np.linalg.qr(rng.normal(size=(1_200, 5)))[0].T).astype(np.float32)
    found = principal_axes(read_codes(codes), 3)
    centred = codes.astype(float) - codes.mean(0, dtype=float)
    _, values, exact = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs((found.directions * exact[:3]).sum(1)), 1, atol=1e-6)
    np.testing.assert_allclose(found.shares, values[:3] ** 2 / np.square(values).sum(), rtol=1e-6)


@pytest.mark.parametrize("codes", [np.ones((1, 4)), np.ones((2, 4)), np.full((500, 4), -7.0)])
def test_equal_codes_have_some_plane(codes):
    plane = Plane.principal(codes.astype(np.float32))
    assert plane.axes == ("principal direction 1", "principal direction 2")
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_array_equal(plane.codes_at(np.zeros((1, 2)))[0], codes[0])


def test_dimensions_are_numbers_of_the_code_and_the_others_stay_at_their_mean():
    codes = some_codes()
    plane = Plane.dimensions(codes, 4, 1)
    np.testing.assert_array_equal(plane.place(codes), codes[:, [4, 1]])
    code = plane.codes_at(np.array([[0.5, -2.0]]))[0]
    assert (code[4], code[1]) == (0.5, -2.0)
    np.testing.assert_allclose(np.delete(code, [1, 4]), np.delete(codes.mean(0), [1, 4]), rtol=1e-5)
    assert plane.axes == ("dimension 5", "dimension 2")


@pytest.mark.parametrize(("i", "j", "words"), [(0, 6, "no 7"), (-1, 0, "There are 6"), (2, 2, "two different")])
def test_directions_that_are_not_there_are_refused(i, j, words):
    for plane in (Plane.dimensions, Plane.principal):
        with pytest.raises(InputError, match=words):
            plane(some_codes(), i, j)


@pytest.mark.parametrize("codes", [np.empty((0, 4)), np.empty((5, 0)), np.array([[1.0, np.inf]]), np.zeros(4)])
def test_no_codes_and_diverged_ones_are_refused(codes):
    for plane in (Plane.dimensions, Plane.principal):
        with pytest.raises(InputError, match=r"no codes yet|not finite"):
            plane(codes.astype(np.float32), 0, 1)


def test_only_one_or_two_dimensions_are_a_plane_by_themselves():
    codes = some_codes(size=2)
    np.testing.assert_array_equal(Plane.direct(codes).place(codes), codes)
    with pytest.raises(InputError, match="these have 6"):
        Plane.direct(some_codes())
    line = Plane.direct(codes[:, :1])
    assert line.axes == ("dimension 1", "")
    np.testing.assert_array_equal(line.codes_at(np.array([[3.0, 9.0]])), [[3.0]])


def test_the_largest_numbers_do_not_overflow():
    codes = some_codes() * np.float32(1e37)
    xy = Plane.principal(codes).place(codes)
    assert np.isfinite(xy).all()


# --- a map of a model that learns on -------------------------------------------------------------------------


def test_a_refreshed_map_does_not_jump():
    codes = some_codes(1_000)
    before = Plane.principal(codes)
    mirrored = Plane(before.name, before.axes, before.origin, -before.directions, before.shares)
    np.testing.assert_allclose(mirrored.aligned_to(before).place(codes), before.place(codes), atol=1e-5)
    assert mirrored.aligned_to(before).axes == before.axes


def test_directions_that_change_places_keep_their_axes():
    codes = some_codes(1_000)
    before, other = Plane.principal(codes, 0, 1), Plane.principal(codes, 1, 0)
    again = other.aligned_to(before)
    np.testing.assert_allclose(again.place(codes), before.place(codes), atol=1e-5)
    assert again.axes == before.axes


@settings(max_examples=25)
@given(st.floats(0.2, 1.3), st.booleans())
def test_a_turned_map_is_turned_back_and_says_so(angle, mirror):
    codes = some_codes(400)
    before = Plane.principal(codes)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, 1 - 2 * mirror])
    turned = Plane(before.name, before.axes, before.origin, turn @ before.directions, (0.6, 0.2))
    back = turned.aligned_to(before)
    np.testing.assert_allclose(back.place(codes), before.place(codes), atol=1e-4)
    assert sum(back.shares) == pytest.approx(0.8)
    assert back.name.endswith("turned")
    assert back.axes[0] == f"turned axis 1 · {100 * back.shares[0]:.0f} % of the variance"


def test_other_kinds_of_planes_stay_as_they_are():
    codes = some_codes()
    plane, chosen = Plane.principal(codes), Plane.dimensions(codes, 0, 1)
    assert chosen.aligned_to(plane) is chosen
    assert plane.aligned_to(chosen) is plane
    assert plane.aligned_to(Plane.principal(some_codes(size=4))) is plane


# --- maps that are no planes ---------------------------------------------------------------------------------


@settings(max_examples=25)
@given(arrays(st.just(12), st.just(2)), st.integers(1, 12))
def test_at_a_point_stands_its_own_code(xy, count):
    xy = np.unique(xy[:count], axis=0)
    codes = some_codes(len(xy), 5)
    chart = Neighbours(xy, codes)
    np.testing.assert_array_equal(chart.codes_at(xy), codes)
    np.testing.assert_array_equal(chart.nearest(xy)[:, 0], np.arange(len(xy)))
    np.testing.assert_allclose(chart.place(codes), xy, atol=1e-5)


@settings(max_examples=25)
@given(arrays(st.integers(1, 20), st.just(2)), points)
def test_between_points_codes_are_mixed(xy, at):
    codes = some_codes(len(xy), 5)
    mixed = Neighbours(xy, codes).codes_at(at)
    assert (mixed.dtype, mixed.shape) == (np.float32, (len(at), 5))
    assert (mixed <= codes.max(0) + 1e-4).all()
    assert (mixed >= codes.min(0) - 1e-4).all()


def test_weights_fall_with_the_square_of_the_distance():
    chart = Neighbours(np.array([[0, 0], [3, 0]], np.float32), np.array([[0], [1]], np.float32))
    # 1/1² and 1/2²
    np.testing.assert_allclose(chart.codes_at(np.array([[1, 0]])), [[0.25 / 1.25]], rtol=1e-6)
    # points at the same place are the same to whoever points at them
    twice = Neighbours(np.zeros((2, 2), np.float32), np.array([[0], [1]], np.float32))
    np.testing.assert_allclose(twice.codes_at(np.zeros((1, 2))), [[0.5]])


def test_the_nearest_points_come_in_order():
    chart = Neighbours(np.array([[0, 0], [1, 0], [5, 0], [2, 0]], np.float32), some_codes(4))
    assert chart.nearest(np.array([[0.1, 0], [4, 0]]), 3).tolist() == [[0, 1, 3], [2, 3, 1]]
    assert chart.nearest(np.array([[0.0, 0]]), 99).shape == (1, 4)
    assert chart.nearest(np.empty((0, 2)), 3).shape == (0, 3)


def test_a_map_without_points_or_a_point_that_is_no_number_is_refused():
    none = np.empty((0, 2), np.float32)
    with pytest.raises(InputError, match="no points yet"):
        Neighbours(none, np.empty((0, 6), np.float32))
    with pytest.raises(InputError, match="not finite"):
        Neighbours(np.full((3, 2), np.nan, np.float32), some_codes(3))
    with pytest.raises(InputError, match="not a number"):
        Neighbours(np.zeros((3, 2), np.float32), some_codes(3)).codes_at(np.array([[np.nan, 0]]))


def test_a_dead_dimension_does_not_decide_which_codes_are_similar():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(50, 3)).astype(np.float32)
    codes[:, 2] = 0.25
    xy = codes[:, :2]
    moved = codes + np.array([0, 0, 1e-6])
    np.testing.assert_allclose(Neighbours(xy, codes).place(moved.astype(np.float32)), xy, atol=0.05)


def test_a_plane_along_two_directions_is_in_their_lengths():
    codes = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    first, second = np.eye(5, dtype=np.float32)[:2] * [[2.0], [0.5]]
    plane = Plane.along(codes, ("first", first.astype(np.float32)), ("second", second.astype(np.float32)))
    assert plane.axes == ("first (σ)", "second (σ)")
    here = plane.codes_at(np.array([[0, 0], [1, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(here[1] - here[0], first, atol=1e-6)
    np.testing.assert_allclose(here[2] - here[0], second, atol=1e-6)
    np.testing.assert_allclose(plane.place(here), [[0, 0], [1, 0], [0, 1]], atol=1e-5)


def test_a_plane_along_one_direction_twice_is_a_sentence():
    codes = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    one = np.ones(5, np.float32)
    with pytest.raises(InputError, match="two different directions"):
        Plane.along(codes, ("one", one), ("twice", 2 * one))
