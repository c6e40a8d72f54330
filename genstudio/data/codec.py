"""Texts as numbers and back: one number a character, or one for each frequent piece of a word."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, BEGIN, END, UNKNOWN = range(4)
SPECIALS = 4
MOST_CHARACTERS = 4096
MOST_PIECES = 65_536
PIECE = 64  # bytes of the longest piece

_TRAINED_ON = 50_000_000  # characters; more of them take memory and change few pieces
_MOST_JSON = 8 << 20
_BATCH = 1024


class Codec(ABC):
    """Turns texts into rows of numbers and back; 0 fills up, 1 begins, 2 ends, 3 stands for what is unknown."""

    @staticmethod
    def train(texts: Iterable[str], config: DataConfig) -> Codec:
        """Learn from texts which characters there are, or which pieces are frequent, as `config.tokens` says."""
        return Characters.learn(texts) if config.tokens == "characters" else Pieces.learn(texts, config.vocabulary)

    @staticmethod
    def from_json(text: str) -> Codec:
        """The codec that `to_json` wrote.

        Raises
        ------
        InputError
            When it is anything else.
        """
        try:
            value = json.loads(text) if len(text) <= _MOST_JSON else None
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and value.keys() == {"characters"} and isinstance(value["characters"], str):
            return Characters(value["characters"])
        if isinstance(value, dict) and value.keys() == {"merges"} and isinstance(value["merges"], list):
            return Pieces(value["merges"])
        raise InputError("The alphabet of the texts is damaged: train it anew.")

    @abstractmethod
    def to_json(self) -> str:
        """All that is needed to make it again."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many different numbers there are, the four special ones among them."""

    def encode(self, texts: Sequence[str], length: int) -> NDArray[np.int32]:
        """Rows of numbers: begin, the text, end, and 0 for the rest; a text is cut so that the end fits.

        A lone surrogate, which UTF-8 cannot hold, is taken for "?".

        Parameters
        ----------
        length : int
            At least 2; characters need theirs and 2 more.

        Returns
        -------
        int32 [N, length], from 0 to `size` - 1.
        """
        if length < 2:
            raise ValueError(f"begin and end need 2 numbers, not {length}")
        codes, lengths = self._codes(texts, length - 2)
        rows = np.full((len(texts), length), PAD, np.int32)
        rows[:, 0] = BEGIN
        rows[:, 1:-1][np.arange(length - 2) < lengths[:, None]] = codes
        rows[np.arange(len(texts)), lengths + 1] = END
        return rows

    def decode(self, codes: NDArray[np.integer]) -> list[str]:
        """The texts of rows [N, L]: each up to its end, without special numbers and those that mean nothing."""
        return [self._text(row[self._means(row)]) for row in np.asarray(codes)]

    def _means(self, row: NDArray[np.integer]) -> NDArray[np.bool_]:
        ended = np.cumsum(row == END) > 0
        return (row >= SPECIALS) & (row < self.size) & ~ended

    @abstractmethod
    def _codes(self, texts: Sequence[str], most: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The numbers of all texts, at most `most` each, one after the other; how many each text has."""

    @abstractmethod
    def _text(self, codes: NDArray[np.integer]) -> str:
        """The text of numbers that all mean something."""


class Characters(Codec):
    """One number a character, the most frequent ones first.

    Parameters
    ----------
    characters : str
        At most 4,096 different ones.

    Raises
    ------
    InputError
        When they are not that.
    """

    def __init__(self, characters: str) -> None:
        self.characters = characters
        points = [ord(c) for c in characters]
        if len(set(points)) != len(points) or len(points) > MOST_CHARACTERS:
            raise InputError(f"An alphabet has at most {MOST_CHARACTERS:,} characters, each of them once.")
        if any(0xD800 <= point < 0xE000 for point in points):
            raise InputError("An alphabet has no halves of characters (surrogates).")
        self._points = np.array([0xFFFD] * SPECIALS + points, "<u4")

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Characters:
        """The most frequent characters, equally frequent ones in order of their code points."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_whole(text))
        ordered = sorted(counts, key=lambda c: (-counts[c], c))
        return cls("".join(ordered[:MOST_CHARACTERS]))

    def to_json(self) -> str:
        return json.dumps({"characters": self.characters})

    @property
    def size(self) -> int:
        return len(self._points)

    @cached_property
    def _table(self) -> NDArray[np.int32]:
        table = np.full(0x110000, UNKNOWN, np.int32)
        table[self._points[SPECIALS:]] = np.arange(SPECIALS, self.size)
        return table

    def _codes(self, texts: Sequence[str], most: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        cut = [text[:most] for text in texts]
        points = np.frombuffer("".join(cut).encode("utf-32-le", "replace"), "<u4")
        return self._table[points], np.array([len(text) for text in cut], np.int64)

    def _text(self, codes: NDArray[np.integer]) -> str:
        return self._points[codes].tobytes().decode("utf-32-le")


class Pieces(Codec):
    """Byte-pair encoding: bytes, and pieces that are two earlier ones joined (R. Sennrich et al., "Neural machine
    translation of rare words with subword units", 2016; on bytes: A. Radford et al., "Language models are
    unsupervised multitask learners", 2019). Any text comes back as it was.

    Parameters
    ----------
    merges : list of [int, int]
        The two numbers joined, most frequent first; numbers 4 to 259 are the bytes, each new piece has the next one.

    Raises
    ------
    InputError
        When a pair names what is not there yet, or pieces are too many or too long.
    """

    def __init__(self, merges: list[list[int]]) -> None:
        self.merges = merges
        self._bytes: list[bytes] = [b""] * SPECIALS + [bytes([i]) for i in range(256)]
        self._ids = {piece: i for i, piece in enumerate(self._bytes) if piece}
        if len(merges) > MOST_PIECES:
            raise InputError(f"There can be {MOST_PIECES:,} pieces of words, not more.")
        for merge in merges:
            if not self._is_pair(merge):
                raise InputError("The pieces of words are damaged: a pair joins what is not there.")
            piece = self._bytes[merge[0]] + self._bytes[merge[1]]
            if len(piece) > PIECE:  # each pair may double the length: 65 thousand of them are no longer a number
                raise InputError(f"A piece of a word has at most {PIECE} bytes.")
            if piece not in self._ids:  # two ways may lead to one piece
                self._ids[piece] = len(self._bytes)
                self._bytes.append(piece)

    def _is_pair(self, merge: Any) -> bool:
        pair = isinstance(merge, list) and len(merge) == 2
        return pair and all(type(i) is int and SPECIALS <= i < len(self._bytes) for i in merge)

    @classmethod
    def learn(cls, texts: Iterable[str], vocabulary: int) -> Pieces:
        """Join the most frequent pairs until there are `vocabulary` numbers, or no pair occurs twice.

        Of more than 50 million characters the first ones are used.
        """
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary - SPECIALS,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=sorted(_CHARACTERS),
            max_token_length=PIECE,
        )
        tokenizer.train_from_iterator(_first(texts), trainer)
        codec = cls([])
        merges: list[list[int]] = []
        for pair in json.loads(tokenizer.to_str())["model"]["merges"]:
            left, right = (bytes(_BYTES[c] for c in side) for side in pair)
            merges.append([codec._ids[left], codec._ids[right]])
            codec._ids.setdefault(left + right, len(codec._ids) + SPECIALS)
        return cls(merges)

    def to_json(self) -> str:
        return json.dumps({"merges": self.merges})

    @property
    def size(self) -> int:
        return len(self._bytes)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer, models, pre_tokenizers

        names = ["".join(_CHARACTERS[b] for b in piece) for piece in self._bytes]
        vocabulary = {name: i for i, name in enumerate(names) if name}
        tokenizer = Tokenizer(models.BPE(vocabulary, [(names[a], names[b]) for a, b in self.merges]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        return tokenizer

    def _codes(self, texts: Sequence[str], most: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        rows: list[list[int]] = []
        for start in range(0, len(texts), _BATCH):
            # no more of a text than its first numbers can cover
            cut = [_whole(text[: (most + 1) * PIECE]) for text in texts[start : start + _BATCH]]
            rows += [row.ids[:most] for row in self._tokenizer.encode_batch_fast(cut, add_special_tokens=False)]
        flat = [i for row in rows for i in row]
        return np.array(flat, np.int32), np.array([len(row) for row in rows], np.int64)

    def _text(self, codes: NDArray[np.integer]) -> str:
        return b"".join(self._bytes[i] for i in codes).decode("utf-8", "replace")


def _whole(text: str) -> str:
    """The text with "?" for lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _first(texts: Iterable[str]) -> Iterator[str]:
    left = _TRAINED_ON
    for text in texts:
        if left <= 0:
            return
        yield _whole(text[:left])
        left -= len(text)


def _byte_names() -> list[str]:
    """The character by which the library calls each byte: itself where it can be seen, else one from 256 on.

    After `bytes_to_unicode` of GPT-2 (A. Radford et al., 2019).
    """
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in seen else next(others)) for byte in range(256)]


_CHARACTERS = _byte_names()
_BYTES = {character: byte for byte, character in enumerate(_CHARACTERS)}
