"""Points as files."""

import io

import numpy as np
import pytest
from PIL import Image

from genstudio.core.errors import InputError
from genstudio.engine import point_files

POINTS = np.array([[0.0, 0.0], [1.5, -2.25], [0.1, 3.0]], np.float32)


def test_arrays_and_tables_hold_each_number(tmp_path):
    point_files.save(POINTS, tmp_path / "a" / "p.npz")
    assert np.array_equal(np.load(tmp_path / "a" / "p.npz")["samples"], POINTS)
    point_files.save(POINTS, tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text(encoding="ascii").splitlines()
    assert lines[0] == "x,y"
    assert np.array_equal(np.array([line.split(",") for line in lines[1:]], np.float32), POINTS)


def test_a_picture_shows_where_they_are(tmp_path):
    corners = np.array([[-1, -1], [1, -1], [-1, 1]], np.float32)  # the upper right corner is empty
    point_files.save(np.repeat(corners, 20, 0), tmp_path / "p.png")
    with Image.open(io.BytesIO((tmp_path / "p.png").read_bytes())) as picture:
        red = np.asarray(picture)[5:-5, 5:-5, 0] < 100
    half = len(red) // 2
    assert [part.any() for part in (red[:half, :half], red[:half, half:], red[half:, :half], red[half:, half:])] == [
        True, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("points", [np.zeros((3, 2)), np.zeros((0, 2)), np.full((2, 2), np.nan)])
def test_a_picture_of_odd_points_is_drawn_too(points):
    assert point_files.scatter(points.astype(np.float32)).shape == (640, 640, 3)


def test_other_forms_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"p\.wav"):
        point_files.save(POINTS, tmp_path / "p.wav")
