"""What stands around every page of the administration: which parts of it this person may open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.pages.staff_frame import ADMINISTRATION, staff_page
from domain.access import may
from domain.accounts import Identity
from domain.actors import Actor, Place
from domain.language import Sentence
from domain.rights import Right


@dataclass(frozen=True, slots=True)
class AdminPlace:
    """One part of the administration."""

    key: str
    href: str
    words: Sentence
    about: Sentence
    right: Right
    everywhere: bool = False
    """It concerns the whole installation: the right has to hold for all of it."""


PLACES = (
    AdminPlace("users", "/admin/users", Sentence("People and accounts"),
               Sentence("Who works here, their posts, how they sign in"), Right.SEE_PEOPLE),
    AdminPlace("delegations", "/admin/delegations", Sentence("Holiday cover"),
               Sentence("Who covers for whom, and until when"), Right.DELEGATE),
    AdminPlace("areas", "/admin/areas", Sentence("Areas"),
               Sentence("The tree of areas, their outlines on a map, who leads on boundaries"), Right.SEE_AREAS),
    AdminPlace("organisations", "/admin/organisations", Sentence("Organisations"),
               Sentence("Brigades, stations, street desks, departments"), Right.SEE_AREAS),
    AdminPlace("import", "/admin/import", Sentence("Import"),
               Sentence("Venues, people and facilities from a table, tried out first"), Right.IMPORT),
    AdminPlace("codes", "/admin/code-sheets", Sentence("Code sheets"),
               Sentence("QR sheets of many venues in one PDF"), Right.PRINT_CODES),
    AdminPlace("calendar", "/admin/calendar", Sentence("Working days"),
               Sentence("Which days are worked, year by year; importing a year"), Right.SEE_RULES),
    AdminPlace("limits", "/admin/limits", Sentence("Time limits"),
               Sentence("Every limit with its article, and what is set here instead"), Right.SEE_RULES),
    AdminPlace("vault", "/admin/vault", Sentence("Vault"),
               Sentence("Keys, and what is redacted when its time is over"), Right.KEEP_VAULT, everywhere=True),
    AdminPlace("audit", "/admin/audit", Sentence("Audit log"),
               Sentence("Who changed what in the register, who looked at what was sealed"), Right.SEE_AUDIT,
               everywhere=True),
    AdminPlace("settings", "/admin/settings", Sentence("Settings"),
               Sentence("How this installation is set up, and what each setting does"), Right.SEE_SETTINGS,
               everywhere=True),
)  # fmt: skip


def places_for(actor: Actor) -> tuple[AdminPlace, ...]:
    """Return the parts of the administration this actor may open."""
    return tuple(part for part in PLACES if may(actor, part.right, Place() if part.everywhere else None))


def administers(actor: Actor) -> bool:
    """Return whether the administration is more than a look at areas for this actor."""
    return any(may(actor, right) for right in ADMINISTRATION)


def admin_page(
    request: Request, template: str, *, staff: Identity, at: datetime, here: str, status: int = 200, **context: object
) -> HTMLResponse:
    """Return a page of the administration; `here` is the key of its part."""
    return staff_page(
        request, template, staff=staff, at=at, here="admin", status=status,
        parts=places_for(staff.actor), part=here, **context,
    )  # fmt: skip
