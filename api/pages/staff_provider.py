"""The way to the OpenID Connect provider and back."""

from __future__ import annotations

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api import deps, single_sign_on
from api.access import Router, public
from api.deps import Conf, Db, Now
from api.field_errors import FieldError
from api.pages.staff_frame import frame_of
from api.pages.staff_sign_in import own_path, welcome
from api.rendering import render
from api.single_sign_on import BACK, WAITS_SECONDS, Arrival, NotConfirmed, NotLinked, ProviderDown
from domain import accounts, provider_links, throttles
from domain.accounts import Caller
from domain.models import Account
from domain.settings import Settings
from domain.throttles import TooManyAttempts

router = Router(include_in_schema=False)
COOKIE = "fireline_provider"


@router.get("/login/provider")
@public
def depart(request: Request, settings: Conf, next: str = "") -> Response:  # noqa: A002 - the address says next
    """Lead to the provider."""
    if not settings.oidc_issuer:
        return RedirectResponse("/login", status_code=303)
    try:
        departure = single_sign_on.depart(settings, following=own_path(next))
    except ProviderDown as down:
        return _refused(request, settings, down, status=503)
    answer = RedirectResponse(departure.address, status_code=303)
    answer.set_cookie(
        COOKIE, departure.cookie, max_age=WAITS_SECONDS, path=BACK, secure=settings.secure_cookies, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return answer


@router.get("/login/provider/back")
@public
def arrive(request: Request, *, db: Db, at: Now, settings: Conf, state: str = "", code: str = "") -> Response:
    """Take in who comes back, and begin their sign-in."""
    if not settings.oidc_issuer:
        return RedirectResponse("/login", status_code=303)
    caller = Caller(deps.address_of(request), request.headers.get("user-agent", ""))
    key = accounts.key_of("address", caller.address)
    try:
        with db.write() as session:
            throttles.count(session, key, policy=accounts.PER_ADDRESS, at=at)
        who = single_sign_on.arrive(settings, cookie=request.cookies.get(COOKIE, ""), state=state, code=code, at=at)
        with db.write() as session:
            account = _account_of(session, who)
            throttles.forgive(session, key, policy=accounts.PER_ADDRESS)
            signed_in = accounts.begin(session, account, way="provider", caller=caller, at=at, settings=settings)
    except (NotConfirmed, NotLinked, ProviderDown, TooManyAttempts) as refused:
        return _refused(request, settings, refused, status=STATUS.get(type(refused), 429))
    answer = welcome(request, signed_in, following=who.following)
    answer.delete_cookie(COOKIE, path=BACK, secure=settings.secure_cookies, httponly=True, samesite="lax")
    return answer


def _account_of(session: Session, who: Arrival) -> Account:
    account = provider_links.account_of(session, issuer=who.issuer, subject=who.subject, username=who.username)
    if account is None:
        raise NotLinked
    return account


STATUS: dict[type[Exception], int] = {NotConfirmed: 401, NotLinked: 403, ProviderDown: 503}


def _refused(request: Request, settings: Settings, refused: Exception, *, status: int) -> Response:
    return render(
        request, "pages/staff/login.html", status=status, frame=frame_of(None, here="login"), next="", username="",
        errors=(FieldError("", refused.reason),), provider=single_sign_on.name_of(settings),  # type: ignore[attr-defined]  # each of them has one
    )  # fmt: skip
