"""Hazard reports by program: made, followed and answered with the receipt code."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Body, Header, Request
from fastapi.responses import JSONResponse

from api import allowances, receipts
from api.access import Router, by_receipt, programs_may, public
from api.deps import Db, MaybeStaff, Now, address_of, locale_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.rendering import in_words
from api.rest import answers
from api.rest.form_schema import form_schema
from api.rest.steps import StepTaken, split_version, take_step
from domain import cases, idempotency, reports, sealed
from domain.actors import ANYBODY
from domain.language import ENGLISH, Sentence
from domain.processes import workflow_of
from domain.queries.public_report import PublicReport, public_report
from domain.reports import Intake
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/hazard-reports", tags=["hazard reports"])

CHANNEL = "api"
SHORTEST_KEY, SHORTEST_KEY_OF_NOBODY = 8, 16
"""Characters of an `Idempotency-Key`: a caller without a name shares theirs with everybody at the same address."""
KEY = (
    "Names this request, so that it counts once however often it is sent. Drawn by chance, such as a UUID: 8 to 100 "
    "characters, without a token 16 at least. It is known for 48 hours, to the same token or else the same address."
)


@router.post("", status_code=CREATED)
@public
@programs_may(Scope.CASES_WRITE)
def report_hazard(
    request: Request,
    *,
    intake: Intake,
    db: Db,
    at: Now,
    staff: MaybeStaff,
    idempotency_key: Annotated[
        str | None, Header(max_length=100, description=KEY, json_schema_extra={"minLength": SHORTEST_KEY})
    ] = None,
) -> JSONResponse:
    """Report a hazard. The receipt code in the answer is shown once: with it the report is followed.

    With an `Idempotency-Key` the same request sent again gets the same answer and opens nothing. Without a token at
    most 20 reports in ten minutes are taken from one address; then the answer is 429 with `Retry-After`.
    """
    if "language" not in intake.model_fields_set:
        intake = intake.model_copy(update={"language": locale_of(request)})
    caller = staff.account.id.hex if staff else f"anybody at {address_of(request)}"
    if idempotency_key is not None:
        refuse_short(idempotency_key, is_known=staff is not None)
    key = _key(idempotency_key, caller) if idempotency_key else None
    with db.write() as session:
        known = idempotency.claim(session, key, fingerprint=_fingerprint(intake), at=at) if key else None
        if known is not None:
            case = cases.by_number(session, known["number"])
            return _made(known, reports.receipt_of(session, case.id))
        if faults := reports.faults(intake):
            raise FieldsRefused(faults)
        if staff is None:
            allowances.spend_report(session, address_of(request), at=at)
        opened = reports.open_report(session, intake, actor=ANYBODY, at=at, channel=CHANNEL)
        answer = {
            "number": opened.case.number,
            "state": opened.case.state,
            "due_at": answers.moment(opened.case.due_at),
        }
        if key:
            idempotency.settle(session, key, status=CREATED, answer=answer)
    return _made(answer, opened.receipt)


def _made(answer: dict[str, Any], receipt: str | None) -> JSONResponse:
    return JSONResponse({**answer, "receipt": receipt}, status_code=CREATED)


def _key(given: str, caller: str) -> str:
    return f"hazard-reports:{sealed.mark(f'{caller}:{given}')}"


def _fingerprint(intake: Intake) -> str:
    # Keyed: a plain hash of a body with a telephone number in it could be guessed back.
    return sealed.mark(json.dumps(intake.model_dump(mode="json"), sort_keys=True))[:64]


@router.get("/{receipt}")
@by_receipt
def follow_report(request: Request, receipt: str, db: Db, at: Now) -> JSONResponse:
    """Return where the report stands and what happened; nothing of staff, nothing of the reporter."""
    locale = locale_of(request)
    with db.read() as session:
        case = receipts.opened_by(session, request, receipt)
        shown = public_report(session, case, at=at)
        offers = workflow_of(case.process).offers(cases.snapshot(case), reports.reporter_of(case), at=at)
    body = _public(shown, locale) | {
        "state": case.state,
        "offers": [
            {
                "name": offer.transition.name,
                "label": in_words(offer.transition.label, locale),
                "enabled": offer.enabled,
                "reason": in_words(offer.reason, locale) or None,
                "form": form_schema(offer.transition.form, locale),
            }
            for offer in offers
        ],
    }
    return JSONResponse(body)


def refuse_short(key: str, *, is_known: bool) -> None:
    """Raise `FieldsRefused` for a key another caller could draw too; the sentence names the least length."""
    if is_known and len(key) < SHORTEST_KEY:
        wanted = Sentence("A key has at least %(least)s characters, drawn by chance.", least=SHORTEST_KEY)
    elif not is_known and len(key) < SHORTEST_KEY_OF_NOBODY:
        wanted = Sentence(
            "Without a token a key has at least %(least)s characters, drawn by chance.", least=SHORTEST_KEY_OF_NOBODY
        )
    else:
        return
    raise FieldsRefused([FieldRefusal("Idempotency-Key", wanted)])


def _public(shown: PublicReport, locale: str) -> dict[str, Any]:
    return {
        "number": shown.number,
        "state_label": in_words(shown.state, locale),
        "version": shown.version,
        "opened_at": answers.moment(shown.opened_at),
        "due_at": answers.moment(shown.due_at),
        "place": shown.place_en or shown.place if locale == ENGLISH else shown.place,
        "venue_code": shown.venue_code,
        "hazard": answers.hazard(shown.hazard, locale),
        "open": shown.is_open,
        "joined": shown.is_joined,
        "reply": shown.reply,
        "replied_at": answers.moment(shown.replied_at),
        "timeline": [{"label": in_words(step.words, locale), "at": answers.moment(step.at)} for step in shown.steps],
        "ahead": [
            {"label": in_words(step.words, locale), "due_at": answers.moment(step.due_at), "late": step.is_late}
            for step in shown.ahead
        ],
        "found": [
            {
                "hazard": answers.hazard(found.hazard, locale),
                "corrected": found.is_corrected,
                "correct_by": found.correct_by.isoformat() if found.correct_by else None,
            }
            for found in shown.found
        ],
    }


@router.post("/{receipt}/transitions/{name}")
@by_receipt
def take_reporters_step(
    request: Request, *, receipt: str, name: str, db: Db, at: Now, fields: Annotated[dict[str, Any], Body()]
) -> StepTaken:
    """Do what the reporter may do: add information, object, rate, withdraw, urge. `version` is optional."""
    version, data = split_version(fields, required=False)
    with db.write() as session:
        case = receipts.opened_by(session, request, receipt)
        return take_step(session, case, name, actor=reports.reporter_of(case), at=at, version=version, data=data)
