"""Rosters as people make them. A change ends the one that holds and begins another; plans that go by it move along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import or_, select
from sqlmodel import Session

from domain import access, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import PatrolPlan, PatrolRoster, Venue
from domain.patrols import offered, plans, points
from domain.patrols.plan_forms import MOST_SHIFTS, RosterEnd, RosterFacts
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open
from domain.workflow import FieldRefusal

KIND = "patrol_roster"
_TURN = r"(\d{1,2})[:：](\d{2})"
_SHIFT = re.compile(rf"{_TURN}\s*(?:-|–|—|~|至|到|to)\s*{_TURN}", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,，、;；]+")


def read_shifts(typed: str) -> list[tuple[str, str]]:
    """Return the shifts that were meant, such as ("20:00", "08:00"); raises `FieldRefused`."""
    found = [(_clock(span[1], span[2]), _clock(span[3], span[4])) for span in _SHIFT.finditer(typed)]
    rest = _BETWEEN.sub("", _SHIFT.sub("", typed))
    if rest or not 1 <= len(found) <= MOST_SHIFTS or any(begins == "24:00" for begins, _ in found):
        reason = Sentence("Write one to %(most)s shifts, such as 08:00–20:00, 20:00–08:00.", most=MOST_SHIFTS)
        raise _refused("shifts", reason)
    return found


def create(
    session: Session, venue_id: UUID, facts: RosterFacts, *, actor: Actor, at: datetime, roster_id: UUID | None = None
) -> PatrolRoster:
    """Enter a roster and return it; `roster_id`: of a form; sent twice, it is entered once. Raises `FieldRefused`."""
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=venue_id)
    venue = held_open(session, venue_id)
    if roster_id is not None and (there := session.get(PatrolRoster, roster_id)) is not None:
        if there.venue_id != venue_id:
            raise OutOfReach(str(roster_id))
        return there
    starts_on = facts.starts_on or people.local_day(at) + timedelta(days=1)
    roster = _drafted(session, venue, facts, starts_on=starts_on, day=starts_on, roster_id=roster_id or new_id())
    session.add(roster)
    session.flush()
    data = {"venue_id": venue.id, **_facts(roster)}
    register_log.record(session, KIND, roster.id, "create", actor=actor, at=at, data=data)
    return roster


def change(
    session: Session,
    roster_id: UUID,
    facts: RosterFacts,
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
    new_roster_id: UUID | None = None,
) -> PatrolRoster:
    """Have another roster take this one's place from its first day on (tomorrow or later), and return it.

    Plans that go by it go by the new one from that day: their series change, and the past stays.
    """
    venue, roster = _held(session, roster_id, actor=actor, at=at, version=version, done=new_roster_id)
    if new_roster_id is not None and (there := session.get(PatrolRoster, new_roster_id)) is not None:
        return there
    tomorrow = people.local_day(at) + timedelta(days=1)
    starts_on = facts.starts_on or tomorrow
    if starts_on < tomorrow:
        raise _refused("starts_on", Sentence("The first day is %(day)s or later: the past stays.", day=tomorrow))
    new = _drafted(session, venue, facts, starts_on=starts_on, day=starts_on, roster_id=new_roster_id or new_id())
    session.add(new)
    session.flush()
    before = roster.ended_on
    roster.ended_on = max(roster.starts_on, starts_on)
    session.flush()
    data = {"venue_id": venue.id, "roster_id": new.id, "ended_on": [before, roster.ended_on]}
    register_log.record(session, KIND, roster.id, "replace", actor=actor, at=at, data=data)
    about = {"venue_id": venue.id, "roster_id": roster.id, **_facts(new)}
    register_log.record(session, KIND, new.id, "create", actor=actor, at=at, data=about)
    for row in _users(session, roster.id, starts_on):
        _move(session, row, new, starts_on, actor=actor, at=at)
    return new


def end(
    session: Session, roster_id: UUID, form: RosterEnd, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a roster that no plan goes by from that day on; raises `NotNow` while one does."""
    venue, roster = _held(session, roster_id, actor=actor, at=at, version=version)
    tomorrow = people.local_day(at) + timedelta(days=1)
    ended_on = form.ended_on or tomorrow
    if ended_on < tomorrow:
        raise _refused("ended_on", Sentence("The first day is %(day)s or later: the past stays.", day=tomorrow))
    users = _users(session, roster.id, ended_on)
    if users:
        raise NotNow(Sentence("A plan goes by this roster: %(title)s. Change the plan first.", title=users[0].title))
    data = {"venue_id": venue.id, "name": roster.name, "ended_on": [roster.ended_on, ended_on], "reason": form.reason}
    roster.ended_on = ended_on
    session.flush()
    register_log.record(session, KIND, roster.id, "end", actor=actor, at=at, data=data)


def _held(
    session: Session, roster_id: UUID, *, actor: Actor, at: datetime, version: int | None, done: UUID | None = None
) -> tuple[Venue, PatrolRoster]:
    found = session.get(PatrolRoster, roster_id)
    if found is None:
        raise OutOfReach(str(roster_id))
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=found.venue_id)
    venue = held_open(session, found.venue_id)
    roster = register_lock.held(session, PatrolRoster, roster_id)
    if roster is None:
        raise OutOfReach(str(roster_id))
    if done is None or session.get(PatrolRoster, done) is None:
        register_lock.expect(session, roster.id, version)
        if roster.ended_on is not None and roster.ended_on <= people.local_day(at):
            raise NotNow(Sentence("This roster has ended."))
    return venue, roster


def _drafted(
    session: Session, venue: Venue, facts: RosterFacts, *, starts_on: date, day: date, roster_id: UUID
) -> PatrolRoster:
    shifts = read_shifts(facts.shifts)
    known = {str(one.id) for one in offered.persons(session, venue, day=day)}
    turns = []
    for turn in sorted(facts.turns, key=lambda one: (one.day, one.shift)):
        if turn.day >= facts.cycle_days or turn.shift >= len(shifts):
            continue  # beyond a cycle or a shift that was made shorter
        if turn.person not in known:
            reason = Sentence("Choose somebody who holds a post at this venue on %(day)s, or its warden.", day=day)
            raise _refused("turns", reason)
        begins, until = shifts[turn.shift]
        turns.append({"day": turn.day, "from": begins, "until": until, "person": turn.person})
    if not turns:
        raise _refused("turns", Sentence("Nobody is on duty yet: choose at least one person."))
    return PatrolRoster(
        id=roster_id, venue_id=venue.id, name=facts.name, starts_on=starts_on, cycle_days=facts.cycle_days, turns=turns
    )  # fmt: skip


def _users(session: Session, roster_id: UUID, day: date) -> Sequence[PatrolPlan]:
    """Return the rows of plans that go by a roster on `day` or later."""
    plan: Any = PatrolPlan
    here = (plan.roster_id == roster_id, or_(plan.until_on.is_(None), plan.until_on > day),
            or_(plan.until_on.is_(None), plan.until_on > plan.from_on))  # fmt: skip
    return session.execute(select(plan).where(*here).order_by(plan.from_on)).scalars().all()


def _move(
    session: Session, row: PatrolPlan, roster: PatrolRoster, day: date, *, actor: Actor, at: datetime
) -> None:  # fmt: skip
    """Have a row of a plan go by another roster from `day` on: it ends, and one like it begins."""
    began = max(row.from_on, day)
    kept = points.of_plans(session, [row.id])[row.id]
    values = row.model_dump(exclude={"id", "roster_id", "from_on", "made_at", "made_by"})
    values["id"] = uuid5(roster.id, str(row.id))
    moved = PatrolPlan(**values, roster_id=roster.id, from_on=began, made_at=at, made_by=actor.person_id)
    former, row.until_on = row.roster_id, began
    session.add(moved)
    session.flush()
    session.add_all(points.rows_of(moved.id, kept))
    session.flush()
    data = {"venue_id": row.venue_id, "roster_id": [former, roster.id], "from_on": began}
    register_log.record(session, plans.KIND, row.series_id, "change", actor=actor, at=at, data=data)


def _facts(roster: PatrolRoster) -> dict[str, Any]:
    """Return what the record says of a roster: whose each turn is, by its day of the cycle and its times."""
    turns = {f"{turn['day'] + 1} {turn['from']}–{turn['until']}": turn["person"] for turn in roster.turns}
    names = ("name", "starts_on", "cycle_days")
    return {**{name: getattr(roster, name) for name in names}, "turns": turns}


def _clock(hour: str, minute: str) -> str:
    if int(hour) * 60 + int(minute) > 24 * 60 or int(minute) > 59:  # noqa: PLR2004 - minutes of an hour
        raise _refused("shifts", Sentence("Write times from 00:00 to 24:00."))
    return f"{int(hour):02}:{int(minute):02}"


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
