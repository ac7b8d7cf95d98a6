"""The only place that knows HTTP's codes: which of our errors is which problem, in JSON and as a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DataError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import receipts
from api.changes import changes_since
from api.deps import ForeignForm, NotForPrograms, NotSignedIn, ProofNeeded, StepLeft, WrongSignature, recall_staff
from api.field_errors import FieldError, FieldsRefused, field_errors
from api.forms import UnreadableForm
from api.middleware.limits import BodyTooLarge
from api.problem import Problem, answer, wants_json
from documents.printing import CannotPrint
from domain.access import NotPermitted, OutOfReach
from domain.accounts import Step, WrongCredentials
from domain.cases import CaseChanged, FieldRefused, UnknownCase
from domain.documents_register import NoFile
from domain.errand_files import FileGone
from domain.errands import UnknownErrand
from domain.facilities import UnknownFacility
from domain.idempotency import KeyReused
from domain.language import Sentence
from domain.passwords import PasswordRefused
from domain.photos import PhotoMissing, PhotoRefused, PhotoTooLarge
from domain.receipts import WrongReceipt
from domain.register_lock import NotNow, RegisterChanged
from domain.sealed import NothingSealed
from domain.second_factors import WrongCode
from domain.sessions import UnknownSession
from domain.sign_in_codes import WrongSignInCode
from domain.throttles import TooManyAttempts
from domain.tokens import UnknownToken
from domain.venues import CodeReplaced, UnknownVenue, VenueClosed
from domain.workflow import TransitionRefused, UnknownTransition

log = logging.getLogger("fireline.web")

HEALTHY, CREATED, NO_CONTENT, UNHEALTHY = 200, 201, 204, 503
NOT_PERMITTED, NOT_FOUND, WRONG_METHOD, NOT_NOW = 403, 404, 405, 409

Maker = Callable[[Request, Any], Problem]

NOTHING_KEPT = Sentence("Nothing was saved.")
GO_BACK = Sentence("Go back, correct it and send it again; what you typed is still there.")
START_AGAIN = Sentence("Check the address, or start again from the first page.")
WAIT = Sentence("Try again in a minute. In an emergency call 119.")


def install(app: FastAPI) -> None:
    """Tell the app how to answer each of our errors."""
    for error, make in PROBLEMS.items():
        app.add_exception_handler(error, _handler(make))
    app.add_exception_handler(NotSignedIn, _sign_in_first)
    app.add_exception_handler(StepLeft, _finish_first)
    app.add_exception_handler(ProofNeeded, _prove_first)
    app.add_exception_handler(Exception, _failed)


def _handler(make: Maker) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        return answer(request, make(request, error))

    return handle


def problem_of(request: Request, error: Exception) -> Problem:
    """Return the problem an error is, for a page that shows it beside its form; raises the error if it is none."""
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind](request, error)
    raise error


def _always(problem: Problem) -> Maker:
    return lambda _request, _error: problem


def _sign_in_first(request: Request, _: Exception) -> Response:
    if wants_json(request):
        return answer(request, NOBODY)
    back = request.scope["path"] if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(back)}", status_code=303)


STEPS = {Step.SECOND: "/login/second", Step.ENROL: "/account/app", Step.PASSWORD: "/account/password"}
"""What is left of a sign-in → the page where it is done."""


def _finish_first(request: Request, error: StepLeft) -> Response:
    return answer(request, NOBODY) if wants_json(request) else RedirectResponse(STEPS[error.step], status_code=303)


def _prove_first(request: Request, _: Exception) -> Response:
    if wants_json(request):
        return answer(request, PROVE)
    back = request.scope["path"] if request.method == "GET" else request.headers.get("referer", "")
    return RedirectResponse(f"/account/prove?next={quote(urlsplit(back).path or '/account')}", status_code=303)


def _not_for_programs(_: Request, error: NotForPrograms) -> Problem:
    title, next_step = Sentence("Not open to this program"), Sentence("Make a token that has it, or ask a person to.")
    if error.scope is None:
        detail = Sentence("This address is for people, and takes no token.")
    else:
        detail = Sentence("The token lacks the scope %(scope)s.", scope=error.scope.value)
    return Problem(NOT_PERMITTED, "not-for-programs", title, detail, NOTHING_KEPT, next_step)


def retry_after(error: TooManyAttempts) -> dict[str, str]:
    """Return the header that tells programs when to come again."""
    return {"retry-after": str(error.seconds)}


def _too_many(_: Request, error: TooManyAttempts) -> Problem:
    return Problem(
        429,
        "too-many-attempts",
        Sentence("Please wait a moment"),
        error.reason,
        NOTHING_KEPT,
        Sentence("Wait, then try again."),
        headers=retry_after(error),
    )


def _wrong_receipt(request: Request, _: WrongReceipt) -> Problem:
    receipts.note_wrong(request)
    return WRONG_RECEIPT


def _changed(request: Request, error: CaseChanged) -> Problem:
    return Problem(
        NOT_NOW,
        "case-changed",
        Sentence("The case has changed"),
        error.reason,
        NOTHING_KEPT,
        Sentence("Look at what changed, then decide again."),
        more=changes_since(request, error.number),
    )


def _refused(request: Request, error: TransitionRefused) -> Problem:
    next_step = Sentence("Go back to the case: it shows what can be done next.")
    if isinstance(error, UnknownTransition):
        title = Sentence("There is no such step")
        return Problem(NOT_FOUND, "unknown-step", title, error.reason, NOTHING_KEPT, next_step)
    if error.permission:
        title = Sentence("Not permitted")
        return Problem(NOT_PERMITTED, "not-permitted", title, error.reason, NOTHING_KEPT, next_step)
    title = Sentence("Not possible now")
    more = changes_since(request)
    return Problem(NOT_NOW, "not-now", title, error.reason, NOTHING_KEPT, next_step, more=more)


def _invalid_request(request: Request, error: RequestValidationError) -> Problem:
    """Nothing is at an address whose id is none; everything else is about what was sent."""
    if any(fault["loc"][:1] == ("path",) for fault in error.errors()):
        return _of_http(request, HTTPException(NOT_FOUND))
    return _invalid(request, error)


def _invalid(_: Request, error: Exception) -> Problem:
    errors = tuple(field_errors(error))
    detail = errors[0].message if len(errors) == 1 else Sentence("Some fields need your attention.")
    title = Sentence("Please check the form")
    return Problem(422, "invalid-form", title, detail, NOTHING_KEPT, GO_BACK, errors)


def _no_photo(_: Request, error: PhotoRefused) -> Problem:
    status, kind = (413, "photo-too-large") if isinstance(error, PhotoTooLarge) else (422, "not-an-image")
    next_step = Sentence("Choose another photo; the report can also be sent without one.")
    errors = (FieldError("file", error.reason),)
    title = Sentence("This photo cannot be taken")
    return Problem(status, kind, title, error.reason, NOTHING_KEPT, next_step, errors)


def _of_http(request: Request, error: HTTPException) -> Problem:
    if isinstance(error.__cause__, BodyTooLarge):  # FastAPI wraps what goes wrong while it reads a body
        return TOO_LARGE
    headers = dict(error.headers or {})
    if error.status_code in (NOT_FOUND, WRONG_METHOD) and not wants_json(request):
        recall_staff(request)
    if error.status_code == NOT_FOUND:
        title, detail = Sentence("There is no such page"), Sentence("Nothing is at this address.")
        return Problem(NOT_FOUND, "not-found", title, detail, NOTHING_KEPT, START_AGAIN)
    if error.status_code == WRONG_METHOD:
        title = Sentence("This address takes no such request")
        detail = Sentence("It is there, but is asked in another way.")
        return Problem(WRONG_METHOD, "wrong-method", title, detail, NOTHING_KEPT, START_AGAIN, headers=headers)
    title, detail = Sentence("The request was refused"), Sentence("It could not be understood.")
    return Problem(error.status_code, "refused", title, detail, NOTHING_KEPT, START_AGAIN, headers=headers)


def _unavailable(_: Request, error: Exception) -> Problem:
    _hide(error)
    log.error("the database does not answer: %s", type(error).__name__, exc_info=error)
    return UNAVAILABLE


def _failed(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after the answer, for uvicorn to log; without the values of the statement.
    _hide(error)
    return answer(request, FAILED)


def _hide(error: Exception) -> None:
    if isinstance(error, StatementError):
        error.hide_parameters = True  # what people typed stays out of the log


NOBODY = Problem(
    401,
    "not-signed-in",
    Sentence("Please sign in"),
    Sentence("This address is for staff, and for programs with a token."),
    NOTHING_KEPT,
    Sentence("Sign in and try again."),
    headers={"www-authenticate": 'Bearer realm="fireline"'},
)
PROVE = Problem(
    NOT_PERMITTED,
    "proof-needed",
    Sentence("Please prove that it is you"),
    Sentence("What you asked for is grave, and the last proof is too long ago."),
    NOTHING_KEPT,
    Sentence("Prove it on the page, then send the form again."),
)
WRONG_PASSWORD = Problem(
    401,
    "wrong-credentials",
    Sentence("Not signed in"),
    WrongCredentials.reason,
    NOTHING_KEPT,
    Sentence("Try again, or ask an administrator for a new password."),
)
FOREIGN_FORM = Problem(
    NOT_PERMITTED,
    "foreign-form",
    Sentence("This form cannot be taken"),
    Sentence("It was not sent from our own page, or the page has been open for too long."),
    NOTHING_KEPT,
    Sentence("Open the page again and send the form from there."),
)
WRONG_SIGNATURE = Problem(
    NOT_PERMITTED,
    "wrong-signature",
    Sentence("Wrong signature"),
    Sentence("This callback was not signed by the telephone provider."),
    NOTHING_KEPT,
    Sentence("Check the address and the secret that both sides use."),
)
UNREADABLE = Problem(
    400,
    "unreadable-form",
    Sentence("The form arrived damaged"),
    Sentence("What the browser sent could not be read as a form."),
    NOTHING_KEPT,
    GO_BACK,
)
NOT_STORABLE = Problem(
    400,
    "refused",
    Sentence("The request was refused"),
    Sentence("It could not be understood."),
    NOTHING_KEPT,
    START_AGAIN,
)
"""For what no database can hold, such as a NUL in an address."""
TOO_LARGE = Problem(
    413,
    "too-large",
    Sentence("Too much at once"),
    Sentence("What was sent is larger than we can take."),
    NOTHING_KEPT,
    Sentence("Send fewer or smaller photos: up to nine, each at most 20 MB."),
    headers={"connection": "close"},
)
KEY_REUSED = Problem(
    422,
    "key-reused",
    Sentence("This key is taken"),
    KeyReused.reason,
    NOTHING_KEPT,
    Sentence("Use a new key for a new request."),
)
UNKNOWN_CASE = Problem(
    NOT_FOUND,
    "unknown-case",
    Sentence("There is no such case"),
    Sentence("No case with this number is open to you."),
    NOTHING_KEPT,
    Sentence("Check the number, or look for it in the list of cases."),
)
UNKNOWN_VENUE = Problem(
    NOT_FOUND,
    "unknown-venue",
    Sentence("No venue has this code"),
    Sentence("The code may be damaged or mistyped."),
    NOTHING_KEPT,
    Sentence("Check the eight characters, or report without a code and say where it is."),
)
VENUE_CLOSED = Problem(
    410,
    "venue-closed",
    Sentence("This venue is closed"),
    Sentence("Its code is no longer in use."),
    NOTHING_KEPT,
    Sentence("You can still report a hazard: say where it is."),
)
CODE_REPLACED = Problem(
    410,
    "code-replaced",
    Sentence("This code was replaced"),
    Sentence("The venue has another code now; the sheet this one stands on is old, or forged."),
    NOTHING_KEPT,
    Sentence("Report without a code and say where it is."),
)
WRONG_RECEIPT = Problem(
    NOT_FOUND,
    "wrong-receipt",
    Sentence("Nothing has this receipt code"),
    Sentence("The code may be mistyped."),
    NOTHING_KEPT,
    Sentence("Check the twelve characters of your receipt."),
)
PHOTO_MISSING = Problem(
    NOT_FOUND,
    "photo-missing",
    Sentence("This photo is not here"),
    Sentence("It is gone, or not open to you."),
    NOTHING_KEPT,
    START_AGAIN,
)
REDACTED = Problem(
    410,
    "redacted",
    Sentence("This is not here any more"),
    Sentence("It was removed when its time was over."),
    NOTHING_KEPT,
    START_AGAIN,
)
UNAVAILABLE = Problem(
    503,
    "unavailable",
    Sentence("Not available for a moment"),
    Sentence("Our database does not answer."),
    NOTHING_KEPT,
    WAIT,
    headers={"retry-after": "10"},
)
FAILED = Problem(
    500,
    "failed",
    Sentence("Something went wrong on our side"),
    Sentence("The request could not be completed; it has been noted in our log."),
    NOTHING_KEPT,
    WAIT,
)

WRONG_CODE = Problem(
    422,
    "wrong-code",
    Sentence("Not signed in"),
    WrongCode.reason,
    NOTHING_KEPT,
    Sentence("Try again with the code the app shows now, or use a recovery code."),
)
WRONG_SIGN_IN_CODE = Problem(
    401,
    "wrong-code",
    Sentence("Not signed in"),
    WrongSignInCode.reason,
    NOTHING_KEPT,
    Sentence("Try again, or ask for a new code."),
)


def _invalid_password(_: Request, error: PasswordRefused) -> Problem:
    errors = (FieldError("new", error.reason),)
    title = Sentence("Please check the form")
    return Problem(422, "invalid-form", title, error.reason, NOTHING_KEPT, GO_BACK, errors)


FILE_GONE = Problem(
    NOT_FOUND,
    "file-gone",
    Sentence("This file is not here"),
    Sentence("It is not ready yet, or its time is over."),
    NOTHING_KEPT,
    Sentence("Go back to the task; ask for the file again if you need it."),
)
OUT_OF_REACH = Problem(
    NOT_FOUND,
    "not-found",
    Sentence("There is no such page"),
    Sentence("Nothing is at this address, or it is not open to you."),
    NOTHING_KEPT,
    START_AGAIN,
)


def _not_permitted(_: Request, error: NotPermitted) -> Problem:
    next_step = Sentence("Ask your administrator if your work needs it.")
    return Problem(NOT_PERMITTED, "not-permitted", Sentence("Not permitted"), error.reason, NOTHING_KEPT, next_step)


UNKNOWN_FACILITY = Problem(
    NOT_FOUND,
    "unknown-facility",
    Sentence("No facility has this code"),
    Sentence("The code may be damaged or mistyped."),
    NOTHING_KEPT,
    Sentence("Check the ten characters on the label."),
)
NO_FILE = Problem(
    NOT_FOUND,
    "no-file",
    Sentence("This file is not here"),
    Sentence("It is gone, or not open to you."),
    NOTHING_KEPT,
    START_AGAIN,
)


def _register_changed(_: Request, error: RegisterChanged) -> Problem:
    changes = [
        {"action": entry.action, "at": entry.at.isoformat(), "fields": sorted(entry.data)} for entry in error.entries
    ]
    return Problem(
        NOT_NOW,
        "register-changed",
        Sentence("The record has changed"),
        error.reason,
        NOTHING_KEPT,
        Sentence("Look at what changed, then decide again."),
        more={"version": error.version, "changes": changes},
    )


def _not_now(_: Request, error: NotNow) -> Problem:
    next_step = Sentence("Open the record again: it shows how it stands.")
    return Problem(NOT_NOW, "not-now", Sentence("Not possible now"), error.reason, NOTHING_KEPT, next_step)


def _cannot_print(_: Request, error: CannotPrint) -> Problem:
    next_step = Sentence("Tell the administrator; then try again.")
    return Problem(503, "cannot-print", Sentence("No PDF can be made"), error.reason, NOTHING_KEPT, next_step)


PROBLEMS: dict[type[Exception], Maker] = {
    RegisterChanged: _register_changed,
    NotNow: _not_now,
    CannotPrint: _cannot_print,
    UnknownFacility: _always(UNKNOWN_FACILITY),
    NoFile: _always(NO_FILE),
    OutOfReach: _always(OUT_OF_REACH),
    NotPermitted: _not_permitted,
    NotForPrograms: _not_for_programs,
    WrongCode: _always(WRONG_CODE),
    WrongSignInCode: _always(WRONG_SIGN_IN_CODE),
    UnknownSession: _always(OUT_OF_REACH),
    UnknownToken: _always(OUT_OF_REACH),
    PasswordRefused: _invalid_password,
    UnknownErrand: _always(OUT_OF_REACH),
    FileGone: _always(FILE_GONE),
    WrongCredentials: _always(WRONG_PASSWORD),
    TooManyAttempts: _too_many,
    ForeignForm: _always(FOREIGN_FORM),
    WrongSignature: _always(WRONG_SIGNATURE),
    CaseChanged: _changed,
    TransitionRefused: _refused,
    FieldRefused: _invalid,
    FieldsRefused: _invalid,
    ValidationError: _invalid,
    RequestValidationError: _invalid_request,
    KeyReused: _always(KEY_REUSED),
    PhotoRefused: _no_photo,
    UnreadableForm: _always(UNREADABLE),
    BodyTooLarge: _always(TOO_LARGE),
    UnknownCase: _always(UNKNOWN_CASE),
    CodeReplaced: _always(CODE_REPLACED),
    UnknownVenue: _always(UNKNOWN_VENUE),
    VenueClosed: _always(VENUE_CLOSED),
    WrongReceipt: _wrong_receipt,
    PhotoMissing: _always(PHOTO_MISSING),
    NothingSealed: _always(REDACTED),
    DataError: _always(NOT_STORABLE),
    OperationalError: _unavailable,
    PoolTimeout: _unavailable,
    HTTPException: _of_http,
}
