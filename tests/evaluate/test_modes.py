"""Modes of the toy data are counted by the strict rule, and a model that misses or scatters is seen."""

import numpy as np
import pytest

from genstudio.data import open_source
from genstudio.evaluate.modes import Modes, find, known


@pytest.mark.parametrize(("source", "count"), [("rings", 8), ("grid", 25)])
def test_the_data_itself_has_all_its_modes(source, count):
    modes = known(source)
    found = find(open_source(source).points, modes)
    assert (found.strict, found.loose, found.total) == (count, count, count)
    assert found.good == pytest.approx(1 - np.exp(-4.5), abs=0.005)  # share of a plane normal within three deviations
    assert found.reverse_kl < 1e-6


def test_a_mode_counts_with_twenty_of_ten_thousand():
    modes = Modes(np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]), 0.1)
    samples = np.zeros((10_000, 2))
    samples[:20, 0] = 10
    samples[20:39, 0] = 20
    found = find(samples, modes)
    assert (found.strict, found.loose) == (2, 3)
    assert found.good == 1
    assert find(samples[::-1][-1000:], modes).strict == 3  # of 1,000 samples, two are enough


def test_samples_far_from_all_modes_are_not_good_but_have_a_nearest_one():
    modes = Modes(np.array([[0.0, 0.0], [10.0, 0.0]]), 0.1)
    samples = np.array([[0.0, 0.31], [0.0, 0.29], [10.0, 0.0], [10.0, 3.0]])
    found = find(samples, modes)
    assert found.good == 0.5
    assert found.reverse_kl == 0


def test_one_mode_alone_is_worst():
    modes = known("grid")
    found = find(np.tile(modes.centres[3], (1000, 1)), modes)
    assert found.strict == 1
    assert found.reverse_kl == pytest.approx(np.log(25))


def test_samples_that_are_not_finite_belong_to_no_mode():
    found = find(np.full((100, 2), np.nan), known("rings"))
    assert (found.strict, found.good) == (0, 0)
    assert found.reverse_kl == pytest.approx(np.log(8))


def test_modes_of_other_data_are_not_known():
    assert known("digits") is None
