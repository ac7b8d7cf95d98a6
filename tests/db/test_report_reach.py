"""A report reads of one moment, whoever measures meanwhile, and says what its reader may not open any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from domain import measures
from domain.actors import Actor, Grant, Role
from domain.database import Database
from domain.models import Case
from domain.reporting import case_rows, columns, drill
from domain.reporting.asked import Asked
from domain.reporting.drill import Figure
from domain.reporting.numbers import numbers
from tests import timelines
from tests.journeys import report
from tests.world import World

NOW = datetime(2027, 9, 1, tzinfo=UTC)
ALL = Asked(date(2026, 6, 1), date(2027, 1, 15))
EVERYWHERE = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR),))
RECEIVED = Figure("hazard_report", "received")


def measure(db: Database, told: list[timelines.Told]) -> None:
    with db.write() as session:
        timelines.put(session, told)
    with db.write() as session:
        measures.catch_up(session, at=NOW, most=1000, everything=True)


def test_report_reads_of_one_moment_while_somebody_measures(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        there = timelines.ground(session, world)
    told = list(timelines.tell(81, there, seed=5))
    measure(db, told[:1])

    load, late = columns.load, list[list[timelines.Told]]()

    def load_late(*asked: Any, **named: Any) -> columns.Columns:
        """Read the columns after others have measured cases with names that were not known before."""
        if late:
            measure(db, late.pop())
        return load(*asked, **named)

    def ask(late_ones: list[timelines.Told] | None = None) -> Any:
        late.extend([late_ones] if late_ones else [])
        with db.read() as session:
            return numbers(session, ALL, actor=EVERYWHERE, at=NOW)

    def behind(late_ones: list[timelines.Told] | None = None) -> Any:
        late.extend([late_ones] if late_ones else [])
        with db.read() as session:
            return drill.cases(session, ALL, RECEIVED, actor=EVERYWHERE, at=NOW, size=200)

    monkeypatch.setattr(columns, "load", load_late)
    counted = ask()
    assert ask(told[1:41]) == counted
    listed = behind()
    assert behind(told[41:]) == listed
    assert len(behind().rows) > len(listed.rows) > 1
    with db.read() as session:
        sheet = list(case_rows.rows(session, ALL, actor=EVERYWHERE, as_of=NOW))
    assert sum(one.cases.received for one in ask().processes) == len(sheet) == 81


def test_case_that_moved_away_is_counted_as_of_then_and_said_to_be_out_of_reach(db: Database, world: World) -> None:
    moment = world.clock.now
    with db.write() as session:
        first, second = report(session, world).id, report(session, world).id
    with db.write() as session:
        measures.catch_up(session, at=moment + timedelta(minutes=10))
    path = "lanshan/chengyang/guanglong/"
    asked = Asked(date(2026, 8, 1), date(2026, 8, 23), as_of=moment)
    of_there = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR, area_path=path),))
    with db.write() as session:
        session.execute(update(Case).where(col(Case.id) == first).values(area_id=world.areas["fuxian"]))
    with db.read() as session:
        counted = numbers(session, asked, actor=of_there, at=moment + timedelta(minutes=10))
        pages = [drill.cases(session, asked, RECEIVED, actor=of_there, at=moment + timedelta(minutes=10), size=1)]
        pages.append(
            drill.cases(session, asked, RECEIVED, actor=of_there, at=moment + timedelta(minutes=10), size=1,
                        cursor=pages[0].next_cursor)
        )  # fmt: skip

    received = next(one.cases.received for one in counted.processes if one.process == "hazard_report")
    assert received == sum(len(page.rows) + page.beyond for page in pages) == 2
    assert [row.id for page in pages for row in page.rows] == [second]
    assert sum(page.beyond for page in pages) == 1
