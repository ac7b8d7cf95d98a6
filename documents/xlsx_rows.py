"""The rows of one worksheet part, streamed: three times as fast as openpyxl's own cells, dates as it knows them.

The XML is read by the standard library's parser in C. What makes that dangerous, entities, is refused before: a
document can only declare them ahead of its root element.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import IO, Any
from xml.etree.ElementTree import Element, iterparse
from xml.parsers import expat

from openpyxl.utils.datetime import from_excel, from_ISO8601

from documents.cell_text import FORMULA, MOST_COLUMNS, TOO_MUCH, EntitiesDeclared, text_cell
from domain.imports.cells import Cell, Row, TableRefused, Value, column_letters
from domain.language import Sentence

_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DATA, _ROW, _FORMULA, _VALUE, _INLINE = (f"{_SPACE}{name}" for name in ("sheetData", "row", "f", "v", "is"))
_TEXT, _RUN = f"{_SPACE}t", f"{_SPACE}r"
_SHEET, _DIMENSION = f"{_SPACE}worksheet"[1:], f"{_SPACE}dimension"[1:]
_DIGITS = "0123456789"
_from_iso: Any = from_ISO8601  # has no types
BLOCK = 4096
WIDEST = 16_384
"""Columns a sheet can have."""
LONGEST = 2**20
"""Rows a sheet can have."""
MOST_IN_ROW = 4 * WIDEST
"""Elements of a row: a hundred bytes of memory each, and hardly one in the file when they are all alike."""


class NoSheet(ValueError):
    """The XML does not say what a worksheet has to say."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a cell's number or index means: the table of texts, which styles are dates, when the calendar begins."""

    strings: Sequence[str]
    dates: Collection[int]
    lengths: Collection[int]
    epoch: datetime
    text: Callable[[str, str], Cell] = text_cell
    """What a cell of text is: address and text → cell."""


def refuse_entities(source: IO[bytes]) -> None:
    """Raise EntitiesDeclared when the document declares a type; reads up to its root element."""
    parser = expat.ParserCreate()
    has_begun = False

    def declared(*_: object) -> None:
        raise EntitiesDeclared

    def begun(*_: object) -> None:
        nonlocal has_begun
        has_begun = True

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    while not has_begun and (block := source.read(BLOCK)):
        try:
            parser.Parse(block)
        except expat.ExpatError:
            return  # the reader says so at the same place


def refuse_crowds(source: IO[bytes]) -> None:
    """Raise TableRefused for a worksheet that openpyxl would fill the memory with, EntitiesDeclared as above.

    It looks for the sheet's size as soon as a workbook is opened, in every sheet, and through all rows when none is
    said before them; whatever a row holds is kept until its end. Anything but a worksheet is left alone.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    elements = rows = 0
    is_over = False

    def declared(*_: object) -> None:
        raise EntitiesDeclared

    def begun(name: str, _: object) -> None:
        nonlocal elements, is_over
        elements += 1
        is_over = is_over or name == _DIMENSION or (elements == 1 and name != _SHEET)
        if elements > MOST_IN_ROW and not is_over:
            raise TableRefused(TOO_MUCH)

    def ended(name: str) -> None:
        nonlocal elements, rows, is_over
        is_over = is_over or name == _DATA[1:]
        if name == _ROW[1:]:
            elements, rows = 1, rows + 1
        if rows > LONGEST and not is_over:
            raise TableRefused(TOO_MUCH)

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    parser.EndElementHandler = ended
    while not is_over and (block := source.read(BLOCK)):
        try:
            parser.Parse(block)
        except expat.ExpatError:
            return  # the reader says so at the same place


def read_rows(source: IO[bytes], known: Known) -> Iterator[Row]:
    """Yield the rows that are written down; those left out in between are empty.

    What follows the rows is read for the archive's sum over it, and not parsed.
    """
    data: Element | None = None
    number = elements = 0
    for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 - see above
        if event == "start":
            elements += 1
            if elements > MOST_IN_ROW:
                raise TableRefused(TOO_MUCH)
            if data is None and element.tag == _DATA:
                data = element
        elif element.tag == _ROW:
            written = element.get("r")
            number = int(written) if written else number + 1
            yield Row(number, tuple(_cells(element, number, known)))
            if data is not None:
                data.clear()
            elements = 0
        elif element is data:
            while source.read(BLOCK):
                pass
            return
    if data is None:
        raise NoSheet("no sheetData")


def _cells(row: Element, number: int, known: Known) -> Iterator[Cell]:
    following = 0
    for element in row:
        written = element.get("r")
        index = _index(written.rstrip(_DIGITS)) if written else following
        if index >= MOST_COLUMNS:
            if _holds_something(element):
                raise TableRefused(Sentence("There are more than %(limit)s columns.", limit=MOST_COLUMNS))
            continue
        for left_out in range(following, index):
            yield Cell(f"{_LETTERS[left_out]}{number}", None)
        yield _cell(element, f"{_LETTERS[index]}{number}", known)
        following = index + 1


def _cell(element: Element, at: str, known: Known) -> Cell:
    kind = element.get("t", "n")
    if element.find(_FORMULA) is not None:
        return Cell(at, None, FORMULA)
    if kind == "inlineStr":
        inside = element.find(_INLINE)
        return known.text(at, _words(inside)) if inside is not None else Cell(at, None)
    text = element.findtext(_VALUE)
    if not text:
        return Cell(at, None)
    if kind in ("s", "str"):
        return known.text(at, known.strings[int(text)] if kind == "s" else text)
    if kind == "e":
        return Cell(at, None, Sentence("This cell holds the error %(error)s.", error=text[:20]))
    return Cell(at, _value(kind, text, element, known))


def _value(kind: str, text: str, element: Element, known: Known) -> Value:
    if kind == "n":
        return _number(text, int(element.get("s", 0)), known)
    if kind == "b":
        return text == "1"
    if kind == "d":
        return _day(_from_iso(text))
    raise NoSheet(kind)


def _number(text: str, style: int, known: Known) -> Value:
    value = float(text) if not text.lstrip("-").isdigit() else int(text)
    if style not in known.dates:
        return value
    try:
        return _day(from_excel(value, known.epoch, timedelta=style in known.lengths))
    except (OverflowError, ValueError):
        return value  # a number that only looks like a date: the column says what it expects


def _day(value: Any) -> Value:  # noqa: ANN401 - what openpyxl makes of a date
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    found: Value = value
    return found


def _words(inside: Element) -> str:
    """Return the text of a cell with its runs; what only says how it is read aloud is left out."""
    parts = [inside.findtext(_TEXT) or ""]
    parts += [run.findtext(_TEXT) or "" for run in inside.iterfind(_RUN)]
    return "".join(parts)


def _holds_something(element: Element) -> bool:
    return any(element.find(part) is not None for part in (_VALUE, _INLINE, _FORMULA))


def _index(letters: str) -> int:
    index = _INDEXES.get(letters)
    if index is None:
        raise NoSheet(letters)
    return index


_LETTERS = [column_letters(index) for index in range(WIDEST)]
_INDEXES = {letters: index for index, letters in enumerate(_LETTERS)}
