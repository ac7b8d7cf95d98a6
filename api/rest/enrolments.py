"""Applications for a code by program: made, followed and changed with the receipt code."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Body, Header, Request
from fastapi.responses import JSONResponse

from api import allowances, forms, receipts
from api.access import Router, by_receipt, programs_may, public
from api.deps import Conf, Db, MaybeStaff, Now, Posted, address_of, locale_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.middleware.limits import takes_files
from api.rendering import in_words
from api.rest import answers
from api.rest.form_schema import form_schema
from api.rest.hazard_reports import KEY, SHORTEST_KEY, refuse_short
from api.rest.steps import StepTaken, split_version, take_step
from api.rest.uploads import FILE
from domain import cases, enrolments, idempotency, papers, sealed
from domain.actors import ANY_APPLICANT
from domain.enrolments import API
from domain.language import Sentence
from domain.papers import PaperRefused
from domain.processes import workflow_of
from domain.processes.enrolment_forms import Application
from domain.queries.public_enrolment import PublicEnrolment, public_enrolment
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/enrolments", tags=["enrolments"])


@router.post("", status_code=CREATED)
@public
@programs_may(Scope.CASES_WRITE)
def apply_for_code(
    request: Request,
    *,
    application: Application,
    db: Db,
    at: Now,
    staff: MaybeStaff,
    idempotency_key: Annotated[
        str | None, Header(max_length=100, description=KEY, json_schema_extra={"minLength": SHORTEST_KEY})
    ] = None,
) -> JSONResponse:
    """Apply for a place's code. The receipt code in the answer is shown once: with it the application is followed.

    `documents` are ids that `POST /api/v1/enrolments/documents` gave. With an `Idempotency-Key` the same request sent
    again gets the same answer and opens nothing. Without a token at most 20 in ten minutes are taken from one address.
    """
    if "language" not in application.model_fields_set:
        application = application.model_copy(update={"language": locale_of(request)})
    caller = staff.account.id.hex if staff else f"anybody at {address_of(request)}"
    if idempotency_key is not None:
        refuse_short(idempotency_key, is_known=staff is not None)
    key = f"enrolments:{sealed.mark(f'{caller}:{idempotency_key}')}" if idempotency_key else None
    # Keyed: a plain hash of a body with a telephone number in it could be guessed back.
    fingerprint = sealed.mark(json.dumps(application.model_dump(mode="json"), sort_keys=True))[:64]
    with db.write() as session:
        known = idempotency.claim(session, key, fingerprint=fingerprint, at=at) if key else None
        if known is not None:
            case = cases.by_number(session, known["number"])
            return _made(known, enrolments.receipt_of(session, case.id))
        if staff is None:
            allowances.spend_report(session, address_of(request), at=at)
        opened = enrolments.open_application(
            session, application, actor=ANY_APPLICANT, at=at, channel=API,
            entered_by=staff.person.id if staff else None,
        )  # fmt: skip
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


@router.post("/documents", status_code=CREATED, openapi_extra=FILE)
@public
@programs_may(Scope.CASES_WRITE)
@takes_files
def upload_document(  # noqa: PLR0917 - what an endpoint is handed
    request: Request, form: Posted, db: Db, at: Now, settings: Conf, staff: MaybeStaff
) -> JSONResponse:
    """Take in one document (PDF, JPEG or PNG of at most 10 MB) for an application; pictures lose their metadata."""
    sent = forms.files(form, "file")
    if len(sent) != 1:
        raise FieldsRefused([FieldRefusal("file", Sentence("Send one document in the field “file”."))])
    if staff is None:
        with db.write() as session:
            allowances.spend_photos(session, address_of(request), 1, at=at)
    try:
        paper = papers.keep(
            db, sent[0].file.read(), sent[0].filename or "", kind=papers.APPLICATION, at=at,
            directory=papers.folder(settings),
        )  # fmt: skip
    except PaperRefused as refused:
        raise FieldsRefused([FieldRefusal("file", refused.reason)]) from refused
    return JSONResponse({"id": str(paper.id), "name": paper.name, "bytes": paper.size}, status_code=CREATED)


@router.get("/{receipt}")
@by_receipt
def follow_application(request: Request, receipt: str, db: Db, at: Now) -> JSONResponse:
    """Return where the application stands, what has to be changed, and the code once there is one."""
    locale = locale_of(request)
    with db.read() as session:
        case = receipts.application_by(session, request, receipt)
        shown = public_enrolment(session, case, at=at)
        applicant = enrolments.applicant_of(case)
        offers = workflow_of(case.process).offers(cases.snapshot(case), applicant, at=at)
    body = _public(shown, locale) | {
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


def _public(shown: PublicEnrolment, locale: str) -> dict[str, Any]:
    returned = shown.returned
    return {
        "number": shown.number,
        "state": shown.state_name,
        "state_label": in_words(shown.state, locale),
        "version": shown.version,
        "name": shown.name,
        "address": shown.address,
        "open": shown.is_open,
        "due_at": answers.moment(shown.due_at),
        "returned": {"text": returned.text, "hints": dict(returned.hints), "until": answers.moment(returned.until)}
        if returned
        else None,
        "reason": in_words(shown.reason, locale) or None,
        "explanation": shown.explanation or None,
        "duplicate_of": shown.duplicate_of or None,
        "venue_code": shown.code or None,
        "timeline": [{"label": in_words(step.words, locale), "at": answers.moment(step.at)} for step in shown.steps],
    }


@router.post("/{receipt}/transitions/{name}")
@by_receipt
def take_applicants_step(
    request: Request, *, receipt: str, name: str, db: Db, at: Now, fields: Annotated[dict[str, Any], Body()]
) -> StepTaken:
    """Do what the applicant may do: submit again, withdraw. `version` is optional."""
    version, data = split_version(fields, required=False)
    with db.write() as session:
        case = receipts.application_by(session, request, receipt)
        return take_step(session, case, name, actor=enrolments.applicant_of(case), at=at, version=version, data=data)
