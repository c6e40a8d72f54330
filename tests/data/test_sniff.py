"""What a file is, from its first bytes alone."""

import gzip
import io
import zipfile

import numpy as np
import PIL.Image
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genstudio.data.sniff import explain, kind_of, noun, sniff

PICTURES = ("png", "jpeg", "webp", "bmp", "tiff", "gif")
EVERYTHING = (
    *PICTURES, "wav", "flac", "ogg", "mp3", "aiff", "text", "zip", "gzip", "parquet", "npy", "idx", "pickle", "lfs",
    "html", "empty", "unknown", "pdf", "packed", "heif", "avif", "svg", "video",
)  # fmt: skip


def picture(form, mode="RGB"):
    buffer = io.BytesIO()
    PIL.Image.new(mode, (9, 7)).save(buffer, form)
    return buffer.getvalue()


def sound(form, subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(4000, np.float32), 8000, format=form, subtype=subtype)
    return buffer.getvalue()


def archive(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("form", PICTURES)
def test_pictures_are_told_by_content(form):
    assert sniff(picture(form), "misleading.txt") == form
    assert kind_of(form) == "image"


@pytest.mark.parametrize("form", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_sounds_are_told_by_content(form):
    assert sniff(sound(form.upper()), "misleading.png") == form
    assert kind_of(form) == "audio"


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"", "empty"),
        (b"hello\nworld\n", "text"),
        ("häß 日本".encode(), "text"),
        ("grüße aus köln".encode("cp1252"), "text"),
        ("hello there, you".encode("utf-16"), "text"),
        ("hello there, you".encode("utf-16-le"), "text"),
        ("hello there, you".encode("utf-32"), "text"),
        (b"BMW and other cars, 12 of them", "text"),
        (b"carol\nanna\nbob\n", "text"),
        (b"RIFF is a file format of 1991", "text"),
        (archive("a.png"), "zip"),
        (archive(), "zip"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"PAR1\x15\x04\x15", "parquet"),
        (npy(np.zeros(3)), "npy"),
        (npy(np.zeros((2, 3), "<u2")), "npy"),
        (b"\0\0\x08\x03\0\0\0\x05\0\0\0\x1c", "idx"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "lfs"),
        (b"\n <!DOCTYPE html>\n<html><body>not found", "html"),
        (b"\xef\xbb\xbf<HTML lang='en'>", "html"),
        (b"<!-- saved --> <html>", "html"),
        (b"<?xml version='1.0'?><svg width='3'></svg>", "svg"),
        (b"<p>a sentence about svg", "text"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "heif"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "avif"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "video"),
        (bytes(range(256)), "unknown"),
        (b"\x89PNG\x1a\0", "unknown"),
    ],
)  # fmt: skip
def test_everything_else_is_told_by_content(head, form):
    assert sniff(head, "whatever.png") == form


@pytest.mark.parametrize(
    "head",
    [
        b"\x80\x02]q\x00.",
        b"\x80\x04\x95\x10\0\0\0\0\0\0\0",
        b"(dp0\nS'a'\nI1\ns.",
        b"cposix\nsystem\n(S'true'\ntR.",
        b"]q\0(K\1K\2e.",
        archive("model/data.pkl", "model/version"),
        npy(np.zeros(3)).replace(b"'<f8'", b"'|O' "),
    ],
)
def test_f41_code_in_a_file_is_recognised_and_not_opened(head):
    assert sniff(head, "data.txt") == "pickle"
    assert explain("pickle") == "contains code (pickle): not opened"


def test_only_a_file_with_strange_bytes_is_an_mp3_by_its_name():
    assert sniff(bytes(range(256)), "song.MP3") == "mp3"
    assert sniff(b"some words\n", "song.mp3") == "text"


def test_only_the_first_512_bytes_count():
    assert sniff(b"word " * 103 + b"\0\1\2\3") == "text"


@pytest.mark.parametrize("form", EVERYTHING)
def test_every_format_has_words_that_go_on_from_the_name(form):
    words = explain(form, "a.png")
    assert words.startswith(("is ", "contains "))
    assert not words.endswith(".")


def test_words_name_the_remedy():
    assert "git lfs pull" in explain("lfs")
    assert explain("empty") == "is empty"
    assert "web page" in explain("html")
    assert explain("unknown", "a.PNG").endswith("though it is called .png")
    assert "called" not in explain("unknown", "a.dat")
    assert (noun("image"), noun("audio"), noun("text")) == ("a picture", "a sound", "a text")


@given(st.binary(max_size=600), st.text(max_size=20))
def test_any_bytes_have_a_format_with_words(data, name):
    form = sniff(data, name)
    assert form in EVERYTHING
    assert explain(form, name)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300))
def test_any_utf_8_cut_anywhere_is_text(text):
    form = sniff((("A" + text) * 600).encode())
    assert form in ("text", "html", "svg")
