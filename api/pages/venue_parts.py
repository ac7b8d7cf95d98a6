"""Forms of a venue's buildings, floors and key parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.pages import register_forms
from api.pages.register_forms import Lists, RegisterForm, options
from api.pages.staff_forms import Option
from api.pages.venue_edit import allowed
from domain import buildings, catalogue, people, register_lock, venue_people
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.database import Database
from domain.language import Sentence
from domain.models import Building, KeyPart, Venue
from domain.queries import venue_page
from domain.register_forms import BuildingFacts, Ending, FloorFacts, KeyPartFacts
from domain.rights import Right

router = Router(include_in_schema=False)
EQUIPS = Right.KEEP_FACILITIES


def place_lists(session: Session, venue: Venue, *, at: datetime) -> Lists:
    """Return what the selects of a key part or a facility offer: places, key parts and people of the venue."""
    day = people.local_day(at)
    spots = buildings.spots(session, venue.id, day=day)
    holders = [one for one in venue_people.of(session, venue.id) if one.holds_on(day)]
    seen = {one.person.id: one for one in reversed(holders)}
    return {
        "places": tuple(
            Option(spot.value, venue_page.spot_words(spot.building.name, spot.floor.number if spot.floor else None))
            for spot in spots
        ),
        "key_parts": tuple(Option(str(part.id), part.name) for part in buildings.key_parts(session, venue.id, day=day)),
        "key_part_kinds": options(catalogue.key_part_kinds()),
        "facility_kinds": options(catalogue.facility_kinds()),
        "people": tuple(Option(str(one.person.id), one.person.name) for one in seen.values()),
    }


def spot_value(row: Any) -> str:  # noqa: ANN401 - a key part or a facility
    """Return how a form names where something is."""
    return f"f:{row.floor_id}" if row.floor_id else f"b:{row.building_id}" if row.building_id else ""


def _form_page(venue: Venue, path: str, title: Sentence, button: Sentence, about: str = "") -> RegisterForm:
    home = f"/venues/{venue.code}"
    return RegisterForm(title, f"{home}/{path}", home, button, about=about or venue.name)


def _sent(  # noqa: PLR0913, PLR0917 - one form: who, where, what, how
    request: Request,
    db: Database,
    staff: Identity,
    at: datetime,
    venue: Venue,
    page: RegisterForm,
    model: type[BaseModel],
    form: FormData,
    do: Callable[[Session, Any, int | None], object],
    lists: Lists | None = None,
) -> Response:
    def carry_out(session: Session, filled: BaseModel, version: int | None) -> str:
        do(session, filled, version)
        return f"/venues/{venue.code}?done=saved"

    sent = register_forms.send(db, model, form, carry_out)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(request, page, model, staff=staff, at=at, lists=lists, unsent=sent)


# Buildings.

NEW_BUILDING = ("buildings/new", Sentence("Enter a building"), Sentence("Enter it"))


@router.get("/venues/{code}/buildings/new")
@needs(EQUIPS)
def ask_building(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new building."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
    return register_forms.show(request, _form_page(venue, *NEW_BUILDING), BuildingFacts, staff=staff, at=at)


@router.post("/venues/{code}/buildings/new")
@needs(EQUIPS)
def enter_building(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter a building."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
    made = register_forms.form_id_of(form)
    return _sent(
        request, db, staff, at, venue, _form_page(venue, *NEW_BUILDING), BuildingFacts, form,
        lambda session, filled, _: buildings.add_building(
            session, venue.id, filled, actor=staff.actor, at=at, building_id=made
        ),
    )  # fmt: skip


def _building(session: Session, venue: Venue, building_id: UUID) -> Building:
    building = session.get(Building, building_id)
    if building is None or building.venue_id != venue.id:
        raise OutOfReach(str(building_id))
    return building


def _edit_building(venue: Venue, building: Building) -> RegisterForm:
    path = f"buildings/{building.id}/edit"
    return _form_page(venue, path, Sentence("Change a building"), Sentence("Save"), building.name)


@router.get("/venues/{code}/buildings/{building_id}/edit")
@needs(EQUIPS)
def ask_building_facts(
    request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff
) -> Response:
    """Show the form of a building's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
        version = register_lock.version_of(session, building.id)
    values = {name: getattr(building, name, None) for name in BuildingFacts.model_fields}
    page = _edit_building(venue, building)
    return register_forms.show(request, page, BuildingFacts, staff=staff, at=at, values=values, version=version)


@router.post("/venues/{code}/buildings/{building_id}/edit")
@needs(EQUIPS)
def change_building(
    request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Change a building's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
    return _sent(
        request, db, staff, at, venue, _edit_building(venue, building), BuildingFacts, form,
        lambda session, filled, version: buildings.change_building(
            session, building_id, filled, actor=staff.actor, at=at, version=version
        ),
    )  # fmt: skip


def _floor_page(venue: Venue, building: Building) -> RegisterForm:
    path = f"buildings/{building.id}/floors"
    return _form_page(venue, path, Sentence("Enter or name a floor"), Sentence("Save"), building.name)


@router.get("/venues/{code}/buildings/{building_id}/floors")
@needs(EQUIPS)
def ask_floor(request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a floor."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
    return register_forms.show(request, _floor_page(venue, building), FloorFacts, staff=staff, at=at)


@router.post("/venues/{code}/buildings/{building_id}/floors")
@needs(EQUIPS)
def enter_floor(
    request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Enter a floor, or name one."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
    return _sent(
        request, db, staff, at, venue, _floor_page(venue, building), FloorFacts, form,
        lambda session, filled, _: buildings.add_floor(session, building_id, filled, actor=staff.actor, at=at),
    )  # fmt: skip


def _end_page(venue: Venue, path: str, name: str) -> RegisterForm:
    return _form_page(venue, path, Sentence("End it"), Sentence("End it"), name)


@router.get("/venues/{code}/buildings/{building_id}/end")
@needs(EQUIPS)
def ask_building_end(
    request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff
) -> Response:
    """Show the form that ends a building."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
        version = register_lock.version_of(session, building.id)
    page = _end_page(venue, f"buildings/{building_id}/end", building.name)
    return register_forms.show(request, page, Ending, staff=staff, at=at, version=version)


@router.post("/venues/{code}/buildings/{building_id}/end")
@needs(EQUIPS)
def end_building(
    request: Request, *, code: str, building_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """End a building."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        building = _building(session, venue, building_id)
    return _sent(
        request, db, staff, at, venue, _end_page(venue, f"buildings/{building_id}/end", building.name), Ending, form,
        lambda session, filled, version: buildings.end_building(
            session, building_id, filled, actor=staff.actor, at=at, version=version
        ),
    )  # fmt: skip


# Key parts.

NEW_PART = ("key-parts/new", Sentence("Enter a key part"), Sentence("Enter it"))


@router.get("/venues/{code}/key-parts/new")
@needs(EQUIPS)
def ask_key_part(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new key part."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        lists = place_lists(session, venue, at=at)
    return register_forms.show(request, _form_page(venue, *NEW_PART), KeyPartFacts, staff=staff, at=at, lists=lists)


@router.post("/venues/{code}/key-parts/new")
@needs(EQUIPS)
def enter_key_part(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter a key part."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        lists = place_lists(session, venue, at=at)
    made = register_forms.form_id_of(form)
    return _sent(
        request, db, staff, at, venue, _form_page(venue, *NEW_PART), KeyPartFacts, form,
        lambda session, filled, _: buildings.add_key_part(
            session, venue.id, filled, actor=staff.actor, at=at, part_id=made
        ), lists,
    )  # fmt: skip


def _part(session: Session, venue: Venue, part_id: UUID) -> KeyPart:
    part = session.get(KeyPart, part_id)
    if part is None or part.venue_id != venue.id:
        raise OutOfReach(str(part_id))
    return part


def _edit_part(venue: Venue, part: KeyPart) -> RegisterForm:
    return _form_page(venue, f"key-parts/{part.id}/edit", Sentence("Change a key part"), Sentence("Save"), part.name)


@router.get("/venues/{code}/key-parts/{part_id}/edit")
@needs(EQUIPS)
def ask_key_part_facts(request: Request, *, code: str, part_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a key part's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        part = _part(session, venue, part_id)
        lists = place_lists(session, venue, at=at)
        version = register_lock.version_of(session, part.id)
    values = {"kind": part.kind, "name": part.name, "location": part.location, "where": spot_value(part),
              "responsible": part.responsible_id}  # fmt: skip
    page = _edit_part(venue, part)
    return register_forms.show(
        request, page, KeyPartFacts, staff=staff, at=at, lists=lists, values=values, version=version
    )


@router.post("/venues/{code}/key-parts/{part_id}/edit")
@needs(EQUIPS)
def change_key_part(
    request: Request, *, code: str, part_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Change a key part's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        part = _part(session, venue, part_id)
        lists = place_lists(session, venue, at=at)
    return _sent(
        request, db, staff, at, venue, _edit_part(venue, part), KeyPartFacts, form,
        lambda session, filled, version: buildings.change_key_part(
            session, part_id, filled, actor=staff.actor, at=at, version=version
        ), lists,
    )  # fmt: skip


@router.get("/venues/{code}/key-parts/{part_id}/end")
@needs(EQUIPS)
def ask_key_part_end(request: Request, *, code: str, part_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that ends a key part."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        part = _part(session, venue, part_id)
        version = register_lock.version_of(session, part.id)
    page = _end_page(venue, f"key-parts/{part_id}/end", part.name)
    return register_forms.show(request, page, Ending, staff=staff, at=at, version=version)


@router.post("/venues/{code}/key-parts/{part_id}/end")
@needs(EQUIPS)
def end_key_part(
    request: Request, *, code: str, part_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """End a key part."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        part = _part(session, venue, part_id)
    return _sent(
        request, db, staff, at, venue, _end_page(venue, f"key-parts/{part_id}/end", part.name), Ending, form,
        lambda session, filled, version: buildings.end_key_part(
            session, part_id, filled, actor=staff.actor, at=at, version=version
        ),
    )  # fmt: skip
