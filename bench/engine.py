"""Transitions per second: the engine beside plain SQLAlchemy Core's four statements and beside pgbench.

A transition here plans, validates its form, hashes, promises and sets clocks; the anchor locks, updates, logs and
promises. Both do it on the same tables and commit each time with fsync.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, event, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

import domain.companions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import cases, reports, schema
from domain.actors import Actor, Role
from domain.database import Database, open_database
from domain.identifiers import new_id
from domain.models import Case, Outbox, TimelineEntry
from domain.reports import Intake
from tests.cluster import Cluster
from tests.world import build_world

CASES_PER_WORKER = 40
SECONDS = 2.0
ROUNDS = 3

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_LOG: Any = TimelineEntry.__table__  # type: ignore[attr-defined]
_OUTBOX: Any = Outbox.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Ground:
    """A prepared database: its address, the cases of each worker, who acts."""

    url: str
    cases: list[list[UUID]]
    handler: UUID
    warden: UUID


def prepare(url: str, workers: int) -> Ground:
    """Open the cases every worker will move, each in the state `assigned`."""
    database = open_database(url)
    schema.upgrade(database)
    at = datetime.now(UTC)
    piles: list[list[UUID]] = []
    with database.write() as session:
        world = build_world(session)
        handler, warden = world.actor(session, "handler"), world.actor(session, "warden")
        for _ in range(workers):
            pile = []
            for _ in range(CASES_PER_WORKER):
                intake = Intake(place="岚山路 1 号", hazard="equipment", description="楼道烟感不亮")
                case = reports.open_report(session, intake, actor=Actor(frozenset({Role.REPORTER})), at=at).case
                cases.fire(session, case, "accept", actor=handler, at=at, data={"hazard_code": "FAC-07"})
                cases.fire(session, case, "assign", actor=handler, at=at, data={"assignee": world.people["warden"]})
                pile.append(case.id)
            piles.append(pile)
    database.dispose()
    return Ground(url, piles, handler.person_id or new_id(), warden.person_id or new_id())


FINDING = {
    "outcome": "substantiated",
    "description": "现场核查 12 只烟感不亮",
    "hazards": ["FAC-07"],
    "no_photo_reason": "测试",
}


def ours(ground: Ground, worker: int, stop: Callable[[], bool]) -> int:
    """Move this worker's cases round a cycle of three transitions until told to stop; return how many were made."""
    database = open_database(ground.url)
    handler = Actor(frozenset({Role.HANDLER}), person_id=ground.handler, name="赵受理")
    warden = Actor(frozenset({Role.WARDEN}), person_id=ground.warden, name="李庚")
    cycle = {
        "assigned": ("start_check", warden, {"no_code_reason": "无码"}),
        "checking": ("record_finding", warden, FINDING),
        "checked": ("send_back", handler, {"missing": "请补充楼层照片"}),
    }
    done = 0
    pile = ground.cases[worker]
    while not stop():
        with database.write() as session:
            case = cases.by_id(session, pile[done % len(pile)])
            name, actor, data = cycle[case.state]
            cases.fire(session, case, name, actor=actor, at=datetime.now(UTC), data=data)
        done += 1
    database.dispose()
    return done


def _plain_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    engine = create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False, "timeout": 30.0})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def core(ground: Ground, worker: int, stop: Callable[[], bool]) -> int:
    """Do lock, update, log, outbox with SQLAlchemy Core and nothing else; return how many were made."""
    engine = _plain_engine(ground.url)
    done = 0
    pile = ground.cases[worker]
    head = bytes(32)
    while not stop():
        case_id, at = pile[done % len(pile)], datetime.now(UTC)
        with engine.begin() as connection:
            lock = select(_CASES).where(_CASES.c.id == case_id).with_for_update()
            row = connection.execute(lock).one()
            seq = row.version + 1
            connection.execute(
                update(_CASES)
                .where(_CASES.c.id == case_id)
                .values(state="assigned", version=seq, changed_at=at, facts=row.facts, clocks=row.clocks)
            )
            entry = {
                "case_id": case_id,
                "seq": seq,
                "transition": "anchor",
                "source": row.state,
                "target": "assigned",
                "actor_id": ground.warden,
                "actor_role": "warden",
                "actor_name": "李庚",
                "at": at,
                "data": FINDING,
                "hash": head,
            }
            connection.execute(insert(_LOG), entry)
            promise = {
                "id": new_id(),
                "key": f"{case_id}:{seq}:anchor",
                "case_id": case_id,
                "seq": seq,
                "process": "hazard_report",
                "effect": "anchor",
                "created_at": at,
                "due_at": at,
                "state": "pending",
                "attempts": 0,
                "outcome": {},
            }
            connection.execute(insert(_OUTBOX), promise)
        done += 1
    engine.dispose()
    return done  # fmt: skip


@dataclass(frozen=True)
class Crew:
    """So many processes, each with so many threads that move cases through one `Database`."""

    processes: int
    threads: int

    @property
    def workers(self) -> int:
        """Return how many work at once."""
        return self.processes * self.threads


CREWS = {
    "postgresql": (Crew(1, 1), Crew(8, 1)),
    # The embedded default writes from two processes, web and worker, each with its own queue of threads.
    "sqlite": (Crew(1, 1), Crew(1, 8), Crew(2, 4)),
}


def _threads(run: Callable[..., int], ground: Ground, workers: range, stop: Callable[[], bool]) -> int:
    counts = dict.fromkeys(workers, 0)

    def work(worker: int) -> None:
        counts[worker] = run(ground, worker, stop)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts.values())


def _process(run: Callable[..., int], ground: Ground, workers: range, gate: tuple[Any, Any], answers: Any) -> None:
    start, end = gate
    start.wait()
    answers.put(_threads(run, ground, workers, end.is_set))


def rate(run: Callable[..., int], ground: Ground, crew: Crew) -> float:
    """Return how many transitions a second the whole crew makes."""
    spawn = multiprocessing.get_context("spawn")
    start, end, answers = spawn.Barrier(crew.processes + 1), spawn.Event(), spawn.Queue()
    parts = []
    for n in range(crew.processes):
        workers = range(n * crew.threads, (n + 1) * crew.threads)
        parts.append(spawn.Process(target=_process, args=(run, ground, workers, (start, end), answers)))
    for part in parts:
        part.start()
    start.wait()
    started = time.perf_counter()
    time.sleep(SECONDS)
    end.set()
    total = sum(answers.get() for _ in parts)
    length = time.perf_counter() - started
    for part in parts:
        part.join()
    return float(total / length)


PGBENCH = r"""
\set n random(1, {count})
BEGIN;
SELECT id, version, facts, clocks, state FROM cases WHERE number = 'JB-{year}-' || lpad(:n::text, 6, '0') FOR UPDATE;
UPDATE cases SET state = 'assigned', version = version + 1, changed_at = now(), facts = facts, clocks = clocks
  WHERE number = 'JB-{year}-' || lpad(:n::text, 6, '0');
INSERT INTO timeline_entry (case_id, seq, transition, source, target, actor_role, actor_name, at, data, hash)
  SELECT id, version, 'anchor', 'checking', 'assigned', 'warden', 'x', now(), '{finding}', '\x00'
  FROM cases WHERE number = 'JB-{year}-' || lpad(:n::text, 6, '0');
INSERT INTO outbox (id, key, case_id, seq, process, effect, created_at, due_at, state, attempts, outcome)
  SELECT gen_random_uuid(), gen_random_uuid()::text, id, version, 'hazard_report', 'anchor', now(), now(), 'pending', 0,
  '{{}}' FROM cases WHERE number = 'JB-{year}-' || lpad(:n::text, 6, '0');
COMMIT;
"""


def pgbench(cluster: Cluster, database: str, ground: Ground, workers: int, folder: Path) -> float:
    """Return transactions per second of the same four statements through pgbench."""
    script = folder / "four.sql"
    finding = json.dumps(FINDING, ensure_ascii=False)
    script.write_text(
        PGBENCH.format(count=len(ground.cases) * CASES_PER_WORKER, year=datetime.now(UTC).year, finding=finding)
    )
    url = cluster.url(database).replace("postgresql+psycopg://", "postgresql://")
    command = [str(cluster.binaries / "pgbench"), "-n", "-f", str(script), "-c", str(workers), "-j",
               str(min(workers, 2)), "-T", str(int(SECONDS)), url]  # fmt: skip
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    line = next(line for line in out.splitlines() if line.startswith("tps"))
    return float(line.split("=")[1].split()[0])


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure and yield one row per database and crew."""
    for kind, crews in CREWS.items():
        for crew in crews:
            name = f"bench_{kind}_{crew.processes}x{crew.threads}"
            url = cluster.create_database(name) if kind == "postgresql" else f"sqlite:///{folder / name}.db"
            ground = prepare(url, crew.workers)
            pairs = []
            for _ in range(ROUNDS):
                pairs.append((rate(ours, ground, crew), rate(core, ground, crew)))
                _reset(url)
            mine, anchor = (statistics.median(column) for column in zip(*pairs, strict=True))
            row = {
                "what": f"transitions/s, {kind}, {crew.processes} process(es) × {crew.threads}",
                "ours": round(mine),
                "plain core": round(anchor),
                "ratio": round(statistics.median(a / b for a, b in pairs), 2),
                "to reach": "ratio ≥ 0.8",
            }
            if kind == "postgresql":
                rounds = [pgbench(cluster, name, ground, crew.workers, folder) for _ in range(ROUNDS)]
                row["pgbench"] = round(statistics.median(rounds))
            yield row


def _reset(url: str) -> None:
    """Put the cases the anchor moved back on their chains, so that ours goes on from a whole state."""
    database: Database = open_database(url)
    with database.write() as session:
        session.execute(_LOG.delete().where(_LOG.c.transition == "anchor"))
        session.execute(_OUTBOX.delete().where(_OUTBOX.c.effect == "anchor"))
    database.dispose()
