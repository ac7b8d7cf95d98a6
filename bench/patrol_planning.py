"""A day of patrols for a whole city: planned by ours, and the same rows by a bare COPY into the same tables.

`python -m bench.patrol_planning DATABASE_URL DAY` plans a day in a process of its own, whose memory is looked at.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text
from sqlmodel import Session

import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from bench import register_data
from domain import schema
from domain.database import Database, open_database
from domain.identifiers import new_id
from domain.models import ChecklistTemplate, ChecklistVersion
from domain.patrols import planning, planning_days, schedule
from domain.patrols.planning import Planned
from tests.cluster import Cluster

VENUES = 65_000
DAY = date(2026, 6, 1)
"""A Monday that begins a month: every kind of task begins."""
EVENING = datetime(2026, 5, 31, 12, tzinfo=UTC)
FREQUENCIES = ("daily", "weekly", "half_monthly", "monthly", "shift", "business_2h")
"""Eight tasks of a venue: the shifts are three."""
TABLES = ("cases", "timeline_entry", "clock", "patrol_task")
MOST_TIMES, MOST_MB = 3.0, 1024
BLOCK = 1 << 20
HOURS = ("09:00", "10:00", "08:30", "11:00")

PLANS = """
INSERT INTO patrol_plan (id, series_id, venue_id, template_id, title, kind, rule, rule_key, who, person_id, role,
  is_late_allowed, grace_minutes, from_on, made_at, reason)
SELECT gen_random_uuid(), gen_random_uuid(), venue.id, :template, '', :kind, CAST(:rule AS jsonb), :key,
  CASE WHEN :named THEN 'person' ELSE 'post' END, CASE WHEN :named THEN venue.owner_id END,
  CASE WHEN NOT :named THEN 'owner' END, true, 0, '2026-01-01', :at, ''
FROM venue
"""
OPENING = """
UPDATE venue SET hours = jsonb_build_array(jsonb_build_object('days', '[1,2,3,4,5,6,7]'::jsonb,
  'from', (CAST(:hours AS text[]))[1 + abs(hashtext(code)) % 4], 'until', '22:00'))
"""


def run(cluster: Cluster, folder: Path, *, venues: int = VENUES) -> Iterator[dict[str, Any]]:
    """Measure on PostgreSQL and yield the row."""
    url = cluster.create_database("patrols")
    database = open_database(url)
    schema.upgrade(database)
    register_data.build(database, venues=venues, facilities=1_000)
    with database.write() as session:
        fill(session)
    _vacuum(database)
    database.dispose()
    beside = cluster.create_database("patrols_bare", template="patrols")
    ours = json.loads(
        subprocess.run(
            [sys.executable, "-m", "bench.patrol_planning", url, DAY.isoformat()],
            check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    bare = _bare_copy(url, beside, folder)
    ratio = ours["seconds"] / bare["seconds"]
    yield {
        "what": f"plan {ours['tasks']:,} patrols of {venues:,} venues for a day, s",
        "ours": round(ours["seconds"], 1),
        "bare COPY of the same rows, s": round(bare["seconds"], 1),
        "rows": bare["rows"],
        "tasks per s": round(ours["tasks"] / ours["seconds"]),
        "ratio": round(ratio, 2),
        "memory MB": round(ours["memory_mb"]),
        "planned again, s": round(ours["again_seconds"], 1),
        "to reach": f"ratio ≤ {MOST_TIMES:g}, memory ≤ {MOST_MB} MB",
    }


def fill(session: Session) -> None:
    """Give every venue opening hours and a plan of each frequency."""
    session.execute(text(OPENING), {"hours": list(HOURS)})
    for frequency in FREQUENCIES:
        template = ChecklistTemplate(
            id=new_id(), code=f"bench:{frequency}", zh=f"{frequency} 检查表", frequency=frequency, made_at=EVENING
        )  # fmt: skip
        session.add(template)
        session.flush()
        session.add(ChecklistVersion(id=new_id(), template_id=template.id, number=1, from_on=date(2026, 1, 1),
                                     items=[], sha256="0" * 64, made_at=EVENING))  # fmt: skip
        session.flush()
        rule = schedule.default_for(frequency)
        given = {"template": template.id, "kind": rule.kind, "rule": json.dumps(rule.to_json()), "key": rule.digest(),
                 "at": EVENING, "named": frequency == "daily"}  # fmt: skip
        session.execute(text(PLANS), given)


def _vacuum(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def _bare_copy(source: str, target: str, folder: Path) -> dict[str, Any]:
    """Copy the planned rows into the same tables of a database like it, and measure only that."""
    files = {table: folder / table for table in TABLES}
    rows = 0
    with psycopg.connect(_plain(source)) as connection:
        for table, path in files.items():
            with path.open("wb") as file, connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                for block in copy:
                    file.write(block)
            rows += connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]  # type: ignore[arg-type]
    with psycopg.connect(_plain(target)) as connection:
        started = time.perf_counter()
        for table, path in files.items():
            with path.open("rb") as file, connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                while block := file.read(BLOCK):
                    copy.write(block)
        connection.commit()
        return {"seconds": time.perf_counter() - started, "rows": rows}


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def plan_city(database: Database, day: date, at: datetime) -> Planned:
    """Plan a day shard by shard, as the worker does."""
    with database.read() as session:
        shards = planning_days.shards(session)
    planned = Planned()
    for areas in shards:
        with database.write() as session:
            planned += planning.plan_day(session, day, at=at, area_ids=areas)
    return planned


def main() -> None:
    """Plan a day in this process and print how long it took and how much memory."""
    database = open_database(sys.argv[1])
    day = date.fromisoformat(sys.argv[2])
    at = datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=12)
    started = time.perf_counter()
    planned = plan_city(database, day, at)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    again = plan_city(database, day, at)
    if again.tasks or again.already != planned.tasks:
        msg = f"planned again, it came to something else: {planned}, {again}"
        raise RuntimeError(msg)
    print(json.dumps({
        "tasks": planned.tasks, "seconds": seconds, "again_seconds": time.perf_counter() - started,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
