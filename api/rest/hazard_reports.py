"""Hazard reports by program: made, followed and answered with the receipt code."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api import allowances, receipts
from api.access import Router, by_receipt, programs_may, public
from api.deps import Db, MaybeStaff, Now, address_of, locale_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.rendering import in_words
from api.rest import answers
from api.rest.form_schema import offered
from api.rest.opening import IdempotencyKey, Opened, open_once
from api.rest.steps import StepTaken, split_version, take_step
from domain import cases, reports
from domain.actors import ANYBODY
from domain.language import ENGLISH
from domain.processes import workflow_of
from domain.queries.public_report import PublicReport, public_report
from domain.reports import Intake
from domain.tokens import Scope

router = Router(prefix="/api/v1/hazard-reports", tags=["hazard reports"])

CHANNEL = "api"


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
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Report a hazard. The receipt code in the answer is shown once: with it the report is followed.

    With an `Idempotency-Key` the same request sent again gets the same answer and opens nothing. Without a token at
    most 20 reports in ten minutes are taken from one address; then the answer is 429 with `Retry-After`.
    """
    if "language" not in intake.model_fields_set:
        intake = intake.model_copy(update={"language": locale_of(request)})

    def open_it(session: Session) -> Opened:
        if faults := reports.faults(intake):
            raise FieldsRefused(faults)
        if staff is None:
            allowances.spend_report(session, address_of(request), at=at)
        return reports.open_report(session, intake, actor=ANYBODY, at=at, channel=CHANNEL)

    return open_once(
        request, db, intake, idempotency_key, of="hazard-reports", staff=staff, at=at, do=open_it,
        receipt_of=reports.receipt_of,
    )  # fmt: skip


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
        "offers": offered(offers, locale),
    }
    return JSONResponse(body)


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
            {
                "label": in_words(step.words, locale),
                "due_at": answers.moment(step.due_at),
                "due_basis": in_words(step.basis, locale) or None,
                "provisional": step.is_provisional,
                "late": step.is_late,
            }
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
