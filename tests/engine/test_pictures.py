"""Pictures as files: grids that can be cut apart again, other forms of output, and files that are not ours."""

import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from genstudio.core.errors import InputError
from genstudio.core.events import Gallery
from genstudio.engine import pictures

images = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])).flatmap(
    lambda shape: hnp.arrays("u1", shape)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures") / "samples-00000007.png"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, facts, *extra):
    """A PNG made by hand: its header may claim any size, its text may be anything."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    text = b"genstudio\0" + facts.encode("latin-1", "replace")
    rows = b"".join(b"\0" + bytes(width) for _ in range(min(height, 64))) if width < 10_000 else b""
    body = [
        chunk(b"IHDR", head),
        chunk(b"tEXt", text),
        *extra,
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@given(images, st.booleans(), st.integers(0, 10**9), st.text(max_size=50))
def test_gallery_goes_round(file, drawn, paired, step, caption):
    gallery = Gallery("samples", step, drawn, drawn[::-1].copy() if paired else None, caption)
    file.write_bytes(pictures.gallery_png(gallery))
    again = pictures.read_gallery(file)
    assert (again.slot, again.step, again.caption) == ("samples", step, caption)
    assert np.array_equal(again.images, drawn)
    assert (again.inputs is not None) == paired
    if paired:
        assert np.array_equal(again.inputs, drawn[::-1])


@given(images, st.integers(0, 3), st.none() | st.integers(1, 5))
def test_grid_holds_every_picture_in_reading_order(drawn, gap, columns):
    sheet = pictures.grid(drawn, columns, gap)
    count, height, width, channels = drawn.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    assert sheet.shape == (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    for i, image in enumerate(drawn):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        assert np.array_equal(sheet[y : y + height, x : x + width], image)


@given(st.data())
def test_f31_a_damaged_gallery_is_a_picture_or_a_sentence(file, data):
    drawn = np.arange(5 * 8 * 8, dtype=np.uint8).reshape(5, 8, 8, 1)
    good = bytearray(pictures.gallery_png(Gallery("samples", 7, drawn)))
    if data.draw(st.booleans()):
        del good[data.draw(st.integers(0, len(good) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(good)
    try:
        assert pictures.read_gallery(file).images.dtype == np.uint8
    except InputError as error:
        assert file.name in str(error)  # noqa: PT017


FACTS = {"slot": "samples", "step": 7, "count": 1, "tile": [8, 8, 1], "paired": False, "caption": ""}


@pytest.mark.parametrize(
    "facts",
    [
        *(
            {**FACTS, "tile": tile}
            for tile in ([0, 8, 1], [-8, 8, 1], [8, 8, 0], [8, 8, 3], [8], "8", None, [1e999, 8, 1])
        ),
        *({**FACTS, "count": count} for count in (0, -1, 10**30, "many", None, 1e999, [])),
        *({**FACTS, "step": step} for step in ("x", None, [], 1e999)),
        {},
        [],
        None,
        "x",
    ],
    ids=repr,
)
def test_f43_a_gallery_with_wrong_facts_is_a_sentence(file, facts):
    file.write_bytes(png(8, 8, json.dumps(facts)))
    with pytest.raises(InputError, match=r"samples-00000007\.png is damaged or not one"):
        pictures.read_gallery(file)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ud800"])
def test_f43_a_gallery_whose_facts_are_no_json_is_a_sentence(file, text):
    file.write_bytes(png(8, 8, text))
    with pytest.raises(InputError, match="is damaged or not one"):
        pictures.read_gallery(file)


@pytest.mark.parametrize(
    ("width", "height"), [(13_000, 13_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (9_000, 9_000)]
)
def test_f33_a_picture_bomb_is_refused_before_it_is_unpacked(file, width, height):
    file.write_bytes(png(width, height, json.dumps(FACTS)))
    with pytest.raises(InputError, match=r"samples-00000007\.png"):
        pictures.read_gallery(file)


def test_f33_a_text_bomb_is_a_sentence(file):
    bomb = chunk(b"zTXt", b"genstudio\0\0" + zlib.compress(b" " * 100_000_000, 9))
    file.write_bytes(png(8, 8, "", bomb))
    with pytest.raises(InputError, match="is damaged or not one"):
        pictures.read_gallery(file)


def test_a_foreign_picture_is_a_sentence(file):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file)
    with pytest.raises(InputError, match="not one of GenStudio's"):
        pictures.read_gallery(file)


@given(images)
def test_saved_arrays_hold_what_was_given_and_need_no_pickle(tmp_path_factory, drawn):
    out = tmp_path_factory.mktemp("out") / "sub" / "x.npz"
    pictures.save(drawn, out)
    with np.load(out, allow_pickle=False) as arrays:
        assert list(arrays) == ["samples"]
        assert np.array_equal(arrays["samples"], drawn)
    assert [p.name for p in out.parent.iterdir()] == ["x.npz"]


def test_saved_folder_has_one_file_each(tmp_path):
    drawn = np.arange(3 * 8 * 8 * 3, dtype=np.uint8).reshape(3, 8, 8, 3)
    pictures.save(drawn, tmp_path / "out")
    files = sorted((tmp_path / "out").iterdir())
    assert [f.name for f in files] == ["00000.png", "00001.png", "00002.png"]
    for file, image in zip(files, drawn, strict=True):
        assert np.array_equal(np.asarray(Image.open(file)), image)


def test_saved_grid_shows_every_picture(tmp_path):
    drawn = np.zeros((4, 8, 8, 1), np.uint8)
    drawn[:, 2:6, 2:6] = np.array([50, 100, 150, 200]).reshape(4, 1, 1, 1)
    pictures.save(drawn, tmp_path / "out.png")
    pixels = np.asarray(Image.open(tmp_path / "out.png"))
    assert {50, 100, 150, 200} <= set(np.unique(pixels).tolist())
    assert min(pixels.shape) >= 16


@pytest.mark.parametrize("name", ["x.jpg", "x.pt", "x.txt"])
def test_unknown_form_is_refused_by_name(tmp_path, name):
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        pictures.save(np.zeros((1, 8, 8, 1), np.uint8), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.png", "x.npz", "folder", "sub/x.npz"])
def test_f23_a_place_that_cannot_be_written_is_a_sentence_and_left_clean(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        pictures.save(np.zeros((1, 8, 8, 1), np.uint8), tmp_path / "file" / name)
    target = tmp_path / "taken.npz"
    target.mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        pictures.save(np.zeros((1, 8, 8, 1), np.uint8), target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken.npz"]


def test_f45_a_name_that_cannot_be_is_a_sentence(tmp_path):
    for name in ("a\0.png", "a\0.npz", "a\0", "x" * 300 + ".png"):
        with pytest.raises(InputError, match="cannot be written"):
            pictures.save(np.zeros((1, 8, 8, 1), np.uint8), tmp_path / name)
