"""One's own picture is brought to what a run knows exactly as its training data was; broken ones get a sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import open_source
from genstudio.engine.latent.own_picture import read_picture


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photo():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (5, 7, 3), np.uint8)).resize((70, 50))


def test_any_file_is_brought_to_size_as_training_data_is(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = photo.copy()
    clear.putalpha(100)
    deep = Image.fromarray(np.linspace(0, 65535, 600).reshape(20, 30).astype(np.uint16))
    files = {
        "a.png": encoded(photo), "b.jpg": encoded(photo, "JPEG", exif=exif), "c.png": encoded(clear),
        "d.jpg": encoded(photo.convert("CMYK"), "JPEG"), "e.png": encoded(deep), "f.gif": encoded(photo, "GIF"),
    }  # fmt: skip
    (tmp_path / "all").mkdir()
    for name, data in files.items():
        (tmp_path / "all" / name).write_bytes(data)
    for config in (DataConfig(), DataConfig.parse({"fit": "pad"})):
        prepared = open_source(str(tmp_path / "all"), "all", config, shape=(12, 10, 1))
        rows = {name: prepared.images[i] for i, name in enumerate(prepared.names)}
        assert len(rows) == 6
        for name in ("c.png",) if config.fit == "pad" else files:
            found = read_picture(tmp_path / "all" / name, (12, 10, 1), config)
            assert (found.dtype, found.shape) == (np.uint8, (12, 10, 1))
            assert np.array_equal(found, rows[name])


def test_what_is_pasted_is_read_as_a_file_is(photo, tmp_path):
    (tmp_path / "過渡 é.png").write_bytes(encoded(photo))
    from_file = read_picture(tmp_path / "過渡 é.png", (8, 8, 3))
    assert np.array_equal(from_file, read_picture(encoded(photo), (8, 8, 3)))


def test_a_picture_of_the_right_size_stays_as_it_is():
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8), np.uint8)
    assert np.array_equal(read_picture(encoded(Image.fromarray(pixels)), (8, 8, 1))[..., 0], pixels)


def bomb():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"hello", "is a text"),
        (b"%PDF-1.7", "is a PDF document"),
        (bomb(), r"is too large \(900 megapixels, the limit is 64\)"),
        (encoded(Image.new("L", (64, 64), 7))[:60], "is (damaged|cut short)"),
        (encoded(Image.new("L", (1, 1))), "is too small"),
        (encoded(Image.new("L", (100, 2))), "is too long and narrow"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_reason(tmp_path, data, reason):
    (tmp_path / "mein bild.png").write_bytes(data)
    with pytest.raises(InputError, match=rf"^“mein bild.png” {reason}.*\.$"):
        read_picture(tmp_path / "mein bild.png", (8, 8, 1))


def test_pasted_trash_missing_files_and_folders_are_said(tmp_path):
    with pytest.raises(InputError, match=r"^The picture is a text\.$"):
        read_picture(b"hello", (8, 8, 1))
    with pytest.raises(InputError, match=r"^“clip” is a text\.$"):
        read_picture(b"hello", (8, 8, 1), name="clip")
    with pytest.raises(InputError, match=r"“none\.png” cannot be read"):
        read_picture(tmp_path / "none.png", (8, 8, 1))
    with pytest.raises(InputError, match="is not a plain file"):
        read_picture(tmp_path, (8, 8, 1))
