"""What stands around every staff page: where one is, where one may go, whether the engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.rendering import render
from domain import notices
from domain.access import may
from domain.accounts import Identity
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label, Sentence
from domain.processes.hazard_report import HAZARD_REPORT
from domain.queries import standing
from domain.rights import Right

ON_SITE = (Role.WARDEN, Role.OFFICER, Role.MANAGER, Role.OWNER, Role.CREW)
"""Roles that work from their phone: they land on their tasks."""
HAS_TASKS = (*ON_SITE, Role.INSPECTOR)
WATCHES_DEADLINES = (Role.HANDLER, Role.INSPECTOR, Role.SUPERVISOR, Role.LEADER)
"""Roles to whom the deadlines of others are their own business."""
ADMINISTRATION = (Right.SEE_PEOPLE, Right.DELEGATE, Right.IMPORT, Right.SEE_AUDIT)
"""Whoever has one of these has something to do in the administration."""
MISSED = {
    "exchange": Sentence("The telephone exchange does not run: messages wait until it is back."),
    "gateway": Sentence("The alarm gateway does not run: no alarms of devices come in."),
}
"""What it means that a part is lost, by its name."""


@dataclass(frozen=True, slots=True)
class Place:
    """An area of the site."""

    key: str
    href: str
    words: Sentence


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something of the engine that does not run; `grave` when cases wait for it."""

    words: Sentence
    grave: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one page."""

    here: str
    places: tuple[Place, ...]
    roles: tuple[Label, ...]
    home: str
    troubles: tuple[Trouble, ...]
    unread: int = 0
    """Notices this person has not read."""


def landing(actor: Actor) -> str:
    """Return the page a person starts from."""
    office = actor.roles - set(ON_SITE)
    return "/tasks" if actor.plays(*ON_SITE) and not office else "/cases"


def may_take_calls(actor: Actor) -> bool:
    """Return whether the actor registers what callers report."""
    return actor.plays(*HAZARD_REPORT.opening.roles)


def frame_of(staff: Identity | None, *, here: str, troubles: tuple[Trouble, ...] = (), unread: int = 0) -> Frame:
    """Return the frame for who is signed in."""
    if staff is None:
        return Frame(here, (), (), "/", troubles)
    places = [Place("cases", "/cases", Sentence("Cases"))]
    if staff.actor.plays(*WATCHES_DEADLINES):
        places.append(Place("board", "/board", Sentence("Deadlines")))
    if staff.actor.plays(*HAS_TASKS):
        places.append(Place("tasks", "/tasks", Sentence("My tasks")))
    if may(staff.actor, Right.SEE_PATROLS):
        places.append(Place("patrols", "/patrols", Sentence("Patrols")))
    if may_take_calls(staff.actor):
        places.append(Place("intake", "/cases/new", Sentence("Telephone intake")))
    if may(staff.actor, Right.SEE_VENUES):
        places.append(Place("venues", "/venues", Sentence("Venues")))
    if may(staff.actor, Right.SEE_FIGURES):
        places.append(Place("cockpit", "/cockpit", Sentence("Cockpit")))
        places.append(Place("map", "/map", Sentence("Map")))
    if may(staff.actor, Right.SEE_REPORTS):
        places.append(Place("reports", "/reports/sla", Sentence("Reports")))
    if any(may(staff.actor, right) for right in ADMINISTRATION):
        places.append(Place("admin", "/admin", Sentence("Administration")))
    roles = tuple(ROLE_LABELS[role] for role in sorted(staff.actor.roles))
    return Frame(here, tuple(places), roles, landing(staff.actor), troubles, unread)


def troubles_of(session: Session, *, at: datetime, data_dir: Path) -> tuple[Trouble, ...]:
    """Return what of the engine does not run: the same as /healthz says."""
    state = standing.whole(session, at=at, data_dir=data_dir)
    found = []
    if not state.promises_are_kept:
        found.append(
            Trouble(
                Sentence("The worker is silent: messages wait and clocks do not ring. Tell the administrator."),
                grave=True,
            )
        )
    elif state.prefect_is_away:
        found.append(
            Trouble(Sentence("Background scheduling (Prefect) is away; messages go out as usual."), grave=False)
        )
    if state.promises_are_kept:
        found += [Trouble(MISSED[part], grave=False) for part in state.lost if part in MISSED]
    return tuple(found)


def staff_page(
    request: Request, template: str, *, staff: Identity, at: datetime, here: str, status: int = 200, **context: object
) -> HTMLResponse:
    """Return a staff page in its frame; one query more for the state of the engine, and one for the unread notices."""
    app = request.app.state
    with app.database.read() as session:
        troubles = troubles_of(session, at=at, data_dir=app.settings.data_dir)
        unread = notices.unread(session, staff.person.id)
    frame = frame_of(staff, here=here, troubles=troubles, unread=unread)
    return render(request, template, status=status, frame=frame, at=at, **context)
