"""Parquet files that are damaged or hostile: refused by name, in flat memory, and nothing is left behind."""

import base64
import io
import zlib
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_files import opened, pictures, png

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError, WorkError
from genstudio.data import parquet
from genstudio.data.items import unwatched
from genstudio.data.proofread import proofread
from genstudio.data.spool import Spool
from genstudio.data.tables import column_names, open_table, split_choice

# pyarrow 26 ends the process that reads it: the codec of its column is none that exists
ENDS_ITS_READER = (
    "c-kdTy9&ZU5S%2(VPO%1d*tAXG#(0xs1UKRv9}QaAcnwMXkv_y@9>M=!(w(}W@m;y?oTTcG@;3X7ZM-<Q2B8tP(n%0d`yz0VJ>8dAc#T|IxmsRN9~"
    "$xMImTBjZ!f*pJ9rFKUG2-Z7d9pbqN{kze+49r<~o|(cEXlo52+!cI=VbLU_AV!j6=~EbFTN{%nS#?z*Dt`}Uo^n*MQVZ`pdYST0uD_`WaW$lv?`"
    "VCx@5"
)


@pytest.fixture(autouse=True)
def unchecked(request, monkeypatch):
    """No child process for files that pyarrow wrote a moment ago: it takes half a second and has tests of its own."""
    if "checked" not in request.fixturenames:
        monkeypatch.setattr(parquet, "proofread", lambda path, watch, head=False: None)


@pytest.fixture
def checked():
    """Files are read by a child first, as they are for a person."""


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


@pytest.mark.parametrize("seed", range(6))
def test_f38_flipped_bytes_give_data_or_a_sentence(tmp_path, checked, seed):
    random = np.random.default_rng(seed)
    whole = io.BytesIO()
    pq.write_table(pa.table({"image": [b"\x89PNG1", b"\x89PNG2"], "label": ["a", "b"]}), whole)
    mutated = np.frombuffer(whole.getvalue(), np.uint8).copy()
    places = len(mutated) - 9 - random.integers(0, 300, 2)  # in what describes the columns, nearly always
    mutated[places] ^= random.integers(1, 256, 2).astype(np.uint8)
    path = tmp_path / "table.parquet"
    path.write_bytes(mutated.tobytes())
    refused = ""
    try:
        assert opened(path).items
    except InputError as error:
        refused = str(error)
    assert not refused or "table" in refused


def test_f38_a_file_that_ends_whatever_reads_it_is_refused_by_name(tmp_path, checked):
    path = tmp_path / "table.parquet"
    path.write_bytes(zlib.decompress(base64.b85decode(ENDS_ITS_READER)))
    with pytest.raises(InputError, match=r"table\.parquet is damaged"):
        opened(path)


def test_f33_a_page_that_unpacks_without_end_is_refused(write):
    proofread(write({"image": [bytes(100)]}), unwatched, memory=320 << 20)
    path = write({"image": [bytes(120 << 20)]}, compression="ZSTD", use_dictionary=False, write_statistics=False)
    assert path.stat().st_size < 50_000
    with pytest.raises(InputError, match=r"table\.parquet takes too much memory"):
        proofread(path, unwatched, memory=320 << 20)


def test_f47_the_check_ends_when_asked_to_stop(write):
    def stop(what, done, total):
        raise Cancelled("stop")

    before = len(psutil.Process().children())
    with pytest.raises(Cancelled):
        proofread(write({"text": ["hi"]}), stop)
    assert len(psutil.Process().children()) == before


def test_f38_a_check_passes_what_is_in_order_and_leaves_sentences_to_the_reader(write, checked):
    path = write({"text": ["hi"]})
    assert opened(path).texts[:] == ["hi"]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"table\.parquet is not a Parquet file"):
        opened(path)


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
