"""Attribute vectors from two selections and from labels."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from genstudio.core.errors import InputError
from genstudio.engine.latent.attributes import advice, applied, between, of_label, of_labels
from genstudio.engine.latent.place import Place

NAMES = ("cat", "dog", "ant")


def clusters(count=100, size=4, shift=3.0):
    """Codes whose first number is `shift` larger where the label is 1, and labels 0, 1, 2 in turn."""
    rng = np.random.default_rng(0)
    codes, labels = rng.normal(size=(count, size)).astype(np.float32), np.arange(count) % 3
    codes[labels == 1, 0] += shift
    return codes, labels


def codes_of(rows):
    return npst.arrays(np.float32, (rows, 3), elements=st.floats(-50, 50, width=32))


def test_the_vector_points_from_the_others_to_the_label():
    codes, labels = clusters()
    found = of_label(codes, labels, 1, NAMES)
    assert found.name == "dog"
    assert found.counts == (33, 67)
    unit = found.vector / np.linalg.norm(found.vector)
    assert unit[0] > 0.95
    assert np.linalg.norm(found.vector) == pytest.approx((codes @ unit).std(), rel=1e-4)
    assert found.apart == pytest.approx(3 / (codes @ unit).std(), rel=0.2)


def test_all_labels_come_one_by_one():
    codes, labels = clusters()
    steps = list(of_labels(codes, labels, NAMES))
    assert [[a.name for a in step] for step in steps] == [["cat"], ["cat", "dog"], ["cat", "dog", "ant"]]
    for label, found in enumerate(steps[-1]):
        np.testing.assert_array_equal(found.vector, of_label(codes, labels, label, NAMES).vector)


def test_labels_that_are_too_few_or_make_no_difference_are_left_out():
    codes, labels = clusters()
    labels[labels == 2] = -1
    labels[2] = 2
    assert [a.name for a in list(of_labels(codes, labels, NAMES))[-1]] == ["cat", "dog"]
    assert list(of_labels(codes, np.zeros(100, np.int64), NAMES)) == [()]
    assert list(of_labels(codes, np.full(100, -1), NAMES)) == [()]
    assert list(of_labels(np.ones((6, 2), np.float32), np.arange(6) % 2, NAMES)) == [()]


@settings(max_examples=80)
@given(st.integers(2, 9).flatmap(codes_of), st.integers(2, 9).flatmap(codes_of))
def test_an_attribute_turns_round_with_its_sides(a, b):
    assume(np.abs(a.mean(0, dtype=float) - b.mean(0, dtype=float)).max() > 1e-2)
    there, back = between(a, b, "x"), between(b, a, "x")
    np.testing.assert_allclose(there.vector, -back.vector, rtol=1e-2, atol=1e-4)
    difference = a.mean(0, dtype=float) - b.mean(0, dtype=float)
    length = np.linalg.norm(there.vector)
    np.testing.assert_allclose(there.vector / length * there.apart * length, difference, rtol=1e-2, atol=1e-2)
    assert there.counts == (len(a), len(b))


@settings(max_examples=80)
@given(codes_of(1), codes_of(1), st.floats(-3, 3), st.floats(-3, 3))
def test_strengths_add_up_and_nothing_is_nothing(codes, vectors, one, two):
    place, vector = Place(codes[0], 7), vectors[0]
    both = applied(applied(place, vector, one), vector, two)
    np.testing.assert_allclose(both.code, applied(place, vector, one + two).code, rtol=1e-4, atol=1e-3)
    assert both.label == 7
    assert applied(place, vector, 0.0).same(place)
    assert both.code.dtype == np.float32


def test_moving_all_without_by_the_distance_brings_their_mean_to_those_with():
    codes, labels = clusters()
    found = of_label(codes, labels, 1, NAMES)
    moved = [applied(Place(code), found.vector, found.apart).code for code in codes[labels != 1]]
    np.testing.assert_allclose(np.mean(moved, 0), codes[labels == 1].mean(0), atol=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "message"), [(1, 5, "Selection A has 1 item"), (5, 0, "Selection B has no items")]
)
def test_too_few_are_a_sentence(a, b, message):
    with pytest.raises(InputError, match=message):
        between(np.ones((a, 3), np.float32), np.zeros((b, 3), np.float32), "x")


def test_a_label_without_items_and_one_that_all_have_are_a_sentence():
    codes, labels = clusters()
    with pytest.raises(InputError, match="The label “label 9” has no items"):
        of_label(codes, labels, 9, NAMES)
    with pytest.raises(InputError, match="All but the label “cat” has no items"):
        of_label(codes, np.zeros(100, np.int64), 0, NAMES)


def test_equal_means_damaged_codes_and_other_models_are_a_sentence():
    with pytest.raises(InputError, match="same mean"):
        between(np.ones((3, 2), np.float32), np.ones((4, 2), np.float32), "x")
    bad = np.ones((3, 2), np.float32)
    bad[1, 1] = np.nan
    for call in (
        lambda: between(bad, np.zeros((3, 2), np.float32), "x"),
        lambda: of_label(bad, np.array([0, 1, 1]), 1, NAMES),
        lambda: next(of_labels(bad, np.array([0, 1, 1]), NAMES)),
        lambda: between(np.ones((3, 2), np.float32), np.zeros((3, 5), np.float32), "x"),
    ):
        with pytest.raises(InputError):
            call()
    with pytest.raises(InputError, match="has 2 numbers, the direction 3"):
        applied(Place(np.zeros(2, np.float32)), np.zeros(3, np.float32), 1.0)
    with pytest.raises(InputError, match="not finite"):
        applied(Place(np.zeros(2, np.float32)), np.full(2, np.inf, np.float32), 1.0)


def test_models_by_label_are_told_apart():
    assert "choose another label" in advice(NAMES)
    assert advice(()) == ""
