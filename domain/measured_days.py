"""Packs the measured cases of one day into few bytes, and says how they are read; counts nothing.

A report over years reads a thousand of these instead of millions of rows. Little-endian, no padding; ids and names
are numbers of `measured_name`, 0 for none. Moments are microseconds since 1970 (UTC).
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.models import MeasuredDay, MeasuredName
from domain.processes.measuring import FIXED, FIXING, UNPROVEN

CASE_FIELDS = (("area", "<i4"), ("organisation", "<i4"), ("hazard", "<i4"), ("person", "<i4"), ("venue", "<i4"),
               ("industry", "<i4"), ("state", "<i4"), ("minutes", "<i4"), ("due_at", "<i8"),
               ("reopened", "<i2"), ("closed", "u1"), ("result", "u1"), ("disputed", "u1"),
               ("rating", "u1"))  # fmt: skip
"""`minutes` from opening to end, -1 while open; `due_at` of the nearest running deadline, `NEVER` for none."""
RUN_FIELDS = (("case", "<i4"), ("stage", "<i4"), ("minutes", "<i4"), ("due_at", "<i8"), ("outcome", "u1"))
"""`case` is its place among the day's cases; `minutes` from start to stop, -1 while it runs."""
_CASE, _RUN = struct.Struct("<iiiiiiiiqhBBBB"), struct.Struct("<iiiqB")

RUNNING, IN_TIME, LATE, LEFT_IN_TIME, LEFT_LATE = range(5)
"""Outcomes of a run. Done at the very deadline is in time; not done when it comes is a breach."""
RESULTS = (None, FIXED, FIXING, UNPROVEN)
NEVER = 2**62
LOOKED_UP_AT_ONCE = 5000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MOST_REOPENED = 2**15 - 1

_DAYS: Any = MeasuredDay.__table__  # type: ignore[attr-defined]
_NAMES: Any = MeasuredName.__table__  # type: ignore[attr-defined]
Name = tuple[str, str]
"""(kind, value)."""


def instant(moment: datetime) -> int:
    """Return an aware moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Packed:
    """The rows of one process's cases opened on one day."""

    process: str
    opened_on: date
    changed_at: datetime
    cases: bytes
    runs: bytes
    ids: bytes


def outcome(row: Any) -> int:  # noqa: ANN401 - a row of either table of stages
    """Return what a run came to."""
    if row.stopped_at is None:
        return RUNNING
    if row.fulfilled:
        return IN_TIME if row.stopped_at <= row.due_at else LATE
    return LEFT_IN_TIME if row.stopped_at < row.due_at else LEFT_LATE


def pack(
    process: str, opened_on: date, cases: Iterable[Any], stages: Iterable[Any], *, numbers: Mapping[Name, int]
) -> Packed:
    """Return the packed rows; `cases` in the order of their ids."""
    written, ids, places = bytearray(), bytearray(), {}
    changed_at = _EPOCH
    for place, row in enumerate(cases):
        places[row.case_id] = place
        ids += row.case_id.bytes
        changed_at = max(changed_at, row.from_at)
        keys = [numbers[name] if name else 0 for name in _names_of_case(row)]
        length = (row.ended_at - row.opened_at) // timedelta(minutes=1) if row.ended_at else -1
        written += _CASE.pack(
            *keys, length, instant(row.due_at) if row.due_at else NEVER, min(row.reopened, MOST_REOPENED),
            row.ended_at is not None, RESULTS.index(row.result), row.disputed, row.rating or 0,
        )  # fmt: skip
    runs = bytearray()
    for row in stages:
        changed_at = max(changed_at, row.from_at)
        due_at = NEVER if row.paused and row.stopped_at is None else instant(row.due_at)
        minutes = -1 if row.minutes is None else row.minutes
        runs += _RUN.pack(places[row.case_id], numbers[_stage_name(row)], minutes, due_at, outcome(row))
    return Packed(process, opened_on, changed_at, bytes(written), bytes(runs), bytes(ids))


def _names_of_case(row: Any) -> tuple[Name | None, ...]:  # noqa: ANN401 - a row of either table of cases
    """Return the names a case's first seven fields stand for, in their order."""
    return (
        _of("area", row.area_id),
        _of("organisation", row.organisation_id),
        _of("hazard", row.hazard_code),
        _of("person", row.assignee_id),
        _of("venue", row.venue_id),
        _of("industry", row.industry),
        ("state", row.state),
    )


def _of(kind: str, value: UUID | str | None) -> Name | None:
    return None if value is None else (kind, str(value))


def _stage_name(row: Any) -> Name:  # noqa: ANN401 - a row of either table of stages
    return "stage", f"{row.stage}:{row.kind}"


def names_in(cases: Iterable[Any], stages: Iterable[Any]) -> set[Name]:
    """Return every name that packing these rows needs a number for."""
    found = {name for row in cases for name in _names_of_case(row) if name}
    return found | {_stage_name(row) for row in stages}


def numbered(session: Session, names: Collection[Name]) -> dict[Name, int]:
    """Return the numbers of the names, new ones for new names; only who holds `measured_until` may give any."""
    known = known_numbers(session, names)
    if new := sorted(set(names) - set(known)):
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        adding = dialect.insert(_NAMES).on_conflict_do_nothing(index_elements=["kind", "value"])
        session.connection().execute(adding, [{"kind": kind, "value": value} for kind, value in new])
        known |= known_numbers(session, new)
    return known


def known_numbers(session: Session, names: Collection[Name]) -> dict[Name, int]:
    """Return the numbers of those names that have one."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, value in names:
        by_kind[kind].append(value)
    found: dict[Name, int] = {}
    for kind, values in by_kind.items():
        for start in range(0, len(values), LOOKED_UP_AT_ONCE):
            some = values[start : start + LOOKED_UP_AT_ONCE]
            query = select(_NAMES.c.value, _NAMES.c.id).where(_NAMES.c.kind == kind, _NAMES.c.value.in_(some))
            found |= {(kind, row.value): row.id for row in session.execute(query)}
    return found


def names(session: Session, kinds: Iterable[str]) -> dict[str, dict[int, str]]:
    """Return kind → number → value of every name of those kinds."""
    found: dict[str, dict[int, str]] = {kind: {} for kind in kinds}
    query = select(_NAMES.c.kind, _NAMES.c.id, _NAMES.c.value).where(_NAMES.c.kind.in_(list(found)))
    for row in session.execute(query):
        found[row.kind][row.id] = row.value
    return found


def store(session: Session, days: Iterable[Packed]) -> None:
    """Write packed days; those that were there are replaced."""
    rows = [
        {"process": day.process, "opened_on": day.opened_on, "changed_at": day.changed_at, "cases": day.cases,
         "runs": day.runs, "ids": day.ids}
        for day in days
    ]  # fmt: skip
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(_DAYS)
    written = {name: adding.excluded[name] for name in ("changed_at", "cases", "runs", "ids")}
    session.connection().execute(
        adding.on_conflict_do_update(index_elements=["process", "opened_on"], set_=written), rows
    )
