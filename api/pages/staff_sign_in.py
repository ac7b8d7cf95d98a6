"""Signing in and out. Which of user name and password was wrong is never said."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api import deps
from api.access import Router, public, staff_only
from api.deps import Conf, CurrentStaff, Db, MaybeStaff, Now, Posted
from api.errors import problem_of
from api.field_errors import FieldError
from api.middleware.limits import takes_little
from api.pages.staff_frame import frame_of, landing
from api.rendering import render
from domain import accounts
from domain.accounts import WrongCredentials
from domain.throttles import TooManyAttempts

router = Router(include_in_schema=False)
LONGEST_NAME, LONGEST_PASSWORD = 200, 1000


@router.get("/login")
@public
def show_sign_in(request: Request, staff: MaybeStaff, next: str = "") -> Response:  # noqa: A002 - the address says next
    """Show the form, or go on for who is signed in already."""
    if staff is not None:
        return RedirectResponse(_own_path(next) or landing(staff.actor), status_code=303)
    return _form(request, following=_own_path(next))


@router.post("/login")
@public
@takes_little
def sign_in(request: Request, db: Db, at: Now, settings: Conf, form: Posted) -> Response:
    """Sign in and go where the person works."""
    username, password = _text(form.get("username"), LONGEST_NAME), _text(form.get("password"), LONGEST_PASSWORD)
    following = _own_path(_text(form.get("next"), 2000))
    try:
        signed_in = accounts.sign_in(
            db, username=username, password=password, address=deps.address_of(request), at=at, settings=settings
        )
    except (WrongCredentials, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        errors = (FieldError("username", problem.detail),)
        return _form(request, following=following, username=username, errors=errors, status=problem.status)
    staff = accounts.identity_of_session(db, signed_in.token, at=at, settings=settings)
    answer = RedirectResponse(following or (landing(staff.actor) if staff else "/"), status_code=303)
    answer.set_cookie(
        deps.cookie_name(settings),
        signed_in.token,
        max_age=int(signed_in.lasts.total_seconds()),
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
@staff_only
@takes_little
def sign_out(request: Request, db: Db, at: Now, settings: Conf, staff: CurrentStaff) -> Response:  # noqa: ARG001 - it guards
    """End the sign-in everywhere this token is."""
    name = deps.cookie_name(settings)
    with db.write() as session:
        accounts.sign_out(session, request.cookies.get(name, ""), at=at)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(name, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax")
    return answer


def _form(
    request: Request, *, following: str, username: str = "", errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response:
    frame = frame_of(None, here="login")
    return render(
        request, "pages/staff/login.html", status=status, frame=frame, next=following, username=username, errors=errors
    )


def _text(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _own_path(address: str) -> str:
    """Return the address if it is a path of this site, else nothing: a link must not lead elsewhere after sign-in."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as `//[`
        return ""
    own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if own and parts.path not in ("/login", "/logout") else ""
