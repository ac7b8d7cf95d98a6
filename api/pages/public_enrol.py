"""Applying for a place's code: the form, the applicant's own page, and changing what was returned."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import allowances, forms, receipts
from api.access import Router, by_receipt, public
from api.deps import Conf, Db, MaybeStaff, Now, Posted, address_of, locale_of
from api.field_errors import FieldError, field_errors
from api.middleware.limits import takes_little, takes_photos
from api.pages import code_sheet, enrol_form, papers_in
from api.pages.enrol_form import PAGES, Draft, Frame, Standing
from api.pages.public_receipt import wrong_receipt
from api.rendering import render
from domain import cases, enrolments, owner_accounts, papers, sealed
from domain.actors import ANY_APPLICANT, Actor
from domain.cases import FieldRefused
from domain.database import Database
from domain.enrolments import Opened
from domain.identifiers import clean_receipt, mask_name, mask_phone
from domain.language import Sentence
from domain.models import Case
from domain.opening_hours import say_hours
from domain.owner_accounts import OwnAccount
from domain.processes.enrolment import RETURNED
from domain.processes.enrolment_forms import Application
from domain.queries.public_enrolment import public_enrolment
from domain.receipts import WrongReceipt
from domain.register_lock import NotNow
from domain.settings import Settings
from domain.throttles import AllowanceSpent
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)
PUBLIC = Frame("/enrol", "/")
CONFIRM = Sentence("Please tick that you are sure.")


@router.get("/enrol")
@public
def ask(request: Request, db: Db, at: Now) -> Response:
    """Show the first questions."""
    return enrol_form.show(request, db, enrol_form.fresh(), PUBLIC, at=at)


@router.post("/enrol")
@public
@takes_photos
def send(request: Request, *, db: Db, at: Now, settings: Conf, staff: MaybeStaff, form: Posted) -> Response:
    """Take the answers of one page and show the next; the last one opens the application."""
    clerk = staff.person.id if staff else None
    return posted(request, form, PUBLIC, actor=ANY_APPLICANT, entered_by=clerk, db=db, at=at, settings=settings)


def posted(
    request: Request,
    form: FormData,
    frame: Frame,
    *,
    actor: Actor,
    db: Database,
    at: datetime,
    settings: Settings,
    entered_by: UUID | None = None,
) -> Response:
    """Take in one page of a new application, from the applicant or from a colleague at the desk.

    `entered_by`: who is signed in in the browser that an applicant's form came from.
    """
    key = enrol_form.origin_key(form)
    with db.read() as session:
        sent_before = enrolments.by_origin(session, key)
    if sent_before is not None:
        return _opened(sent_before, is_desk=frame.is_desk)
    draft, errors = _taken(request, form, frame, db=db, at=at, settings=settings)
    found, wrong = enrol_form.application(draft, locale_of(request), known={})
    page = _next(draft, form, errors, wrong)
    if page is None and found is not None:
        channel = enrolments.VISIT if frame.is_desk else enrolments.WEB
        try:
            with db.write() as session:
                if not frame.is_desk:
                    allowances.spend_report(session, address_of(request), at=at)
                opened = enrolments.open_application(
                    session, found, actor=actor, at=at, channel=channel, origin_key=key, entered_by=entered_by
                )
        except AllowanceSpent as spent:
            draft.errors, draft.waiting = [FieldError("", spent.reason)], spent
        except FieldRefused as refused:
            draft.errors = field_errors(refused)
            draft.page = enrol_form.page_of(draft.errors[0].field)
        else:
            return _opened(opened, is_desk=frame.is_desk)
    else:
        draft.page = page or draft.page
    return enrol_form.show(request, db, draft, frame, at=at)


def _opened(opened: Opened, *, is_desk: bool) -> Response:
    if is_desk:
        return RedirectResponse(f"/cases/{opened.case.number}?done=1", status_code=303)
    return RedirectResponse(f"/enrol/{opened.receipt}?new=1", status_code=303)


def _taken(
    request: Request, form: FormData, frame: Frame, *, db: Database, at: datetime, settings: Settings
) -> tuple[Draft, list[FieldError]]:
    """Return the posted draft with its documents, and what was wrong with those."""
    draft = enrol_form.read(form)
    taken = papers_in.take_in(
        form,
        database=db,
        settings=settings,
        at=at,
        address=None if frame.is_desk else address_of(request),
        case_id=frame.standing.case_id if frame.standing else None,
    )
    draft.kept, draft.waiting = taken.kept, taken.waiting
    return draft, taken.errors


def _next(draft: Draft, form: FormData, papers_wrong: list[FieldError], wrong: list[FieldError]) -> str | None:
    page = enrol_form.turn(draft, str(form.get("to") or ""), [*papers_wrong, *wrong])
    if page is not None:
        draft.page = page
    return page


# The applicant's own page.


@router.get("/enrol/{receipt}")
@by_receipt
def follow(request: Request, receipt: str, db: Db, at: Now) -> Response:
    """Show an application to whoever holds its receipt code."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    return _own_page(request, db, case_id, receipt, at=at)


@router.post("/enrol/{receipt}/withdraw")
@by_receipt
@takes_little
def withdraw(*, request: Request, receipt: str, form: Posted, db: Db, at: Now) -> Response:
    """Take the application back, once it is confirmed."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    typed = forms.texts(form, "reason")
    if not form.get("confirm"):
        wrong = [FieldError("confirm", CONFIRM)]
        return _own_page(request, db, case_id, receipt, at=at, errors=wrong, typed=typed, status=422)
    try:
        with db.write() as session:
            case = cases.reload(session, case_id)
            if case.state != "withdrawn":
                cases.fire(session, case, "withdraw", actor=enrolments.applicant_of(case), at=at, data=typed)
    except ValidationError as invalid:
        errors = field_errors(invalid)
        return _own_page(request, db, case_id, receipt, at=at, errors=errors, typed=typed, status=422)
    except TransitionRefused as refused:
        errors = [FieldError("", refused.reason)]
        return _own_page(request, db, case_id, receipt, at=at, errors=errors, typed=typed, status=409)
    return RedirectResponse(f"/enrol/{clean_receipt(receipt)}", status_code=303)


@router.post("/enrol/{receipt}/account")
@by_receipt
@takes_little
def choose_account(*, request: Request, receipt: str, form: Posted, db: Db, at: Now) -> Response:
    """Give the applicant of an approved place the account they choose, to look after it by themselves."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    typed = forms.texts(form, "username")
    try:
        chosen = OwnAccount.model_validate(forms.texts(form, "username", "password"))
        with db.write() as session:
            owner_accounts.choose(session, case_id, chosen, at=at)
    except (ValidationError, FieldRefused) as wrong:
        return _own_page(request, db, case_id, receipt, at=at, errors=field_errors(wrong), typed=typed, status=422)
    except NotNow as late:
        wrong_moment = [FieldError("", late.reason)]
        return _own_page(request, db, case_id, receipt, at=at, errors=wrong_moment, typed=typed, status=409)
    return RedirectResponse("/login?next=/my-place", status_code=303)


@router.get("/enrol/{receipt}/sheet")
@by_receipt
def sheet(*, request: Request, receipt: str, db: Db, at: Now, settings: Conf, size: str = "A5") -> Response:
    """Give the sheet for the door of an approved place as a PDF."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    with db.read() as session:
        venue_id = cases.by_id(session, case_id).venue_id
        found = code_sheet.sheet_of(session, venue_id, settings=settings, at=at) if venue_id else None
    if found is None:
        return RedirectResponse(f"/enrol/{clean_receipt(receipt)}", status_code=303)
    return code_sheet.download(found, size)


# Changing what was returned.


@router.get("/enrol/{receipt}/change")
@by_receipt
def change(request: Request, receipt: str, db: Db, at: Now, settings: Conf) -> Response:
    """Show the form of a returned application, filled in."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    with db.read() as session:
        case = cases.by_id(session, case_id)
        if case.state != RETURNED.name:
            return _home(receipt)
        standing, known = _standing(session, case)
        own = papers.of_case(session, case.id)
    kept = [papers_in.kept_paper(paper, settings=settings, at=at) for paper in own]
    values = {name: str(value) for name, value in known.items() if name in enrol_form.TYPED}
    page = request.query_params.get("at", "")
    draft = Draft(enrol_form.fresh().form, page if page in PAGES else PAGES[0], values, kept)
    return enrol_form.show(request, db, draft, _changing(receipt, standing), at=at)


@router.post("/enrol/{receipt}/change")
@by_receipt
@takes_photos
def send_changed(*, request: Request, receipt: str, form: Posted, db: Db, at: Now, settings: Conf) -> Response:
    """Take the answers of one page of a returned application; the last one submits it again."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    with db.read() as session:
        case = cases.by_id(session, case_id)
        if case.state != RETURNED.name:  # sent twice, or decided meanwhile: their page says how it stands
            return _home(receipt)
        standing, _ = _standing(session, case)
        unchanged = _unchanged(session, case)
    frame = _changing(receipt, standing)
    draft, errors = _taken(request, form, frame, db=db, at=at, settings=settings)
    found, wrong = enrol_form.application(draft, locale_of(request), known=unchanged)
    page = _next(draft, form, errors, wrong)
    if page is None and found is not None:
        refused = _resubmit(db, case_id, found, at=at)
        if refused is None:
            return _home(receipt)
        draft.errors, draft.page = refused, enrol_form.page_of(refused[0].field)
    return enrol_form.show(request, db, draft, frame, at=at)


def _resubmit(db: Database, case_id: UUID, found: Application, *, at: datetime) -> list[FieldError] | None:
    try:
        with db.write() as session:
            case = cases.reload(session, case_id)
            if case.state == RETURNED.name:
                cases.fire(session, case, "resubmit", actor=enrolments.applicant_of(case), at=at, data=found)
    except FieldRefused as refused:
        return field_errors(refused)
    except TransitionRefused as refused:
        return [FieldError("", refused.reason)]
    return None


def _changing(receipt: str, standing: Standing) -> Frame:
    code = clean_receipt(receipt)
    return Frame(f"/enrol/{code}/change", f"/enrol/{code}", standing=standing)


def _standing(session: Any, case: Case) -> tuple[Standing, dict[str, Any]]:  # noqa: ANN401 - a Session
    """Return what the form says without being asked, and what it is filled in with: nothing of the person."""
    said = enrolments.application_of(session, case)
    shown = dict(case.facts["application"])
    if isinstance(shown.get("hours"), list):
        shown["hours"] = say_hours(shown["hours"], said.language)
    if getattr(said, "remark", None):
        shown["remark"] = said.remark
    hints = (case.facts.get("returned") or {}).get("hints", {})
    name, phone = getattr(said, "person", ""), getattr(said, "phone", "")
    return Standing(case.id, case.version, mask_name(name), mask_phone(phone) if phone else "", hints), shown


def _unchanged(session: Any, case: Case) -> dict[str, Any]:  # noqa: ANN401 - a Session
    """Return who applied, for a form that leaves their name or phone empty."""
    items = {name: item for name in ("person", "phone") if (item := sealed.referenced(case.facts.get(name)))}
    opened = sealed.get_many(session, list(items.values()))
    return {name: opened[item] for name, item in items.items() if item in opened}


def _home(receipt: str) -> Response:
    return RedirectResponse(f"/enrol/{quote(clean_receipt(receipt))}", status_code=303)


def _case_id(request: Request, db: Database, receipt: str) -> UUID | None:
    """Return the id of the application this code opens; None, and one more failure of this address, for a wrong one."""
    try:
        with db.read() as session:
            return receipts.application_by(session, request, receipt).id
    except WrongReceipt:
        receipts.note_wrong(request)
        return None


def _own_page(
    request: Request,
    db: Database,
    case_id: UUID,
    receipt: str,
    *,
    at: datetime,
    errors: list[FieldError] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    with db.read() as session:
        case = cases.by_id(session, case_id)
        shown = public_enrolment(session, case, at=at)
        gets_account = owner_accounts.owner_without_account(session, case, at=at) is not None
    code = clean_receipt(receipt)
    settings: Settings = request.app.state.settings
    address = settings.public_url.rstrip("/")
    return render(
        request,
        "pages/public/enrolment.html",
        status=status,
        shown=shown,
        receipt=code,
        link=f"{address}/enrol/{code}",
        is_new="new" in request.query_params,
        qr=code_sheet.drawn(f"{address}/v/{shown.code}") if shown.code else None,
        headings=enrol_form.HEADINGS,
        errors=errors or [],
        typed=typed or {},
        gets_account=gets_account,
    )
