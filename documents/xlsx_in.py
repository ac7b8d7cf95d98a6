"""Reads the first visible sheet of an XLSX workbook; a bomb, an entity or a formula is refused and never followed."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from documents.cell_text import NO_TABLE, TOO_MUCH, EntitiesDeclared, text_cell, whole_cell
from domain.imports.cells import Cell, Row, TableRefused
from domain.language import Sentence

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MOST_PARTS = 1_000
LARGEST_WHOLE = 400 * 2**20
"""Bytes unpacked; 120,000 rows of twenty columns take about 150 MB."""
LARGEST_STRINGS = 150 * 2**20
"""Bytes of the table of texts, which is held in memory."""
LARGEST_OTHER = 20 * 2**20
"""Bytes of any other part: it is parsed whole."""
HIGHEST_RATIO = 250
"""Unpacked to packed; a sheet of one value over and over reaches 120."""
SMALL_ENOUGH = 10 * 2**20
"""Bytes unpacked below which no ratio is of interest."""

DAMAGED = Sentence("The workbook is damaged. Open it, save it as .xlsx again, and send that.")
ENTITIES = Sentence("The workbook defines entities of its own, which no spreadsheet does. It was not opened.")


@contextmanager
def open_sheet(path: Path) -> Iterator[tuple[Iterator[Row], int | None]]:
    """Give the rows, and how many the sheet says it has."""
    with _opened(path) as workbook:
        with _damage_refused():
            sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise TableRefused(Sentence("The workbook has no sheet with a table."))
        yield _rows(workbook, sheets[0]), sheets[0].max_row


@contextmanager
def _opened(path: Path, *, largest: int = LARGEST_WHOLE) -> Iterator[Workbook]:
    """Give the workbook once nothing in it is too large or not what it seems."""
    _refuse_bombs(path, largest=largest)
    from openpyxl import load_workbook  # noqa: PLC0415 - a fifth of a second that no page should wait for

    from documents.xlsx_rows import refuse_crowds  # noqa: PLC0415 - brings openpyxl

    with _damage_refused(), zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            with archive.open(part) as source:
                refuse_crowds(source)

    # Opened here: openpyxl would leave it open when it fails.
    with path.open("rb") as file:
        with _damage_refused():
            workbook = load_workbook(file, read_only=True, keep_links=False)
        yield workbook


def read_sheets(path: Path, names: Collection[str], *, most_rows: int, largest: int) -> dict[str, list[Row]]:
    """Return the rows with something in them of the sheets that have one of `names` (in small letters).

    Text keeps the spaces and line ends inside it. Sheets that the workbook lacks are missing. Raises `TableRefused`,
    also for more than `most_rows` in one of them, or more than `largest` bytes unpacked.
    """
    with _opened(path, largest=largest) as workbook:
        found: dict[str, list[Row]] = {}
        for sheet in workbook.worksheets:
            name = sheet.title.strip().lower()
            if name in names and name not in found:
                rows = (row for row in _rows(workbook, sheet, text=whole_cell) if not row.is_empty)
                found[name] = list(islice(rows, most_rows + 1))
                if len(found[name]) > most_rows:
                    raise TableRefused(Sentence("There are more than %(limit)s rows.", limit=most_rows))
        return found


def _rows(workbook: Workbook, sheet: Worksheet, *, text: Callable[[str, str], Cell] = text_cell) -> Iterator[Row]:
    from documents import xlsx_rows  # noqa: PLC0415 - brings openpyxl

    # What only openpyxl's own reader asks it for; the tests of real files say when a new version calls it otherwise.
    book: Any = workbook
    page: Any = sheet
    known = xlsx_rows.Known(page._shared_strings, book._date_formats, book._timedelta_formats, workbook.epoch, text)  # noqa: SLF001
    with _damage_refused():
        with page._get_source() as source:  # noqa: SLF001
            xlsx_rows.refuse_entities(source)
        with page._get_source() as source:  # noqa: SLF001
            yield from xlsx_rows.read_rows(source, known)


@contextmanager
def _damage_refused() -> Iterator[None]:
    try:
        yield
    # What openpyxl raises for parts that are missing or say nonsense: it validates nothing by itself.
    except (zipfile.BadZipFile, ParseError, LookupError, ValueError, TypeError, AttributeError, EOFError, OSError,
            NotImplementedError, zlib.error) as error:  # fmt: skip
        # openpyxl wraps some of them.
        refusing = (DefusedXmlException, EntitiesDeclared)
        is_entity = isinstance(error, refusing) or isinstance(error.__cause__, refusing)
        raise TableRefused(ENTITIES if is_entity else DAMAGED) from None


def _refuse_bombs(path: Path, *, largest: int) -> None:
    # Python's zipfile gives no more of a part than its header declares, so the declared sizes are what can come out.
    with _damage_refused(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if not any(part.filename == "[Content_Types].xml" for part in parts):
        raise TableRefused(NO_TABLE)
    if len(parts) > MOST_PARTS:
        raise TableRefused(TOO_MUCH)
    if any(part.flag_bits & 1 for part in parts):
        raise TableRefused(Sentence("The workbook has a password. Save it without one."))
    whole = sum(part.file_size for part in parts)
    packed = path.stat().st_size
    if whole > largest or (whole > SMALL_ENOUGH and whole > packed * HIGHEST_RATIO):
        raise TableRefused(TOO_MUCH)
    for part in parts:
        if part.file_size > _limit(part.filename):
            raise TableRefused(TOO_MUCH)


def _limit(name: str) -> int:
    if name.startswith("xl/worksheets/"):
        return LARGEST_WHOLE
    return LARGEST_STRINGS if name == "xl/sharedStrings.xml" else LARGEST_OTHER


# Raised for parts we do not read, such as pictures and lists to choose from; a filter of our own stays set, because
# `catch_warnings` is not safe beside other threads.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
