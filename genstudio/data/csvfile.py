"""Tables in text form (CSV, TSV): delimiter, encoding and header are found by looking; RFC 4180 for quotes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import PurePath
from typing import Literal

from genstudio.core.errors import InputError
from genstudio.data.items import Rejected
from genstudio.data.roles import AUDIO_SUFFIXES, IMAGE_SUFFIXES

# A file is hostile until proven otherwise: every count has an end before memory is taken for it.
MOST_BYTES = 2 << 30
MOST_ROWS = 5_000_000
MOST_COLUMNS = 100_000
_MOST_CELLS = 200_000_000  # 1.6 GB of references
_MOST_REJECTED = 10_000
_CELL = 1_000_000
_LINE = 16_000_000
_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}
_NO_DELIMITER = "\x1f"  # for a table of one column; the control character that ASCII has for it
_MEDIA = (*IMAGE_SUFFIXES, *AUDIO_SUFFIXES, ".txt")

#: A row that cannot be used is given as its reason.
Row = tuple[str, ...] | Rejected


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    columns : tuple of str
        Unique names; "1", "2", ... where there is no header or a name is empty.
    rows : list of tuple of str
        As many cells each as there are columns: short rows are filled up with empty cells.
    numbers : sequence of int
        Of each row, counted from 1 behind the header; rejected rows have theirs too.
    rejected : tuple of Rejected
        Rows with more cells than columns, at most 10,000.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    numbers: Sequence[int] = ()
    rejected: tuple[Rejected, ...] = field(default=())


def parse_csv(data: bytes, name: str) -> Table:
    """Read a whole table.

    Parameters
    ----------
    data : bytes
        The file: UTF-8 with or without a byte order mark, UTF-16 with one, or Windows-1252.
    name : str
        File name for sentences; ".tsv" and ".tab" make a tab the first guess.

    Raises
    ------
    InputError
        When it is empty, no text, beyond the limits, or a quote is left open; the sentence names the file.
    """
    columns, numbered = read_rows(data, name)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    rejected: list[Rejected] = []
    for number, row in numbered:
        if isinstance(row, Rejected):
            if len(rejected) < _MOST_REJECTED:
                rejected.append(row)
            continue
        rows.append(row)
        numbers.append(number)
        if len(rows) * len(columns) > _MOST_CELLS:
            raise InputError(f"{name} has more than {_MOST_CELLS:,} cells: split it into several tables.")
    if not rows:
        reason = f" ({rejected[0].file} {rejected[0].reason})" if rejected else ""
        raise InputError(f"{name} has a header but no rows that can be used{reason}.")
    return Table(columns, rows, numbers, tuple(rejected))


def read_rows(data: bytes, name: str) -> tuple[tuple[str, ...], Iterator[tuple[int, Row]]]:
    """The columns, and row by row its number (from 1) and its cells; needs little memory beside `data`.

    Raises
    ------
    InputError
        As `parse_csv`; also while the rows are read.
    """
    encoding = _encoding(data, name)
    delimiter = _delimiter(_sample(data, encoding), name)
    records = _records(data, name, encoding, delimiter)
    first = next(records, None)
    if first is None:
        raise InputError(f"{name} is empty: a table needs a header and rows.")
    if len(first) > MOST_COLUMNS:
        raise InputError(f"{name} has {len(first):,} columns; at most {MOST_COLUMNS:,} can be read.")
    if _is_header(first):
        return _unique(first), _fitted(records, len(first), name)
    columns = tuple(str(i + 1) for i in range(len(first)))
    return columns, _fitted(chain([first], records), len(first), name)


def column_names(data: bytes, name: str) -> tuple[str, ...]:
    """The columns only; raises `InputError` as `read_rows`."""
    return read_rows(data, name)[0]


def _fitted(records: Iterator[list[str]], width: int, name: str) -> Iterator[tuple[int, Row]]:
    """Rows of equal width; one with more cells than columns cannot be told apart and is rejected."""
    for number, cells in enumerate(records, 1):
        if number > MOST_ROWS:
            raise InputError(f"{name} has more than {MOST_ROWS:,} rows: split it into several tables.")
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width:
            reason = f"has {len(cells):,} cells for {width:,} columns: put cells that hold a delimiter in quotes"
            yield number, Rejected(f"row {number}", reason)
        else:
            yield number, tuple(cells) + ("",) * (width - len(cells))


def _encoding(data: bytes, name: str) -> str:
    """The encoding of `data`; raises InputError when it is no text."""
    if not data.strip():
        raise InputError(f"{name} is empty: a table needs a header and rows.")
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} has {len(data) / 2**30:,.1f} GiB; tables of at most 2 GiB can be read.")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not wide and b"\0" in data:
        raise InputError(f"{name} holds NUL bytes, so it is not a plain table: save it as UTF-8 text.")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        view = memoryview(data)
        try:
            for i in range(0, len(data), 1 << 20):
                piece = decoder.decode(view[i : i + (1 << 20)].tobytes(), final=i + (1 << 20) >= len(data))
                if "\0" in piece:
                    raise InputError(
                        f"{name} holds NUL characters, so it is not a plain table: save it as UTF-8 text."
                    )
            return encoding
        except UnicodeDecodeError:
            continue
    told = "UTF-16, as its first bytes say" if wide else "UTF-8 or Windows-1252 text"
    raise InputError(f"{name} is not {told}: save it as UTF-8.")


def _sample(data: bytes, encoding: str) -> str:
    """The first lines, at most 64 kB of them."""
    text = codecs.getincrementaldecoder(encoding)().decode(data[: 1 << 16])
    whole = len(data) <= 1 << 16
    return text if whole or "\n" not in text else text[: text.rindex("\n") + 1]


def _delimiter(sample: str, name: str) -> str:
    """The delimiter under which the first rows have equally many cells; the one of the suffix when in doubt."""
    usual = "\t" if PurePath(name).suffix.lower() in (".tsv", ".tab") else ","

    def score(delimiter: str) -> tuple[float, bool, int]:
        try:
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            widths = [len(row) for row in islice(reader, 50) if row]
        except csv.Error:  # told about when the rows are read
            return 0.0, False, 0
        if not widths or widths[0] < 2:
            return 0.0, False, 0
        return sum(w == widths[0] for w in widths) / len(widths), delimiter == usual, widths[0]

    scores = {delimiter: score(delimiter) for delimiter in _DELIMITERS}
    best = max(scores, key=lambda d: scores[d])
    return best if scores[best][0] >= 0.5 else usual if scores[usual][0] > 0 else _NO_DELIMITER


def _records(data: bytes, name: str, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Records that are not blank; errors in words. Raises the limit of csv only when a cell needs it."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if _quotes_close(data, name, encoding, delimiter) else csv.QUOTE_NONE
    done = 0
    while True:
        with io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="") as text:
            reader = csv.reader(_lines(text, name), delimiter=delimiter, quoting=quoting, strict=True)
            try:
                for row in islice(reader, done, None):
                    done += 1
                    if row:
                        yield row
                return
            except csv.Error as error:
                if "field larger" in str(error) and csv.field_size_limit() < _CELL:
                    csv.field_size_limit(_CELL)
                    continue
                raise _in_words(error, name, done) from None


def _quotes_close(data: bytes, name: str, encoding: str, delimiter: str) -> bool:
    """Whether quotes mean what RFC 4180 says. Tables with tabs often hold sentences with quotes as they are."""
    if delimiter != "\t" or b'"' not in data:
        return True
    with io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="") as text:
        try:
            for _ in csv.reader(_lines(text, name), delimiter=delimiter, strict=True):
                pass
        except csv.Error:
            return False
    return True


def _lines(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    """Lines with their ends, each of bounded length."""
    while line := text.readline(_LINE):
        if len(line) >= _LINE:
            raise InputError(
                f"{name} has a line of more than {_LINE // 1_000_000} million characters: is it a table?"
            )
        yield line


def _in_words(error: csv.Error, name: str, done: int) -> InputError:
    where = f"Record {done + 1:,}, counting the header,"
    if "field larger" in str(error):
        return InputError(f'{where} of {name} has a cell of more than 1 MB: is a quote (") left open there?')
    if "unexpected end" in str(error):
        return InputError(f'{where} of {name} begins a quote (") that is never closed: close it, or double it.')
    return InputError(f'{where} of {name} has a quote (") in the middle of a cell: double it ({error}).')


def _is_header(cells: list[str]) -> bool:
    """Whether the first record names columns; it plainly does not when it holds numbers or files.

    Numbers that count the columns from 0 or 1 are names, as tables from arrays have them.
    """
    if any(cell.strip().lower().endswith(_MEDIA) for cell in cells):
        return False
    numbers = [cell for cell in cells if _number(cell)]
    counted = [[str(i + start) for i in range(len(numbers))] for start in (0, 1)]
    return not numbers or (numbers in counted and (len(numbers) > 1 or not any(c for c in cells if c != numbers[0])))


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _unique(header: list[str]) -> tuple[str, ...]:
    """Column names as they are; an empty one becomes its number, a second of the same name is counted."""
    names: dict[str, None] = {}
    for i, cell in enumerate(header):
        name = plain = cell.strip() or str(i + 1)
        count = 1
        while name in names:
            count += 1
            name = f"{plain}.{count}"
        names[name] = None
    return tuple(names)
