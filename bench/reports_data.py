"""A million measured cases in minutes: some thousand told cases, measured, and moved over three years and a city.

The rows are those the projector makes; a case's timeline is not written down again for each of its copies.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from bench import register_data
from bench.register_data import Register
from domain import catalogue, measured, measures
from domain.database import Database
from domain.identifiers import new_id
from domain.measured import CaseVersion, RegisterThen, StageVersion
from domain.models import CaseMeasure, Organisation, Person, Post
from domain.processes import WORKFLOWS
from tests.timelines import Ground, Teller

CASES = 1_000_000
TEMPLATES = 4_000
DAYS = 1_090
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
WARDENS = 660
FILLED = ("cases", "case_measure", "case_measure_past", "stage_measure", "stage_measure_past")
OF_CASES = tuple(one.name for one in fields(CaseVersion))
OF_STAGES = tuple(one.name for one in fields(StageVersion))
MOVED = {"from_at", "until_at", "opened_at", "ended_at", "due_at", "started_at", "stopped_at"}
PROCESSES = ("hazard_report", "hazard_report", "rectification", "enrolment")
_TYPES = {"TIMESTAMP": "timestamptz", "UUID": "uuid", "INTEGER": "int", "BOOLEAN": "bool"}


def build(database: Database, *, cases: int = CASES, venues: int = register_data.VENUES) -> Register:
    """Fill an empty, migrated PostgreSQL database."""
    register = register_data.build(database, venues=venues, facilities=venues)
    with database.write() as session:
        _people(session, register)
        session.execute(text("SET LOCAL session_replication_role = replica"))  # every row has its case: no need to ask
        session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        session.execute(text("SET LOCAL statement_timeout = 0"))
        _templates(session)
        session.execute(text(_WHICH), {"cases": cases, "templates": TEMPLATES, "days": DAYS, "venues": venues,
                                       "wardens": WARDENS, "now": NOW})  # fmt: skip
        indexes = without_indexes(session, FILLED)
        for statement in (_INSERT_CASES, *_inserts()):
            session.execute(text(statement), {"now": NOW} if ":now" in statement else {})
        for statement in indexes:
            session.execute(text(statement))
    _analyse(database)
    _pack(database)
    with database.write() as session:
        measures.hold(session)
        session.execute(text("UPDATE measured_until SET at = :now"), {"now": NOW})
    _analyse(database)
    return register


def _analyse(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def _people(session: Session, register: Register) -> None:
    """Put a brigade into each district and wardens all over the city."""
    bodies = []
    for area_id, code, _ in register.areas["district"]:
        body = Organisation(id=new_id(), code=f"brigade-{code}", name=f"{code} 大队", kind="brigade", area_id=area_id,
                            from_on=date(2020, 1, 1))  # fmt: skip
        session.add(body)
        bodies.append(body.id)
    session.flush()
    grids = register.areas["grid"]
    for number in range(WARDENS):
        person = Person(id=new_id(), name=f"专管员{number}")
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role="warden", area_id=grids[number % len(grids)][0],
                         from_on=date(2020, 1, 1), organisation_id=bodies[number % len(bodies)]))  # fmt: skip
    session.flush()
    session.execute(text(
        "CREATE TEMP TABLE ward ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, person_id, "
        "organisation_id FROM post WHERE role = 'warden' AND organisation_id IS NOT NULL"
    ))  # fmt: skip
    session.execute(text(
        "CREATE TEMP TABLE place ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id, area_id, "
        "industry FROM venue"
    ))  # fmt: skip


def _templates(session: Session) -> None:
    """Tell and measure some thousand cases of nowhere in particular."""
    there = Ground({"somewhere": new_id()}, {new_id(): new_id()}, [new_id()], [])
    chance = random.Random(20261120)
    of_cases: list[tuple[Any, ...]] = []
    of_stages: list[tuple[Any, ...]] = []
    for number in range(TEMPLATES):
        told = Teller(chance, there, PROCESSES[number % len(PROCESSES)]).tell()
        entries = [_Row(entry) for entry in told.entries]
        versions = measured.measure(WORKFLOWS[told.process], entries, then=RegisterThen())
        of_cases += [(number, told.process, versions.seq, *_values(one, OF_CASES)) for one in versions.cases]
        of_stages += [(number, told.process, *_values(one, OF_STAGES)) for one in versions.stages]
    _copied(session, "told_case", ("t", "process", "measured_seq", *OF_CASES), of_cases)
    _copied(session, "told_stage", ("t", "process", *OF_STAGES), of_stages)


class _Row:
    """An entry as a row of its table has it."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.__dict__.update(entry)


def _values(version: Any, names: Iterable[str]) -> Iterator[Any]:
    return (getattr(version, name) for name in names)


_COLUMN = {
    **dict.fromkeys(MOVED, "timestamptz"),
    **dict.fromkeys(("area_id", "organisation_id", "assignee_id", "venue_id"), "uuid"),
    **dict.fromkeys(("t", "seq", "measured_seq", "reopened", "rating", "run", "minutes"), "int"),
    **dict.fromkeys(("disputed", "provisional", "paused", "fulfilled"), "bool"),
}


def _copied(session: Session, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(f"{name} {_COLUMN.get(name, 'text')}" for name in names)
    session.execute(text(f"CREATE TEMP TABLE {table} ({columns}) ON COMMIT DROP"))
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    session.execute(text(f"CREATE INDEX ON {table} (t)"))
    session.execute(text(f"ANALYZE {table}"))


HAZARDS = [code for code, hazard in catalogue.hazards().items() if hazard.verify_class in ("A24H", "B3WD")]
_WHICH = f"""CREATE TEMP TABLE which ON COMMIT DROP AS
    SELECT i, CAST(lpad(to_hex(i), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(i), 12, '0') AS uuid) AS case_id, t,
        make_interval(days => (date(:now) - o.opened_on) - CAST((CAST(i AS bigint) * 104729) % :days AS int)) AS shift,
        p.id AS venue_id, p.area_id, p.industry, w.person_id, w.organisation_id,
        (CAST('{{{",".join(HAZARDS)}}}' AS text[]))[1 + (CAST(i AS bigint) * 31) % {len(HAZARDS)}] AS hazard_code
    FROM (SELECT i, i % :templates AS t FROM generate_series(0, :cases - 1) i) AS one
    JOIN (SELECT t, min(CAST(opened_at AS date)) AS opened_on FROM told_case GROUP BY t) AS o USING (t)
    JOIN place p ON p.n = (CAST(i AS bigint) * 7919) % :venues
    JOIN ward w ON w.n = (CAST(i AS bigint) * 7919) % :venues % :wardens
    ORDER BY shift"""  # as they would have come in
_WHOSE = {"area_id": "which.area_id", "venue_id": "which.venue_id", "assignee_id": "which.person_id",
          "organisation_id": "CASE WHEN told.assignee_id IS NOT NULL THEN which.organisation_id END",
          "hazard_code": "which.hazard_code",
          "industry": "CASE WHEN told.venue_id IS NOT NULL THEN which.industry END"}  # fmt: skip
_PREFIX = "CASE told.process WHEN 'hazard_report' THEN 'JB' WHEN 'rectification' THEN 'ZG' ELSE 'RZ' END"
_INSERT_CASES = f"""INSERT INTO cases (id, number, process, state, version, chain_head, opened_at, changed_at,
        closed_at, due_at, venue_id, area_id, hazard_code, assignee_id, channel, facts, clocks)
    SELECT which.case_id, {_PREFIX} || '-2026-' || lpad(CAST(which.i AS text), 7, '0'), told.process, told.state,
        told.measured_seq, '\\x00', told.opened_at + shift, told.from_at + shift, told.ended_at + shift,
        told.due_at + shift, which.venue_id, which.area_id, which.hazard_code,
        CASE WHEN told.assignee_id IS NOT NULL THEN which.person_id END, 'web', '{{}}', '{{}}'
    FROM which JOIN told_case AS told USING (t)
    WHERE told.from_at + shift <= :now AND (told.until_at IS NULL OR told.until_at + shift > :now)"""


def _inserts() -> Iterator[str]:
    """Give the statements that move every version of a case and of its runs; what lies in the future is left out."""
    for target, source, known in (
        ("case_measure", "told_case", (*OF_CASES, "measured_seq")), ("case_measure_past", "told_case", OF_CASES),
        ("stage_measure", "told_stage", OF_STAGES), ("stage_measure_past", "told_stage", OF_STAGES),
    ):  # fmt: skip
        is_past = target.endswith("_past")
        values = {name: _value(name) for name in known if is_past or name != "until_at"}
        if source == "told_case":
            values["opened_on"] = "CAST((told.opened_at + shift) AT TIME ZONE 'Asia/Shanghai' AS date)"
        when = "told.until_at + shift <= :now" if is_past else (
            "told.from_at + shift <= :now AND (told.until_at IS NULL OR told.until_at + shift > :now)")  # fmt: skip
        yield (
            f"INSERT INTO {target} (case_id, process, {', '.join(values)}) SELECT which.case_id, told.process, "
            f"{', '.join(values.values())} FROM which JOIN {source} AS told USING (t) WHERE {when}"
        )


def _value(name: str) -> str:
    if name in MOVED:
        return f"told.{name} + shift"
    if name in ("area_id", "venue_id", "hazard_code", "assignee_id") and name in _WHOSE:
        return f"CASE WHEN told.{name} IS NOT NULL THEN {_WHOSE[name]} END"
    return _WHOSE.get(name, f"told.{name}")


def without_indexes(session: Session, tables: Iterable[str]) -> list[str]:
    """Drop the indexes that are not keys, and return how to make them again: quicker than keeping them meanwhile."""
    query = text(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(:tables) AND NOT EXISTS "
        "(SELECT 1 FROM pg_constraint WHERE conname = indexname)"
    )
    found = session.execute(query, {"tables": list(tables)}).all()
    for name, _ in found:
        session.execute(text(f'DROP INDEX "{name}"'))
    return [definition for _, definition in found]


def _pack(database: Database) -> None:
    """Pack every day, as the projector does after each of its batches."""
    with database.read() as session:
        query = select(CaseMeasure.process, CaseMeasure.opened_on).distinct()
        days = sorted(session.exec(query).all(), key=lambda one: one[1])
    for start in range(0, len(days), 30):
        with database.write() as session:
            measures.hold(session)
            measures.pack_days(session, days[start : start + 30])
