"""Reads XLSX and CSV into rows of cells, within limits; trusts nothing in the file, knows no column's meaning.

What a file is, is told by its first bytes and not by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from documents import csv_in, xlsx_in
from domain.imports.cells import Row, TableRefused
from domain.language import Sentence

LARGEST_FILE = 20 * 2**20
"""Bytes as uploaded; 100,000 venues take about 12 MB."""
MOST_ROWS = 120_000
"""With something in them."""
ZIP_START = b"PK\x03\x04"
OLD_OFFICE_START = bytes.fromhex("d0cf11e0a1b11ae1")
"""The container of .xls, and of workbooks with a password."""


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table."""

    rows: Iterator[Row]
    """Rows with something in them, the header included. TableRefused while reading."""
    expected: int | None
    """About how many rows there are, for progress; None when the file does not say."""


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Give the first visible sheet of a workbook, or the table in a CSV file. TableRefused when it is neither."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise TableRefused(
            Sentence("The file is too large: at most %(limit)s MB. Split it into several.", limit=LARGEST_FILE >> 20)
        )
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(OLD_OFFICE_START):
        raise TableRefused(
            Sentence("This is an old .xls workbook or one with a password. Save it as .xlsx without a password.")
        )
    if not start:
        raise TableRefused(Sentence("The file is empty."))
    opened = xlsx_in.open_sheet if start.startswith(ZIP_START) else csv_in.open_lines
    with opened(path) as (rows, expected):
        yield Table(_within_limits(rows), expected)


def _within_limits(rows: Iterator[Row]) -> Iterator[Row]:
    count = 0
    for row in rows:
        if row.is_empty:
            continue
        count += 1
        if count > MOST_ROWS:
            raise TableRefused(
                Sentence("There are more than %(limit)s rows. Split the file into several.", limit=f"{MOST_ROWS:,}")
            )
        yield row
