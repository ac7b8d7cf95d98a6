"""Forms about something of a venue: each is described once, then asked, sent, and shown again with what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.deps import CurrentStaff, Db, Now
from api.pages import register_forms
from api.pages.register_forms import Lists, RegisterForm, options
from api.pages.staff_forms import Option
from domain import buildings, catalogue, people, venue_people
from domain.access import NotPermitted
from domain.accounts import Identity
from domain.actors import Actor
from domain.database import Database
from domain.language import Sentence
from domain.models import Venue
from domain.queries import venue_page
from domain.rights import Right


@dataclass(frozen=True, slots=True)
class VenueForm:
    """One form about something of a venue, as that stands now."""

    page: RegisterForm
    model: type[BaseModel]
    do: Callable[[Session, Any, int | None], object]
    """Carries it out: the filled form, and the version of the record it was made from."""
    values: Mapping[str, Any] | None = None
    version: int | None = None
    """Where the record of what it changes stands; None for something new."""
    lists: Lists | None = None


Describe = Callable[[Session, Venue], VenueForm]
"""Returns the form; raises `OutOfReach` for what is not the venue's."""


@dataclass(frozen=True, slots=True)
class AtVenue:
    """Somebody who asks for a form at one venue, or sends it."""

    request: Request
    code: str
    database: Database
    at: datetime
    staff: Identity

    @property
    def by(self) -> dict[str, Any]:
        """Return who changes the register, and when, as its services take it."""
        return {"actor": self.staff.actor, "at": self.at}

    def ask(self, right: Right, describe: Describe) -> Response:
        """Show the form. Raises `OutOfReach`, `NotPermitted`."""
        form = self._described(right, describe)
        return register_forms.show(
            self.request, form.page, form.model, staff=self.staff, at=self.at, lists=form.lists, values=form.values,
            version=form.version,
        )  # fmt: skip

    def send(self, right: Right, sent: FormData, describe: Describe) -> Response:
        """Carry out what was sent, or show it again with what is wrong. Raises `OutOfReach`, `NotPermitted`."""
        form = self._described(right, describe)

        def carry_out(session: Session, filled: BaseModel, version: int | None) -> str:
            form.do(session, filled, version)
            return f"{form.page.back}?done=saved"

        answer = register_forms.send(self.database, form.model, sent, carry_out)
        if isinstance(answer, Response):
            return answer
        return register_forms.show(
            self.request, form.page, form.model, staff=self.staff, at=self.at, lists=form.lists, unsent=answer
        )

    def _described(self, right: Right, describe: Describe) -> VenueForm:
        with self.database.read() as session:
            return describe(session, allowed(session, self.staff.actor, self.code, right))


async def at_venue(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> AtVenue:
    """Return who asks, and about which venue."""
    return AtVenue(request, code, db, at, staff)


Here = Annotated[AtVenue, Depends(at_venue)]


def allowed(session: Session, actor: Actor, code: str, right: Right) -> Venue:
    """Return a venue the actor has `right` at; raises `OutOfReach` or `NotPermitted`."""
    venue = venue_page.seen(session, actor, code)
    if right not in venue_page.rights_at(session, actor, venue):
        raise NotPermitted(right)
    return venue


def page_at(venue: Venue, path: str, title: Sentence, button: Sentence, about: str = "") -> RegisterForm:
    """Return the page of a form below the venue's own, to which it leads back."""
    home = f"/venues/{venue.code}"
    return RegisterForm(title, f"{home}/{path}", home, button, about=about or venue.name)


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
