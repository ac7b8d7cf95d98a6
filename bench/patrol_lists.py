"""Today's patrols with years of them behind, over HTTP: the list, a delivery of 400 answers; and what others look at.

`FIRELINE_BENCH_TASKS`: so many past tasks instead of twenty million.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from bench import patrol_history, patrol_planning, web
from bench.load import free_port
from bench.patrol_history import FEW, OTHERS, POINTS
from bench.servers import part, settings
from domain import people, schema
from domain.database import Database, open_database
from domain.models import Person
from domain.patrols import today
from tests.cluster import Cluster

TASKS = int(os.environ.get("FIRELINE_BENCH_TASKS", "20000000"))
ASKED = 200
LIST_MS, SYNC_SECONDS, GROWTH = 150, 5, 1.2
PAGES = {"queue": "/cases?view=open", "board": "/board"}


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Fill, measure with few tasks behind and with all, and yield the rows."""
    url = cluster.create_database("patrol_lists")
    database = open_database(url)
    schema.upgrade(database)
    at = datetime.now(UTC)
    day = people.local_day(at)
    started = time.perf_counter()
    register = patrol_history.city(database, at=at)
    planned = patrol_planning.plan_city(database, day, at - timedelta(hours=16))
    few = patrol_history.past(database, today=day, tasks=FEW, is_sample=True)
    there = _There(database)
    port = free_port()
    with part(["api", "--port", str(port)], settings(folder, url, port=port, exchange_port=free_port()),
              ready=f"http://127.0.0.1:{port}/login"):  # fmt: skip
        before = there.measured(port, at)
    prepared = time.perf_counter() - started
    started = time.perf_counter()
    many = few + patrol_history.past(database, today=day, tasks=TASKS - few, is_sample=False)
    yield {"what": f"fill {many:,} past patrols, s", "ours": round(time.perf_counter() - started),
           "city and today's, s": round(prepared), "planned today": planned.tasks, "to reach": "–"}  # fmt: skip
    with part(["api", "--port", str(port)], settings(folder, url, port=port, exchange_port=free_port()),
              ready=f"http://127.0.0.1:{port}/login"):  # fmt: skip
        after = there.measured(port, at)
        for what in after:
            row = _row(what, before[what], after[what], few, many)
            yield {**row, "tasks listed": round(there.listed[what], 1)} if what in there.listed else row
        yield _synced(there, port, register.largest, url)
    database.dispose()


class _There:
    """Who is asked for, signed in at the web part."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.listed: dict[str, float] = {}
        """What → how many tasks it has, on average."""
        with database.read() as session:
            self.owners, self.wardens = patrol_history.sample_people(session)
        self.handler = web.colleague(database, "handler")

    def measured(self, port: int, at: datetime) -> dict[str, list[float]]:
        """Return what → milliseconds of each time it was asked for."""
        found: dict[str, list[float]] = {}
        for who, some in (("an owner's", self.owners), ("a warden's", self.wardens)):
            listed = some[:20]
            cookies = [web.signed_in(self.database, person) for person in listed]
            asked = itertools.cycle(cookies)
            found[f"{who} list of today, over HTTP"] = _times(
                lambda asked=asked: web.ask(port, "/patrol/work", next(asked))
            )  # fmt: skip
            persons = self._actors(listed, at)
            actors = itertools.cycle(persons)
            with self.database.read() as session:
                lengths = [len(today.work_of(session, actor, at=at)["tasks"]) for actor in persons]
                self.listed[f"{who} list of today, over HTTP"] = statistics.mean(lengths)
                found[f"{who} list of today, work_of"] = _times(
                    lambda session=session, actors=actors: today.work_of(session, next(actors), at=at)
                )
        handler = web.signed_in(self.database, self.handler)
        for what, path in PAGES.items():
            found[f"the {what} of {OTHERS:,} other open cases beside, over HTTP"] = _times(
                lambda path=path: web.ask(port, path, handler)
            )
        return found

    def _actors(self, persons: Sequence[UUID], at: datetime) -> list[Any]:
        with self.database.read() as session:
            return [people.actor_of(session, session.get_one(Person, one), at=at) for one in persons]


def _row(what: str, before: list[float], after: list[float], few: int, many: int) -> dict[str, Any]:
    growth = statistics.median(after) / statistics.median(before)
    limit = f"p95 ≤ {LIST_MS}, " if "list" in what else ""
    return {
        "what": f"{what}, {many:,} past patrols, p95 ms", "ours": round(_p95(after), 1),
        "p50 ms": round(statistics.median(after), 1), f"with {few:,}: p95": round(_p95(before), 1),
        "p50": round(statistics.median(before), 1), "ratio": round(growth, 2),
        "to reach": f"{limit}growth of p50 ≤ {GROWTH}",
    }  # fmt: skip


def _synced(there: _There, port: int, venue: str, url: str) -> dict[str, Any]:
    """Deliver tasks of four hundred points over HTTP, and put the same rows into the tables without anything else."""
    with there.database.read() as session:
        owner = session.execute(text("SELECT owner_id FROM venue WHERE code = :code"), {"code": venue}).scalar_one()
    cookie = web.signed_in(there.database, owner)
    work = json.loads(web.ask(port, "/patrol/work", cookie))
    headers = {**cookie, "x-csrf": work["csrf"], "content-type": "application/json"}
    tasks = [task for task in work["tasks"] if len(task["points"]) == POINTS and task["state"] != "missed"]
    ours, tables = [], ("patrol_check_in", "patrol_answer")
    for task in tasks:
        body = json.dumps(_delivery(task, work["person"]["id"])).encode()
        started = time.perf_counter()
        said = json.loads(web.ask(port, "/patrol/sync", headers, method="POST", body=body))
        ours.append(time.perf_counter() - started)
        if len(said["accepted"]) != 2 * POINTS or said["refused"]:
            msg = f"a delivery was answered {said['state']}, refused {said['refused'][:2]}"
            raise RuntimeError(msg)
    with there.database.read() as session:
        kept = {table: _columns(session, table, tasks[0]["id"]) for table in tables}
    bare = [_bare(url, kept) for _ in tasks]
    return {
        "what": f"take in {POINTS} answers and check-ins of one delivery, over HTTP, slowest, s",
        "ours": round(max(ours), 2), "median s": round(statistics.median(ours), 2),
        "bare insert of the same rows, s": round(statistics.median(bare), 3),
        "ratio": round(statistics.median(ours) / statistics.median(bare), 1), "to reach": f"≤ {SYNC_SECONDS} s",
    }  # fmt: skip


def _delivery(task: dict[str, Any], person: str) -> dict[str, Any]:
    begins = max(datetime.fromisoformat(task["starts_at"]), _now() - timedelta(hours=2))
    moments = [(begins + number * timedelta(seconds=10)).isoformat() for number in range(POINTS)]
    seqs = itertools.count(1)
    check_ins = [
        {"id": str(uuid4()), "seq": next(seqs), "round": 1, "point": point["seq"], "code": point["code"],
         "how": "camera", "claimed_at": moment, "lat": 24.5, "lon": 129.5, "accuracy_m": 8.0}
        for point, moment in zip(task["points"], moments, strict=True)
    ]  # fmt: skip
    answers = [
        {"id": str(uuid4()), "seq": next(seqs), "round": 1, "point": point["seq"], "item": "B01",
         "version": task["version"], "value": {"choice": "pass"}, "comment": "", "photos": [], "claimed_at": moment}
        for point, moment in zip(task["points"], moments, strict=True)
    ]  # fmt: skip
    now = _now().isoformat()
    return {"batch": str(uuid4()), "device": str(uuid4()), "person": person, "task": task["id"], "sent_at": now,
            "clock": {"offset_ms": 0, "contact_at": None}, "check_ins": check_ins, "answers": answers,
            "done": None}  # fmt: skip


def _columns(session: Session, table: str, case_id: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    found = session.execute(text(f"SELECT * FROM {table} WHERE case_id = :id"), {"id": case_id})
    return list(found.keys()), [tuple(row) for row in found]


def _bare(url: str, kept: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> float:
    """Insert the same rows under other ids, and take them back after they were timed."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        started = time.perf_counter()
        for table, (names, rows) in kept.items():
            places = ", ".join(["%s"] * len(names))
            fresh = [tuple(_fresh(name, value) for name, value in zip(names, row, strict=True)) for row in rows]
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
            with connection.cursor() as cursor:
                cursor.executemany(statement, fresh)  # type: ignore[arg-type]
        spent = time.perf_counter() - started
        connection.rollback()
        return spent


def _fresh(name: str, value: Any) -> Any:
    if name == "id":
        return uuid4()
    return json.dumps(value) if isinstance(value, dict | list) else value


def _times(work: Callable[[], Any]) -> list[float]:
    for _ in range(10):  # whoever is asked first makes ready what the others find
        work()
    found = []
    for _ in range(ASKED):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1000)
    return found


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _now() -> datetime:
    return datetime.now(UTC)
