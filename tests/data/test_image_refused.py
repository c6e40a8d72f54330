"""Hostile and damaged picture files: a reason, and nothing else."""

import struct
import zlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from picture_files import COLOUR, GREY, RANDOM, decoded, saved, smooth

from genstudio.core.errors import InputError
from genstudio.data.image import probe


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height):
    """A PNG of zeros, row by row packed."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8 + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def reason(data):
    with pytest.raises(InputError) as caught:
        decoded(data)
    return str(caught.value)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_f31_a_truncated_picture_is_refused(form):
    data = saved(RANDOM.integers(0, 256, (64, 64, 3), np.uint8), form)
    assert reason(data[: len(data) // 2]).startswith(("it is cut short", "it is damaged"))
    if form in ("PNG", "JPEG", "BMP"):
        assert reason(data[: len(data) // 2]) == "it is cut short"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<html>404", "web page"),
        (b"\x80\x04\x95", "contains code"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "it is a sound"),
    ],
)
def test_f31_what_is_no_picture_is_refused_with_what_it_is(data, words):
    assert words in reason(data)
    with pytest.raises(InputError):
        probe(data, "a.png")


def test_f31_a_damaged_checksum_is_refused():
    data = bytearray(saved(COLOUR))
    data[data.index(b"IDAT") + 12] ^= 0xFF
    assert "damaged" in reason(bytes(data)) or "cut short" in reason(bytes(data))


@pytest.mark.parametrize(("size", "words"), [((1, 5), "too small"), ((1, 10000), "too small"), ((500, 20), "narrow")])
def test_f35_a_line_of_pixels_is_refused(size, words):
    assert words in reason(saved(PIL.Image.new("L", size)))


def test_f33_a_picture_bomb_is_refused_before_it_is_decoded(monkeypatch):
    data = bomb(13000, 13000)
    assert len(data) < 500_000
    monkeypatch.setattr(PIL.Image.core, "new", lambda *_: pytest.fail("memory was taken"))
    assert reason(data) == "it is too large (169 megapixels, the limit is 64)"
    for size, megapixels in (((8001, 8000), "65"), ((20000, 20000), "400"), ((2**31 - 1, 2**31 - 1), "")):
        head = struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
        assert reason(data).startswith(f"it is too large ({megapixels}")
        with pytest.raises(InputError, match="too large"):
            probe(data, "a")


@pytest.mark.parametrize("kind", ["VP8X", "VP8L", "VP8 "])
def test_f33_a_webp_bomb_is_refused_before_its_reader_takes_memory(kind, monkeypatch):
    body = {
        "VP8X": b"\x10\0\0\0" + (12999).to_bytes(3, "little") * 2,
        "VP8L": b"\x2f" + (12999 | 12999 << 14).to_bytes(4, "little") + bytes(9),
        "VP8 ": b"\x30\1\0\x9d\1\x2a" + struct.pack("<HH", 13000, 13000) + bytes(9),
    }[kind]
    chunks = b"WEBP" + kind.encode() + struct.pack("<I", len(body)) + body
    monkeypatch.setattr(PIL.Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert "169 megapixels" in reason(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


@pytest.mark.parametrize("form", ["WEBP", "GIF", "BMP", "TIFF", "JPEG", "PNG"])
def test_a_picture_of_the_largest_size_that_is_allowed_passes_the_header(form):
    data = saved(PIL.Image.new("1" if form in ("PNG", "TIFF") else "L", (40, 2)), form)
    assert probe(data, "a").width == 40


SEEDS = {
    "png": saved(COLOUR),
    "palette": saved(PIL.Image.fromarray(COLOUR).quantize(8), transparency=1),
    "deep": saved(GREY.astype(np.uint16) * 257),
    "jpeg": saved(smooth(24, 24), "JPEG", quality=60, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"),
    "progressive": saved(smooth(24, 24), "JPEG", progressive=True),
    "gif": saved(GREY, "GIF"),
    "bmp": saved(COLOUR, "BMP"),
    "tiff": saved(COLOUR, "TIFF"),
    "lzw": saved(COLOUR, "TIFF", compression="tiff_lzw"),
    "webp": saved(COLOUR, "WEBP"),
}


@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    st.floats(0.2, 1),
    st.booleans(),
)
@example("jpeg", [], 1.0, False)
def test_f31_mutated_files_give_pixels_or_a_reason_and_nothing_else(form, changes, kept, repair):
    data = bytearray(SEEDS[form])
    for at, value in changes:
        data[min(len(data) - 1, int(at * len(data)))] = value
    data = bytes(data[: int(len(data) * kept)])
    if repair and form in ("png", "palette", "deep"):
        data = with_good_checksums(data)
    for step in (lambda: probe(data, "a").width >= 2, lambda: decoded(data).shape == (12, 16, 3)):
        words = "it is fine"
        try:
            assert step()
        except InputError as error:
            words = str(error)
        assert words.startswith(("it ", "its "))
        assert not words.endswith(".")


def with_good_checksums(data):
    """A PNG whose changed chunks pass the check, so that what lies behind it is reached."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        size = struct.unpack_from(">I", data, at)[0]
        if at + 12 + size > len(data):
            break
        out += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + size])
        at += 12 + size
    return out
