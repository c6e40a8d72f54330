"""Some rows of what is too large to copy, and pictures that are made once."""

import numpy as np
import pytest

from genstudio.app.widgets.pictures import Pictures
from genstudio.app.widgets.rows import KeptPictures, PictureRows, Titles


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 4, 5, 3), dtype=np.uint8)


class Counted:
    """Pictures that count how often each was made."""

    def __init__(self, images):
        self.images, self.shape, self.dtype, self.made = images, images.shape, images.dtype, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        self.made += np.arange(len(self))[rows].tolist()
        return self.images[rows]


def test_rows_are_those_of_the_array_in_their_order(images):
    rows = np.array([7, 3, 49])
    some = PictureRows(images, rows)
    assert some.shape == (3, 4, 5, 3)
    np.testing.assert_array_equal(some[0:3], images[rows])
    np.testing.assert_array_equal(some[2], images[49])
    assert len(Pictures(some)) == 3  # a gallery takes them for an array


def test_no_rows_are_no_pictures(images):
    none = PictureRows(images, np.empty(0, np.int64))
    assert len(none) == len(Pictures(none)) == 0
    assert none[0:5].shape == (0, 4, 5, 3)


def test_kept_pictures_are_made_once(images):
    base = Counted(images)
    kept = KeptPictures(base)
    np.testing.assert_array_equal(kept[0:10], images[:10])
    np.testing.assert_array_equal(kept[5:12], images[5:12])
    np.testing.assert_array_equal(kept[3], images[3])
    assert base.made == list(range(12))


def test_the_oldest_are_forgotten(images):
    base = Counted(images)
    kept = KeptPictures(base, most=4)
    np.testing.assert_array_equal(kept[0:6], images[:6])  # more at once than are kept
    kept[0:2]
    assert base.made == [0, 1, 2, 3, 4, 5, 0, 1]


def test_rows_of_kept_pictures(images):
    some = PictureRows(KeptPictures(images), np.array([9, 2]))
    np.testing.assert_array_equal(some[0:2], images[[9, 2]])


def test_titles_have_name_and_label():
    titles = Titles(3, ["a.png", "b.png", "c.png"], np.array([1, -1, 0]), ("cat", "dog"), None)
    assert list(titles) == ["a.png · dog", "b.png", "c.png · cat"]
    assert list(Titles(3, (), np.array([1, -1, 0]), ("cat", "dog"), np.array([2, 1]))) == ["cat", ""]
