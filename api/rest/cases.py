"""Cases by program: listed, read, and moved by the same table the pages use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Body, Query, Request
from fastapi.responses import JSONResponse

from api.access import Router, programs_may, proven, staff_only
from api.changes import note_version, step_words
from api.deps import CurrentStaff, Db, Now, locale_of
from api.field_errors import FieldsRefused
from api.rendering import in_words
from api.rest import answers
from api.rest.form_schema import offered
from api.rest.steps import StepTaken, split_version, take_step
from domain import access, cases, disclosure
from domain.actors import ROLE_LABELS, Role
from domain.cases import CaseChanged
from domain.language import Sentence
from domain.processes import WORKFLOWS, workflow_of
from domain.queries import case_calls, case_list, case_messages, case_record
from domain.queries.case_list import BadCursor, Wanted
from domain.queries.case_messages import Promise
from domain.queries.case_page import CasePage, case_page
from domain.queries.identity_card import IdentityCard, identity_card
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/cases", tags=["cases"])


@router.get("")
@staff_only
@programs_may(Scope.CASES_READ)
def list_cases(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    process: str | None = None,
    state: str = "",
    area: str | None = None,
    overdue: bool = False,
    q: Annotated[str, Query(max_length=100)] = "",
    order: Literal["newest", "due"] = "newest",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=case_list.LARGEST_PAGE)] = case_list.PAGE_SIZE,
) -> JSONResponse:
    """List the cases the caller may see. `state` takes several names with commas; `cursor` gives the next page.

    Patrols (`patrol_task`) are too many to stand among the others: they are listed when `process` names them, or `q`
    is the whole number of one.
    """
    if process is not None and process not in WORKFLOWS:
        raise FieldsRefused([FieldRefusal("process", Sentence("There is no such process."))])
    states = tuple(part.strip() for part in state.split(",") if part.strip())
    wanted = Wanted(process=process, states=states, area=area, overdue=overdue, q=q)
    try:
        with db.read() as session:
            found = case_list.page(session, staff.actor, wanted, at=at, order=order, cursor=cursor, size=limit)
    except BadCursor:
        refusal = FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))
        raise FieldsRefused([refusal]) from None
    locale = locale_of(request)
    rows = [answers.listed(row, at=at, locale=locale) for row in found.rows]
    return JSONResponse({"cases": rows, "next_cursor": found.next_cursor})


@router.get("/{number}")
@staff_only
@programs_may(Scope.CASES_READ)
def read_case(request: Request, number: str, db: Db, at: Now, staff: CurrentStaff) -> JSONResponse:
    """Return one case: what it is about, its deadlines, its photos, its links."""
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        page = case_page(session, case, actor=staff.actor, at=at)
        card = identity_card(session, case, actor=access.acting_on(session, staff.actor, case), at=at)
    return JSONResponse({**_shown(page, locale_of(request)), "identity": _identity(card)})


def _identity(card: IdentityCard | None) -> dict[str, Any] | None:
    """Return who asked to see the reporter and what the caller may do; nothing of the reporter."""
    if card is None:
        return None
    return {
        "requests": [
            {"whom": str(asked.person_id), "name": asked.name, "reason": asked.reason,
             "asked_at": answers.moment(asked.asked_at)}
            for asked in card.waiting
        ],
        "may_decide": card.may_decide,
        "granted_until": answers.moment(card.granted_until),
    }  # fmt: skip


def _shown(page: CasePage, locale: str) -> dict[str, Any]:
    case, reporter = page.case, page.reporter
    return {
        "number": case.number,
        "process": case.process,
        "state": case.state,
        "state_label": in_words(page.state, locale),
        "final": page.is_final,
        "version": case.version,
        "channel": case.channel,
        "place": case.place,
        "venue": {"code": page.venue.code, "name": page.venue.name, "address": page.venue.address}
        if page.venue
        else None,
        "area": {"code": page.area.code, "name": page.area.name} if page.area else None,
        "hazard": answers.hazard(page.hazard, locale),
        "assignees": list(page.assignees),
        "wardens": list(page.wardens),
        "opened_at": answers.moment(case.opened_at),
        "changed_at": answers.moment(case.changed_at),
        "closed_at": answers.moment(case.closed_at),
        "due_at": answers.moment(case.due_at),
        "reporter": {
            "words": reporter.words,
            "place": reporter.place,
            "position": dict(zip(("lat", "lon"), reporter.position, strict=True)) if reporter.position else None,
            "name_masked": reporter.name,
            "phone_masked": reporter.phone,
            "has_phone": reporter.has_phone,
            "language": reporter.language,
        }
        if reporter
        else None,
        "photos": [f"/photos/{photo}/full" for photo in page.photos],
        "released": {
            "words": page.released.words,
            "photos": [f"/photos/{photo}/full" for photo in page.released.photos],
            "at": answers.moment(page.released.at),
        }
        if page.released
        else None,
        "clocks": [
            {
                "name": clock.name,
                "label": in_words(clock.label, locale),
                "started_at": answers.moment(clock.started_at),
                "due_at": answers.moment(clock.due_at),
                "stopped_at": answers.moment(clock.stopped_at),
                "running": clock.is_running,
                "provisional": clock.is_provisional,
                "statutory": clock.is_statutory,
                "basis": list(clock.basis),
                "due_basis": answers.basis(clock.rests, locale),
            }
            for clock in page.clocks
        ],
        "links": [
            {
                "relation": in_words(link.relation, locale),
                "number": link.number,
                "process": in_words(link.process, locale),
                "state": in_words(link.state, locale),
            }
            for link in page.links
        ],
        "similar": [similar.number for similar in page.similar],
    }


@router.get("/{number}/timeline")
@staff_only
@programs_may(Scope.CASES_READ)
def read_timeline(request: Request, number: str, db: Db, staff: CurrentStaff) -> JSONResponse:
    """Return what happened, the oldest first; sealed words only for those who may read them."""
    locale = locale_of(request)
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        entries = case_record.timeline(session, case, actor=staff.actor)
        acting = access.acting_on(session, staff.actor, case)
        promised = case_messages.promises(session, workflow_of(case.process), case, actor=acting)
    body = [
        {
            "seq": entry.seq,
            "transition": entry.transition,
            "label": step_words(case.process, entry.transition, locale),
            "source": entry.source,
            "target": entry.target,
            "by": {
                "role": entry.actor_role,
                "label": in_words(ROLE_LABELS[Role(entry.actor_role)], locale),
                "name": entry.actor_name or None,
            },
            "at": answers.moment(entry.at),
            "data": entry.data,
            "promises": [_promise(promise, locale) for promise in promised.get(entry.seq, ())],
            "hash": entry.hash,
        }
        for entry in entries
    ]
    return JSONResponse({"number": case.number, "version": case.version, "timeline": body})


def _promise(promise: Promise, locale: str) -> dict[str, Any]:
    """Return what an entry promised to tell, and whom it reached, how and when."""
    return {
        "effect": promise.effect,
        "label": in_words(promise.label, locale),
        "state": promise.state,
        "settled_at": answers.moment(promise.settled_at),
        "waits_until": answers.moment(promise.waits_until),
        "reason": in_words(promise.reason, locale) or None,
        "handed_on": in_words(promise.handed_on, locale) or None,
        "told": [
            {
                "name": in_words(attempt.recipient, locale),
                "channel": attempt.way,
                "phone_masked": attempt.masked or None,
                "try": attempt.number,
                "state": attempt.state,
                "acknowledged_at": answers.moment(attempt.acknowledged_at),
                "made_at": answers.moment(attempt.made_at),
                "changed_at": answers.moment(attempt.changed_at),
            }
            for attempt in promise.tries
        ],
    }


@router.get("/{number}/offers")
@staff_only
@programs_may(Scope.CASES_READ)
def read_offers(request: Request, number: str, db: Db, at: Now, staff: CurrentStaff) -> JSONResponse:
    """Return the caller's next steps, each possible or with the reason why not, and its form as JSON Schema."""
    locale = locale_of(request)
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        offers = cases.offers(session, case, actor=staff.actor, at=at)
    return JSONResponse(offered(offers, locale))


@router.get("/{number}/calls")
@staff_only
@programs_may(Scope.CASES_READ)
def read_calls(request: Request, number: str, db: Db, staff: CurrentStaff) -> JSONResponse:
    """Return every message and call made for the case, the oldest first; numbers are masked."""
    locale = locale_of(request)
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        made = case_calls.calls(session, case, actor=staff.actor)
    body = [
        {
            "id": str(call.id),
            "effect": call.effect,
            "label": in_words(workflow_of(case.process).effects.get(call.effect), locale),
            "channel": call.channel,
            "try": call.number,
            "to": {"name": call.name, "phone_masked": call.masked},
            "state": call.state,
            "answered_by": call.answered_by,
            "keys": call.keys,
            "acknowledged_at": answers.moment(call.acknowledged_at),
            "error": call.error,
            "provider": call.provider,
            "provider_id": call.provider_id,
            "made_at": answers.moment(call.made_at),
            "changed_at": answers.moment(call.changed_at),
        }
        for call in made
    ]
    return JSONResponse({"number": case.number, "calls": body})


@router.post("/{number}/transitions/reveal_identity")
@staff_only
@proven
@programs_may(Scope.IDENTITY_REVEAL)
def reveal_identity(
    request: Request,
    *,
    number: str,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    fields: Annotated[dict[str, Any], Body()],
) -> JSONResponse:
    """See who the reporter is: the one answer that says so. Needs a second person's consent of the last hour."""
    version, data = split_version(fields, required=True)
    with db.write() as session:
        case = cases.seen_by(session, staff.actor, number)
        note_version(request, version or 0, number=case.number)
        if version != case.version:
            raise CaseChanged(case.number)
        shown = disclosure.reveal(session, case, actor=staff.actor, at=at, data=data)
    position = dict(zip(("lat", "lon"), shown.position, strict=True)) if shown.position else None
    body = {**answers.moved(case), "identity": {"name": shown.name, "phone": shown.phone, "position": position}}
    return JSONResponse(body, headers={"cache-control": "no-store"})


@router.post("/{number}/transitions/{name}")
@staff_only
@programs_may(Scope.CASES_WRITE)
def take_staff_step(
    request: Request,
    *,
    number: str,
    name: str,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    fields: Annotated[dict[str, Any], Body()],
) -> StepTaken:
    """Take a step: the fields of its form, and `version`, the version of the case the caller has seen.

    409 with `state`, `version` and `changes` when somebody else was faster, or when the step is not possible now.
    """
    version, data = split_version(fields, required=True)
    with db.write() as session:
        case = cases.seen_by(session, staff.actor, number)
        note_version(request, version or 0, number=case.number)
        return take_step(session, case, name, actor=staff.actor, at=at, version=version, data=data)
