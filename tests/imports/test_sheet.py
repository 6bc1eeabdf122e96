"""Files of separated values, whatever program wrote them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imports.sheet import UnreadableFile, read_lines

TEXT = "name;email\nGroß & Söhne;a@b.example\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "\t").encode(),
        TEXT.replace(";", "|").encode(),
    ],
    ids=["utf-8", "with a mark", "utf-16", "utf-16 big", "Windows", "CRLF", "CR", "comma", "tab", "bar"],
)
def test_any_encoding_and_any_separator_gives_the_same_cells(content: bytes) -> None:
    assert [line.cells for line in read_lines(content)] == [("name", "email"), ("Groß & Söhne", "a@b.example")]


def test_a_row_says_on_which_line_of_the_file_it_begins() -> None:
    content = b'sep=,\nname,notes\n\n"Two\nlines","and ""quotes"""\nLast,\n,\n'
    assert [(line.number, line.cells) for line in read_lines(content)] == [
        (2, ("name", "notes")),
        (4, ("Two\nlines", 'and "quotes"')),
        (6, ("Last", "")),
    ]


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00rest", b"\xff\xfeodd", b'name,email\n"never closed,\n'])
def test_what_is_no_list_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"no text|can't be read"):
        read_lines(content)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text == text.strip() and not text.startswith("\ufeff")
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]))
def test_what_a_program_writes_is_read_back(rows: list[list[str]], separator: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    assert [list(line.cells) for line in read_lines(file.getvalue().encode("utf-8-sig"))] == rows


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_refusal(content: bytes) -> None:
    try:
        lines = read_lines(content)
    except UnreadableFile:
        return
    assert all(line.number >= 1 for line in lines)
