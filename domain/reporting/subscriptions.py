"""Who gets which scheduled report: subscribing and ending it, for oneself and for colleagues below.

What somebody gets is decided each time anew, by what they may see then; a subscription gives no right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import literal, or_, select, tuple_
from sqlmodel import Session, col

from domain import access, people, register_log
from domain.access import NotPermitted, OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.forms import Form, LabelledChoice
from domain.identifiers import new_id
from domain.language import N_, Sentence
from domain.models import Area, Person, ReportSubscription
from domain.processes import LISTED
from domain.reporting import reach as reaches
from domain.reporting.periods import Kind
from domain.reporting.reach import Reach
from domain.rights import RIGHTS, Right
from domain.workflow import FieldRefusal

MOST = 20
"""Subscriptions of one person."""
PAGE_SIZE = 50
READ_AT_ONCE = 200
"""So many are looked at together: whose they are decides who may see them."""

_SUBSCRIPTIONS: Any = ReportSubscription.__table__  # type: ignore[attr-defined]


class Rhythm(LabelledChoice):
    """How often somebody gets a report."""

    DAILY = ("daily", "日报", "Daily")
    WEEKLY = ("weekly", "周报", "Weekly")
    MONTHLY = ("monthly", "月报", "Monthly")


class SubscriptionForm(Form):
    """A subscription."""

    kind: Rhythm = Field(..., title=N_("How often"), json_schema_extra={"widget": "choice"})
    area: str = Field("", max_length=40, title=N_("Area"),
                      json_schema_extra={"widget": "select", "of": "areas", "optional": True})  # fmt: skip
    process: str = Field("", max_length=32, title=N_("Process"),
                         json_schema_extra={"widget": "select", "of": "processes", "optional": True})  # fmt: skip
    person: UUID | None = Field(None, title=N_("Subscriber"),
                                json_schema_extra={"widget": "select", "of": "people", "optional": True})  # fmt: skip
    until_on: date | None = Field(None, title=N_("Sent until"), json_schema_extra={"widget": "date", "optional": True})


class UnknownSubscription(OutOfReach):
    """There is no such subscription, or not for this person."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription as a list shows it."""

    row: ReportSubscription
    person: Person
    area: Area | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some subscriptions by the name of who gets them, and the last one's id; None on the last page."""

    rows: tuple[Subscribed, ...]
    next_cursor: UUID | None


def subscribe(session: Session, form: SubscriptionForm, *, actor: Actor, at: datetime) -> ReportSubscription:
    """Have a report sent to the actor, or to a colleague below; the same one twice is one. FieldRefused."""
    access.require(session, actor, Right.SEE_REPORTS, anywhere=True)
    day, mine = people.local_day(at), reaches.of(session, actor)
    person = _for_whom(session, form, actor, mine, at)
    area = _area(session, form.area, mine) if form.area else None
    theirs = mine if person.id == actor.person_id else _reach_of(session, person, at)
    if area is not None and not reaches.within(theirs, area.path):
        raise _refuse("area", Sentence("This person may not see reports on that area."))
    if form.until_on is not None and form.until_on < day:
        raise _refuse("until_on", Sentence("This day is over."))
    process = form.process or None
    if process is not None and process not in LISTED:
        raise _refuse("process", Sentence("There is no such process."))
    # One person's subscriptions are counted and added by one after the other.
    session.execute(select(col(Person.id)).where(col(Person.id) == person.id).with_for_update())
    theirs_now = of_person(session, person.id, day=day)
    for row in theirs_now:
        if (row.kind, row.area_id, row.process) == (form.kind.value, area.id if area else None, process):
            return row
    if len(theirs_now) >= MOST:
        raise _refuse("kind", Sentence("More than %(count)s subscriptions are not possible.", count=MOST))
    row = ReportSubscription(
        id=new_id(), person_id=person.id, kind=form.kind.value, area_id=area.id if area else None,
        process=process, until_on=form.until_on, made_at=at, made_by=actor.person_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    data = {"person_id": person.id, "kind": row.kind, "area_id": row.area_id, "process": row.process,
            "until_on": row.until_on}  # fmt: skip
    register_log.record(session, "report_subscription", row.id, "subscribe", actor=actor, at=at, data=data)
    return row


def end(session: Session, subscription_id: UUID, *, actor: Actor, at: datetime) -> None:
    """End one's own subscription, or one of a colleague below; ended twice is ended. UnknownSubscription."""
    query = select(ReportSubscription).where(col(ReportSubscription.id) == subscription_id)
    row = session.execute(query.with_for_update()).scalar_one_or_none()
    if row is None or not _may_end(session, row, actor, at):
        raise UnknownSubscription(str(subscription_id))
    if row.ended_at is not None:
        return
    row.ended_at = at
    session.add(row)
    session.flush()
    data = {"person_id": row.person_id, "kind": row.kind}
    register_log.record(session, "report_subscription", row.id, "unsubscribe", actor=actor, at=at, data=data)


def of_person(session: Session, person_id: UUID, *, day: date) -> Sequence[ReportSubscription]:
    """Return the subscriptions of a person that hold on `day`."""
    query = select(ReportSubscription).where(col(ReportSubscription.person_id) == person_id, *_holding(day))
    return session.execute(query.order_by(col(ReportSubscription.made_at))).scalars().all()


def seen_by(session: Session, actor: Actor, *, at: datetime, after: UUID | None = None, size: int = PAGE_SIZE) -> Page:
    """Return a page of the subscriptions that hold and that the actor may end, by name: own, and of colleagues below.

    `after`: the last one of the page before; one that there is none of begins at the first.
    """
    mine, found = reaches.of(session, actor), list[Subscribed]()
    last = session.get(ReportSubscription, after) if after else None
    while True:
        query = _held(actor, at, last).limit(READ_AT_ONCE)
        rows = [Subscribed(row, person, area) for row, person, area in session.execute(query)]
        theirs = _reach_of_each(session, [one.person for one in rows if one.person.id != actor.person_id], at)
        found += [one for one in rows if one.person.id == actor.person_id or _is_below(theirs[one.person.id], mine)]
        if len(found) > size or len(rows) < READ_AT_ONCE:
            break
        last = rows[-1].row
    shown = tuple(found[:size])
    return Page(shown, shown[-1].row.id if len(found) > size else None)


def _held(actor: Actor, at: datetime, last: ReportSubscription | None) -> Any:  # noqa: ANN401 - a select
    """Return the select of the subscriptions that hold, by name, after that one."""
    place = (col(Person.name), col(Person.id), col(ReportSubscription.id))
    query = (
        select(ReportSubscription, Person, Area)
        .join(Person, col(Person.id) == col(ReportSubscription.person_id))
        .outerjoin(Area, col(Area.id) == col(ReportSubscription.area_id))
        .where(*_holding(people.local_day(at)))
        .order_by(*place)
    )
    if not arranges(actor):
        query = query.where(col(ReportSubscription.person_id) == actor.person_id)
    if last is not None:
        name = select(col(Person.name)).where(col(Person.id) == last.person_id).scalar_subquery()
        query = query.where(tuple_(*place) > tuple_(name, literal(last.person_id), literal(last.id)))
    return query


def due(session: Session, kind: Kind, *, at: datetime) -> list[tuple[ReportSubscription, Reach]]:
    """Return who gets the report of that kind now, each with what they may see of what they asked for.

    Whoever may see none of it any more is not among them.
    """
    query = (
        select(ReportSubscription, Person, Area)
        .join(Person, col(Person.id) == col(ReportSubscription.person_id))
        .outerjoin(Area, col(Area.id) == col(ReportSubscription.area_id))
        .where(col(ReportSubscription.kind) == kind.value, *_holding(people.local_day(at)))
        .order_by(col(ReportSubscription.id))
    )
    rows = list(session.execute(query))
    known = _reach_of_each(session, [person for _, person, _ in rows], at)
    found = []
    for row, person, area in rows:
        reach = reaches.within(known[person.id], area.path) if area else known[person.id]
        if reach:
            found.append((row, reach))
    return found


def colleagues_below(session: Session, actor: Actor, *, at: datetime) -> list[Person]:
    """Return whom the actor may subscribe: who may see reports, and sees no more of them than the actor does."""
    if not arranges(actor):
        return []
    mine, day = reaches.of(session, actor), people.local_day(at)
    found = [
        person
        for person in people.with_role(session, RIGHTS[Right.SEE_REPORTS], day=day)
        if person.id != actor.person_id
    ]
    theirs = _reach_of_each(session, found, at)
    return [person for person in found if reaches.covers(mine, theirs[person.id])]


def arranges(actor: Actor) -> bool:
    """Return whether the actor subscribes colleagues as well: whoever arranges their cover does."""
    return access.may(actor, Right.DELEGATE) and access.may(actor, Right.SEE_REPORTS)


def _for_whom(session: Session, form: SubscriptionForm, actor: Actor, mine: Reach, at: datetime) -> Person:
    person = session.get(Person, form.person or actor.person_id) if form.person or actor.person_id else None
    if person is None:
        raise _refuse("person", Sentence("Choose somebody from the list."))
    if person.id == actor.person_id:
        return person
    if not arranges(actor):
        raise NotPermitted(Right.DELEGATE)
    if not reaches.covers(mine, _reach_of(session, person, at)):
        raise _refuse("person", Sentence("Choose somebody from the list."))
    return person


def _may_end(session: Session, row: ReportSubscription, actor: Actor, at: datetime) -> bool:
    if row.person_id == actor.person_id:
        return True
    if not arranges(actor):
        return False
    person = session.get(Person, row.person_id)
    theirs = _reach_of(session, person, at) if person else ()
    return _is_below(theirs, reaches.of(session, actor))


def _is_below(theirs: Reach, mine: Reach) -> bool:
    # Whoever lost the right is below everybody: an administrator tidies up after them.
    return not theirs or reaches.covers(mine, theirs)


def _reach_of(session: Session, person: Person, at: datetime) -> Reach:
    return reaches.of(session, people.actor_of(session, person, at=at))


def _reach_of_each(session: Session, persons: Sequence[Person], at: datetime) -> dict[UUID, Reach]:
    return reaches.of_each(session, people.actors_of(session, persons, at=at))


def _area(session: Session, code: str, mine: Reach) -> Area:
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code)).scalar_one_or_none()
    if area is None or not reaches.within(mine, area.path):
        raise _refuse("area", Sentence("There is no such area."))
    return area


def _holding(day: date) -> tuple[Any, ...]:
    columns = _SUBSCRIPTIONS.c
    return columns.ended_at.is_(None), or_(columns.until_on.is_(None), columns.until_on >= day)


def _refuse(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
