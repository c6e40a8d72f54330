"""NumPy's files: layouts, ranges and keys."""

from pathlib import Path

import numpy as np
import pytest

from genstudio.core.errors import InputError
from genstudio.data.arrays import load
from genstudio.data.columns import Texts
from genstudio.engine import pictures as written

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 8, 8, 1), np.uint8)
COLOUR = RNG.integers(0, 256, (5, 8, 8, 3), np.uint8)


# --- layouts and ranges ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, GREY),
        (GREY[..., 0], GREY),
        (GREY.reshape(5, 64), GREY),
        (GREY.transpose(0, 3, 1, 2), GREY),
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR),
        (np.asfortranarray(COLOUR), COLOUR),
        (COLOUR[0], COLOUR[:1]),
        (GREY.astype(np.int64), GREY),
        (GREY.astype(">u2") * 257, GREY),
        (GREY.astype(np.float32), GREY),
        (GREY / 255, GREY),
        ((GREY / 127.5 - 1).astype(np.float32), GREY),
        (GREY > 127, (GREY > 127) * np.uint8(255)),
        ((GREY > 127).astype(np.uint8), (GREY > 127) * np.uint8(255)),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_every_layout_and_range_gives_the_same_pictures(npy, npz, array, expected):
    for data in (npy(array), npz(images=array), npz(packed=True, x=array)):
        assert data.images.dtype == np.uint8
        assert np.array_equal(data.images, expected)
        assert data.labels is None


def test_what_was_done_to_the_numbers_is_said(npy):
    assert npy(GREY).notes == ()
    assert "-1 (black) to 1 (white)" in npy(GREY / 127.5 - 1).notes[0]


def test_bytes_in_the_right_order_are_mapped_not_read(npy, tmp_path):
    data = npy(COLOUR)
    assert isinstance(data.images, np.memmap)
    assert not data.images.flags.writeable
    assert Path(data.images.filename) == (tmp_path / "a.npy").resolve()


def test_fractions_in_pairs_are_points(npy, npz):
    points = RNG.normal(size=(7, 2))
    assert np.allclose(npy(points).points, points)
    assert npz(points=points.astype(np.float32)).points.dtype == np.float32
    with pytest.raises(InputError, match="not finite"):
        npy(np.array([[0.0, np.nan]]))


def test_samples_with_a_rate_are_sounds(npz):
    samples = RNG.integers(-32767, 32768, (3, 40)).astype(np.int16)
    sounds = npz(audio=samples, sample_rate=8000, lengths=[40, 10, 0]).audio
    assert np.array_equal(sounds.samples, samples)
    assert (sounds.rate, sounds.lengths.tolist()) == (8000, [40, 10, 0])
    assert np.array_equal(npz(x=samples / 32767, sample_rate=np.float64(8000)).audio.samples, samples)
    assert np.array_equal(npz(samples=samples[:, None], sample_rate=[8000]).audio.samples, samples)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"audio": np.zeros((2, 9), np.int16)}, "unknown rate"),
        ({"audio": np.zeros((2, 9), np.int16), "sample_rate": [1, 2]}, "one number"),
        ({"audio": np.zeros((2, 9), np.int16), "sample_rate": 0}, "one number"),
        ({"audio": np.zeros((2, 9), np.int16), "sample_rate": "8000"}, "one number"),
        ({"audio": np.full((2, 9), 3.0), "sample_rate": 9}, "outside -1..1"),
        ({"audio": np.full((2, 9), np.nan), "sample_rate": 9}, "outside -1..1"),
        ({"audio": np.zeros((2, 9), np.int64), "sample_rate": 9}, "whole numbers of 16 bits"),
        ({"audio": np.zeros((2, 9), np.int16), "sample_rate": 9, "lengths": [9, 10]}, "lengths"),
    ],
)
def test_sounds_that_cannot_be_are_refused(npz, arrays, words):
    with pytest.raises(InputError, match=words):
        npz(**arrays)


def test_strings_are_texts(npy, npz):
    texts = ["hello", "", "größer", "🙂"]
    assert npy(np.array(texts)).texts[:] == texts
    assert npy(np.array([t.encode() for t in texts])).texts[:] == texts
    both = npz(images=GREY[:4], captions=np.array(texts))
    assert both.modalities() == ("image", "text")
    assert isinstance(both.texts, Texts)


# --- keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["images", "x", "X", "x_train", "arr_0", "samples", "data", "train", "anything"])
def test_pictures_under_any_usual_key_or_a_single_one(npz, key):
    assert np.array_equal(npz(**{key: GREY}).images, GREY)


@pytest.mark.parametrize(
    "labels",
    [[0, 2, 1, 1, 0], [[0], [2], [1], [1], [0]], np.eye(3)[[0, 2, 1, 1, 0]], [0.0, 2.0, 1.0, 1.0, 0.0]],
    ids=["whole", "column", "one-hot", "fractions"],
)
@pytest.mark.parametrize("key", ["labels", "y", "Y", "y_train"])
def test_labels(npz, key, labels):
    data = npz(images=GREY, **{key: labels})
    assert data.labels.tolist() == [0, 2, 1, 1, 0]
    assert data.label_names == ("0", "1", "2")


def test_names_of_labels_and_items(npz):
    named = npz(images=GREY[:3], labels=[1, -1, 0], label_names=["ant", "bee"], names=["p", "q", "r"])
    assert named.label_counts() == {"ant": 1, "bee": 1}
    assert list(named.names) == ["p", "q", "r"]
    words = npz(images=GREY[:3], labels=["b10", "b2", "b10"])
    assert (words.label_names, words.labels.tolist()) == (("b2", "b10"), [1, 0, 1])


def test_parts_by_their_keys(npz):
    data = npz(train_images=GREY[:3], test_images=GREY[3:], train_labels=[0, 1, 0], test_labels=[1, 1])
    assert np.array_equal(data.images, GREY)
    assert data.split == "all"
    assert data.parts.tolist() == [0, 0, 0, 2, 2]
    assert data.splits == {"train": 3, "test": 2}
    assert data.labels.tolist() == [0, 1, 0, 1, 1]
    assert np.array_equal(data.part("test").images, GREY[3:])
    unlabelled = npz(x_train=GREY[:3], x_val=GREY[3:], y_train=[0, 1, 0])
    assert unlabelled.splits == {"train": 3, "validation": 2}
    assert unlabelled.labels.tolist() == [0, 1, 0, -1, -1]


@pytest.mark.parametrize("labels", [[1, 2], np.zeros((5, 2)), [0.5] * 5, [99_999] * 5, [-2] * 5])
def test_labels_that_cannot_be_are_named_and_left_out(npz, labels):
    data = npz(images=GREY, labels=labels)
    assert data.labels is None
    assert [r.file for r in data.rejected] == ["labels"]


def test_our_own_samples_open_again(tmp_path):
    written.save(GREY, tmp_path / "samples.npz")
    assert np.array_equal(load(tmp_path / "samples.npz", "samples.npz").images, GREY)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"foo": GREY, "bar": GREY}, r"a\.npz has no array that is plain to see.*foo uint8 \[5, 8, 8, 1\]"),
        ({"images": GREY, "captions": np.array(["a"])}, "different lengths"),
        ({"x_train": GREY, "x_test": COLOUR}, "do not go together"),
        ({"x_train": GREY, "x_test": 3}, "do not go together"),
        ({"images": 3}, r"“images” in a\.npz has the shape \[\]"),
        ({"images": np.zeros((5, 8, 8, 4), np.uint8)}, r"\[5, 8, 8, 4\]"),
        ({"images": np.zeros((5, 50), np.uint8)}, "rows of 50 numbers"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, "holds nothing"),
        ({"images": np.full((2, 8, 8), 300)}, "values from 300 to 300"),
        ({"images": np.full((2, 8, 8), np.inf)}, "not finite"),
        ({"images": np.zeros((2, 8, 8), np.complex64)}, "complex64"),
        ({"texts": GREY}, "texts are strings"),
    ],
)
def test_what_was_found_is_named(npz, arrays, words):
    with pytest.raises(InputError, match=words):
        npz(**arrays)
