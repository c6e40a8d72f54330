"""Picture files: every mode and format at its exact values, hostile ones refused with a reason."""

import io
import subprocess
import sys

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_files import COLOUR, GREY, RANDOM, decoded, saved, smooth

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError
from genstudio.data.image import Image, ImageFacts, choose, probe, refit

# --- values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "WEBP"])
def test_pixels_of_a_lossless_file_come_out_as_they_are(form):
    data = saved(COLOUR, form, **({"lossless": True} if form == "WEBP" else {}))
    assert np.array_equal(decoded(data), COLOUR)
    assert probe(data, "a") == ImageFacts(16, 12, False, 1)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_pixels_come_out_as_they_are(form):
    data = saved(GREY, form)
    assert np.array_equal(decoded(data, channels=1)[..., 0], GREY)
    assert np.array_equal(decoded(data), np.repeat(GREY[..., None], 3, -1))
    assert probe(data, "a") == ImageFacts(16, 12, True, 1)


def test_a_jpeg_comes_out_close():
    data = saved(smooth(64, 96), "JPEG", quality=95)
    assert np.abs(decoded(data, 64, 96).astype(int) - smooth(64, 96)).max() < 12


def test_a_large_jpeg_is_reduced_without_aliasing():
    fine = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (256, 256))
    small = decoded(saved(fine, "JPEG", quality=95), 16, 16, 1)
    assert small.min() > 120
    assert small.max() < 135
    big = smooth(800, 800)
    want = np.asarray(PIL.Image.fromarray(big).resize((50, 50), PIL.Image.Resampling.LANCZOS))
    assert np.abs(decoded(saved(big, "JPEG", quality=95), 50, 50).astype(int) - want).max() < 8


def test_colour_becomes_grey_by_its_luminance():
    pure = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    assert decoded(saved(pure), 2, 2, 1)[..., 0].tolist() == [[76, 150], [29, 255]]  # ITU-R BT.601


def test_one_bit_is_black_and_white():
    data = saved(PIL.Image.fromarray(GREY > 128))
    assert np.array_equal(decoded(data, channels=1)[..., 0], np.where(GREY > 128, 255, 0))
    assert probe(data, "a").grey


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_f35_sixteen_bits_are_scaled_by_their_full_scale(form):
    deep = np.array([[0, 65535], [32768, 257], [128, 129], [65406, 65407]], np.uint16)
    data = saved(deep, form)
    assert decoded(data, 4, 2, 1)[..., 0].tolist() == [[0, 255], [128, 1], [0, 1], [254, 255]]
    assert probe(data, "a").grey


def test_f35_numbers_of_32_bits_have_the_full_scale_of_16():
    deep = np.array([[-5, 65535], [700000, 257]], np.int32)
    assert decoded(saved(deep, "TIFF"), 2, 2, 1)[..., 0].tolist() == [[0, 255], [255, 1]]


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ([[0.0, 1.0], [0.5, -3.0]], [[0, 255], [128, 0]]),
        ([[0.0, 255.0], [100.0, 1e30]], [[0, 255], [100, 255]]),
        ([[np.nan, 1.0], [np.inf, -np.inf]], [[0, 255], [255, 0]]),
    ],
)
def test_f35_floating_point_pictures_are_scaled_and_cut_off(values, want):
    data = saved(np.array(values, np.float32), "TIFF")
    assert decoded(data, 2, 2, 1)[..., 0].tolist() == want
    assert probe(data, "a").grey


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_f35_transparency_is_laid_on_white(mode):
    picture = PIL.Image.fromarray(np.repeat(GREY[..., None], 3, -1)).convert(mode)
    alpha = np.zeros((12, 16), np.uint8)
    alpha[:6] = 255
    picture.putalpha(PIL.Image.fromarray(alpha))
    out = decoded(saved(picture), channels=1)[..., 0]
    assert np.array_equal(out[:6], GREY[:6])
    assert (out[6:] == 255).all()
    assert probe(saved(picture), "a").grey == (mode == "LA")


@pytest.mark.parametrize("form", ["PNG", "GIF"])
@pytest.mark.parametrize("colours", [(10, 10, 10), (200, 30, 30)])
def test_f35_a_palette_with_a_transparent_entry_is_laid_on_white(form, colours):
    picture = PIL.Image.new("P", (4, 4), 0)
    picture.putpalette([*colours, 90, 90, 90, 3, 3, 3, 7, 7, 7])
    picture.putpixel((1, 1), 1)
    data = saved(picture, form, transparency=1)
    out = decoded(data, 4, 4)
    assert tuple(out[0, 0]) == colours
    assert tuple(out[1, 1]) == (255, 255, 255)
    assert probe(data, "a").grey == (len(set(colours)) == 1)


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 7, 7)), ("1", 0)])
def test_f35_a_transparent_colour_is_laid_on_white(mode, key):
    picture = PIL.Image.new("RGB", (4, 4), (7, 7, 7) if mode != "1" else 0).convert(mode)
    picture.putpixel((0, 0), 200 if mode == "L" else (9, 200, 30) if mode == "RGB" else 255)
    out = decoded(saved(picture, transparency=key), 4, 4)
    assert (out[1:] == 255).all()
    assert out[0, 0, 1] == (255 if mode == "1" else 200)


def test_f35_cmyk_becomes_rgb():
    out = decoded(saved(PIL.Image.fromarray(smooth(32, 32)).convert("CMYK"), "JPEG", quality=95), 32, 32)
    assert np.abs(out.astype(int) - smooth(32, 32)).max() < 16
    assert not probe(saved(PIL.Image.new("CMYK", (9, 9)), "TIFF"), "a").grey


def test_f35_of_an_animation_the_first_picture_is_taken():
    frames = [PIL.Image.fromarray(COLOUR).quantize(8), PIL.Image.new("P", (16, 12))]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.array_equal(decoded(data), np.asarray(frames[0].convert("RGB")))
    assert probe(data, "a").frames == 2


def test_f35_damaged_metadata_spoil_no_picture():
    data = saved(COLOUR, icc_profile=b"nonsense", exif=b"Exif\0\0MM\0*\0\0\0\x08\x00\x01\x01\x12")
    assert np.array_equal(decoded(data), COLOUR)
    data = saved(smooth(32, 32), "JPEG", icc_profile=b"nonsense", exif=b"Exif\0\0nonsense")
    assert decoded(data, 32, 32).shape == (32, 32, 3)
    assert probe(data, "a").width == 32


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_f35_a_turned_picture_comes_out_upright(form, turn):
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    data = saved(COLOUR, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
    want = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(data))))
    facts = probe(data, "a")
    assert (facts.height, facts.width) == want.shape[:2]
    assert np.array_equal(decoded(data, *want.shape[:2]), want)


def test_f35_a_real_photograph_with_orientation_6_comes_out_upright(real_data):
    data = (real_data / "sign-digits" / "exif_orientation6_512px_label7.jpg").read_bytes()
    lying = PIL.Image.open(io.BytesIO(data))
    assert lying.getexif()[0x0112] == 6
    assert (probe(data, "a").width, probe(data, "a").height) == (lying.height, lying.width)
    want = np.asarray(PIL.ImageOps.exif_transpose(lying).resize((64, 64), PIL.Image.Resampling.LANCZOS), float)
    got = decoded(data, 64, 64).astype(float)
    assert np.abs(got - want).mean() < 2
    assert np.abs(np.rot90(got) - want).mean() > 10


# --- size ---------------------------------------------------------------------------------------------


def test_crop_keeps_the_middle_pixel_by_pixel():
    wide = RANDOM.integers(0, 256, (12, 30, 3), np.uint8)
    assert np.array_equal(decoded(saved(wide), 12, 12), wide[:, 9:21])
    assert np.array_equal(decoded(saved(wide.transpose(1, 0, 2)), 12, 12), wide.transpose(1, 0, 2)[9:21])


def test_pad_adds_white_on_both_sides():
    out = decoded(saved(COLOUR), 16, 16, fit="pad")
    assert np.array_equal(out[2:14], COLOUR)
    assert (out[:2] == 255).all()
    assert (out[14:] == 255).all()


def test_stretch_keeps_nothing_out():
    out = decoded(saved(np.repeat(GREY[:, :1], 16, 1)), 12, 5, 1, "stretch")[..., 0]
    assert np.array_equal(out, np.repeat(GREY[:, :1], 5, 1))


@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 40), st.integers(1, 40))
def test_any_size_becomes_any_size_and_one_colour_stays_one(height, width, high, wide):
    data = saved(PIL.Image.new("RGB", (width, height), (10, 200, 30)))
    for fit in ("crop", "stretch"):
        if max(height, width) <= 20 * min(height, width):
            assert (decoded(data, high, wide, 3, fit) == (10, 200, 30)).all()
    assert decoded(data, high, wide, 3, "pad").shape == (high, wide, 3)


def facts(*sizes, grey=True):
    return [ImageFacts(width, height, grey, 1) for height, width in sizes]


@pytest.mark.parametrize(
    ("sizes", "want"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(20, 64)] * 2, (20, 64)),
        ([(65, 65)] * 2, (64, 64)),
        ([(100, 300), (90, 70)], (64, 64)),
        ([(40, 300), (30, 70), (20, 20)], (30, 30)),
        ([(3, 3), (4, 4)], (8, 8)),
        ([(3, 4)], (3, 4)),
    ],
)
def test_without_a_setting_the_size_is_that_of_the_pictures(sizes, want):
    image = choose(facts(*sizes), DataConfig(fit="pad"))
    assert image == Image(*want, 1, "pad")


def test_settings_and_a_shape_that_is_asked_for_win():
    assert choose(facts((28, 28)), DataConfig(size=32, channels="colour")) == Image(32, 32, 3)
    assert choose(facts((28, 28), grey=False), DataConfig(channels="grey")).channels == 1
    assert choose(facts((28, 28)), DataConfig(size=32, fit="stretch"), (9, 8, 3)) == Image(9, 8, 3, "stretch")


def test_one_colour_picture_makes_all_colour():
    assert choose(facts((8, 8)) + facts((8, 8), grey=False), DataConfig()).channels == 3
    with pytest.raises(InputError, match="no pictures"):
        choose([], DataConfig())


def test_pictures_in_memory_stay_where_they_are_unless_something_changes():
    images = RANDOM.integers(0, 256, (5, 12, 16, 3), np.uint8)
    assert refit(images, Image(12, 16, 3)) is images
    grey = refit(images, Image(12, 16, 1))
    for i, pixels in enumerate(images):
        assert np.array_equal(grey[i], decoded(saved(pixels), channels=1))
    assert np.array_equal(refit(grey, Image(12, 16, 3)), np.repeat(grey, 3, -1))
    assert np.array_equal(refit(images, Image(12, 12, 3)), images[:, :, 2:14])
    assert refit(images[:0], Image(4, 4, 1)).shape == (0, 4, 4, 1)


def test_fitting_pictures_in_memory_can_be_cancelled():
    def watch(what, done, total):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        refit(np.zeros((5, 12, 16, 3), np.uint8), Image(4, 4, 1), watch)


def test_decoding_pictures_needs_no_torch():
    code = "import sys, genstudio.data.image; sys.exit('torch' in sys.modules or 'PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
