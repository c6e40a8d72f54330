"""Columns: texts without an object each, rows taken without a copy where that is possible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.errors import InputError
from genstudio.data import Dataset, columns
from genstudio.data.columns import Sounds, Texts, gathered


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_of_any_script_come_back(texts):
    packed = Texts.of(texts)
    assert list(packed) == texts
    assert packed[:] == texts
    assert packed.characters() == sum(map(len, texts))
    rows = np.arange(len(texts))[::-2]
    assert list(packed.take(rows)) == [texts[i] for i in rows]


def test_a_lone_surrogate_becomes_a_question_mark():
    assert list(Texts.of(["a\udc80b"])) == ["a?b"]


def test_texts_end():
    with pytest.raises(IndexError):
        Texts.of(["a"])[1]
    assert Texts.of(["a", "b"])[-1] == "b"


def test_neighbours_are_a_view_and_others_a_copy():
    array = np.arange(20).reshape(10, 2)
    view, copy = gathered(array, np.arange(3, 7)), gathered(array, np.array([1, 3, 4]))
    assert np.shares_memory(view, array)
    assert not np.shares_memory(copy, array)
    np.testing.assert_array_equal(view, array[3:7])
    np.testing.assert_array_equal(copy, array[[1, 3, 4]])


def test_many_rows_of_a_mapped_file_stay_out_of_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "_IN_MEMORY", 100)
    monkeypatch.setattr(columns, "_CHUNK", 64)
    np.save(tmp_path / "a.npy", np.arange(400, dtype=np.uint8).reshape(50, 8))
    array = np.load(tmp_path / "a.npy", mmap_mode="c")
    rows = np.flatnonzero(np.arange(50) % 3)
    copy = gathered(array, rows)
    assert isinstance(copy, np.memmap)
    np.testing.assert_array_equal(copy, np.asarray(array)[rows])


def test_a_part_has_its_rows_of_every_column():
    count = 6
    data = Dataset(
        "s",
        "n",
        np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2, 1),
        np.arange(count),
        tuple("abcdef"),
        audio=Sounds(np.arange(count * 3, dtype=np.int16).reshape(count, 3), np.full(count, 3, np.int32), 100),
        texts=Texts.of("abcdef"),
        names=list("ABCDEF"),
        parts=np.array([0, 1, 0, 2, 2, 0], np.int8),
        split="all",
    )
    train, test = data.part("train"), data.part("test")
    assert (list(train.texts), train.names, train.labels.tolist()) == (["a", "c", "f"], ["A", "C", "F"], [0, 2, 5])
    assert (test.audio.samples[:, 0].tolist(), test.images[:, 0, 0, 0].tolist()) == ([9, 12], [12, 16])
    assert train.parts is None
    assert len(train) == 3
    with pytest.raises(InputError, match="no test part"):
        train.part("test")


def test_asking_sounds_for_pictures_says_what_there_is():
    data = Dataset("s", "n", audio=Sounds(np.zeros((2, 3), np.int16), np.full(2, 3, np.int32), 100))
    assert data.modalities() == ("audio",)
    with pytest.raises(InputError, match="“s” holds sounds, no pictures"):
        data.need_pictures()
