"""On whose behalf and how an import is done, and which areas it may reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access
from domain.actors import Actor, Place
from domain.imports.lines import plain
from domain.language import Sentence
from domain.models import Area
from domain.people import local_day
from domain.rights import Right


@dataclass(frozen=True, slots=True)
class Terms:
    """Who imports when, whether what is there already may be changed, and what the record says of the source."""

    actor: Actor
    at: datetime
    update: bool
    source: Mapping[str, Any]

    @property
    def day(self) -> date:
        """Return the city's day of the import."""
        return local_day(self.at)


@dataclass(frozen=True, slots=True)
class KnownArea:
    """An area as far as imports ask."""

    id: UUID
    path: str
    name: str
    ended: bool


class Areas:
    """The areas of the city by code and by name, and which of them the importer may write to."""

    def __init__(self, session: Session, terms: Terms) -> None:
        self._terms = terms
        self._codes: dict[str, KnownArea] = {}
        self._names: dict[str, list[KnownArea]] = {}
        self._allowed: dict[UUID, bool] = {}
        self._by_id: dict[UUID, KnownArea] = {}
        for area in session.execute(select(Area)).scalars():
            known = KnownArea(area.id, area.path, area.name, area.ended_on is not None and area.ended_on <= terms.day)
            self._by_id[area.id] = known
            for written in (area.code, f"{area.code} {area.name}", f"{area.code} {area.name_en}"):
                self._codes[plain(written)] = known
            for name in {plain(area.name), plain(area.name_en)} - {""}:
                self._names.setdefault(name, []).append(known)

    def find(self, written: str) -> KnownArea | Sentence:
        """Return the area that was meant, by its code, its name or both; or why it cannot be used."""
        found = self._codes.get(plain(written))
        if found is None:
            named = [area for area in self._names.get(plain(written), []) if not area.ended]
            if len(named) > 1:
                return Sentence("Several areas are called “%(name)s”: write the code.", name=written[:40])
            found = named[0] if named else None
        if found is None or not self.allows(found.id):
            return Sentence("There is no area “%(name)s” that you may write to.", name=written[:40])
        if found.ended:
            return Sentence("The area “%(name)s” has ended: write the one that follows it.", name=found.name)
        return found

    def allows(self, area_id: UUID | None) -> bool:
        """Return whether the importer may write to what lies there."""
        actor = self._terms.actor
        if actor.grants is None:
            return True
        if area_id is None or area_id not in self._by_id:
            return access.may(actor, Right.IMPORT, Place())
        if area_id not in self._allowed:
            self._allowed[area_id] = access.may(actor, Right.IMPORT, Place(self._by_id[area_id].path))
        return self._allowed[area_id]


def choices(session: Session, terms: Terms) -> list[str]:
    """Return the areas a template offers, `code name`, those that may be written to."""
    areas = Areas(session, terms)
    query = select(Area).where(col(Area.ended_on).is_(None)).order_by(col(Area.path))
    return [f"{area.code} {area.name}" for area in session.execute(query).scalars() if areas.allows(area.id)]
