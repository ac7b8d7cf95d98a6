"""One's own account: password, authenticator app, and the proof asked for before something grave."""

from __future__ import annotations

from datetime import datetime

import segno
from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api import deps
from api.access import Router, begun_only, proven, staff_only
from api.deps import Begun, Conf, CurrentStaff, Db, Now, Posted, ProofNeeded, StepLeft
from api.errors import problem_of
from api.field_errors import FieldError
from api.middleware.limits import takes_little
from api.pages.staff_frame import frame_of, landing, staff_page
from api.pages.staff_sign_in import LONGEST_CODE, LONGEST_PASSWORD, own_path, text
from api.rendering import render
from domain import accounts, people, second_factors, sessions
from domain.accounts import Identity, Step, WrongCredentials
from domain.actors import Role
from domain.passwords import SHORTEST, PasswordRefused
from domain.second_factors import Enrolment, NotEnrolled, WrongCode
from domain.throttles import TooManyAttempts

router = Router(include_in_schema=False)


@router.get("/account")
@staff_only
def show_account(request: Request, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, done: str = "") -> Response:
    """Show who one is here, and what one may change of it."""
    with db.read() as session:
        held = people.held_by(session, staff.person.id, day=people.local_day(at))
        has_app = second_factors.is_confirmed(session, staff.account.id)
        codes_left = second_factors.recovery_codes_left(session, staff.account.id)
    return staff_page(
        request, "pages/staff/account.html", staff=staff, at=at, here="account", posts=len(held), has_app=has_app,
        codes_left=codes_left, needs_app=_needs_app(staff, settings), done=done,
    )  # fmt: skip


def _needs_app(staff: Identity, settings: Conf) -> bool:
    return settings.administrators_need_a_second_factor and staff.actor.plays(Role.ADMINISTRATOR)


@router.get("/account/password")
@begun_only
def show_password(request: Request, begun: Begun, at: Now) -> Response:
    """Show the form for a new password."""
    _allow(begun, Step.PASSWORD)
    return _page(request, "pages/staff/account_password.html", begun, at=at, errors=(), shortest=SHORTEST)


@router.post("/account/password")
@begun_only
@takes_little
def change_password(request: Request, begun: Begun, db: Db, at: Now, form: Posted) -> Response:
    """Change the password and end the other sessions."""
    _allow(begun, Step.PASSWORD)
    old, new = text(form.get("old"), LONGEST_PASSWORD), text(form.get("new"), LONGEST_PASSWORD)
    try:
        accounts.change_password(db, begun, old=old, new=new, at=at)
    except (WrongCredentials, PasswordRefused, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        field = "new" if isinstance(refused, PasswordRefused) else "old"
        words = accounts.WRONG_PASSWORD if isinstance(refused, WrongCredentials) else problem.detail
        return _page(
            request, "pages/staff/account_password.html", begun, at=at, status=problem.status,
            errors=(FieldError(field, words),), shortest=SHORTEST,
        )  # fmt: skip
    after = "/account?done=password" if begun.left is None else landing(begun.actor)
    return RedirectResponse(after, status_code=303)


@router.get("/account/app")
@begun_only
def show_app(request: Request, begun: Begun, db: Db, at: Now) -> Response:
    """Show what to put into the authenticator app, and ask for its first code."""
    _allow_enrolment(begun, at)
    with db.read() as session:
        if second_factors.is_confirmed(session, begun.account.id):
            return RedirectResponse("/account", status_code=303)
    with db.write() as session:
        enrolment = second_factors.begin(session, begun.account, at=at)
    return _app_page(request, begun, enrolment, at=at)


@router.post("/account/app")
@begun_only
@takes_little
def confirm_app(request: Request, begun: Begun, db: Db, at: Now, form: Posted) -> Response:
    """Put the app in force once its code is right, and show the recovery codes."""
    _allow_enrolment(begun, at)
    try:
        with db.write() as session:
            codes = second_factors.confirm(
                session, begun.account, text(form.get("code"), LONGEST_CODE), actor=begun.actor, at=at
            )
    except NotEnrolled:
        return RedirectResponse("/account/app", status_code=303)
    except WrongCode as refused:
        with db.write() as session:
            enrolment = second_factors.begin(session, begun.account, at=at)
        problem = problem_of(request, refused)
        return _app_page(
            request, begun, enrolment, at=at, errors=(FieldError("code", problem.detail),), status=problem.status
        )
    sessions.note(db, begun, at=at, second=True)
    return _page(request, "pages/staff/account_codes.html", begun, at=at, codes=codes, home=landing(begun.actor))


@router.post("/account/app/codes")
@staff_only
@proven
@takes_little
def renew_codes(request: Request, staff: CurrentStaff, db: Db, at: Now) -> Response:
    """Replace the recovery codes and show the new ones."""
    try:
        with db.write() as session:
            codes = second_factors.renew_recovery_codes(session, staff.account, actor=staff.actor, at=at)
    except NotEnrolled:
        return RedirectResponse("/account/app", status_code=303)
    return _page(request, "pages/staff/account_codes.html", staff, at=at, codes=codes, home="/account")


@router.post("/account/app/remove")
@staff_only
@proven
@takes_little
def remove_app(staff: CurrentStaff, db: Db, at: Now) -> Response:
    """Take the app away; whoever needs one is then led to set up another."""
    with db.write() as session:
        second_factors.reset(session, staff.account, actor=staff.actor, at=at)
    return RedirectResponse("/account?done=app", status_code=303)


@router.get("/account/prove")
@staff_only
def show_proof(request: Request, staff: CurrentStaff, db: Db, at: Now, next: str = "") -> Response:  # noqa: A002
    """Ask who is signed in to prove again that it is them."""
    return _proof_page(request, staff, db, at=at, following=own_path(next))


@router.post("/account/prove")
@staff_only
@takes_little
def prove(request: Request, staff: CurrentStaff, db: Db, at: Now, form: Posted) -> Response:
    """Take the proof, and go on with what was asked for."""
    following = own_path(text(form.get("next"), 2000))
    password, code = text(form.get("password"), LONGEST_PASSWORD), text(form.get("code"), LONGEST_CODE)
    try:
        sessions.prove(db, staff, password=password, code=code, at=at)
    except (WrongCredentials, WrongCode, TooManyAttempts) as refused:
        problem = problem_of(request, refused)
        words = accounts.WRONG_PASSWORD if isinstance(refused, WrongCredentials) else problem.detail
        return _proof_page(request, staff, db, at=at, following=following, words=words, status=problem.status)
    return RedirectResponse(following or "/account", status_code=303)


def _proof_page(
    request: Request, staff: Identity, db: Db, *, at: datetime, following: str, words: object = None, status: int = 200
) -> Response:
    has_app = sessions.has_app(db, staff.account)
    field = "code" if has_app else "password"
    errors = (FieldError(field, words),) if words else ()  # type: ignore[arg-type]  # a Sentence
    return staff_page(
        request, "pages/staff/account_prove.html", staff=staff, at=at, here="account", status=status,
        next=following, has_app=has_app, errors=errors,
    )  # fmt: skip


def _app_page(
    request: Request,
    begun: Identity,
    enrolment: Enrolment,
    *,
    at: datetime,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response:
    picture = segno.make(enrolment.uri, error="m").svg_data_uri(scale=4, border=4, light="#fff")
    groups = [enrolment.secret[start : start + 4] for start in range(0, len(enrolment.secret), 4)]
    return _page(
        request, "pages/staff/account_app.html", begun, at=at, status=status, errors=errors, picture=picture,
        secret=" ".join(groups), must=begun.left is Step.ENROL,
    )  # fmt: skip


def _allow(begun: Identity, step: Step) -> None:
    """Raise `StepLeft` when something else comes first."""
    if begun.left not in (None, step):
        raise StepLeft(begun.left)


def _allow_enrolment(begun: Identity, at: datetime) -> None:
    _allow(begun, Step.ENROL)
    if begun.left is None and not begun.is_fresh(at):
        raise ProofNeeded


def _page(
    request: Request, template: str, begun: Identity, *, at: datetime, status: int = 200, **context: object
) -> Response:
    """Return a page of the account, within the frame of the staff pages once the sign-in counts."""
    if begun.left is None:
        return staff_page(request, template, staff=begun, at=at, here="account", status=status, left=None, **context)
    return render(
        request, template, status=status, frame=frame_of(None, here="account"), csrf=deps.masked(begun.csrf), at=at,
        left=begun.left.value, **context,
    )  # fmt: skip
