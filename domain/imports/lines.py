"""Columns, the headers that announce them, and rows read by them; gathers what is wrong and stops at nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from domain.errands import Complaint
from domain.imports.cells import Cell, Row, TableRefused, Value, column_letters
from domain.language import Label, Sentence

MOST_LISTED = 1_000
"""Complaints that are listed; the rest is only counted."""
TOLD_EVERY = 500
"""Rows between two reports of progress."""

Progress = Callable[[int], None]
"""Told how many rows were read."""


class CellRefused(ValueError):
    """The value of one cell does not fit; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Column:
    """A column people fill in. `read` turns a cell's value into ours, or raises CellRefused."""

    key: str
    title: Label
    read: Callable[[Value], Any]
    required: bool = False
    also: tuple[str, ...] = ()
    """Other headers it is known by."""
    hint: Sentence | None = None
    example: str | float | date | None = None
    width: float = 16
    kind: Literal["text", "number", "day"] = "text"
    only_out: bool = False
    """Only in exports: known when such a file comes back, and not read."""


@dataclass(slots=True)
class Faults:
    """What is wrong with a table: the first thousand of it, and how much in all."""

    listed: list[Complaint] = field(default_factory=list)
    total: int = 0

    def add(self, where: str, reason: Sentence) -> None:
        """Remember one more."""
        self.total += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Complaint(where, reason))


@dataclass(frozen=True, slots=True)
class Headers:
    """Which column stands where in a file."""

    columns: dict[int, Column]
    letters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row as read: what was filled in, by the columns' keys."""

    number: int
    values: dict[str, Any]
    headers: Headers

    def at(self, key: str) -> str:
        """Return the address of a cell of this row, B17; of the row when the file has no such column."""
        return f"{self.headers.letters.get(key, '')}{self.number}"

    def get(self, key: str) -> Any:  # noqa: ANN401 - whatever the column reads
        """Return what was filled in, None for nothing."""
        return self.values.get(key)


def read_lines(
    columns: Sequence[Column], rows: Iterator[Row], faults: Faults, *, progress: Progress | None = None
) -> list[Line]:
    """Return every row that can be read; what cannot be is in `faults`. TableRefused when there is no table at all."""
    header = next(rows, None)
    if header is None:
        raise TableRefused(Sentence("The file is empty."))
    headers = _headers(columns, header, faults)
    if faults.total:  # rows read under wrong headers would only add noise
        return []
    lines = []
    for count, row in enumerate(rows, start=1):
        line = _line(row, headers, faults)
        if line is not None:
            lines.append(line)
        if progress is not None and count % TOLD_EVERY == 0:
            progress(count)
    if not lines and not faults.total:
        raise TableRefused(Sentence("There is only a header: no row is filled in."))
    return lines


def _headers(columns: Sequence[Column], header: Row, faults: Faults) -> Headers:
    known = {plain(name): column for column in columns for name in (column.title.zh, column.title.en, *column.also)}
    known |= {plain(column.key): column for column in columns}
    placed: dict[int, Column] = {}
    letters: dict[str, str] = {}
    for index, cell in enumerate(header.cells):
        if cell.is_empty:
            continue
        column = known.get(plain(str(cell.value))) if cell.fault is None else None
        if column is None:
            reason = cell.fault or Sentence(
                "There is no column “%(name)s”. Use the template.", name=str(cell.value)[:40]
            )
            faults.add(cell.at, reason)
        elif column.key in letters:
            faults.add(cell.at, Sentence("The column “%(name)s” is there twice.", name=column.title))
        else:
            placed[index] = column
            letters[column.key] = column_letters(index)
    for column in columns:
        if column.required and column.key not in letters:
            faults.add(str(header.number), Sentence("The column “%(name)s” is missing.", name=column.title))
    return Headers(placed, letters)


def _line(row: Row, headers: Headers, faults: Faults) -> Line | None:
    before = faults.total
    values: dict[str, Any] = {}
    cells = row.cells
    for index, column in headers.columns.items():
        if column.only_out:
            continue
        cell: Cell | None = cells[index] if index < len(cells) else None
        if cell is None or cell.is_empty:
            if column.required:
                at = f"{headers.letters[column.key]}{row.number}"
                faults.add(at, Sentence("“%(name)s” has to be filled in.", name=column.title))
            continue
        if cell.fault is not None:
            faults.add(cell.at, cell.fault)
            continue
        try:
            values[column.key] = column.read(cell.value)
        except CellRefused as refused:
            faults.add(cell.at, refused.reason)
    for index, cell in enumerate(cells):
        if index not in headers.columns and not cell.is_empty:
            faults.add(cell.at, Sentence("This column has no header."))
    return Line(row.number, values, headers) if faults.total == before else None


def doubles(lines: Iterable[Line], key: str, faults: Faults) -> None:
    """Complain of every value of `key` that an earlier row has too."""
    first: dict[Any, str] = {}
    for line in lines:
        value = line.get(key)
        if value is None:
            continue
        if value in first:
            faults.add(line.at(key), Sentence("The same stands in %(first)s already.", first=first[value]))
        else:
            first[value] = line.at(key)


def plain(name: str) -> str:
    """Return a name as it is compared: without case, space, width and the mark of what is required."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split()).rstrip("*")
