"""Writes one step of a case: the case, its entry, its promises, its clocks. For `domain.cases` alone.

PostgreSQL gets all of it as one statement (one round trip); SQLite, which has no trips to save, gets four.
Statements are made once: SQLAlchemy remembers a statement object's cache key, and compiles an ON CONFLICT
clause anew at every execution (0.3 ms) unless it is text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.engine import Connection

from domain.models import Case, ClockRow, Outbox, TimelineEntry

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = TimelineEntry.__table__  # type: ignore[attr-defined]
_OUTBOX: Any = Outbox.__table__  # type: ignore[attr-defined]
_CLOCKS: Any = ClockRow.__table__  # type: ignore[attr-defined]

CHANGING = ("state", "chain_head", "changed_at", "closed_at", "due_at", "asked_at", "facts", "clocks", "assignee_id",
            "second_assignee_id", "hazard_code", "place", "venue_id", "area_id")  # fmt: skip
"""Columns of a case that a step writes, besides its version."""
_KEPT = ("started_at", "due_at", "provisional", "stopped_at", "level", "next_at", "leased_until", "leased_by")
_CLOCK_COLUMNS = ("case_id", "name", "process", *_KEPT)
_ENTRY_COLUMNS = tuple(column.name for column in _ENTRIES.c)
_PROMISE_COLUMNS = ("id", "key", "case_id", "seq", "process", "effect", "created_at", "due_at",
                    "state", "attempts", "outcome")  # fmt: skip
_ON_CONFLICT = f"ON CONFLICT (case_id, name) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in _KEPT)}"

_MOVE = (
    update(_CASES)
    .where(_CASES.c.id == bindparam("_id"), _CASES.c.version == bindparam("_version"))
    .values({name: bindparam(name) for name in CHANGING})
    .values(version=bindparam("_new_version"))
)
_ENTER = insert(_ENTRIES)
_PROMISE = insert(_OUTBOX)
_UPSERT = text(  # our own column names, no user's text
    f"INSERT INTO clock ({', '.join(_CLOCK_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join(':' + name for name in _CLOCK_COLUMNS)}) {_ON_CONFLICT}"
).bindparams(*(bindparam(name, type_=_CLOCKS.c[name].type) for name in _CLOCK_COLUMNS))


_SQL_TYPES = {"UtcDateTime": "timestamptz", "Uuid": "uuid", "Integer": "int", "Boolean": "boolean",
              "JSON": "jsonb", "LargeBinary": "bytea"}  # fmt: skip


def _type(table: Any, name: str) -> str:  # noqa: ANN401 - a table
    """Return PostgreSQL's name for a column's type."""
    return _SQL_TYPES.get(type(table.c[name].type).__name__, "text")


def _types(table: Any, names: Sequence[str]) -> str:  # noqa: ANN401 - a table
    """Return a record definition such as `id uuid, key text` for `jsonb_to_recordset`."""
    return ", ".join(f"{name} {_type(table, name)}" for name in names)


_TOGETHER = text(  # our own column names, no user's text
    f"""WITH moved AS (
      UPDATE cases SET version = :_new_version, {", ".join(f"{name} = :{name}" for name in CHANGING)}
      WHERE id = :_id AND version = :_version RETURNING id),
    entered AS (INSERT INTO timeline_entry ({", ".join(_ENTRY_COLUMNS)})
      SELECT {", ".join(f"CAST(:e_{name} AS {_type(_ENTRIES, name)})" for name in _ENTRY_COLUMNS)}
      FROM moved),
    promised AS (INSERT INTO outbox ({", ".join(_PROMISE_COLUMNS)})
      SELECT {", ".join("p." + name for name in _PROMISE_COLUMNS)}
      FROM moved, jsonb_to_recordset(:promises) AS p({_types(_OUTBOX, _PROMISE_COLUMNS)})),
    ticked AS (INSERT INTO clock ({", ".join(_CLOCK_COLUMNS)})
      SELECT {", ".join("r." + name for name in _CLOCK_COLUMNS)}
      FROM moved, jsonb_to_recordset(:readings) AS r({_types(_CLOCKS, _CLOCK_COLUMNS)}) {_ON_CONFLICT})
    SELECT count(*) FROM moved"""  # noqa: S608
).bindparams(
    *(bindparam(name, type_=_CASES.c[name].type) for name in CHANGING),
    *(bindparam(f"e_{name}", type_=_ENTRIES.c[name].type) for name in _ENTRY_COLUMNS),
    bindparam("_id", type_=_CASES.c.id.type),
)


_MANY = text(  # our own column names, no user's text
    f"""WITH step AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(:steps)
        AS s(id uuid, version int, {_types(_CASES, CHANGING)})),
    moved AS (UPDATE cases SET version = cases.version + 1, {", ".join(f"{name} = step.{name}" for name in CHANGING)}
      FROM step WHERE cases.id = step.id AND cases.version = step.version RETURNING cases.id),
    entered AS (INSERT INTO timeline_entry ({", ".join(_ENTRY_COLUMNS)})
      SELECT {", ".join("e." + name for name in _ENTRY_COLUMNS)}
      FROM moved JOIN jsonb_to_recordset(:entries) AS e({_types(_ENTRIES, _ENTRY_COLUMNS)}) ON e.case_id = moved.id),
    ticked AS (INSERT INTO clock ({", ".join(_CLOCK_COLUMNS)})
      SELECT {", ".join("r." + name for name in _CLOCK_COLUMNS)}
      FROM moved JOIN jsonb_to_recordset(:readings) AS r({_types(_CLOCKS, _CLOCK_COLUMNS)}) ON r.case_id = moved.id
      {_ON_CONFLICT})
    SELECT id FROM moved"""  # noqa: S608
)


def _as_json(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def write_step(
    connection: Connection,
    *,
    case_id: UUID,
    version: int,
    values: Mapping[str, Any],
    entry: Mapping[str, Any],
    promises: Sequence[Mapping[str, Any]],
    readings: Sequence[Mapping[str, Any]],
) -> bool:
    """Write a step and return True; False when the case no longer has `version` (nothing is written then)."""
    key = {"_id": case_id, "_version": version, "_new_version": version + 1}
    if connection.dialect.name == "postgresql":
        sent = {
            **values,
            **key,
            **{f"e_{name}": value for name, value in entry.items()},
            "promises": json.dumps(promises, default=_as_json),
            "readings": json.dumps(readings, default=_as_json),
        }
        return bool(connection.execute(_TOGETHER, sent).scalar_one())
    if connection.execute(_MOVE, {**values, **key}).rowcount != 1:
        return False
    enter(connection, entry)
    promise(connection, promises)
    store_clocks(connection, readings)
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """One of many steps that are written together; it promises nothing."""

    case_id: UUID
    version: int
    values: Mapping[str, Any]
    entry: Mapping[str, Any]
    readings: Sequence[Mapping[str, Any]]


def write_steps(connection: Connection, steps: Sequence[Step]) -> set[UUID]:
    """Write many steps and return which cases they moved: not those that no longer have the step's version."""
    if connection.dialect.name == "postgresql":
        sent = {
            "steps": [{**step.values, "id": step.case_id, "version": step.version} for step in steps],
            "entries": [step.entry for step in steps],
            "readings": [reading for step in steps for reading in step.readings],
        }
        spelled = {name: json.dumps(rows, default=_as_json) for name, rows in sent.items()}
        return set(connection.execute(_MANY, spelled).scalars())
    return {
        step.case_id
        for step in steps
        if write_step(connection, case_id=step.case_id, version=step.version, values=step.values, entry=step.entry,
                      promises=(), readings=step.readings)
    }  # fmt: skip


def enter(connection: Connection, entry: Mapping[str, Any]) -> None:
    """Append an entry to a timeline."""
    connection.execute(_ENTER, dict(entry))


def promise(connection: Connection, promises: Sequence[Mapping[str, Any]]) -> None:
    """Put promises into the outbox."""
    if promises:
        connection.execute(_PROMISE, promises[0] if len(promises) == 1 else list(promises))


def store_clocks(connection: Connection, readings: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows the sweep looks at; one that exists is changed."""
    if readings:
        connection.execute(_UPSERT, readings[0] if len(readings) == 1 else list(readings))
