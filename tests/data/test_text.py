"""Text files: every encoding that can be told, and items that add up to what the file holds."""

import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError
from genstudio.data import text
from genstudio.data.items import unwatched

#: Text as it stands after reading: no control characters, one kind of line end, no byte order mark to begin with.
plain = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")).filter(
    lambda t: t.strip() and "\ufffd" not in t and t[0] != "\ufeff"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Makes one file that every example overwrites."""
    path = tmp_path_factory.mktemp("texts") / "some.txt"

    def make(data):
        path.write_bytes(data)
        return path

    return make


def items(path, watch=unwatched, **settings):
    return text.read_items(path, DataConfig(**settings), watch)


def refusal(call):
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


@given(plain)
def test_utf_8_is_read_as_it_is(words):
    assert text.read_text(words.encode("utf-8")) == words
    assert text.read_text(words.encode("utf-8-sig")) == words


@given(plain, st.sampled_from(["utf-16", "utf-32"]))
def test_f37_a_byte_order_mark_is_followed(words, code):
    assert text.read_text(words.encode(code)) == words
    swapped = b"\xfe\xff" if code == "utf-16" else b"\0\0\xfe\xff"
    assert text.read_text(swapped + words.encode(f"{code}-be")) == words


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_f37_utf_16_without_a_mark_is_told_by_its_zeros(code):
    words = "A line, “quoted”, and a café.\nAnother one.\n"
    assert text.read_text(words.encode(code)) == words


def test_f37_western_text_that_is_not_utf_8_is_read():
    words = "Le café “d’à côté” coûte 3 €, ça va: naïve Größe.\n"
    assert text.read_text(words.encode("cp1252")) == words


def test_f37_one_broken_character_does_not_change_the_encoding():
    data = "Größe und Überfluß, äöü".encode() + b"\xff" + b" und weiter" * 20
    assert text.read_text(data).startswith("Größe und Überfluß, äöü\ufffd und")
    assert text.read_text("Größe, Länge und Maß €".encode()[:-1]) == "Größe, Länge und Maß \ufffd"


@pytest.mark.parametrize("code", ["cp1251", "shift_jis", "koi8-r"])
def test_f37_text_of_another_encoding_is_refused_rather_than_garbled(code):
    words = "これは日本語の文章です。" if code == "shift_jis" else "Это русский текст, и он не короткий."
    refusal(lambda: text.read_text(words.encode(code)))


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_f37_line_ends_are_one_character(end):
    assert text.read_text(end.join(["a", "b", "", "c"]).encode()) == "a\nb\n\nc"


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_f37_line_ends_that_fall_between_two_reads_count_once(end, file, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK", 5)
    found = items(file(end.join([b"abcd", b"efg", b"", b"hijkl"])), reading="lines")
    assert list(found.texts) == ["abcd", "efg", "hijkl"]
    assert found.notes == ("Empty lines skipped: 1.",)


def test_f37_a_stray_nul_is_left_out():
    words = "A long enough line of text. " * 10
    assert text.read_text((words[:50] + "\0" + words[50:]).encode()) == words


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1000,
        bytes(range(256)) * 10,
        np.random.default_rng(0).bytes(5000),
        b"\x89PNG\r\n\x1a\n" + np.random.default_rng(1).bytes(500),
        np.arange(-500, 500, dtype=np.int16).tobytes(),
        np.linspace(0, 1, 500, dtype=np.float32).tobytes(),
        b"\x1b[0m\x07" * 100,
        b"\xff\xfe" + b"\x01\xd8" * 100,
    ],
)
def test_f37_what_is_not_text_is_refused(data):
    assert "not text" in refusal(lambda: text.read_text(data))


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_f37_an_empty_text_is_refused(data, file):
    assert refusal(lambda: text.read_text(data)) == "it holds no text"
    for reading in ("lines", "running", "auto"):
        sentence = refusal(lambda reading=reading: items(file(data), reading=reading))
        assert "some.txt" in sentence
        assert "Choose a text file" in sentence


@given(st.binary(max_size=300))
def test_f37_any_bytes_give_text_or_a_reason(data):
    try:
        words = text.read_text(data)
    except InputError:
        return
    assert words.strip()
    assert not set(words) & {chr(i) for i in range(32) if chr(i) not in "\t\n\f"}


def test_a_caption_is_the_start_of_its_file():
    assert text.read_one(b"\xef\xbb\xbf  a red apple\r\n") == "a red apple"
    assert text.read_one(("é" * 100_000).encode()) == "é" * 4096
    assert text.read_one(("日本語🙂" * 100_000).encode("utf-16")) == "日本語🙂" * 1024
    refusal(lambda: text.read_one(b"\n"))


def test_lines_are_items_without_the_space_around_them(file):
    found = items(file(b"  anna \n\nbob\n \nchris"))
    assert found.reading == "lines"
    assert list(found.texts) == ["anna", "bob", "chris"]
    assert found.length == 5
    assert found.notes == ("Empty lines skipped: 2.",)


def test_longer_lines_are_cut_and_counted(file):
    path = file(b"x" * 257 + b"\n" + b"y" * 256 + b"\nz\nz")
    found = items(path, reading="lines")
    assert [len(t) for t in found.texts] == [256, 256, 1, 1]
    assert found.notes == ("Lines longer than 256 characters, which were cut: 1.",)
    found = items(path, reading="lines", text_length=10)
    assert (found.length, len(found.notes)) == (10, 1)
    assert items(path, reading="lines", text_length=300).length == 257
    assert list(items(file(b"ab cd"), reading="lines", text_length=3).texts) == ["ab"]  # no space at the cut


@given(plain, st.integers(1, 50), st.integers(4, 20))
def test_pieces_of_running_text_are_all_of_it(file, words, length, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_CHUNK", chunk)
        found = items(file(words.encode("utf-8-sig")), reading="running", text_length=length)
    assert "".join(found.texts) == words
    assert {len(t) for t in found.texts[:-1]} <= {length}
    assert found.length == min(length, len(words))


@given(plain, st.integers(4, 20))
def test_lines_are_those_of_the_text_however_it_is_read(file, words, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_CHUNK", chunk)
        found = items(file(words.encode("utf-8-sig")), reading="lines", text_length=4096)
    assert list(found.texts) == [line.strip() for line in words.split("\n") if line.strip()]


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        ("anna\nbob\nchris\n", "lines"),
        ("one line", "lines"),
        ("a cat\n\na dog\n\na bird\n", "lines"),  # an empty line after each is no paragraph
        ("\n\n\nanna\nbob\n" + "x\n" * 40, "lines"),
        ("KING:\nSpeak.\nNow.\n\nFOOL:\nI will.\nSire.\n", "running"),
        ("x" * 300 + "\n" + "y" * 300, "running"),
        ("x" * 300 + "\ny\nz\n", "lines"),  # one long line is no running text
    ],
)
def test_what_an_item_is_is_told_from_the_lines(file, words, reading):
    assert items(file(words.encode())).reading == reading
    assert items(file(words.encode()), reading="lines").reading == "lines"
    assert items(file(words.encode()), reading="running").reading == "running"


def test_a_length_that_lines_fit_into_makes_them_items(file):
    path = file(b"\n".join([b"x" * 300] * 5))
    assert items(path).reading == "running"
    assert items(path, text_length=400).reading == "lines"


def test_f37_one_endless_line_takes_no_memory(file, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK", 1 << 16)
    path = file(b" " * 5_000_000 + b"x" * 20_000_000 + b"\nshort\n")
    tracemalloc.start()
    try:
        found = items(path, reading="lines")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [len(t) for t in found.texts] == [256, 5]
    assert peak < 2_000_000


def test_f37_more_than_the_limits_is_refused(file, monkeypatch):
    monkeypatch.setattr(text, "MOST_ITEMS", 3)
    assert len(items(file(b"a\nb\nc\n")).texts) == 3
    assert "more than 3 items" in refusal(lambda: items(file(b"a\nb\nc\nd\n")))
    monkeypatch.setattr(text, "MOST_BYTES", 7)
    assert "split it" in refusal(lambda: items(file(b"a\nb\nc\nd\n")))


def test_notes_say_what_was_guessed_and_left_out(file):
    assert any("Windows-1252" in note for note in items(file("café\nthé\n".encode("cp1252"))).notes)
    data = ("Größe\nLänge\n" * 20).encode() + b"\xff\n\x07\n"
    notes = " ".join(items(file(data)).notes)
    assert "cannot be decoded" in notes
    assert "Control characters left out: 1." in notes


def test_what_cannot_be_read_is_named(file, tmp_path):
    assert "gone.txt" in refusal(lambda: items(tmp_path / "gone.txt"))
    assert tmp_path.name in refusal(lambda: items(tmp_path))
    assert "not text" in refusal(lambda: items(file(bytes(range(256)) * 99)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_f39_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a file" in refusal(lambda: items(tmp_path / "pipe.txt"))


def test_progress_is_told_and_may_cancel(file, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK", 100)
    path = file(b"line\n" * 100)
    told = []
    items(path, watch=lambda what, done, total: told.append((what, done, total)))
    assert [done for _, done, _ in told] == [100, 200, 300, 400, 500] * 2
    assert {total for *_, total in told} == {500}
    assert all("some.txt" in what for what, *_ in told)

    def stop(what, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        items(path, watch=stop)


def test_real_names_are_lines(real_data):
    found = items(real_data / "text" / "names.txt")
    assert (found.reading, len(found.texts), found.length, found.notes) == ("lines", 32_033, 15, ())
    assert found.texts[:3] == ["emma", "olivia", "ava"]


def test_real_shakespeare_runs_on(real_data):
    path = real_data / "text" / "tinyshakespeare.txt"
    found = items(path)
    assert (found.reading, found.length, found.notes) == ("running", 256, ())
    assert found.texts.characters() == 1_115_394
    assert "".join(found.texts) == path.read_text(encoding="utf-8")
    assert len(items(path, reading="lines").texts) < 40_000
