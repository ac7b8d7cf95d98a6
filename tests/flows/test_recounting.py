"""A year of the calendar arrives: the errand moves what it moves, once, and says so to who works on the case."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from domain import calendars, cases, errands, recounting, rulebooks
from domain.database import Database
from domain.escalation import Way
from domain.models import Case, ClockRow, Errand, TimelineEntry
from domain.rulebook import EVERYBODY_KNOWS_AFTER
from notifications.recipients import TELLINGS
from tests import calendar_2027
from tests.chores import do
from tests.journeys import order, press, report
from tests.world import World

BEFORE_NEW_YEAR = datetime(2026, 12, 30, 2, tzinfo=UTC)
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def take(db: Database, world: World, content: bytes) -> UUID:
    """Take the year in and return the errand that was promised."""
    with db.write() as session:
        known = set(session.exec(select(Errand.id)).all())
        actor = world.actor(session, "admin")
        calendars.take(session, 2027, content, source="2027.json", actor=actor, at=world.clock.now)
        (errand,) = set(session.exec(select(Errand.id)).all()) - known
        waits_until = errands.by_id(session, errand).due_at
    assert waits_until >= world.clock.now + timedelta(seconds=rulebooks.FRESH_SECONDS), "everybody has heard of it"
    world.clock.now += EVERYBODY_KNOWS_AFTER
    return errand


def recalculated(session: Session) -> list[TimelineEntry]:
    query = select(TimelineEntry).where(TimelineEntry.transition == "recalculate")
    return list(session.exec(query.order_by(col(TimelineEntry.case_id), col(TimelineEntry.seq))))


def due(session: Session, case_id: UUID, clock: str) -> str:
    return str(cases.by_id(session, case_id).clocks[clock]["due_at"])


def test_every_deadline_the_year_moves_is_counted_anew_once(db: Database, world: World) -> None:
    world.clock.now = BEFORE_NEW_YEAR
    with db.write() as session:
        reported, ordered = report(session, world).id, order(session, world).id
        session.get_one(Case, ordered)
        in_time = report(session, world, hazard="escape").id
    errand = take(db, world, calendar_2027.notice())
    with db.write() as session:  # a worker that got so far and died
        assert recounting.recount(session, reported, 2027, at=world.clock.now) == 1

    settled = do(db, errand, at=world.clock.now)

    assert (settled.state, settled.outcome["said_params"]) == ("done", {"count": 1})
    with db.read() as session:
        assert due(session, reported, "verify") == "2027-01-06T09:30:00+00:00"
        assert due(session, ordered, "order") == "2027-01-06T09:30:00+00:00"
        assert [entry.data["clock"] for entry in recalculated(session)] == ["verify", "order"]
        assert recalculated(session)[0].data["was_due_at"] == "2027-01-04T09:30:00Z"
        assert not any(row.provisional for row in session.exec(select(ClockRow)))
        assert len(cases.by_id(session, in_time).clocks) == 2, "24 hours do not look at calendars"


@ONLY_SQLITE
def test_nothing_moves_twice_and_a_correction_moves_it_back(db: Database, world: World) -> None:
    world.clock.now = BEFORE_NEW_YEAR
    with db.write() as session:
        case_id = order(session, world).id
    do(db, take(db, world, calendar_2027.notice()), at=world.clock.now)
    for _ in recounting.passes(db, None, now=lambda: world.clock.now):
        pass
    shorter = [row for row in calendar_2027.days() if row["date"] not in ("2027-01-04", "2027-01-09")]

    do(db, take(db, world, calendar_2027.notice(rows=shorter)), at=world.clock.now)

    with db.read() as session:
        moved = [(entry.data["was_due_at"], entry.data["due_at"]) for entry in recalculated(session)]
        assert moved == [
            ("2027-01-04T09:30:00Z", "2027-01-06T09:30:00Z"), ("2027-01-06T09:30:00Z", "2027-01-05T09:30:00Z")
        ]  # fmt: skip
        assert due(session, case_id, "order") == "2027-01-05T09:30:00+00:00"
        ways = [
            TELLINGS["announce_deadline"].whom(session, cases.by_id(session, case_id), entry, entry.at).ways
            for entry in recalculated(session)
        ]
    assert ways == [frozenset({Way.NOTICE}), frozenset({Way.NOTICE, Way.SMS})], "earlier: by message too"


@ONLY_SQLITE
def test_deadline_of_somebody_who_had_not_heard_of_the_correction_is_counted_in_the_night(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.now = BEFORE_NEW_YEAR
    do(db, take(db, world, calendar_2027.notice()), at=world.clock.now)
    with db.read() as session:
        book_of_before = rulebooks.load(session)
    shorter = [row for row in calendar_2027.days() if row["date"] not in ("2027-01-04", "2027-01-09")]
    do(db, take(db, world, calendar_2027.notice(rows=shorter)), at=world.clock.now)
    with monkeypatch.context() as elsewhere, db.write() as session:
        elsewhere.setitem(rulebooks._KEPT, db.engine, (time.monotonic() + 60, book_of_before))
        case = report(session, world)
        assert not any(clock["provisional"] for clock in case.clocks.values())

    with db.write() as session:
        night = errands.promise(session, recounting.ERRAND, key="night", at=world.clock.now + timedelta(hours=9)).id
    settled = do(db, night, at=world.clock.now + timedelta(hours=9))

    assert settled.outcome["said_params"] == {"count": 1}
    with db.read() as session:
        (entry,) = recalculated(session)
        assert (entry.case_id, entry.data["was_due_at"]) == (case.id, "2027-01-06T09:30:00Z")
        assert due(session, case.id, "verify") == "2027-01-05T09:30:00+00:00"


@ONLY_SQLITE
def test_case_that_ended_meanwhile_keeps_its_deadlines(db: Database, world: World) -> None:
    world.clock.now = BEFORE_NEW_YEAR
    with db.write() as session:
        case = report(session, world)
        press(session, world, case, "reporter", "withdraw")
    errand = take(db, world, calendar_2027.notice())

    do(db, errand, at=world.clock.now)

    with db.read() as session:
        assert due(session, case.id, "verify") == "2027-01-04T09:30:00+00:00"
        assert recalculated(session) == []
