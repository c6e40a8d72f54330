"""Distances agree with closed forms, and refuse what would give a wrong number."""

import numpy as np
import pytest

from genstudio.core.errors import InputError
from genstudio.evaluate.distances import Moments, frechet, halves, kernel, moments


def normal(count, size, seed=0, mean=0.0, scale=1.0):
    return (mean + scale * np.random.default_rng(seed).standard_normal((count, size))).astype(np.float32)


def test_frechet_of_two_normals_is_the_closed_form():
    a = Moments(np.array([0.0, 1.0]), np.diag([1.0, 4.0]), 100)
    b = Moments(np.array([3.0, 1.0]), np.diag([9.0, 0.25]), 100)
    assert frechet(a, b) == pytest.approx(9 + (3 - 1) ** 2 + (2 - 0.5) ** 2)  # |Δμ|² + Σ (σa − σb)²


def test_frechet_knows_covariances_that_do_not_commute():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    a, b = np.diag([1.0, 9.0]), turn @ np.diag([1.0, 9.0]) @ turn.T
    root = np.sqrt(np.linalg.eigvals(a @ b).real).sum()  # by the eigenvalues of the product that is not symmetric
    mean = np.zeros(2)
    assert frechet(Moments(mean, a, 9), Moments(mean, b, 9)) == pytest.approx(20 - 2 * root)
    assert frechet(Moments(mean, a, 9), Moments(mean, a, 9)) == pytest.approx(0, abs=1e-12)


def test_frechet_of_samples_is_symmetric_and_small_for_equal_distributions():
    a, b, far = normal(4000, 8, 1), normal(4000, 8, 2), normal(4000, 8, 3, mean=1.0)
    assert frechet(a, b) == pytest.approx(frechet(b, a))
    assert 0 < frechet(a, b) < 0.05
    assert frechet(a, far) == pytest.approx(8, rel=0.1)


def test_frechet_of_features_that_never_change_is_finite():
    a = normal(100, 4)
    a[:, 2] = 0  # a dead feature: the covariance is singular
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_frechet_refuses_fewer_items_than_dimensions():
    with pytest.raises(InputError, match="more than 64 items"):
        frechet(normal(64, 64), normal(500, 64))
    assert moments(normal(65, 64)).count == 65


def test_kernel_distance_is_about_zero_for_equal_distributions_whatever_the_number():
    for count in (40, 400):
        mean, deviation = kernel(normal(count, 8, 1), normal(count, 8, 2), subsets=20, size=200)
        assert abs(mean) < 0.1
        assert deviation >= 0
    far, _ = kernel(normal(400, 8, 1), normal(400, 8, 2, mean=1.0), subsets=5, size=200)
    assert far > 1


def test_kernel_distance_is_the_formula():
    a, b = normal(3, 2, 1).astype(float), normal(3, 2, 2).astype(float)

    def k(x, y):
        return (x @ y / 2 + 1) ** 3

    within = sum(k(x[i], x[j]) for x in (a, b) for i in range(3) for j in range(3) if i != j) / 6
    across = sum(k(x, y) for x in a for y in b) / 9
    assert kernel(a, b, subsets=1)[0] == pytest.approx(within - 2 * across)
    with pytest.raises(InputError, match="two items"):
        kernel(a[:1], b)


def test_halves_of_one_set_share_nothing_and_are_the_same_each_time():
    rows = np.arange(101)
    a, b = halves(rows, rows, 1000)
    assert len(a) == len(b) == 50
    assert not set(a) & set(b)
    again, _ = halves(rows, rows, 1000)
    assert np.array_equal(a, again)
    a, b = halves(rows, np.arange(30), 20)
    assert len(a) == len(b) == 20
    assert len(set(a.tolist())) == 20
