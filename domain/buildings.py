"""Buildings, floors and 消防安全重点部位 of a venue: entered, changed, ended on a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, SQLModel, col

from domain import access, people, register_lock, register_log, venue_people
from domain.access import OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.identifiers import new_facility_code, new_id
from domain.language import Sentence
from domain.models import Building, Facility, Floor, KeyPart, Venue
from domain.register_forms import BuildingFacts, Ending, FloorFacts, KeyPartFacts
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open
from domain.workflow import FieldRefusal

Row = TypeVar("Row", bound=SQLModel)
_BUILDING = ("name", "storeys_above", "storeys_below", "height_m", "area_m2", "fire_resistance", "use", "built_on")
_KEY_PART = ("kind", "name", "location", "building_id", "floor_id", "responsible_id")


@dataclass(frozen=True, slots=True)
class Spot:
    """A building or a floor of a venue, as forms name it: `b:` or `f:` and its id."""

    building: Building
    floor: Floor | None

    @property
    def value(self) -> str:
        """Return how a form names it."""
        return f"f:{self.floor.id}" if self.floor else f"b:{self.building.id}"


def spots(session: Session, venue_id: UUID, *, day: date) -> list[Spot]:
    """Return the venue's buildings of that day, each before its floors from the top down."""
    buildings = list(
        session.execute(select(Building).where(col(Building.venue_id) == venue_id, *_there(Building, day))
                        .order_by(col(Building.name), col(Building.id))).scalars()
    )  # fmt: skip
    wanted = select(Floor).where(col(Floor.building_id).in_([one.id for one in buildings]), *_there(Floor, day))
    floors: dict[UUID, list[Floor]] = {}
    for floor in session.execute(wanted.order_by(col(Floor.number).desc())).scalars():
        floors.setdefault(floor.building_id, []).append(floor)
    return [
        spot
        for building in buildings
        for spot in (Spot(building, None), *(Spot(building, floor) for floor in floors.get(building.id, [])))
    ]


def key_parts(session: Session, venue_id: UUID, *, day: date) -> Sequence[KeyPart]:
    """Return the venue's key parts of that day."""
    query = select(KeyPart).where(col(KeyPart.venue_id) == venue_id, *_there(KeyPart, day))
    return session.execute(query.order_by(col(KeyPart.kind), col(KeyPart.name), col(KeyPart.id))).scalars().all()


def spot_of(session: Session, venue_id: UUID, value: str | None, *, day: date) -> tuple[UUID | None, UUID | None]:
    """Return the ids of the building and floor a form names; raises `FieldRefused` for one that is not there."""
    if not value:
        return None, None
    for spot in spots(session, venue_id, day=day):
        if spot.value == value:
            return spot.building.id, spot.floor.id if spot.floor else None
    raise FieldRefused(FieldRefusal("where", Sentence("Choose a building or floor of this venue.")))


def person_of(session: Session, venue_id: UUID, value: str | None, *, day: date) -> UUID | None:
    """Return the id of the person a form names, who holds a post at the venue; raises `FieldRefused` otherwise."""
    if not value:
        return None
    for holder in venue_people.of(session, venue_id):
        if str(holder.person.id) == value and holder.holds_on(day):
            return holder.person.id
    raise FieldRefused(FieldRefusal("responsible", Sentence("Choose somebody who holds a post at this venue now.")))


def add_building(
    session: Session,
    venue_id: UUID,
    facts: BuildingFacts,
    *,
    actor: Actor,
    at: datetime,
    building_id: UUID | None = None,
) -> Building:
    """Enter a building with its floors. `building_id`: of a form; sent twice, it is entered once."""
    venue = _kept(session, venue_id, actor)
    if (there := _sent_before(session, Building, building_id, venue)) is not None:
        return there
    day = people.local_day(at)
    values = _building_values(facts)
    building = Building(id=building_id or new_id(), venue_id=venue.id, from_on=day, **values)
    session.add(building)
    session.flush()
    numbers = [*range(-(facts.storeys_below or 0), 0), *range(1, (facts.storeys_above or 0) + 1)]
    session.add_all(Floor(id=new_id(), building_id=building.id, number=number, from_on=day) for number in numbers)
    session.flush()
    data = {"venue_id": venue.id, "floors": len(numbers), **_said(values, facts.note)}
    register_log.record(session, "building", building.id, "create", actor=actor, at=at, data=data)
    return building


def change_building(
    session: Session, building_id: UUID, facts: BuildingFacts, *, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Change what is known of a building; its floors stay. Return whether anything was different."""
    building = _held(session, Building, building_id, actor=actor, version=version)
    return _changed(session, "building", building, _building_values(facts), _BUILDING, facts.note, actor=actor, at=at)


def end_building(
    session: Session, building_id: UUID, form: Ending, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a building with its floors; raises `NotNow` while key parts or facilities are in it."""
    building = _held(session, Building, building_id, actor=actor, version=version)
    day = ending_day(form, building.from_on, at)
    for model in (KeyPart, Facility):
        inside = select(model).where(col(model.building_id) == building.id, col(model.ended_on).is_(None))
        if session.execute(inside.limit(1)).first():
            raise NotNow(Sentence("There are still key parts or facilities in this building: move or end them first."))
    building.ended_on = day
    for floor in session.execute(select(Floor).where(col(Floor.building_id) == building.id)).scalars():
        floor.ended_on = floor.ended_on or day
    session.flush()
    data = {"ended_on": day, "reason": form.reason, "name": building.name}
    register_log.record(session, "building", building.id, "end", actor=actor, at=at, data=data)


def add_floor(session: Session, building_id: UUID, facts: FloorFacts, *, actor: Actor, at: datetime) -> Floor:
    """Enter a floor of a building, or name one that is there; recorded with the building."""
    building = _held(session, Building, building_id, actor=actor, version=None)
    day = people.local_day(at)
    query = select(Floor).where(
        col(Floor.building_id) == building.id, col(Floor.number) == facts.number, col(Floor.ended_on).is_(None)
    )
    floor: Floor | None = session.execute(query).scalars().first()
    before = {"name": floor.name, "use": floor.use} if floor else {}
    if floor is None:
        floor = Floor(id=new_id(), building_id=building.id, number=facts.number, from_on=day)
        session.add(floor)
    floor.name, floor.use = facts.name or "", facts.use or ""
    session.flush()
    changed = register_log.changes(before, {"name": floor.name, "use": floor.use})
    if changed:
        action = "change_floor" if before else "add_floor"
        data = {"floor": facts.number, **changed}
        register_log.record(session, "building", building.id, action, actor=actor, at=at, data=data)
    return floor


def add_key_part(
    session: Session, venue_id: UUID, facts: KeyPartFacts, *, actor: Actor, at: datetime, part_id: UUID | None = None
) -> KeyPart:
    """Enter a key part, with a code of its own. `part_id`: of a form; sent twice, it is entered once."""
    venue = _kept(session, venue_id, actor)
    if (there := _sent_before(session, KeyPart, part_id, venue)) is not None:
        return there
    values = _key_part_values(session, venue_id, facts, at)
    code = free_code(session)
    part = KeyPart(id=part_id or new_id(), code=code, venue_id=venue.id, from_on=people.local_day(at), **values)
    session.add(part)
    session.flush()
    data = {"venue_id": venue.id, "code": code, **_said(values, facts.note)}
    register_log.record(session, "key_part", part.id, "create", actor=actor, at=at, data=data)
    return part


def change_key_part(
    session: Session, part_id: UUID, facts: KeyPartFacts, *, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Change a key part and return whether anything was different."""
    part = _held(session, KeyPart, part_id, actor=actor, version=version)
    values = _key_part_values(session, part.venue_id, facts, at, kept=part.responsible_id)
    return _changed(session, "key_part", part, values, _KEY_PART, facts.note, actor=actor, at=at)


def end_key_part(
    session: Session, part_id: UUID, form: Ending, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a key part; the facilities in it stay where they are."""
    part = _held(session, KeyPart, part_id, actor=actor, version=version)
    part.ended_on = ending_day(form, part.from_on, at)
    session.flush()
    data = {"ended_on": part.ended_on, "reason": form.reason, "name": part.name}
    register_log.record(session, "key_part", part.id, "end", actor=actor, at=at, data=data)


def free_code(session: Session) -> str:
    """Return a code that no facility and no key part has."""
    while True:
        code = new_facility_code()
        if not any(
            session.execute(select(model.id).where(model.code == code)).first()  # type: ignore[call-overload]
            for model in (KeyPart, Facility)
        ):
            return code


def _kept(session: Session, venue_id: UUID, actor: Actor) -> Venue:
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=venue_id)
    return held_open(session, venue_id)


def _sent_before(session: Session, model: type[Row], row_id: UUID | None, venue: Venue) -> Row | None:
    there = session.get(model, row_id) if row_id is not None else None
    if there is not None and there.venue_id != venue.id:  # type: ignore[attr-defined]
        raise OutOfReach(str(row_id))
    return there


def _held(session: Session, model: type[Row], row_id: UUID, *, actor: Actor, version: int | None) -> Any:  # noqa: ANN401
    """Return a building or key part that has not ended, held, of a venue the actor keeps."""
    known: Any = session.get(model, row_id)
    if known is None:
        raise OutOfReach(str(row_id))
    _kept(session, known.venue_id, actor)
    row: Any = register_lock.held(session, model, row_id)
    register_lock.expect(session, row_id, version)
    if row.ended_on is not None:
        raise NotNow(Sentence("This has ended; its record does not change any more."))
    return row


def _changed(  # noqa: PLR0917 - one subject, what it becomes, who says so
    session: Session, kind: str, row: Any, after: Mapping[str, Any], names: Sequence[str], note: str | None,  # noqa: ANN401
    *, actor: Actor, at: datetime,
) -> bool:  # fmt: skip
    changed = register_log.changes({name: getattr(row, name) for name in names}, after)
    if not changed:
        return False
    for name in changed:
        setattr(row, name, after[name])
    session.flush()
    data = {**changed, "note": note} if note else changed
    register_log.record(session, kind, row.id, "change", actor=actor, at=at, data=data)
    return True


def _building_values(facts: BuildingFacts) -> dict[str, Any]:
    return {
        "name": facts.name, "storeys_above": facts.storeys_above, "storeys_below": facts.storeys_below,
        "height_m": facts.height_m, "area_m2": facts.area_m2, "use": facts.use or "", "built_on": facts.built_on,
        "fire_resistance": facts.fire_resistance.value if facts.fire_resistance else "",
    }  # fmt: skip


def _key_part_values(
    session: Session, venue_id: UUID, facts: KeyPartFacts, at: datetime, *, kept: UUID | None = None
) -> dict[str, Any]:
    day = people.local_day(at)
    building_id, floor_id = spot_of(session, venue_id, facts.where, day=day)
    same = kept is not None and facts.responsible == str(kept)
    responsible = kept if same else person_of(session, venue_id, facts.responsible, day=day)
    return {
        "kind": facts.kind, "name": facts.name, "location": facts.location or "", "building_id": building_id,
        "floor_id": floor_id, "responsible_id": responsible,
    }  # fmt: skip


def ending_day(form: Ending, from_on: date, at: datetime) -> date:
    """Return the day from which something is gone: not before it was there, not in the future."""
    today = people.local_day(at)
    day = form.ended_on or today
    if not from_on <= day <= today:
        raise FieldRefused(FieldRefusal("ended_on", Sentence("Choose a day from %(first)s to today.", first=from_on)))
    return day


def _said(values: Mapping[str, Any], note: str | None) -> dict[str, Any]:
    said = {name: value for name, value in values.items() if value not in (None, "")}
    return {**said, "note": note} if note else said


def _there(model: Any, day: date) -> tuple[Any, ...]:  # noqa: ANN401 - a model with a time
    return (col(model.from_on) <= day, or_(col(model.ended_on).is_(None), col(model.ended_on) > day))
