"""Changes to the tree of areas and their outlines; each is checked, recorded, and ends nothing silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from domain import access, apart, people, register_log, routing
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.forms import Form, LabelledChoice, choice_field, line_field, select_field, text_field
from domain.identifiers import new_id
from domain.language import N_, Sentence
from domain.models import Area, AreaBoundary, AreaLead, Case, Post, Venue
from domain.queries import area_tree
from domain.rights import Right
from domain.workflow import FieldRefusal

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon

OVERLAP_TOLERATED_M2 = 2_000.0
"""Neighbouring outlines drawn from different maps share slivers; more than this is said, and still taken."""


class Level(LabelledChoice):
    """How high in the tree an area stands."""

    PROVINCE = "province", "省", "Province"
    CITY = "city", "市", "City"
    DISTRICT = "district", "区县", "District or county"
    STREET = "street", "乡镇街道", "Town or street"
    GRID = "grid", "网格片区", "Grid"


class AreaForm(Form):
    """A new area."""

    code: str = line_field(N_("Code"), limit=24, hint=N_("Letters, digits and hyphens; it never changes"))
    name: str = line_field(N_("Its name"), limit=60)
    name_en: str | None = line_field(N_("Name in English"), limit=60, required=False)
    level: Level = choice_field(N_("Level"))
    parent: str | None = select_field(N_("Belongs to"), of="areas", required=False)


class AreaNames(Form):
    """New names of an area."""

    name: str = line_field(N_("Its name"), limit=60)
    name_en: str | None = line_field(N_("Name in English"), limit=60, required=False)


class AreaEnd(Form):
    """An area is used no more."""

    ended_on: date = Field(..., title=N_("From"), json_schema_extra={"widget": "date"})
    reason: str = text_field(N_("Reason"), limit=300)


class LeadForm(Form):
    """Who leads on the boundary of two areas."""

    other: str = select_field(N_("Neighbouring area"), of="areas")
    lead: str = select_field(N_("Which of the two leads"), of="areas")


class OutlinesRefused(ValueError):
    """A file of outlines cannot be read at all; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


class UnknownArea(access.OutOfReach):
    """There is no such area, or not for this person."""


def by_code(session: Session, code: str) -> Area:
    """Return the area with that code; raises `UnknownArea`."""
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code)).scalar_one_or_none()
    if area is None:
        raise UnknownArea(code)
    return area


def _refuse(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))


def add(session: Session, form: AreaForm, *, actor: Actor, at: datetime) -> Area:
    """Add an area below its parent; raises `FieldRefused`, `NotPermitted`.

    There is one root: whoever holds a post over it holds it for what nobody has placed, too.
    """
    parent = _parent(session, form)
    if parent is None and session.execute(select(col(Area.id)).where(col(Area.parent_id).is_(None))).first():
        raise _refuse("parent", Sentence("Say to which area it belongs; only the first one belongs to none."))
    access.require(session, actor, Right.MANAGE_AREAS, area_id=parent.id if parent else None)
    if not all(part.isalnum() and part.isascii() for part in form.code.split("-")):
        raise _refuse("code", Sentence("Letters, digits and hyphens only."))
    if session.execute(select(col(Area.id)).where(col(Area.code) == form.code)).first():
        raise _refuse("code", Sentence("There is an area with this code already."))
    area = Area(
        id=new_id(), code=form.code, name=form.name, name_en=form.name_en or "", level=form.level.value,
        parent_id=parent.id if parent else None, path=f"{parent.path if parent else ''}{form.code}/",
    )  # fmt: skip
    session.add(area)
    session.flush()
    data = {"code": area.code, "name": area.name, "level": area.level, "parent": parent.code if parent else None}
    register_log.record(session, "area", area.id, "add", actor=actor, at=at, data=data)
    return area


def _parent(session: Session, form: AreaForm) -> Area | None:
    if form.parent is None:
        return None
    try:
        parent = by_code(session, form.parent)
    except UnknownArea:
        raise _refuse("parent", Sentence("There is no area with this code.")) from None
    order = list(Level)
    if order.index(form.level) <= [level.value for level in order].index(parent.level):
        raise _refuse("level", Sentence("An area is of a lower level than the one it belongs to."))
    if parent.ended_on is not None:
        raise _refuse("parent", Sentence("That area is used no more."))
    return parent


def rename(session: Session, area: Area, form: AreaNames, *, actor: Actor, at: datetime) -> None:
    """Give an area new names; its code and its place in the tree stay."""
    access.require(session, actor, Right.MANAGE_AREAS, area_id=area.id)
    before = {"name": area.name, "name_en": area.name_en}
    area.name, area.name_en = form.name, form.name_en or ""
    changed = register_log.changes(before, {"name": area.name, "name_en": area.name_en})
    if changed:
        register_log.record(session, "area", area.id, "rename", actor=actor, at=at, data=changed)


@dataclass(frozen=True, slots=True)
class InUse:
    """What still belongs to an area and all below it."""

    areas: int
    venues: int
    posts: int
    open_cases: int

    @property
    def nothing(self) -> bool:
        """Return whether nothing is left there."""
        return not (self.areas or self.venues or self.posts or self.open_cases)


def in_use(session: Session, area: Area, *, day: date) -> InUse:
    """Return what would be left without an area if this one ended on `day`.

    Patrols are none of it: they go on with their venues, and one that was missed stays so.
    """
    inside = access.below(area.path)
    counted = (
        select(func.count(col(Area.id))).where(col(Area.id).in_(inside), col(Area.id) != area.id, _unended(day)),
        select(func.count(col(Venue.id))).where(col(Venue.area_id).in_(inside), col(Venue.closed_on).is_(None)),
        select(func.count(col(Post.id))).where(
            col(Post.area_id).in_(inside), col(Post.until_on).is_(None) | (col(Post.until_on) >= day)
        ),
        select(func.count(col(Case.id))).where(
            col(Case.area_id).in_(inside), col(Case.closed_at).is_(None), apart.not_routine(Case)
        ),
    )
    return InUse(*(int(session.execute(query).scalar_one()) for query in counted))


def _unended(day: date) -> Any:  # noqa: ANN401 - a condition
    return col(Area.ended_on).is_(None) | (col(Area.ended_on) > day)


def end(session: Session, area: Area, form: AreaEnd, *, actor: Actor, at: datetime) -> None:
    """End an area that holds nothing any more; raises `FieldRefused` while something is left there."""
    access.require(session, actor, Right.MANAGE_AREAS, area_id=area.id)
    left = in_use(session, area, day=form.ended_on)
    if not left.nothing:
        reason = Sentence(
            "Move these first: %(areas)s areas, %(venues)s venues, %(posts)s posts, %(cases)s open cases.",
            areas=left.areas, venues=left.venues, posts=left.posts, cases=left.open_cases,
        )  # fmt: skip
        raise _refuse("ended_on", reason)
    if form.ended_on < people.local_day(at):
        raise _refuse("ended_on", Sentence("This day is past."))
    area.ended_on = form.ended_on
    data = {"ended_on": form.ended_on, "reason": form.reason}
    register_log.record(session, "area", area.id, "end", actor=actor, at=at, data=data)


def agree_lead(session: Session, area: Area, form: LeadForm, *, actor: Actor, at: datetime) -> None:
    """Say which of two areas leads on their boundary; a new agreement takes the place of the old."""
    access.require(session, actor, Right.MANAGE_AREAS, area_id=area.id)
    try:
        other, lead = by_code(session, form.other), by_code(session, form.lead)
    except UnknownArea:
        raise _refuse("other", Sentence("There is no area with this code.")) from None
    if other.id == area.id:
        raise _refuse("other", Sentence("Choose another area than this one."))
    if lead.id not in (area.id, other.id):
        raise _refuse("lead", Sentence("One of the two has to lead."))
    first, second = sorted((area.id, other.id))
    row = session.get(AreaLead, (first, second))
    if row is None:
        session.add(AreaLead(area_id=first, other_id=second, lead_id=lead.id))
    else:
        row.lead_id = lead.id
    session.flush()
    for one, neighbour in ((area, other), (other, area)):
        data = {"neighbour": neighbour.code, "lead": lead.code}
        register_log.record(session, "area", one.id, "agree_lead", actor=actor, at=at, data=data)


# Outlines from a file.


@dataclass(frozen=True, slots=True)
class OutlineFault:
    """What is wrong with one feature, or worth a look (`grave` False: it can be taken all the same)."""

    feature: int
    code: str
    reason: Sentence
    grave: bool = True


@dataclass(frozen=True, slots=True)
class OutlinePlan:
    """What an import of outlines would do."""

    outlines: Mapping[UUID, dict[str, Any]]
    codes: tuple[str, ...]
    unchanged: int
    faults: tuple[OutlineFault, ...]

    @property
    def can_be_taken(self) -> bool:
        """Return whether nothing grave is wrong and there is something to do."""
        return bool(self.outlines) and not any(fault.grave for fault in self.faults)


def plan_outlines(session: Session, text: bytes, *, actor: Actor, at: datetime) -> OutlinePlan:
    """Read a GeoJSON file whose features carry an area's `code`, and return what taking it would do.

    Raises `OutlinesRefused` when the file as a whole cannot be read. Writes nothing.
    """
    from domain import outlines  # noqa: PLC0415 - GEOS only where outlines are looked at

    try:
        found = outlines.features(text)
    except outlines.NotAnOutline as wrong:
        raise OutlinesRefused(wrong.reason) from None
    areas = {area.code: area for area in session.execute(select(Area)).scalars()}
    current = _current(session, at)
    made: dict[str, MultiPolygon] = {}
    faults: list[OutlineFault] = []
    for feature in found:
        code = str(feature.properties.get("code") or "").strip()
        reason = _misplaced(session, code, areas, made, actor)
        if reason is None:
            try:
                made[code] = outlines.outline(feature.geometry)
            except outlines.NotAnOutline as wrong:
                reason = wrong.reason
        if reason is not None:
            faults.append(OutlineFault(feature.number, code, reason))
    kept = {areas[code].id: outlines.stored(one) for code, one in made.items()}
    changed = {area_id: one for area_id, one in kept.items() if current.get(area_id) != routing.fingerprint(one)}
    everything = {**_others(session, at, set(kept)), **{areas[code].id: one for code, one in made.items()}}
    faults += _neighbours(areas.values(), everything, set(changed), known=_known(session, actor))
    return OutlinePlan(changed, tuple(made), len(kept) - len(changed), tuple(faults))


def _misplaced(
    session: Session, code: str, areas: Mapping[str, Area], made: Mapping[str, object], actor: Actor
) -> Sentence | None:
    if not code:
        return Sentence("The feature has no property “code”.")
    area = areas.get(code)
    if area is None or area.ended_on is not None:
        return Sentence("There is no area with this code.")
    if code in made:
        return Sentence("This area stands twice in the file.")
    try:
        access.require(session, actor, Right.MANAGE_AREAS, area_id=area.id)
    except (access.NotPermitted, access.OutOfReach):
        return Sentence("There is no area with this code.")
    return None


def _current(session: Session, at: datetime) -> dict[UUID, str]:
    query = select(col(AreaBoundary.area_id), col(AreaBoundary.sha256)).where(routing.in_force(at))
    return dict(session.execute(query).tuples().all())


def _others(session: Session, at: datetime, besides: set[UUID]) -> dict[UUID, MultiPolygon]:
    from domain import outlines  # noqa: PLC0415

    query = select(col(AreaBoundary.area_id), col(AreaBoundary.geometry)).where(
        routing.in_force(at), col(AreaBoundary.area_id).not_in(besides)
    )
    return {row.area_id: outlines.outline(row.geometry) for row in session.execute(query)}


def _known(session: Session, actor: Actor) -> set[UUID]:
    return set(session.execute(select(col(Area.id)).where(area_tree.reachable(actor))).scalars())


def _neighbours(
    areas: Iterable[Area], everything: Mapping[UUID, MultiPolygon], changed: set[UUID], *, known: set[UUID]
) -> Iterable[OutlineFault]:
    """Say where an outline shares ground with a sibling, or leaves the area it belongs to; name nothing but `known`."""
    from domain import outlines  # noqa: PLC0415

    drawn = [area for area in areas if area.id in everything]
    for area in drawn:
        if area.parent_id in everything and {area.id, area.parent_id} & changed:
            outside = outlines.outside_m2(everything[area.id], everything[area.parent_id])  # type: ignore[index]
            if outside > OVERLAP_TOLERATED_M2:
                said = Sentence("%(area)s m² lie outside of the area it belongs to.", area=round(outside))
                yield OutlineFault(0, area.code, said, grave=False)
        for other in drawn:
            siblings = area.parent_id == other.parent_id and area.code < other.code
            if siblings and {area.id, other.id} & changed:
                shared = outlines.overlap_m2(everything[area.id], everything[other.id])
                if shared > OVERLAP_TOLERATED_M2:
                    yield _shared(area, other, round(shared), known=known)


def _shared(area: Area, other: Area, m2: int, *, known: set[UUID]) -> OutlineFault:
    """Say that two areas share ground; one of them at least is the reader's own."""
    if area.id not in known:
        area, other = other, area
    if other.id not in known:
        said = Sentence("%(area)s m² lie in an area outside of your reach too; ask whoever keeps it.", area=m2)
    else:
        said = Sentence("%(area)s m² lie in %(other)s too.", area=m2, other=other.code)
    return OutlineFault(0, area.code, said, grave=False)


def take_outlines(session: Session, text: bytes, *, source: str, actor: Actor, at: datetime) -> OutlinePlan:
    """Put the outlines of a file in force from now on, all or none; those they replace end now.

    Raises `FieldRefused` when something grave is wrong. The same file twice changes nothing.
    """
    plan = plan_outlines(session, text, actor=actor, at=at)
    grave = [fault for fault in plan.faults if fault.grave]
    if grave:
        raise _refuse("file", grave[0].reason)
    for area_id, geometry in plan.outlines.items():
        mine = (col(AreaBoundary.area_id) == area_id, col(AreaBoundary.until_at).is_(None))
        session.execute(update(AreaBoundary).where(*mine).values(until_at=at))
        data: dict[str, Any] = {"source": source[:200], "sha256": routing.fingerprint(geometry)}
        session.add(AreaBoundary(id=new_id(), area_id=area_id, geometry=geometry, from_at=at, **data))
        register_log.record(session, "area", area_id, "outline", actor=actor, at=at, data=data)
    session.flush()
    return replace(plan, faults=tuple(fault for fault in plan.faults if not fault.grave))
