"""Films and strips as others read them: pixels, times, metadata; and what happens where they cannot be written."""

import os
import shutil
import stat
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent import films
from genstudio.engine.latent.films import Film


def film(count=5, height=8, width=8, channels=1, fps=10.0):
    rng = np.random.default_rng(count)
    frames = rng.integers(0, 256, (count, height, width, channels), np.uint8)
    return Film(frames, rng.normal(size=(count, 3)).astype(np.float32), fps)


def frames_of(path, mode):
    with Image.open(path) as picture:
        for i in range(picture.n_frames):
            picture.seek(i)
            yield np.asarray(picture.convert(mode)), picture.info["duration"], picture.info.get("loop")


def test_a_gif_holds_each_grey_as_it_is_its_time_and_plays_for_ever(tmp_path):
    made = film(fps=8.0)
    films.save(made, tmp_path / "a.gif")
    read = list(frames_of(tmp_path / "a.gif", "L"))
    assert len(read) == 5
    for (pixels, _, loop), frame in zip(read, made.frames, strict=True):
        assert pixels.shape == (256, 256)
        assert np.array_equal(pixels[16::32, 16::32], frame[..., 0])
        assert np.array_equal(pixels.reshape(8, 32, 8, 32).std((1, 3)), np.zeros((8, 8)))
        assert loop == 0
    assert sum(duration for _, duration, _ in read) == 620  # 5 frames at 8 a second, in hundredths


def test_a_coloured_gif_is_near_in_colour(tmp_path):
    made = film(count=3, height=6, width=10, channels=3)
    films.save(made, tmp_path / "a.gif")
    for (pixels, _, _), frame in zip(frames_of(tmp_path / "a.gif", "RGB"), made.frames, strict=True):
        assert np.abs(pixels[12::25, 12::25].astype(int) - frame).max() < 8


@given(st.integers(1, 300), st.floats(0.1, 50))
def test_frames_of_a_gif_are_shown_as_long_as_they_should_be(count, fps):
    each = films.durations(count, fps)
    assert len(each) == count
    assert min(each) >= 10
    assert sum(each) == pytest.approx(1000 * count / fps, abs=5.1)


@pytest.mark.parametrize("fps", [0, -1, 51, float("nan"), float("inf")])
def test_no_other_pace_is_taken(fps):
    with pytest.raises(InputError, match="up to 50 frames a second"):
        film(fps=fps)


def test_a_strip_stands_side_by_side_and_carries_its_facts(tmp_path):
    made = film(count=4, height=16, width=8, channels=3)
    films.save(made, tmp_path / "a.png", {"kind": "path"})
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture)
        assert picture.info["genstudio"] == '{"kind": "path"}'
    assert pixels.shape == (64, 4 * 32 + 3 * 2, 3)
    for i, frame in enumerate(made.frames):
        assert np.array_equal(pixels[2::4, 34 * i + 2 : 34 * i + 32 : 4], frame)


def test_a_strip_that_is_too_long_goes_on_below():
    assert films.strip(np.zeros((1000, 4, 30, 1), np.uint8)).shape == (2 * 6 - 2, 512 * 32 - 2, 1)


def test_numbers_are_kept_as_they_are(tmp_path):
    made = film(fps=7.5)
    films.save(made, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert np.array_equal(arrays["codes"], made.codes)
        assert arrays["codes"].dtype == np.float32
        assert np.array_equal(arrays["frames"], made.frames)
        assert float(arrays["fps"]) == 7.5


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_enlarging_keeps_pixels_square_and_sides_even_where_needed(height, width, even):
    frames = np.random.default_rng(0).integers(0, 256, (2, height, width, 1), np.uint8)
    large = films.enlarged(frames, 256, even)
    factor = large.shape[1] // height
    assert large.shape == (2, factor * height, factor * width, 1)
    assert max(large.shape[1:3]) <= 256
    assert np.array_equal(large[:, ::factor, ::factor], frames)
    if even:
        assert not large.shape[1] % 2
        assert not large.shape[2] % 2


def test_large_odd_pictures_are_doubled_for_an_mp4_and_too_many_refused():
    assert films.enlarged(np.zeros((1, 301, 300, 1), np.uint8), 256, even=True).shape == (1, 602, 600, 1)
    assert films.enlarged(np.zeros((8000, 128, 128, 1), np.uint8), 256).shape == (8000, 128, 128, 1)
    with pytest.raises(InputError, match="too much for one film"):
        films.enlarged(np.broadcast_to(np.uint8(0), (9000, 200, 200, 1)), 256)


@pytest.mark.parametrize("name", ["Übergang é.gif", "過渡 🙂.png", "a b'\"$.npz", "-x.gif", "%d.png"])
def test_names_in_every_script(tmp_path, name):
    films.save(film(), tmp_path / "новая папка" / name)
    assert [p.name for p in (tmp_path / "новая папка").iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.avi", "a", "a.jpg"])
def test_other_forms_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"give a \.gif, a \.mp4, a \.png \(strip\) or a \.npz"):
        films.save(film(), tmp_path / name)


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, suffix):
    out = tmp_path / f"a{suffix}"
    out.write_bytes(b"before")
    monkeypatch.setattr(atomic, "faults", atomic.Faults("write:1:ENOSPC"))
    with pytest.raises(InputError, match="cannot be written: No space left"):
        films.save(film(), out)
    assert out.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_where_a_folder_should_be_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for suffix in (".gif", ".png", ".npz"):
        with pytest.raises(InputError, match="cannot be written"):
            films.save(film(), tmp_path / "file" / f"a{suffix}")


def test_nothing_is_no_film():
    with pytest.raises(InputError, match="no frames"):
        Film(np.empty((0, 8, 8, 1), np.uint8), np.empty((0, 3), np.float32))


def test_without_an_encoder_an_mp4_is_refused_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"No MP4 encoder was found: install ffmpeg, or give a \.gif"):
        films.save(film(), tmp_path / "a.mp4")


PROGRAM = """#!{python}
import sys
out = sys.argv[-1]
assert out.startswith("file:/")
if {status}:
    sys.stderr.write("x" * 200_000 + "\\nUnknown encoder 'none'\\n")
    sys.exit({status})
with open(out[5:], "wb") as file:
    file.write(" ".join(sys.argv[1:]).encode() + b"\\n" + sys.stdin.buffer.read())
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Stands for an encoder where none is installed: writes down what it was told, or fails as they do."""

    def install(status=0):
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROGRAM.format(python=sys.executable, status=status), encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(path.parent) + os.pathsep + os.environ["PATH"])

    return install


@pytest.mark.skipif(os.name != "posix", reason="stands in by a script")
def test_an_encoder_is_given_every_pixel_in_colour_with_even_sides(program, tmp_path):
    program()
    made = film(count=3, height=7, width=9)
    films.save(made, tmp_path / "ein Weg.mp4")
    told, _, pixels = (tmp_path / "ein Weg.mp4").read_bytes().partition(b"\n")
    words = told.decode().split(" ")
    assert words[words.index("-video_size") + 1] == "252x196"
    assert words[words.index("-framerate") + 1] == "10"
    assert words[words.index("-pix_fmt") + 1] == "yuv420p"
    large = np.frombuffer(pixels, np.uint8).reshape(3, 196, 252, 3)
    assert np.array_equal(large[:, ::28, ::28], made.frames.repeat(3, axis=3))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bin", "ein Weg.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="stands in by a script")
def test_an_encoder_that_fails_is_quoted_and_leaves_nothing(program, tmp_path):
    program(status=3)
    with pytest.raises(WorkError, match=r"could not be encoded \(Unknown encoder 'none'\): save a \.gif"):
        films.save(film(count=40, height=64, width=64), tmp_path / "a.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg is installed")
def test_a_real_encoder_makes_a_film(tmp_path):
    films.save(film(count=10, height=7, width=9), tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"
