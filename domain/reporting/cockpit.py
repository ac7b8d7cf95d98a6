"""The cockpit's numbers: today, what is due and overdue, thirty days of cases, within what somebody may count.

Everything is None, not zero, while nothing is measured; a share of nothing is None as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, ColumnElement, and_, cast, func, select
from sqlalchemy import case as when
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.language import Label
from domain.models import Area, Case, CaseMeasure, Venue
from domain.processes import LISTED
from domain.queries import map_data
from domain.queries.shares import Share, together
from domain.reporting import reach
from domain.rights import RIGHTS, Right
from domain.settings import city_zone

if TYPE_CHECKING:
    from domain.reporting.month import AreaMonth

DAYS = 30
"""Days of the trend, today among them; kinds, areas and shares are of the cases opened in them."""
MOST_KINDS = 8
MOST_ALARMS = 5
ALARM = "alarm"
"""The process of alarms, by whatever source they come in."""

_CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
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
    where: Label
    """Whose numbers they are: the areas within reach."""
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
    where = reach.in_words(session, reach.of(session, actor, Right.SEE_FIGURES))
    if until is None:
        days = tuple(Day(first + timedelta(days=number), None, None) for number in range(DAYS))
        return Cockpit(at, where, None, first, today, None, None, Share(), Share(), (), level, (), days, alarms)
    from domain.reporting.month import Month  # noqa: PLC0415 - numpy: 0.1 s and 20 MB that few parts need

    mine = access.counted(actor, _CASES.c)
    month = Month(session, actor, from_on=first, until_on=today, at=min(at, until), roles=RIGHTS[Right.SEE_FIGURES])
    by_area, standing = month.by_area(), _standing(session, mine, at, today)
    days = _days(session, mine, first, month.by_day())
    return Cockpit(
        at, where, until, first, today, days[-1].opened, _sum(standing.values()),
        together(one.on_time for one in by_area.values()), together(one.discovery for one in by_area.values()),
        _kinds(month.by_hazard()), level,
        _areas(map_data.inside(session, actor), level, by_area, standing), days, alarms,
    )  # fmt: skip


def midnight(day: date) -> datetime:
    """Return when a day of the city begins (UTC)."""
    return datetime.combine(day, time(), city_zone()).astimezone(UTC)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(when((condition, 1), else_=0)), 0)


def _standing(session: Session, mine: ColumnElement[bool], at: datetime, today: date) -> dict[UUID | None, Now]:
    tomorrow = midnight(today + timedelta(days=1))  # what is due then is due today, at 24:00
    cases = _CASES.c
    late, soon = cases.due_at < at, and_(cases.due_at >= at, cases.due_at <= tomorrow)
    query = (
        select(cases.area_id, func.count(), _count(late), _count(soon))
        .where(cases.ended_at.is_(None), cases.process.in_(list(LISTED)), mine)
        .group_by(cases.area_id)
    )
    return {row[0]: Now(*map(int, row[1:])) for row in session.execute(query)}


def _kinds(counts: Mapping[str | None, int]) -> tuple[Kind, ...]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0] is None, one[0] or ""))
    rest = sum(count for _, count in ordered[MOST_KINDS:])
    named = tuple(Kind(code, count) for code, count in ordered[:MOST_KINDS])
    return (*named, *([Kind(None, rest, is_rest=True)] if rest else []))


def _days(session: Session, mine: ColumnElement[bool], first: date, opened: Mapping[date, int]) -> tuple[Day, ...]:
    listed = [first + timedelta(days=number) for number in range(DAYS)]
    ended = _ended(session, mine, listed)
    begins = map_data.records_begin(session)
    known = begins.astimezone(city_zone()).date() if begins else None
    return tuple(
        Day(day, opened.get(day, 0), ended.get(day, 0)) if known and day >= known else Day(day, None, None)
        for day in listed
    )


def _ended(session: Session, mine: ColumnElement[bool], days: Sequence[date]) -> dict[date, int]:
    """Return day → cases that ended on it, whenever they were opened."""
    bounds = [midnight(day) for day in (*days, days[-1] + timedelta(days=1))]
    ends, number = _CASES.c.ended_at, func.count()
    where = (ends >= bounds[0], ends < bounds[-1], _CASES.c.process.in_(list(LISTED)), mine)
    if session.get_bind().dialect.name == "postgresql":
        place = func.width_bucket(ends, cast(bounds, ARRAY(TIMESTAMP(timezone=True)))) - 1
    else:
        place = when(*((ends < bound, index) for index, bound in enumerate(bounds[1:])))
    counted = session.execute(select(place, number).where(*where).group_by(place))
    return {days[row[0]]: int(row[1]) for row in counted}


def _areas(
    areas: Sequence[Area],
    level: map_data.Level,
    months: Mapping[UUID | None, AreaMonth],
    standing: Mapping[UUID | None, Now],
) -> tuple[AreaLine, ...]:
    homes = map_data.homes_of(areas, level)
    within: dict[UUID, list[UUID]] = {}
    for area_id, home in homes.items():
        within.setdefault(home, []).append(area_id)
    lines = []
    for area in (one for one in areas if one.level == level):
        parts = within.get(area.id, [])
        rows = [months[part] for part in parts if part in months]
        lines.append(
            AreaLine(
                area.code, area.name, area.name_en, sum(row.opened for row in rows),
                _sum(standing[part] for part in parts if part in standing),
                together(row.on_time for row in rows), together(row.discovery for row in rows),
            )
        )  # fmt: skip
    return tuple(lines)


def _sum(parts: Any) -> Now:  # noqa: ANN401 - several
    listed = list(parts)
    return Now(*(sum(getattr(one, name) for one in listed) for name in ("open", "overdue", "due_today")))


def _alarms(session: Session, actor: Actor) -> Alarms:
    """Return the alarms as they stand in the cases themselves: nobody waits for them to be measured."""
    there = select(_LIVE.c.id).where(_LIVE.c.process == ALARM).limit(1)
    if ALARM not in LISTED and session.execute(there).first() is None:
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
