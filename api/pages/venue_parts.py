"""Forms of a venue's buildings, floors and key parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session
from starlette.responses import Response

from api.access import Router, needs
from api.deps import Posted
from api.pages.register_forms import form_id_of
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, page_at, place_lists, spot_value
from domain import buildings, register_lock
from domain.access import OutOfReach
from domain.language import Sentence
from domain.models import Building, KeyPart, Venue
from domain.register_forms import BuildingFacts, Ending, FloorFacts, KeyPartFacts
from domain.rights import Right

router = Router(include_in_schema=False)
EQUIPS = Right.KEEP_FACILITIES
Row = TypeVar("Row", Building, KeyPart)


def _of_venue(session: Session, model: type[Row], row_id: UUID, venue: Venue) -> Row:
    row = session.get(model, row_id)
    if row is None or row.venue_id != venue.id:
        raise OutOfReach(str(row_id))
    return row


def _ending(here: AtVenue, model: type[Row], row_id: UUID, path: str, end: Callable[..., object]) -> Describe:
    """Describe the form that ends a building or a key part."""

    def describe(session: Session, venue: Venue) -> VenueForm:
        row = _of_venue(session, model, row_id, venue)
        page = page_at(venue, f"{path}/{row_id}/end", Sentence("End it"), Sentence("End it"), row.name)
        return VenueForm(
            page, Ending,
            lambda session, filled, version: end(session, row_id, filled, version=version, **here.by),
            version=register_lock.version_of(session, row_id),
        )  # fmt: skip

    return describe


# Buildings.


def _new_building(here: AtVenue, building_id: UUID | None = None) -> Describe:
    def describe(_: Session, venue: Venue) -> VenueForm:
        page = page_at(venue, "buildings/new", Sentence("Enter a building"), Sentence("Enter it"))
        return VenueForm(
            page, BuildingFacts,
            lambda session, filled, _: buildings.add_building(
                session, venue.id, filled, building_id=building_id, **here.by
            ),
        )  # fmt: skip

    return describe


@router.get("/venues/{code}/buildings/new")
@needs(EQUIPS)
def ask_building(here: Here) -> Response:
    """Show the form of a new building."""
    return here.ask(EQUIPS, _new_building(here))


@router.post("/venues/{code}/buildings/new")
@needs(EQUIPS)
def enter_building(here: Here, form: Posted) -> Response:
    """Enter a building."""
    return here.send(EQUIPS, form, _new_building(here, form_id_of(form)))


def _building_facts(here: AtVenue, building_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        building = _of_venue(session, Building, building_id, venue)
        title = Sentence("Change a building")
        return VenueForm(
            page_at(venue, f"buildings/{building.id}/edit", title, Sentence("Save"), building.name),
            BuildingFacts,
            lambda session, filled, version: buildings.change_building(
                session, building_id, filled, version=version, **here.by
            ),
            values={name: getattr(building, name, None) for name in BuildingFacts.model_fields},
            version=register_lock.version_of(session, building.id),
        )

    return describe


@router.get("/venues/{code}/buildings/{building_id}/edit")
@needs(EQUIPS)
def ask_building_facts(here: Here, building_id: UUID) -> Response:
    """Show the form of a building's facts."""
    return here.ask(EQUIPS, _building_facts(here, building_id))


@router.post("/venues/{code}/buildings/{building_id}/edit")
@needs(EQUIPS)
def change_building(here: Here, building_id: UUID, form: Posted) -> Response:
    """Change a building's facts."""
    return here.send(EQUIPS, form, _building_facts(here, building_id))


def _floor(here: AtVenue, building_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        building = _of_venue(session, Building, building_id, venue)
        title = Sentence("Enter or name a floor")
        return VenueForm(
            page_at(venue, f"buildings/{building.id}/floors", title, Sentence("Save"), building.name),
            FloorFacts,
            lambda session, filled, _: buildings.add_floor(session, building_id, filled, **here.by),
        )

    return describe


@router.get("/venues/{code}/buildings/{building_id}/floors")
@needs(EQUIPS)
def ask_floor(here: Here, building_id: UUID) -> Response:
    """Show the form of a floor."""
    return here.ask(EQUIPS, _floor(here, building_id))


@router.post("/venues/{code}/buildings/{building_id}/floors")
@needs(EQUIPS)
def enter_floor(here: Here, building_id: UUID, form: Posted) -> Response:
    """Enter a floor, or name one."""
    return here.send(EQUIPS, form, _floor(here, building_id))


@router.get("/venues/{code}/buildings/{building_id}/end")
@needs(EQUIPS)
def ask_building_end(here: Here, building_id: UUID) -> Response:
    """Show the form that ends a building."""
    return here.ask(EQUIPS, _ending(here, Building, building_id, "buildings", buildings.end_building))


@router.post("/venues/{code}/buildings/{building_id}/end")
@needs(EQUIPS)
def end_building(here: Here, building_id: UUID, form: Posted) -> Response:
    """End a building."""
    return here.send(EQUIPS, form, _ending(here, Building, building_id, "buildings", buildings.end_building))


# Key parts.


def _new_part(here: AtVenue, part_id: UUID | None = None) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        return VenueForm(
            page_at(venue, "key-parts/new", Sentence("Enter a key part"), Sentence("Enter it")),
            KeyPartFacts,
            lambda session, filled, _: buildings.add_key_part(session, venue.id, filled, part_id=part_id, **here.by),
            lists=place_lists(session, venue, at=here.at),
        )

    return describe


@router.get("/venues/{code}/key-parts/new")
@needs(EQUIPS)
def ask_key_part(here: Here) -> Response:
    """Show the form of a new key part."""
    return here.ask(EQUIPS, _new_part(here))


@router.post("/venues/{code}/key-parts/new")
@needs(EQUIPS)
def enter_key_part(here: Here, form: Posted) -> Response:
    """Enter a key part."""
    return here.send(EQUIPS, form, _new_part(here, form_id_of(form)))


def _part_facts(here: AtVenue, part_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        part = _of_venue(session, KeyPart, part_id, venue)
        values: dict[str, Any] = {name: getattr(part, name) for name in ("kind", "name", "location")}
        title = Sentence("Change a key part")
        return VenueForm(
            page_at(venue, f"key-parts/{part.id}/edit", title, Sentence("Save"), part.name),
            KeyPartFacts,
            lambda session, filled, version: buildings.change_key_part(
                session, part_id, filled, version=version, **here.by
            ),
            values={**values, "where": spot_value(part), "responsible": part.responsible_id},
            version=register_lock.version_of(session, part.id),
            lists=place_lists(session, venue, at=here.at),
        )

    return describe


@router.get("/venues/{code}/key-parts/{part_id}/edit")
@needs(EQUIPS)
def ask_key_part_facts(here: Here, part_id: UUID) -> Response:
    """Show the form of a key part's facts."""
    return here.ask(EQUIPS, _part_facts(here, part_id))


@router.post("/venues/{code}/key-parts/{part_id}/edit")
@needs(EQUIPS)
def change_key_part(here: Here, part_id: UUID, form: Posted) -> Response:
    """Change a key part's facts."""
    return here.send(EQUIPS, form, _part_facts(here, part_id))


@router.get("/venues/{code}/key-parts/{part_id}/end")
@needs(EQUIPS)
def ask_key_part_end(here: Here, part_id: UUID) -> Response:
    """Show the form that ends a key part."""
    return here.ask(EQUIPS, _ending(here, KeyPart, part_id, "key-parts", buildings.end_key_part))


@router.post("/venues/{code}/key-parts/{part_id}/end")
@needs(EQUIPS)
def end_key_part(here: Here, part_id: UUID, form: Posted) -> Response:
    """End a key part."""
    return here.send(EQUIPS, form, _ending(here, KeyPart, part_id, "key-parts", buildings.end_key_part))
