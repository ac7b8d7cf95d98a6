"""Reads CSV as offices save it: UTF-8, UTF-16 or GB18030, with commas, semicolons or tabs."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from documents.cell_text import FORMULA, MOST_COLUMNS, NO_TABLE, text_cell
from domain.imports.cells import Cell, Row, TableRefused, column_letters
from domain.language import Sentence

DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_GUARDED = re.compile(r"'[=+\-@\t\r]")
"""How an export wrote what a spreadsheet would have taken for a formula (`documents.tables_out`)."""


@contextmanager
def open_lines(path: Path) -> Iterator[tuple[Iterator[Row], int | None]]:
    """Give the rows, and how many lines there are. TableRefused when it is no text or its quotes do not close."""
    text = _decoded(path.read_bytes())
    yield _rows(text), text.count("\n") + 1


def _rows(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for number, values in enumerate(reader, start=1):
            if len(values) > MOST_COLUMNS:
                raise TableRefused(Sentence("There are more than %(limit)s columns.", limit=MOST_COLUMNS))
            yield Row(number, tuple(_cell(index, number, value) for index, value in enumerate(values)))
    except csv.Error as error:
        raise TableRefused(_unreadable(error, number + 1)) from None


def _unreadable(error: csv.Error, row: int) -> Sentence:
    # The module tells its errors apart by their words only; a quotation mark left open runs to that limit as well.
    if "field larger than" in str(error):
        return Sentence(
            "Row %(row)s cannot be read: a cell holds more than %(limit)s characters. It is too long, or a quotation "
            "mark is not closed.", row=row, limit=f"{csv.field_size_limit():,}",
        )  # fmt: skip
    return Sentence("Row %(row)s cannot be read: a quotation mark is not closed.", row=row)


def _cell(index: int, number: int, value: str) -> Cell:
    at = f"{column_letters(index)}{number}"
    if value.startswith("="):
        return Cell(at, None, FORMULA)
    return text_cell(at, value[1:] if _GUARDED.match(value) else value)


def _decoded(raw: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return _as(raw, encoding)
    if b"\0" in raw:
        raise TableRefused(NO_TABLE)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        # What a Chinese Excel writes as CSV; GBK is a part of it.
        return _as(raw, "gb18030")


def _as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableRefused(
            Sentence(
                "Line %(line)s holds characters that are neither UTF-8 nor GB 18030. Save the table as .xlsx instead.",
                line=raw.count(b"\n", 0, error.start) + 1,
            )
        ) from None


def _delimiter(text: str) -> str:
    header = _QUOTED.sub("", text[: text.find("\n")] if "\n" in text else text)
    return max(DELIMITERS, key=header.count)
