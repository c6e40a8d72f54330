"""NumPy's files that are damaged or hostile: they take no memory and run no code."""

import io
import os
import pickle
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genstudio.core.errors import InputError
from genstudio.data.arrays import load
from genstudio.data.dataset import Dataset
from genstudio.data.npyfile import open_npy

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 8, 8, 1), np.uint8)


def raw_npy(descr, shape, body=b"", extra=""):
    """A file with a header that may lie."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, {extra}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


class Bomb:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("pickle-ran",)


def test_f40_objects_are_not_unpickled(npy, npz, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bombs = np.array([Bomb(), Bomb()], object)
    with pytest.raises(InputError, match=r"a\.npy holds Python objects.*pickle.*was not opened"):
        npy(bombs)
    with pytest.raises(InputError, match=r"“x” in a\.npz holds Python objects"):
        npz(x=bombs)
    with pytest.raises(InputError, match=r"“labels” in a\.npz|Python objects"):
        raise InputError(npz(x=GREY[:2], labels=bombs).rejected[0].reason)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match=r"b\.npy is not a NumPy file"):
        load(tmp_path / "b.npy", "b.npy")
    assert not (tmp_path / "pickle-ran").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "first bytes"),
        (b"\x93NUMPY", "first bytes"),
        (b"\x93NUMPY\x01\x00\xff", "ends inside"),
        (b"\x93NUMPY\x01\x00\xff\x00{", "ends inside"),
        (b"\x93NUMPY\x09\x00\xff\x00{", "version 9"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "header of"),
        (raw_npy("'|u1'", "(2, 2)", b"123"), "should hold 4 bytes"),
        (raw_npy("'|u1'", "(2, 2)", b"12345"), "should hold 4 bytes"),
        (raw_npy("'|u1'", "(0, 2)"), "holds nothing"),
        (raw_npy("'<f8'", f"({2**40}, {2**20})"), "more than the limit of 8 GiB"),
        (raw_npy("'<U99999999'", "(9, 9)"), "8 GiB"),
        (raw_npy("'|u1'", "(-1, 2)"), "damaged header"),
        (raw_npy("'|u1'", "(" + "9" * 30 + ",)"), "plain arrays"),
        (raw_npy("'|u1'", "__import__('os')"), "damaged header"),
        (raw_npy("[('a', '<f4')]", "(2,)"), "several fields"),
        (raw_npy("'|V8'", "(2,)"), "“|V8”"),
        (raw_npy("'<M8[ns]'", "(2,)"), "M8"),
        (raw_npy("'|O'", "(2,)"), "Python objects"),
        (raw_npy("'|u1'", "(2, 2)", b"1234", "'more': (1,)"), "damaged header"),
    ],
)
def test_f42_a_header_that_lies_is_refused_by_name_and_takes_no_memory(tmp_path, data, words):
    (tmp_path / "a.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for name in ("a.npy", "a.npz"):
        tracemalloc.start()
        with pytest.raises(InputError, match=re.escape(words)) as refusal:
            load(tmp_path / name, name)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert name in str(refusal.value)
        assert peak < 64 << 20


def test_f33_a_member_that_unpacks_without_end_is_read_no_further_than_its_header(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as file,
    ):
        file.write(raw_npy("'|u1'", "(2, 2)"))
        for _ in range(200):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(InputError):
        load(tmp_path / "a.npz", "a.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_f33_more_members_than_anybody_saves_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for i in range(10_001):
            archive.writestr(f"{i}.npy", b"")
    with pytest.raises(InputError, match=r"more than 10,000 arrays"):
        load(tmp_path / "a.npz", "a.npz")


def test_f31_what_is_no_file_or_no_archive_is_refused_by_name(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "text.npz").write_text("hello", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.npy")
    for name in ("folder.npy", "text.npz", "missing.npy", "pipe.npy"):
        with pytest.raises(InputError, match=name):
            load(tmp_path / name, name)


def saved(array, packed, form):
    data = io.BytesIO()
    if form == "npy":
        np.save(data, array)
    else:
        (np.savez_compressed if packed else np.savez)(data, images=array, labels=np.arange(len(array)))
    return bytearray(data.getvalue())


@given(st.data())
@settings(max_examples=150)
def test_f31_flipped_or_cut_bytes_give_data_or_a_sentence(tmp_path_factory, data):
    form = data.draw(st.sampled_from(["npy", "npz"]))
    mutated = saved(GREY[:, :, :, 0], data.draw(st.booleans()), form)
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] ^= data.draw(st.integers(1, 255))
    mutated = mutated[: data.draw(st.integers(len(mutated) // 2, len(mutated)))]
    path = tmp_path_factory.getbasetemp() / f"mutated.{form}"
    path.write_bytes(mutated)
    tracemalloc.start()
    refused = ""
    try:
        assert isinstance(load(path, path.name), Dataset)
    except InputError as error:
        refused = str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not refused or path.name in refused
    assert peak < 64 << 20


@given(hnp.arrays(hnp.scalar_dtypes() | hnp.unicode_string_dtypes(), hnp.array_shapes(max_dims=5, max_side=5)))
def test_f31_any_array_at_all_gives_data_or_a_sentence(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "any.npy"
    np.save(path, array)
    refused = ""
    try:
        assert len(load(path, path.name))
    except InputError as error:
        refused = str(error)
    assert not refused or path.name in refused


@given(
    hnp.arrays(hnp.integer_dtypes() | hnp.floating_dtypes(), hnp.array_shapes(max_dims=4), elements={"min_value": 0})
)
def test_numbers_are_read_back_as_numpy_reads_them(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "back.npy"
    np.save(path, array)
    got = open_npy(path)
    assert got.dtype == array.dtype
    assert got.tobytes() == array.tobytes()
