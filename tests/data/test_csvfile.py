"""CSV files: whatever is in them, the answer is a table or one sentence that names the file."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.errors import InputError
from genstudio.data.csvfile import column_names, parse_csv, read_rows


def refusal(data, name="t.csv"):
    with pytest.raises(InputError) as caught:
        parse_csv(data, name)
    assert name in str(caught.value)
    return str(caught.value)


cells = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\x1f"), max_size=12)


@given(st.lists(st.lists(cells, min_size=3, max_size=3).filter(any), min_size=1, max_size=8), st.sampled_from(",\t;"))
def test_what_csv_writes_is_read_back(rows, delimiter):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["first", "second", "third"])
    writer.writerows(rows)
    table = parse_csv(text.getvalue().encode(), "t.csv")
    assert table.columns == ("first", "second", "third")
    assert table.rows == [tuple(row) for row in rows]
    assert list(table.numbers) == list(range(1, len(rows) + 1))


@given(st.binary(max_size=300), st.sampled_from([b"", b"a,b\n", b"a\tb\n", b"\xff\xfe", b"\xef\xbb\xbf", b'a,"b\n']))
def test_f37_any_bytes_give_a_table_or_a_sentence(tail, head):
    refused, table = "", None
    try:
        table = parse_csv(head + tail, "t.csv")
    except InputError as error:
        refused = str(error)
    if table is None:
        assert "t.csv" in refused
    else:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len(set(table.columns)) == len(table.columns)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_f37_the_encoding_is_detected(encoding):
    table = parse_csv("wörd,größe\nÄpfel,süß\n".encode(encoding), "t.csv")
    assert table.columns == ("wörd", "größe")
    assert table.rows == [("Äpfel", "süß")]


def test_f37_a_character_cut_by_the_reading_of_pieces_is_still_one():
    text = "a,b\n" + "é" * ((1 << 19) - 2) + ",€\n"  # the last letter straddles 1 MB
    assert len(text.encode()) > 1 << 20
    assert parse_csv(text.encode(), "t.csv").rows[0][1] == "€"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b" \n\n", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\0\n", "NUL"),
        ("a,b\n1,\0\n".encode("utf-16"), "NUL"),
        ("a,b\n1,2\n".encode("utf-16-le"), "NUL"),  # without a mark nobody can know
        (b"a,b\n\x81\x8d,2\n", "UTF-8"),
        (b"\xff\xfea", "UTF-16"),
        (b'a,b\n"open,2\n3,4\n', "never closed"),
        (b'a,b\n"in"side,2\n', "middle of a cell"),
        (b"a,b\n" + b"x" * 1_100_000 + b",1\n", "more than 1 MB"),
        (b"a,b\n" + b"x" * 16_000_001, "line of more than"),
        (b"," * 100_001, "columns"),
    ],
)
def test_f37_the_sentence_says_what_is_wrong(data, words):
    assert words in refusal(data)


def test_f37_a_quote_holds_delimiters_newlines_and_doubled_quotes():
    table = parse_csv(b'a,b\r\n"x, y\r\nz","say ""hi"""\r\n', "t.csv")
    assert table.rows == [("x, y\r\nz", 'say "hi"')]


def test_f37_quotes_in_tables_with_tabs_may_be_plain_characters():
    table = parse_csv(b'a\tb\n"To be\tor "not"\nx\ty\n', "t.tsv")
    assert table.rows == [('"To be', 'or "not"'), ("x", "y")]


def test_f37_a_cell_beyond_the_usual_limit_of_csv_is_read():
    table = parse_csv(b"a,b\n1,2\n" + b"x" * 500_000 + b",1\n3,4\n", "t.csv")
    assert [len(row[0]) for row in table.rows] == [1, 500_000, 1]


def test_f37_a_line_without_end_takes_no_more_memory_than_it_has_to():
    data = b"a,b\n" + b"," * 60_000_000
    tracemalloc.start()
    refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


@pytest.mark.parametrize(
    ("data", "name", "columns"),
    [
        (b"a;b\n1,5;2\n", "t.csv", ("a", "b")),
        (b"a\tb\n1\t2\n", "t.csv", ("a", "b")),
        (b"a,b\n1,2\n", "t.tsv", ("a", "b")),
        (b"text\nHello, world\nyes, no, perhaps\n", "t.csv", ("text",)),
        (b"a\tb, c\nx\ty\n", "t.tsv", ("a", "b, c")),
    ],
)
def test_the_delimiter_is_found_by_looking(data, name, columns):
    assert column_names(data, name) == columns


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (b"5,0,0,255\n", ("1", "2", "3", "4")),
        (b"noto/a.png,happy\n", ("1", "2")),
        (b"label,0,1,2\n7,1,2,3\n", ("label", "0", "1", "2")),
        (b"0,1,2\n7,8,9\n", ("0", "1", "2")),
        (b",text\n0,hello\n", ("1", "text")),
        (b"a,a,a\n1,2,3\n", ("a", "a.2", "a.3")),
    ],
)
def test_a_header_is_told_from_data(data, columns):
    table = parse_csv(data, "t.csv")
    assert table.columns == columns
    assert len(table.rows) == 1


def test_short_rows_are_filled_and_long_ones_rejected_with_their_number():
    table = parse_csv(b"a,b\n1\n1,2,3\n\n4,5,,\n", "t.csv")
    assert table.rows == [("1", ""), ("4", "5")]
    assert list(table.numbers) == [1, 3]
    (rejected,) = table.rejected
    assert rejected.file == "row 2"
    assert "3 cells for 2 columns" in rejected.reason


def test_rows_are_read_one_by_one():
    columns, rows = read_rows(b"a,b\n1,2\n3,4\n", "t.csv")
    assert columns == ("a", "b")
    assert next(rows) == (1, ("1", "2"))
    assert list(rows) == [(2, ("3", "4"))]


def test_real_captions_are_read(real_data):
    table = parse_csv((real_data / "emoji" / "captions.csv").read_bytes(), "captions.csv")
    assert len(table.rows) == 1831
    assert table.columns[:3] == ("code", "emoji", "image_noto")
    assert table.rejected == ()
