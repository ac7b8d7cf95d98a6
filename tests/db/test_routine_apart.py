"""Thousands of patrols beside some other cases: whatever names no process is as without them, and costs no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func
from sqlalchemy import text as sql
from sqlmodel import Session, select

from api.pages import staff_queue
from domain import adoption, apart, area_register, audit, cases, measure_check, measures, people, recounting
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Anchor, Area, Case, CaseMeasure, ClockRow, PatrolTask
from domain.patrols import planning
from domain.processes import LISTED, ROUTINE
from domain.processes.patrol_task import PATROL_TASK
from domain.queries import board, case_list, map_data, standing, tasks, waiting
from domain.queries.board import Column
from domain.queries.case_list import Wanted
from domain.reporting import cockpit
from domain.reporting.asked import Asked
from domain.reporting.numbers import numbers
from tests.journeys import apply, order, press, reach, report
from tests.patrol_ground import Ground
from tests.world import World

PLANS, DAYS = 700, 3
READERS = ("handler", "supervisor", "warden", "officer", "manager", "leader")


@pytest.fixture(name="some")
def some_cases(db: Database, world: World) -> list[Case]:
    """Return cases of the other processes: open, late, ended."""
    with db.write() as session:
        made = [report(session, world), order(session, world), apply(session, world)]
        made += [
            reach(session, world, "hazard_report", state) for state in ("assigned", "checked", "replied", "closed")
        ]
        made.append(reach(session, world, "rectification", "correcting"))
        audit.set_anchor(session, at=world.clock.now)
    world.clock.advance(hours=20)
    with db.write() as session:
        measures.catch_up(session, at=world.clock.now)
    return made


def plan_thousands(db: Database, world: World) -> int:
    """Plan patrols of an officer's post and a warden, end some, and return how many there are."""
    day = people.local_day(world.clock.now)
    with db.write() as session:
        ground = Ground(world)
        for number in range(PLANS):
            own = {"who": "person", "person_id": world.people["warden"], "role": None} if number % 7 == 0 else {}
            ground.plan(session, "kuancheng" if number % 2 else "market", "daily", from_on=day, **own)
    for ahead in range(DAYS):
        with db.write() as session:
            planning.plan_day(session, day + timedelta(days=ahead), at=world.clock.now)
    with db.write() as session:
        ids = session.exec(select(PatrolTask.case_id).order_by(PatrolTask.case_id).limit(20)).all()
        for case_id in ids:
            case = cases.by_id(session, case_id)
            cases.fire(session, case, "cancel", actor=SYSTEM, at=world.clock.now, data={"reason": "停业装修"})
    with db.read() as session:
        count = session.exec(select(func.count()).select_from(Case).where(Case.process == "patrol_task")).one()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sql("ANALYZE"))
    assert count > PLANS
    return int(count)


def everything(db: Database, world: World) -> dict[str, Any]:
    """Return what everybody is shown who names no process."""
    at = world.clock.now
    with db.read() as session:
        return {
            **{f"{who} {what}": found for who in READERS for what, found in _shown_to(session, world, who).items()},
            "open by state": standing.cases_by_state(session),
            "behind": measures.is_behind(session),
            "measured": measure_check.count(session),
            "places": measure_check.batch(session, after=None),
            "left in the area": area_register.in_use(
                session, session.get_one(Area, world.areas["guanglong"]), day=people.local_day(at)
            ),
            "to adopt": adoption._next(session, None),
            "to recount": recounting.touched(session, 2026) + recounting.touched(session, None, since=at - 2 * DAY),
        }


DAY = timedelta(days=1)


def _shown_to(session: Session, world: World, who: str) -> dict[str, Any]:
    actor, at = world.actor(session, who), world.clock.now
    found: dict[str, Any] = {}
    for view in staff_queue.VIEWS:
        wanted = staff_queue.of_view(view, actor, at)
        for order_by in ("due", "newest"):
            page = case_list.page(session, actor, wanted, at=at, order=order_by, size=3)  # type: ignore[arg-type]
            found[f"{view} by {order_by}"] = [(row.number, page.next_cursor is None) for row in page.rows]
        found[f"count {view}"] = case_list.count(session, actor, wanted, at=at)
    for text in ("宽澄", "2026", world.codes["kuancheng"]):
        page = case_list.page(session, actor, Wanted(q=text), at=at)
        found[f"search {text}"] = [row.number for row in page.rows]
    there = case_list.page(session, actor, Wanted(venue_id=world.venues["kuancheng"], open=True), at=at)
    found["at the venue"] = [row.number for row in there.rows]
    for column in Column:
        lines = board.page(session, actor, column, board.Wanted(), at=at).lines
        found[f"board {column}"] = [(line.row.number, line.clock.name) for line in lines]
    found["board"] = board.counts(session, actor, board.Wanted(), at=at)
    found["working"] = board.assignees(session, actor, day=people.local_day(at))
    mine = tasks.tasks(session, actor, at=at)
    found["tasks"] = [task.case.number for task in (*mine.now, *mine.waiting)]
    found["waits for"] = waiting.waits_for(actor)
    found["cockpit"] = asdict(cockpit.cockpit(session, actor, at=at))
    month = people.local_day(at).replace(day=1)
    asked = Asked(month, people.local_day(at))
    found["report"] = numbers(session, asked, actor=actor, at=at)
    of_map = map_data.Asked("grid", month, people.local_day(at), process=None)
    found["map"] = map_data.figures(session, actor, of_map, at=at)
    return found


def test_what_names_no_process_is_as_without_patrols(db: Database, world: World, some: list[Case]) -> None:
    before = everything(db, world)

    count = plan_thousands(db, world)

    after = everything(db, world)
    for what, found in before.items():
        assert after[what] == found, what
    assert not before["behind"]
    assert before["handler count all"] == len(some)
    with db.write() as session:
        assert measures.catch_up(session, at=world.clock.now, everything=True) == 0
        assert session.exec(select(func.count()).where(CaseMeasure.process == "patrol_task")).one() == 0
        handler = world.actor(session, "handler")
        named = Wanted(process="patrol_task")
        assert case_list.count(session, handler, named, at=world.clock.now, most=10**6) == count
        newest = case_list.page(session, handler, named, at=world.clock.now, size=1).rows[0]
        for typed in (newest.number, newest.number.lower(), f" {newest.number} "):
            found = case_list.page(session, handler, Wanted(q=typed), at=world.clock.now).rows
            assert [row.number for row in found] == [newest.number], "its whole number names its process"
        officer = world.actor(session, "officer")
        waits = staff_queue.wanted_by({"view": "waiting", "process": "patrol_task"}, officer, world.clock.now)
        assert case_list.count(session, officer, waits, at=world.clock.now), "who may walk one finds it when asking so"


def test_record_is_anchored_and_checked_with_the_patrols_in_it(db: Database, world: World, some: list[Case]) -> None:
    count = plan_thousands(db, world)
    with db.write() as session:
        assert audit.set_anchor(session, at=world.clock.advance(hours=1)).leaves == count
        moved = cases.by_id(
            session, session.exec(select(PatrolTask.case_id).order_by(PatrolTask.case_id.desc())).first()
        )  # type: ignore[attr-defined]
        cases.fire(session, moved, "cancel", actor=SYSTEM, at=world.clock.now, data={"reason": "停业装修"})
        press(session, world, some[0], "handler", "accept")
        assert audit.set_anchor(session, at=world.clock.advance(hours=1)).leaves == 2

    with db.read() as session:
        verified = audit.verify(session)
        roots = [anchor.root for anchor in session.exec(select(Anchor).order_by(Anchor.id)).all()]  # type: ignore[arg-type]
    assert verified.whole
    assert verified.cases >= count + len(some)
    assert len(set(roots)) == verified.anchors == 3


PLAN = {"postgresql": "EXPLAIN ", "sqlite": "EXPLAIN QUERY PLAN "}
LOOKS: dict[str, tuple[str, Callable[[Session, Any, World], Any]]] = {
    "queue by deadline": ("cases_apart_", lambda s, a, w: case_list.page(
        s, a, staff_queue.of_view("open", a, w.clock.now), at=w.clock.now, order="due")),
    "queue by age": ("cases_apart_", lambda s, a, w: case_list.page(s, a, Wanted(), at=w.clock.now)),
    "one process": ("cases_apart_", lambda s, a, w: case_list.page(
        s, a, Wanted(process="enrolment", states=("submitted",)), at=w.clock.now)),
    "at a venue": ("cases_apart_", lambda s, a, w: case_list.page(
        s, a, Wanted(venue_id=w.venues["market"], open=True), at=w.clock.now, order="due")),
    "board": ("clock_apart_", lambda s, a, w: board.page(s, a, Column.OVERDUE, board.Wanted(), at=w.clock.now)),
    "at risk": ("clock_apart_", lambda s, a, w: board.page(s, a, Column.RISK, board.Wanted(), at=w.clock.now)),
    "provisional": ("clock_apart_", lambda s, a, w: board.page(
        s, a, Column.PROVISIONAL, board.Wanted(), at=w.clock.now)),
    "moved cases": ("cases_apart_", lambda s, *_: measures.is_behind(s)),
    "open cases": ("cases_apart_", lambda s, *_: standing.cases_by_state(s)),
    "all patrols": ("cases_routine_opened", lambda s, a, w: case_list.page(
        s, a, Wanted(process="patrol_task"), at=w.clock.now, size=3)),
    "open patrols": ("cases_routine_due", lambda s, a, w: case_list.page(
        s, a, Wanted(process="patrol_task", open=True), at=w.clock.now, order="due", size=3)),
}  # fmt: skip
"""What is looked at → the indexes one of which has to be used; among few rows any of them does."""


@pytest.mark.usefixtures("some")
def test_lists_are_read_by_the_indexes_without_patrols(db: Database, world: World) -> None:
    plan_thousands(db, world)

    found = {}
    for what, (_, look) in LOOKS.items():
        with db.read() as session:
            actor = world.actor(session, "supervisor")
            with noted(session) as statements:
                look(session, actor, world)
            found[what] = "\n".join(_plan(session, one) for one in statements if " cases " in one[0])

    for what, (index, _) in LOOKS.items():
        assert index in found[what], f"{what}\n{found[what]}"
        whole = ("Seq Scan on cases", "Seq Scan on clock", "SCAN cases\n", "SCAN clock\n")
        assert not any(one in f"{found[what]}\n" for one in whole), f"{what}\n{found[what]}"


@contextmanager
def noted(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """Note every statement and what is sent beside it."""
    statements: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        statements.append((given[2].replace("\n", " "), given[3]))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _plan(session: Session, statement: tuple[str, Any]) -> str:
    rows = session.connection().exec_driver_sql(PLAN[session.get_bind().dialect.name] + statement[0], statement[1])
    return "\n".join(str(row[-1]) for row in rows)


def test_indexes_leave_out_exactly_the_routine_processes() -> None:
    written = [
        str(index.dialect_options[dialect]["where"])
        for table in (Case.__table__, ClockRow.__table__)  # type: ignore[attr-defined]
        for index in table.indexes
        for dialect in ("postgresql", "sqlite")
        if "_apart_" in index.name
    ]
    assert frozenset({PATROL_TASK.name}) == ROUTINE
    assert written
    assert all(where.endswith(apart.APART) for where in written)
    assert all(f"<> '{name}'" in apart.APART for name in ROUTINE)
    assert not any(f"'{name}'" in apart.APART for name in LISTED)
