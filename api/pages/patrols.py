"""How patrols are kept: the overview of a period, its venues and people, the tasks behind each number, excusing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted, locale_of
from api.errors import NOT_FOUND, problem_of
from api.field_errors import FieldError, field_errors
from api.middleware.limits import takes_little
from api.pages.staff_frame import staff_page
from domain import catalogue
from domain.access import OutOfReach, may
from domain.accounts import Identity
from domain.actors import VENUE_SIDE, Actor, Role
from domain.asking import AskedWrongly
from domain.cases import CaseChanged, FieldRefused, UnknownCase
from domain.language import Sentence
from domain.patrols import asked as asking
from domain.patrols import compliance, compliance_tasks
from domain.patrols.asked import Asked
from domain.patrols.compliance import BadCursor, Tally
from domain.patrols.compliance_tasks import OUTCOMES, Behind
from domain.processes.patrol_task import CARRIERS, PATROL_TASK
from domain.processes.patrol_task_forms import Reason
from domain.queries import area_tree
from domain.rights import Right
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)
SEES = Right.SEE_PATROLS
HERE = "patrols"
LONGEST = 80
UNPROCESSABLE = 422
COLUMNS: Mapping[str, Sentence] = {
    "planned": Sentence("Planned"),
    "in_time": Sentence("Done on time"),
    "late": Sentence("Done late"),
    "missed": Sentence("Missed"),
    "excused": Sentence("Excused by a supervisor"),
    "cancelled": Sentence("Cancelled"),
    "open": Sentence("Still open"),
}
BESIDES: Mapping[str, Sentence] = {
    "failed": Sentence("With something not in order"),
    "doubtful": Sentence("Doubts to be decided"),
    "contradictory": Sentence("Two phones differ"),
}
TITLES = {
    "from": Sentence("From day"), "until": Sentence("To day"), "area": Sentence("Area"), "venue": Sentence("Venue"),
    "template": Sentence("Checklist"), "frequency": Sentence("Frequency"),
}  # fmt: skip
NO_AREA, NO_VENUE = Sentence("There is no such area."), Sentence("There is no such venue.")
NOTHING_CHOSEN = Sentence("Tick the patrols to excuse; only open and missed ones can be.")
PEOPLE = frozenset({Role.SUPERVISOR, Role.LEADER, Role.ADMINISTRATOR, Role.WARDEN, Role.MANAGER, Role.OWNER})
"""Who reads how each person keeps their patrols: those who plan them, and their leaders."""


FIGURES = frozenset({*COLUMNS, *BESIDES})
NO_FIGURE = Sentence("There is no such figure.")


class NotAsked(Exception):
    """What an address asks for cannot be counted; the page that says so."""

    def __init__(self, errors: tuple[FieldError, ...], *, is_hidden: bool = False) -> None:
        super().__init__(", ".join(error.field for error in errors))
        self.errors, self.is_hidden = errors, is_hidden


def typed_in(query: Mapping[str, str]) -> dict[str, str]:
    """Return what an address asks for, as it was typed."""
    return {name: str(query.get(name, "")).strip()[:LONGEST] for name in asking.FIELDS}


def read(session: Session, typed: Mapping[str, str], *, actor: Actor, at: datetime) -> Asked:
    """Return what is asked for; raises `NotAsked`."""
    try:
        return asking.read(session, typed, actor=actor, at=at)
    except AskedWrongly as wrong:
        raise NotAsked(tuple(FieldError(one.field, one.reason) for one in wrong.refusals)) from wrong
    except OutOfReach as hidden:
        is_venue = bool(typed["venue"]) and str(hidden) == typed["venue"]
        error = FieldError("venue", NO_VENUE) if is_venue else FieldError("area", NO_AREA)
        raise NotAsked((error,), is_hidden=True) from hidden


def links_of(typed: Mapping[str, str], asked: Asked) -> Any:  # noqa: ANN401 - a function templates call
    """Return what makes the address of a page about the same with some of it changed."""
    kept = {**typed, "from": asked.from_on.isoformat(), "until": asked.until_on.isoformat()}

    def to(page: str, **changes: str) -> str:
        query = {name: value for name, value in {**kept, **changes}.items() if value}
        return f"{page}?{urlencode(query)}"

    return to


def _around(session: Session, staff: Identity) -> dict[str, Any]:
    actor = staff.actor
    return {
        "areas": area_tree.named(session, actor), "frequencies": catalogue.frequencies(), "columns": COLUMNS,
        "besides": BESIDES, "titles": TITLES, "sees_people": actor.plays(*PEOPLE), "carries": actor.plays(*CARRIERS),
        "is_venue": actor.plays(*VENUE_SIDE), "publishes": may(actor, Right.PUBLISH_PATROLS),
        "sees_campaigns": may(actor, Right.PUBLISH_PATROLS) or actor.plays(Role.WARDEN),
        "exports": may(actor, Right.EXPORT), "outcomes": OUTCOMES,
    }  # fmt: skip


def _refused(request: Request, wrong: NotAsked, *, typed: Mapping[str, str], staff: Identity, at: datetime,
             around: Mapping[str, Any]) -> Response:  # fmt: skip
    return staff_page(
        request, "pages/staff/patrols/overview.html", staff=staff, at=at, here=HERE, typed=typed,
        status=NOT_FOUND if wrong.is_hidden else UNPROCESSABLE, errors=wrong.errors, found=None, by="", **around,
    )  # fmt: skip


@router.get("/patrols")
@needs(SEES)
def show_overview(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show how patrols are kept in a period; without one, this month up to today."""
    typed, by = typed_in(request.query_params), request.query_params.get("by", "")
    if by == "person" and not staff.actor.plays(*PEOPLE):
        by = ""
    with db.read() as session:
        around = _around(session, staff)
        try:
            asked = read(session, typed, actor=staff.actor, at=at)
        except NotAsked as wrong:
            return _refused(request, wrong, typed=typed, staff=staff, at=at, around=around)
        found: Any = None
        pages = {"venue": compliance.by_venue, "person": compliance.by_person}
        try:
            if by in pages:
                found = pages[by](session, asked, actor=staff.actor, cursor=request.query_params.get("cursor"))
            else:
                by, found = "", compliance.overview(session, asked, actor=staff.actor)
        except BadCursor:
            return RedirectResponse(str(request.url.remove_query_params("cursor")), status_code=303)
    chart = _chart(found, locale_of(request)) if not by else None
    typed |= {"from": asked.from_on.isoformat(), "until": asked.until_on.isoformat()}
    return staff_page(
        request, "pages/staff/patrols/overview.html", staff=staff, at=at, here=HERE, typed=typed, errors=(),
        found=found, by=by, to=links_of(typed, asked), asked=asked, chart=chart,
        is_first="cursor" not in request.query_params, **around,
    )  # fmt: skip


def _chart(found: compliance.Overview, locale: str) -> dict[str, Any]:
    def bars(rows: tuple[compliance.Row, ...]) -> list[dict[str, Any]]:
        return [{"name": row.label.in_language(locale), "value": row.tally.percent} for row in rows]

    failing = [{"name": row.label.in_language(locale), "value": row.failures} for row in found.items]
    return {"areas": bars(found.areas), "frequencies": bars(found.frequencies), "items": failing}


def tally_data(tally: Tally) -> dict[str, Any]:
    """Return a tally as JSON has it."""
    names = (*COLUMNS, *BESIDES)
    return {**{name: getattr(tally, name) for name in names}, "percent": tally.percent}


@router.get("/patrols/tasks")
@needs(SEES)
def show_tasks(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the tasks behind a number, a page at a time."""
    query = request.query_params
    typed, which = typed_in(query), behind_of(query, staff.actor)
    with db.read() as session:
        around = _around(session, staff)
        try:
            asked = read(session, typed, actor=staff.actor, at=at)
        except NotAsked as wrong:
            return _refused(request, wrong, typed=typed, staff=staff, at=at, around=around)
        if (query.get("figure") or "planned") not in FIGURES:
            unknown = NotAsked((FieldError("figure", NO_FIGURE),))
            return _refused(request, unknown, typed=typed, staff=staff, at=at, around=around)
        try:
            page = compliance_tasks.page(session, asked, which, actor=staff.actor, cursor=query.get("cursor"))
        except BadCursor:
            return RedirectResponse(str(request.url.remove_query_params("cursor")), status_code=303)
    item = catalogue.check_items().get(which.item)
    return staff_page(
        request, "pages/staff/patrols/tasks.html", staff=staff, at=at, here=HERE, page=page, which=which, asked=asked,
        to=links_of(typed, asked), is_first="cursor" not in query, item=item, what={**COLUMNS, **BESIDES}[which.figure],
        excuses=compliance_tasks.may_excuse(staff.actor) and any(_is_excusable(row.state) for row in page.rows),
        is_excusable=_is_excusable, done=query.get("done"), left=query.get("left"), **around,
    )  # fmt: skip


def behind_of(query: Mapping[str, str], actor: Actor) -> Behind:
    """Return which tasks an address asks for; what it cannot mean is left out."""
    figure = query.get("figure", "")
    person = query.get("person", "") if actor.plays(*PEOPLE) else ""
    try:
        person_id = UUID(person) if person and person != "none" else None
    except ValueError:
        person_id = None
    known = figure if figure in (*COLUMNS, *BESIDES) else "planned"
    return Behind(known, query.get("item", "")[:LONGEST], person_id, is_nobodys=person == "none")


def _is_excusable(state: str) -> bool:
    return state in {source.name for source in PATROL_TASK.named("excuse")[0].sources}


@router.post("/patrols/excuse")
@needs(SEES)
@takes_little
def excuse(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Excuse the patrols that were ticked: first they are shown and a reason is asked for, then it is done."""
    numbers = [number for number in form.getlist("number") if isinstance(number, str)]
    errors: tuple[FieldError, ...] = ()
    if form.get("sure"):
        try:
            reason = Reason.model_validate({"reason": form.get("reason")}).reason
        except ValidationError as wrong:
            errors = tuple(field_errors(wrong))
        else:
            done, left = _excuse_each(request, numbers, reason, staff=staff, at=at)
            if done or left:
                return RedirectResponse(f"/patrols/tasks?figure=excused&done={done}&left={left}", status_code=303)
    with db.read() as session:
        chosen = compliance_tasks.chosen(session, numbers, actor=staff.actor)
    if not chosen:
        errors = (FieldError("", NOTHING_CHOSEN),)
    return staff_page(
        request, "pages/staff/patrols/excuse.html", status=UNPROCESSABLE if errors else 200, staff=staff, at=at,
        here=HERE, rows=chosen, errors=errors, reason=form.get("reason") or "", outcomes=OUTCOMES,
    )  # fmt: skip


def _excuse_each(
    request: Request, numbers: list[str], reason: str, *, staff: Identity, at: datetime
) -> tuple[int, int]:
    done = left = 0
    for number in numbers[: compliance_tasks.MOST_AT_ONCE]:
        try:
            with request.app.state.database.write() as session:
                compliance_tasks.excuse(session, number, reason=reason, actor=staff.actor, at=at)
            done += 1
        except (CaseChanged, FieldRefused, TransitionRefused, UnknownCase) as refused:
            if not isinstance(refused, UnknownCase):
                problem_of(request, refused)
            left += 1
    return done, left
