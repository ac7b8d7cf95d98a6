"""The cockpit's numbers: today, what is due and overdue, thirty days of cases, within what somebody may count.

Everything is None, not zero, while nothing is measured; a share of nothing is None as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy import case as when
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.models import Area, Case, CaseMeasure, StageMeasure, Venue
from domain.processes import WORKFLOWS
from domain.queries import map_data
from domain.queries.shares import Share
from domain.settings import city_zone

DAYS = 30
"""Days of the trend, today among them; kinds, areas and shares are of the cases opened in them."""
MOST_KINDS = 8
MOST_ALARMS = 5
ALARM = "alarm"
"""The process of alarms, by whatever source they come in."""

_CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_STAGES: Any = StageMeasure.__table__  # type: ignore[attr-defined]
_LIVE: Any = Case.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Now:
    """What stands open at the moment."""

    open: int = 0
    overdue: int = 0
    due_today: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """A hazard and how often it was reported; `code` None: not named yet, or all the others together."""

    code: str | None
    count: int
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One area: its cases of the thirty days, what stands open, and its shares."""

    code: str
    name: str
    name_en: str
    opened: int
    now: Now
    on_time: Share
    discovery: Share


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the trend; None before the records begin."""

    on: date
    opened: int | None
    ended: int | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is being dealt with."""

    number: str
    opened_at: datetime
    state: str
    place: str
    place_en: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms that are being dealt with, the newest first; `connected`: whether any could come in at all."""

    connected: bool
    count: int = 0
    newest: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class Cockpit:
    """Everything the cockpit shows."""

    at: datetime
    measured_until: datetime | None
    from_on: date
    """The first of the thirty days."""
    today: date
    opened_today: int | None
    now: Now | None
    on_time: Share
    discovery: Share
    kinds: tuple[Kind, ...]
    level: map_data.Level
    areas: tuple[AreaLine, ...]
    days: tuple[Day, ...]
    alarms: Alarms


def cockpit(session: Session, actor: Actor, *, at: datetime) -> Cockpit:
    """Return the numbers for this actor at that moment."""
    today = at.astimezone(city_zone()).date()
    first = today - timedelta(days=DAYS - 1)
    level = map_data.usual_level(session, actor)
    until = map_data.measured_until(session)
    alarms = _alarms(session, actor)
    if until is None:
        days = tuple(Day(first + timedelta(days=number), None, None) for number in range(DAYS))
        return Cockpit(at, None, first, today, None, None, Share(0, 0), Share(0, 0), (), level, (), days, alarms)
    mine = access.counted(actor, _CASES.c)
    opened, by_day = _opened(session, *_window(first), mine)
    standing = _standing(session, mine, at, today)
    # Said of both tables, or one of them would be read whole.
    shares = on_time_by(session, _CASES.c.area_id, *_window(first, _STAGES.c), *_window(first), mine, at=at)
    days = _days(session, mine, first, by_day)
    return Cockpit(
        at, until, first, today, days[-1].opened, _sum(standing.values()), _share(shares.values()),
        Share(sum(row[2] for row in opened.values()), sum(row[1] for row in opened.values())),
        _kinds(session, mine, first), level,
        _areas(map_data.inside(session, actor), level, opened, standing, shares), days, alarms,
    )  # fmt: skip


def midnight(day: date) -> datetime:
    """Return when a day of the city begins (UTC)."""
    return datetime.combine(day, time(), city_zone()).astimezone(UTC)


def _window(first: date, columns: Any = _CASES.c) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - of measures
    return (columns.process.in_(list(WORKFLOWS)), columns.opened_at >= midnight(first))


def found(columns: Any = _CASES.c) -> tuple[ColumnElement[int], ColumnElement[int]]:  # noqa: ANN401 - of measures
    """Return two sums over reports of hazards: how many were checked, and in how many a hazard was found."""
    of_reports = columns.process == "hazard_report"
    checked = and_(of_reports, columns.result.in_(("fixed", "fixing", "unproven")))
    return _count(checked), _count(and_(of_reports, columns.result.in_(("fixed", "fixing"))))


def on_time_by(
    session: Session,
    by: Any,  # noqa: ANN401 - a column of the cases' measures
    *where: ColumnElement[bool],
    at: datetime,
) -> dict[UUID | None, Share]:
    """Return key → deadlines kept among those decided: done, given up after their time, or over."""
    stages = _STAGES.c
    kept = and_(stages.fulfilled.is_(True), stages.stopped_at <= stages.due_at)
    over = and_(stages.stopped_at.is_(None), stages.paused.is_(False), stages.due_at < at)
    query = (
        select(by, _count(kept), _count(or_(kept, over, stages.stopped_at > stages.due_at)))
        .select_from(_STAGES.join(_CASES, _CASES.c.case_id == stages.case_id))
        .where(*where)
        .group_by(by)
    )
    return {row[0]: Share(int(row[1]), int(row[2])) for row in session.execute(query)}


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(when((condition, 1), else_=0)), 0)


def _opened(
    session: Session, *where: ColumnElement[bool]
) -> tuple[dict[UUID | None, tuple[int, int, int]], dict[date, int]]:
    """Return area → cases opened, checked, found; and day → cases opened: of one walk over the rows."""
    place = (_CASES.c.area_id, _CASES.c.opened_on)
    by_area: dict[UUID | None, tuple[int, int, int]] = {}
    by_day: dict[date, int] = {}
    for area_id, day, *sums in session.execute(select(*place, func.count(), *found()).where(*where).group_by(*place)):
        opened, checked, hazards = by_area.get(area_id, (0, 0, 0))
        by_area[area_id] = (opened + int(sums[0]), checked + int(sums[1]), hazards + int(sums[2]))
        by_day[day] = by_day.get(day, 0) + int(sums[0])
    return by_area, by_day


def _standing(session: Session, mine: ColumnElement[bool], at: datetime, today: date) -> dict[UUID | None, Now]:
    tomorrow = midnight(today + timedelta(days=1))  # what is due then is due today, at 24:00
    open_now = (_CASES.c.ended_at.is_(None), _CASES.c.process.in_(list(WORKFLOWS)), mine)
    counted = select(_CASES.c.area_id, func.count()).where(*open_now).group_by(_CASES.c.area_id)
    late = _CASES.c.due_at < at
    due = (
        select(_CASES.c.area_id, _count(late), _count(~late))
        .where(*open_now, _CASES.c.due_at <= tomorrow)
        .group_by(_CASES.c.area_id)
    )
    dues = {row[0]: (int(row[1]), int(row[2])) for row in session.execute(due)}
    return {row[0]: Now(int(row[1]), *dues.get(row[0], (0, 0))) for row in session.execute(counted)}


def _kinds(session: Session, mine: ColumnElement[bool], first: date) -> tuple[Kind, ...]:
    number = func.count()
    query = (
        select(_CASES.c.hazard_code, number)
        .where(_CASES.c.process == "hazard_report", _CASES.c.opened_at >= midnight(first), mine)
        .group_by(_CASES.c.hazard_code)
        .order_by(number.desc(), _CASES.c.hazard_code)
    )
    rows = [Kind(code, int(count)) for code, count in session.execute(query)]
    rest = sum(one.count for one in rows[MOST_KINDS:])
    return (*rows[:MOST_KINDS], *([Kind(None, rest, is_rest=True)] if rest else []))


def _days(session: Session, mine: ColumnElement[bool], first: date, opened: Mapping[date, int]) -> tuple[Day, ...]:
    where = (_CASES.c.process.in_(list(WORKFLOWS)), mine)
    listed = [first + timedelta(days=number) for number in range(DAYS)]
    ends = _CASES.c.ended_at
    sums = [_count(and_(ends >= midnight(day), ends < midnight(day + timedelta(days=1)))) for day in listed]
    ended = session.execute(select(*sums).where(*where, ends >= midnight(first))).one()
    begins = map_data.records_begin(session)
    known = begins.astimezone(city_zone()).date() if begins else None
    return tuple(
        Day(day, opened.get(day, 0), int(count)) if known and day >= known else Day(day, None, None)
        for day, count in zip(listed, ended, strict=True)
    )


def _areas(
    areas: Sequence[Area],
    level: map_data.Level,
    opened: Mapping[UUID | None, tuple[int, int, int]],
    standing: Mapping[UUID | None, Now],
    shares: Mapping[UUID | None, Share],
) -> tuple[AreaLine, ...]:
    homes = map_data.homes_of(areas, level)
    within: dict[UUID, list[UUID]] = {}
    for area_id, home in homes.items():
        within.setdefault(home, []).append(area_id)
    lines = []
    for area in (one for one in areas if one.level == level):
        parts = within.get(area.id, [])
        rows = [opened.get(part, (0, 0, 0)) for part in parts]
        lines.append(
            AreaLine(
                area.code, area.name, area.name_en, sum(row[0] for row in rows),
                _sum(standing[part] for part in parts if part in standing),
                _share(shares[part] for part in parts if part in shares),
                Share(sum(row[2] for row in rows), sum(row[1] for row in rows)),
            )
        )  # fmt: skip
    return tuple(lines)


def _sum(parts: Any) -> Now:  # noqa: ANN401 - several
    listed = list(parts)
    return Now(*(sum(getattr(one, name) for one in listed) for name in ("open", "overdue", "due_today")))


def _share(parts: Any) -> Share:  # noqa: ANN401 - several
    listed = list(parts)
    return Share(sum(one.part for one in listed), sum(one.whole for one in listed))


def _alarms(session: Session, actor: Actor) -> Alarms:
    """Return the alarms as they stand in the cases themselves: nobody waits for them to be measured."""
    there = select(_LIVE.c.id).where(_LIVE.c.process == ALARM).limit(1)
    if ALARM not in WORKFLOWS and session.execute(there).first() is None:
        return Alarms(connected=False)
    mine = (_LIVE.c.process == ALARM, _LIVE.c.closed_at.is_(None), access.visible(actor))
    count = int(session.execute(select(func.count()).select_from(_LIVE).where(*mine)).scalar_one())
    query = (
        select(_LIVE.c.number, _LIVE.c.opened_at, _LIVE.c.state, _LIVE.c.place, _VENUES.c.name, _VENUES.c.name_en)
        .outerjoin(_VENUES, _VENUES.c.id == _LIVE.c.venue_id)
        .where(*mine)
        .order_by(_LIVE.c.opened_at.desc(), _LIVE.c.id.desc())
        .limit(MOST_ALARMS)
    )
    newest = tuple(
        Alarm(row.number, row.opened_at, row.state, row.name or row.place or "", row.name_en or "")
        for row in session.execute(query)
    )
    return Alarms(connected=True, count=count, newest=newest)
