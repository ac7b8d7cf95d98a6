"""Removes what could say who reported or applied when its time is over; the record stays, its chain whole.

Entries keep their references, which then point at nothing. How long is our choice, a setting each, not the law's:
long enough for objections, complaints and lawsuits about the case, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlmodel import Session, col

from domain import apart, cases, papers, product_settings
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Attempt, Case, CaseLink, Photo, VaultItem
from domain.processes import workflow_of
from domain.processes.enrolment import ENROLMENT
from domain.processes.hazard_report import HAZARD_REPORT, OBJECTION_WITHIN
from domain.processes.retention import KEPT_SINCE, REMOVED_AT, Part

AT_ONCE = 20
"""Reports of one transaction."""
KINDS: dict[Part, frozenset[str]] = {
    Part.IDENTITY: frozenset({"name", "phone", "position", "receipt", "message"}),
    Part.WORDS: frozenset(
        {"description", "place", "addition", "objection", "rating", "withdrawal", "note", "released"}
    ),
    Part.APPLICANT: frozenset({"name", "phone", "remark", "note", "receipt", "message", "withdrawal"}),
}
"""Kinds of vault items that belong to a case, by how long they are kept."""
PROCESSES = {
    Part.IDENTITY: HAZARD_REPORT.name,
    Part.WORDS: HAZARD_REPORT.name,
    Part.APPLICANT: ENROLMENT.name,
}
MERGED_INTO = "merged_into"

_CASES: Any = Case.__table__  # type: ignore[attr-defined]


def kept_for(session: Session, part: Part) -> timedelta:
    """Return how long that part of a report is kept after everything about it has ended."""
    key = "words_days" if part is Part.WORDS else "identity_days"
    return timedelta(days=product_settings.value(session, key))


def remove_due(database: Database, *, at: datetime) -> Iterator[int]:
    """Remove everything whose time is over, and yield after every batch how many reports it was.

    Photos and documents are only detached: the tidying removes their rows and files, also after a crash.
    """
    for part in Part:
        after: UUID | None = None
        while True:
            with database.read() as session:
                found = candidates(session, part, at=at, after=after)
            if not found:
                break
            with database.write() as session:
                yield sum(remove(session, case_id, part, at=at) for case_id in found)
            after = found[-1]


def candidates(
    session: Session, part: Part, *, at: datetime, after: UUID | None = None, most: int = AT_ONCE
) -> list[UUID]:
    """Return the next reports that ended long enough ago; whether something postpones it, `remove` looks."""
    left = or_(_CASES.c.facts[REMOVED_AT[part]].as_string().is_(None), _has_items(part))
    query = select(_CASES.c.id).where(
        *apart.of(_CASES.c, PROCESSES[part]),
        _CASES.c.closed_at <= at - kept_for(session, part),
        _CASES.c.facts[KEPT_SINCE].as_string().is_(None),
        left,
    )
    if after is not None:
        query = query.where(_CASES.c.id > after)
    return list(session.execute(query.order_by(_CASES.c.id).limit(most)).scalars())


def _has_items(part: Part) -> ColumnElement[bool]:
    # A joined reporter may have added something after the rest was removed; earlier versions left the documents.
    items = exists().where(col(VaultItem.case_id) == _CASES.c.id, col(VaultItem.kind).in_(KINDS[part]))
    return or_(items, papers.are_left_with(_CASES.c.id)) if part is Part.APPLICANT else items


def is_due(session: Session, case: Case, part: Part, *, at: datetime) -> bool:
    """Return whether the time of that part of a report is over, and nothing about it is open.

    Open are: a rectification that came of it, the report it was merged into, an objection that would still be heard;
    and what a supervisor has kept on is never due.
    """
    if case.closed_at is None or case.facts.get(KEPT_SINCE):
        return False
    replied_at = case.facts.get("replied_at")
    if replied_at and at <= datetime.fromisoformat(replied_at) + OBJECTION_WITHIN:
        return False
    joined = select(col(CaseLink.to_id)).where(
        col(CaseLink.from_id) == case.id, col(CaseLink.kind) == MERGED_INTO, col(CaseLink.ended_at).is_(None)
    )
    related = session.execute(
        select(Case).where(or_(col(Case.parent_id) == case.id, col(Case.id).in_(joined)))
    ).scalars()
    ended = case.closed_at
    for other in related:
        if not workflow_of(other.process).state(other.state).final or other.closed_at is None:
            return False
        ended = max(ended, other.closed_at)
    return ended + kept_for(session, part) <= at


def remove(session: Session, case_id: UUID, part: Part, *, at: datetime) -> bool:
    """Remove that part of a report and write it down; False when it is not due."""
    case = cases.reload(session, case_id)
    if not is_due(session, case, part, at=at):
        return False
    here = and_(col(VaultItem.case_id) == case_id, col(VaultItem.kind).in_(KINDS[part]))
    items: Any = session.execute(delete(VaultItem).where(here))
    pictures = documents = 0
    if part is Part.WORDS:
        pictures = _detach_photos(session, case_id)
    else:
        _forget_messages(session, case_id)
        _forget_positions(session, case_id)
    if part is Part.APPLICANT:
        documents = papers.detach(session, case_id, at=at)
    found = {"what": part.value, "items": int(items.rowcount), "pictures": pictures, "papers": documents}
    cases.fire(session, case, "redact", actor=SYSTEM, at=at, data=found)
    return True


def _forget_messages(session: Session, case_id: UUID) -> None:
    told = (col(Attempt.case_id) == case_id, col(Attempt.recipient_id).is_(None))
    session.execute(update(Attempt).where(*told).values(to_sealed=None, body_sealed=None, to_masked="****"))


def _forget_positions(session: Session, case_id: UUID) -> None:
    theirs = (col(Photo.case_id) == case_id, col(Photo.source) == "reporter", col(Photo.position_sealed).is_not(None))
    positions = list(session.execute(select(col(Photo.position_sealed)).where(*theirs)).scalars())
    session.execute(delete(VaultItem).where(col(VaultItem.id).in_(positions)))
    session.execute(update(Photo).where(*theirs).values(position_sealed=None, taken_at=None))


def _detach_photos(session: Session, case_id: UUID) -> int:
    theirs = (col(Photo.case_id) == case_id, col(Photo.source) == "reporter")
    detached: Any = session.execute(update(Photo).where(*theirs).values(case_id=None))
    return int(detached.rowcount)
