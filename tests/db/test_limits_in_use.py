"""Every row of the catalogue that a process counts by, through the process itself; all dates are written by hand.

Each over a weekend, a Saturday or Sunday that is worked, the Spring Festival and the National Day week of 2026,
midnight, and the end of the known years.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from domain import cases, catalogue
from domain.database import Database
from domain.models import Case
from domain.processes import WORKFLOWS
from domain.settings import get_settings
from domain.timing import Reading
from tests.journeys import apply, order, press, reach, report
from tests.world import START, World

CITY = ZoneInfo("Asia/Shanghai")
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Begin = Callable[[Session, World], Case]

THREE_WORKING_DAYS = """
    2026-08-21 15:00  2026-08-26 17:30   a weekend
    2026-09-17 10:00  2026-09-21 17:30   a Sunday that is worked
    2026-10-08 10:00  2026-10-12 17:30   a Saturday that is worked
    2026-02-12 16:00  2026-02-24 17:30   the Spring Festival, the Saturday before it worked
    2026-02-26 16:00  2026-03-02 17:30   the Saturday after it
    2026-09-29 10:00  2026-10-09 17:30   the National Day week
    2026-08-20 23:59  2026-08-25 17:30   the last minute of a day
    2026-08-21 00:00  2026-08-26 17:30   the first minute of the next
    2026-12-28 10:00  2026-12-31 17:30   up to the last known day
    2026-12-29 10:00  2027-01-01 17:30 ? beyond it
"""
ONE_WORKING_DAY = """
    2026-08-21 15:00  2026-08-24 17:30   a weekend
    2026-10-09 15:00  2026-10-10 17:30   a Saturday that is worked
    2026-02-14 16:00  2026-02-24 17:30   the Spring Festival
    2026-09-30 23:59  2026-10-08 17:30   the National Day week, from the last minute before it
    2026-10-01 00:00  2026-10-08 17:30   from its first minute
    2026-12-30 10:00  2026-12-31 17:30   up to the last known day
    2026-12-31 10:00  2027-01-01 17:30 ? beyond it
"""
FIVE_WORKING_DAYS = """
    2026-08-21 15:00  2026-08-28 17:30   a weekend
    2026-10-08 10:00  2026-10-14 17:30   a Saturday that is worked
    2026-02-11 16:00  2026-02-25 17:30   the Spring Festival
    2026-09-28 10:00  2026-10-10 17:30   the National Day week, to the Saturday that is worked after it
    2026-08-20 23:59  2026-08-27 17:30   midnight
    2026-12-24 10:00  2026-12-31 17:30   up to the last known day
    2026-12-25 10:00  2027-01-01 17:30 ? beyond it
"""
TWENTY_DAYS = """
    2026-08-21 15:00  2026-09-11 00:00   weekends
    2026-09-20 10:00  2026-10-11 00:00   from a Sunday that is worked to a Saturday that is
    2026-01-30 10:00  2026-02-20 00:00   to a day of the Spring Festival
    2026-09-15 10:00  2026-10-06 00:00   to a day of the National Day week
    2026-08-20 23:59  2026-09-10 00:00   midnight
    2026-12-20 10:00  2027-01-10 00:00   beyond the known years: every day counts
"""
THIRTY_DAYS = """
    2026-08-21 15:00  2026-09-21 00:00   to a Sunday that is worked
    2026-01-20 10:00  2026-02-20 00:00   to a day of the Spring Festival
    2026-09-03 10:00  2026-10-04 00:00   to a day of the National Day week
    2026-08-20 23:59  2026-09-20 00:00   midnight
    2026-12-20 10:00  2027-01-20 00:00   beyond the known years: every day counts
"""
A_DAY = """
    2026-08-22 13:58  2026-08-23 13:58   a weekend
    2026-10-10 09:00  2026-10-11 09:00   a Saturday that is worked
    2026-02-16 10:00  2026-02-17 10:00   the Spring Festival
    2026-10-01 23:30  2026-10-02 23:30   the National Day week
    2026-08-20 00:00  2026-08-21 00:00   midnight
    2026-12-31 18:00  2027-01-01 18:00   beyond the known years
"""
HALF_AN_HOUR = """
    2026-08-23 13:58  2026-08-23 14:28   a Sunday
    2026-10-10 09:00  2026-10-10 09:30   a Saturday that is worked
    2026-02-17 08:00  2026-02-17 08:30   the Spring Festival
    2026-10-03 12:00  2026-10-03 12:30   the National Day week
    2026-08-23 23:45  2026-08-24 00:15   midnight
    2026-12-31 23:50  2027-01-01 00:20   beyond the known years
"""


def city(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY).astimezone(UTC)


def told_of(hazard: str) -> Begin:
    return lambda session, world: report(session, world, hazard=hazard)


def checked(session: Session, world: World) -> Case:
    now, world.clock.now = world.clock.now, START
    case = reach(session, world, "hazard_report", "checking")
    world.clock.now = now
    press(session, world, case, "assignee", "record_finding")
    return case


def submitted(session: Session, world: World) -> Case:
    case = order(session, world)
    press(session, world, case, "inspector1", "serve", correct_by="2027-03-01")
    press(session, world, case, "officer", "submit")
    return case


def found_overdue(session: Session, world: World) -> Case:
    case = order(session, world)
    press(session, world, case, "inspector1", "serve", correct_by=world.clock.now.astimezone(CITY).date().isoformat())
    notice = {"clock": "correct", "level": 1, "due_at": world.clock.now}
    press(session, world, case, "system", "mark_overdue", **notice)
    return case


def returned(session: Session, world: World) -> Case:
    case = apply(session, world)
    press(session, world, case, "handler", "start_review")
    press(session, world, case, "supervisor", "return_to_applicant")
    return case


USED: list[tuple[str, str, Begin, str]] = [
    ("CMP-10", "accept", told_of("other"), HALF_AN_HOUR),
    ("CMP-20", "verify", told_of("escape"), A_DAY),
    ("CMP-21", "verify", told_of("other"), THREE_WORKING_DAYS),
    ("CMP-30", "reply", checked, ONE_WORKING_DAY),
    ("CMP-31", "tell", told_of("escape"), TWENTY_DAYS),
    ("COR-20", "order", order, THREE_WORKING_DAYS),
    ("COR-40", "recheck", submitted, THREE_WORKING_DAYS),
    ("COR-40", "recheck", found_overdue, THREE_WORKING_DAYS),
    ("ENR-10", "review", apply, FIVE_WORKING_DAYS),
    ("ENR-20", "reminder", returned, TWENTY_DAYS),
    ("ENR-21", "answer", returned, THIRTY_DAYS),
]
"""Row, clock, how a case gets there, when it begins and ends."""


@pytest.fixture(autouse=True)
def _in_henan(monkeypatch: pytest.MonkeyPatch, _settings: None) -> None:
    monkeypatch.setenv("FIRELINE_REGION", "411300")
    get_settings.cache_clear()


@ONLY_SQLITE
@pytest.mark.parametrize(("row", "clock", "begin", "table"), USED, ids=[f"{row} {clock}" for row, clock, *_ in USED])
def test_row_of_the_catalogue_gives_the_deadline(
    db: Database, world: World, row: str, clock: str, begin: Begin, table: str
) -> None:
    for line in filter(None, map(str.strip, table.splitlines())):
        start, due, provisional = city(line[:16]), city(line[18:34]), line[34:37].strip() == "?"
        world.clock.now = start

        with db.write() as session:
            reading = Reading.of(begin(session, world).clocks[clock])

        assert reading.started_at == start, line
        assert (reading.due_at, reading.provisional) == (due, provisional), line
        assert reading.limit is not None
        assert reading.limit.rule == row, line


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("begun", "correct_by", "ends"),
    [
        ("2026-08-21 15:00", "2026-08-30", "2026-08-31 00:00"),
        ("2026-10-08 10:00", "2026-10-10", "2026-10-11 00:00"),
        ("2026-02-12 16:00", "2026-02-18", "2026-02-19 00:00"),
        ("2026-09-29 10:00", "2026-10-03", "2026-10-04 00:00"),
        ("2026-08-20 23:59", "2026-08-20", "2026-08-21 00:00"),
        ("2026-12-29 10:00", "2027-02-06", "2027-02-07 00:00"),
    ],
)
def test_day_an_inspector_set_ends_with_that_day(
    db: Database, world: World, begun: str, correct_by: str, ends: str
) -> None:
    world.clock.now = city(begun)

    with db.write() as session:
        case = order(session, world)
        press(session, world, case, "inspector1", "serve", correct_by=correct_by)
        reading = Reading.of(case.clocks["correct"])

    assert (reading.due_at, reading.provisional) == (city(ends), False)
    assert reading.limit is not None
    assert reading.limit.rule == "COR-30"


@ONLY_SQLITE
def test_reporter_need_not_be_told_within_20_days_elsewhere(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_REGION", "530400")
    get_settings.cache_clear()

    with db.write() as session:
        case = report(session, world)

    assert "tell" not in case.clocks


@ONLY_SQLITE
def test_reporter_was_told_with_the_first_answer(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "replied")
        told = Reading.of(case.clocks["tell"])
        press(session, world, case, "reporter", "object")
        press(session, world, case, "supervisor", "assign", assignee=str(world.people["warden2"]), second=None)
        again = Reading.of(cases.by_id(session, case.id).clocks["tell"])

    assert (told.running, told.fulfilled) == (False, True)
    assert (again.running, again.stopped_at, again.due_at) == (False, told.stopped_at, told.due_at)


def test_every_row_a_clock_names_is_tried_here() -> None:
    named = {
        rule
        for workflow in WORKFLOWS.values()
        for clock in workflow.clocks
        for rule in clock.basis.split("/")
        if rule in catalogue.limits() or rule in catalogue.targets()
    }

    assert named <= {row for row, *_ in USED} | {"COR-30"}
    assert {"CMP-10", "CMP-20", "CMP-21", "CMP-30", "CMP-31", "COR-20", "COR-30", "COR-40"} <= named
