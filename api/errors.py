"""The only place that knows HTTP's codes: which of our errors is which problem, in JSON and as a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.changes import changes_since
from api.deps import ForeignForm, NotSignedIn, WrongSignature
from api.field_errors import FieldError, field_errors
from api.forms import UnreadableForm
from api.middleware.limits import BodyTooLarge
from api.problem import Problem, answer, wants_json
from domain.accounts import WrongCredentials
from domain.cases import CaseChanged, FieldRefused, UnknownCase
from domain.language import Sentence
from domain.photos import PhotoMissing, PhotoRefused, PhotoTooLarge
from domain.reports import WrongReceipt
from domain.sealed import NothingSealed
from domain.throttles import TooManyAttempts
from domain.venues import UnknownVenue, VenueClosed
from domain.workflow import TransitionRefused, UnknownTransition

log = logging.getLogger("fireline.web")

NOTHING_KEPT = Sentence("Nothing was saved.")
GO_BACK = Sentence("Go back, correct it and send it again; what you typed is still there.")
START_AGAIN = Sentence("Check the address, or start again from the first page.")


def install(app: FastAPI) -> None:
    """Tell the app how to answer each of our errors."""
    for error, make in PROBLEMS.items():
        app.add_exception_handler(error, _handler(make))
    app.add_exception_handler(NotSignedIn, _sign_in_first)
    app.add_exception_handler(Exception, _failed)


def _handler(make: Callable[[Request, Exception], Problem]) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        return answer(request, make(request, error))

    return handle


def _sign_in_first(request: Request, _: Exception) -> Response:
    if wants_json(request):
        return answer(request, _problem_of_nobody())
    back = request.scope["path"] if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(back)}", status_code=303)


def _problem_of_nobody() -> Problem:
    return Problem(
        401, "not-signed-in", Sentence("Please sign in"), Sentence("This address is for staff and programs with a token."),
        NOTHING_KEPT, Sentence("Sign in and try again."), headers={"www-authenticate": 'Bearer realm="fireline"'},
    )  # fmt: skip


def _wrong_credentials(_: Request, error: Exception) -> Problem:
    return Problem(401, "wrong-credentials", Sentence("Not signed in"), WrongCredentials.reason, NOTHING_KEPT,
                   Sentence("Try again, or ask an administrator for a new password."))  # fmt: skip


def _too_many(_: Request, error: TooManyAttempts) -> Problem:
    return Problem(429, "too-many-attempts", Sentence("Please wait a moment"), error.reason, NOTHING_KEPT,
                   Sentence("Wait, then try again."), headers={"retry-after": str(error.seconds)})  # fmt: skip


def _foreign_form(_: Request, error: Exception) -> Problem:
    return Problem(
        403, "foreign-form", Sentence("This form cannot be taken"),
        Sentence("It was not sent from our own page, or the page has been open for too long."),
        NOTHING_KEPT, Sentence("Open the page again and send the form from there."),
    )  # fmt: skip


def _wrong_signature(_: Request, error: Exception) -> Problem:
    return Problem(403, "wrong-signature", Sentence("Wrong signature"),
                   Sentence("This callback was not signed by the telephone provider."), NOTHING_KEPT,
                   Sentence("Check the address and the secret that both sides use."))  # fmt: skip


def _changed(request: Request, error: CaseChanged) -> Problem:
    now = changes_since(request, error.number)
    return Problem(
        409, "case-changed", Sentence("Somebody was faster"), error.reason, NOTHING_KEPT,
        Sentence("Look at what changed, then decide again."), more=now,
    )  # fmt: skip


def _refused(_: Request, error: TransitionRefused) -> Problem:
    status = 404 if isinstance(error, UnknownTransition) else 403 if error.permission else 409
    kind = {404: "unknown-step", 403: "not-permitted", 409: "not-now"}[status]
    title = Sentence("Not permitted") if status == 403 else Sentence("Not possible now")  # noqa: PLR2004 - HTTP's
    return Problem(status, kind, title, error.reason, NOTHING_KEPT,
                   Sentence("Go back to the case: it shows what can be done next."))  # fmt: skip


def _invalid(_: Request, error: Exception) -> Problem:
    errors = tuple(field_errors(error))
    detail = errors[0].message if len(errors) == 1 else Sentence("Some fields need your attention.")
    return Problem(
        422, "invalid-form", Sentence("Please check the form"), detail, NOTHING_KEPT, GO_BACK, errors
    )


def _no_photo(_: Request, error: PhotoRefused) -> Problem:
    status, kind = (413, "photo-too-large") if isinstance(error, PhotoTooLarge) else (422, "not-an-image")
    return Problem(status, kind, Sentence("This photo cannot be taken"), error.reason, NOTHING_KEPT,
                   Sentence("Choose another photo; the report can also be sent without one."),
                   (FieldError("file", error.reason),))  # fmt: skip


def _unreadable(_: Request, error: Exception) -> Problem:
    return Problem(400, "unreadable-form", Sentence("The form arrived damaged"),
                   Sentence("What the browser sent could not be read as a form."), NOTHING_KEPT, GO_BACK)  # fmt: skip


def _too_long(_: Request, error: Exception) -> Problem:
    return Problem(
        413, "too-large", Sentence("Too much at once"), Sentence("What was sent is larger than we can take."),
        NOTHING_KEPT, Sentence("Send fewer or smaller photos: up to nine, each at most 20 MB."),
        headers={"connection": "close"},
    )  # fmt: skip


def _no_such(
    title: Sentence, detail: Sentence, next_step: Sentence, kind: str, status: int = 404
) -> Callable[..., Problem]:
    problem = Problem(status, kind, title, detail, NOTHING_KEPT, next_step)
    return lambda _request, _error: problem


def _of_http(request: Request, error: HTTPException) -> Problem:
    if isinstance(error.__cause__, BodyTooLarge):  # FastAPI wraps what goes wrong while it reads a body
        return _too_long(request, error)
    if error.status_code == 404:  # noqa: PLR2004 - HTTP's own number
        return Problem(404, "not-found", Sentence("There is no such page"), Sentence("Nothing is at this address."),
                       NOTHING_KEPT, START_AGAIN)  # fmt: skip
    if error.status_code == 405:  # noqa: PLR2004 - HTTP's own number
        return Problem(405, "method-not-allowed", Sentence("This address takes no such request"),
                       Sentence("It is there, but is asked in another way."), NOTHING_KEPT, START_AGAIN,
                       headers=error.headers or {})  # fmt: skip
    return Problem(error.status_code, "http", Sentence("The request was refused"),
                   Sentence("It could not be understood."), NOTHING_KEPT, START_AGAIN,
                   headers=error.headers or {})  # fmt: skip


def _unavailable(_: Request, error: Exception) -> Problem:
    if isinstance(error, StatementError):
        error.hide_parameters = True  # what people typed stays out of the log
    log.error("the database does not answer: %s", type(error).__name__, exc_info=error)
    return Problem(
        503, "unavailable", Sentence("Not available for a moment"), Sentence("Our database does not answer."),
        NOTHING_KEPT, Sentence("Try again in a minute. In an emergency call 119."), headers={"retry-after": "10"},
    )  # fmt: skip


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, StatementError):
        error.hide_parameters = True
    return answer(request, Problem(
        500, "failed", Sentence("Something went wrong on our side"),
        Sentence("The request could not be completed; it has been noted in our log."), NOTHING_KEPT,
        Sentence("Try again in a minute. In an emergency call 119."),
    ))  # fmt: skip


PROBLEMS: dict[type[Exception], Callable[..., Problem]] = {
    WrongCredentials: _wrong_credentials,
    TooManyAttempts: _too_many,
    ForeignForm: _foreign_form,
    WrongSignature: _wrong_signature,
    CaseChanged: _changed,
    TransitionRefused: _refused,
    FieldRefused: _invalid,
    ValidationError: _invalid,
    RequestValidationError: _invalid,
    PhotoRefused: _no_photo,
    UnreadableForm: _unreadable,
    BodyTooLarge: _too_long,
    UnknownCase: _no_such(Sentence("There is no such case"), Sentence("No case with this number is open to you."),
                          Sentence("Check the number, or look for it in the list of cases."), "unknown-case"),
    UnknownVenue: _no_such(Sentence("No venue has this code"), Sentence("The code may be damaged or mistyped."),
                           Sentence("Check the eight characters, or report without a code and say where it is."),
                           "unknown-venue"),
    VenueClosed: _no_such(Sentence("This venue is closed"), Sentence("Its code is no longer in use."),
                          Sentence("You can still report a hazard: say where it is."), "venue-closed", 410),
    WrongReceipt: _no_such(Sentence("No report has this receipt code"), Sentence("The code may be mistyped."),
                           Sentence("Check the twelve characters of your receipt."), "wrong-receipt"),
    PhotoMissing: _no_such(Sentence("This photo is not here"), Sentence("It is gone, or not open to you."),
                           START_AGAIN, "photo-missing"),
    NothingSealed: _no_such(Sentence("This is not here any more"), Sentence("It was removed when its time was over."),
                            START_AGAIN, "redacted", 410),
    OperationalError: _unavailable,
    PoolTimeout: _unavailable,
    HTTPException: _of_http,
}  # fmt: skip
