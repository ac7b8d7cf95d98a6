"""The sheets of an XLSForm as lines of named cells with their addresses; knows no question's meaning."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from documents.xlsform_check import Book
from documents.xlsforms import FormFacts
from domain import catalogue
from domain.imports.cells import Cell, Row, column_letters
from domain.imports.lines import CellRefused
from domain.imports.readers import text_of
from domain.language import Sentence

SHEETS = ("survey", "choices", "settings")
_CHINESE = re.compile(r"中文|chinese|\bzh\b|zh[-_]", re.IGNORECASE)
_ENGLISH = re.compile(r"english|\ben\b|en[-_]|英", re.IGNORECASE)
_PLAIN = frozenset({
    "type", "name", "label", "hint", "required", "relevant", "constraint", "appearance", "list_name", "form_title",
    "form_id", "version", "default_language", "calculation", "default", "choice_filter", "repeat_count",
})  # fmt: skip
"""What pyxform is given; translations of words besides. All else could make it read other files, or nothing of ours."""
_WORDS = ("label", "hint", "constraint_message", "required_message")
_ALIASES = {"list name": "list_name", "title": "form_title", "id": "form_id", "caption": "label", "value": "name",
            "relevance": "relevant"}  # fmt: skip
LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong in one cell, such as `survey!B7`."""

    at: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what stands under each header that has something, and where."""

    sheet: str
    number: int
    texts: Mapping[str, str]
    columns: Mapping[str, str]
    """Header → the letters of its column."""

    def get(self, *names: str) -> str:
        """Return the first of the columns that has something; "" for none."""
        return next((self.texts[name] for name in names if self.texts.get(name)), "")

    def at(self, *names: str) -> str:
        """Return where the first of those columns stands, one that has something first; else the row alone."""
        known = [here for name in names for here in self.columns if here == name or here.startswith(f"{name}::")]
        filled = [here for here in known if self.texts.get(here)]
        letters = next((self.columns[here] for here in (*filled, *known)), "")
        return f"{self.sheet}!{letters}{self.number}"

    def words(self, column: str) -> tuple[str, str]:
        """Return a text in Chinese and in English; what is in no language known stands for Chinese."""
        named = {name: text for name, text in self.texts.items() if name == column or name.startswith(f"{column}::")}
        zh = next((text for name, text in named.items() if _CHINESE.search(name[len(column) :])), "")
        en = next((text for name, text in named.items() if _ENGLISH.search(name[len(column) :])), "")
        other = next((text for name, text in named.items() if text not in (zh, en)), "")
        return zh or other or en, en or ("" if zh or not other or not other.isascii() else other)


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A sheet with its headers understood."""

    lines: tuple[Line, ...]
    faults: tuple[CellFault, ...]

    @classmethod
    def of(cls, sheet: str, rows: Sequence[Row]) -> SheetRows:
        """Return the lines below the header, which is the first row."""
        if not rows:
            return cls((), (CellFault(sheet, Sentence("The sheet is empty.")),) if sheet == "survey" else ())
        headers = [_header(cell) for cell in rows[0].cells]
        columns = {header: column_letters(place) for place, header in reversed(list(enumerate(headers))) if header}
        faults: list[CellFault] = []
        lines = []
        for row in rows[1:]:
            texts: dict[str, str] = {}
            for header, cell in zip(headers, row.cells, strict=False):
                if not header:
                    continue
                text, wrong = _text(cell)
                if wrong:
                    faults.append(CellFault(f"{sheet}!{cell.at}", wrong))
                elif text:
                    texts.setdefault(header, text)
            if texts:
                lines.append(Line(sheet, row.number, texts, columns))
        return cls(tuple(lines), tuple(faults))


def _header(cell: Cell) -> str:
    text = cell.value.strip() if isinstance(cell.value, str) else ""
    name, colons, rest = text.partition("::")
    name = _ALIASES.get(name.strip().lower(), name.strip().lower())
    return f"{name}::{rest.strip()}" if colons else name


def _text(cell: Cell) -> tuple[str, Sentence | None]:
    if cell.fault is not None:
        return "", cell.fault
    if cell.value is None:
        return "", None
    if isinstance(cell.value, bool):
        return ("yes" if cell.value else "no"), None
    if isinstance(cell.value, float) and math.isnan(cell.value):
        return "", Sentence("This is not a number.")
    try:
        return text_of(cell.value), None
    except CellRefused as wrong:
        return "", wrong.reason


def book_of(tables: Mapping[str, SheetRows]) -> Book:
    """Return the sheets as pyxform is given them: the columns it may know, and nothing that names another file."""
    return {
        name: [{header: text for header, text in line.texts.items() if _is_known(header)} for line in table.lines]
        for name, table in tables.items()
        if table.lines
    }


def _is_known(header: str) -> bool:
    name, colons, _ = header.partition("::")
    return header in _PLAIN or (bool(colons) and name in _WORDS) or header in _WORDS


def facts_of(settings: SheetRows | None) -> tuple[FormFacts, list[CellFault]]:
    """Return what the settings say of the checklist as a whole, and what in them is wrong."""
    if settings is None or not settings.lines:
        return FormFacts(""), []
    line = settings.lines[0]
    faults = []
    for name, listed in (("fireline::frequency", catalogue.frequencies()),
                         ("fireline::venue_type", catalogue.checklists())):  # fmt: skip
        if line.get(name) and line.get(name) not in listed:
            faults.append(CellFault(line.at(name), Sentence("Please choose one of the given answers.")))
    return FormFacts(
        title=line.get("form_title")[:LONGEST_TITLE], title_en=line.get("fireline::title_en"),
        form_id=line.get("form_id"), version=line.get("version"), frequency=line.get("fireline::frequency"),
        venue_type=line.get("fireline::venue_type"), is_signed=line.get("fireline::signed") != "no",
    ), faults  # fmt: skip
