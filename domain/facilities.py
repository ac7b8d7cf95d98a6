"""Hydrants, extinguishers, doors: each with a code on its label and a person who answers for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, buildings, catalogue, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.identifiers import NotAFacilityCode, clean_facility_code, new_id
from domain.language import Sentence
from domain.models import Facility, KeyPart
from domain.register_forms import MOST_AT_ONCE, Ending, FacilityFacts, Move, NewFacilities
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open
from domain.workflow import FieldRefusal

KIND = "facility"
_FACTS = ("kind", "number", "building_id", "floor_id", "key_part_id", "location", "model", "maker", "made_on",
          "installed_on", "expires_on", "responsible_id")  # fmt: skip
_PLACE = ("building_id", "floor_id", "key_part_id", "location")
_LAST_DIGITS = re.compile(r"(\d+)(?!.*\d)")
LONGEST_NUMBER = 24
NOTHING_CHOSEN = FieldRefusal("person", Sentence("Tick the facilities, and choose who looks after them."))


class UnknownFacility(LookupError):
    """No facility and no key part has this code."""


def by_code(session: Session, code: str) -> Facility | KeyPart:
    """Return what has that code (look-alike characters forgiven); raises `UnknownFacility`."""
    try:
        cleaned = clean_facility_code(code)
    except NotAFacilityCode as wrong:
        raise UnknownFacility(code) from wrong
    facility: Facility | None = session.execute(select(Facility).where(col(Facility.code) == cleaned)).scalar()
    part: KeyPart | None = None
    if facility is None:
        part = session.execute(select(KeyPart).where(col(KeyPart.code) == cleaned)).scalar()
    found = facility or part
    if found is None:
        raise UnknownFacility(code)
    return found


def add(
    session: Session, venue_id: UUID, facts: NewFacilities, *, actor: Actor, at: datetime, first_id: UUID | None = None
) -> list[Facility]:
    """Enter one facility or several alike, and return them; their numbers follow each other.

    `first_id`: of a form; sent twice, they are entered once.
    """
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=venue_id)
    held_open(session, venue_id)
    first = first_id or new_id()
    ids = [first, *(uuid5(first, str(number)) for number in range(2, facts.count + 1))]
    if (there := session.get(Facility, first)) is not None:
        if there.venue_id != venue_id:
            raise OutOfReach(str(first))
        return list(session.execute(select(Facility).where(col(Facility.id).in_(ids))).scalars())
    values = _values(session, venue_id, facts, at)
    numbers = _numbers(session, venue_id, facts)
    day = people.local_day(at)
    made = []
    for facility_id, number in zip(ids, numbers, strict=True):
        given = {**values, "number": number}
        code = buildings.free_code(session)
        facility = Facility(id=facility_id, code=code, venue_id=venue_id, from_on=day, **given)
        session.add(facility)
        session.flush()
        said = {name: value for name, value in given.items() if value not in (None, "")}
        data = {"venue_id": venue_id, "code": code, **said, **({"note": facts.note} if facts.note else {})}
        register_log.record(session, KIND, facility.id, "create", actor=actor, at=at, data=data)
        made.append(facility)
    return made


def change(
    session: Session, facility_id: UUID, facts: FacilityFacts, *, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Change a facility's facts and return whether anything was different."""
    facility = _held(session, facility_id, actor=actor, version=version)
    after = _values(session, facility.venue_id, facts, at, kept=facility)
    after["number"] = facts.number or facility.number
    return _write(session, facility, "change", after, _FACTS, facts.note, actor=actor, at=at)


def move(
    session: Session, facility_id: UUID, form: Move, *, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Put a facility elsewhere in its venue and return whether it was moved."""
    facility = _held(session, facility_id, actor=actor, version=version)
    after = _place(session, facility.venue_id, form, at, kept=facility)
    return _write(session, facility, "move", after, _PLACE, form.note, actor=actor, at=at)


def assign(
    session: Session, venue_id: UUID, ids: Sequence[UUID], person: str | None, *, actor: Actor, at: datetime
) -> int:
    """Make somebody of the venue answer for these facilities (`person`: an id as a form has it; None: nobody).

    Returns for how many that was new; those that ended meanwhile are left alone.
    """
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=venue_id)
    held_open(session, venue_id)
    responsible = buildings.person_of(session, venue_id, person, day=people.local_day(at))
    wanted = select(Facility).where(
        col(Facility.id).in_(list(ids)[:MOST_AT_ONCE]), col(Facility.venue_id) == venue_id,
        col(Facility.ended_on).is_(None),
    )  # fmt: skip
    rows = session.execute(wanted.order_by(col(Facility.id)).with_for_update(key_share=True)).scalars().all()
    after = {"responsible_id": responsible}
    written = [_write(session, row, "assign", after, ("responsible_id",), None, actor=actor, at=at) for row in rows]
    return sum(written)


def end(
    session: Session, facility_id: UUID, form: Ending, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a facility: it was removed, replaced, scrapped."""
    facility = _held(session, facility_id, actor=actor, version=version)
    facility.ended_on = buildings.ending_day(form, facility.from_on, at)
    facility.ended_reason = form.reason[:200]
    session.flush()
    data = {"ended_on": facility.ended_on, "reason": form.reason}
    register_log.record(session, KIND, facility.id, "end", actor=actor, at=at, data=data)


def next_numbers(start: str, count: int) -> list[str]:
    """Return `count` numbers from `start` on: the last digits in it count up, `MH-007` → `MH-008`.

    A number without digits gets some. Raises `FieldRefused` when they would be too long.
    """
    if count == 1:
        return [start]
    if not _LAST_DIGITS.search(start):
        start = f"{start}-01"
    found = _LAST_DIGITS.search(start)
    first, width = (int(found[1]), len(found[1])) if found else (1, 2)
    head, tail = (start[: found.start(1)], start[found.end(1) :]) if found else (start, "")
    numbers = [f"{head}{first + step:0{width}}{tail}" for step in range(count)]
    if max(map(len, numbers)) > LONGEST_NUMBER:
        limit = Sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_NUMBER)
        raise FieldRefused(FieldRefusal("number", limit))
    return numbers


def _numbers(session: Session, venue_id: UUID, facts: NewFacilities) -> list[str]:
    if facts.number:
        return next_numbers(facts.number, facts.count)
    mark = catalogue.facility_kinds()[facts.kind].mark
    made = re.compile(rf"{mark}-(\d{{1,6}})")
    query = select(col(Facility.number)).where(
        col(Facility.venue_id) == venue_id, col(Facility.kind) == facts.kind, col(Facility.number).like(f"{mark}-%")
    )
    taken = [int(found[1]) for number in session.execute(query).scalars() if (found := made.fullmatch(number))]
    start = max(taken, default=0) + 1
    return [f"{mark}-{start + step:03}" for step in range(facts.count)]


def _held(session: Session, facility_id: UUID, *, actor: Actor, version: int | None) -> Facility:
    known = session.get(Facility, facility_id)
    if known is None:
        raise OutOfReach(str(facility_id))
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=known.venue_id)
    held_open(session, known.venue_id)
    facility = register_lock.held(session, Facility, facility_id)
    if facility is None:
        raise OutOfReach(str(facility_id))
    register_lock.expect(session, facility_id, version)
    if facility.ended_on is not None:
        raise NotNow(Sentence("This has ended; its record does not change any more."))
    return facility


def _values(
    session: Session, venue_id: UUID, facts: FacilityFacts, at: datetime, *, kept: Facility | None = None
) -> dict[str, Any]:
    same = kept is not None and facts.responsible and facts.responsible == str(kept.responsible_id)
    day = people.local_day(at)
    responsible = kept.responsible_id if same and kept else buildings.person_of(
        session, venue_id, facts.responsible, day=day
    )  # fmt: skip
    if facts.made_on and facts.installed_on and facts.installed_on < facts.made_on:
        raise FieldRefused(FieldRefusal("installed_on", Sentence("It was installed before it was made.")))
    return {
        "kind": facts.kind, "model": facts.model or "", "maker": facts.maker or "", "made_on": facts.made_on,
        "installed_on": facts.installed_on, "expires_on": facts.expires_on, "responsible_id": responsible,
        **_place(session, venue_id, facts, at, kept=kept),
    }  # fmt: skip


def _place(
    session: Session, venue_id: UUID, form: Move | FacilityFacts, at: datetime, *, kept: Facility | None
) -> dict[str, Any]:
    day = people.local_day(at)
    building_id, floor_id = buildings.spot_of(session, venue_id, form.where, day=day)
    part_id = None
    if form.key_part:
        parts = {str(part.id): part.id for part in buildings.key_parts(session, venue_id, day=day)}
        if kept is not None and kept.key_part_id is not None:
            parts[str(kept.key_part_id)] = kept.key_part_id  # it may have ended since; the facility is still there
        if form.key_part not in parts:
            raise FieldRefused(FieldRefusal("key_part", Sentence("Choose a key part of this venue.")))
        part_id = parts[form.key_part]
    return {
        "building_id": building_id, "floor_id": floor_id, "key_part_id": part_id, "location": form.location or "",
    }  # fmt: skip


def _write(  # noqa: PLR0917 - one subject, what it becomes, who says so
    session: Session, facility: Facility, action: str, after: Mapping[str, Any], names: Sequence[str],
    note: str | None, *, actor: Actor, at: datetime,
) -> bool:  # fmt: skip
    changed = register_log.changes({name: getattr(facility, name) for name in names}, after)
    if not changed:
        return False
    for name in changed:
        setattr(facility, name, after[name])
    session.flush()
    data = {**changed, "note": note} if note else changed
    register_log.record(session, KIND, facility.id, action, actor=actor, at=at, data=data)
    return True
