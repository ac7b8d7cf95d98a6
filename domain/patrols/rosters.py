"""Who is on duty when at a venue: turns that repeat. Reads rosters; `roster_register` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import people
from domain.models import Area, PatrolRoster, Venue
from domain.patrols.serving import Serving
from domain.settings import city_zone


def of_venue(session: Session, venue_id: UUID, *, day: date) -> Sequence[PatrolRoster]:
    """Return the venue's rosters that have not ended by `day`, by name."""
    query = select(PatrolRoster).where(
        col(PatrolRoster.venue_id) == venue_id,
        or_(col(PatrolRoster.ended_on).is_(None), col(PatrolRoster.ended_on) > day),
    )
    return session.execute(query.order_by(col(PatrolRoster.name), col(PatrolRoster.starts_on))).scalars().all()


def who_is_on(session: Session, roster: PatrolRoster, at: datetime, *, until: datetime | None = None) -> UUID | None:
    """Return whose turn it is at that moment, or first before `until`, of those who serve the venue; None: nobody's.

    Then the plan's `role` says whose task it is.
    """
    listed = on_duty(roster, at, until=until, zone=city_zone())
    if not listed:
        return None
    serving = Serving(session, listed, day=people.local_day(at))
    query = select(col(Area.path)).join(Venue, col(Venue.area_id) == col(Area.id))
    path = session.execute(query.where(col(Venue.id) == roster.venue_id)).scalar_one()
    return next((person for person in listed if serving.at(person, roster.venue_id, path=path)), None)


def on_duty(
    roster: PatrolRoster, at: datetime, *, zone: tzinfo, until: datetime | None = None
) -> tuple[UUID, ...]:  # fmt: skip
    """Return everybody whose turn it is at that moment, in the order of the roster, posts not asked for. Pure.

    Then, with `until`, whose turn begins before that, the first one first: a day's check begins at midnight, and who
    carries it out comes in the morning.
    """
    local = at.astimezone(zone)
    today, clock = local.date(), f"{local:%H:%M}"
    yesterday = today - timedelta(days=1)
    found: list[UUID] = []
    for turn in roster.turns:
        begins, ends, person = turn["from"], turn["until"], UUID(turn["person"])
        past_midnight = ends <= begins
        on = falls_on(roster, turn["day"], today) and begins <= clock and (past_midnight or clock < ends)
        still_on = past_midnight and falls_on(roster, turn["day"], yesterday) and clock < ends
        if on or still_on:
            found.append(person)
    if until is not None:
        found += _coming(roster, today, at, until, zone)
    return tuple(dict.fromkeys(found))


def _coming(roster: PatrolRoster, today: date, at: datetime, until: datetime, zone: tzinfo) -> list[UUID]:
    """Return whose turns begin after `at` and before `until`, within one cycle, the first one first."""
    found = []
    for number in range(roster.cycle_days + 1):
        day = today + timedelta(days=number)
        for turn in roster.turns:
            begins = datetime.combine(day, time.fromisoformat(turn["from"]), zone)
            if falls_on(roster, turn["day"], day) and at < begins < until:
                found.append((begins, UUID(turn["person"])))
    return [person for _, person in sorted(found, key=lambda one: one[0])]


def shifts_of(roster: PatrolRoster) -> tuple[tuple[str, str], ...]:
    """Return the shifts a roster's turns are in, in the order of the day."""
    return tuple(sorted({(turn["from"], turn["until"]) for turn in roster.turns}))


def falls_on(roster: PatrolRoster, place: int, day: date) -> bool:
    """Return whether `day` is that day (from 0) of the roster's cycle."""
    if day < roster.starts_on or (roster.ended_on is not None and day >= roster.ended_on):
        return False
    return (day - roster.starts_on).days % roster.cycle_days == place
