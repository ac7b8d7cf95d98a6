"""What endpoints are handed: the database, the time, who asks, the posted form; and the guards against forgery.

There is no session dependency. An endpoint writes `with db.write() as session:` itself: the commit is then over
before the answer is made (ADR 3), and one thread does it all. A session held across dependencies deadlocks on
SQLite: forty waiting writers take every thread, and the one that has the lock finds none to go on in.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import secrets
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api.forms import URLENCODED, content_type, read_form
from domain import accounts
from domain.accounts import Identity, Step
from domain.database import Database
from domain.settings import Settings
from domain.tokens import Scope
from notifications import signature

Staff = Identity
"""Who is signed in: `.account`, `.person`, `.actor`, `.csrf`, `.via` ("cookie" or "token")."""


class NotSignedIn(Exception):
    """The page or address is for staff, and nobody is signed in."""


class StepLeft(NotSignedIn):
    """The password was right, and something is left to do before the sign-in counts."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.value)
        self.step = step


class ProofNeeded(Exception):
    """What is asked for is grave: whoever is signed in has to prove again that it is them."""


class NotForPrograms(Exception):
    """A token lets no program in here, or not this one."""

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(scope or "")
        self.scope = scope
        """What the token lacks; None: the address is for people."""


class ForeignForm(Exception):
    """The form was not sent from one of our own pages, or its page is too old."""


class WrongSignature(Exception):
    """A callback that the telephone provider did not sign."""


async def get_database(request: Request) -> Database:
    """Return the app's database."""
    return request.app.state.database


async def get_settings_of(request: Request) -> Settings:
    """Return the app's settings."""
    return request.app.state.settings


async def now(request: Request) -> datetime:
    """Return the moment of the request, aware UTC; tests put their own clock at `app.state.clock`."""
    return request.app.state.clock()


def cookie_name(settings: Settings) -> str:
    """Return the name of the sign-in cookie; over HTTPS the prefix binds it to this host and path."""
    return "__Host-fireline" if settings.secure_cookies else "fireline"


def address_of(request: Request) -> str:
    """Return the caller's network address as throttles count it: IPv4 whole, IPv6 by its /64."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:60]
    if address.version == 4:  # noqa: PLR2004 - the IP version
        return host
    return str(ipaddress.ip_network((address, 64), strict=False))


def _identify(request: Request) -> Identity | None:
    state = request.app.state
    at = state.clock()
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer":
            return None
        return accounts.identity_of_token(state.database, credentials.strip(), at=at)
    token = request.cookies.get(cookie_name(state.settings))
    if not token:
        return None
    return accounts.identity_of_session(state.database, token, at=at, settings=state.settings)


async def optional_staff(request: Request) -> Identity | None:
    """Return who is signed in, or None; looked up once per request."""
    await begun_sign_in(request)
    return request.scope["state"]["staff"]


async def begun_sign_in(request: Request) -> Identity | None:
    """Return who is signed in, or is about to be: something may be `left` to do."""
    scope_state = request.scope["state"]
    if "begun" not in scope_state:
        asks = "authorization" in request.headers or cookie_name(request.app.state.settings) in request.cookies
        _remember(request, await run_in_threadpool(_identify, request) if asks else None)
    return scope_state["begun"]


def _remember(request: Request, identity: Identity | None) -> None:
    scope_state = request.scope["state"]
    scope_state["begun"] = identity
    scope_state["staff"] = identity if identity is not None and identity.left is None else None


def recall_staff(request: Request) -> None:
    """Find out who is signed in where no endpoint has asked, as at an address that is not there."""
    scope_state = request.scope["state"]
    if "begun" not in scope_state and cookie_name(request.app.state.settings) in request.cookies:
        _remember(request, _identify(request))


async def require_staff(begun: Annotated[Identity | None, Depends(begun_sign_in)]) -> Identity:
    """Return who is signed in; raises `NotSignedIn`, or `StepLeft` while something is left to do."""
    if begun is None:
        raise NotSignedIn
    if begun.left is not None:
        raise StepLeft(begun.left)
    return begun


async def require_begun(begun: Annotated[Identity | None, Depends(begun_sign_in)]) -> Identity:
    """Return whose sign-in has begun, whatever is left to do; raises `NotSignedIn`, also for a program."""
    if begun is None or begun.via == "token":
        raise NotSignedIn
    return begun


async def check_csrf(request: Request, staff: Annotated[Identity, Depends(require_staff)]) -> Identity:
    """Return who is signed in, once the form proved to come from a page we gave them; raises `ForeignForm`.

    Programs with a token need no proof: a browser never sends their header by itself.
    """
    return await _from_own_page(request, staff)


async def check_begun_csrf(request: Request, begun: Annotated[Identity, Depends(require_begun)]) -> Identity:
    """Return whose sign-in has begun, once the form proved to come from our page; raises `ForeignForm`."""
    return await _from_own_page(request, begun)


async def require_proof(request: Request, staff: Annotated[Identity, Depends(require_staff)]) -> Identity:
    """Return who is signed in and proved a moment ago who they are; raises `ProofNeeded`.

    Programs prove nothing: the scope of the endpoint, if it names one, has let them in.
    """
    if staff.via != "token" and not staff.is_fresh(request.app.state.clock()):
        raise ProofNeeded
    return staff


async def _from_own_page(request: Request, staff: Identity) -> Identity:
    if staff.via == "token":
        return staff
    await refuse_foreign_origin(request)
    given = request.headers.get("x-csrf-token") or request.headers.get("x-csrf")
    if given is None:
        given = (await read_form(request)).get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(unmasked(given), staff.csrf.encode()):
        raise ForeignForm
    return staff


def masked(csrf: str) -> str:
    """Return the token hidden under a fresh pad, so that compressed pages do not give it away byte by byte (BREACH)."""
    plain = csrf.encode()
    pad = secrets.token_bytes(len(plain))
    hidden = bytes(a ^ b for a, b in zip(plain, pad, strict=True))
    return base64.urlsafe_b64encode(pad + hidden).decode()


def unmasked(text: str) -> bytes:
    """Return the token under its pad; nothing that matches for garbage."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except ValueError:
        return b""
    half = len(raw) // 2
    return bytes(a ^ b for a, b in zip(raw[:half], raw[half:], strict=False))


async def refuse_foreign_origin(request: Request) -> None:
    """Raise `ForeignForm` for a form another site made the browser send; works with JavaScript off.

    Browsers say where a form comes from in `Sec-Fetch-Site` or `Origin`. A caller that sends neither is no browser
    of the last years, and carries no cookie that another site could misuse (SameSite=Lax).
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForeignForm
        return
    origin = request.headers.get("origin")
    if origin is not None and not _is_own(request, origin):
        raise ForeignForm


def _is_own(request: Request, origin: str) -> bool:
    own = {request.headers.get("host", ""), urlsplit(request.app.state.settings.public_url).netloc}
    try:
        return origin != "null" and urlsplit(origin).netloc in own - {""}
    except ValueError:  # such as `http://[`
        return False


async def require_provider_signature(request: Request) -> None:
    """Raise `WrongSignature` unless the telephone provider signed this callback."""
    settings: Settings = request.app.state.settings
    # The provider sends texts in one encoding; what comes otherwise is not even read.
    if content_type(request) != URLENCODED:
        raise WrongSignature
    form = await read_form(request)
    query = f"?{request.url.query}" if request.url.query else ""
    genuine = signature.is_genuine(
        auth_token=settings.twilio_auth_token,
        url=f"{settings.public_url.rstrip('/')}{request.url.path}{query}",
        parameters=form,  # type: ignore[arg-type]  # its values are texts in what the provider sends
        signature=request.headers.get(signature.HEADER),
    )
    if not genuine:
        raise WrongSignature


async def posted(request: Request) -> FormData:
    """Return the posted form."""
    return await read_form(request)


Db = Annotated[Database, Depends(get_database)]
Conf = Annotated[Settings, Depends(get_settings_of)]
Now = Annotated[datetime, Depends(now)]
CurrentStaff = Annotated[Identity, Depends(require_staff)]
Begun = Annotated[Identity, Depends(require_begun)]
MaybeStaff = Annotated[Identity | None, Depends(optional_staff)]
Posted = Annotated[FormData, Depends(posted)]


def locale_of(request: Request) -> str:
    """Return the language this request is answered in: `zh_CN` or `en`."""
    return preferences(request).locale


def preferences(request: Request) -> Any:  # noqa: ANN401 - api.middleware.preferences.Preferences
    """Return the reader's language and text size."""
    return request.scope["state"]["preferences"]
