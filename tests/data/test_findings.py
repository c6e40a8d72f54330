"""Findings: what was planted is found with the right rows, and a clean set gives none."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genstudio.core.errors import Cancelled
from genstudio.data import alike, idx
from genstudio.data.columns import Sounds, Texts
from genstudio.data.dataset import Dataset
from genstudio.data.findings import KINDS, find


def scenes(count, seed=0, side=32, channels=3):
    """Smooth random pictures, as different from each other as photos are: uint8 [count, side, side, channels]."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 6, channels), dtype=np.uint8)
    rows = [np.asarray(Image.fromarray(c.squeeze()).resize((side, side), Image.Resampling.BICUBIC)) for c in coarse]
    return np.stack(rows).reshape(count, side, side, channels)


def tones(count, seed=0):
    """Sounds of 0.25 s at 8 kHz, half of full scale."""
    rng = np.random.default_rng(seed)
    pitch = rng.uniform(200, 2000, (count, 1))
    wave = 16_000 * np.sin(2 * np.pi * pitch * np.arange(2000) / 8000)
    return Sounds(wave.astype(np.int16), np.full(count, 2000, np.int32), 8000)


def sentences(count):
    return [f"This is sentence {i}, as long as all the others." for i in range(100, 100 + count)]


def pictures(images, **more):
    return Dataset("here", "here", images=images, **more)


def kinds(data):
    return [finding.kind for finding in find(data)]


def resaved(image, quality):
    """The picture after JPEG compression."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def test_a_clean_balanced_set_gives_no_finding():
    labels = np.arange(60, dtype=np.int64) % 3
    parts = (np.arange(60) % 2).astype(np.int8)
    data = Dataset(
        "here", "here", images=scenes(60), audio=tones(60), texts=Texts.of(sentences(60)), labels=labels,
        label_names=("a", "b", "c"), parts=parts, split="all", sizes=np.full((60, 2), 100, np.int32),
    )  # fmt: skip
    assert kinds(data) == []
    assert len(find(Dataset("none", "none"))) == 0


def test_exact_duplicates_are_grouped_in_the_order_of_their_first_rows():
    images = scenes(20)
    images[[7, 15]] = images[3]
    images[9] = images[1]
    found = find(pictures(images)).of("duplicates")
    assert found.rows.tolist() == [1, 9, 3, 7, 15]
    assert found.groups.tolist() == [0, 0, 1, 1, 1]
    assert found.title == "3 exact copies"


def test_equal_sounds_and_texts_are_duplicates_and_silence_that_fills_up_counts_not():
    audio = tones(12)
    audio.samples[5] = audio.samples[4]
    audio.lengths[5] = 1500  # the same samples, but not the same sound
    audio.samples[8] = audio.samples[2]
    assert find(Dataset("s", "s", audio=audio)).of("duplicates").rows.tolist() == [2, 8]
    texts = Texts.of([*sentences(10), sentences(4)[3]])
    assert find(Dataset("t", "t", texts=texts)).of("duplicates").rows.tolist() == [3, 10]


def test_one_picture_with_two_captions_is_no_duplicate():
    images = scenes(10)
    images[6] = images[2]
    assert kinds(pictures(images, texts=Texts.of(sentences(10)))) == []


def test_copies_with_different_labels_or_in_different_parts_come_first():
    images = scenes(40)
    images[30], images[31] = images[0], images[1]
    labels = np.arange(40, dtype=np.int64) % 2
    labels[30], labels[1] = 1, -1  # a missing label contradicts none
    parts = np.zeros(40, np.int8)
    parts[31:] = 2
    data = pictures(images, labels=labels, label_names=("x", "y"), parts=parts, split="all")
    found = find(data)
    assert [f.kind for f in found][:2] == ["leak", "conflict"]
    assert found.of("leak").rows.tolist() == [1, 31]
    assert found.of("conflict").rows.tolist() == [0, 30]
    assert found.of("unlabelled").rows.tolist() == [1]


@pytest.mark.parametrize("quality", [95, 90])
def test_pictures_saved_anew_are_near_duplicates(quality):
    images = scenes(50)
    copies = np.stack([resaved(image, quality) for image in images[:10]])
    found = find(pictures(np.concatenate([images, copies]))).of("near-duplicates")
    assert found.rows.tolist() == [row for i in range(10) for row in (i, 50 + i)]
    assert found.groups.tolist() == [i for i in range(10) for _ in range(2)]


def test_near_duplicates_in_several_parts_are_told():
    images = np.concatenate([scenes(20), np.stack([resaved(image, 90) for image in scenes(12)])])
    parts = np.where(np.arange(32) < 20, 0, 2).astype(np.int8)
    assert "12 groups now lie in several parts" in find(pictures(images, parts=parts, split="all")).found[0].text


def test_small_and_plain_pictures_are_no_near_duplicates():
    assert "near-duplicates" not in kinds(
        pictures(scenes(4, side=12).repeat(3, 0) + np.arange(12, dtype=np.uint8)[:, None, None, None] // 4)
    )
    grey = np.full((40, 32, 32, 1), 90, np.uint8)
    grey[:, 0, 0, 0] = np.arange(40)  # no two are equal, and there is nothing on any of them
    assert kinds(pictures(grey)) == []


def test_real_pictures_give_few_false_alarms(real_data):
    digits = idx.read(real_data / "mnist" / "t10k-images-idx3-ubyte.gz").astype(np.uint8)[..., None]
    assert kinds(pictures(digits)) == []


def test_a_hundred_copies_of_a_hundred_take_no_more_room_than_their_rows():
    images = scenes(100, channels=1).repeat(100, 0)
    images[:, 0, 0, 0] = np.tile(np.arange(100), 100)  # one pixel: near, not equal
    found = find(pictures(images)).of("near-duplicates")
    assert np.array_equal(found.rows, np.arange(10_000))
    assert np.array_equal(found.groups, np.arange(10_000) // 100)


def test_plain_pictures_silence_and_clipping_are_found():
    images = scenes(20)
    images[4], images[9] = (255, 0, 0), 12
    images[9, 3, 3] = 14
    assert find(pictures(images)).of("constant").rows.tolist() == [4, 9]
    audio = tones(20)
    audio.samples[2] = np.clip(audio.samples[2] * 4.0, -32_768, 32_767)
    audio.samples[7] = audio.samples[7] // 600
    audio.samples[8] = audio.samples[8] // 400
    found = find(Dataset("s", "s", audio=audio))
    assert [(f.kind, f.rows.tolist()) for f in found] == [("silent", [7]), ("clipped", [2])]


def test_empty_short_and_long_texts_are_found_and_characters_are_counted_not_bytes():
    texts = [*sentences(20), "", " \t\n", "né", "ok then", "длинный текст на русском языке из 40 букв", "x" * 300]
    found = find(Dataset("t", "t", texts=Texts.of(texts)))
    assert {f.kind: f.rows.tolist() for f in found} == {"empty": [20, 21], "short": [22], "length": [25]}
    words = Texts.of([f"{a}{b}" for a in "abcdefg" for b in "xyz"])
    assert kinds(Dataset("t", "t", texts=words)) == []


def test_sizes_and_lengths_far_from_the_usual_are_found():
    sizes = np.full((30, 2), 100, np.int32)
    sizes[3], sizes[5], sizes[8], sizes[11] = (201, 201), (49, 49), (30, 91), (200, 200)
    found = find(pictures(scenes(30), sizes=sizes))
    assert {f.kind: f.rows.tolist() for f in found} == {"size": [3, 5], "aspect": [8]}
    audio = tones(30)
    audio.lengths[4] = 499
    assert find(Dataset("s", "s", audio=audio)).of("length").rows.tolist() == [4]


def test_labels_that_are_few_or_far_from_balanced_are_named():
    labels = np.repeat(np.arange(4), [30, 12, 9, 89])
    data = pictures(scenes(140), labels=labels, label_names=("cat", "dog", "eel", "fox", "none of these"))
    found = find(data)
    assert [f.kind for f in found] == ["few", "balance"]
    assert "“eel”" in found.of("few").text
    assert found.of("few").rows.tolist() == list(range(42, 51))
    assert found.of("balance").title == "Labels differ 9.9-fold in size"
    assert "“fox” has 89, “eel” 9" in found.of("balance").text


def test_a_nearly_empty_part_is_told_with_its_rows_or_without():
    parts = np.zeros(60, np.int8)
    parts[50:53] = 2
    found = find(pictures(scenes(60), parts=parts, split="all")).of("part")
    assert found.rows.tolist() == [50, 51, 52]
    assert "“test” has 3 items" in found.text
    assert find(pictures(scenes(60), splits={"train": 60, "test": 1})).of("part").rows.size == 0
    parts[:] = 0  # the test part is elsewhere
    assert kinds(pictures(scenes(60), parts=parts, splits={"train": 60, "test": 40}, split="all")) == []
    assert "fewer than 100" in find(pictures(scenes(60), splits={"train": 60_000, "test": 60})).found[0].text


def test_findings_are_the_same_twice_and_in_order_of_importance():
    images = scenes(60)
    images[3], images[10], images[20] = images[2], 0, resaved(images[5], 90)
    labels = (np.arange(60) > 4).astype(np.int64)
    data = pictures(images, labels=labels, label_names=("a", "b"))
    first, second = find(data), find(data)
    order = [KINDS.index(f.kind) for f in first]
    assert order == sorted(order)
    assert len(order) == 5
    assert [(f.title, f.text, f.rows.tolist()) for f in first] == [(f.title, f.text, f.rows.tolist()) for f in second]


def test_a_search_can_be_cancelled_and_says_how_far_it_is():
    told = []

    def watch(what, done, total):
        told.append((what, done, total))
        if what == "Looking at pictures":
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        find(pictures(scenes(20)), watch)
    assert told[0] == ("Looking for duplicates", 0, 20)


def test_memory_mapped_pictures_give_the_same_findings(tmp_path):
    images = scenes(40)
    images[30] = images[3]
    np.save(tmp_path / "images.npy", images)
    mapped = replace(pictures(images), images=np.load(tmp_path / "images.npy", mmap_mode="r"))
    assert find(mapped).of("duplicates").rows.tolist() == [3, 30]


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(0, 3))
def test_equal_rows_are_what_a_dictionary_finds(values, offset):
    rows = {}
    for i, value in enumerate(values):
        rows.setdefault(value, []).append(i)
    groups = [group for group in rows.values() if len(group) > 1]
    columns = np.array([[value // 2, value % 2 + offset] for value in values], np.uint64).reshape(-1, 2)
    found = alike.equal_rows(columns)
    assert found.rows.tolist() == [row for group in groups for row in group]
    assert found.numbers.tolist() == [i for i, group in enumerate(groups) for _ in group]
    assert found.count == len(groups)
    parity = np.arange(len(values)) % 2
    mixed = [group for group in groups if len({i % 2 for i in group}) > 1]
    assert found.split(parity).rows.tolist() == [row for group in mixed for row in group]
    assert found.split(parity).count == len(mixed)
