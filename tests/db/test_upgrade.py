"""A database of revision 0002 with its cases, brought to the newest one: reports count them, and the record holds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlmodel import select

from domain import adoption, audit, cases, measures, recounted, schema
from domain.actors import Actor, Grant, Role
from domain.database import Database, open_database
from domain.models import Case, Errand, TimelineEntry
from domain.reporting.asked import Asked
from domain.reporting.numbers import numbers
from tests.chores import do

AREA, OPEN_CASE, CLOSED_CASE, OFFICER = (UUID(int=number) for number in (11, 21, 22, 31))
OPENED = datetime(2026, 8, 20, 2, tzinfo=UTC)
UPGRADED = datetime(2026, 11, 20, 2, tzinfo=UTC)
EVERYWHERE = Actor(frozenset({Role.SUPERVISOR}), grants=(Grant(Role.SUPERVISOR),))


def at(minutes: int) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def stored(start: datetime, due: str, stopped: datetime | None) -> dict[str, Any]:
    """Return a clock of a case as revision 0002 kept it."""
    return {
        "started_at": start.isoformat(), "due_at": due, "running": stopped is None, "provisional": False, "level": 0,
        "stopped_at": stopped.isoformat() if stopped else None,
    }  # fmt: skip


def insert(connection: Connection, table: str, **values: Any) -> None:
    values = {name: _as_kept(value) for name, value in values.items()}
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


def _as_kept(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    return json.dumps(value) if isinstance(value, dict) else value


def put(
    connection: Connection, case_id: UUID, number: str, steps: list[tuple[str, str, int]], clocks: dict[str, Any]
) -> None:
    """Insert a report of revision 0002: (step, state after, minutes after it was opened), and its clocks."""
    head, source, entries = audit.GENESIS, None, []
    for seq, (name, target, minutes) in enumerate(steps, 1):
        entry: dict[str, Any] = {
            "case_id": case_id, "seq": seq, "transition": name, "source": source, "target": target,
            "actor_id": OFFICER, "actor_role": "handler", "actor_name": "赵受理", "at": at(minutes), "data": {},
        }  # fmt: skip
        head = audit.entry_hash(head, {**entry, "decided": {}})
        entries.append({**entry, "hash": head})
        source = target
    due = [clock["due_at"] for clock in clocks.values() if clock["running"]]
    insert(
        connection, "cases", id=case_id, number=number, process="hazard_report", state=source, version=len(steps),
        chain_head=head, opened_at=OPENED, changed_at=entries[-1]["at"], closed_at=None if due else entries[-1]["at"],
        due_at=datetime.fromisoformat(due[0]) if due else None, area_id=AREA, hazard_code="FAC-02", channel="web",
        facts={"verify_class": "B3WD", "question": "other"}, clocks=clocks,
    )  # fmt: skip
    for entry in entries:
        insert(connection, "timeline_entry", **entry)
    for name, clock in clocks.items():
        moments = {
            key: clock[key] and datetime.fromisoformat(clock[key]) for key in ("started_at", "due_at", "stopped_at")
        }
        insert(connection, "clock", case_id=case_id, name=name, process="hazard_report", provisional=False, level=0,
               next_at=moments["due_at"] if clock["running"] else None, **moments)  # fmt: skip


def of_0002(path: Path) -> Database:
    """Return a database of that revision with an open report, accepted in time, and one that was rejected late."""
    database = open_database(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with database.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        insert(connection, "area", id=AREA, code="old", name="老街", name_en="", level="street", path="old/")
        insert(connection, "number_series", prefix="JB", year=2026, last=2)
        in_time, late = (stored(OPENED, at(30).isoformat(), at(minutes)) for minutes in (10, 45))
        verify = {"start": OPENED, "due": "2026-08-25T09:30:00+00:00"}
        put(connection, OPEN_CASE, "JB-2026-000001", [("report", "reported", 0), ("accept", "accepted", 10)],
            {"accept": in_time, "verify": stored(**verify, stopped=None)})  # fmt: skip
        put(connection, CLOSED_CASE, "JB-2026-000002", [("report", "reported", 0), ("reject", "rejected", 45)],
            {"accept": late, "verify": stored(**verify, stopped=at(45))})  # fmt: skip
    return database


def test_cases_of_before_are_counted_where_they_are_with_their_stages(tmp_path: Path) -> None:
    database = of_0002(tmp_path / "old.db")
    schema.upgrade(database)
    with database.read() as session:
        errand = session.exec(select(Errand).where(Errand.kind == schema.ADOPTION)).one()
    while measure(database):
        pass

    settled = do(database, errand.id, at=max(UPGRADED, errand.due_at))
    while measure(database):
        pass

    assert (settled.state, settled.outcome["said_params"]) == ("done", {"count": 2})
    with database.read() as session:
        asked = Asked(date(2026, 8, 1), date(2026, 8, 31), process="hazard_report", area_id=AREA, hazard="FAC-02")
        (found,) = numbers(session, asked, actor=EVERYWHERE, at=datetime(2027, 9, 1, tzinfo=UTC)).processes
        accept, verify = found.stage("accept"), found.stage("verify")
        old = cases.by_id(session, OPEN_CASE)
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.transition == cases.ADOPT)).first()
        assert entry is not None
        assert (found.cases.received, found.cases.closed) == (2, 1)
        assert (accept.started, accept.in_time, accept.left_late) == (2, 1, 1)
        assert (verify.started, verify.overdue, verify.left_in_time) == (2, 1, 1)
        assert old.clocks["verify"]["due_at"] == "2026-08-25T09:30:00+00:00", "no deadline moved"
        assert old.clocks["verify"]["limit"]["rule"] == "CMP-21"
        assert old.changed_at == at(10), "nothing has happened to it"
        assert audit.verify(session).whole
        assert list(recounted.verify(session)) == []
    database.dispose()


def test_taking_over_goes_on_after_a_stop_and_takes_nothing_twice(tmp_path: Path) -> None:
    database = of_0002(tmp_path / "old.db")
    schema.upgrade(database)
    with database.write() as session:  # a worker that got so far and died
        assert adoption.take_over(session, OPEN_CASE, at=UPGRADED)

    counts = [sum(adoption.passes(database, now=lambda: UPGRADED)) for _ in range(2)]
    schema.upgrade(database)

    assert counts == [1, 0]
    with database.read() as session:
        assert {case.version for case in session.exec(select(Case))} == {3}
        assert len(session.exec(select(Errand)).all()) == 1
    database.dispose()


def test_a_new_database_has_nothing_to_take_over(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    schema.upgrade(database)

    with database.read() as session:
        assert session.exec(select(Errand)).all() == []
    database.dispose()


def measure(database: Database) -> int:
    with database.write() as session:
        return measures.catch_up(session, at=datetime(2027, 9, 1, tzinfo=UTC))
