"""The reporter's own page, opened by the receipt code: what happened, what comes next, what they may do now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import forms, receipts
from api.access import Router, by_receipt, public
from api.deps import Conf, Db, Now, Posted, address_of
from api.errors import retry_after
from api.field_errors import FieldError, field_errors
from api.middleware.limits import takes_little, takes_photos
from api.pages.public_photos import Kept, take_in
from api.pages.public_venue import start_page
from api.rendering import render
from domain import cases, reports
from domain.cases import FieldRefused
from domain.database import Database
from domain.forms import MAX_PHOTOS
from domain.identifiers import clean_receipt
from domain.language import Label, Sentence
from domain.processes import workflow_of
from domain.queries.public_report import public_report
from domain.receipts import WrongReceipt
from domain.repetition import was_just_done
from domain.settings import Settings
from domain.throttles import AllowanceSpent
from domain.workflow import Offer, Transition, TransitionRefused, UnknownTransition

router = Router(include_in_schema=False)
SHOWN_TEXT = 10_000
NOT_ASKED = frozenset({"note"})
"""A remark for colleagues: staff's forms have it, the reporter's do not."""
SAID_COOKIE = "fireline-said"
SAID_SECONDS = 60
"""So long the page may take to load after a step; then, and after it was shown once, nothing is said of it."""
SAID = {
    "add_information": Sentence("We have received what you added."),
    "remind": Sentence("We have heard that you urge us, and told whoever handles your report."),
    "rate": Sentence("Thank you for your rating."),
    "object": Sentence("We have received your objection. Somebody else will check again."),
    "withdraw": Sentence("Your report is withdrawn."),
}
"""What we answer to each step the reporter can take."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a step's form as the page shows it."""

    name: str
    title: str
    widget: str
    required: bool
    value: str


@dataclass(frozen=True, slots=True)
class StepForm:
    """A step the reporter may take now, or the reason why not."""

    name: str
    words: Label
    reason: Sentence | None
    confirm: bool
    """It ends the case, so it is asked for twice."""
    fields: tuple[FieldView, ...]


@dataclass(slots=True)
class Failed:
    """A step that was refused: what was typed stays."""

    step: str = ""
    errors: list[FieldError] = field(default_factory=list)
    values: Mapping[str, str] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    waiting: AllowanceSpent | None = None
    """Too much came from where it came from."""


@router.get("/r")
@public
def ask(request: Request) -> Response:
    """Show the field for a receipt code."""
    return start_page(request, title=Sentence("Follow a report"), refused="receipt")


@router.post("/r")
@public
@takes_little
def typed(request: Request, form: Posted, db: Db) -> Response:
    """Go to the report, or the application, whose receipt code was typed."""
    code = str(form.get("receipt") or "")
    try:
        with db.read() as session:
            page = receipts.page_of(session, request, code)
    except WrongReceipt:
        receipts.note_wrong(request)
        return wrong_receipt(request, code)
    return RedirectResponse(page, status_code=303)


@router.get("/r/{receipt}")
@by_receipt
def follow(request: Request, receipt: str, db: Db, at: Now) -> Response:
    """Show a report to whoever holds its receipt code."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    answer = _page(request, db, case_id, receipt, at=at)
    if SAID_COOKIE in request.cookies:
        answer.delete_cookie(SAID_COOKIE, path=f"/r/{clean_receipt(receipt)}")
    return answer


@router.post("/r/{receipt}/{step}")
@by_receipt
@takes_photos
def take_step(*, request: Request, receipt: str, step: str, form: Posted, db: Db, at: Now, settings: Conf) -> Response:
    """Carry out what the reporter decided: add, urge, rate, object, withdraw."""
    case_id = _case_id(request, db, receipt)
    if case_id is None:
        return wrong_receipt(request, receipt)
    address = address_of(request)
    failed = _failed_step(case_id, step, form=form, db=db, at=at, settings=settings, address=address)
    if failed is None:
        return _taken(clean_receipt(receipt), step, settings=settings)
    status = 429 if failed.waiting else 422 if all(error.field for error in failed.errors) else 409
    return _page(request, db, case_id, receipt, at=at, failed=failed, status=status)


@router.get("/r/{receipt}/{step}")
@public
def back(receipt: str, step: str) -> Response:  # noqa: ARG001 - the address of a posted step
    """Lead from the address a step was posted to back to the report: the language switch goes there."""
    return RedirectResponse(f"/r/{quote(receipt)}", status_code=303)


def _taken(code: str, step: str, *, settings: Settings) -> Response:
    """Lead back to the report, which answers the step once: a cookie says which, and the page takes it away."""
    answer = RedirectResponse(f"/r/{code}", status_code=303)
    answer.set_cookie(
        SAID_COOKIE,
        step,
        max_age=SAID_SECONDS,
        path=f"/r/{code}",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


def _case_id(request: Request, db: Database, receipt: str) -> UUID | None:
    """Return the id of the report this code opens; None, and one more failure of this address, for a wrong one."""
    try:
        with db.read() as session:
            return receipts.opened_by(session, request, receipt).id
    except WrongReceipt:
        receipts.note_wrong(request)
        return None


def wrong_receipt(request: Request, receipt: str) -> Response:
    """Answer every code that opens nothing with the same page."""
    wrong = FieldError("receipt", Sentence("Nothing has this receipt code. Check the twelve characters."))
    title = Sentence("Nothing has this receipt code")
    return start_page(request, title=title, status=404, refused="receipt", errors=[wrong], receipt=receipt)


def _failed_step(
    case_id: UUID, step: str, *, form: FormData, db: Database, at: datetime, settings: Settings, address: str
) -> Failed | None:
    """Take the step and return None, or return why not, with everything that was typed."""
    with db.read() as session:
        case = cases.by_id(session, case_id)
        known = _fields_of(case.process, step)
        data: dict[str, Any] = forms.texts(form, *(known - {"photos"}))
        failed = Failed(step, values=dict(data))
        since = forms.version(form)
        if was_just_done(session, case, step, data, actor=reports.reporter_of(case), since=since):
            return None
    try:
        plan = workflow_of(case.process).plan(case, step, actor=reports.reporter_of(case), at=at)
    except TransitionRefused as refused:
        return _refused(failed, refused)
    if _ends(plan.transition) and not form.get("confirm"):
        failed.errors.append(FieldError("confirm", Sentence("Please tick that you are sure.")))
    if "photos" in known:
        taken = take_in(form, database=db, settings=settings, at=at, address=address)
        failed.errors += taken.errors
        failed.waiting = taken.waiting
        failed.kept, data["photos"] = taken.kept, taken.ids
    return failed if failed.errors else _fire(case_id, data, failed, since=since, db=db, at=at)


def _fire(
    case_id: UUID, data: dict[str, Any], failed: Failed, *, since: int, db: Database, at: datetime
) -> Failed | None:
    try:
        with db.write() as session:
            case = cases.reload(session, case_id)
            actor = reports.reporter_of(case)
            if not was_just_done(session, case, failed.step, data, actor=actor, since=since):
                cases.fire(session, case, failed.step, actor=actor, at=at, data=data)
    except (ValidationError, FieldRefused) as wrong:
        failed.errors += field_errors(wrong)
        return failed
    except TransitionRefused as refused:
        return _refused(failed, refused)
    return None


def _refused(failed: Failed, refused: TransitionRefused) -> Failed:
    """Say why on the reporter's page; a step that is none, or not theirs, is no matter of this page."""
    if refused.permission or isinstance(refused, UnknownTransition):
        raise refused
    failed.errors.append(FieldError("", refused.reason))
    return failed


def _fields_of(process: str, step: str) -> set[str]:
    """Return the fields the reporter is asked for; nothing for a step there is none of."""
    steps = workflow_of(process).named(step)
    return set(steps[0].form.model_fields) - NOT_ASKED if steps and steps[0].form else set()


def _ends(step: Transition) -> bool:
    return step.target is not None and step.target.final


def _page(
    request: Request,
    db: Database,
    case_id: UUID,
    receipt: str,
    *,
    at: datetime,
    failed: Failed | None = None,
    status: int = 200,
) -> Response:
    failed = failed or Failed()
    with db.read() as session:
        case = cases.by_id(session, case_id)
        report = public_report(session, case, at=at)
        workflow = workflow_of(case.process)
        offers = workflow.offers(case, reports.reporter_of(case), at=at)
    code = clean_receipt(receipt)
    steps = [_step_form(offer, failed) for offer in sorted(offers, key=_weight)]
    return render(
        request,
        "pages/public/receipt.html",
        status=status,
        headers=retry_after(failed.waiting) if failed.waiting else None,
        report=report,
        receipt=code,
        link=f"{request.app.state.settings.public_url.rstrip('/')}/r/{code}",
        is_new="new" in request.query_params,
        done=SAID.get(request.cookies.get(SAID_COOKIE, "")),
        steps=steps,
        errors=failed.errors,
        failed=failed.step,
        targets={name: f"{failed.step}-{name}" for name in (*failed.values, *_names(steps, failed.step))},
        left_over=[] if any(step.name == failed.step for step in steps) else list(failed.values.values()),
        kept=failed.kept,
        most=MAX_PHOTOS,
    )


def _weight(offer: Offer) -> int:
    """Return 0 for a step that leaves the report where it is, 1 for one that moves it, 2 for one that ends it."""
    step = offer.transition
    return 0 if step.target is None else 2 if _ends(step) else 1


def _names(steps: list[StepForm], name: str) -> list[str]:
    shown = next((step for step in steps if step.name == name and step.reason is None), None)
    return [*(each.name for each in shown.fields), "confirm"] if shown else []


def _step_form(offer: Offer, failed: Failed) -> StepForm:
    step = offer.transition
    fields = step.form.model_fields if step.form and offer.enabled else {}
    return StepForm(
        name=step.name,
        words=step.label,
        reason=offer.reason,
        confirm=_ends(step),
        fields=tuple(
            _field(name, info, failed.values if failed.step == step.name else {})
            for name, info in fields.items()
            if name not in NOT_ASKED
        ),
    )


def _field(name: str, info: Any, values: Mapping[str, str]) -> FieldView:  # noqa: ANN401 - Pydantic's FieldInfo
    extra = info.json_schema_extra or {}
    required = not extra.get("optional", False)
    shown = values.get(name, "")[:SHOWN_TEXT]
    return FieldView(name, info.title or name, extra.get("widget", "textarea"), required, shown)
