"""The real MNIST and Fashion-MNIST, as people download them."""

import numpy as np
import pytest

from genstudio.data import open_source


@pytest.mark.parametrize(("name", "mean"), [("mnist", 33.3), ("fashion-mnist", 72.9)])
def test_real_folder(real_data, name, mean):
    data = open_source(str(real_data / name))
    assert data.images.shape == (60_000, 28, 28, 1)
    assert data.name == name
    assert data.images.mean() == pytest.approx(mean, abs=0.1)
    assert data.splits == {"train": 60_000, "test": 10_000}
    assert sum(data.label_counts().values()) == 60_000
    assert min(data.label_counts().values()) > 5_000
    assert data.rejected == ()
    test = open_source(str(real_data / name), "test")
    assert (len(test), test.split) == (10_000, "test")
    assert not np.array_equal(test.images[:100], data.images[:100])


def test_everything_in_a_folder_is_both_parts(real_data):
    data = open_source(str(real_data / "mnist"), "all")
    assert len(data) == 70_000
    assert data.splits == {"train": 60_000, "test": 10_000}
    assert np.bincount(data.parts).tolist() == [60_000, 0, 10_000]
    test = open_source(str(real_data / "mnist"), "test")
    np.testing.assert_array_equal(data.part("test").images, test.images)
    np.testing.assert_array_equal(data.part("test").labels, test.labels)
