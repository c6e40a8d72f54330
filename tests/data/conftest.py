"""IDX files made by hand."""

import gzip
import struct

import numpy as np
import pytest

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
