"""Sheets with QR codes to print: one A5 or A6 page for each venue's door, labels on A4 for its facilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

from documents import printing, qr
from domain.language import Label, Sentence

SheetSize = Literal["A5", "A6"]
Progress = Callable[[int, int], None]
"""Told how many are laid out, of how many."""
T = TypeVar("T")

UNIT_MM: dict[SheetSize, float] = {"A5": 4.0, "A6": 4.0 / 2**0.5}
"""Everything on a venue's sheet is measured in this unit, so that A6 is A5 made smaller."""
SHEETS_AT_ONCE = 25
LABELS_ON_A_PAGE = 21
"""Three by seven, 63.5 × 38.1 mm each: the commonest sheet of adhesive labels."""
CODE_GROUP = 4
SHORT_NAME, LONG_NAME = 11, 24
"""Characters of a name; above each the name is set smaller."""

VENUE_WORDS = {
    "title": Sentence("Fire safety ID of this place"),
    "scan": Sentence("Scan to see this place's fire safety, and to report a hazard"),
    "anonymous": Sentence("No name and no app needed. Every report is checked and answered."),
    "code": Sentence("Code"),
    "no_scan": Sentence("Cannot scan? Open this address and type the code:"),
    "fire": Sentence("Fire? Call 119 at once"),
    "issued_by": Sentence("Issued by"),
}
LABEL_WORDS = {"report": Sentence("Damaged or missing? Scan to report it")}


@dataclass(frozen=True, slots=True)
class VenueSheet:
    """What stands on the page for one venue; `url` is what its code opens."""

    url: str
    code: str
    name: str
    name_en: str
    address: str
    issuer: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class FacilityLabel:
    """What stands on the label of one facility; `url` is what its code opens."""

    url: str
    code: str
    kind: Label
    number: str
    location: str
    venue: str


class NothingToPrint(Exception):
    """No venue or facility was chosen."""

    reason = Sentence("There is nothing to print: nothing fits what was chosen.")

    def __str__(self) -> str:
        return str(self.reason)


def venue_sheets(sheets: Sequence[VenueSheet], *, size: SheetSize, progress: Progress | None = None) -> bytes:
    """Return a PDF with one page for each venue. NothingToPrint; printing.CannotPrint."""
    if not sheets:
        raise NothingToPrint
    parts = (
        {
            "size": size,
            "unit": UNIT_MM[size],
            "words": VENUE_WORDS,
            "sheets": [
                {
                    "sheet": sheet,
                    "qr": qr.draw(sheet.url),
                    "code": grouped(sheet.code),
                    "fit": _fit(sheet.name),
                    "site": sheet.url.partition("://")[2].partition("/")[0],
                }
                for sheet in part
            ],
        }
        for part in _parts(sheets, SHEETS_AT_ONCE)
    )
    return printing.pdf("venue_sheets.html", parts, progress=_counting(progress, SHEETS_AT_ONCE, len(sheets)))


def facility_labels(labels: Sequence[FacilityLabel], *, progress: Progress | None = None) -> bytes:
    """Return a PDF with labels, 21 on a page of A4. NothingToPrint; printing.CannotPrint."""
    if not labels:
        raise NothingToPrint
    parts = (
        {
            "words": LABEL_WORDS,
            "labels": [
                {"label": label, "qr": qr.draw(label.url, robustness="m"), "code": grouped(label.code)}
                for label in part
            ],
        }
        for part in _parts(labels, LABELS_ON_A_PAGE)
    )
    return printing.pdf("facility_labels.html", parts, progress=_counting(progress, LABELS_ON_A_PAGE, len(labels)))


def grouped(code: str) -> str:
    """Return a code in groups of four, as people read it out: `7K3M 9QAB`."""
    return " ".join(code[start : start + CODE_GROUP] for start in range(0, len(code), CODE_GROUP))


def _parts(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


def _counting(progress: Progress | None, at_once: int, total: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda parts: progress(min(parts * at_once, total), total)


def _fit(name: str) -> str:
    return "short" if len(name) <= SHORT_NAME else "long" if len(name) <= LONG_NAME else "longest"
