"""Pictures, their names and where they stand, without a window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genstudio.app.widgets.mosaic import Mosaic, next_zoom, shrunk
from genstudio.app.widgets.pictures import Pictures


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(
    ("images", "inputs", "labels", "message"),
    [
        (np.zeros((2, 4, 4), np.uint8), None, None, r"\[N, H, W, 1 or 3\]"),
        (np.zeros((2, 4, 4, 4), np.uint8), None, None, r"\[N, H, W, 1 or 3\]"),
        (np.zeros((2, 4, 4, 1), np.float32), None, None, "float32"),
        (np.zeros((2, 0, 4, 1), np.uint8), None, None, "without pixels"),
        (noise(2, 4, 4, 1), noise(3, 4, 4, 1), None, "inputs must look like"),
        (noise(2, 4, 4, 1), None, ["a"], "1 labels for 2 pictures"),
    ],
)
def test_what_is_not_a_set_of_pictures_is_refused(images, inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        Pictures(images, inputs, "", labels)


def test_pictures_have_titles_and_file_names():
    pictures = Pictures(
        noise(64, 2, 2, 1), caption="Samples from fixed latents, EMA weights", labels=["7"] + [None] * 63
    )
    assert pictures.title(0) == "picture 1 of 64: 7"
    assert pictures.title(4) == "picture 5 of 64"
    assert pictures.file_name(4) == "samples-from-fixed-latents-05.png"
    assert pictures.file_name() == "samples-from-fixed-latents.png"
    assert Pictures(noise(1, 2, 2, 1), caption="../../<x>").file_name(0) == "x-1.png"
    assert Pictures(noise(1, 2, 2, 1)).file_name() == "pictures.png"


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 400), h=st.integers(1, 70), w=st.integers(1, 70), channels=st.sampled_from([1, 3]),
    pairs=st.booleans(), width=st.integers(20, 1500), height=st.integers(20, 900),
    zoom=st.one_of(st.none(), st.integers(1, 6), st.integers(-8, -2)),
)  # fmt: skip
def test_every_picture_stands_where_its_place_says(count, h, w, channels, pairs, width, height, zoom):
    images, inputs = noise(count, h, w, channels), 255 - noise(count, h, w, channels)
    m = Mosaic(Pictures(images, inputs if pairs else None), width, height, zoom)
    sheet = m.sheet(0, m.rows)
    assert sheet.shape == (m.rows * m.cell_h // m.scale, m.columns * m.cell_w // m.scale, channels)
    for index in {0, count - 1, count // 2, min(count - 1, m.columns)}:
        x, y, pw, ph = m.place(index)
        assert m.at(x, y) == m.at(x + pw - 1, y + ph - 1) == index
        left, top = (x - m.left - m.half_w) // m.scale, (y - m.top - m.half_h) // m.scale
        drawn = sheet[top : top + m.item_h, left : left + m.tile_w]
        small = [shrunk(part[index : index + 1], m.shrink)[0] for part in (inputs, images)]
        np.testing.assert_array_equal(drawn[-m.tile_h :], small[1])
        if pairs:
            np.testing.assert_array_equal(drawn[: m.tile_h], small[0])


@given(
    count=st.integers(1, 5000), side=st.integers(4, 256), width=st.integers(100, 2000), height=st.integers(80, 1200)
)
def test_the_automatic_size_shows_all_or_pictures_worth_looking_at(count, side, width, height):
    m = Mosaic(Pictures(np.zeros((count, side, side, 1), np.uint8)), width, height)
    shown = m.tile_w * m.scale
    assert m.fits or shown <= 64
    assert shown >= 16
    assert m.rows * m.columns >= count > (m.rows - 1) * m.columns
    if m.fits and 1 <= m.zoom < Mosaic.MOST_ZOOM and side * (m.zoom + 1) <= 512:
        assert not Mosaic(m.pictures, width, height, m.zoom + 1).fits


def test_few_pictures_fill_the_room_and_make_full_rectangles():
    m = Mosaic(Pictures(noise(64, 28, 28, 1)), 620, 320)
    assert (m.columns, m.rows, m.zoom) == (16, 4, 1)
    assert Mosaic(Pictures(noise(1, 28, 28, 1)), 620, 320).zoom == 11
    crowd = Mosaic(Pictures(np.zeros((100_000, 28, 28, 1), np.uint8)), 1000, 720)
    assert crowd.zoom == 2
    assert not crowd.fits


def test_shrinking_averages_small_sets_and_samples_large_ones():
    tiles = noise(3, 9, 6, 3)
    expected = tiles[:, :8, :6].reshape(3, 4, 2, 3, 2, 3).astype(int).sum((2, 4)) // 4
    np.testing.assert_array_equal(shrunk(tiles, 2), expected)
    assert shrunk(np.full((1, 32, 32, 1), 255, np.uint8), 16).tolist() == [[[[255], [255]], [[255], [255]]]]
    many = noise(40, 300, 300, 3)
    np.testing.assert_array_equal(shrunk(many, 4), many[:, 2:300:4, 2:300:4])


def test_zoom_steps_skip_what_means_nothing_and_stop_at_the_ends():
    assert [next_zoom(z, 1) for z in (-3, -2, 1, 4, 5, 48)] == [-2, 1, 2, 6, 6, 48]
    assert [next_zoom(z, -1) for z in (6, 5, 2, 1, -2, -16)] == [4, 4, 1, -2, -3, -16]
