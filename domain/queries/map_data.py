"""The numbers of the map: cases of some months by area, per 100 registered venues, within what somebody may count.

Nothing counted and nothing known are told apart: an area without a case has 0, an area without registered venues, or
months from before the records begin, have no number at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy import case as when
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.language import Label
from domain.models import Area, CaseMeasure, MeasuredUntil, Venue
from domain.processes import LISTED
from domain.queries.shades import Shade, shade_of, shades_of
from domain.settings import city_zone

Level = Literal["province", "city", "district", "street", "grid"]
LEVELS: tuple[Level, ...] = ("province", "city", "district", "street", "grid")
LEVEL_LABELS: Mapping[str, Label] = {
    "province": Label("省", "Province"),
    "city": Label("市", "City"),
    "district": Label("区县", "District"),
    "street": Label("街道（乡镇）", "Street or town"),
    "grid": Label("网格", "Grid"),
}
MEASURES: Mapping[str, Label] = {
    "opened": Label("新增案件", "Cases opened"),
    "open": Label("其中未办结", "Of these still open"),
    "overdue": Label("其中已逾期未结", "Of these overdue now"),
    "fixed": Label("其中已核实整改", "Of these verified fixed"),
    "unproven": Label("其中未查实", "Of these unproven"),
    "reopened": Label("其中重新核查", "Of these reopened"),
}
"""What the map can show; all of them of the cases opened in the months chosen."""

NOT_BEGUN = datetime(1970, 1, 2, tzinfo=UTC)
"""The row of how far the timelines are measured is there before anything is."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_UNTIL: Any = MeasuredUntil.__table__  # type: ignore[attr-defined]


class Empty(StrEnum):
    """Why there is no number."""

    NO_VENUES = "no_venues"
    BEFORE_RECORDS = "before_records"
    NOT_MEASURED = "not_measured"


EMPTY_LABELS: Mapping[Empty, Label] = {
    Empty.NO_VENUES: Label("无数据：没有登记场所", "No data: no registered venue"),
    Empty.BEFORE_RECORDS: Label("无数据：早于最早的记录", "No data: before the records begin"),
    Empty.NOT_MEASURED: Label("无数据：尚未统计", "No data: not counted yet"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a map shows: whole days of the city, both included."""

    level: Level
    from_on: date
    until_on: date
    measure: str = "opened"
    process: str | None = "hazard_report"
    """None: every process."""
    hazard: str | None = None
    per_venues: bool = True
    """Per 100 registered venues; else the plain count."""

    @property
    def begins_at(self) -> datetime:
        """Return the first moment of the period (UTC)."""
        return datetime.combine(self.from_on, time(), city_zone()).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """Return the first moment after the period (UTC)."""
        return datetime.combine(self.until_on + timedelta(days=1), time(), city_zone()).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Figure:
    """One area of the map and its number."""

    code: str
    name: str
    name_en: str
    venues: int
    """Registered venues open on the last day, as far as one may know of them."""
    counts: Mapping[str, int]
    """Measure → cases."""
    value: float | None
    """What the map colours: the rate or the count; None: no data, `empty` says why."""
    empty: Empty | None = None
    shade: int | None = None
    """0 for none at all, else the `depth` of its class of `Figures.shades`; None without data."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A map's numbers."""

    asked: Asked
    measured_until: datetime | None
    areas: tuple[Figure, ...]
    shades: tuple[Shade, ...]
    rest: Mapping[str, int] = field(default_factory=dict)
    """Measure → cases within reach that lie in none of the areas, such as those nobody has placed yet."""
    total: Mapping[str, int] = field(default_factory=dict)


def figures(session: Session, actor: Actor, asked: Asked, *, at: datetime) -> Figures:
    """Return the numbers of every area of the level that lies within the actor's reach."""
    areas = inside(session, actor)
    known = empty_period(session, asked)
    homes = homes_of(areas, asked.level)
    counted = _counts(session, actor, asked, at) if known is None else {}
    venues = _venues(session, actor, min(asked.until_on, at.astimezone(city_zone()).date()))
    sums: dict[UUID | None, dict[str, int]] = {}
    for area_id, numbers in counted.items():
        into = sums.setdefault(homes.get(area_id) if area_id else None, dict.fromkeys(MEASURES, 0))
        for name, number in numbers.items():
            into[name] += number
    there: dict[UUID | None, int] = {}
    for area_id, number in venues.items():
        there[homes.get(area_id)] = there.get(homes.get(area_id), 0) + number
    nothing = dict.fromkeys(MEASURES, 0)
    shown = [area for area in areas if area.level == asked.level and _stands(area, asked.from_on)]
    plain = [
        _figure(area, there.get(area.id, 0), sums.get(area.id, nothing), asked, known) for area in shown
    ]  # fmt: skip
    shades = shades_of([one.value for one in plain if one.value])
    return Figures(
        asked,
        measured_until(session),
        tuple(_shaded(one, shades) for one in plain),
        shades,
        rest=sums.get(None, nothing),
        total={name: sum(numbers[name] for numbers in sums.values()) for name in MEASURES},
    )


def levels(session: Session, actor: Actor) -> tuple[Level, ...]:
    """Return the levels of which at least one whole area lies within the actor's reach, the widest first."""
    there = {area.level for area in inside(session, actor)}
    return tuple(level for level in LEVELS if level in there)


def usual_level(session: Session, actor: Actor) -> Level:
    """Return the widest level with more than one area to compare; "grid" where there is nothing to compare."""
    held = [area.level for area in inside(session, actor)]
    several = [level for level in LEVELS if held.count(level) > 1]
    there = [level for level in LEVELS if level in held]
    return (several or there[-1:] or ["grid"])[0]


def measured_until(session: Session) -> datetime | None:
    """Return up to when the timelines are measured; None while nothing is."""
    at: datetime | None = session.execute(select(_UNTIL.c.at)).scalar()
    return at if at is not None and at > NOT_BEGUN else None


def records_begin(session: Session) -> datetime | None:
    """Return when the first case was opened; None while there is none."""
    begins = [
        session.execute(select(func.min(_CASES.c.opened_at)).where(_CASES.c.process == process)).scalar()
        for process in LISTED  # one look at the index each, not a walk over every case
    ]
    return min((one for one in begins if one is not None), default=None)


def empty_period(session: Session, asked: Asked) -> Empty | None:
    """Return why nothing can be said of the whole period; None where something can."""
    until = measured_until(session)
    if until is None or until < asked.begins_at:
        return Empty.NOT_MEASURED
    begins = records_begin(session)
    return Empty.BEFORE_RECORDS if begins is None or begins >= asked.ends_at else None


def in_period(asked: Asked, columns: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - columns of measures
    """Return the conditions that leave the cases asked for; `process` comes first, as in the index."""
    processes = [asked.process] if asked.process else list(LISTED)
    found = [columns.process.in_(processes), columns.opened_at >= asked.begins_at, columns.opened_at < asked.ends_at]
    if asked.hazard:
        found.append(columns.hazard_code == asked.hazard)
    return tuple(found)


def measure_of(name: str, at: datetime, columns: Any = _CASES.c) -> ColumnElement[bool]:  # noqa: ANN401 - as above
    """Return which cases a measure counts."""
    conditions: dict[str, ColumnElement[bool]] = {
        "opened": columns.process.is_not(None),
        "open": columns.ended_at.is_(None),
        "overdue": and_(columns.ended_at.is_(None), columns.due_at < at),
        "fixed": columns.result == "fixed",
        "unproven": columns.result == "unproven",
        "reopened": columns.reopened > 0,
    }
    return conditions[name]


def _counts(session: Session, actor: Actor, asked: Asked, at: datetime) -> dict[UUID | None, dict[str, int]]:
    sums = [func.sum(when((measure_of(name, at), 1), else_=0)) for name in MEASURES]
    query = (
        select(_CASES.c.area_id, *sums)
        .where(*in_period(asked, _CASES.c), access.counted(actor, _CASES.c))
        .group_by(_CASES.c.area_id)
    )
    return {row[0]: dict(zip(MEASURES, map(int, row[1:]), strict=True)) for row in session.execute(query)}


def _venues(session: Session, actor: Actor, day: date) -> dict[UUID, int]:
    open_then = (_VENUES.c.opened_on <= day, or_(_VENUES.c.closed_on.is_(None), _VENUES.c.closed_on > day))
    query = select(_VENUES.c.area_id, func.count()).where(access.venues_visible(actor), *open_then)
    return dict(session.execute(query.group_by(_VENUES.c.area_id)).tuples().all())


def inside(session: Session, actor: Actor) -> Sequence[Area]:
    """Return the areas that lie wholly within the actor's reach."""
    paths = access.area_paths(actor)
    query = select(Area).order_by(_AREAS.c.path)
    if None not in paths:
        within = [func.substr(_AREAS.c.path, 1, len(path)) == path for path in paths if path]
        query = query.where(or_(*within) if within else _AREAS.c.id.is_(None))
    return session.execute(query).scalars().all()


def homes_of(areas: Iterable[Area], level: str) -> dict[UUID, UUID]:
    """Return area → the area of that level it lies in, for those that lie in one."""
    listed = list(areas)
    homes = {area.path: area.id for area in listed if area.level == level}
    found: dict[UUID, UUID] = {}
    for area in listed:
        parts = area.path.split("/")
        for length in range(1, len(parts)):
            if (home := homes.get("/".join(parts[:length]) + "/")) is not None:
                found[area.id] = home
    return found


def _stands(area: Area, day: date) -> bool:
    return area.ended_on is None or area.ended_on > day


def _figure(area: Area, venues: int, counts: Mapping[str, int], asked: Asked, known: Empty | None) -> Figure:
    empty = known or (Empty.NO_VENUES if asked.per_venues and not venues else None)
    value = None
    if empty is None:
        value = 100 * counts[asked.measure] / venues if asked.per_venues else float(counts[asked.measure])
    return Figure(area.code, area.name, area.name_en, venues, counts, value, empty)


def _shaded(one: Figure, shades: Sequence[Shade]) -> Figure:
    shade = None if one.value is None else shade_of(one.value, shades)
    return Figure(one.code, one.name, one.name_en, one.venues, one.counts, one.value, one.empty, shade)
