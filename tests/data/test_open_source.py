"""`open_source`: what a person names is found, what cannot be used is said, never a crash."""

import os
import threading

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genstudio.core.errors import InputError
from genstudio.data import Dataset, open_source

PICTURES = np.arange(5 * 8 * 9, dtype=np.uint8).reshape(5, 8, 9)
LABELS = np.array([0, 1, 2, 1, 1], np.uint8)
TRAIN, TRAIN_LABELS = "train__images__idx3__ubyte", "train__labels__idx1__ubyte"
TEST = "t10k__images__idx3__ubyte"


def test_folder_with_pictures_and_labels(folder):
    data = open_source(str(folder(**{TRAIN: PICTURES, TRAIN_LABELS: LABELS})))
    assert data.shape == (8, 9, 1)
    assert np.array_equal(data.images[..., 0], PICTURES)
    assert data.labels.tolist() == [0, 1, 2, 1, 1]
    assert data.label_names == ("0", "1", "2")
    assert data.label_counts() == {"0": 1, "1": 3, "2": 1}
    assert data.rejected == ()
    assert data.splits == {}


def test_file_itself_finds_its_labels(folder):
    place = folder(**{TRAIN + "_gz": PICTURES, TRAIN_LABELS + "_gz": LABELS})
    data = open_source(str(place / "train-images-idx3-ubyte.gz"))
    assert (data.name, len(data), data.labels.tolist()) == ("train", 5, [0, 1, 2, 1, 1])


def test_split_is_chosen_and_both_are_counted(folder):
    place = str(folder(**{TRAIN: PICTURES, TEST + "_gz": PICTURES[:2]}))
    assert len(open_source(place)) == 5
    test = open_source(place, "test")
    assert (len(test), test.split) == (2, "test")
    assert test.splits == {"train": 5, "test": 2}


def test_folder_with_one_part_gives_that(folder):
    data = open_source(str(folder(**{TEST: PICTURES})), "train")
    assert (len(data), data.split, data.splits) == (5, "train", {})


def test_colour_pictures_have_three_channels(folder):
    pictures = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    data = open_source(str(folder(**{TRAIN: pictures})))
    assert data.shape == (8, 8, 3)
    assert np.array_equal(data.images, pictures)


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros(4, np.uint8),
        np.zeros((5, 0), np.uint8),
        np.zeros((5, 1, 1), np.uint8),
        np.zeros(5, np.float32),
        np.array([0, 1, 2, 3, -1], np.int32),
        np.array([0, 1, 2, 3, 10_000], np.int32),
        b"not labels at all",
        b"",
    ],
    ids=["too few", "no column", "3-D", "floats", "negative", "huge", "garbage", "empty"],
)
def test_f31_unusable_labels_are_listed_and_the_pictures_kept(folder, labels):
    data = open_source(str(folder(**{TRAIN: PICTURES, TRAIN_LABELS: labels})))
    assert len(data) == 5
    assert data.labels is None
    assert data.label_counts() == {}
    assert [r.file for r in data.rejected] == ["train-labels-idx1-ubyte"]
    assert "train-labels-idx1-ubyte" in data.summary()["rejected"][0]["reason"]


def test_f31_labels_are_not_looked_for_in_a_folder_that_cannot_be_listed(folder, monkeypatch):
    picture = folder(**{TRAIN: PICTURES, TRAIN_LABELS: LABELS}) / "train-images-idx3-ubyte"

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    data = open_source(str(picture))
    assert data.labels is None
    assert "cannot be listed" in data.rejected[0].reason


def test_labels_in_columns_use_the_first(folder):
    table = np.column_stack([LABELS, LABELS + 1]).astype(np.int32)
    assert open_source(str(folder(**{TRAIN: PICTURES, TRAIN_LABELS: table}))).labels.tolist() == [0, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (PICTURES.astype(np.float32), "float32"),
        (LABELS, "1 dimensions"),
        (np.zeros((2, 8, 8, 2), np.uint8), "2 channels"),
        (np.zeros((0, 8, 8), np.uint8), "no pictures"),
        (np.zeros((3, 0, 8), np.uint8), "no pictures"),
        (b"junk", "not an IDX file"),
    ],
)
def test_unusable_pictures_are_refused_by_name(folder, pictures, words):
    with pytest.raises(InputError, match=words) as caught:
        open_source(str(folder(**{TRAIN: pictures})))
    assert "train-images-idx3-ubyte" in str(caught.value)


@given(st.text(max_size=300))
def test_any_other_name_is_refused_in_words(name):
    assume(not name.strip().startswith(("~", "/", ".")) and name != "digits")
    with pytest.raises(InputError):
        open_source(name)


@pytest.mark.parametrize("name", ["", "  ", "\0", "~nobody-of-that-name/x", "a" * 5000, "/nowhere/at/all", "\ud800"])
def test_names_that_cannot_be_data(name):
    with pytest.raises(InputError):
        open_source(name)


def test_empty_folder_says_what_it_lacks(tmp_path):
    with pytest.raises(InputError, match="is empty: name a folder"):
        open_source(str(tmp_path))


@pytest.mark.parametrize(
    "place", ["ü é 日本 🙂 #%", "a 'quoted' \"name\"", "trailing.", "x" * 200, "-rf", "new\nline"]
)
def test_f45_odd_folder_names_work(folder, tmp_path, place):
    made = tmp_path / place
    made.mkdir()
    files = folder(**{TRAIN: PICTURES})
    (files / "train-images-idx3-ubyte").rename(made / "train-images-idx3-ubyte")
    data = open_source(str(made))
    assert (len(data), data.name) == (5, place)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_f39_a_named_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    outcome = []

    def read():
        for source in (tmp_path, tmp_path / "train-images-idx3-ubyte"):
            with pytest.raises(InputError) as caught:
                open_source(str(source))
            outcome.append(str(caught.value))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert len(outcome) == 2
    assert "train-images-idx3-ubyte" in outcome[1]


def test_fingerprint_tells_content_and_shape_apart():
    def of(images):
        return Dataset("s", "n", images).fingerprint()

    zeros = np.zeros((3000, 8, 8, 1), np.uint8)
    other = zeros.copy()
    other[-1] = 1
    assert of(zeros) == of(zeros.copy())
    assert of(other) != of(zeros)
    assert of(zeros.reshape(1500, 16, 8, 1)) != of(zeros)
    assert of(zeros[:2999]) != of(zeros)
