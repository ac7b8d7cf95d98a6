"""Signing in and out: by password, by a code sent to the phone, and the second factor. What was wrong is never said."""

from __future__ import annotations

from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api import deps, single_sign_on
from api.access import Router, begun_only, public
from api.deps import Begun, Conf, Db, MaybeStaff, Now, Posted
from api.errors import STEPS, problem_of
from api.field_errors import FieldError
from api.middleware.limits import takes_little
from api.pages.staff_frame import frame_of, landing
from api.rendering import render
from domain import accounts, sessions, sign_in_codes
from domain.accounts import Caller, SignedIn, Step, WrongCredentials
from domain.second_factors import WrongCode
from domain.sign_in_codes import WrongSignInCode
from domain.throttles import TooManyAttempts

router = Router(include_in_schema=False)
LONGEST_NAME, LONGEST_PASSWORD, LONGEST_CODE = 200, 1000, 60


@router.get("/login")
@public
def show_sign_in(request: Request, staff: MaybeStaff, next: str = "") -> Response:  # noqa: A002 - the address says next
    """Show the form, or go on for who is signed in already."""
    if staff is not None:
        return RedirectResponse(own_path(next) or landing(staff.actor), status_code=303)
    return _form(request, following=own_path(next))


@router.post("/login")
@public
@takes_little
def sign_in(request: Request, db: Db, at: Now, settings: Conf, form: Posted) -> Response:
    """Sign in and go where the person works."""
    username, password = text(form.get("username"), LONGEST_NAME), text(form.get("password"), LONGEST_PASSWORD)
    following = own_path(text(form.get("next"), 2000))
    try:
        signed_in = accounts.sign_in(
            db, username=username, password=password, address=deps.address_of(request), at=at, settings=settings,
            agent=request.headers.get("user-agent", ""),
        )  # fmt: skip
    except (WrongCredentials, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        errors = (FieldError("username", problem.detail),)
        return _form(request, following=following, username=username, errors=errors, status=problem.status)
    return welcome(request, signed_in, following=following)


@router.get("/login/code")
@public
def show_code_request(request: Request, next: str = "") -> Response:  # noqa: A002
    """Show where one's name is asked for, to have a code sent."""
    return _code_page(request, following=own_path(next))


@router.post("/login/code")
@public
@takes_little
def send_code(request: Request, db: Db, at: Now, form: Posted) -> Response:
    """Have a code sent, if there is somebody to send it to, and ask for it in any case."""
    username, following = text(form.get("username"), LONGEST_NAME), own_path(text(form.get("next"), 2000))
    try:
        ticket = sign_in_codes.ask(db, username=username, address=deps.address_of(request), at=at)
    except TooManyAttempts as refused:
        problem = problem_of(request, refused)
        errors = (FieldError("username", problem.detail),)
        return _code_page(request, following=following, username=username, errors=errors, status=problem.status)
    return _code_page(request, following=following, username=username, ticket=str(ticket))


@router.post("/login/code/enter")
@public
@takes_little
def enter_code(request: Request, db: Db, at: Now, settings: Conf, form: Posted) -> Response:
    """Sign in with the code that was sent."""
    ticket, code = text(form.get("ticket"), LONGEST_CODE), text(form.get("code"), LONGEST_CODE)
    username, following = text(form.get("username"), LONGEST_NAME), own_path(text(form.get("next"), 2000))
    caller = Caller(deps.address_of(request), request.headers.get("user-agent", ""))
    try:
        signed_in = sign_in_codes.sign_in(db, ticket=_uuid(ticket), code=code, caller=caller, at=at, settings=settings)
    except (WrongSignInCode, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        errors = (FieldError("code", problem.detail),)
        return _code_page(
            request, following=following, username=username, ticket=ticket, errors=errors, status=problem.status
        )
    return welcome(request, signed_in, following=following)


@router.get("/login/second")
@begun_only
def show_second(request: Request, begun: Begun, next: str = "") -> Response:  # noqa: A002
    """Ask for the code of the authenticator app."""
    if begun.left is not Step.SECOND:
        return RedirectResponse(own_path(next) or landing(begun.actor), status_code=303)
    return _second_page(request, begun, following=own_path(next))


@router.post("/login/second")
@begun_only
@takes_little
def give_second(request: Request, begun: Begun, db: Db, at: Now, form: Posted) -> Response:
    """Finish signing in with the app's code or a recovery code."""
    following = own_path(text(form.get("next"), 2000))
    try:
        sessions.give_second(db, begun, text(form.get("code"), LONGEST_CODE), at=at)
    except (WrongCode, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        errors = (FieldError("code", problem.detail),)
        return _second_page(request, begun, following=following, errors=errors, status=problem.status)
    return RedirectResponse(following or landing(begun.actor), status_code=303)


@router.post("/logout")
@begun_only
@takes_little
def sign_out(request: Request, db: Db, at: Now, settings: Conf) -> Response:
    """End the sign-in everywhere this token is."""
    name = deps.cookie_name(settings)
    with db.write() as session:
        accounts.sign_out(session, request.cookies.get(name, ""), at=at)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(name, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax")
    return answer


def welcome(request: Request, signed_in: SignedIn, *, following: str) -> Response:
    """Return the way to where the person works, or to what is left of signing in, with the cookie."""
    state = request.app.state
    staff = accounts.identity_of_session(state.database, signed_in.token, at=state.clock(), settings=state.settings)
    target = following or (landing(staff.actor) if staff else "/")
    if staff is not None and staff.left is not None:
        target = STEPS[staff.left] + (f"?next={quote(following)}" if following else "")
    answer = RedirectResponse(target, status_code=303)
    answer.set_cookie(
        deps.cookie_name(state.settings),
        signed_in.token,
        max_age=int(signed_in.lasts.total_seconds()),
        path="/",
        secure=state.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


def _form(
    request: Request, *, following: str, username: str = "", errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response:
    frame = frame_of(None, here="login")
    return render(
        request, "pages/staff/login.html", status=status, frame=frame, next=following, username=username,
        errors=errors, provider=single_sign_on.name_of(request.app.state.settings),
    )  # fmt: skip


def _code_page(
    request: Request,
    *,
    following: str,
    username: str = "",
    ticket: str = "",
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response:
    return render(
        request, "pages/staff/login_code.html", status=status, frame=frame_of(None, here="login"), next=following,
        username=username, ticket=ticket, errors=errors,
    )  # fmt: skip


def _second_page(
    request: Request, begun: Begun, *, following: str, errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response:
    return render(
        request, "pages/staff/login_second.html", status=status, frame=frame_of(None, here="login"), next=following,
        errors=errors, csrf=deps.masked(begun.csrf),
    )  # fmt: skip


def text(value: object, limit: int) -> str:
    """Return a posted text, cut; "" for what is none."""
    return value[:limit] if isinstance(value, str) else ""


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        return sign_in_codes.NOBODY


def own_path(address: str) -> str:
    """Return the address if it is a path of this site, else nothing: a link must not lead elsewhere after sign-in."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as `//[`
        return ""
    own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if own and parts.path not in ("/login", "/logout") else ""
