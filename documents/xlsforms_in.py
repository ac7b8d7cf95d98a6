"""Reads an XLSForm as a checklist: our own whole, one from elsewhere as far as a checklist can ask the same.

Whatever cannot be taken over is named by its cell; nothing is left out in silence but what asks nobody anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from documents import xlsform_check, xlsform_rows
from documents.xlsform_check import TOO_LONG, Book
from documents.xlsform_questions import Reader
from documents.xlsform_rows import CellFault, Line, SheetRows
from documents.xlsforms import FormFacts
from documents.xlsx_in import read_sheets
from domain.imports.cells import TableRefused
from domain.language import Sentence
from domain.patrols import item_rules
from domain.patrols.items import Item

LARGEST_FILE = 2 * 2**20
LARGEST_WHOLE = 24 * 2**20
"""Bytes unpacked; it is read while somebody waits."""
MOST_ROWS = 1_000
MOST_FAULTS = 50
ZIP_START = b"PK\x03\x04"
_COLUMNS = {
    "zh": ("label",), "en": ("label",), "hint": ("hint",), "hint_en": ("hint",), "condition": ("relevant",),
    "low": ("fireline::low", "constraint"), "high": ("fireline::high", "constraint"), "code": ("name",),
    "answer": ("fireline::answer", "type"), "per": ("fireline::per",), "evidence": ("fireline::evidence",),
    "facility_kinds": ("fireline::facility_kinds",), "unit": ("fireline::unit",), "hazard": ("fireline::hazard",),
    "basis": ("fireline::basis",), "canned": ("fireline::canned",), "choices": ("type",),
}  # fmt: skip


class FormRefused(Exception):
    """Something in the form cannot be asked; `faults` say where and why."""

    def __init__(self, faults: tuple[CellFault, ...]) -> None:
        super().__init__("; ".join(f"{one.at}: {one.reason}" for one in faults[:5]))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class ReadForm:
    """A checklist as it came in."""

    facts: FormFacts
    items: tuple[Item, ...]
    left_out: tuple[str, ...] = field(default=())
    """Names of questions that ask nobody anything: calculations, the time a form was opened."""


def read(path: Path) -> ReadForm:
    """Return the checklist in a workbook. Raises `TableRefused` for no workbook, `FormRefused` for what is wrong in it.

    pyxform has the last word, in a process of its own: this takes a second or two.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise TableRefused(
            Sentence("The file is too large: at most %(limit)s MB. Split it into several.", limit=LARGEST_FILE >> 20)
        )
    with path.open("rb") as file:
        if not file.read(4).startswith(ZIP_START):
            raise TableRefused(Sentence("This is no .xlsx workbook. Save the form as .xlsx and send that."))
    sheets = read_sheets(path, xlsform_rows.SHEETS, most_rows=MOST_ROWS, largest=LARGEST_WHOLE)
    if "survey" not in sheets:
        raise TableRefused(Sentence("The workbook has no sheet “survey”: it is no XLSForm."))
    tables = {name: SheetRows.of(name, rows) for name, rows in sheets.items()}
    read_form, lines = _understood(tables)
    said = xlsform_check.complaint(xlsform_rows.book_of(tables))
    if said is not None:
        at = _cell_of(tables["survey"], said.row)
        reason = (
            Sentence("The form could not be checked in time: it is too large or too involved.")
            if said is TOO_LONG
            else Sentence("This is no valid XLSForm: %(said)s", said=said.said)
        )
        raise FormRefused((CellFault(at, reason),))
    _refuse_rules(read_form.items, lines)
    return read_form


def _understood(tables: Mapping[str, SheetRows]) -> tuple[ReadForm, list[Line]]:
    faults = [fault for table in tables.values() for fault in table.faults]
    reader = Reader(tables.get("choices"))
    for line in tables["survey"].lines:
        reader.take(line)
    reader.end()
    facts, wrong = xlsform_rows.facts_of(tables.get("settings"))
    faults += [*reader.faults, *wrong]
    if faults:
        raise FormRefused(tuple(faults[:MOST_FAULTS]))
    return ReadForm(facts, tuple(reader.items), tuple(reader.left_out)), reader.lines


def _refuse_rules(items: tuple[Item, ...], lines: list[Line]) -> None:
    faults = []
    for fault in item_rules.faults(items):
        line = lines[fault.place] if fault.place is not None else None
        at = line.at(*_COLUMNS.get(fault.field, ("name",))) if line else "survey"
        faults.append(CellFault(at, fault.reason))
    if faults:
        raise FormRefused(tuple(faults[:MOST_FAULTS]))


def _cell_of(survey: SheetRows, row: int | None) -> str:
    """Return where pyxform means: it counts the rows it was given."""
    place = row - 2 if row else -1
    return survey.lines[place].at("type") if 0 <= place < len(survey.lines) else "survey"


__all__ = ["LARGEST_FILE", "Book", "CellFault", "FormRefused", "ReadForm", "read"]
