"""Parquet files: bytes go into the spool and come out equal, and what is damaged is refused by name."""

import io
import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError, WorkError
from genstudio.data import parquet
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing, unwatched
from genstudio.data.spool import Spool
from genstudio.data.tables import column_names, open_table, split_choice


def pictures(count=6):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), np.uint8)


def png(image):
    data = io.BytesIO()
    Image.fromarray(image[:, :, 0]).save(data, "PNG")
    return data.getvalue()


def opened(path, choice=None, **options):
    return open_table(path, str(path), choice or {}, DataConfig(**options), unwatched, path.parent / "spool.bytes")


@pytest.fixture
def write(tmp_path):
    """Writes columns as a Parquet file; `features` as Hugging Face's library describes them."""

    def make(columns, features=None, **options):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        if features is not None:
            table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        path = tmp_path / "table.parquet"
        pq.write_table(table, path, **options)
        return path

    return make


def read(blob):
    return Path(blob.path).read_bytes()[blob.start : blob.start + blob.size]


def test_bytes_are_put_aside_and_come_out_equal(write):
    files = [png(image) for image in pictures(5)]
    found = opened(write({"image": files, "caption": list("abcde")}, row_group_size=2))
    assert isinstance(found, Listing)
    assert found.spool is not None
    assert [read(item.blobs["image"]) for item in found.items] == files
    assert [item.name for item in found.items] == [f"row {i}" for i in range(1, 6)]
    assert [item.text for item in found.items] == list("abcde")
    decoded = np.stack([np.asarray(Image.open(io.BytesIO(read(item.blobs["image"])))) for item in found.items])
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
    assert [read(item.blobs["image"]) for item in found.items] == files
    assert any("1 rows have no label" in r.reason for r in found.rejected)


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
    assert [read(item.blobs["audio"]) for item in found.items] == [wav, flac]
    assert [read(item.blobs["image"]) for item in found.items] == [b"\x89PNG1", b"\x89PNG2"]


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


# --- faults ---------------------------------------------------------------------------------------------


def test_f38_a_missing_column_is_refused_with_those_there_are(write):
    path = write({"alpha": ["x"], "beta": [1]})
    with pytest.raises(InputError, match=r"table\.parquet has no column “gamma”: its columns are alpha, beta"):
        opened(path, {"text": "gamma"})
    with pytest.raises(InputError, match="alpha, beta"):
        split_choice(f"{path}#bild=alpha")
    assert column_names(path) == ("alpha", "beta")


def test_f38_nested_columns_are_refused_when_chosen_and_passed_over_otherwise(write):
    path = write({"boxes": [[1, 2], []], "text": ["hi", "ho"]})
    assert opened(path).texts[:] == ["hi", "ho"]
    with pytest.raises(InputError, match=r"table\.parquet.*“boxes”.*lists or records"):
        opened(path, {"image": "boxes"})
    with pytest.raises(InputError, match=r"table\.parquet.*boxes.*lists or records"):
        opened(write({"boxes": [[1]]}))


def test_f38_nulls_are_rejected_by_row(write):
    file = png(pictures()[0])
    found = opened(write({"image": [file, None, b"", file], "caption": ["a", "b", "c", None]}), {"text": "caption"})
    assert [r.file for r in found.rejected] == ["row 2", "row 3", "row 4"]
    with pytest.raises(InputError, match=r"None of its 2 rows can be used: row 1 has no picture"):
        opened(write({"image": pa.array([None, None], pa.binary())}), {"image": "image"})


def test_f38_a_column_of_the_wrong_type_is_refused(write):
    with pytest.raises(InputError, match=r"row 1 has a number, not a picture, in column “image”"):
        opened(write({"image": [1.5, 2.5], "x": [1, 2]}), {"image": "image"})
    with pytest.raises(InputError, match=r"table\.parquet has no column of pictures, sounds or text"):
        opened(write({"height": [1.5, 2.5]}))


def test_f38_text_that_is_not_utf8_is_shown_as_such(write):
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"a\xff", b"ok"]).buffers())
    assert opened(write({"text": broken})).texts[:] == ["a\ufffd", "ok"]


def test_f38_a_cut_footer_is_refused_by_name(write):
    path = write({"text": ["hi"] * 100})
    whole = path.read_bytes()
    for length in (0, 3, 4, 12, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"table\.parquet"):
            opened(path)


def test_f38_a_table_with_no_rows_is_refused(write):
    with pytest.raises(InputError, match=r"table\.parquet has no rows"):
        opened(write({"text": pa.array([], pa.string())}))


def test_f38_two_columns_of_one_name_are_refused(write):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    with pytest.raises(InputError, match="two columns called “text”"):
        opened(write(table))


def test_f38_a_huge_row_group_is_refused(write, monkeypatch):
    path = write({"text": ["hi"] * 1000})
    monkeypatch.setattr(parquet, "_MOST_GROUP", 10)
    with pytest.raises(InputError, match=r"table\.parquet says that row group 1 has 1,000 rows"):
        opened(path)
    monkeypatch.setattr(parquet, "MOST_ROWS", 999)
    with pytest.raises(InputError, match="more than 999"):
        opened(path)


def test_f38_a_large_row_group_is_read_in_flat_memory(write, monkeypatch):
    monkeypatch.setattr(parquet, "_BATCH_BYTES", 1 << 20)
    cell = np.random.default_rng(0).bytes(1 << 18)
    cells = [b"\x89PNG" + cell[i:] + cell[:i] for i in range(160)]
    path = write({"image": cells}, use_dictionary=False, write_batch_size=4)
    before = pa.total_allocated_bytes()
    peaks = []
    take = parquet.take

    def measured(rows, roles, batch, first):
        peaks.append(pa.total_allocated_bytes() - before)
        take(rows, roles, batch, first)

    monkeypatch.setattr(parquet, "take", measured)
    found = opened(path)
    assert len(found.items) == 160
    assert path.stat().st_size > 40 << 20
    assert len(peaks) > 30
    assert max(peaks) < 12 << 20


def test_f33_one_cell_repeated_without_end_is_refused(write, monkeypatch):
    monkeypatch.setattr(parquet, "_LEAST_SPOOL", 1 << 20)
    cells = pa.DictionaryArray.from_arrays(pa.array([0] * 9000, pa.int32()), pa.array([b"\x89PNG" + b"x" * 10_000]))
    path = write({"image": cells}, compression="NONE")
    assert path.stat().st_size < 50_000
    with pytest.raises(InputError, match="as only a trap does"):
        opened(path)
    assert not (path.parent / "spool.bytes").exists()


def test_f33_a_cell_beyond_the_limit_is_rejected(write, monkeypatch):
    monkeypatch.setattr("genstudio.data.rows.MOST_CELL", 1 << 20)
    found = opened(write({"image": [b"\x89PNG", b"x" * (2 << 20)]}))
    assert len(found.items) == 1
    assert "2 MB, more than 1" in found.rejected[0].reason


@given(st.data())
@settings(max_examples=100)
def test_f38_flipped_bytes_give_data_or_a_sentence(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    path = folder / "table.parquet"
    whole = io.BytesIO()
    pq.write_table(pa.table({"image": [b"\x89PNG1", b"\x89PNG2"], "label": ["a", "b"]}), whole)
    mutated = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(mutated)
    refused = ""
    try:
        opened(path)
    except InputError as error:
        refused = str(error)
    assert not refused or "table" in refused


# --- the spool ------------------------------------------------------------------------------------------


def test_f21_a_full_disk_is_said_and_nothing_is_left(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    link = tmp_path / "spool"
    link.symlink_to("/dev/full")
    with pytest.raises(WorkError, match="Free some space"), Spool(link) as spool:
        spool.add(b"x" * 10)
    assert not link.is_symlink()


def test_a_spool_is_removed_when_reading_is_stopped(write):
    def stop(what, done, total):
        raise Cancelled("stop")

    path = write({"image": [b"\x89PNG"] * 3})
    with pytest.raises(Cancelled):
        open_table(path, str(path), {}, DataConfig(), stop, path.parent / "spool.bytes")
    assert not (path.parent / "spool.bytes").exists()


def test_a_spool_that_cannot_be_made_is_said(write):
    path = write({"image": [b"\x89PNG"]})
    with pytest.raises(WorkError, match="cannot be put aside"):
        open_table(path, str(path), {}, DataConfig(), unwatched, path.parent / "none" / "spool")
