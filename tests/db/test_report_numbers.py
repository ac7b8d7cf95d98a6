"""The numbers of a report beside a slow recount from the timelines: ten thousand cases, and two thousand on SQLite."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from domain import access, measures
from domain.actors import Actor, Grant, Role
from domain.asking import AskedWrongly
from domain.database import Database, open_database
from domain.models import Area, Case, Post
from domain.reporting import drill
from domain.reporting.asked import Asked, read
from domain.reporting.drill import BadCursor, Figure, UnknownFigure
from domain.reporting.figures import Numbers
from domain.reporting.numbers import numbers
from tests import slow_report, timelines
from tests.slow_report import Question, Register
from tests.timelines import Ground, Told
from tests.world import World, build_world

CASES = {"postgresql": 10_000, "sqlite": 2_000}
NOW = datetime(2027, 9, 1, tzinfo=UTC)
"""When everything has long been measured."""
SUMMER, AUTUMN, ALL = (date(2026, 6, 1), date(2026, 8, 31)), (date(2026, 10, 1), date(2026, 10, 31)), (
    date(2026, 6, 1), date(2027, 1, 15))  # fmt: skip


EVERYWHERE = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR),))


class Entry:
    """An entry as the slow recount reads it."""

    def __init__(self, row: Any) -> None:
        self.case_id, self.at, self.transition = row["case_id"], row["at"], row["transition"]
        self.source, self.target, self.data, self.decided = row["source"], row["target"], row["data"], row["decided"]


class Told10k:
    """What stands in the database, and the same as plain timelines."""

    def __init__(self, db: Database, world: World, there: Ground, told: list[Told]) -> None:
        self.db, self.world, self.there, self.told = db, world, there, told
        self.timelines = [(one.process, [Entry(entry) for entry in one.entries]) for one in told]
        self._known: dict[datetime, list[slow_report.Known]] = {}
        with db.read() as session:
            paths = {str(row.id): row.path for row in session.exec(select(Area))}
            self.register = Register(paths, list(session.exec(select(Post))))

    def ask(self, asked: Asked, actor: Actor = EVERYWHERE, at: datetime = NOW) -> Numbers:
        with self.db.read() as session:
            return numbers(session, asked, actor=actor, at=at)

    def known(self, as_of: datetime) -> list[slow_report.Known]:
        if as_of not in self._known:
            found = (slow_report.known(process, entries, as_of) for process, entries in self.timelines)
            self._known[as_of] = [case for case in found if case]
        return self._known[as_of]

    def recount(self, question: Question) -> dict[str, Any]:
        return slow_report.report(self.known(question.as_of), question, self.register)


def measure_all(db: Database, at: datetime = NOW) -> int:
    count, found = 0, -1
    while found:
        with db.write() as session:
            found = measures.catch_up(session, at=at, most=2000)
        count += found
    return count


@pytest.fixture(scope="module", params=list(CASES))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told10k]:
    """Measured once for all these tests, which only read."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("numbers") / "fireline.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("cluster").create_database("report_numbers", template="template_fireline")
    db = open_database(url, synchronous="OFF")
    with db.write() as session:
        world = build_world(session)
        there = timelines.ground(session, world)
        made = list(timelines.tell(CASES[request.param], there, seed=20261120))
        timelines.put(session, made)
    assert measure_all(db) == CASES[request.param]
    yield Told10k(db, world, there, made)
    db.dispose()


def assert_same(figures: Any, slow: dict[str, Any], why: Any) -> None:
    """Compare every number of one process."""
    found, counts = figures.cases, slow["counts"]
    for name in ("received", "closed", "overdue", "disputed", "reopened", "reopenings", "fixed", "fixing", "unproven"):
        assert getattr(found, name) == counts[name], (why, name)
    assert dict(found.states) == slow["states"], why
    assert list(found.ratings) == slow["ratings"], why
    assert_lengths(found.lengths, slow["whole"], why)
    for stage in figures.stages:
        expected = slow["stages"].get(stage.stage, {})
        for name in ("started", "in_time", "late", "running", "overdue", "left_in_time", "left_late",
                     "breached_in_period"):  # fmt: skip
            assert getattr(stage, name) == expected.get(name, 0), (why, stage.stage, name)
        assert_lengths(stage.lengths, slow["lengths"].get(stage.stage, []), (why, stage.stage))
    assert set(slow["stages"]) <= {stage.stage for stage in figures.stages}, why


def assert_lengths(found: Any, minutes: list[int], why: Any) -> None:
    assert found.count == len(minutes), why
    assert found.median == slow_report.percentile(minutes, 0.5), why
    assert found.p90 == slow_report.percentile(minutes, 0.9), why


def questions(there: Ground) -> list[Asked]:
    area, wide = there.areas["guanglong-1"], there.areas["guanglong"]
    body = there.organisations[0]
    early, late = datetime(2026, 10, 20, 3, 7, tzinfo=UTC), datetime(2027, 1, 4, 1, tzinfo=UTC)
    return [
        Asked(*ALL),
        Asked(*ALL, as_of=early),
        Asked(*SUMMER, area_id=wide),
        Asked(*AUTUMN, area_id=area, as_of=early),
        Asked(*AUTUMN, organisation_id=body),
        Asked(*ALL, hazard="EVA", as_of=late),
        Asked(*SUMMER, hazard="FAC-07", area_id=wide, organisation_id=body, as_of=late),
        Asked(date(2026, 12, 26), date(2026, 12, 31), as_of=late),
    ]


def test_numbers_are_those_of_a_slow_recount(told: Told10k) -> None:
    for asked in questions(told.there):
        found = told.ask(asked)

        assert found.as_of == asked.as_of or (asked.as_of is None and found.as_of == NOW)
        for figures, before in zip(found.processes, found.before, strict=True):
            question = Question(
                figures.process, asked.from_on, asked.until_on, found.as_of,
                str(asked.area_id) if asked.area_id else None,
                str(asked.organisation_id) if asked.organisation_id else None, asked.hazard,
            )  # fmt: skip
            slow = told.recount(question)
            assert_same(figures, slow, (asked, figures.process))
            earlier = replace(question, from_on=found.before_from_on, until_on=found.before_until_on)
            assert_same(before, told.recount(earlier), (asked, figures.process, "before"))
            assert_parts(told, found, figures.process, slow)


def assert_parts(told: Told10k, found: Numbers, process: str, slow: dict[str, Any]) -> None:
    """Compare the parts, which together are the whole."""
    for slices, expected in ((found.organisations, slow["organisations"]), (found.hazards, slow["hazards"])):
        assert received(slices, process) == {key: count for key, count in expected.items() if count}
    grouped: Counter[tuple[str | None, bool]] = Counter()
    for area, count in slow["areas"].items():
        grouped[area_part(told, found.asked.area_id, area)] += count
    of_areas = Counter({(one.key, one.alone): mine(one, process).cases.received for one in found.areas})
    assert +of_areas == +grouped
    whole = next(one for one in found.processes if one.process == process)
    for slices in (found.areas, found.organisations, found.hazards):
        for name in ("closed", "overdue", "fixed", "fixing", "unproven", "disputed", "reopened", "reopenings"):
            assert sum(getattr(mine(one, process).cases, name) for one in slices) == getattr(whole.cases, name)
        for stage in whole.stages:
            for name in ("started", "in_time", "late", "overdue", "running", "left", "breaches"):
                parts = sum(getattr(mine(one, process).stage(stage.stage), name) for one in slices)
                assert parts == getattr(stage, name)
    points = [point for point in found.series if point.process == process]
    days: Counter[date] = Counter()
    for day, count in slow["days"].items():
        days[{"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[found.unit]] += (
            count
        )
    assert {point.from_on: point.received for point in points} == dict(days)
    assert sum(point.breaches for point in points) == whole.breaches


def mine(one: Any, process: str) -> Any:
    return next(figures for figures in one.processes if figures.process == process)


def received(slices: Any, process: str) -> dict[str | None, int]:
    found = {one.key: mine(one, process).cases.received for one in slices}
    return {key: count for key, count in found.items() if count}


def area_part(told: Told10k, chosen: UUID | None, area: str | None) -> tuple[str | None, bool]:
    """Say in which part an area's cases are counted: below the chosen area, or below the one root."""
    paths = told.register.paths
    top = str(chosen) if chosen else next(key for key, path in paths.items() if path.count("/") == 1)
    if area == top:
        return area, True
    start = paths[top]
    for key, path in paths.items():
        one_below = path.startswith(start) and path[len(start) :].count("/") == 1
        if area is not None and one_below and paths[area].startswith(path):
            return key, False
    return None, False


def test_every_number_leads_to_its_cases(told: Told10k) -> None:
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    for asked in (Asked(*AUTUMN), Asked(*ALL, area_id=told.there.areas["fuxian"], as_of=moment)):
        found = told.ask(asked)
        for figures in found.processes[: 1 if asked.area_id else None]:
            for figure, count in all_figures(figures):
                rows = behind(told, asked, figure)
                assert len(rows) == count, (asked, figure)
                assert len(set(rows)) == count
        for one in (*found.areas, *found.hazards, *found.organisations):
            figures = mine(one, "hazard_report")
            part = {"by": one.by, "key": one.key, "alone": one.alone}
            assert len(behind(told, asked, Figure("hazard_report", "received", **part))) == figures.cases.received
            late = Figure("hazard_report", "late", "verify", **part)
            assert len(behind(told, asked, late)) == figures.stage("verify").late


def all_figures(figures: Any) -> list[tuple[Figure, int]]:
    of_cases = [(Figure(figures.process, name), getattr(figures.cases, name))
                for name in ("received", "open", "closed", "overdue", "fixed", "fixing", "unproven", "disputed",
                             "reopened", "rated")]  # fmt: skip
    of_cases += [(Figure(figures.process, f"state-{state}"), count) for state, count in figures.cases.states]
    of_cases += [(Figure(figures.process, f"rated-{n}"), count) for n, count in enumerate(figures.cases.ratings, 1)]
    of_stages = [
        (Figure(figures.process, name, stage.stage), getattr(stage, name))
        for stage in figures.stages
        for name in ("started", "in_time", "late", "running", "overdue", "left", "left_late", "breaches",
                     "breached_in_period")
    ]  # fmt: skip
    return [(figure, count) for figure, count in of_cases + of_stages if count]


def behind(told: Told10k, asked: Asked, figure: Figure, actor: Actor = EVERYWHERE) -> list[tuple[Any, ...]]:
    """Turn all the pages of what is behind a number, the newest days first."""
    assert Figure.parse(str(figure)) == figure
    rows: list[Any] = []
    cursor: str | None = None
    with told.db.read() as session:
        while True:
            page = drill.cases(session, asked, figure, actor=actor, at=NOW, cursor=cursor, size=150)
            assert len(page.rows) == 150 or page.next_cursor is None
            rows += page.rows
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
    days = [row.opened_at.astimezone(slow_report.CITY).date() for row in rows]
    assert days == sorted(days, reverse=True)
    return [(row.id, row.run, row.started_at) for row in rows]


def test_cases_behind_a_number_are_those_it_counted(told: Told10k) -> None:
    asked = Asked(*ALL, as_of=datetime(2026, 11, 2, tzinfo=UTC))
    known = {case.id: case for case in told.known(asked.as_of)}

    late = behind(told, asked, Figure("hazard_report", "late", "reply"))
    fixed = behind(told, asked, Figure("rectification", "fixed"))

    runs = [(case.id, run.started) for case in known.values() if case.process == "hazard_report"
            for run in case.runs["reply"] if run.outcome(asked.as_of) == "late"]  # fmt: skip
    assert {(str(case_id), started) for case_id, _, started in late} == set(runs)
    assert {str(case_id) for case_id, *_ in fixed} == {
        case.id for case in known.values() if case.process == "rectification" and case.result == "fixed"
    }


def grant(told: Told10k, code: str, role: Role = Role.SUPERVISOR, industry: str | None = None) -> Actor:
    path = told.register.paths[str(told.there.areas[code])]
    return Actor(frozenset({role}), grants=(Grant(role, area_path=path, industry=industry),))


def test_nobody_counts_more_than_their_list_of_cases_shows(told: Told10k) -> None:
    venue = told.world.venues["kuancheng"]
    owner = replace(EVERYWHERE, venue_ids=frozenset({venue}))
    at_a_venue = Actor(frozenset({Role.OWNER}), grants=(Grant(Role.OWNER, venue_id=venue),))
    nowhere = Actor(frozenset({Role.WARDEN}), grants=(Grant(Role.WARDEN),))
    asked = Asked(date(2026, 6, 1), date(2027, 1, 15))

    for actor in (EVERYWHERE, owner, grant(told, "guanglong"), grant(told, "lanshan"), grant(told, "fuxian-1"),
                  grant(told, "guanglong", industry="commerce"), at_a_venue, nowhere):  # fmt: skip
        found = told.ask(asked, actor)
        with told.db.read() as session:
            shown = Counter(session.execute(select(Case.process).where(access.visible(actor))).scalars())

        able = actor.plays(*access.RIGHTS[access.Right.SEE_REPORTS])
        for figures in found.processes:
            assert figures.cases.received == (shown[figures.process] if able else 0), actor
            assert len(behind(told, asked, Figure(figures.process, "received"), actor)) == figures.cases.received
            assert (
                len(behind(told, asked, Figure("rectification", "breached_in_period", "correct"), actor))
                == next(one for one in found.processes if one.process == "rectification")
                .stage("correct")
                .breached_in_period
            )


def test_people_are_told_apart_to_those_who_lead_them_only(told: Told10k) -> None:
    asked = Asked(*ALL)
    led = {str(person) for person, code in zip(told.there.people, ("guanglong-1", "guanglong-2"), strict=False)}

    supervisor = told.ask(asked, grant(told, "guanglong"))
    auditor = told.ask(asked, grant(told, "guanglong", Role.AUDITOR))

    assert {one.key for one in supervisor.people} == led
    assert auditor.people == ()
    assert behind(told, asked, Figure("hazard_report", "received", by="person", key=min(led)),
                  grant(told, "guanglong", Role.AUDITOR)) == []  # fmt: skip


def test_numbers_survive_being_kept(told: Told10k) -> None:
    found = told.ask(Asked(*AUTUMN, area_id=told.there.areas["guanglong"], hazard="EVA"))

    assert Numbers.of(json.loads(json.dumps(found.as_data()))) == found


def test_no_data_is_not_zero_per_cent(told: Told10k) -> None:
    found = told.ask(Asked(date(2020, 1, 1), date(2020, 1, 31)))

    assert found.is_empty
    assert found.processes[0].stage("verify").in_time_share.percent is None
    assert found.processes[0].cases.satisfaction is None
    assert (found.areas, found.series) == ((), ())


def test_question_that_makes_no_report_is_refused_by_field(told: Told10k) -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    wrong = {
        "until": [{"from": "2026-11-10", "until": "2026-11-09"}, {"from": "2026-11-01", "until": "2026-11-21"},
                  {"until": "morgen"}],
        "from": [{"from": "1926-11-20", "until": "2026-11-20"}, {"from": "2016-11-20", "until": "2026-11-20"}],
        "as_of": [{"as_of": "2026-11-20T12:00:00+08:00"}, {"as_of": "9999-12-31"}],
        "process": [{"process": "inquiry"}],
        "hazard": [{"hazard": "XYZ"}],
    }  # fmt: skip
    with told.db.read() as session:
        for name, questions_ in wrong.items():
            for fields in questions_:
                with pytest.raises(AskedWrongly) as refused:
                    read(session, fields, actor=EVERYWHERE, at=at)
                assert [one.field for one in refused.value.refusals] == [name], fields
        for fields in ({"area": "nowhere"}, {"area": "fuxian"}, {"organisation": "nobody"}):
            with pytest.raises(access.OutOfReach):
                read(session, fields, actor=grant(told, "guanglong"), at=at)
        asked = read(session, {"area": "guanglong-1", "hazard": "eva"}, actor=grant(told, "guanglong"), at=at)
        of_today = read(session, {"as_of": "2026-11-20"}, actor=EVERYWHERE, at=at)
        of_monday = read(session, {"as_of": "2026-11-16"}, actor=EVERYWHERE, at=at)
        longest = read(session, {"from": "2016-11-21", "until": "2026-11-20"}, actor=EVERYWHERE, at=at)

    assert asked == Asked(date(2026, 11, 1), date(2026, 11, 20), None, told.there.areas["guanglong-1"], None, "EVA")
    assert longest.days == 3652
    assert (of_today.as_of, of_monday.as_of) == (None, datetime(2026, 11, 16, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    ("begins", "ends", "before"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), date(2026, 12, 31), (date(2025, 1, 1), date(2025, 12, 31))),
        (date(2026, 1, 1), date(2026, 3, 31), (date(2025, 10, 1), date(2025, 12, 31))),
        (date(2026, 3, 1), date(2026, 3, 30), (date(2026, 1, 30), date(2026, 2, 28))),
        (date(2026, 3, 2), date(2026, 3, 2), (date(2026, 3, 1), date(2026, 3, 1))),
    ],
)
def test_period_before(begins: date, ends: date, before: tuple[date, date]) -> None:
    asked = Asked(begins, ends).before()

    assert (asked.from_on, asked.until_on) == before


@pytest.mark.parametrize("text", ["hazard_report", "hazard_report.wrong", "inquiry.received", "hazard_report.close.x",
                                  "hazard_report.nothing.late", "hazard_report.rated-6", "hazard_report.state-gone",
                                  "hazard_report.received@venue:1", "x" * 500])  # fmt: skip
def test_number_there_is_none_of_is_unknown(text: str) -> None:
    with pytest.raises(UnknownFigure):
        Figure.parse(text)


def test_cursor_of_another_list_is_refused(told: Told10k) -> None:
    with told.db.read() as session, pytest.raises(BadCursor):
        drill.cases(session, Asked(*ALL), Figure("hazard_report", "received"), actor=EVERYWHERE, at=NOW, cursor="x-y-z")
