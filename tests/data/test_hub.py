"""Hugging Face's data sets from folders of their layout; nothing here reaches for the network."""

import builtins
import os

# read when the library is first imported
os.environ["HF_HUB_OFFLINE"] = "1"

import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import hub
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing, unwatched

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)


def opened(source, folder, **options):
    return hub.load(source, DataConfig(**options), unwatched, folder / "spool.bytes")


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("datasets")


@pytest.fixture
def pictures(tmp_path):
    """A folder of pictures by part and class."""
    for part, rows in (("train", (0, 1, 2)), ("test", (3,))):
        for i in rows:
            folder = tmp_path / "pictures" / part / ("cat" if i % 2 else "dog")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(PICTURES[i]).save(folder / f"{i}.png")
    return tmp_path / "pictures"


def read(blob):
    data = Path(blob.path).read_bytes()
    return data if blob.start < 0 else data[blob.start : blob.start + blob.size]


def test_a_folder_of_pictures(library, pictures, tmp_path, capfd):
    found = opened(f"hf:{pictures}", tmp_path)
    assert isinstance(found, Listing)
    told = {item.name: (item.label, item.split) for item in found.items}
    assert told == {
        "train/cat/1.png": ("cat", "train"),
        "train/dog/0.png": ("dog", "train"),
        "train/dog/2.png": ("dog", "train"),
        "test/cat/3.png": ("cat", "test"),
    }
    assert all(read(item.blobs["image"]) == (pictures / item.name).read_bytes() for item in found.items)
    assert found.spool is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pictures"]  # what the library made is gone
    assert capfd.readouterr() == ("", "")  # no bars, no warnings
    stamp = found.stamp
    assert opened(f"hf:{pictures}", tmp_path).stamp == stamp
    os.utime(pictures / "train" / "dog" / "0.png", ns=(1, 1))
    assert opened(f"hf:{pictures}", tmp_path).stamp != stamp


def test_one_part_by_name(library, pictures, tmp_path):
    found = opened(f"hf:{pictures}:test", tmp_path)
    assert [(item.name, item.split) for item in found.items] == [("test/cat/3.png", None)]
    with pytest.raises(InputError, match="“pictures” has no part “valid”: it has train, test"):
        opened(f"hf:{pictures}:valid", tmp_path)


def test_tables_of_bytes_with_class_names(library, tmp_path):
    features = library.Features(
        {
            "image": library.Image(),
            "label": library.ClassLabel(names=["ant", "bee"]),
            "sound": library.Value("string"),
        }
    )
    rows = {"image": [Image.fromarray(p) for p in PICTURES], "label": [1, 0, 0, 1], "sound": ["a", "b", "c", "d"]}
    (tmp_path / "set").mkdir()
    library.Dataset.from_dict(rows, features=features).to_parquet(str(tmp_path / "set" / "train-00000.parquet"))
    found = opened(f"hf:{tmp_path / 'set'}#text=sound", tmp_path)
    assert [item.label for item in found.items] == ["bee", "ant", "ant", "bee"]
    assert [item.text for item in found.items] == list("abcd")
    assert [item.split for item in found.items] == [None] * 4  # one part is no division
    decoded = [np.asarray(Image.open(io.BytesIO(read(item.blobs["image"])))) for item in found.items]
    assert np.array_equal(np.stack(decoded), PICTURES)
    assert found.spool == tmp_path / "spool.bytes"
    with pytest.raises(InputError, match="has no column “nope”: its columns are image, label, sound"):
        opened(f"hf:{tmp_path / 'set'}#image=nope", tmp_path)


def test_sounds_are_not_decoded(library, tmp_path):
    sound = b"RIFF but not a sound"  # who decodes it will say so
    table = pa.table({"noise": [{"bytes": sound, "path": "a.wav"}, {"bytes": sound, "path": "b.wav"}]})
    features = {"info": {"features": {"noise": {"_type": "Audio", "sampling_rate": 8000}}}}
    (tmp_path / "sounds").mkdir()
    pq.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps(features)}), tmp_path / "sounds" / "train.parquet"
    )
    found = opened(f"hf:{tmp_path / 'sounds'}", tmp_path)
    assert [item.name for item in found.items] == ["a.wav", "b.wav"]
    assert [read(item.blobs["audio"]) for item in found.items] == [sound, sound]


def test_texts_are_a_data_set(library, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "train.txt").write_text("hello\nworld\n", encoding="utf-8")
    (tmp_path / "texts" / "test.txt").write_text("bye\n", encoding="utf-8")
    data = opened(f"hf:{tmp_path / 'texts'}", tmp_path, text_length=4)
    assert isinstance(data, Dataset)
    assert data.texts[:] == ["hell", "worl", "bye"]
    assert data.parts.tolist() == [0, 0, 2]
    assert data.splits == {"train": 2, "test": 1}


def test_f34_a_path_in_a_table_of_a_folder_stays_in_it(library, tmp_path, pictures):
    (tmp_path / "set").mkdir()
    good = (pictures / "train" / "dog" / "0.png").read_bytes()
    inside = tmp_path / "set" / "in.png"
    inside.write_bytes(good)
    cells = [
        {"bytes": good, "path": None},
        {"bytes": None, "path": str(inside)},
        {"bytes": None, "path": str(pictures / "train" / "dog" / "0.png")},
        {"bytes": None, "path": "../pictures/train/dog/0.png"},
        {"bytes": None, "path": "https://example.org/a.png"},
    ]
    pq.write_table(pa.table({"image": cells}), tmp_path / "set" / "train.parquet")
    found = opened(f"hf:{tmp_path / 'set'}", tmp_path)
    assert [(item.name, item.blobs["image"].path) for item in found.items] == [
        ("row 1", str(found.spool)),
        ("in.png", os.path.realpath(inside)),
    ]
    assert [r.reason.split(":")[0] for r in found.rejected] == [
        "is an absolute path",
        "leads out of the table's folder",
        "is an address on the net",
    ]


@pytest.mark.parametrize("name", ["", " ", "a/b/c", "../x", "/none/such", "a b", "a:b c", "file://x", "x" * 200])
def test_a_name_that_cannot_be_is_refused(library, tmp_path, name):
    with pytest.raises(InputError, match="names no data set"):
        opened(f"hf:{name}", tmp_path)


def test_without_a_connection_a_sentence_says_so(library, tmp_path):
    assert library.config.HF_HUB_OFFLINE, "this test would reach for the network"
    with pytest.raises(InputError, match="Hugging Face cannot be reached for “nobody/nothing”"):
        opened("hf:nobody/nothing", tmp_path)


def test_an_unknown_name_is_told_from_no_connection(library, tmp_path, monkeypatch):
    def missing(*args, **options):
        raise library.exceptions.DatasetNotFoundError("Dataset 'nobody/nothing' doesn't exist on the Hub")

    monkeypatch.setattr(library, "load_dataset", missing)
    with pytest.raises(InputError, match="There is no data set “nobody/nothing”"):
        opened("hf:nobody/nothing", tmp_path)


def test_a_folder_of_something_else_is_refused(library, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "a.xyz").write_bytes(b"?")
    with pytest.raises(InputError, match=r"“odd” cannot be opened.*without “hf:”"):
        opened(f"hf:{tmp_path / 'odd'}", tmp_path)


def test_f40_a_script_in_a_folder_is_not_run(library, tmp_path):
    folder = tmp_path / "scripted"
    folder.mkdir()
    (folder / "scripted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    (folder / "train.txt").write_text("hello\n", encoding="utf-8")
    try:
        opened(f"hf:{folder}", tmp_path)
    except InputError as error:
        assert "scripted" in str(error)  # noqa: PT017 - either answer is right
    assert not (tmp_path / "ran").exists()


def test_without_the_library_the_command_is_named(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **options):
        if name == "datasets":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.delitem(sys.modules, "datasets", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'genstudio\[hub\]'"):
        opened("hf:ylecun/mnist", tmp_path)
