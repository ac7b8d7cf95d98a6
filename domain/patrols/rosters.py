"""Who is on duty when at a venue: turns that repeat. Reads rosters; `roster_register` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import people
from domain.models import PatrolRoster, Post
from domain.settings import city_zone


def of_venue(session: Session, venue_id: UUID, *, day: date) -> Sequence[PatrolRoster]:
    """Return the venue's rosters that have not ended by `day`, by name."""
    query = select(PatrolRoster).where(
        col(PatrolRoster.venue_id) == venue_id,
        or_(col(PatrolRoster.ended_on).is_(None), col(PatrolRoster.ended_on) > day),
    )
    return session.execute(query.order_by(col(PatrolRoster.name), col(PatrolRoster.starts_on))).scalars().all()


def who_is_on(session: Session, roster: PatrolRoster, at: datetime) -> UUID | None:
    """Return whose turn it is at that moment, of those who hold a post at the venue on that day; None: nobody's.

    Then the plan's `role` says whose task it is.
    """
    listed = on_duty(roster, at, zone=city_zone())
    if not listed:
        return None
    held = select(col(Post.person_id)).where(
        col(Post.venue_id) == roster.venue_id, col(Post.person_id).in_(listed), *people.valid_on(people.local_day(at))
    )
    there = set(session.execute(held).scalars())
    return next((person for person in listed if person in there), None)


def on_duty(roster: PatrolRoster, at: datetime, *, zone: tzinfo) -> tuple[UUID, ...]:
    """Return everybody whose turn it is at that moment, in the order of the roster, posts not asked for. Pure."""
    local = at.astimezone(zone)
    today, clock = local.date(), f"{local:%H:%M}"
    yesterday = today - timedelta(days=1)
    found: list[UUID] = []
    for turn in roster.turns:
        begins, until, person = turn["from"], turn["until"], UUID(turn["person"])
        past_midnight = until <= begins
        on = falls_on(roster, turn["day"], today) and begins <= clock and (past_midnight or clock < until)
        still_on = past_midnight and falls_on(roster, turn["day"], yesterday) and clock < until
        if (on or still_on) and person not in found:
            found.append(person)
    return tuple(found)


def shifts_of(roster: PatrolRoster) -> tuple[tuple[str, str], ...]:
    """Return the shifts a roster's turns are in, in the order of the day."""
    return tuple(sorted({(turn["from"], turn["until"]) for turn in roster.turns}))


def falls_on(roster: PatrolRoster, place: int, day: date) -> bool:
    """Return whether `day` is that day (from 0) of the roster's cycle."""
    if day < roster.starts_on or (roster.ended_on is not None and day >= roster.ended_on):
        return False
    return (day - roster.starts_on).days % roster.cycle_days == place
