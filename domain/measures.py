"""Keeps what reports count up to date with the timelines: finds what moved, measures it, writes it; no step waits.

Routine processes are not measured: their own pages count them. One worker at a time measures (the row of
`measured_until` is held); stopped anywhere, the next one goes on. Measuring a case again writes the same rows again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain import apart, belonging, measured, measured_days
from domain.measured import CaseVersion, Measured, RegisterThen, StageVersion
from domain.models import (
    Case,
    CaseMeasure,
    CaseMeasurePast,
    MeasuredUntil,
    StageMeasure,
    StageMeasurePast,
    TimelineEntry,
)
from domain.processes import workflow_of
from domain.settings import city_zone

AT_ONCE = 200
"""Cases per transaction: on SQLite every other writer waits for it."""
OVERLAP = timedelta(minutes=5)
"""Steps are written down in another order than they happen: a statement lasts a minute at most, clocks differ."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = TimelineEntry.__table__  # type: ignore[attr-defined]
_NOW: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_PAST: Any = CaseMeasurePast.__table__  # type: ignore[attr-defined]
_STAGES: Any = StageMeasure.__table__  # type: ignore[attr-defined]
_STAGES_PAST: Any = StageMeasurePast.__table__  # type: ignore[attr-defined]
_UNTIL: Any = MeasuredUntil.__table__  # type: ignore[attr-defined]
_OF_CASES = tuple(one.name for one in fields(CaseVersion) if one.name != "until_at")
_OF_STAGES = tuple(one.name for one in fields(StageVersion) if one.name != "until_at")
_MOVED = or_(_NOW.c.case_id.is_(None), _NOW.c.measured_seq < _CASES.c.version)


# How far it is.


def until(session: Session) -> datetime | None:
    """Return how far the timelines are measured, but for steps that are being written down; None: not begun."""
    at: datetime | None = session.execute(select(_UNTIL.c.at)).scalar()
    return None if at is None or at == BEGINNING else at


def settled_until(session: Session) -> datetime | None:
    """Return the moment as of which, and as of any earlier one, numbers never change again; None: not begun."""
    at = until(session)
    return None if at is None else at - OVERLAP


def is_behind(session: Session) -> bool:
    """Return whether a case moved that is not measured yet (a read; takes no lock)."""
    since = session.execute(select(_UNTIL.c.at)).scalar() or BEGINNING
    return session.execute(_moved(_since(since)).limit(1)).first() is not None


def _since(at: datetime) -> ColumnElement[bool]:
    return _CASES.c.changed_at > at - OVERLAP if at > BEGINNING else _CASES.c.id.is_not(None)  # type: ignore[no-any-return]


def _moved(*where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select
    those = (*where, apart.not_routine(_CASES.c), _MOVED)
    return select(_CASES.c.id).outerjoin(_NOW, _NOW.c.case_id == _CASES.c.id).where(*those)


# Measuring.


def catch_up(session: Session, *, at: datetime, most: int = AT_ONCE, everything: bool = False) -> int:
    """Measure up to `most` cases that moved and return how many; 0 also while another worker measures.

    `everything` looks at every case and not at those alone that moved since: entries may have been written with
    moments of long ago (a loaded city). It goes through them by their opening, call after call, also after a stop.
    """
    held = hold(session)
    if held is None:
        return 0
    if everything or held.at == BEGINNING:
        return _look_through(session, held, at=at, most=most)
    # Those opened together are kept together.
    look = _moved(_since(held.at)).order_by(_CASES.c.opened_at, _CASES.c.id)
    ids = list(session.execute(look.limit(most)).scalars())
    measure(session, ids)
    if len(ids) < most and at > held.at:
        session.execute(update(_UNTIL).values(at=at))
    return len(ids)


def _look_through(session: Session, held: Any, *, at: datetime, most: int) -> int:  # noqa: ANN401 - a row
    """Measure the next cases that are behind, by their opening."""
    look = _moved(_CASES.c.opened_at >= (held.looked_to or BEGINNING)).add_columns(_CASES.c.opened_at)
    found = session.execute(look.order_by(_CASES.c.opened_at, _CASES.c.id).limit(most)).all()
    measure(session, [row.id for row in found])
    since = held.looking_since or at
    if len(found) == most:
        session.execute(update(_UNTIL).values(looked_to=found[-1].opened_at, looking_since=since))
    else:  # what moved meanwhile among those looked at first is found by its moment, after `since`
        session.execute(update(_UNTIL).values(looked_to=None, looking_since=None, at=max(held.at, since)))
    return len(found)


def hold(session: Session) -> Any:  # noqa: ANN401 - a row
    """Return how far it is and keep others from measuring; None when somebody else is at it."""
    query = select(_UNTIL).where(_UNTIL.c.id == 1)
    if session.execute(query).first() is None:
        beginning = _dialect(session).insert(_UNTIL).on_conflict_do_nothing(index_elements=["id"])
        session.connection().execute(beginning, {"id": 1, "at": BEGINNING})
    return session.execute(query.with_for_update(skip_locked=True)).first()


def begin_anew(session: Session) -> None:
    """Have the next one who measures look at every case: some were written with moments of long ago (a loaded city)."""
    session.execute(update(_UNTIL).values(at=BEGINNING, looked_to=None, looking_since=None))


def measure(session: Session, ids: Collection[UUID], *, anew: bool = False) -> None:
    """Write what the timelines of these cases say; only who holds `measured_until` may.

    Rows of the past that are there already stay as they are; `anew` writes those too.
    """
    if not ids:
        return
    found = measured_of(session, ids)
    if anew:
        for table in (_NOW, _PAST, _STAGES, _STAGES_PAST):
            session.execute(delete(table).where(table.c.case_id.in_(list(ids))))
    dialect = _dialect(session)
    for table, found_rows in rows(found).items():
        if found_rows:
            adding = dialect.insert(table)
            keys = [column.name for column in table.primary_key]
            if table in (_PAST, _STAGES_PAST):
                written = adding.on_conflict_do_nothing(index_elements=keys)
            else:
                fresh = {name: adding.excluded[name] for name in found_rows[0] if name not in keys}
                written = adding.on_conflict_do_update(index_elements=keys, set_=fresh)
            session.connection().execute(written, found_rows)
    pasts = [version for _, versions in found.values() for version in versions.cases]
    measured_days.numbered(session, measured_days.names_in(pasts, ()))  # for reports as of a moment of the past
    pack_days(session, {(process, day_of(versions.cases[0].opened_at)) for process, versions in found.values()})


def rows(found: Mapping[UUID, tuple[str, Measured]]) -> dict[Any, list[dict[str, Any]]]:
    """Return table → the rows that these timelines make."""
    made: dict[Any, list[dict[str, Any]]] = {_NOW: [], _PAST: [], _STAGES: [], _STAGES_PAST: []}
    for case_id, (process, versions) in found.items():
        for version in versions.cases:
            row = case_row(case_id, process, version)
            if version.until_at is None:
                made[_NOW].append({**row, "measured_seq": versions.seq})
            else:
                made[_PAST].append({**row, "until_at": version.until_at})
        for stage in versions.stages:
            row = stage_row(case_id, process, stage)
            if stage.until_at is None:
                made[_STAGES].append(row)
            else:
                made[_STAGES_PAST].append({**row, "until_at": stage.until_at})
    return made


def case_row(case_id: UUID, process: str, version: CaseVersion) -> dict[str, Any]:
    """Return a version of a case as its table has it."""
    row = {name: getattr(version, name) for name in _OF_CASES}
    return {"case_id": case_id, "process": process, "opened_on": day_of(version.opened_at), **row}


def stage_row(case_id: UUID, process: str, version: StageVersion) -> dict[str, Any]:
    """Return a version of a run as its table has it."""
    return {"case_id": case_id, "process": process, **{name: getattr(version, name) for name in _OF_STAGES}}


def measured_of(
    session: Session, ids: Collection[UUID], *, up_to: Mapping[UUID, int] | None = None
) -> dict[UUID, tuple[str, Measured]]:
    """Return case id → its process and everything its timeline says; those without any entry are left out.

    `up_to`: case id → the last entry that is read; none of those that are not in it.
    """
    processes: dict[UUID, str] = dict(
        session.execute(select(_CASES.c.id, _CASES.c.process).where(_CASES.c.id.in_(list(ids)))).tuples().all()
    )
    query = select(_ENTRIES).where(_ENTRIES.c.case_id.in_(list(ids)))
    timelines: dict[UUID, list[Any]] = defaultdict(list)
    for entry in session.execute(query.order_by(_ENTRIES.c.case_id, _ENTRIES.c.seq)):
        if up_to is None or entry.seq <= up_to.get(entry.case_id, 0):
            timelines[entry.case_id].append(entry)
    then = _register_then(session, timelines.values())
    return {
        case_id: (
            processes[case_id],
            measured.measure(workflow_of(processes[case_id]), timelines[case_id], then=then),
        )
        for case_id in ids
        if case_id in timelines
    }


def _register_then(session: Session, timelines: Iterable[Sequence[Any]]) -> RegisterThen:
    """Return what the register said, for those entries that did not keep it yet."""
    found = [entry.decided.get("columns", {}) for entries in timelines for entry in entries]
    people = {UUID(one["assignee_id"]) for one in found if one.get("assignee_id") and "organisation_id" not in one}
    venues = {UUID(one["venue_id"]) for one in found if one.get("venue_id") and "industry" not in one}
    posts = belonging.Posts(session, people, with_record=True) if people else None
    industries = belonging.Industries(session, venues) if venues else None
    nothing = RegisterThen()
    return RegisterThen(
        posts.organisation if posts else nothing.organisation_of,
        industries.industry if industries else nothing.industry_of,
    )


# Days as reports read them.


def pack_days(session: Session, days: Collection[tuple[str, date]]) -> None:
    """Pack these days of these processes anew from their rows."""
    read = [(process, day, *rows_of(session, process, day)) for process, day in sorted(days)]
    names = {name for _, _, cases, stages in read for name in measured_days.names_in(cases, stages)}
    numbers = measured_days.numbered(session, names)
    measured_days.store(session, [measured_days.pack(*one, numbers=numbers) for one in read])


def rows_of(
    session: Session, process: str, day: date, *, until: date | None = None, as_of: datetime | None = None
) -> tuple[list[Any], list[Any]]:
    """Return the cases opened that day, by id, and their runs: as they are, or as they were at a moment.

    With `until`: opened on any day up to that one.
    """
    between = day_between(day)[0], day_between(until or day)[1]
    cases = session.execute(_true_at(_NOW, _PAST, process, between, as_of).order_by("case_id")).all()
    stages = session.execute(
        _true_at(_STAGES, _STAGES_PAST, process, between, as_of).order_by("case_id", "stage", "run")
    ).all()
    return list(cases), list(stages)


def day_between(day: date) -> tuple[datetime, datetime]:
    """Return when a day of the city begins and when it is over (UTC)."""
    zone = city_zone()
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return begins, datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _true_at(now: Any, past: Any, process: str, between: tuple[datetime, datetime], as_of: datetime | None) -> Any:  # noqa: ANN401 - tables, a select
    """Return the select of the rows that stood at a moment; None: that stand."""

    def opened(table: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a table
        return and_(table.c.process == process, table.c.opened_at >= between[0], table.c.opened_at < between[1])

    names = [column.name for column in past.c if column.name != "until_at"]
    present = select(*(now.c[name] for name in names)).where(opened(now))
    if as_of is None:
        return present
    before = select(*(past.c[name] for name in names)).where(
        opened(past), past.c.from_at <= as_of, past.c.until_at > as_of
    )
    return union_all(present.where(now.c.from_at <= as_of), before)


def day_of(at: datetime) -> date:
    """Return the city's day of a moment."""
    return at.astimezone(city_zone()).date()


def _dialect(session: Session) -> Any:  # noqa: ANN401 - a module
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
