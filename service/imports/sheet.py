"""A file of separated values as rows, whatever program wrote it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SEPARATORS = ",;\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What spreadsheet programs of the West write where they do not write Unicode.
_OLD = "cp1252"


class UnreadableFile(Exception):
    """The file as a whole can't be taken; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row, and the line of the file it begins on, counted from 1."""

    number: int
    cells: tuple[str, ...]


def read_lines(content: bytes) -> list[Line]:
    """Return the rows that hold anything.

    UTF-8 with or without a mark, UTF-16 with one, else Windows' Western code page; separated by comma, semicolon,
    tab or bar, whichever the first row has most of. A first line ``sep=;`` says it outright.

    :raises UnreadableFile: it is no text, or its quotes don't close.
    """
    text = _decode(content)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.casefold().startswith("sep=") and len(first.strip()) == len("sep=;"):
        separator, text, skipped = first.strip()[-1], rest, 1
    else:
        separator = _separator_of(text)
    return [line for line in _rows(text, separator, skipped) if any(cell.strip() for cell in line.cells)]


def _decode(content: bytes) -> str:
    if content.startswith(_UTF_16):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", _OLD)
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile("the file is no text; save it as CSV first")


def _separator_of(text: str) -> str:
    """Return the separator that the first row that has any has most of, outside quotes."""
    for line in text.splitlines():
        outside = "".join(line.split('"')[::2])
        best = max(_SEPARATORS, key=outside.count)
        if outside.count(best):
            return best
    return ","


def _rows(text: str, separator: str, skipped: int) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        begins = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(f"line {begins} can't be read ({error})") from error
        yield Line(begins, tuple(cell.strip() for cell in cells))
