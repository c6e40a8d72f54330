"""IDX files: whatever is in them, the answer is the array or one sentence that names the file."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genstudio.core.errors import InputError
from genstudio.data.idx import read

shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)
arrays = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(lambda kind: hnp.arrays(kind, shapes))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """One file that every example overwrites."""
    return tmp_path_factory.mktemp("idx") / "some-images-idx3-ubyte"


def sentence(path):
    """(array, None), or (None, the sentence of the refusal); any other exception fails the test."""
    refusal = None
    try:
        return read(path), None
    except InputError as error:
        refusal = str(error)
    assert path.name in refusal
    return None, refusal


@given(arrays, st.booleans())
def test_every_type_and_shape_is_read_back(idx, path, array, packed):
    data = idx(array)
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    got = read(path)
    assert got.dtype == array.dtype
    assert got.dtype.isnative
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()  # NaN included


@given(st.data())
def test_f31_truncated_file_is_refused_by_name(idx, path, data):
    array = data.draw(hnp.arrays("u1", hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6)))
    whole = idx(array)
    whole = gzip.compress(whole, 1) if data.draw(st.booleans()) else whole
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    array, refusal = sentence(path)
    assert array is None
    assert refusal


@given(st.data())
def test_f31_flipped_byte_gives_an_array_or_a_sentence(idx, path, data):
    array = data.draw(hnp.arrays("u1", (3, 4, 5)))
    packed = data.draw(st.booleans())
    whole = bytearray(gzip.compress(idx(array), 1) if packed else idx(array))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    got, refusal = sentence(path)
    assert (got is None) == (refusal is not None)
    if packed and got is not None and place >= 10:  # behind gzip's header every byte is under its checksum
        assert got.tobytes() == array.tobytes()


@given(st.binary(max_size=200), st.sampled_from([b"", b"\0\0", b"\0\0\x08\x03", b"\x1f\x8b\x08\0"]))
def test_f31_garbage_is_refused_by_name(path, tail, head):
    path.write_bytes(head + tail)
    got, refusal = sentence(path)
    assert (got is None) == (refusal is not None)


@given(arrays, st.binary(min_size=1, max_size=9))
def test_f31_bytes_after_the_end_are_refused(idx, path, array, extra):
    path.write_bytes(idx(array) + extra)
    _, refusal = sentence(path)
    assert "holds more" in refusal


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("sizes", [(2**32 - 1,) * 4, (2**31, 4, 1), (2**20, 64, 64)], ids=str)
def test_f42_a_lying_header_takes_no_memory(path, sizes, packed):
    data = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + b"\1" * 100
    path.write_bytes(gzip.compress(data) if packed else data)
    tracemalloc.start()
    try:
        _, refusal = sentence(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refusal
    assert peak < 64 << 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", "not an IDX file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not an IDX file"),
        (b"\0\0\x07\x01\0\0\0\0", "not an IDX file"),  # a type that the format does not know
        (b"\0\0\x08\x00", "not an IDX file"),  # no dimension
        (b"\0\0\x08\x05" + b"\0" * 20, "not an IDX file"),  # too many
        (b"\0\0\x08\x03\0\0\0\1", "ends inside its header"),
        (b"\x1f\x8b\x08\0", "damaged or was cut short"),
    ],
)
def test_f31_sentence_says_what_is_wrong(path, content, words):
    path.write_bytes(content)
    _, refusal = sentence(path)
    assert words in refusal


def test_a_folder_or_a_missing_file_is_refused_by_name(tmp_path):
    for name in ("missing", "."):
        with pytest.raises(InputError, match="cannot be read"):
            read(tmp_path / "sub" / name if name == "missing" else tmp_path)


def test_result_can_be_written_to(idx, path):
    path.write_bytes(idx(np.zeros((2, 3), np.uint8)))
    read(path)[0, 0] = 1  # torch warns about arrays that it cannot write to
