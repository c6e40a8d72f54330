"""What is told about a data set in numbers."""

import numpy as np
import pytest

from genstudio.app import facts
from genstudio.app.widgets.data_facts import DataFacts
from genstudio.data import Dataset, Rejected
from genstudio.data.columns import Sounds, Texts


def data(**columns):
    return Dataset("x", "x", **columns)


def rows(**columns):
    return dict(facts.count(data(**columns)).rows)


def test_pictures_tell_their_sizes_before_and_after():
    images = np.zeros((2, 8, 10, 3), np.uint8)
    assert rows(images=images)["Size"] == "10 x 8 pixels, colour"
    assert "In the files" not in rows(images=images, sizes=np.array([[8, 10], [8, 10]], np.int32))
    assert rows(images=images, sizes=np.array([[20, 30], [20, 30]], np.int32))["In the files"] == "30 x 20"
    mixed = rows(images=images, sizes=np.array([[20, 30], [1000, 2000]], np.int32))
    assert mixed["In the files"] == "30 x 20 to 2,000 x 1,000"


def test_sounds_tell_rate_and_lengths():
    sounds = Sounds(np.zeros((2, 16_000), np.int16), np.array([4000, 16_000], np.int32), 8000)
    found = rows(audio=sounds)
    assert found["Sample rate"] == "8,000 Hz"
    assert found["Length each"] == "0.50 to 2.00 s"
    assert found["Length in all"] == "2 s"


def test_texts_points_parts_and_what_cannot_be_used():
    found = rows(texts=Texts.of(["äb", "c"]), splits={"train": 1500, "test": 0}, rejected=(Rejected("a", "b"),))
    assert found == {"Sentences": "2", "Characters": "3", "For training": "1,500", "Cannot be used": "1"}
    assert rows(points=np.zeros((3, 2), np.float32)) == {"Points": "3"}


def test_labels_are_counted_in_their_order_with_those_without_one():
    found = facts.count(data(texts=Texts.of("abcd"), labels=np.array([1, 1, -1, 0]), label_names=("z", "a", "none")))
    assert found.labels == {"z": 1, "a": 2, "none": 0}
    assert list(found.labels) == ["z", "a", "none"]
    assert dict(found.rows)["Without a label"] == "1"


@pytest.fixture
def shown(qtbot):
    widget = DataFacts()
    qtbot.addWidget(widget)
    widget.resize(300, 400)
    widget.show()
    return widget


def test_facts_are_shown_and_replaced(shown):
    shown.set_facts(facts.Facts((("Pictures", "3"),), {"cat": 3}, "A note. " * 200))
    assert shown.rows == {"Pictures": "3"}
    assert shown.labels.isVisible()
    shown.set_facts(facts.Facts())
    assert shown.rows == {}
    assert not shown.labels.isVisible()
    assert not shown._notes.isVisible()
