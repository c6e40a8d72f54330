"""Files of every kind, made by hand."""

import gzip
import json
import struct
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from decode_files import RANDOM, children, png, zombies
from numpy.lib.format import open_memmap
from PIL import Image
from table_files import pictures

from genstudio.data.arrays import load
from genstudio.data.items import Blob

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    """The bytes of an IDX file, after the format's own description."""
    array = np.asarray(array)
    head = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="session")
def idx():
    return idx_bytes


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of IDX files from {name: array or bytes}; names ending in .gz are packed."""

    def make(**files):
        for name, content in files.items():
            name = name.replace("__", "-").replace("_gz", ".gz")
            data = content if isinstance(content, bytes) else idx_bytes(content)
            (tmp_path / name).write_bytes(gzip.compress(data, 1) if name.endswith(".gz") else data)
        return tmp_path

    return make


@pytest.fixture
def file(tmp_path):
    def make(name, data):
        (tmp_path / name).write_bytes(data)
        return Blob(str(tmp_path / name))

    return make


@pytest.fixture
def small(file):
    """Forty pictures of noise and their pixels."""
    pixels = RANDOM.integers(0, 256, (40, 8, 8, 3), np.uint8)
    return [file(f"{i}.png", png(picture)) for i, picture in enumerate(pixels)], pixels


@pytest.fixture
def array(tmp_path):
    """Makes an empty .npy file."""

    def make(shape, dtype=np.uint8, name="out.npy"):
        open_memmap(tmp_path / name, "w+", dtype, shape).flush()
        return tmp_path / name

    return make


@pytest.fixture
def no_child_left():
    """No process that decodes and no thread of its outlives the test."""
    yield
    assert children() == []
    assert zombies() == []
    assert not [t for t in threading.enumerate() if t.name.startswith("decoding")]


@pytest.fixture
def npy(tmp_path):
    def make(array, name="a.npy", **options):
        np.save(tmp_path / name, array, **options)
        return load(tmp_path / name, name)

    return make


@pytest.fixture
def npz(tmp_path):
    def make(*, packed=False, **arrays):
        (np.savez_compressed if packed else np.savez)(tmp_path / "a.npz", **arrays)
        return load(tmp_path / "a.npz", "a.npz")

    return make


@pytest.fixture
def table(tmp_path):
    """Writes a table, and pictures by name beside it."""

    def make(text, *files, name="table.csv"):
        for i, file in enumerate(files):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pictures(len(files))[i, :, :, 0]).save(tmp_path / file)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


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
