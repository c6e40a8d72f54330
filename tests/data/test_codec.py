"""Texts as numbers: what goes in comes back, and a file that is not a codec is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import codec as codec_module
from genstudio.data.codec import BEGIN, END, PAD, SPECIALS, UNKNOWN, Characters, Codec, Pieces

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
EMOJI = [
    "👩‍👩‍👧 family",
    "🏳️‍🌈",
    "e\u0301 é",
    "日本語のテキスト",
    "مرحبا",
    "a\nb\tc\r\n",
    "<pad><end>",
    "\0",
    "  two  spaces  ",
]
CHARACTERS, BPE = DataConfig(), DataConfig(tokens="bpe", vocabulary=300)


@pytest.fixture(scope="module")
def pieces():
    return Codec.train(["the cat sat on the mat", "the other cat is the best"] * 20, BPE)


@settings(max_examples=50)
@given(st.lists(words, max_size=8))
def test_texts_come_back_as_characters(texts):
    codec = Codec.train(texts, CHARACTERS)
    codes = codec.encode(texts, 42)
    assert codes.dtype == np.int32
    assert codes.shape == (len(texts), 42)
    assert ((codes >= 0) & (codes < codec.size)).all()
    assert codec.decode(codes) == texts


@settings(max_examples=50)
@given(st.lists(words | st.sampled_from(EMOJI), max_size=8))
def test_any_text_comes_back_as_pieces_of_words(pieces, texts):
    codes = pieces.encode(texts, 200)
    assert codes.dtype == np.int32
    assert codes.shape == (len(texts), 200)
    assert ((codes >= 0) & (codes < pieces.size)).all()
    assert UNKNOWN not in codes
    assert pieces.decode(codes) == texts


@pytest.mark.parametrize("config", [CHARACTERS, BPE])
def test_emoji_and_every_script_come_back(config):
    codec = Codec.train(EMOJI, config)
    assert codec.decode(codec.encode(EMOJI, 80)) == EMOJI


def test_characters_are_numbered_by_frequency_then_code_point():
    codec = Codec.train(["bca", "cc"], CHARACTERS)
    assert isinstance(codec, Characters)
    assert codec.characters == "cab"
    assert codec.size == SPECIALS + 3
    assert codec.encode(["cab!", ""], 8).tolist() == [
        [BEGIN, 4, 5, 6, UNKNOWN, END, PAD, PAD],
        [BEGIN, END, PAD, PAD, PAD, PAD, PAD, PAD],
    ]


def test_frequent_pieces_get_one_number(pieces):
    assert isinstance(pieces, Pieces)
    assert 260 < pieces.size <= 300
    assert np.count_nonzero(pieces.encode(["the cat"], 20)) == 4  # "the", " cat", begin and end
    assert np.count_nonzero(pieces.encode(["xyz"], 20)) == 5


def test_the_vocabulary_is_no_larger_than_asked_for():
    texts = [f"word{i} other{i * 7}" for i in range(2000)]
    sizes = [Codec.train(texts, DataConfig(tokens="bpe", vocabulary=size)).size for size in (300, 400)]
    assert sizes == [300, 400]


@pytest.mark.parametrize("config", [CHARACTERS, BPE])
@pytest.mark.parametrize("length", [2, 3, 7])
def test_a_text_is_cut_so_that_its_end_fits(config, length):
    codec = Codec.train(["abcdefgh"], config)
    codes = codec.encode(["abcdefgh" * 3, ""], length)
    assert codes[0, 0] == BEGIN
    assert codes[0, -1] == END
    text, empty = codec.decode(codes)
    assert ("abcdefgh" * 3).startswith(text)
    assert empty == ""
    assert bool(text) == (length > 2)


def test_begin_and_end_need_room(pieces):
    with pytest.raises(ValueError, match="2 numbers"):
        pieces.encode(["a"], 1)


@pytest.mark.parametrize("config", [CHARACTERS, BPE])
def test_no_texts_give_no_rows(config):
    codec = Codec.train([], config)
    assert codec.encode([], 5).shape == (0, 5)
    assert codec.decode(np.zeros((0, 5), np.int64)) == []


@given(st.lists(st.integers(-5, 400), max_size=12))
def test_any_numbers_decode_to_text(pieces, row):
    for codec in (pieces, Characters("abc")):
        text = codec.decode(np.array([row], np.int64).reshape(1, -1))[0]
        before_end = row[: row.index(END)] if END in row else row
        assert bool(text) == any(SPECIALS <= i < codec.size for i in before_end)
    assert Characters("abc").decode(np.array([[1, 4, 0, 3, 5, 99, -1, 2, 6]])) == ["ab"]


def test_a_lone_surrogate_becomes_a_question_mark(pieces):
    for codec in (pieces, Codec.train(["a?\ud800"], CHARACTERS)):
        assert codec.decode(codec.encode(["a\ud800"], 10)) == ["a?"]


def test_the_rarest_characters_of_too_many_are_unknown():
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 5000)))
    codec = Codec.train([many, many[:4096]], CHARACTERS)
    assert codec.size == SPECIALS + 4096
    assert codec.decode(codec.encode([many], 5002)) == [many[:4096]]


@pytest.mark.parametrize("config", [CHARACTERS, BPE])
def test_a_codec_survives_being_written(config):
    texts = [*EMOJI, *["the cat sat on the mat"] * 9]
    codec = Codec.train(texts, config)
    again = Codec.from_json(codec.to_json())
    assert type(again) is type(codec)
    assert again.size == codec.size
    assert again.to_json() == codec.to_json()
    codes = codec.encode(texts, 90)
    assert np.array_equal(again.encode(texts, 90), codes)
    assert again.decode(codes) == texts


def test_two_ways_to_one_piece_give_one_number():
    a, b, c = (SPECIALS + byte for byte in b"abc")
    codec = Pieces([[a, b], [260, c], [b, c], [a, 262]])
    assert codec.size == 263
    assert codec.decode(codec.encode(["abcabc"], 10)) == ["abcabc"]
    assert Codec.from_json(codec.to_json()).size == 263


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"characters": 5}',
        '{"characters": "aa"}',
        '{"characters": "\\ud800"}',
        '{"characters": "a", "merges": []}',
        '{"merges": [[4]]}',
        '{"merges": [[4, 260]]}',
        '{"merges": [[0, 4]]}',
        '{"merges": [[-1, 4]]}',
        '{"merges": [[4.0, 5]]}',
        '{"merges": [[true, 5]]}',
        '{"merges": ["ab"]}',
        '{"merges": [[4, ' + "9" * 10_000 + "]]}",
        json.dumps({"characters": "".join(map(chr, range(0x4E00, 0x4E00 + 4097)))}),
        json.dumps({"merges": [[4, 4], *([i, i] for i in range(260, 60_000))]}),  # each twice as long as the last
        json.dumps({"merges": [[4, 5]] * 65_537}),
        '{"characters": "' + " " * (9 << 20) + '"}',
    ],
)
def test_f43_what_is_no_codec_is_refused(text):
    with pytest.raises(InputError):
        Codec.from_json(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["characters", "merges"]), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.sampled_from(["characters", "merges"]), json_values)
def test_f43_any_json_gives_a_codec_or_a_reason(key, value):
    try:
        codec = Codec.from_json(json.dumps({key: value}))
    except InputError:
        return
    assert codec.decode(codec.encode(["abc"], 9)) in (["abc"], [""], ["a"], ["b"], ["c"], ["ab"], ["bc"], ["ac"])


def test_bytes_are_called_what_the_library_calls_them():
    assert sorted(codec_module._CHARACTERS) == sorted(pre_tokenizers.ByteLevel.alphabet())
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str("é\0\xad")
    names = "".join(piece for piece, _ in split)
    assert bytes(codec_module._BYTES[c] for c in names) == "é\0\xad".encode()


def test_only_the_first_of_very_much_text_is_learnt_from(monkeypatch):
    monkeypatch.setattr(codec_module, "_TRAINED_ON", 10)
    codec = Codec.train(iter(["abababab", "cdcdcdcd", "efefefef"] * 50), BPE)
    assert np.count_nonzero(codec.encode(["efef"], 10)) == 6
    assert np.count_nonzero(codec.encode(["abab"], 10)) < 6


def test_real_names_and_shakespeare_come_back(real_data):
    names = (real_data / "text" / "names.txt").read_text(encoding="utf-8").split()
    codec = Codec.train(names, CHARACTERS)
    assert codec.size == SPECIALS + 26
    assert codec.decode(codec.encode(names[::10], 17)) == names[::10]
    speech = (real_data / "text" / "tinyshakespeare.txt").read_text(encoding="utf-8")[:100_000]
    parts = [speech[i : i + 256] for i in range(0, len(speech), 256)]
    codec = Codec.train(parts, DataConfig(tokens="bpe"))
    assert codec.size == 512
    codes = codec.encode(parts, 258)
    assert codec.decode(codes) == parts
    assert np.count_nonzero(codes) < 0.6 * len(speech)
