"""The register's record as people read it: whose, what was done, what it was before and after; page by page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from domain import calendar_years, catalogue, rulebook
from domain.actors import ROLE_LABELS, Role
from domain.adjustable import ADJUSTABLE
from domain.language import Label
from domain.models import (
    Account,
    Area,
    Building,
    ChecklistTemplate,
    Document,
    Facility,
    Floor,
    KeyPart,
    Organisation,
    PatrolCampaign,
    PatrolPlan,
    PatrolRoster,
    Person,
    RegisterEntry,
    Venue,
)
from domain.product_settings import SUBJECTS
from domain.queries import record_values
from domain.queries.record_labels import ACTIONS, FIELDS, KINDS
from domain.queries.record_values import Names

PAGE_SIZE = 50

NO_ROLE = Label("无任职", "no post")
"""Somebody who holds none now, at something of their own."""


class BadCursor(ValueError):
    """The cursor is not one this list gave out."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose entry it is: a name, and the page where it lives if there is one."""

    name: str | Label
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """One field of an entry: what it was, what it is; only one of them where it was not changed but said."""

    field: Label
    before: str | Label | None
    after: str | Label | None


@dataclass(frozen=True, slots=True)
class Told:
    """One entry in words."""

    subject_id: UUID
    seq: int
    at: datetime
    kind: Label
    action: Label
    subject: Subject
    actor: str
    role: Label
    details: tuple[Detail, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody asks for; a field left alone asks for all."""

    kind: str | None = None
    action: str | None = None
    who: str = ""
    """Part of the name of whoever did it."""
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entries, the newest first."""

    entries: tuple[Told, ...]
    next_cursor: str | None
    is_later: bool = False
    """It is not the first one."""


def page(session: Session, wanted: Wanted, *, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Return a page of the whole register's record; who may read it is asked before."""
    return page_of(session, _conditions(wanted), cursor=cursor, size=size)


def of_subjects(session: Session, subjects: Iterable[UUID], *, cursor: str | None = None) -> Page:
    """Return a page of what was done to these; garbage for a cursor begins anew."""
    mine = [col(RegisterEntry.subject_id).in_(list(subjects))]
    try:
        return page_of(session, mine, cursor=cursor)
    except BadCursor:
        return page_of(session, mine)


def page_of(
    session: Session, conditions: Iterable[ColumnElement[bool]], *, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return a page of the entries these conditions on `register_entry` leave. Raises `BadCursor`."""
    conditions = [*conditions, *([_before(cursor)] if cursor else [])]
    query = select(RegisterEntry).where(*conditions)
    newest_first = (col(RegisterEntry.at).desc(), col(RegisterEntry.subject_id).desc(), col(RegisterEntry.seq).desc())
    rows = list(session.execute(query.order_by(*newest_first).limit(size + 1)).scalars())
    shown = rows[:size]
    return Page(tuple(told(session, shown)), _cursor(shown[-1]) if len(rows) > size else None, cursor is not None)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind:
        found.append(col(RegisterEntry.kind) == wanted.kind)
    if wanted.action:
        found.append(col(RegisterEntry.action) == wanted.action)
    if wanted.who:
        found.append(col(RegisterEntry.actor_name).contains(wanted.who, autoescape=True))
    if wanted.subject_id:
        found.append(col(RegisterEntry.subject_id) == wanted.subject_id)
    if wanted.since:
        found.append(col(RegisterEntry.at) >= wanted.since)
    if wanted.until:
        found.append(col(RegisterEntry.at) < wanted.until)
    return found


def _cursor(row: RegisterEntry) -> str:
    key = json.dumps([row.at.isoformat(), row.subject_id.hex, row.seq])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _before(cursor: str) -> ColumnElement[bool]:
    try:
        moment, subject, seq = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at, subject_id, number = datetime.fromisoformat(moment), UUID(hex=subject), int(seq)
        if at.tzinfo is None or not 0 <= number < 2**31:
            raise BadCursor(cursor[:20])
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
    columns = (col(RegisterEntry.at), col(RegisterEntry.subject_id), col(RegisterEntry.seq))
    return or_(
        columns[0] < at,
        and_(columns[0] == at, columns[1] < subject_id),
        and_(columns[0] == at, columns[1] == subject_id, columns[2] < number),
    )


def told(session: Session, entries: Iterable[RegisterEntry]) -> list[Told]:
    """Return the entries in words, with the names that ids in them stand for."""
    rows = list(entries)
    named = _names(session, {row.subject_id for row in rows} | {one for row in rows for one in _ids(row.data)})
    names = Names({key: subject.name for key, subject in named.items()}, _areas(session, rows))
    return [
        Told(
            subject_id=row.subject_id,
            seq=row.seq,
            at=row.at,
            kind=KINDS.get(row.kind, Label(row.kind, row.kind)),
            action=ACTIONS.get(row.action, Label(row.action, row.action)),
            subject=named.get(row.subject_id, Subject(str(row.subject_id)[:8])),
            actor=row.actor_name,
            role=ROLE_LABELS[Role(row.actor_role)] if row.actor_role else NO_ROLE,
            details=tuple(_detail(row, name, value, names) for name, value in row.data.items()),
            hash=row.hash.hex(),
        )
        for row in rows
    ]


def _ids(value: Any) -> set[UUID]:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return set[UUID]().union(*map(_ids, value.values()))
    if isinstance(value, list):
        return set[UUID]().union(*map(_ids, value))
    found = record_values.as_id(value)
    return {found} if found else set()


def _areas(session: Session, rows: Iterable[RegisterEntry]) -> dict[str, str]:
    said = [row.data.get("area") for row in rows]
    codes = {code for one in said for code in (one if isinstance(one, list) else [one]) if isinstance(code, str)}
    if not codes:
        return {}
    query = select(col(Area.code), col(Area.name)).where(col(Area.code).in_(codes))
    return dict(session.execute(query).tuples().all())


def _names(session: Session, ids: set[UUID]) -> dict[UUID, Subject]:
    if not ids:
        return {}
    found = {
        one: Subject(ADJUSTABLE[SUBJECTS[one]].words, f"/admin/settings/{SUBJECTS[one]}") for one in ids & set(SUBJECTS)
    }
    found |= _rules(ids)
    for model, name, address, key in (
        (Person, Person.name, "/admin/users/{}", Person.id),
        (Venue, Venue.name, "/venues/{}", Venue.code),
        (Area, Area.name, "/admin/areas/{}", Area.code),
        (Organisation, Organisation.name, "/admin/organisations/{}", Organisation.code),
        (Account, Account.username, None, Account.id),
        (Facility, Facility.code, "/f/{}", Facility.code),
        (KeyPart, KeyPart.name, "/f/{}", KeyPart.code),
        (Building, Building.name, None, Building.id),
        (Floor, Floor.number, None, Floor.id),
        (Document, Document.name, None, Document.id),
        (ChecklistTemplate, ChecklistTemplate.zh, None, ChecklistTemplate.id),
        (PatrolPlan, PatrolPlan.title, None, PatrolPlan.id),
        (PatrolRoster, PatrolRoster.name, None, PatrolRoster.id),
        (PatrolCampaign, PatrolCampaign.title, None, PatrolCampaign.id),
    ):
        query = select(col(model.id), col(name), col(key)).where(col(model.id).in_(ids))
        for row in session.execute(query).tuples():
            found[row[0]] = Subject(str(row[1]), address.format(row[2]) if address else None)
    return found


def _rules(ids: set[UUID]) -> dict[UUID, Subject]:
    """Return the years and limits among the ids: no table has a row of theirs."""
    found = {one: _YEARS[one] for one in ids & set(_YEARS)}
    return found | {one: _LIMITS[one] for one in ids & set(_LIMITS)}


_YEARS = {
    calendar_years.subject_of(year): Subject(Label(f"{year} 年工作日历", f"Working days of {year}"),
                                             f"/admin/calendar?year={year}")
    for year in range(2004, 2100)
}  # fmt: skip
_LIMITS = {
    rulebook.subject_of(rule): Subject(rule, f"/admin/limits/{rule}")
    for rule in {*catalogue.limits(), *catalogue.targets()}
}


def _detail(row: RegisterEntry, name: str, value: Any, names: Names) -> Detail:  # noqa: ANN401 - any JSON
    field = FIELDS.get(name, Label(name, name))
    if name == "value" and row.subject_id in SUBJECTS:
        key = SUBJECTS[row.subject_id]
        return Detail(field, record_values.setting(key, value[0]), record_values.setting(key, value[1]))
    if _is_change(name, value):
        before, after = (record_values.said(row.kind, name, one, names) for one in value)
        return Detail(field, before, after)
    return Detail(field, None, record_values.said(row.kind, name, value, names))


def _is_change(name: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether it is [before, after], and not a list of two."""
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - before, after
        return False
    return name not in LISTS and not all(isinstance(one, Mapping) for one in value)


LISTS = frozenset({"roles", "items", "added", "removed", "changed"})
"""Fields that hold a list without having changed."""
