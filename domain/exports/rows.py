"""The rows of exported tables, read in parts; within the reach of who asked, without a reporter's words or phones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import access, catalogue
from domain.actors import Actor, Role
from domain.exports.asked import Asked
from domain.identifiers import show_phone
from domain.language import Label, Labelled
from domain.models import Area, Building, Facility, Floor, Person, Post, Venue
from domain.opening_hours import say_hours
from domain.patrols import asked as patrol_asked
from domain.patrols import compliance_tasks
from domain.people import local_day, valid_on
from domain.processes import workflow_of
from domain.queries import case_list, venue_list
from domain.queries.case_words import CHANNELS
from domain.rights import Right

AT_ONCE = 1_000
STATES = {"open": Label("在营", "open"), "suspended": Label("停用", "suspended"), "closed": Label("已注销", "closed")}
YES = Label("是", "yes")
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_FACILITIES: Any = Facility.__table__  # type: ignore[attr-defined]

Values = Mapping[str, Any]
"""Column key → value."""


def count(session: Session, asked: Asked, *, actor: Actor, at: datetime) -> int:
    """Return how many rows there will be, for progress."""
    reach = access.narrowed(actor, Right.EXPORT)
    if isinstance(asked.wanted, case_list.Wanted):
        return case_list.count(session, reach, asked.wanted, at=at, most=10_000_000)
    if isinstance(asked.wanted, patrol_asked.Asked):
        return compliance_tasks.count(session, asked.wanted, actor=reach)
    where = _where(session, asked.wanted, actor)
    if asked.table == "venues":
        return int(session.execute(select(func.count()).select_from(_VENUES).where(*where)).scalar_one())
    joined = select(func.count()).select_from(_FACILITIES.join(_VENUES, _VENUES.c.id == _FACILITIES.c.venue_id))
    return int(session.execute(joined.where(*where, _FACILITIES.c.ended_on.is_(None))).scalar_one())


def read(session: Session, asked: Asked, *, actor: Actor, at: datetime) -> Iterator[Values]:
    """Yield every row that was asked for and that `actor` may export."""
    readers: dict[str, Callable[[Session, Asked, Actor, datetime], Iterator[Values]]] = {
        "venues": _venues, "facilities": _facilities, "cases": _cases, "patrols": _patrols,
    }  # fmt: skip
    return readers[asked.table](session, asked, actor, at)


def _where(session: Session, wanted: venue_list.Wanted, actor: Actor) -> list[Any]:
    return [access.venues_visible(actor, Right.EXPORT), *venue_list.conditions(session, wanted)]


def _venues(session: Session, asked: Asked, actor: Actor, at: datetime) -> Iterator[Values]:
    assert isinstance(asked.wanted, venue_list.Wanted)  # noqa: S101 - for the type checker
    query = (
        select(Venue, col(Area.code), col(Area.name))
        .join(Area, col(Area.id) == col(Venue.area_id))
        .where(*_where(session, asked.wanted, actor))
    )
    for part in _parts(session, query, _VENUES.c.id):
        held = _holders(session, [row.Venue.id for row in part], at)
        for venue, area_code, area_name in part:
            yield {
                "code": venue.code, "credit_code": venue.credit_code, "name": venue.name, "name_en": venue.name_en,
                "class_code": _coded(venue.class_code, catalogue.venue_classes(), asked.locale),
                "industry": _words(catalogue.industries().get(venue.industry or "")), "address": venue.address,
                "area": f"{area_code} {area_name}", "lat": venue.lat, "lon": venue.lon,
                "system": "WGS-84" if venue.lat is not None else None, "phone": _dialled(venue.phone),
                "hours": say_hours(venue.hours, asked.locale), "way_out": venue.way_out, "opened_on": venue.opened_on,
                **venue.sizes, "key_unit_since": venue.key_unit_since, "key_unit_basis": venue.key_unit_basis,
                "owner_name": held.get((venue.id, Role.OWNER)), "manager_name": held.get((venue.id, Role.MANAGER)),
                "state": STATES["closed" if venue.closed_on else "suspended" if venue.suspended_on else "open"],
                "closed_on": venue.closed_on,
            }  # fmt: skip


def _facilities(session: Session, asked: Asked, actor: Actor, at: datetime) -> Iterator[Values]:  # noqa: ARG001 - as its siblings
    assert isinstance(asked.wanted, venue_list.Wanted)  # noqa: S101 - for the type checker
    person: Any = aliased(Person)
    query = (
        select(Facility, col(Venue.code).label("venue_code"), col(Venue.name).label("venue_name"),
               col(Building.name).label("building"), col(Floor.number).label("floor"), person.name.label("person"))
        .join(Venue, col(Venue.id) == col(Facility.venue_id))
        .outerjoin(Building, col(Building.id) == col(Facility.building_id))
        .outerjoin(Floor, col(Floor.id) == col(Facility.floor_id))
        .outerjoin(person, person.id == col(Facility.responsible_id))
        .where(*_where(session, asked.wanted, actor), col(Facility.ended_on).is_(None))
    )  # fmt: skip
    kinds = catalogue.facility_kinds()
    for part in _parts(session, query, _FACILITIES.c.id):
        for row in part:
            facility: Facility = row.Facility
            yield {
                "code": facility.code, "venue": row.venue_code, "venue_name": row.venue_name,
                "kind": _words(kinds.get(facility.kind)), "number": facility.number, "building": row.building,
                "floor": row.floor, "location": facility.location, "model": facility.model, "maker": facility.maker,
                "made_on": facility.made_on, "installed_on": facility.installed_on, "expires_on": facility.expires_on,
                "responsible": row.person,
            }  # fmt: skip


def _cases(session: Session, asked: Asked, actor: Actor, at: datetime) -> Iterator[Values]:
    assert isinstance(asked.wanted, case_list.Wanted)  # noqa: S101 - for the type checker
    reach, cursor = access.narrowed(actor, Right.EXPORT), None
    hazards = catalogue.hazards()
    while True:
        page = case_list.page(session, reach, asked.wanted, at=at, cursor=cursor, size=case_list.LARGEST_PAGE)
        for row in page.rows:
            # What the reporter said of the place stays where it is sealed, whoever asks.
            row = replace(row, place_words=None)  # noqa: PLW2901 - the row without it
            flow = workflow_of(row.process)
            yield {
                "number": row.number, "process": _words(flow), "state": _words(flow.state(row.state).label),
                "hazard": _words(hazards.get(row.hazard_code or "")), "hazard_code": row.hazard_code,
                "venue_code": row.venue_code, "where": row.where, "area": row.area_name,
                "channel": CHANNELS.get(row.channel), "opened_at": row.opened_at, "due_at": row.due_at,
                "closed_at": row.closed_at, "overdue": YES if row.is_overdue(at) else None,
                "assignee": row.assignee_name, "second_assignee": row.second_assignee_name,
            }  # fmt: skip
        cursor = page.next_cursor
        if cursor is None:
            return


def _patrols(session: Session, asked: Asked, actor: Actor, at: datetime) -> Iterator[Values]:  # noqa: ARG001 - as its siblings
    assert isinstance(asked.wanted, patrol_asked.Asked)  # noqa: S101 - for the type checker
    reach, cursor = access.narrowed(actor, Right.EXPORT), None
    frequencies = catalogue.frequencies()
    while True:
        page = compliance_tasks.page(
            session, asked.wanted, compliance_tasks.Behind(), actor=reach, cursor=cursor, size=AT_ONCE
        )
        for row in page.rows:
            yield {
                "number": row.number, "title": row.title, "venue_code": row.venue_code, "venue": row.venue,
                "area": row.area, "day": row.day, "frequency": _words(frequencies.get(row.frequency)),
                "due_at": row.due_at, "outcome": compliance_tasks.OUTCOMES[row.outcome], "done_at": row.done_at,
                "person": row.who, "failed": row.failed, "doubts": row.doubts,
            }  # fmt: skip
        cursor = page.next_cursor
        if cursor is None:
            return


def _parts(session: Session, query: Any, key: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - SQLAlchemy's
    last: UUID | None = None
    while True:
        after = query.where(key > last) if last is not None else query
        part = session.execute(after.order_by(key).limit(AT_ONCE)).all()
        if not part:
            return
        yield list(part)
        last = part[-1][0].id
        session.expunge_all()  # a city's register need not be in memory at once


def _holders(session: Session, venue_ids: list[UUID], at: datetime) -> dict[tuple[UUID, Role], str]:
    query = (
        select(col(Post.venue_id), col(Post.role), col(Person.name))
        .join(Person, col(Person.id) == col(Post.person_id))
        .where(col(Post.venue_id).in_(venue_ids), col(Post.role).in_([Role.OWNER.value, Role.MANAGER.value]))
        .where(*valid_on(local_day(at)))
        .order_by(col(Post.from_on), col(Post.id))
    )
    found: dict[tuple[UUID, Role], str] = {}
    for row in session.execute(query):
        found.setdefault((row.venue_id, Role(row.role)), row.name)
    return found


def _coded(code: str, names: Mapping[str, Labelled], locale: str) -> str:
    label = names.get(code)
    if label is None:
        return code
    return f"{code} {label.zh if locale == 'zh_CN' else label.en}"


def _words(thing: Labelled | None) -> Label | None:
    return Label(thing.zh, thing.en) if thing is not None else None


def _dialled(phone: str | None) -> str | None:
    # A cell that begins with + looks like a formula to those who only see it.
    return show_phone(phone) if phone else None
