"""The SLA report over a million cases: its numbers, what is behind them, the past, and the same counted by DuckDB.

The anchor has the same rows in its own columns and answers the same questions, in memory, in this process.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
from sqlmodel import Session

from bench import reports_data, web
from bench.load import free_port
from bench.register_data import Register
from bench.reports_data import CASES, NOW
from bench.servers import part, settings
from documents import editions
from domain import measures, schema
from domain.actors import Actor, Grant, Role
from domain.database import Database, open_database
from domain.identifiers import new_id
from domain.reporting import drill
from domain.reporting.asked import Asked
from domain.reporting.drill import Figure
from domain.reporting.editions import Format, Wish
from domain.reporting.figures import Numbers
from domain.reporting.numbers import numbers
from domain.reporting.periods import Kind
from domain.reporting.reach import EVERYTHING
from domain.settings import get_settings
from tests import timelines
from tests.cluster import Cluster
from tests.world import build_world

ASKED = 15
PUT_ON_PAPER = 5
DRILLED = 8
PAGE_MS, DRILL_MS = 1000, 200
ALL_TIME = Asked(date(2023, 11, 20), NOW.date())
CHANCE = random.Random(11)
EVERYWHERE = Actor(frozenset({Role.LEADER}), grants=(Grant(Role.LEADER),))


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Fill a database, measure, and yield the rows."""
    database = open_database(cluster.create_database("reports"))
    schema.upgrade(database)
    started = time.perf_counter()
    register = reports_data.build(database)
    yield {"what": f"fill {CASES:,} measured cases and 65,000 venues, s",
           "ours": round(time.perf_counter() - started), "to reach": "–"}  # fmt: skip
    with database.read() as session:
        yield from _reports(session, register)
        yield from _drilled(session)
        yield from _on_paper(session)
    yield from _whole_page(database, folder)
    yield from _anchored(database, folder)
    database.dispose()
    yield from _measuring(cluster)


def _reports(session: Session, register: Register) -> Iterator[dict[str, Any]]:
    district = register.areas["district"][0]
    supervisor = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR, area_path=district[2]),))
    grid = register.areas["grid"][17][0]
    past = NOW - timedelta(days=400)
    yield _row("a month", session, _month)
    yield _row("all time", session, lambda: ALL_TIME)
    yield _row("all time, one grid", session, lambda: Asked(ALL_TIME.from_on, ALL_TIME.until_on, area_id=grid))
    yield _row("all time, a district's supervisor", session, lambda: ALL_TIME, supervisor)
    yield _row("a month as of its end", session, _month_then, to_reach="–")
    then = Asked(ALL_TIME.from_on, past.date(), as_of=past)
    yield _row("all time as of 400 days ago", session, lambda: then, times=5, to_reach="–")


def _whole_page(database: Database, folder: Path) -> Iterator[dict[str, Any]]:
    """Open the page as a leader does: everything from the request to the last byte of the HTML."""
    leader = web.signed_in(database, web.colleague(database, "leader"))
    url = database.engine.url.render_as_string(hide_password=False)
    port = free_port()
    environment = settings(folder, url, port=port, exchange_port=free_port())
    with part(["api", "--port", str(port)], environment, ready=f"http://127.0.0.1:{port}/login"):
        for what, question in (("a month", _month), ("all time", lambda: ALL_TIME)):
            spent: list[float] = []
            sizes: list[int] = []
            for _ in range(ASKED + 2):
                asked = question()
                days = urlencode({"from": asked.from_on.isoformat(), "until": asked.until_on.isoformat()})
                spent.append(
                    _ms(lambda days=days, sizes=sizes: sizes.append(len(web.ask(port, f"/reports/sla?{days}", leader))))
                )
            yield {**_spent(f"the SLA page whole, over HTTP (names, charts, HTML), {what}, p95 ms", spent[2:],
                            f"p95 ≤ {PAGE_MS}"), "bytes": sizes[-1]}  # fmt: skip


def _on_paper(session: Session) -> Iterator[dict[str, Any]]:
    """Count a month and put it on paper: what somebody waits for who asked for a PDF, and for the workbook."""

    def put(form: Format) -> float:
        wish = Wish(Kind.ASKED, _month(), EVERYTHING, "zh_CN")
        started = time.perf_counter()
        content = editions.counted(session, wish, edition_id=new_id(), as_of=NOW, settings=get_settings())
        editions.written(session, content, EVERYTHING, form)
        return time.perf_counter() - started

    put("pdf")  # WeasyPrint and the fonts are loaded once
    for form, to_reach in (("pdf", "≤ 5"), ("xlsx", "–")):
        spent = [put(form) for _ in range(PUT_ON_PAPER)]  # type: ignore[arg-type]
        yield {"what": f"a month's report as {form.upper()}, counted and written, slowest, s",
               "ours": round(max(spent), 2), "to reach": to_reach}  # fmt: skip


def _month() -> Asked:
    begins = date(2024 + CHANCE.randrange(2), CHANCE.randrange(1, 13), 1)
    return Asked(begins, (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _month_then() -> Asked:
    month = _month()
    return Asked(month.from_on, month.until_on, as_of=month.ends_at)


def _row(
    what: str, session: Session, question: Callable[[], Asked], actor: Actor = EVERYWHERE, *,
    times: int = ASKED, to_reach: str = f"p95 ≤ {PAGE_MS}",
) -> dict[str, Any]:  # fmt: skip
    begun = time.process_time()
    spent = [_ms(lambda: numbers(session, question(), actor=actor, at=NOW)) for _ in range(times)]
    own = (time.process_time() - begun) * 1000 / times
    return {**_spent(f"numbers of an SLA page, {what}, p95 ms", spent, to_reach), "own CPU ms": round(own, 1)}


def _spent(what: str, spent: list[float], to_reach: str) -> dict[str, Any]:
    return {"what": what, "ours": round(sorted(spent)[int(len(spent) * 0.95)], 1),
            "p50 ms": round(statistics.median(spent), 1), "to reach": to_reach}  # fmt: skip


def _ms(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _drilled(session: Session) -> Iterator[dict[str, Any]]:
    figures = {
        "late checks": Figure("hazard_report", "late", "verify"),
        "one star": Figure("hazard_report", "rated-1"),
        "a few in a million": Figure("hazard_report", "state-rejected", by="hazard", key="LIC"),
        "breaches by when they happened": Figure("rectification", "breached_in_period", "correct"),
    }
    for what, figure in figures.items():
        for period, asked in (("a month", _month()), ("all time", ALL_TIME)):
            spent = [
                _ms(lambda: drill.cases(session, asked, figure, actor=EVERYWHERE, at=NOW))  # noqa: B023 - called at once
                for _ in range(DRILLED)
            ]
            yield _spent(f"behind a number: {what}, {period}, p95 ms", spent, f"≤ {DRILL_MS}")
    asked, cursor = ALL_TIME, None
    for _ in range(10):
        cursor = drill.cases(session, asked, figures["one star"], actor=EVERYWHERE, at=NOW, cursor=cursor).next_cursor
    spent = [
        _ms(lambda: drill.cases(session, asked, figures["one star"], actor=EVERYWHERE, at=NOW, cursor=cursor))
        for _ in range(DRILLED)
    ]
    yield _spent("behind a number: the eleventh page, all time, p95 ms", spent, f"≤ {DRILL_MS}")


def _anchored(database: Database, folder: Path) -> Iterator[dict[str, Any]]:
    """Count the same in DuckDB, see that it comes to the same, and compare the times."""
    there = duckdb.connect()
    there.execute("SET TimeZone = 'UTC'")
    for table in ("case_measure", "stage_measure", "area"):
        path = folder / f"{table}.csv"
        _export(database, table, path)
        there.execute(f"CREATE TABLE {table} AS FROM read_csv('{path}', header = true, nullstr = '')")
    with database.read() as session:
        for what, asked in (("a month", _month()), ("all time", ALL_TIME)):
            found: list[Numbers] = []
            beside: list[dict[str, Any]] = []
            pairs = [
                (_ms(lambda: found.append(numbers(session, asked, actor=EVERYWHERE, at=NOW))),  # noqa: B023
                 _ms(lambda: beside.append(_by_duckdb(there, asked))))  # noqa: B023
                for _ in range(7)
            ]  # fmt: skip
            _assert_same(found[0], beside[0])
            yield {
                "what": f"the same numbers, {what}, p50 ms", "ours": round(statistics.median(p[0] for p in pairs), 1),
                "duckdb": round(statistics.median(p[1] for p in pairs), 1),
                "ratio": round(statistics.median(ours / theirs for ours, theirs in pairs), 2), "to reach": "ratio ≤ 2",
            }  # fmt: skip


def _export(database: Database, table: str, path: Path) -> None:
    connection: Any = database.engine.raw_connection()
    columns = "id, path, parent_id" if table == "area" else "*"
    try:
        query = f"COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT csv, HEADER)"
        with connection.cursor() as cursor, path.open("wb") as file, cursor.copy(query) as copy:
            for data in copy:
                file.write(data)
    finally:
        connection.close()


_CASES_SQL = """SELECT {by} AS k, process, count(*) AS received, count(ended_at) AS closed,
    count(*) FILTER (WHERE due_at < ?) AS overdue, count(*) FILTER (WHERE result = 'fixed') AS fixed,
    count(*) FILTER (WHERE result = 'fixing') AS fixing, count(*) FILTER (WHERE result = 'unproven') AS unproven,
    count(*) FILTER (WHERE disputed) AS disputed, count(*) FILTER (WHERE reopened > 0) AS reopened,
    sum(reopened) AS reopenings, count(rating) AS rated, sum(rating) AS stars
    FROM case_measure WHERE opened_on BETWEEN ? AND ? GROUP BY ALL"""
_STAGES_SQL = """SELECT {by} AS k, s.process, stage, count(*) AS started,
    count(*) FILTER (WHERE fulfilled AND stopped_at <= s.due_at) AS in_time,
    count(*) FILTER (WHERE fulfilled AND stopped_at > s.due_at) AS late,
    count(*) FILTER (WHERE stopped_at IS NULL AND s.due_at >= ?) AS running,
    count(*) FILTER (WHERE stopped_at IS NULL AND s.due_at < ?) AS overdue,
    count(*) FILTER (WHERE NOT fulfilled AND stopped_at < s.due_at) AS left_in_time,
    count(*) FILTER (WHERE NOT fulfilled AND stopped_at >= s.due_at) AS left_late
    FROM stage_measure s JOIN case_measure c USING (case_id) WHERE opened_on BETWEEN ? AND ? GROUP BY ALL"""
_LENGTHS_SQL = """SELECT s.process, stage, quantile_disc(minutes, [0.5, 0.9]) FROM stage_measure s
    JOIN case_measure c USING (case_id) WHERE opened_on BETWEEN ? AND ? AND fulfilled GROUP BY ALL"""
_DISTRICT = "(SELECT min(a.path[1:5]) FROM area a WHERE a.id = area_id)"
_PARTS = ("NULL", "area_id", "organisation_id", "split_part(hazard_code, '-', 1)", "assignee_id",
          "date_trunc('month', opened_on)")  # fmt: skip


def _by_duckdb(there: duckdb.DuckDBPyConnection, asked: Asked) -> dict[str, Any]:
    """Count the whole, its parts, the period before and the lengths."""
    found: dict[str, Any] = {}
    for one, parts in ((asked, _PARTS), (asked.before(), _PARTS[:1])):
        days = [one.from_on, one.until_on]
        key = "now" if one is asked else "before"
        for by in parts:
            found[f"{key} cases {by}"] = there.execute(_CASES_SQL.format(by=by), [NOW, *days]).fetchall()
            found[f"{key} stages {by}"] = there.execute(_STAGES_SQL.format(by=by), [NOW, NOW, *days]).fetchall()
        found[f"{key} lengths"] = there.execute(_LENGTHS_SQL, days).fetchall()
    return found


def _assert_same(ours: Numbers, theirs: dict[str, Any]) -> None:
    by_process = {row[1]: row[2:] for row in theirs["now cases NULL"]}
    by_stage = {(row[1], row[2]): row[3:] for row in theirs["now stages NULL"]}
    lengths = {(row[0], row[1]): tuple(row[2]) for row in theirs["now lengths"]}
    for figures in ours.processes:
        found = figures.cases
        stars = sum(stars * count for stars, count in enumerate(found.ratings, 1))
        assert by_process[figures.process] == (
            found.received, found.closed, found.overdue, found.fixed, found.fixing, found.unproven, found.disputed,
            found.reopened, found.reopenings, found.rated, stars or None,
        ), figures.process  # fmt: skip
        for stage in figures.stages:
            if stage.started:
                key = (figures.process, stage.stage)
                assert by_stage[key] == (stage.started, stage.in_time, stage.late, stage.running, stage.overdue,
                                         stage.left_in_time, stage.left_late), key  # fmt: skip
                assert lengths[key] == (stage.lengths.median, stage.lengths.p90), key


def _measuring(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Measure what the worker measures: timelines of all processes, with everything written."""
    database = open_database(cluster.create_database("measuring"))
    schema.upgrade(database)
    with database.write() as session:
        told = list(timelines.tell(2000, timelines.ground(session, build_world(session)), seed=1))
        timelines.put(session, told)
    at, count = datetime(2027, 9, 1, tzinfo=UTC), 0
    started = time.perf_counter()
    while count < len(told):
        with database.write() as session:
            count += measures.catch_up(session, at=at)
    yield {"what": "cases measured per second", "ours": round(count / (time.perf_counter() - started)),
           "to reach": "–"}  # fmt: skip
    database.dispose()
