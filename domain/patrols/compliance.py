"""How patrols are kept: counted from the tasks themselves, by area, venue, person, frequency, checklist and item.

A task counts on its day (`PatrolTask.day`). The rate is (done in time + excused) / (planned − cancelled): what is open
yet counts as not kept yet, what was carried out late stays late. Nothing is kept for counting: a month of two million
tasks is read by the index of its days, and the answers that failed by an index that holds no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlmodel import Session, col

from domain import catalogue
from domain.actors import Actor
from domain.language import Label
from domain.models import Area, ChecklistTemplate, ChecklistVersion, PatrolAnswer, PatrolTask, Person, Venue
from domain.patrols.asked import Asked, conditions
from domain.patrols.schedule import ROUNDS

PAGE_SIZE = 50
MOST_ITEMS = 30
"""So many of the items that fail most are shown."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
FIGURES: Mapping[str, ColumnElement[bool]] = {
    "planned": _TASKS.c.outcome.is_not(None),
    "in_time": _TASKS.c.outcome == "done",
    "late": _TASKS.c.outcome == "late",
    "missed": _TASKS.c.outcome == "missed",
    "excused": _TASKS.c.outcome == "excused",
    "cancelled": _TASKS.c.outcome == "cancelled",
    "open": _TASKS.c.outcome == "",
    "failed": _TASKS.c.failed > 0,
    "doubtful": _TASKS.c.doubts > 0,
    "contradictory": _TASKS.c.conflicts > 0,
}
"""Number of a tally → which tasks are behind it."""
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tasks, and what became of them."""

    planned: int = 0
    in_time: int = 0
    late: int = 0
    missed: int = 0
    excused: int = 0
    cancelled: int = 0
    open: int = 0
    failed: int = 0
    """Tasks with an answer that is not fine."""
    doubtful: int = 0
    """Tasks with a mark of doubt nobody has decided on."""
    contradictory: int = 0
    """Tasks on which two phones differ, until a person has decided."""

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(*(mine + theirs for mine, theirs in zip(_NUMBERS(self), _NUMBERS(other), strict=True)))

    @property
    def expected(self) -> int:
        """Return how many had to be kept: planned and not cancelled."""
        return self.planned - self.cancelled

    @property
    def kept(self) -> int:
        """Return how many were kept: done in time, or excused."""
        return self.in_time + self.excused

    @property
    def percent(self) -> float | None:
        """Return the rate in per cent with one decimal; None where nothing had to be kept."""
        return round(100 * self.kept / self.expected, 1) if self.expected else None


NOTHING = Tally()
_NAMES = tuple(one.name for one in fields(Tally))
_NUMBERS = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: whose it is, its words, its numbers."""

    key: str
    """A code to ask for it by, or an id; "" for what belongs to nobody in particular."""
    label: Label
    tally: Tally


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item that was not fine: how often, in how many tasks and venues, of how many that ask it."""

    code: str
    label: Label
    failures: int
    tasks: int
    venues: int
    asked: int

    @property
    def percent(self) -> float | None:
        """Return in how many per cent of the tasks that ask it something was not fine."""
        return round(100 * self.tasks / self.asked, 1) if self.asked else None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of a period at a glance."""

    whole: Tally
    rounds: Tally
    """Of the tasks that are judged by the gaps between rounds."""
    areas: tuple[Row, ...]
    """One level below what they have in common."""
    frequencies: tuple[Row, ...]
    templates: tuple[Row, ...]
    items: tuple[ItemRow, ...]
    """Those that fail most, first."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of lines, those with most checks not kept first; `next_cursor` gives the next one."""

    rows: tuple[Row, ...]
    next_cursor: str | None


def _sums() -> list[Any]:
    """Return one column per number of a tally."""
    return [
        func.count().label("planned"),
        *(func.sum(case((which, 1), else_=0)).label(name) for name, which in FIGURES.items() if name != "planned"),
    ]


def _tally(row: Any) -> Tally:  # noqa: ANN401 - a row
    return Tally(*(int(number or 0) for number in _NUMBERS(row)))


def overview(session: Session, asked: Asked, *, actor: Actor) -> Overview:
    """Count what is asked for, within the actor's reach, in one pass over its tasks and one over what failed."""
    by_area, groups = _groups(session, conditions(session, asked, actor=actor))
    versions = _folded(groups, lambda row: row.version_id)
    known = _versions(session, versions)
    templates = {version.id: template for version, template in known}
    by_template = _folded(groups, lambda row: templates[row.version_id].code)
    names = {template.code: Label(template.zh, template.en or template.zh) for template in templates.values()}
    order = list(catalogue.frequencies())
    by_frequency = _folded(groups, lambda row: row.frequency)
    return Overview(
        whole=sum(by_frequency.values(), NOTHING),
        rounds=_folded(groups, lambda row: row.kind).get(ROUNDS, NOTHING),
        areas=_areas(session, by_area, asked),
        frequencies=tuple(
            Row(key, _frequency(key), by_frequency[key])
            for key in sorted(by_frequency, key=lambda key: order.index(key) if key in order else len(order))
        ),
        templates=tuple(Row(code, names[code], by_template[code]) for code in sorted(by_template)),
        items=_items(session, conditions(session, asked, actor=actor), versions, [version for version, _ in known]),
    )


_OF_CHECKLISTS = ("frequency", "version_id", "kind")
_MARKS = {"failed": 1, "doubtful": 2, "contradictory": 4}
"""Number of a tally → its bit: one column to group by instead of three."""


def _groups(session: Session, where: Iterable[Any]) -> tuple[dict[UUID, Tally], list[tuple[Any, Tally]]]:
    """Return the counts by area, and those by frequency, version and kind.

    The tasks are passed over once, by several workers at a time, and counted into groups as fine as both need; these
    are added up where they are, a row per area being all that a city of eight thousand has sent over.
    """
    dimensions = (_TASKS.c.area_id, *(_TASKS.c[name] for name in _OF_CHECKLISTS), _TASKS.c.outcome)
    marks: Any = sum((case((FIGURES[name], bit), else_=0) for name, bit in _MARKS.items()), literal_column("0"))
    every = select(*dimensions, marks.label("marks")).where(*where).subquery("every")
    fine = select(*every.c, cast(func.count(), Integer).label("number")).group_by(*every.c).cte("fine")
    sums = [func.sum(case((which, fine.c.number), else_=0)).label(name) for name, which in _figures(fine.c).items()]
    area, keys = fine.c.area_id, [fine.c[name] for name in _OF_CHECKLISTS]
    by_area = select(area, *map(_nothing, keys), *sums).group_by(area)
    by_checklist = select(_nothing(area), *keys, *sums).group_by(*keys)
    rows = [(row, _tally(row)) for row in session.execute(union_all(by_area, by_checklist))]
    return (
        {row.area_id: tally for row, tally in rows if row.area_id is not None},
        [(row, tally) for row, tally in rows if row.area_id is None],
    )


def _nothing(column: Any) -> Any:  # noqa: ANN401 - columns
    """Return NULL in the place of a column."""
    return type_coerce(null(), column.type).label(column.name)


def _figures(fine: Any) -> dict[str, ColumnElement[bool]]:  # noqa: ANN401 - columns
    outcomes = {"in_time": "done", "late": "late", "missed": "missed", "excused": "excused", "cancelled": "cancelled",
                "open": ""}  # fmt: skip
    return {
        "planned": true(),
        **{name: fine.outcome == outcome for name, outcome in outcomes.items()},
        **{name: fine.marks.op("&")(bit) > 0 for name, bit in _MARKS.items()},
    }


def _folded(groups: Iterable[tuple[Any, Tally]], key: Callable[[Any], Key]) -> dict[Key, Tally]:
    """Return the sums by key; counted in lists, which takes a quarter of adding tallies."""
    found: defaultdict[Key, list[int]] = defaultdict(lambda: [0] * len(_NAMES))
    for row, tally in groups:
        held = found[key(row)]
        for place, number in enumerate(_NUMBERS(tally)):
            held[place] += number
    return {name: Tally(*sums) for name, sums in found.items()}


def _frequency(key: str) -> Label:
    known = catalogue.frequencies().get(key)
    return Label(known.zh, known.en) if known else Label(key, key)


def _versions(session: Session, ids: Iterable[UUID]) -> list[tuple[ChecklistVersion, ChecklistTemplate]]:
    query = select(ChecklistVersion, ChecklistTemplate).join(
        ChecklistTemplate, col(ChecklistTemplate.id) == col(ChecklistVersion.template_id)
    )
    return [tuple(row) for row in session.execute(query.where(col(ChecklistVersion.id).in_(list(ids))))]


# By area: what lies directly below the area asked for, or below what all of them have in common.


def _areas(session: Session, found: Mapping[UUID, Tally], asked: Asked) -> tuple[Row, ...]:
    query = select(col(Area.id), col(Area.path)).where(col(Area.id).in_(list(found)))
    paths: dict[UUID, str] = {row.id: row.path for row in session.execute(query)}
    if not paths:
        return ()
    top = session.get_one(Area, asked.area_id).path if asked.area_id else _common(paths.values())
    depth = top.count("/")
    rolled = _folded(((paths[area], tally) for area, tally in found.items()), lambda path: _cut(path, depth + 1))
    shown = session.execute(select(Area).where(col(Area.path).in_(list(rolled))).order_by(col(Area.path))).scalars()
    rows = [Row(area.code, Label(area.name, area.name_en or area.name), rolled[area.path]) for area in shown]
    return tuple(rows)


def _common(paths: Iterable[str]) -> str:
    """Return the longest path that all of these lie in."""
    first, *others = (path.split("/")[:-1] for path in paths)
    shared = 0
    while shared < len(first) and all(other[: shared + 1] == first[: shared + 1] for other in others):
        shared += 1
    return "".join(f"{part}/" for part in first[:shared])


def _cut(path: str, depth: int) -> str:
    return "".join(f"{part}/" for part in path.split("/")[:-1][:depth])


# By item: what was not fine.


def _items(
    session: Session, where: Iterable[Any], planned: Mapping[UUID, Tally], versions: Iterable[ChecklistVersion]
) -> tuple[ItemRow, ...]:
    counted = (
        select(_ANSWERS.c.item, func.count().label("failures"), func.count(_TASKS.c.case_id.distinct()).label("tasks"),
               func.count(_TASKS.c.venue_id.distinct()).label("venues"))
        .join(_TASKS, _TASKS.c.case_id == _ANSWERS.c.case_id)
        .where(*where, _TASKS.c.failed > 0, failed())
        .group_by(_ANSWERS.c.item)
        .order_by(func.count().desc(), _ANSWERS.c.item)
        .limit(MOST_ITEMS)
    )  # fmt: skip
    rows = session.execute(counted).all()
    asked: defaultdict[str, int] = defaultdict(int)
    words: dict[str, Label] = {}
    for version in sorted(versions, key=lambda version: version.number) if rows else ():
        tally = planned[version.id]
        for item in version.items:
            asked[item["code"]] += tally.expected
            words[item["code"]] = Label(item["zh"], item["en"])
    return tuple(
        ItemRow(row.item, words.get(row.item, Label(row.item, row.item)), row.failures, row.tasks, row.venues,
                asked[row.item])
        for row in rows
    )  # fmt: skip


def failed() -> ColumnElement[bool]:
    """Return the condition on `patrol_answer` that leaves what stands and is not fine, as its index has it."""
    return and_(_ANSWERS.c.stands, _ANSWERS.c.outcome == "fail")


# By venue and by person, page by page: there are many.


def by_venue(session: Session, asked: Asked, *, actor: Actor, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Return the venues, those with most checks not kept first. Raises `BadCursor`."""
    where = conditions(session, asked, actor=actor)
    found, following = _worst_first(session, _TASKS.c.venue_id, where, cursor, size)
    query = select(Venue).where(col(Venue.id).in_([key for key, _ in found]))
    names = {venue.id: venue for venue in session.execute(query).scalars()}
    rows = tuple(
        Row(names[key].code, Label(names[key].name, names[key].name_en or names[key].name), tally)
        for key, tally in found
    )
    return Page(rows, following)


WHO: Any = func.coalesce(_TASKS.c.person_id, _TASKS.c.done_by)
"""Whose a task is; of a post's, whoever carried it out."""


def by_person(
    session: Session, asked: Asked, *, actor: Actor, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return the people; what nobody has carried out of a post's is the first line of the first page."""
    where = conditions(session, asked, actor=actor)
    found, following = _worst_first(session, WHO, [*where, WHO.is_not(None)], cursor, size)
    query = select(col(Person.id), col(Person.name)).where(col(Person.id).in_([key for key, _ in found]))
    names: dict[UUID, str] = {row.id: row.name for row in session.execute(query)}
    rows = [Row(str(key), Label(names.get(key, ""), names.get(key, "")), tally) for key, tally in found]
    if cursor is None:
        alone = _tally(session.execute(select(*_sums()).where(*where, WHO.is_(None))).one())
        rows = [Row("", NOBODY, alone), *rows] if alone.planned else rows
    return Page(tuple(rows), following)


NOBODY = Label("岗位任务，尚无人完成", "Of a post, carried out by nobody yet")


class BadCursor(ValueError):
    """This is no cursor we gave out."""


def _worst_first(
    session: Session,
    key: Any,  # noqa: ANN401 - a column
    where: list[Any],
    cursor: str | None,
    size: int,
) -> tuple[list[tuple[UUID, Tally]], str | None]:
    unkept = func.sum(case((_TASKS.c.outcome.in_(["done", "excused", "cancelled"]), 0), else_=1))
    query = select(key.label("key"), unkept.label("unkept"), *_sums()).where(*where).group_by(key)
    if cursor is not None:
        after, last = _read(cursor)
        query = query.having(or_(unkept < after, and_(unkept == after, key > last)))
    rows = session.execute(query.order_by(unkept.desc(), key).limit(size + 1)).all()
    shown = [(UUID(str(row.key)), _tally(row)) for row in rows[:size]]
    more = len(rows) > size
    return shown, f"{rows[size - 1].unkept}.{shown[-1][0].hex}" if more else None


def _read(cursor: str) -> tuple[int, UUID]:
    try:
        count, _, last = cursor.partition(".")
        return int(count), UUID(last)
    except ValueError as wrong:
        raise BadCursor(cursor) from wrong


def behind(figure: str) -> ColumnElement[bool]:
    """Return which tasks a number of a tally counts; none for a name that is not one."""
    return FIGURES.get(figure, false())
