"""Days as they stood at a moment of the past: packed from the rows that were true then. Needs numpy.

PostgreSQL sends the rows as numbers, in the widths of `measured_days`, and no row is looked at one by one here: a month
is a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from domain import measured_days, measures
from domain.measured_days import (
    CASE_FIELDS,
    IN_TIME,
    LATE,
    LEFT_IN_TIME,
    LEFT_LATE,
    MOST_REOPENED,
    NEVER,
    RESULTS,
    RUN_FIELDS,
    RUNNING,
    Packed,
)

NEAR_DAYS = 3
_SINCE_2000 = (datetime(2000, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400_000_000
_MINUTE = 60_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_BEFORE_ROWS, _AFTER_ROWS = 19, 2
"""Bytes of a binary COPY before its first row and after its last one."""
_WIDTHS = {"int2": ">i2", "int4": ">i4", "timestamptz": ">i8", "boolean": "u1", "uuid": "S16"}
Field = tuple[str, str, str]
"""(name, type of PostgreSQL, expression); none is ever NULL."""


def days_then(session: Session, process: str, days: list[date], as_of: datetime) -> dict[date, Packed]:
    """Return what those of the days given were that had begun at the moment; `days` in order."""
    read = _from_rows if session.get_bind().dialect.name != "postgresql" else _from_numbers
    found: dict[date, Packed] = {}
    for stretch in _stretches([day for day in days if measures.day_between(day)[0] <= as_of]):
        found |= read(session, process, stretch, as_of)
    return found


def _stretches(days: list[date]) -> list[list[date]]:
    """Return the days, in order, in stretches that are worth reading at once."""
    stretches: list[list[date]] = []
    for day in days:
        if stretches and (day - stretches[-1][-1]).days <= NEAR_DAYS:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return stretches


# One by one.


def _from_rows(session: Session, process: str, days: list[date], as_of: datetime) -> dict[date, Packed]:
    cases, stages = measures.rows_of(session, process, days[0], until=days[-1], as_of=as_of)
    by_day: dict[date, tuple[list[Any], list[Any]]] = {day: ([], []) for day in days}
    day_of = {case.case_id: case.opened_on for case in cases}
    for rows, kind in ((cases, 0), (stages, 1)):
        for row in rows:
            if day_of[row.case_id] in by_day:
                by_day[day_of[row.case_id]][kind].append(row)
    numbers = measured_days.known_numbers(session, measured_days.names_in(cases, stages))
    return {day: measured_days.pack(process, day, *rows, numbers=numbers) for day, rows in by_day.items()}


# As numbers.


def _named(field: str, kind: str, value: str) -> tuple[Field, str]:
    join = f"LEFT JOIN measured_name AS of_{field} ON of_{field}.kind = '{kind}' AND of_{field}.value = {value}"
    return (field, "int4", f"coalesce(of_{field}.id, 0)"), join


_CASE_NAMES = (
    _named("area", "area", "CAST(area_id AS text)"),
    _named("organisation", "organisation", "CAST(organisation_id AS text)"),
    _named("hazard", "hazard", "hazard_code"),
    _named("person", "person", "CAST(assignee_id AS text)"),
    _named("venue", "venue", "CAST(venue_id AS text)"),
    _named("industry", "industry", "industry"),
    _named("state", "state", "state"),
)
_RESULT = " ".join(f"WHEN '{result}' THEN {number}" for number, result in enumerate(RESULTS) if result)
_OF_CASES: tuple[Field, ...] = (
    ("id", "uuid", "case_id"),
    ("day", "int4", "opened_on - DATE '1970-01-01'"),
    *(field for field, _ in _CASE_NAMES),
    ("opened_at", "timestamptz", "opened_at"),
    ("ended_at", "timestamptz", "coalesce(ended_at, 'infinity')"),
    ("due_at", "timestamptz", "coalesce(due_at, 'infinity')"),
    ("reopened", "int2", f"least(reopened, {MOST_REOPENED})"),
    ("result", "int2", f"CASE result {_RESULT} ELSE 0 END"),
    ("disputed", "boolean", "disputed"),
    ("rating", "int2", "coalesce(rating, 0)"),
)
_STAGE_NAME = _named("stage", "stage", "stage || ':' || rows.kind")
_OF_RUNS: tuple[Field, ...] = (
    ("id", "uuid", "case_id"),
    _STAGE_NAME[0],
    ("run", "int4", "run"),
    ("minutes", "int4", "coalesce(minutes, -1)"),
    ("due_at", "timestamptz", "due_at"),
    ("stopped_at", "timestamptz", "coalesce(stopped_at, 'infinity')"),
    ("paused", "boolean", "paused"),
    ("fulfilled", "boolean", "coalesce(fulfilled, false)"),
)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A COPY of the rows of a table that were true at a moment, and how its bytes are read."""

    statement: str
    rows: Any

    @classmethod
    def of(cls, table: str, fields: Sequence[Field], joins: Sequence[str]) -> _Sent:
        values = ", ".join(f"CAST({value} AS {kind}) AS {name}" for name, kind, value in fields)
        opened = "process = %(process)s AND opened_at >= %(begins)s AND opened_at < %(ends)s AND from_at <= %(as_of)s"
        own = ", ".join(_COLUMNS[table])
        statement = (
            f"COPY (SELECT {values} FROM (SELECT {own} FROM {table} WHERE {opened} UNION ALL "  # noqa: S608 - constants
            f"SELECT {own} FROM {table}_past WHERE {opened} AND until_at > %(as_of)s) AS rows {' '.join(joins)}) "
            "TO STDOUT (FORMAT binary)"
        )
        widths: list[tuple[str, str]] = [("", ">i2")]
        for name, kind, _ in fields:
            widths += [(f"length of {name}", ">i4"), (name, _WIDTHS[kind])]
        return cls(statement, np.dtype(widths))

    def read(self, session: Session, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - an array
        """Return the rows."""
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(self.statement, asked) as copy:
            sent = b"".join(bytes(part) for part in copy)
        return np.frombuffer(sent[_BEFORE_ROWS : len(sent) - _AFTER_ROWS], dtype=self.rows)


_COLUMNS = {
    "case_measure": ("case_id", "opened_on", "area_id", "organisation_id", "hazard_code", "assignee_id", "venue_id",
                     "industry", "state", "opened_at", "ended_at", "due_at", "reopened", "result", "disputed",
                     "rating"),
    "stage_measure": ("case_id", "stage", "kind", "run", "minutes", "due_at", "stopped_at", "paused", "fulfilled"),
}  # fmt: skip
_CASES = _Sent.of("case_measure", _OF_CASES, [join for _, join in _CASE_NAMES])
_RUNS = _Sent.of("stage_measure", _OF_RUNS, [_STAGE_NAME[1]])


def _from_numbers(session: Session, process: str, days: list[date], as_of: datetime) -> dict[date, Packed]:
    begins, ends = measures.day_between(days[0])[0], measures.day_between(days[-1])[1]
    asked = {"process": process, "begins": begins, "ends": ends, "as_of": as_of}
    cases, runs = _CASES.read(session, asked), _RUNS.read(session, asked)
    cases = cases[np.lexsort((cases["id"], cases["day"]))]
    by_id = np.argsort(cases["id"])
    place = by_id[np.searchsorted(cases["id"], runs["id"], sorter=by_id)]
    order = np.lexsort((runs["run"], runs["stage"], place))
    packed_cases, packed_runs, place = _packed_cases(cases), _packed_runs(runs[order]), place[order]
    found = {}
    for day in days:
        number = day.toordinal() - _EPOCH_DAY
        first, last = np.searchsorted(cases["day"], [number, number + 1]).tolist()
        begin, end = np.searchsorted(place, [first, last]).tolist()
        of_day = packed_runs[begin:end].copy()
        of_day["case"] = place[begin:end] - first
        found[day] = Packed(process, day, as_of, packed_cases[first:last].tobytes(), of_day.tobytes(), b"")
    return found


def _packed_cases(rows: Any) -> NDArray[Any]:  # noqa: ANN401 - an array
    """Return the cases as `measured_days.pack` writes them."""
    packed = np.zeros(len(rows), dtype=np.dtype(list(CASE_FIELDS)))
    for (name, _, _), _ in _CASE_NAMES:
        packed[name] = rows[name]
    ended = _is_moment(rows["ended_at"])
    packed["minutes"] = np.where(ended, (rows["ended_at"] - rows["opened_at"]) // _MINUTE, -1)
    packed["due_at"] = np.where(_is_moment(rows["due_at"]), _since_1970(rows["due_at"]), NEVER)
    packed["closed"] = ended
    for name in ("reopened", "result", "disputed", "rating"):
        packed[name] = rows[name]
    return packed


def _packed_runs(rows: Any) -> NDArray[Any]:  # noqa: ANN401 - an array
    """Return the runs as `measured_days.pack` writes them, without their cases."""
    packed = np.zeros(len(rows), dtype=np.dtype(list(RUN_FIELDS)))
    due, stopped_at, done = rows["due_at"], rows["stopped_at"], rows["fulfilled"] > 0
    stopped = _is_moment(stopped_at)
    packed["stage"], packed["minutes"] = rows["stage"], rows["minutes"]
    packed["due_at"] = np.where((rows["paused"] > 0) & ~stopped, NEVER, _since_1970(due))
    ways = [~stopped, done & (stopped_at <= due), done, stopped_at < due]
    packed["outcome"] = np.select(ways, [RUNNING, IN_TIME, LATE, LEFT_IN_TIME], LEFT_LATE)
    return packed


def _is_moment(moments: Any) -> Any:  # noqa: ANN401 - arrays
    return moments < np.iinfo(np.int64).max


def _since_1970(moments: Any) -> Any:  # noqa: ANN401 - arrays
    return np.where(_is_moment(moments), moments, 0) + _SINCE_2000
