"""Whose codes are printed: venues or facilities chosen by filters or by code, within reach, in the order of places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from domain import access, errands
from domain.actors import Actor
from domain.language import Sentence
from domain.models import Area, Errand, Facility, Organisation, Venue
from domain.people import local_day
from domain.queries import venue_list
from domain.rights import Right

ERRAND = "code_sheets"
MOST = {"venues": 2_000, "facilities": 6_000}
"""Of one PDF: two minutes of work, and what a printer takes in an afternoon."""
LAYOUTS = ("A5", "A6", "labels")
MOST_CODES = 2_000


class TooManySheets(Exception):
    """More than one PDF should hold; `reason` says how many there are and may be."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__(f"{count} of at most {most}")
        self.reason = Sentence(
            "That would be %(count)s codes; one PDF holds at most %(most)s. Choose a smaller area.",
            count=f"{count:,}", most=f"{most:,}",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be printed: on sheets for doors (A5, A6), or on labels for facilities."""

    layout: str
    wanted: venue_list.Wanted
    codes: tuple[str, ...] = ()
    """Codes of venues; none: all that are wanted."""
    kind: str | None = None
    """Labels: of one kind of facility only."""

    @property
    def subject(self) -> str:
        """Return venues or facilities."""
        return "facilities" if self.layout == "labels" else "venues"

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        wanted = self.wanted
        return {"layout": self.layout, "codes": list(self.codes), "kind": self.kind, "area": wanted.area,
                "class_code": wanted.class_code}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VenueToPrint:
    """A venue and who issues its code."""

    venue: Venue
    issuer: str


@dataclass(frozen=True, slots=True)
class FacilityToPrint:
    """A facility and the name of its venue."""

    facility: Facility
    venue: str


def from_data(data: Mapping[str, Any]) -> Chosen:
    """Return what `as_data` wrote down."""
    wanted = venue_list.Wanted(area=data.get("area"), class_code=data.get("class_code"))
    return Chosen(str(data["layout"]), wanted, tuple(data["codes"]), data.get("kind"))


def promise(session: Session, chosen: Chosen, *, actor: Actor, at: datetime, key: str) -> Errand:
    """Have the PDF made in the background; asked twice under one `key`, it is made once. Raises TooManySheets."""
    found, most = count(session, chosen, actor=actor), MOST[chosen.subject]
    if found > most:
        raise TooManySheets(found, most)
    return errands.promise(
        session, ERRAND, key=f"{ERRAND}:{actor.person_id}:{key}", at=at, made_by=actor.person_id,
        data=chosen.as_data(), needs=Right.PRINT_CODES.value,
    )  # fmt: skip


def count(session: Session, chosen: Chosen, *, actor: Actor) -> int:
    """Return how many codes that would be."""
    query = _joined(select(func.count()), chosen).where(*_where(session, chosen, actor))
    return int(session.execute(query).scalar_one())


def venues(session: Session, chosen: Chosen, *, actor: Actor, at: datetime) -> list[VenueToPrint]:
    """Return the venues whose sheets are printed, by area and address."""
    query = select(Venue, col(Area.path)).join(Area, col(Area.id) == col(Venue.area_id))
    query = query.where(*_where(session, chosen, actor)).order_by(col(Area.path), col(Venue.address), col(Venue.id))
    issuers = Issuers(session, local_day(at))
    return [VenueToPrint(row.Venue, issuers.of(row.path)) for row in session.execute(query)]


def facilities(session: Session, chosen: Chosen, *, actor: Actor) -> list[FacilityToPrint]:
    """Return the facilities whose labels are printed, by venue, kind and number."""
    query = _joined(select(Facility, col(Venue.name)), chosen).where(*_where(session, chosen, actor))
    ordered = query.order_by(col(Venue.name), col(Venue.id), col(Facility.kind), col(Facility.number), col(Facility.id))
    return [FacilityToPrint(row.Facility, row.name) for row in session.execute(ordered)]


def _joined(query: Any, chosen: Chosen) -> Any:  # noqa: ANN401 - SQLAlchemy's
    if chosen.subject == "venues":
        return query.select_from(Venue)
    return query.select_from(Facility).join(Venue, col(Venue.id) == col(Facility.venue_id))


def _where(session: Session, chosen: Chosen, actor: Actor) -> Sequence[ColumnElement[bool]]:
    found = [access.venues_visible(actor, Right.PRINT_CODES), *venue_list.conditions(session, chosen.wanted)]
    found.append(col(Venue.closed_on).is_(None))
    if chosen.codes:
        found.append(col(Venue.code).in_(chosen.codes))
    if chosen.subject == "facilities":
        found.append(col(Facility.ended_on).is_(None))
        if chosen.kind:
            found.append(col(Facility.kind) == chosen.kind)
    return found


class Issuers:
    """Which brigade issues the codes of an area: its own, else the nearest above it."""

    def __init__(self, session: Session, day: date) -> None:
        query = select(col(Area.path), col(Organisation.name)).join(Area, col(Area.id) == Organisation.area_id)
        alive = or_(col(Organisation.ended_on).is_(None), col(Organisation.ended_on) > day)
        rows = session.execute(query.where(col(Organisation.kind) == "brigade", alive).order_by(col(Organisation.id)))
        self._brigades: dict[str, str] = {}
        for row in rows:
            self._brigades.setdefault(row.path, row.name)
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return the name of the brigade, "" when there is none."""
        if path not in self._known:
            above = [root for root in self._brigades if path.startswith(root)]
            self._known[path] = self._brigades[max(above, key=len)] if above else ""
        return self._known[path]


def issuer_of(session: Session, area_id: UUID, day: date) -> str:
    """Return which brigade issues the codes of one area; "" when there is none."""
    path = session.execute(select(col(Area.path)).where(col(Area.id) == area_id)).scalar_one()
    return Issuers(session, day).of(path)
