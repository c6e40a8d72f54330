"""A folder in which good pictures lie among files that are broken, hostile or none at all: it is known which."""

import os
from pathlib import Path

import numpy as np
import pytest
from hostile_files import bomb, make_mixed

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import cache, open_source


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The folder, what is in it, and what it gave when it was opened first and again."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GENSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
    folder = tmp_path_factory.mktemp("mixed")
    truth = make_mixed(folder, good=300, bad=60, seed=3)
    told = []
    first = open_source(str(folder), config=DataConfig(size=32), watch=lambda *what: told.append(what))
    entries = sorted(path.name for path in cache.folder().iterdir())
    again = open_source(str(folder), config=DataConfig(size=32))
    assert sorted(path.name for path in cache.folder().iterdir()) == entries
    patch.undo()
    return folder, truth, first, again, told


def test_f31_all_good_pictures_load_and_no_others(mixed):
    _, truth, data, _, _ = mixed
    assert sorted(data.names) == sorted(truth.good)
    assert data.images.shape == (len(truth.good), 32, 32, 3)
    assert len(data) >= 300


def test_f31_f33_f39_every_bad_file_is_listed_once_with_a_reason(mixed):
    _, truth, data, _, _ = mixed
    listed = [rejected.file for rejected in data.rejected]
    assert sorted(listed) == sorted(truth.bad), {name: truth.bad.get(name) for name in set(listed) ^ set(truth.bad)}
    assert all(len(rejected.reason.split()) > 1 for rejected in data.rejected)


REASONS = {
    "empty": "empty",
    "text": "text",
    "bomb": "too large",
    "too wide": "20",
    "pickle": "pickle",
    "HTML": "web page",
    "LFS pointer": "git lfs pull",
    "dangling link": "leads nowhere",
    "circular link": "link back",
    "pipe": "named pipe",
}


@pytest.mark.parametrize("kind", REASONS)
def test_f33_f39_the_reason_says_what_the_file_is(mixed, kind):
    _, truth, data, _, _ = mixed
    reasons = [rejected.reason for rejected in data.rejected if truth.bad[rejected.file] == kind]
    assert len(reasons) >= 3
    assert all(REASONS[kind] in reason for reason in reasons), reasons


def test_f35_every_kind_of_good_picture_has_its_own_colours(mixed):
    _, truth, data, _, _ = mixed
    assert len(set(truth.good.values())) >= 11
    flat = np.asarray(data.images, np.int16).reshape(len(data), -1)
    dull = [data.names[int(i)] for i in np.flatnonzero(flat.max(1) - flat.min(1) < 20)]
    assert dull == []
    assert len({row.tobytes() for row in flat}) == len(flat)


def test_the_second_opening_gives_the_same_from_the_cache(mixed):
    _, _, first, again, _ = mixed
    assert list(again.names) == list(first.names)
    assert np.array_equal(again.images, first.images)
    assert np.array_equal(again.sizes, first.sizes)
    assert again.rejected == first.rejected


def test_progress_was_told(mixed):
    _, _, _, _, told = mixed
    assert {what for what, _, _ in told} > {"looking through the folder"}
    assert all(0 <= done <= max(done, total) for _, done, total in told)


def test_nothing_in_the_folder_was_run_or_changed(mixed):
    folder, truth, _, _, _ = mixed
    assert not Path("genstudio-was-hackable!").exists()
    assert sum(len(files) for _, _, files in os.walk(folder)) >= len(truth.good)


def test_f31_a_folder_of_bad_files_only_is_one_sentence(tmp_path):
    truth = make_mixed(tmp_path, good=0, bad=38, seed=1)
    for name, kind in {**truth.good, **truth.bad}.items():
        if kind in (
            "unreadable",
            "text",
        ):  # what root may read, and texts, which are good where there are no pictures
            (tmp_path / name.replace("\\n", "\n")).unlink()
    with pytest.raises(InputError) as failure:
        open_source(str(tmp_path))
    assert len(str(failure.value)) < 500
    assert "\n" not in str(failure.value)


def test_f33_one_bomb_among_many_names_does_not_spoil_the_rest(tmp_path):
    make_mixed(tmp_path, good=12, bad=0, seed=2)
    for i in range(3):
        (tmp_path / f"bomb {i}.png").write_bytes(bomb())
    data = open_source(str(tmp_path), config=DataConfig(size=16))
    assert len(data) == 12
    assert [r.file for r in data.rejected] == ["bomb 0.png", "bomb 1.png", "bomb 2.png"]
