"""What reports count follows from the timelines: whatever order it is measured in, whoever measures, whatever stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import func, insert
from sqlmodel import Session, col, select, update

from api import measure_commands
from domain import faultpoints, measure_check, measures, register_log
from domain.actors import SYSTEM, Actor, Grant, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.measured_days import Packed
from domain.models import (
    Case,
    CaseMeasure,
    CaseMeasurePast,
    MeasuredDay,
    MeasuredUntil,
    Post,
    StageMeasure,
    StageMeasurePast,
    TimelineEntry,
    Venue,
)
from domain.reporting import columns, then
from domain.reporting.asked import Asked
from domain.reporting.figures import Numbers
from domain.reporting.numbers import numbers
from tests import timelines
from tests.journeys import press, reach, report
from tests.timelines import Told
from tests.walk import PressesLiveButtons
from tests.world import START, World

NOW = datetime(2027, 9, 1, tzinfo=UTC)
MODELS = (CaseMeasure, CaseMeasurePast, StageMeasure, StageMeasurePast)
ALL = Asked(date(2026, 6, 1), date(2027, 1, 15))


def catch_up(db: Database, *, at: datetime = NOW, most: int = 1000, everything: bool = False) -> int:
    with db.write() as session:
        return measures.catch_up(session, at=at, most=most, everything=everything)


def kept(db: Database) -> dict[str, list[Any]]:
    """Return every row that reports count."""
    with db.read() as session:
        tables = [model.__table__ for model in (*MODELS, MeasuredDay)]
        found = {table.name: session.execute(select(table)).all() for table in tables}
    found["measured_day"] = [(row.process, row.opened_on, row.changed_at, len(row.cases), len(row.runs), row.ids)
                             for row in found["measured_day"]]  # fmt: skip
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def ask(db: Database, asked: Asked = ALL, at: datetime = NOW) -> Numbers:
    with db.read() as session:
        return numbers(session, asked, actor=SYSTEM, at=at)


def cut(told: Told, moment: datetime) -> Told:
    """Return a case as it was told up to a moment."""
    entries = [entry for entry in told.entries if entry["at"] <= moment]
    return Told(told.process, told.id, told.state, told.facts, told.columns, told.clocks, entries)


def go_on(session: Session, told: Sequence[Told], since: datetime) -> None:
    """Write down what was told after a moment."""
    timelines.put(session, [one for one in told if one.entries[0]["at"] > since])
    for one in told:
        later = [entry for entry in one.entries if entry["at"] > since]
        if later and one.entries[0]["at"] <= since:
            session.execute(insert(TimelineEntry), later)
            moved = update(Case).where(col(Case.id) == one.id)
            session.execute(moved.values(version=len(one.entries), changed_at=one.entries[-1]["at"]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_timelines_of_the_tests_decide_what_the_engine_decides(db: Database, world: World) -> None:
    walker = type("Walker", (PressesLiveButtons,), {"db": db, "world": world})
    rng, ids = Random(4), []
    for seed in range(14):
        one = walker()
        one.open(seed)
        one.open(rng.getrandbits(32))
        for _ in range(5):
            one.press(rng.getrandbits(32), 8)
            one.work(rng.getrandbits(32))
            one.wait(rng.choice([{"hours": 2}, {"days": 1}, {"days": 4}, {"days": 8}]))
        one.teardown()
        ids += one.cases
    with db.read() as session:
        for case_id in ids:
            case = session.get_one(Case, case_id)
            query = select(TimelineEntry).where(TimelineEntry.case_id == case_id)
            assert_retold(case, session.exec(query.order_by(col(TimelineEntry.seq))).all())
        steps = session.exec(select(func.count()).select_from(TimelineEntry)).one()

    assert steps > 300
    assert catch_up(db, most=5000) == len(ids)
    with db.read() as session:
        for row in session.exec(select(CaseMeasure)):
            case = session.get_one(Case, row.case_id)
            assert (row.state, row.due_at, row.ended_at) == (case.state, case.due_at, case.closed_at)
            assert (row.area_id, row.venue_id, row.hazard_code) == (case.area_id, case.venue_id, case.hazard_code)
            assert (row.assignee_id, row.rating) == (case.assignee_id, case.facts.get("rating") or row.rating)


def assert_retold(case: Case, entries: Sequence[TimelineEntry]) -> None:
    """Tell a case again from its steps alone and compare what each decided about the clocks."""
    told = Told(case.process, case.id)
    first, *steps = entries
    opening = {key: value for key, value in case.facts.items() if key == "verify_class"}
    if limits := first.decided["limits"].get("verify"):
        opening["verify_class"] = {"CMP-20": "A24H"}.get(limits["rule"], "B3WD")
    told.open(at=first.at, data=first.data, facts=opening, columns=typed(first))
    for entry in steps:
        said = {name: "…" if isinstance(value, dict) else value for name, value in entry.data.items()}  # sealed words
        told.take(entry.transition, at=entry.at, data=said, columns=typed(entry))
    for entry, again in zip(entries, told.entries, strict=True):
        assert entry.decided.get("limits") == again["decided"].get("limits"), (case.number, entry.seq)
        assert entry.target == again["target"]


def typed(entry: TimelineEntry) -> dict[str, Any]:
    columns = entry.decided.get("columns", {})
    return {name: UUID(value) if value and name.endswith("_id") else value for name, value in columns.items()}


@pytest.fixture
def told(db: Database, world: World) -> list[Told]:
    with db.write() as session:
        return list(timelines.tell(300, timelines.ground(session, world), seed=7))


def test_numbers_as_of_a_moment_stay_when_more_happens(db: Database, told: list[Told]) -> None:
    moment = datetime(2026, 10, 20, 3, tzinfo=UTC)
    with db.write() as session:
        timelines.put(session, [cut(one, moment) for one in told if one.entries[0]["at"] <= moment])
    catch_up(db, at=moment + timedelta(minutes=6))
    then = ask(db, Asked(ALL.from_on, ALL.until_on, as_of=moment))
    with db.write() as session:
        go_on(session, told, moment)
    assert catch_up(db) > 50

    later = ask(db, Asked(ALL.from_on, ALL.until_on, as_of=moment))

    assert then.settled
    assert later == then
    assert ask(db).processes != then.processes


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_days_of_the_past_are_the_same_as_numbers_and_row_by_row(db: Database, told: list[Told]) -> None:
    with db.write() as session:
        timelines.put(session, told)
    catch_up(db)
    days = [ALL.from_on + timedelta(days=ahead) for ahead in range(ALL.days)]
    for moment in (datetime(2026, 8, 3, 9, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), NOW):
        for process in ("hazard_report", "rectification", "enrolment"):
            with db.read() as session:
                numbers_ = then.days_then(session, process, days, moment)
                rows = then._from_rows(session, process, days, moment)
            begun = [day for day in days if measures.day_between(day)[0] <= moment]
            assert list(numbers_) == begun
            assert [numbers_[day].cases for day in begun] == [rows[day].cases for day in begun]
            assert [runs_of(numbers_[day]) for day in begun] == [runs_of(rows[day]) for day in begun]
    assert sum(len(day.cases) for day in numbers_.values()) > 1000


def runs_of(day: Packed) -> list[tuple[int, ...]]:
    return sorted(np.frombuffer(day.runs, dtype=columns.RUN).tolist())


def test_measured_step_by_step_or_at_once_is_the_same(db: Database, told: list[Told]) -> None:
    moment = datetime(2026, 9, 1, tzinfo=UTC)
    with db.write() as session:
        timelines.put(session, [cut(one, moment) for one in told if one.entries[0]["at"] <= moment])
    catch_up(db, at=moment)
    while moment < NOW:
        known = [cut(one, moment + timedelta(days=30)) for one in told]
        with db.write() as session:
            go_on(session, [one for one in known if one.entries], moment)
        moment += timedelta(days=30)
        catch_up(db, at=moment)
    in_steps = kept(db)

    with db.write() as session:
        measure_check.rebuild(session, measure_check.batch(session, after=None, most=1000))

    assert kept(db) == in_steps
    assert catch_up(db, everything=True) == 0


def test_measuring_again_changes_nothing(db: Database, told: list[Told]) -> None:
    with db.write() as session:
        timelines.put(session, told)
    catch_up(db)
    before = kept(db)
    with db.write() as session:
        measures.hold(session)
        measures.measure(session, [one.id for one in told])

    assert kept(db) == before


def test_what_stopped_in_the_middle_is_done_again(
    db: Database, told: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def killed(_: str) -> None:
        raise RuntimeError("the worker was killed")

    with db.write() as session:
        timelines.put(session, told)
    with monkeypatch.context() as dying:
        dying.setattr(faultpoints, "reach", killed)
        with pytest.raises(RuntimeError):
            catch_up(db, most=100)

    assert kept(db)["case_measure"] == []
    assert [catch_up(db, most=120) for _ in range(4)] == [120, 120, 60, 0]
    assert ask(db).as_of == NOW


def test_late_commit_with_an_earlier_moment_is_found(db: Database, world: World) -> None:
    at = world.clock.now
    with db.write() as session:
        first = report(session, world).id
    catch_up(db, at=at + timedelta(minutes=3))
    with db.read() as session:
        assert not measures.is_behind(session)
    world.clock.advance(minutes=1)
    with db.write() as session:  # it began before the others were measured, and is written down after
        press(session, world, session.get_one(Case, first), "handler", "accept", hazard_code="FAC-07")

    with db.read() as session:
        assert measures.is_behind(session)
    assert catch_up(db, at=at + timedelta(minutes=4)) == 1
    with db.read() as session:
        assert session.get_one(CaseMeasure, first).state == "accepted"


def test_moments_of_long_ago_are_found_when_everything_is_looked_at(db: Database, world: World) -> None:
    with db.write() as session:
        report(session, world)
    catch_up(db, at=world.clock.now)
    world.clock.now = START - timedelta(days=20)
    with db.write() as session:
        report(session, world)

    assert catch_up(db, at=START + timedelta(hours=1)) == 0
    with db.write() as session:
        measures.begin_anew(session)
    assert catch_up(db, at=START + timedelta(hours=1)) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_one_worker_measures_at_a_time(db: Database, world: World) -> None:
    with db.write() as session:
        report(session, world)
    catch_up(db, at=world.clock.now)
    with db.write() as session:
        report(session, world)
    with db.write() as one, db.write() as other:
        assert measures.catch_up(one, at=world.clock.now, most=10) == 1
        assert measures.catch_up(other, at=world.clock.now, most=10) == 0

    assert catch_up(db) == 0


def test_organisation_is_that_of_the_post_held_when_it_was_assigned(db: Database, world: World) -> None:
    with db.write() as session:
        there = timelines.ground(session, world)
        told = Told("rectification")
        told.open(at=datetime(2026, 9, 30, 3, tzinfo=UTC), data={}, facts={},
                  columns={"assignee_id": there.people[1], "area_id": there.areas["guanglong-2"]})  # fmt: skip
        told.take("reassign", at=datetime(2026, 10, 1, 3, tzinfo=UTC),
                  data={"assignee": there.people[3], "reason": "x"})  # fmt: skip
        timelines.put(session, [told])
    catch_up(db)

    with db.read() as session:
        [past] = session.exec(select(CaseMeasurePast)).all()
        [now] = session.exec(select(CaseMeasure)).all()
    assert past.organisation_id == there.organisations[1]
    assert now.organisation_id == there.organisations[0]
    assert past.until_at == now.from_at


def test_verify_names_what_was_tampered_with_and_rebuild_mends_it(
    db: Database, world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")
        other = report(session, world)
        number, other_number = case.number, other.number
    catch_up(db)
    assert measure_commands.verify() == (True, "2 cases are measured as their timelines say.")
    with db.write() as session:
        session.execute(update(CaseMeasure).where(col(CaseMeasure.case_id) == case.id).values(result="fixed"))
        session.execute(update(StageMeasurePast).values(due_at=NOW))
        session.execute(update(MeasuredDay).values(runs=b""))

    is_whole, text = measure_commands.verify()
    said: list[str] = []
    done = measure_commands.rebuild(since=None, show=said.append)

    assert not is_whole
    assert f"{number}: case_measure: result" in text
    assert "hazard_report 2026-08-23: measured_day" in text
    assert other_number not in text.replace(f"{number}:", "")
    assert done == "2 cases are measured anew."
    assert said[-1].startswith("2 of 2")
    assert measure_commands.verify()[0]


def test_nothing_measured_yet_is_said_not_to_be_settled(db: Database, world: World) -> None:
    found = ask(db, Asked(date(2026, 8, 1), date(2026, 8, 31)), at=world.clock.now)

    assert (found.settled, found.is_empty) == (False, True)
    with db.read() as session:
        assert measures.settled_until(session) is None
        assert session.exec(select(MeasuredUntil)).all() == []


def reports_by_register(db: Database, as_of: datetime) -> tuple[Numbers, int]:
    """Return what is told apart by organisation, and how many cases a supervisor of commerce counts."""
    asked = Asked(date(2026, 8, 1), date(2026, 8, 23), as_of=as_of)
    of_commerce = Actor(
        frozenset({Role.SUPERVISOR}),
        grants=(Grant(Role.SUPERVISOR, area_path="lanshan/chengyang/", industry="commerce"),),
    )
    with db.read() as session:
        counted = numbers(session, asked, actor=of_commerce, at=NOW)
    return ask(db, asked), sum(one.cases.received for one in counted.processes)


def test_report_of_before_stays_when_the_register_is_mended_later(db: Database, world: World) -> None:
    with db.write() as session:
        there = timelines.ground(session, world)
        session.execute(update(Venue).values(industry="commerce"))
        case = reach(session, world, "hazard_report", "assigned")
        person = case.assignee_id
    moment = world.clock.now
    catch_up(db, at=moment + timedelta(minutes=6))
    then = reports_by_register(db, moment)
    assert [one.key for one in then[0].organisations] == [None]
    assert then[1] == 1

    world.clock.advance(days=1)
    with db.write() as session:  # entered late: they were of that brigade all along
        session.add(Post(id=new_id(), person_id=person, role="inspector", area_id=case.area_id,
                         from_on=date(2020, 1, 1), organisation_id=there.organisations[0]))  # fmt: skip
        session.get_one(Venue, case.venue_id).industry = "education"
        press(session, world, session.get_one(Case, case.id), "assignee", "start_check", no_code_reason="x")
    catch_up(db)
    in_steps = kept(db)

    assert reports_by_register(db, moment) == then
    with db.write() as session:
        measure_check.rebuild(session, measure_check.batch(session, after=None, most=1000))
    assert kept(db) == in_steps
    assert reports_by_register(db, moment) == then
    with db.read() as session:
        again = session.get_one(CaseMeasure, case.id)
        assert (again.organisation_id, again.industry) == (None, "commerce")


def test_entries_that_kept_nothing_of_the_register_are_read_with_its_record(db: Database, world: World) -> None:
    at = datetime(2026, 9, 30, 3, tzinfo=UTC)
    with db.write() as session:
        there = timelines.ground(session, world)
        told = Told("rectification")
        told.open(at=at, data={}, facts={}, columns={"assignee_id": there.people[1], "venue_id": world.venues["market"],
                                                     "area_id": there.areas["guanglong-2"]})  # fmt: skip
        timelines.put(session, [told])
        was = session.get_one(Venue, world.venues["market"]).industry
        nearer = Post(id=new_id(), person_id=there.people[1], role="warden", area_id=there.areas["guanglong-2"],
                      from_on=date(2019, 1, 1), organisation_id=there.organisations[0])  # fmt: skip
        session.add(nearer)
        late = at + timedelta(days=3)
        register_log.record(session, "post", nearer.id, "appoint", actor=SYSTEM, at=late, data={})
        register_log.record(session, "venue", world.venues["market"], "open", actor=SYSTEM, at=at, data={})
        changed = {"industry": [was, "industry"]}
        register_log.record(session, "venue", world.venues["market"], "change", actor=SYSTEM, at=late, data=changed)
        session.get_one(Venue, world.venues["market"]).industry = "industry"
    catch_up(db)

    with db.read() as session:
        [now] = session.exec(select(CaseMeasure)).all()
    assert (now.organisation_id, now.industry) == (there.organisations[1], was)
