"""Tables for the tests: rows of cells as a file would give them, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlmodel import Session

from domain.actors import Actor
from domain.credit_code import check_character
from domain.imports.batch import Batch
from domain.imports.cells import Cell, Row, column_letters
from domain.imports.kinds import KINDS, read
from domain.imports.lines import Faults
from domain.imports.terms import Terms

SOURCE = {"file": "venues.xlsx"}


def credit_code(number: int) -> str:
    """Return a credit code that proves itself."""
    body = f"91530481MA{number:07}"
    return body + check_character(body)


def rows_of(lines: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield a header of every key and a row for each line; keys are the columns' keys or titles."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    yield _row(1, names)
    for number, line in enumerate(lines, start=2):
        yield _row(number, [line.get(name) for name in names])


def workbook(path: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    """Write the same as an XLSX file."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row in rows_of(lines):
            for index, cell in enumerate(row.cells):
                if cell.value is not None:
                    sheet.write(row.number - 1, index, cell.value)
    return path


def planned(
    session: Session, kind: str, lines: Sequence[Mapping[str, Any]], *, actor: Actor, at: Any, update: bool = False
) -> tuple[Batch, Faults]:
    """Read and compare a table; nothing is stored."""
    known = KINDS[kind]
    found, faults = read(known, rows_of(lines))
    return known.plan(session, found, faults, Terms(actor, at, update, SOURCE)), faults


def said(faults: Faults) -> list[tuple[str, str]]:
    """Return what is wrong, in English, with its addresses."""
    return [(complaint.where, str(complaint.reason)) for complaint in faults.listed]


def _row(number: int, values: Sequence[Any]) -> Row:
    cells = [Cell(f"{column_letters(index)}{number}", value) for index, value in enumerate(values)]
    return Row(number, tuple(cells))
