"""What a network will see of pictures."""

import numpy as np
import pytest

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import Dataset
from genstudio.data.columns import Texts
from genstudio.engine.look import SHOWN, augmented


def pictures(count, channels=3):
    rng = np.random.default_rng(0)
    return Dataset("x", "x", images=rng.integers(0, 256, (count, 12, 10, channels), dtype=np.uint8))


def test_without_augmentation_they_are_as_stored():
    data = pictures(16)
    np.testing.assert_array_equal(augmented(data, DataConfig()), data.images)


def test_they_are_varied_and_another_seed_varies_them_otherwise():
    data, config = pictures(100), DataConfig(flip="horizontal", rotation=30.0, grain=0.1)
    first, again, other = (augmented(data, config, seed) for seed in (0, 0, 1))
    assert first.shape == (SHOWN, 12, 10, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_fewer_pictures_than_sixteen_are_all_shown(channels):
    assert augmented(pictures(3, channels), DataConfig(shift=0.2)).shape == (3, 12, 10, channels)


def test_data_without_pictures_is_refused():
    with pytest.raises(InputError, match="no pictures"):
        augmented(Dataset("names", "names", texts=Texts.of(["a"])), DataConfig())
