"""Clocks that fall due among 200,000 open ones: finding and claiming them, and the board that lists them.

Beside ours in the same run: the same update as one statement of plain psycopg, prepared, on the same tables.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

import domain.companions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import schema, sweep
from domain.database import Database, open_database
from domain.queries import board
from domain.queries.board import Column, Wanted
from tests.cluster import Cluster
from tests.world import World, build_world

OPEN = 200_000
DUE = 2_000
"""So many of them have come due when the first claim looks."""
MOST = 200
"""Clocks a worker claims at once."""
ROUNDS = 40
LIMIT_MS = 200
PROCESS = "hazard_report"
LEASE = timedelta(minutes=1)

CASES = """
INSERT INTO cases (id, number, process, state, version, chain_head, opened_at, changed_at, due_at, channel, facts,
  clocks, hazard_code, area_id, assignee_id)
SELECT gen_random_uuid(), 'JB-2026-' || lpad(n::text, 7, '0'), 'hazard_report', 'assigned', 1, '\\x00',
  :at, :at, :at + make_interval(secs => n), 'web', '{}', '{}', 'FAC-07', :area, :warden
FROM generate_series(1, :number) AS n
"""
CLOCKS = """
INSERT INTO clock (case_id, name, process, started_at, due_at, provisional, level, next_at)
SELECT id, 'verify', process, opened_at - interval '3 days', due_at, false,
  CASE WHEN due_at < :at + interval '6 hours' THEN 1 ELSE 0 END,
  CASE WHEN due_at <= :at + make_interval(secs => :due) THEN :at ELSE due_at END
FROM cases
"""
PLAIN = """
WITH due AS MATERIALIZED (SELECT case_id, name FROM clock WHERE process = %s AND next_at <= %s
  AND (leased_until IS NULL OR leased_until <= %s) ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE clock SET leased_by = %s, leased_until = %s FROM due
WHERE clock.case_id = due.case_id AND clock.name = due.name RETURNING clock.case_id, clock.name, clock.next_at
"""


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure on PostgreSQL and yield the rows."""
    del folder
    url = cluster.create_database("sweep")
    database = open_database(url)
    schema.upgrade(database)
    at = datetime.now(UTC)
    with database.write() as session:
        world = build_world(session)
    _fill(database, world, at)
    yield from _claims(database, url, at, "few due")
    with database.write() as session:  # a worker comes back after a long absence
        session.execute(text("UPDATE clock SET next_at = :at, leased_by = NULL, leased_until = NULL"), {"at": at})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE clock"))
    yield from _claims(database, url, at, "all due")
    yield from _board(database, world, at)
    database.dispose()


def _fill(database: Database, world: World, at: datetime) -> None:
    with database.write() as session:
        given = {"at": at, "number": OPEN, "area": world.areas["guanglong"], "warden": world.people["warden"]}
        session.execute(text(CASES), given)
        session.execute(text(CLOCKS), {"at": at, "due": DUE})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _claims(database: Database, url: str, at: datetime, what: str) -> Iterator[dict[str, Any]]:
    """Let ours and plain psycopg claim by turns, each its own clocks, and yield one row."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    ours, plain = [], []
    with psycopg.connect(address) as connection:
        for turn in range(ROUNDS):
            moment = at + turn * 3 * LEASE  # what was claimed before is free again, as after a crash
            ours.append(_timed(lambda moment=moment: _claim(database, moment)))
            plain.append(_timed(lambda moment=moment: _claim_plainly(connection, moment + 1.5 * LEASE)))
    beside = statistics.median(plain)
    mine = statistics.median(ours)
    yield {
        "what": f"find and claim {MOST} due clocks of {OPEN:,} open, {what}, p95 ms",
        "ours": round(sorted(ours)[int(ROUNDS * 0.95)], 1),
        "p50 ms": round(mine, 1),
        "plain psycopg p50 ms": round(beside, 1),
        "ratio": round(mine / beside, 2),
        "to reach": f"≤ {LIMIT_MS} ms",
    }


def _claim(database: Database, at: datetime) -> int:
    with database.read() as session:
        if not sweep.due(session, PROCESS, at=at):
            return 0
    with database.write() as session:
        return len(sweep.claim(session, PROCESS, worker="bench", at=at, lease=LEASE, most=MOST))


def _claim_plainly(connection: psycopg.Connection[Any], at: datetime) -> int:
    found = connection.execute(PLAIN, (PROCESS, at, at, MOST, "plain", at + LEASE), prepare=True).fetchall()
    connection.commit()
    return len(found)


def _board(database: Database, world: World, at: datetime) -> Iterator[dict[str, Any]]:
    with database.read() as session:
        actor = world.actor(session, "supervisor")

        def whole() -> int:
            counts = board.counts(session, actor, Wanted(area="chengyang"), at=at + timedelta(hours=1))
            for column in Column:
                board.page(session, actor, column, Wanted(area="chengyang"), at=at + timedelta(hours=1))
            return sum(counts.values())

        times = [_timed(whole) for _ in range(ROUNDS)]
    yield {
        "what": f"board of deadlines, four columns and counts, {OPEN:,} open, p95 ms",
        "ours": round(sorted(times)[int(ROUNDS * 0.95)], 1),
        "p50 ms": round(statistics.median(times), 1),
        "to reach": f"≤ {LIMIT_MS} ms",
    }


def _timed(work: Callable[[], int]) -> float:
    """Return the milliseconds of one piece of work, which has to find something."""
    started = time.perf_counter()
    found = work()
    length = time.perf_counter() - started
    if not found:
        msg = "there was nothing to find"
        raise RuntimeError(msg)
    return length * 1000
