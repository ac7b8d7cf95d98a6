"""Writes tables as XLSX or CSV. What a person typed stays text: no cell ever becomes a formula or a link."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from domain.imports.cells import column_letters
from domain.language import Label, Sentence
from domain.settings import city_zone

Value = str | int | float | bool | date | datetime | Label | Sentence | None
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet may take for a formula (OWASP: CSV injection)."""
LONGEST_TEXT = 32_767
"""Characters of a cell in XLSX; the writer would leave a longer one out."""
MOST_ROWS = 1_048_575
"""Of a sheet, besides its header."""
HEADER_COLOUR = "#f3dedc"
LISTED_ROWS = 5_000
"""How far down a template offers its lists."""
TEXT, DAY, MOMENT = 49, "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
"""Formats of numbers; 49 is the one by which a spreadsheet takes digits for text."""


class TooManyRows(Exception):
    """More than fit on a sheet."""

    reason = Sentence("There are more rows than a sheet holds. Choose fewer.")

    def __str__(self) -> str:
        return str(self.reason)


@dataclass(frozen=True, slots=True)
class OutColumn:
    """A column to write. `width` in characters; `choices` are offered in a template's cells."""

    title: str
    width: float = 16
    kind: Literal["text", "number", "day"] = "text"
    hint: str = ""
    required: bool = False
    choices: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Notes:
    """The sheet beside a template's: what to know, then examples under the same headers."""

    title: str
    lines: Sequence[str]
    examples: Sequence[Sequence[Value]]
    lists_title: str


def write_xlsx(
    path: Path, columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]], *, title: str, locale: str
) -> int:
    """Write one sheet with a header that stays in sight and return how many rows it has. TooManyRows."""
    count = 0
    with _workbook(path, streamed=True) as workbook:
        formats = _Formats(workbook)
        sheet = workbook.add_worksheet(_sheet_name(title))
        _header(sheet, columns, formats)
        for count, row in enumerate(rows, start=1):
            if count > MOST_ROWS:
                raise TooManyRows
            _row(sheet, count, row, formats, locale)
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return count


def write_template(path: Path, columns: Sequence[OutColumn], notes: Notes, *, title: str, locale: str) -> None:
    """Write an empty sheet to fill in, with hints at its headers, lists to choose from, and a sheet of examples."""
    with _workbook(path, streamed=False) as workbook:
        formats = _Formats(workbook)
        sheet = workbook.add_worksheet(_sheet_name(title))
        _header(sheet, columns, formats)
        beside = workbook.add_worksheet(_sheet_name(notes.title))
        lists = workbook.add_worksheet(_sheet_name(notes.lists_title))
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width, formats.day if column.kind == "day" else formats.text)
            if column.hint:
                sheet.write_comment(0, index, column.hint, {"author": "", "x_scale": 2})
            if column.choices:
                _offer(sheet, lists, index, column)
        for at, line in enumerate(notes.lines):
            beside.write_string(at, 0, line)
        below = len(notes.lines) + 1
        for index, column in enumerate(columns):
            beside.write_string(below, index, column.title, formats.header)
            beside.set_column(index, index, column.width)
        for at, example in enumerate(notes.examples, start=below + 1):
            _row(beside, at, example, formats, locale)
        if any(column.choices for column in columns):
            lists.set_column(0, len(columns), 24)
        else:
            lists.hide()


def write_csv(path: Path, columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]], *, locale: str) -> int:
    """Write UTF-8 with the mark by which a Chinese Excel knows it, and return how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(guarded(column.title) for column in columns)
        for row in rows:
            count += 1
            writer.writerow(_in_csv(value, locale) for value in row)
    return count


def guarded(text: str) -> str:
    """Return a text so that no spreadsheet takes it for a formula: with an apostrophe before what would begin one."""
    return f"'{text}" if text.startswith(RISKY) else text


class _Formats:
    """The looks a sheet uses."""

    def __init__(self, workbook: Any) -> None:  # noqa: ANN401 - xlsxwriter has no types
        self.header = workbook.add_format({"bold": True, "bg_color": HEADER_COLOUR, "bottom": 1, "num_format": TEXT,
                                           "text_wrap": True, "valign": "top"})  # fmt: skip
        self.text = workbook.add_format({"num_format": TEXT})
        # The cell keeps its text even when somebody edits it and presses Enter.
        self.guarded = workbook.add_format({"num_format": TEXT, "quote_prefix": True})
        self.day = workbook.add_format({"num_format": DAY, "align": "left"})
        self.moment = workbook.add_format({"num_format": MOMENT, "align": "left"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook of several; lines above the header, if any, stand in the first column."""

    title: str
    columns: Sequence[OutColumn]
    rows: Iterable[Sequence[Value]]
    above: Sequence[str] = ()


def write_book(path: Path, sheets: Sequence[Sheet], *, title: str, created: datetime, locale: str) -> None:
    """Write a workbook of several sheets, one after the other; the same rows give the same bytes. TooManyRows.

    `created` is what its properties say: nothing in the file comes from the moment it is written.
    """
    with _workbook(path, streamed=True) as workbook:
        workbook.set_properties({"title": title, "author": "", "created": created.astimezone(UTC).replace(tzinfo=None)})
        formats = _Formats(workbook)
        for one in sheets:
            sheet = workbook.add_worksheet(_sheet_name(one.title))
            for at, line in enumerate(one.above):
                _row(sheet, at, (line,), formats, locale)
            first = len(one.above)
            _header(sheet, one.columns, formats, at=first)
            count = first
            for count, row in enumerate(one.rows, start=first + 1):
                if count > MOST_ROWS:
                    raise TooManyRows
                _row(sheet, count, row, formats, locale)
            sheet.autofilter(first, 0, count, len(one.columns) - 1)


@contextmanager
def _workbook(path: Path, *, streamed: bool) -> Iterator[Any]:
    import xlsxwriter  # noqa: PLC0415 - a tenth of a second that no page should wait for

    options = {"constant_memory": streamed, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    path.touch()  # where nothing can be written OSError says so now, and not after the last row
    workbook = xlsxwriter.Workbook(str(path), options)
    try:
        yield workbook
    except BaseException:
        workbook.close()
        # Half a table looks whole to whoever finds it.
        path.unlink(missing_ok=True)
        raise
    workbook.close()


def _header(sheet: Any, columns: Sequence[OutColumn], formats: _Formats, *, at: int = 0) -> None:  # noqa: ANN401
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
    for index, column in enumerate(columns):
        sheet.write_string(at, index, f"{column.title} *" if column.required else column.title, formats.header)
    sheet.freeze_panes(at + 1, 0)


def _row(sheet: Any, at: int, row: Sequence[Value], formats: _Formats, locale: str) -> None:  # noqa: ANN401
    for index, value in enumerate(row):
        if value is None or value == "":
            continue
        if isinstance(value, Label | Sentence):
            value = value.in_language(locale)  # noqa: PLW2901 - what is said of it from here on
        if isinstance(value, str):
            text = value if len(value) <= LONGEST_TEXT else f"{value[: LONGEST_TEXT - 1]}…"
            sheet.write_string(at, index, text, formats.guarded if text.startswith(RISKY) else None)
        elif isinstance(value, datetime):
            sheet.write_datetime(at, index, value.astimezone(city_zone()).replace(tzinfo=None), formats.moment)
        elif isinstance(value, date):
            sheet.write_datetime(at, index, value, formats.day)
        elif isinstance(value, bool):
            sheet.write_boolean(at, index, value)
        else:
            sheet.write_number(at, index, value)


def _offer(sheet: Any, lists: Any, index: int, column: OutColumn) -> None:  # noqa: ANN401
    lists.write_string(0, index, column.title)
    for at, choice in enumerate(column.choices, start=1):
        lists.write_string(at, index, choice)
    letters = column_letters(index)
    name = lists.get_name().replace("'", "''")
    # A warning, not a stop: a code without its name may be typed as well.
    rule = {"validate": "list", "source": f"='{name}'!${letters}$2:${letters}${len(column.choices) + 1}",
            "error_type": "warning"}  # fmt: skip
    sheet.data_validation(1, index, LISTED_ROWS, index, rule)


def _in_csv(value: Value, locale: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Label | Sentence):
        return guarded(value.in_language(locale))
    if isinstance(value, datetime):
        return value.astimezone(city_zone()).strftime("%Y-%m-%d %H:%M")
    return guarded(value) if isinstance(value, str) else str(value)


def _sheet_name(title: str) -> str:
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in title)[:31].strip(" '") or "1"
