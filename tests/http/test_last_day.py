"""What is due within a day is due at 24:00 of it: on the board, in the queue, the cockpit, reports and words alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from domain import cases, measures, sweep
from domain.actors import Actor, Grant, Role
from domain.database import Database
from domain.models import TimelineEntry
from domain.queries import board
from domain.queries.board import Column, Wanted
from domain.reporting import drill
from domain.reporting.asked import Asked
from domain.reporting.drill import Figure
from domain.reporting.numbers import numbers
from notifications import messages
from tests.journeys import order, press
from tests.measured import all_measured
from tests.staff_member import Office, office_of, seen
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVERYWHERE = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR),))
ORDERED_ON, LAST_DAY = date(2026, 8, 23), date(2026, 8, 31)
MIDNIGHT = datetime(2026, 8, 31, 16, tzinfo=UTC)
"""In the city the last day is over then."""
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def number(office: Office) -> str:
    """Return a rectification that has to be done by the last day."""
    with office.db.write() as session:
        case = order(session, office.world)
        press(session, office.world, case, "inspector1", "serve", correct_by=LAST_DAY.isoformat())
        assert case.due_at == MIDNIGHT
        return case.number


def where(office: Office, number: str) -> list[str]:
    """Return where the case stands as due today, or overdue, at the moment of the world's clock."""
    now, supervisor = office.world.clock.now, office.member("supervisor")
    found = []
    with office.db.write() as session:
        actor = office.world.actor(session, "supervisor")
        for column in (Column.TODAY, Column.OVERDUE):
            lines = board.page(session, actor, column, Wanted(), at=now).lines
            found += [f"board {column}" for line in lines if line.row.number == number]
        measures.catch_up(session, at=now, everything=True)
        all_measured(session, now)
    for view in ("today", "overdue"):
        found += [f"queue {view}"] * (number in supervisor.opens(f"/cases?view={view}").text)
    standing = supervisor.client.get("/api/v1/cockpit").json()["now"]
    return found + [f"cockpit {name}" for name in ("due_today", "overdue") if standing[name]]


def test_it_is_due_today_until_the_day_is_over(office: Office, number: str) -> None:
    today = ["board today", "queue today", "cockpit due_today"]

    seen_at = {}
    for moment in (MIDNIGHT - timedelta(days=1) - A_SECOND, MIDNIGHT - timedelta(days=1), MIDNIGHT - A_SECOND,
                   MIDNIGHT + A_SECOND):  # fmt: skip
        office.world.clock.now = moment
        seen_at[moment - MIDNIGHT] = where(office, number)

    assert list(seen_at.values()) == [[], today, today, ["board overdue", "queue overdue", "cockpit overdue"]]


def test_words_name_the_last_day(office: Office, number: str) -> None:
    office.world.clock.now = MIDNIGHT - timedelta(hours=10)
    case = office.case(number)
    with office.db.write() as session:
        sweep.ring(session, case.id, "correct", at=office.world.clock.now)
    with office.db.read() as session:
        case = cases.by_number(session, number)
        entry = session.get_one(TimelineEntry, (case.id, case.version))
        said = [messages.facts_of(session, case, entry, locale=locale) for locale in ("zh_CN", "en")]

    page = office.member("supervisor").opens(f"/cases/{number}").text

    assert [(one["due"], one["clock_due"]) for one in said] == [("8月31日24:00",) * 2, ("31 Aug 24:00",) * 2]
    assert page.count("2026-08-31 24:00") >= 3, "the chip, the clock and the warning in the timeline"
    assert "2026-09-01 00:00" not in page
    assert "2026-08-31 24:00" in seen(office.member("supervisor").opens("/board"))


@pytest.mark.parametrize(
    ("from_on", "until_on", "count"),
    [
        (ORDERED_ON, LAST_DAY, 1),
        (ORDERED_ON, LAST_DAY - timedelta(days=1), 0),
        (ORDERED_ON + timedelta(days=1), LAST_DAY, 1),
        (LAST_DAY, LAST_DAY, 1),
        (LAST_DAY + timedelta(days=1), LAST_DAY + timedelta(days=2), 0),
    ],
)
def test_it_fell_due_in_the_period_of_its_last_day(
    office: Office, number: str, from_on: date, until_on: date, count: int
) -> None:
    now = office.world.clock.now = MIDNIGHT + timedelta(days=3)
    asked = Asked(from_on, until_on, process="rectification")
    with office.db.write() as session:
        measures.catch_up(session, at=now, everything=True)
        all_measured(session, now)
    with office.db.read() as session:
        (figures,) = numbers(session, asked, actor=EVERYWHERE, at=now).processes
        (stage,) = (stage for stage in figures.stages if stage.stage == "correct")
        figure = Figure("rectification", "breached_in_period", "correct")
        behind = drill.cases(session, asked, figure, actor=EVERYWHERE, at=now).rows

    assert stage.breached_in_period == count
    assert [row.number for row in behind] == [number] * count
