"""Applications for a code by program: made, followed and changed with the receipt code."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api import allowances, forms, receipts
from api.access import Router, by_receipt, programs_may, public
from api.deps import Conf, Db, MaybeStaff, Now, Posted, address_of, locale_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.middleware.limits import takes_files
from api.rendering import in_words
from api.rest import answers
from api.rest.form_schema import offered
from api.rest.opening import IdempotencyKey, Opened, open_once
from api.rest.steps import StepTaken, split_version, take_step
from api.rest.uploads import FILE
from domain import cases, enrolments, papers
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
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Apply for a place's code. The receipt code in the answer is shown once: with it the application is followed.

    `documents` are ids that `POST /api/v1/enrolments/documents` gave. With an `Idempotency-Key` the same request sent
    again gets the same answer and opens nothing. Without a token at most 20 in ten minutes are taken from one address.
    """
    if "language" not in application.model_fields_set:
        application = application.model_copy(update={"language": locale_of(request)})

    def open_it(session: Session) -> Opened:
        if staff is None:
            allowances.spend_report(session, address_of(request), at=at)
        return enrolments.open_application(
            session, application, actor=ANY_APPLICANT, at=at, channel=API,
            entered_by=staff.person.id if staff else None,
        )  # fmt: skip

    return open_once(
        request, db, application, idempotency_key, of="enrolments", staff=staff, at=at, do=open_it,
        receipt_of=enrolments.receipt_of,
    )  # fmt: skip


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
        "offers": offered(offers, locale),
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
        "due_basis": in_words(shown.basis, locale) or None,
        "provisional": shown.is_provisional,
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
