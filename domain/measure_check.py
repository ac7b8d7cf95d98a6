"""Makes all measures anew from the timelines, and says where those that are kept differ. For who runs the product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from domain import apart, measured_days, measures
from domain.models import Case, CaseMeasure, CaseMeasurePast, MeasuredDay, StageMeasure, StageMeasurePast

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_DAYS: Any = MeasuredDay.__table__  # type: ignore[attr-defined]
_NOW: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_MODELS: tuple[Any, ...] = (CaseMeasure, CaseMeasurePast, StageMeasure, StageMeasurePast)
Place = tuple[datetime, UUID]
"""(opened at, id): where among the cases, the oldest first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is kept is not what the timelines say."""

    where: str
    """The number of a case, or the process and the day of packed rows."""
    what: str


def count(session: Session) -> int:
    """Return how many cases are measured."""
    return int(
        session.execute(select(func.count()).select_from(_CASES).where(apart.not_routine(_CASES.c))).scalar_one()
    )


def batch(session: Session, *, after: Place | None, most: int = measures.AT_ONCE) -> list[Place]:
    """Return where the next cases are."""
    query = select(_CASES.c.opened_at, _CASES.c.id).where(apart.not_routine(_CASES.c))
    query = query.order_by(_CASES.c.opened_at, _CASES.c.id).limit(most)
    if after is not None:
        later = (_CASES.c.opened_at == after[0]) & (_CASES.c.id > after[1])
        query = query.where((_CASES.c.opened_at > after[0]) | later)
    return [(row.opened_at, row.id) for row in session.execute(query)]


def rebuild(session: Session, places: list[Place]) -> bool:
    """Measure these cases anew, their past too; False when somebody else is measuring just now."""
    if not measures.hold(session):
        return False
    measures.measure(session, [case_id for _, case_id in places], anew=True)
    return True


def differences(session: Session, places: list[Place]) -> Iterator[Difference]:
    """Yield what is kept of these cases and is not what their timelines say, up to the entry they are measured to."""
    ids = [case_id for _, case_id in places]
    settled = measures.settled_until(session) or measures.BEGINNING
    query = select(_CASES.c.id, _CASES.c.number, _CASES.c.version, _CASES.c.changed_at, _NOW.c.measured_seq)
    known = {row.id: row for row in session.execute(query.outerjoin(_NOW).where(_CASES.c.id.in_(ids)))}
    for row in known.values():
        if (row.measured_seq or 0) < row.version and row.changed_at <= settled:
            yield Difference(row.number, "not measured")
    up_to = {row.id: row.measured_seq for row in known.values() if row.measured_seq}
    wanted = measures.rows(measures.measured_of(session, ids, up_to=up_to))
    for model in _MODELS:
        table = model.__table__
        for case_id, what in _differing(session, table, ids, wanted[table]):
            yield Difference(known[case_id].number, what)


def _differing(
    session: Session, table: Any, ids: list[UUID], wanted: list[dict[str, Any]]  # noqa: ANN401 - a table
) -> Iterator[tuple[UUID, str]]:  # fmt: skip
    keys = [column.name for column in table.primary_key]
    should = {tuple(row[key] for key in keys): row for row in wanted}
    for row in session.execute(select(table).where(table.c.case_id.in_(ids))).mappings():
        expected = should.pop(tuple(row[key] for key in keys), None)
        if expected is None:
            yield row["case_id"], f"{table.name}: a row too many"
        elif wrong := [column.name for column in table.c if row[column.name] != expected[column.name]]:
            yield row["case_id"], f"{table.name}: {', '.join(wrong)}"
    for missing in should.values():
        yield missing["case_id"], f"{table.name}: a row is missing"


def differing_days(session: Session) -> Iterator[Difference]:
    """Yield the days whose packed rows are not their rows."""
    keys = session.execute(select(_DAYS.c.process, _DAYS.c.opened_on).order_by(_DAYS.c.opened_on)).tuples().all()
    for process, day in keys:
        cases, stages = measures.rows_of(session, process, day)
        names = measured_days.known_numbers(session, measured_days.names_in(cases, stages))
        query = select(_DAYS).where(_DAYS.c.process == process, _DAYS.c.opened_on == day)
        kept = session.execute(query).one()
        packed = measured_days.pack(process, day, cases, stages, numbers=names)
        if (kept.cases, kept.runs, kept.ids, kept.changed_at) != (
            packed.cases, packed.runs, packed.ids, packed.changed_at
        ):  # fmt: skip
            yield Difference(f"{process} {day}", "measured_day")
