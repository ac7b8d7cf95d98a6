"""The cases behind a number: the same cases it counted, newest first, a page at a time.

A number about cases leads to cases, one about stages to runs of a clock (a case may have several). Whoever sees the
number may be kept from some of its cases by what they may know of today: those are said to be so many, and not shown.
Of an industry a number counts what was of it when the case came to be about a place; so does the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.models import Case, CaseMeasure, Venue
from domain.processes import LISTED
from domain.reporting.asked import Asked
from domain.reporting.figures import By
from domain.reporting.numbers import standing
from domain.reporting.one_moment import one_moment
from domain.rights import RIGHTS, Right

if TYPE_CHECKING:
    from domain.reporting.behind import Hit

PAGE_SIZE = 50
LARGEST_PAGE = 200
OF_CASES = frozenset({"received", "open", "closed", "overdue", "fixed", "fixing", "unproven", "disputed", "reopened",
                      "rated"})  # fmt: skip
"""Besides `rated-1` to `rated-5` and `state-…`."""
OF_STAGES = frozenset({"started", "in_time", "late", "running", "overdue", "left", "left_in_time", "left_late", "done",
                       "breaches", "breached_in_period"})  # fmt: skip
_WRITTEN = re.compile(
    r"(?P<process>[a-z_]+)\.(?:(?P<stage>[a-z_]+)\.)?(?P<name>[a-z_]+(?:-[a-z_0-9]+)?)"
    r"(?:@(?P<by>area|organisation|hazard|person)(?P<alone>-alone)?:(?P<key>[\w-]*))?"
)
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_NOW: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


class UnknownFigure(LookupError):
    """A report has no such number."""


class BadCursor(ValueError):
    """The cursor is not one this list gave out."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report."""

    process: str
    name: str
    stage: str | None = None
    by: By | None = None
    """It is the number of a part: of an area with all below, an organisation, a category of hazards, a person."""
    key: str | None = None
    """Of the part; None: of those that have none."""
    alone: bool = False

    def __str__(self) -> str:
        """Return it as addresses carry it, such as `hazard_report.verify.late@hazard:EVA`."""
        which = ".".join(part for part in (self.process, self.stage, self.name) if part)
        part = f"@{self.by}{'-alone' if self.alone else ''}:{self.key or ''}" if self.by else ""
        return which + part

    @classmethod
    def parse(cls, text: str) -> Figure:
        """Return what `str` wrote; raises `UnknownFigure`."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise UnknownFigure(text[:80])
        by: Any = found["by"]  # one of `By`, says the pattern
        figure = cls(found["process"], found["name"], found["stage"], by, found["key"] or None, bool(found["alone"]))
        if not figure.is_known():
            raise UnknownFigure(text[:80])
        return figure

    def is_known(self) -> bool:
        """Return whether a report has this number."""
        workflow = LISTED.get(self.process)
        if workflow is None:
            return False
        if self.stage is not None:
            return self.name in OF_STAGES and any(clock.name == self.stage for clock in workflow.clocks)
        kind, _, which = self.name.partition("-")
        if kind == "state":
            return any(state.name == which for state in workflow.states)
        return self.name in OF_CASES or (kind == "rated" and which in ("1", "2", "3", "4", "5"))


@dataclass(frozen=True, slots=True)
class Row:
    """One case as a list behind a number shows it; of a stage, with that run of its clock."""

    id: UUID
    number: str
    process: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    place: str | None
    venue_name: str | None
    venue_name_en: str | None
    area_id: UUID | None
    hazard_code: str | None
    assignee_id: UUID | None
    opens: bool = True
    """Whether the reader may open it: a place may be of another industry by now."""
    run: int | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the cursor of those after them (None on the last page), and as of when that is."""

    rows: tuple[Row, ...]
    next_cursor: str | None
    as_of: datetime
    beyond: int = 0
    """How many more of this page were counted, and are no longer within the reader's reach."""


def cases(
    session: Session,
    asked: Asked,
    figure: Figure,
    *,
    actor: Actor,
    at: datetime,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
    counted_for: Actor | None = None,
) -> Page:
    """Return one page of the cases behind a number; raises `UnknownFigure`, `BadCursor`.

    `counted_for`: of an edition, whoever reaches as far as it was counted; the actor knows of its cases all the same.
    """
    from domain.reporting import behind  # noqa: PLC0415 - numpy: 0.1 s and 20 MB that few parts need

    if not figure.is_known():
        raise UnknownFigure(str(figure))
    size, after = max(1, min(size, LARGEST_PAGE)), _read_cursor(cursor) if cursor else None
    with one_moment(session):
        as_of, _ = standing(session, asked, at=at)
        asked = replace(asked, as_of=as_of)
        hits = behind.hits(session, asked, figure, actor=counted_for or actor, after=after, most=size + 1)
        shown = hits[:size]
        rows = tuple(_rows(session, shown, actor))
    return Page(rows, _cursor(shown[-1]) if len(hits) > size else None, as_of, beyond=len(shown) - len(rows))


def _rows(session: Session, hits: list[Hit], actor: Actor) -> list[Row]:
    columns = _CASES.c
    query = (
        select(columns.id, columns.number, columns.process, columns.state, columns.opened_at, columns.closed_at,
               columns.place, _VENUES.c.name, _VENUES.c.name_en, columns.area_id, columns.hazard_code,
               columns.assignee_id, access.visible(actor))
        .outerjoin(_VENUES, _VENUES.c.id == columns.venue_id)
        .outerjoin(_NOW, _NOW.c.case_id == columns.id)
        .where(columns.id.in_({hit.case_id for hit in hits}), or_(access.visible(actor), _by_industry(actor)))
    )  # fmt: skip
    known = {row.id: Row(*row) for row in session.execute(query)}
    return [
        replace(
            known[hit.case_id], run=hit.run, started_at=hit.started_at, due_at=hit.due_at, stopped_at=hit.stopped_at
        )
        for hit in hits
        if hit.case_id in known
    ]


def _by_industry(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that leaves what the actor's numbers count for an industry of theirs."""
    grants = tuple(grant for grant in actor.grants or () if grant.industry is not None)
    return access.counted(replace(actor, grants=grants), _NOW.c, RIGHTS[Right.SEE_REPORTS])


After = tuple[date, UUID, int]
"""(day it was opened on, case, how many of its runs were shown)."""


def _cursor(hit: Hit) -> str:
    return f"{hit.opened_on.toordinal()}-{hit.case_id.hex}-{hit.nth}"


def _read_cursor(cursor: str) -> After:
    try:
        day, case_id, nth = cursor.split("-")
        return date.fromordinal(int(day)), UUID(case_id), int(nth)
    except (ValueError, OverflowError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
