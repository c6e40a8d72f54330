"""Text files: their encoding, and what in them is one item."""

from __future__ import annotations

import codecs
import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data.columns import Texts
from genstudio.data.items import Watch

MOST_BYTES = 2 << 30
MOST_ITEMS = 20_000_000
LENGTH = 256  # characters of an item, at most, unless asked for more
CAPTION = 4096  # characters of a text that goes with a picture or a sound

_CHUNK = 1 << 22  # bytes read at a time
_LONGEST = 1 << 16  # characters of one line that are kept while its end is looked for
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r\f"}) + b"\x7f"
_BEYOND = bytes(range(128, 256))
_STRAY = re.compile("[" + re.escape(_CONTROLS.decode("ascii")) + "]")
_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TextItems:
    """The items of a text file.

    Attributes
    ----------
    texts : Texts
    reading : "lines" or "running"
        What was taken as an item.
    length : int
        Characters of the longest item.
    notes : tuple of str
        What was skipped, cut, left out or guessed, in sentences.
    """

    texts: Texts
    reading: Literal["lines", "running"]
    length: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Code:
    """How bytes are to be read, and what a look at all of them counted, in characters."""

    name: str
    characters: int = 0
    high: int = 0  # beyond ASCII
    bad: int = 0  # could not be decoded
    stray: int = 0  # control characters, NUL among them; they are left out

    def notes(self) -> Iterator[str]:
        if self.name == "cp1252":
            yield "The text is not UTF-8 and was read as Windows-1252 (Western European)."
        if self.bad:
            yield f"Characters that cannot be decoded and stand as “\ufffd”: {self.bad:,}."
        if self.stray:
            yield f"Control characters left out: {self.stray:,}."


def read_text(data: bytes) -> str:
    """The text of a whole file, with "\\n" between lines and without control characters.

    Byte order marks are followed. Without one it is UTF-8; UTF-16 when every other byte is zero; Windows-1252 when
    more of it breaks the rules of UTF-8 than keeps them and what comes out looks like text.

    Raises
    ------
    InputError
        A reason that goes on from the file's name: "it is not text", "it holds no text".
    """
    code = _survey(lambda: _slices(data))
    text = "".join(_decoded(_slices(data), code))
    if not text or text.isspace():
        raise InputError("it holds no text")
    return text


def read_one(data: bytes) -> str:
    """The text that goes with a picture or a sound: its first 4,096 characters without space around them.

    Raises
    ------
    InputError
        As `read_text`.
    """
    return read_text(data[: 4 * CAPTION + 4]).strip()[:CAPTION].rstrip()


def read_items(path: Path, config: DataConfig, watch: Watch) -> TextItems:
    """Take a text file of up to 2 GiB apart into items; it is read piece by piece.

    Lines: each that is not empty is an item, without space around it, cut after `config.text_length` characters
    (0: 256). Running text: consecutive pieces of that many characters, which together are all of the file.

    Raises
    ------
    InputError
        One sentence that names the file: not text, empty, too large, cannot be read.
    Cancelled
        When `watch` raises it.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise InputError(f"{path.name} cannot be read: it is not a file.")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name} is larger than the limit of 2 GiB: split it into several files.")
        return _items(path, config, watch)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _items(path: Path, config: DataConfig, watch: Watch) -> TextItems:
    limit = config.text_length or LENGTH
    packer = _Packer()
    try:
        code = _survey(partial(_chunks, path, watch, f"Looking at {path.name}"))
        parts = partial(_decoded, _chunks(path, watch, f"Reading {path.name}"), code)
        reading = config.reading
        if reading == "auto":
            with path.open("rb") as file:
                head = "".join(_decoded([file.read(_CHUNK)], code))
            reading = _look(head, limit)
        notes = [*code.notes()]
        if reading == "lines":
            notes += _pack_lines(parts(), limit, packer)
        else:
            _pack_pieces(parts(), limit, packer)
        if not packer.seen:
            raise InputError("it holds no text")
    except InputError as error:
        raise InputError(f"{path.name} cannot be used: {error}. Choose a text file saved as UTF-8.") from None
    return TextItems(packer.texts(), reading, packer.longest, tuple(notes))


def _look(head: str, limit: int) -> Literal["lines", "running"]:
    """Whether each line is an item, from the first lines.

    Text runs on when most lines are longer than an item may be, or when empty lines part it into paragraphs: at
    least one in 20 lines ends a paragraph, and paragraphs have 1.5 lines or more on average (so that a list with
    an empty line after each item stays a list).
    """
    lines = [line.strip() for line in head.strip().split("\n")]
    full = [line for line in lines if line]
    paragraphs = sum(bool(line) and not before for before, line in zip(["", *lines], lines, strict=False))
    long = 2 * sum(len(line) > limit for line in full) > len(full)
    parted = paragraphs > 1 and 20 * (paragraphs - 1) >= len(full) >= 1.5 * paragraphs
    return "running" if long or parted else "lines"


class _Packer:
    """Texts one after the other in two growing arrays."""

    def __init__(self) -> None:
        self.data, self.ends, self.longest, self.seen = bytearray(), array("q", [0]), 0, False

    def add(self, text: str) -> None:
        if len(self.ends) > MOST_ITEMS:
            raise InputError(f"it holds more than {MOST_ITEMS:,} items")
        self.data += text.encode("utf-8", "replace")
        self.ends.append(len(self.data))
        self.longest = max(self.longest, len(text))
        self.seen = self.seen or not text.isspace()

    def texts(self) -> Texts:
        return Texts(np.frombuffer(self.data, np.uint8), np.array(self.ends, np.int64))


def _pack_lines(parts: Iterable[str], limit: int, packer: _Packer) -> list[str]:
    """Add each line that is not empty; returns notes."""
    empty = cut = 0
    for line in _lines(parts):
        if line:
            cut += len(line) > limit
            packer.add(line[:limit].rstrip())
        else:
            empty += 1
    notes = [f"Empty lines skipped: {empty:,}."] if empty else []
    return notes + ([f"Lines longer than {limit:,} characters, which were cut: {cut:,}."] if cut else [])


def _lines(parts: Iterable[str]) -> Iterator[str]:
    """Lines without space around them; of an endless one no more is kept than an item may need."""
    rest = ""
    for part in parts:
        *lines, rest = (rest + part).split("\n")
        rest = rest.lstrip()[:_LONGEST] if len(rest) > _LONGEST else rest
        yield from map(str.strip, lines)
    if rest:
        yield rest.strip()


def _pack_pieces(parts: Iterable[str], limit: int, packer: _Packer) -> None:
    rest = ""
    for part in parts:
        rest += part
        whole = len(rest) // limit * limit
        for start in range(0, whole, limit):
            packer.add(rest[start : start + limit])
        rest = rest[whole:]
    if rest:
        packer.add(rest)


def _slices(data: bytes) -> Iterator[bytes]:
    return (data[i : i + _CHUNK] for i in range(0, len(data), _CHUNK))


def _chunks(path: Path, watch: Watch, what: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        total, done = path.stat().st_size, 0
        while done < MOST_BYTES and (chunk := file.read(_CHUNK)):
            yield chunk
            done += len(chunk)
            watch(what, done, max(total, done))


def _decoded(chunks: Iterable[bytes], code: _Code) -> Iterator[str]:
    """Text piece by piece; line ends split between two chunks are found too."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(code.name)("replace"), translate=True)
    for chunk in chunks:
        text = decoder.decode(chunk)
        yield _STRAY.sub("", text) if code.stray else text
    yield decoder.decode(b"", final=True)


def _survey(chunks: Callable[[], Iterator[bytes]]) -> _Code:
    """Find the encoding by reading everything; raises `InputError` with a reason when it is not text."""
    code = _tally(chunks(), _guess(next(chunks(), b"")))
    if code.name == "utf-8" and code.bad > code.high - code.bad:
        code = _tally(chunks(), "cp1252")
        if code.bad:
            raise InputError("it is not text")
        if code.high > 8 and code.high > 0.3 * code.characters:
            raise InputError("it is not UTF-8, or not text")
    if code.stray > 0.01 * code.characters or (code.bad > 1 + 0.01 * code.characters):
        raise InputError("it is not text")
    return code


def _guess(head: bytes) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    head = head[:4096]
    half = len(head) // 2
    first, second = head[0::2].count(0), head[1::2].count(0)
    if half > 1 and max(first, second) > 0.7 * half and min(first, second) < 0.05 * half:
        return "utf-16-le" if second > first else "utf-16-be"
    return "utf-8"


def _tally(chunks: Iterable[bytes], name: str) -> _Code:
    characters = high = bad = stray = 0
    for text in _decoded(chunks, _Code(name)):
        packed = text.encode("utf-8", "replace")
        characters += len(text)
        bad += text.count("\ufffd")
        stray += len(packed) - len(packed.translate(None, _CONTROLS))
        high += 0 if len(packed) == len(text) else len(text) - len(packed.translate(None, _BEYOND))
    return _Code(name, characters, high, bad, stray)
