"""Buildings and floors that a table of facilities names; those that are not there yet are entered."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.imports.batch import Batch
from domain.imports.lines import plain
from domain.imports.terms import Terms
from domain.models import Building, Floor

AT_ONCE = 500


class Storeys:
    """The buildings and floors of some venues."""

    def __init__(self, session: Session, venue_ids: set[UUID], batch: Batch, terms: Terms) -> None:
        self._batch, self._terms = batch, terms
        self._buildings: dict[tuple[UUID, str], UUID] = {}
        self._floors: dict[tuple[UUID, int], UUID] = {}
        ordered = sorted(venue_ids)
        for start in range(0, len(ordered), AT_ONCE):
            here = (col(Building.venue_id).in_(ordered[start : start + AT_ONCE]), col(Building.ended_on).is_(None))
            for building in session.execute(select(Building).where(*here)).scalars():
                self._buildings[(building.venue_id, plain(building.name))] = building.id
            on_them = select(Floor).join(Building, col(Building.id) == col(Floor.building_id))
            for floor in session.execute(on_them.where(*here, col(Floor.ended_on).is_(None))).scalars():
                self._floors[(floor.building_id, floor.number)] = floor.id

    def known(self, venue_id: UUID, building: str, floor: int | None) -> tuple[UUID, UUID | None] | None:
        """Return the ids of building and floor when both are there."""
        building_id = self._buildings.get((venue_id, plain(building)))
        if building_id is None:
            return None
        if floor is None:
            return building_id, None
        floor_id = self._floors.get((building_id, floor))
        return (building_id, floor_id) if floor_id is not None else None

    def place(self, venue_id: UUID, building: str | None, floor: int | None) -> tuple[UUID | None, UUID | None]:
        """Return the ids of building and floor, entered when they are new; None for what is not named."""
        if not building:
            return None, None
        key = (venue_id, plain(building))
        if key not in self._buildings:
            self._buildings[key] = self._batch.add(Building, venue_id=venue_id, name=building, from_on=self._terms.day)
        building_id = self._buildings[key]
        if floor is None:
            return building_id, None
        if (building_id, floor) not in self._floors:
            made = self._batch.add(Floor, building_id=building_id, number=floor, from_on=self._terms.day)
            self._floors[(building_id, floor)] = made
        return building_id, self._floors[(building_id, floor)]
