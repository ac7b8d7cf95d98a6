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

from domain.actors import ROLE_LABELS, Role
from domain.adjustable import ADJUSTABLE, NotAValue
from domain.language import Label
from domain.models import (
    Account,
    Area,
    Building,
    Document,
    Facility,
    Floor,
    KeyPart,
    Organisation,
    Person,
    RegisterEntry,
    Venue,
)
from domain.product_settings import SUBJECTS
from domain.queries.record_labels import ACTIONS, CODES, FIELDS, KINDS

PAGE_SIZE = 50
LONGEST = 400
"""Characters of one value; a document's worth of text is shortened where it is only listed."""


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


def page(session: Session, wanted: Wanted, *, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Return a page of the whole register's record; who may read it is asked before."""
    conditions = _conditions(wanted)
    if cursor:
        conditions.append(_before(cursor))
    query = select(RegisterEntry).where(*conditions)
    newest_first = (col(RegisterEntry.at).desc(), col(RegisterEntry.subject_id).desc(), col(RegisterEntry.seq).desc())
    rows = list(session.execute(query.order_by(*newest_first).limit(size + 1)).scalars())
    shown = rows[:size]
    return Page(tuple(told(session, shown)), _cursor(shown[-1]) if len(rows) > size else None)


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
            details=tuple(_detail(row, name, value, named) for name, value in row.data.items()),
            hash=row.hash.hex(),
        )
        for row in rows
    ]


def _ids(value: Any) -> set[UUID]:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return set[UUID]().union(*map(_ids, value.values()))
    if isinstance(value, list):
        return set[UUID]().union(*map(_ids, value))
    found = _as_id(value)
    return {found} if found else set()


def _as_id(value: Any) -> UUID | None:  # noqa: ANN401 - any JSON
    try:
        return UUID(value) if isinstance(value, str) and len(value) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


def _names(session: Session, ids: set[UUID]) -> dict[UUID, Subject]:
    if not ids:
        return {}
    found = {
        one: Subject(ADJUSTABLE[SUBJECTS[one]].words, f"/admin/settings/{SUBJECTS[one]}") for one in ids & set(SUBJECTS)
    }
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
    ):
        query = select(col(model.id), col(name), col(key)).where(col(model.id).in_(ids))
        for row in session.execute(query).tuples():
            found[row[0]] = Subject(str(row[1]), address.format(row[2]) if address else None)
    return found


def _detail(row: RegisterEntry, name: str, value: Any, named: Mapping[UUID, Subject]) -> Detail:  # noqa: ANN401 - any JSON
    field = FIELDS.get(name, Label(name, name))
    if name == "value" and row.subject_id in SUBJECTS:
        before, after = (_set(SUBJECTS[row.subject_id], one) for one in value)
        return Detail(field, before, after)
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - [before, after]
        return Detail(field, _said(name, value[0], named), _said(name, value[1], named))
    return Detail(field, None, _said(name, value, named))


def _set(key: str, kept: Any) -> Label | str:  # noqa: ANN401 - any JSON
    """Return what a setting was, in words; as it stands where an earlier version's bounds were others."""
    known = ADJUSTABLE[key]
    try:
        return known.said(known.read(kept))
    except NotAValue:
        return str(kept)


def _said(name: str, value: Any, named: Mapping[UUID, Subject]) -> str | Label | None:  # noqa: ANN401 - any JSON
    """Return the words of a code the catalogue knows, else what was written."""
    known = CODES.get(name, dict)().get(value) if isinstance(value, str) else None
    return Label(known.zh, known.en) if known is not None else _words(value, named)


def _words(value: Any, named: Mapping[UUID, Subject]) -> str | None:  # noqa: ANN401 - any JSON
    if value is None or value == "":
        return None
    if (known := _as_id(value)) is not None and known in named:
        return str(named[known].name)
    if isinstance(value, list):
        return ", ".join(filter(None, (_words(item, named) for item in value)))[:LONGEST]
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(item, named) or ''}" for name, item in value.items())[:LONGEST]
    return str(value)[:LONGEST]
