"""Years of patrols in minutes: past tasks of a whole city, written by SQL, beside those of today as they are planned.

A past task is its case and its row of `patrol_task`. Its timeline, its clocks and its answers are left out: neither
today's list nor what handlers look at reads any of another day (what a list reads of the time before, `patrol_task`
says).
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from bench import patrol_planning, register_data, reports_data, sweep
from bench.register_data import Register
from domain.actors import Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import (
    ChecklistTemplate,
    ChecklistVersion,
    Facility,
    PatrolPlan,
    PatrolPlanPoint,
    Person,
    Post,
    Venue,
)
from domain.patrols import schedule
from domain.patrols.items import Item

VENUES = 65_000
FACILITIES = 2_400
"""All of them at one venue."""
SAMPLE, SAMPLE_DAYS = 2_500, 40
"""Plans whose last days come first: whoever is asked has them behind them already while the city has hardly any."""
FEW = SAMPLE * SAMPLE_DAYS
WARDENS = 600
EACH = 4
"""Every so many venues its area's warden patrols as well."""
POINTS = 400
ROUNDS = 10
"""Tasks of so many points, at the largest venue."""
OTHERS = 20_000
"""Open reports beside the patrols, each with a running clock."""
FILLED = ("cases", "patrol_task")

WARDEN_PLANS = """
INSERT INTO patrol_plan (id, series_id, venue_id, template_id, title, kind, rule, rule_key, who, role,
  is_late_allowed, grace_minutes, from_on, made_at, reason)
SELECT gen_random_uuid(), gen_random_uuid(), id, :template, '', :kind, CAST(:rule AS jsonb), :key, 'post', 'warden',
  true, 0, '2026-01-01', :at, ''
FROM (SELECT id, row_number() OVER (PARTITION BY area_id ORDER BY id) AS n FROM venue) AS venue WHERE n % :each = 1
"""
SERIES = """
CREATE TABLE bench_series AS
SELECT row_number() OVER (ORDER BY md5(CAST(venue.area_id AS text)), venue.id, plan.id) - 1 AS n, plan.id AS plan_id,
  plan.series_id, plan.venue_id, venue.area_id, plan.person_id, plan.role, plan.kind, template.frequency,
  version.id AS version_id
FROM patrol_plan plan JOIN venue ON venue.id = plan.venue_id
JOIN checklist_template template ON template.id = plan.template_id
JOIN checklist_version version ON version.template_id = template.id
"""
PAST = """
CREATE TEMP TABLE past ON COMMIT DROP AS
SELECT s.*, CAST(:today AS date) - d AS day, mod(s.n * 31 + d, 25) AS luck,
  CAST(lpad(to_hex(CAST(extract(epoch FROM CAST(:today AS date) - d) * 1000 AS bigint)), 12, '0') || '8000' || '8' ||
       lpad(to_hex(s.n), 15, '0') AS uuid) AS case_id,
  'XC-2020-' || lpad(CAST(CAST(d AS bigint) * 1000000 + s.n AS text), 10, '0') AS number,
  (CAST(:today AS date) - d + time '08:00') AT TIME ZONE 'Asia/Shanghai' AS starts_at,
  (CAST(:today AS date) - d + time '20:00') AT TIME ZONE 'Asia/Shanghai' AS due_at
FROM generate_series(CAST(:days AS int), 1, -1) AS d CROSS JOIN bench_series s
WHERE (s.n < :sample AND d <= :sample_days) = :is_sample
"""
CASES = """
INSERT INTO cases (id, number, process, state, version, chain_head, opened_at, changed_at, closed_at, venue_id, area_id,
  assignee_id, channel, facts, clocks)
SELECT case_id, number, 'patrol_task', CASE luck WHEN 0 THEN 'missed' WHEN 1 THEN 'done_late' ELSE 'done' END, 4,
  '\\x00', starts_at, due_at, CASE WHEN luck > 0 THEN due_at END, venue_id, area_id, person_id, 'plan',
  '{"late_allowed": true}', '{}'
FROM past
"""
TASKS = """
INSERT INTO patrol_task (case_id, plan_id, series_id, slot, version_id, venue_id, area_id, day, kind, frequency,
  starts_at, due_at, miss_at, person_id, role, outcome, done_by, done_at, points, points_done, failed, doubts,
  conflicts)
SELECT case_id, plan_id, series_id, CAST(day AS text), version_id, venue_id, area_id, day, kind, frequency, starts_at,
  due_at, due_at, person_id, role, CASE luck WHEN 0 THEN 'missed' WHEN 1 THEN 'late' ELSE 'done' END, person_id,
  CASE WHEN luck > 0 THEN due_at - interval '1 hour' END, 0, 0, 0, 0, 0
FROM past
"""


def city(database: Database, *, at: datetime) -> Register:
    """Fill an empty, migrated database: venues, wardens, plans, other open cases; no patrol yet."""
    register = register_data.build(database, venues=VENUES, facilities=FACILITIES)
    with database.write() as session:
        patrol_planning.fill(session)
        wardens = _wardens(session, register)
        _warden_plans(session, at)
        _long_rounds(session, register, at)
        session.execute(text(SERIES))
        given = {"at": at, "number": OTHERS, "area": register.areas["grid"][0][0], "warden": wardens[0]}
        session.execute(text(sweep.CASES), given)
        session.execute(text(sweep.CLOCKS), {"at": at, "due": 0})
    settle(database)
    return register


def past(database: Database, *, today: date, tasks: int, is_sample: bool) -> int:
    """Write the sample's last days, or the tasks of everybody else before today; return how many were written."""
    with database.write() as session:
        for setting in ("statement_timeout = 0", "maintenance_work_mem = '1GB'", "session_replication_role = replica",
                        "synchronous_commit = off"):  # fmt: skip
            session.execute(text(f"SET LOCAL {setting}"))
        series = session.execute(text("SELECT count(*) FROM bench_series")).scalar_one()
        days = SAMPLE_DAYS if is_sample else max(1, round(tasks / series))
        given = {"today": today, "days": days, "sample": SAMPLE, "sample_days": SAMPLE_DAYS, "is_sample": is_sample}
        written: Any = session.execute(text(PAST), given)
        indexes = [] if is_sample else reports_data.without_indexes(session, FILLED)
        session.execute(text(CASES))
        session.execute(text(TASKS))
        for statement in indexes:
            session.execute(text(statement))
    settle(database)
    return int(written.rowcount)


def settle(database: Database) -> None:
    """Let the planner know what there is."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("RESET statement_timeout")


def sample_people(session: Session) -> tuple[list[UUID], list[UUID]]:
    """Return owners and wardens who have the sample's patrols behind them."""
    owners = text("SELECT DISTINCT person_id FROM bench_series WHERE n < :sample AND person_id IS NOT NULL")
    wardens = text("SELECT DISTINCT post.person_id FROM post JOIN bench_series s ON s.area_id = post.area_id "
                   "WHERE post.role = 'warden' AND s.role = 'warden' AND s.n < :sample")  # fmt: skip
    found = [list(session.execute(query, {"sample": SAMPLE}).scalars()) for query in (owners, wardens)]
    return found[0], found[1]


def _wardens(session: Session, register: Register) -> list[UUID]:
    found = []
    for number, (area_id, _, _) in enumerate(register.areas["grid"][:WARDENS]):
        person = Person(id=new_id(), name=f"专管员{number}")
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role=Role.WARDEN.value, area_id=area_id,
                         from_on=date(2020, 1, 1)))  # fmt: skip
        found.append(person.id)
    session.flush()
    return found


def _warden_plans(session: Session, at: datetime) -> None:
    template, rule = _checklist(session, "bench:warden", [], at), schedule.default_for("daily")
    given = {"template": template, "kind": rule.kind, "rule": json.dumps(rule.to_json()), "key": rule.digest(),
             "at": at, "each": EACH}  # fmt: skip
    session.execute(text(WARDEN_PLANS), given)


def _long_rounds(session: Session, register: Register, at: datetime) -> None:
    """Plan tasks of four hundred points, an item each, at the venue with the most facilities, for its owner."""
    items = [Item("B01", "完好", "In order", "pass_fail_na", per="point", evidence="none").to_json()]
    template, rule = _checklist(session, "bench:long", items, at), schedule.default_for("daily")
    venue = session.exec(select(Venue).where(Venue.code == register.largest)).one()
    points = session.exec(select(Facility.id).where(Facility.venue_id == venue.id).limit(POINTS)).all()
    for _ in range(ROUNDS):
        plan = PatrolPlan(id=new_id(), series_id=new_id(), venue_id=venue.id, template_id=template, kind=rule.kind,
                          rule=rule.to_json(), rule_key=rule.digest(), who="person", person_id=venue.owner_id,
                          from_on=date(2026, 1, 1), made_at=at)  # fmt: skip
        session.add(plan)
        session.flush()
        session.add_all(PatrolPlanPoint(plan_id=plan.id, seq=seq, facility_id=one) for seq, one in enumerate(points, 1))
    session.flush()


def _checklist(session: Session, code: str, items: list[Any], at: datetime) -> UUID:
    template = ChecklistTemplate(id=new_id(), code=code, zh=code, frequency="daily", made_at=at)
    session.add(template)
    session.flush()
    session.add(ChecklistVersion(id=new_id(), template_id=template.id, number=1, from_on=date(2026, 1, 1), items=items,
                                 sha256="0" * 64, made_at=at))  # fmt: skip
    session.flush()
    return template.id
