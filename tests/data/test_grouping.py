"""From files to items: which kind, what belongs together, labels, parts, groups, tables and lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import PNG, WAV, fill, look, names, plain, reasons

from genstudio.core.errors import InputError
from genstudio.data.grouping import labels_by_name, parts_of, without_last_number


def labels(listing):
    return {item.name: item.label for item in listing.items}


def splits(listing):
    return {item.name: item.split for item in listing.items}


def texts(listing):
    return [item.text for item in listing.items]


# --- kinds -----------------------------------------------------------------------------------------------


def test_the_more_frequent_kind_of_media_is_kept(tmp_path):
    files = {"a.png": PNG, "b.png": PNG, "c.wav": WAV, "d.txt": "x", "e.json": "{}", "f.csv": "a,b\n1,2\n"}
    listing = look(fill(tmp_path, files))
    assert names(listing) == ["a.png", "b.png"]
    assert reasons(listing) == {
        "c.wav": "is a sound among pictures",
        "d.txt": "is text, not a picture",
        "e.json": "is about the data, not a picture, sound or text to learn from",
        "f.csv": "is a table that names none of the files here, or too few of them",
    }
    listing = look(fill(tmp_path, {"g.wav": WAV, "h.wav": WAV}))
    assert names(listing) == ["c.wav", "g.wav", "h.wav"]
    assert reasons(listing)["a.png"] == "is a picture among sounds"
    assert reasons(listing)["d.txt"] == "is text, not a sound"


def test_texts_are_items_only_where_nothing_else_is(tmp_path):
    files = {"2.txt": "b", "10.txt": "c", "readme.txt": "x", "LICENSE": "y", "noname": "some words"}
    listing = look(fill(tmp_path, files))
    assert names(listing) == ["2.txt", "10.txt", "noname"]
    assert all(set(item.blobs) == {"text"} for item in listing.items)
    assert set(reasons(listing)) == {"readme.txt", "LICENSE"}


def test_captions_beside_pictures_are_joined_to_them(tmp_path):
    files = {"x/1.png": PNG, "x/1.txt": "one", "y/1.JPG": PNG, "y/1.txt": "two", "y/2.png": PNG, "z/2.txt": "lost"}
    listing = look(fill(tmp_path, files))
    assert names(listing) == ["x/1.png", "y/1.JPG", "y/2.png"]
    assert [sorted(item.blobs) for item in listing.items] == [["image", "text"], ["image", "text"], ["image"]]
    assert listing.items[1].blobs["text"].path.endswith("y/1.txt")
    assert reasons(listing) == {"z/2.txt": "has no picture of the same name beside it"}


def test_pictures_sounds_and_texts_of_one_name_become_one_item(tmp_path):
    files = {f"{i}{suffix}": data for i in range(4) for suffix, data in ((".png", PNG), (".wav", WAV), (".txt", "t"))}
    listing = look(fill(tmp_path, files | {"3.flac": b"fLaC"}))
    assert names(listing) == ["0.wav", "1.wav", "2.wav", "3.flac", "3.wav"]
    assert all(set(item.blobs) == {"image", "audio", "text"} for item in listing.items)


def test_a_second_file_of_the_same_name_and_kind_is_rejected(tmp_path):
    files = {"1.png": PNG, "2.png": PNG, "3.png": PNG, "1.wav": WAV, "1.flac": b"fLaC", "2.wav": WAV}
    listing = look(fill(tmp_path, files))
    assert listing.items[0].blobs["audio"].path.endswith("1.flac")
    assert reasons(listing) == {"1.wav": "is a sound of the same name as 1.flac"}


@given(st.integers(1, 8), st.integers(0, 8))
def test_another_kind_joins_from_half_of_the_items_on(tmp_path_factory, pictures, captions):
    captions = min(captions, pictures)
    files = {f"{i}.png": PNG for i in range(pictures)} | {f"{i}.txt": "t" for i in range(captions)}
    listing = look(fill(tmp_path_factory.mktemp("set"), files))
    joined = captions and 2 * captions >= pictures
    assert sum("text" in item.blobs for item in listing.items) == (captions if joined else 0)
    assert len(listing.rejected) == (0 if joined else captions)
    assert len(listing.items) == pictures


# --- labels ----------------------------------------------------------------------------------------------


def test_folders_are_labels_without_what_all_have_in_common(tmp_path):
    files = ["data/all/Greek/a/1.png", "data/all/Greek/b/1.png", "data/all/Latin/a/1.png", "data/all/rest.png"]
    listing = look(fill(tmp_path, dict.fromkeys(files, PNG)))
    assert list(labels(listing).values()) == ["Greek/a", "Greek/b", "Latin/a", None]


def test_one_folder_is_no_label(tmp_path):
    listing = look(fill(tmp_path, {"a/1.png": PNG, "a/2.png": PNG, "3.png": PNG}))
    assert set(labels(listing).values()) == {None}
    assert [item.label for item in look(tmp_path, labels="folder").items] == [None, "a", "a"]


def test_the_start_of_names_is_a_label_where_it_looks_like_one(tmp_path):
    words = [f"{digit}_{speaker}_{i}.wav" for digit in range(3) for speaker in ("ann", "bob") for i in range(2)]
    listing = look(fill(tmp_path, dict.fromkeys(words, WAV)))
    assert [item.label for item in listing.items] == [name[0] for name in names(listing)]
    assert {item.label for item in look(tmp_path, labels="none").items} == {None}
    assert {item.label for item in look(tmp_path, labels="folder").items} == {None}


@pytest.mark.parametrize(
    "stems",
    [
        [f"IMG_{i}" for i in range(20)],  # one start only
        [f"{i}_x" for i in range(20)],  # a number of its own each
        [f"{i // 2}_{i % 2}" for i in range(20)],  # too few of each
        [f"a_{i}" for i in range(20)] + ["b_1"],  # one has a single item
        [f"{'ab'[i % 2]}_{i}" for i in range(20)] + ["plain"],  # one has none
        ["_a", "_b", "-c", "_d"] * 4,
        [],
    ],
)
def test_the_start_of_names_is_no_label_otherwise(stems):
    assert labels_by_name(stems, strict=True) == [None] * len(stems)


def test_the_start_of_names_can_be_forced():
    assert labels_by_name(["x/IMG_1.png", "a-b.png", "plain.png"], strict=False) == ["IMG", "a", None]


# --- parts -----------------------------------------------------------------------------------------------


def test_top_folders_that_are_all_parts_are_parts_not_labels(tmp_path):
    files = ["train/cat/1.png", "train/dog/2.png", "Val/cat/1.png", "test/dog/1.png", "test/3.png"]
    listing = look(fill(tmp_path, dict.fromkeys((f"set/{name}" for name in files), PNG)))
    assert [(item.split, item.label) for item in listing.items] == [
        ("validation", "cat"), ("test", None), ("test", "dog"), ("train", "cat"), ("train", "dog"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "folders", [{"train", "test", "extra"}, {"train", "test", ""}, {"train", "training"}, {"train"}]
)
def test_other_folders_are_no_parts(folders):
    assert {part for part, _ in parts_of(folders).values()} == {None}


def test_what_parts_have_in_common_below_is_left_out():
    found = parts_of({"x/train/images/a", "x/test/images/b"})
    assert found == {"x/train/images/a": ("train", "a"), "x/test/images/b": ("test", "b")}


@given(st.lists(st.lists(st.sampled_from(["train", "test", "a", "b"]), max_size=4), min_size=1, max_size=6))
def test_what_is_left_of_folders_tells_them_apart_as_before(paths):
    folders = {"/".join(path) for path in paths}
    found = parts_of(folders)
    assert set(found) == folders
    assert len(set(found.values())) == len(folders) or "train" in str(folders)
    assert all(folder.endswith(rest) for folder, (_, rest) in found.items())


def test_lists_of_names_are_parts(tmp_path):
    files = {f"x/{i}.png": PNG for i in range(6)}
    lists = {"train.txt": "x/0.png\nx/1\n\n2.png\r\n", "val.txt": "\ufeff./x/3.png\nunknown.png\n", "test.txt": "5\n"}
    listing = look(fill(tmp_path, files | lists))
    assert list(splits(listing).values()) == ["train", "train", "train", "validation", None, "test"]
    assert listing.rejected == ()


def test_a_text_called_like_a_part_is_a_list_only_when_it_lists(tmp_path):
    files = {"1.png": PNG, "2.png": PNG, "train.txt": "a sentence\nabout something\n1.png\n"}
    listing = look(fill(tmp_path, files))
    assert set(splits(listing).values()) == {None}
    assert reasons(listing) == {"train.txt": "is text, not a picture"}


def test_texts_called_like_parts_are_those_parts(tmp_path):
    listing = look(fill(tmp_path, {"train.txt": "a\nb\n", "valid.txt": "c\n", "test.txt": "d\n"}))
    assert splits(listing) == {"test.txt": "test", "train.txt": "train", "valid.txt": "validation"}


def test_texts_may_be_listed_by_one_text_while_another_is_an_item(tmp_path):
    files = {f"{i}.txt": f"text {i}" for i in range(4)} | {
        "train.txt": "0.txt\n1.txt\n",
        "test.txt": "some sentence\n",
    }
    listing = look(fill(tmp_path, files))
    assert names(listing) == ["0.txt", "1.txt", "2.txt", "3.txt", "test.txt"]
    assert list(splits(listing).values()) == ["train", "train", None, None, None]


# --- groups ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "group"),
    [
        ("0_george_12", "0_george"),
        ("take (3)", "take"),
        ("a1b2c", "a1bc"),
        ("007", "007"),
        ("plain", "plain"),
        ("x-1", "x"),
    ],
)
def test_the_last_number_is_left_out(stem, group):
    assert without_last_number(stem) == group


def test_groups_are_given_only_when_asked_for(tmp_path):
    files = {"a/x_1.png": PNG, "a/x_2.png": PNG, "b/y_1.png": PNG}
    root = fill(tmp_path, files | {"m.csv": "file,speaker\na/x_1.png,s\na/x_2.png,t\nb/y_1.png,t\n"})

    def groups(mode):
        return [item.group for item in look(root, group=mode).items]

    assert groups("none") == [None] * 3
    assert groups("folder") == ["a", "a", "b"]
    assert groups("name") == ["x", "x", "y"]
    assert groups("given") == ["s", "t", "t"]


# --- the real sets ---------------------------------------------------------------------------------------


def counts(listing, what):
    found = {}
    for item in listing.items:
        found[getattr(item, what)] = found.get(getattr(item, what), 0) + 1
    return found


def test_the_spoken_digits_are_labelled_by_name(real_data):
    listing = look(real_data / "fsdd" / "fsdd_recordings.zip", group="name")
    assert counts(listing, "label") == {str(i): 300 for i in range(10)}
    assert listing.items[0].group == "0_george"
    assert listing.rejected == ()
    assert set(listing.items[0].blobs) == {"audio"}


def test_the_emoji_have_captions_parts_and_groups(real_data):
    listing = look(real_data / "emoji" / "emoji_noto_twemoji_64.zip", group="given")
    assert counts(listing, "label") == {"noto": 1831, "twemoji": 1831}
    assert counts(listing, "split") == {"train": 2 * (755 + 715), "validation": 2 * 163, "test": 2 * 198}
    grin = [item for item in listing.items if item.name.endswith("/1f600.png")]
    assert [(item.text, item.group) for item in grin] == [("grinning face", "grinning face")] * 2
    assert all(texts(listing))
    assert [each.file for each in listing.rejected] == ["LICENCES.txt"]
    by_group = {}
    for item in listing.items:
        by_group.setdefault(item.group, set()).add(item.split)
    assert all(len(parts) == 1 for parts in by_group.values())


def test_the_other_sets_are_labelled_by_folder(real_data, tmp_path):
    signs = look(real_data / "sign-digits" / "sign_digits_100px_jpg.zip")
    assert (len(signs.items), len(counts(signs, "label"))) == (2062, 10)
    letters = look(real_data / "omniglot" / "images_background_small1.zip")
    assert counts(letters, "label")["Balinese/character01"] == 20
    assert (len(letters.items), len(counts(letters, "label"))) == (2720, 136)
    cifar = look(real_data / "cifar10-subset" / "cifar10_jpg_10pct.zip")
    assert counts(cifar, "split") == {"train": 5000, "test": 1000}
    assert set(counts(cifar, "label").values()) == {600}
    assert not signs.rejected + letters.rejected + cifar.rejected


def test_an_archive_of_notes_only_is_a_sentence(tmp_path):
    with pytest.raises(
        InputError, match=r"holds nothing to learn from, only 1 file that cannot.* Instead, name an archive"
    ):
        look(plain(tmp_path / "set.zip", {"README.md": "x"}))
