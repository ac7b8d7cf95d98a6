"""What can be imported: which columns each table has, how its rows are looked at and compared with the register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from domain.imports import facilities, facility_columns, people, people_columns, venue_columns, venues
from domain.imports.batch import Batch
from domain.imports.cells import Row
from domain.imports.lines import Column, Faults, Line, Progress, read_lines
from domain.imports.terms import Terms
from domain.language import Label


@dataclass(frozen=True, slots=True)
class ImportKind:
    """One kind of table. `check` looks at a row by itself, `plan` compares all of them with the register."""

    name: str
    label: Label
    columns: Sequence[Column]
    check: Callable[[Line, Faults], None]
    plan: Callable[[Session, list[Line], Faults, Terms], Batch]


KINDS: dict[str, ImportKind] = {
    kind.name: kind
    for kind in (
        ImportKind("venues", Label("场所", "Venues"), venue_columns.COLUMNS, venues.check, venues.plan),
        ImportKind(
            "people", Label("人员与任职", "People and posts"), people_columns.COLUMNS, people.check, people.plan
        ),
        ImportKind(
            "facilities", Label("消防设施", "Facilities"), facility_columns.COLUMNS, facilities.check, facilities.plan
        ),
    )
}


def read(kind: ImportKind, rows: Iterator[Row], *, progress: Progress | None = None) -> tuple[list[Line], Faults]:
    """Return the rows as read, each looked at by itself, and what is wrong. TableRefused when it is no table at all."""
    faults = Faults()
    lines = read_lines(kind.columns, rows, faults, progress=progress)
    for line in lines:
        kind.check(line, faults)
    return lines, faults
