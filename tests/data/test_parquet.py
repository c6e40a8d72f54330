"""Parquet files: bytes go into the spool and come out equal, with what the table says of them."""

import io
import os
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from table_files import opened, pictures, png, spooled

from genstudio.data import parquet
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """No child process for files that pyarrow wrote a moment ago: it takes half a second and has tests of its own."""
    monkeypatch.setattr(parquet, "proofread", lambda path, watch, head=False: None)


def test_bytes_are_put_aside_and_come_out_equal(write):
    files = [png(image) for image in pictures(5)]
    found = opened(write({"image": files, "caption": list("abcde")}, row_group_size=2))
    assert isinstance(found, Listing)
    assert found.spool is not None
    assert [spooled(item.blobs["image"]) for item in found.items] == files
    assert [item.name for item in found.items] == [f"row {i}" for i in range(1, 6)]
    assert [item.text for item in found.items] == list("abcde")
    decoded = np.stack([np.asarray(Image.open(io.BytesIO(spooled(item.blobs["image"])))) for item in found.items])
    assert np.array_equal(decoded[..., None], pictures(5))


def test_structs_of_bytes_and_path_with_class_names(write):
    files = [png(image) for image in pictures(3)]
    path = write(
        {
            "image": [{"bytes": file, "path": f"in/{i}.png"} for i, file in enumerate(files)],
            "label": [1, 0, -1],
        },
        {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["ant", "bee"]}},
    )
    found = opened(path)
    assert [(item.name, item.label) for item in found.items] == [("0.png", "bee"), ("1.png", "ant"), ("2.png", None)]
    assert [spooled(item.blobs["image"]) for item in found.items] == files
    assert any("1 rows have no label" in note for note in found.notes)


@pytest.mark.parametrize(
    "names", [None, [], "ab", [1, 2], ["a", "a"], ["a", None], ["x" * 300, "b"], [["a"], "b"]], ids=repr
)
def test_f38_class_names_that_cannot_be_are_passed_over(write, names):
    path = write({"text": ["hi", "ho"], "label": [0, 1]}, {"label": {"_type": "ClassLabel", "names": names}})
    assert opened(path).label_names == ("0", "1")


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b"\xff", b'{"info": 3}', b"[" * 100_000])
def test_f38_metadata_that_is_damaged_is_passed_over(write, metadata):
    table = pa.table({"text": ["hi"], "label": [0]}).replace_schema_metadata({b"huggingface": metadata})
    assert opened(write(table)).texts[:] == ["hi"]


def test_sounds_are_told_from_pictures(write):
    wav, flac = b"RIFF\0\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22"
    found = opened(write({"noise": [wav, flac], "pixels": [b"\x89PNG1", b"\x89PNG2"]}))
    assert [spooled(item.blobs["audio"]) for item in found.items] == [wav, flac]
    assert [spooled(item.blobs["image"]) for item in found.items] == [b"\x89PNG1", b"\x89PNG2"]


def test_paths_lie_beside_the_table(write):
    path = write({"file": ["a.png", "../b.png", None]})
    (path.parent / "a.png").write_bytes(png(pictures()[0]))
    found = opened(path)
    assert [item.name for item in found.items] == ["a.png"]
    assert [r.file for r in found.rejected] == ["../b.png", "row 3"]
    assert found.spool is None


def test_f34_a_path_in_a_struct_stays_in_the_folder(write):
    good = png(pictures()[0])
    found = opened(
        write({"image": [{"bytes": good, "path": None}, {"bytes": None, "path": "/etc/passwd"},
                         {"bytes": None, "path": "../../x.png"}, {"bytes": good, "path": "/etc/../passwd\0"}]})
    )  # fmt: skip
    assert [r.reason.split(":")[0] for r in found.rejected] == [
        "is an absolute path",
        "leads out of the table's folder",
    ]
    assert [item.name for item in found.items] == ["row 1", "passwd\\x00"]
    assert all(item.blobs["image"].path == str(found.spool) for item in found.items)


def test_texts_labels_and_parts(write):
    data = opened(
        write({"review": ["good", None, "bad", ""], "label": [True, False, None, True], "split": list("abcd")})
    )
    assert isinstance(data, Dataset)
    assert data.texts[:] == ["good", "bad"]
    assert data.labels.tolist() == [0, -1]
    assert [r.reason for r in data.rejected] == ["has no text in column “review”"] * 2


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", "y"]).dictionary_encode(),
        pa.array(["x", "y"], pa.large_string()),
        pa.array([date(2020, 1, 1), date(2021, 1, 1)]),
        pa.array([1.0, 2.0]),
        pa.array([1, 2], pa.uint64()),
    ],
    ids=lambda column: str(column.type),
)
def test_labels_of_any_plain_type(write, column):
    data = opened(write({"text": ["hi", "ho"], "label": column}))
    assert data.labels.tolist() == [0, 1]


def test_pixel_columns_are_pictures(write):
    images = pictures(7)
    columns = {f"pixel{i}": images.reshape(7, -1)[:, i] for i in range(64)}
    data = opened(write({"label": [3, 1, 4, 1, 5, 9, 2], **columns}, row_group_size=3))
    assert np.array_equal(data.images, images)
    assert [data.label_names[i] for i in data.labels] == list("3141592")
    gaps = {**columns, "pixel5": [None, *range(6)]}
    with_gap = opened(write({"label": list(range(7)), **gaps}))
    assert len(with_gap) == 6
    assert with_gap.rejected[0].file == "row 1"


def test_the_stamp_changes_with_content_and_choice(write):
    path = write({"image": [b"\x89PNG"], "other": [b"\x89PNG"]})
    stamps = [opened(path).stamp, opened(path).stamp, opened(path, {"image": "other"}).stamp]
    os.utime(path, ns=(1, 1))
    stamps.append(opened(path).stamp)
    assert len(set(stamps)) == 3
