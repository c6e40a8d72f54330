"""Precision, recall, density, coverage: against a plain double loop, and against what theory expects."""

import numpy as np
import pytest

from genstudio.core.errors import InputError
from genstudio.evaluate import manifold as module
from genstudio.evaluate.manifold import Coverage, coverage, manifold


def normal(count, size, seed):
    return np.random.default_rng(seed).standard_normal((count, size))


def plainly(real, samples, k):
    """The four definitions, written out."""

    def radius(rows, i):
        return sorted(np.linalg.norm(rows[i] - other) for j, other in enumerate(rows) if j != i)[k - 1]

    real_radii = [radius(real, i) for i in range(len(real))]
    sample_radii = [radius(samples, i) for i in range(len(samples))]
    near = np.array([[np.linalg.norm(r - s) for s in samples] for r in real])
    inside = near <= np.array(real_radii)[:, None]
    return (
        inside.any(0).mean(),
        (near <= np.array(sample_radii)).any(1).mean(),
        inside.sum() / k / len(samples),
        inside.any(1).mean(),
    )


@pytest.mark.parametrize("k", [1, 5])
def test_four_numbers_are_their_definitions(k, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 7)  # several chunks, the last one smaller
    real, samples = normal(40, 3, 1), 0.5 + normal(25, 3, 2)
    found = manifold(real, samples, k)
    expected = plainly(real, samples, k)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(expected)
    assert coverage(real, samples, k) == pytest.approx(expected[3])


def test_two_draws_of_one_normal_score_as_theory_says():
    # Naeem et al. 2020, section 3.3: density is 1 on average, coverage 1 − (N−1)…(N−k) / ((2N−1)…(2N−k)), ≈ 1 − 2⁻ᵏ
    found = manifold(normal(2000, 16, 1).astype(np.float32), normal(2000, 16, 2).astype(np.float32))
    assert found.density == pytest.approx(1, abs=0.06)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.015)
    assert found.precision == pytest.approx(found.recall, abs=0.05)


def test_a_collapsed_model_has_precision_and_no_coverage():
    real = normal(500, 8, 1)
    collapsed = real[:1] + 1e-3 * normal(500, 8, 2)
    found = manifold(real, collapsed)
    assert found.precision == 1
    assert found.recall < 0.01
    assert found.coverage < 0.05


def test_items_that_are_equal_are_within_reach_of_each_other():
    same = np.ones((20, 3))
    assert manifold(same, same).coverage == 1  # all radii are 0


def test_coverage_of_a_set_is_measured_again_and_again():
    real = normal(300, 4, 1)
    meter = Coverage(real)
    assert meter(real) == 1
    assert meter(normal(300, 4, 2) + 100) == 0
    assert meter(normal(300, 4, 2)) == coverage(real, normal(300, 4, 2))


def test_too_few_items_are_refused():
    with pytest.raises(InputError, match="more than 5 items"):
        manifold(normal(5, 2, 1), normal(50, 2, 2))
    with pytest.raises(InputError, match="more than 5 real items"):
        Coverage(normal(5, 2, 1))
