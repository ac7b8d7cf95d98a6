"""Signing in through an OpenID Connect provider (`fireline[oidc]`): code flow with PKCE, state and nonce.

It only says who somebody is. Which account that is an administrator has linked, or the provider's claim names it;
roles come from posts, never from the provider.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from itsdangerous import BadData, URLSafeTimedSerializer

from domain.language import Sentence
from domain.settings import NotForProduction, Settings

log = logging.getLogger("fireline.web")

BACK = "/login/provider/back"
WAITS_SECONDS = 600
"""So long somebody may take at the provider."""
ASKED_WITHIN_SECONDS = 10.0
KNOWN_FOR_SECONDS = 600.0
LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "PS384", "PS512", "EdDSA"]
"""Asymmetric ones only: a token signed with a shared secret, or with nothing, is none."""


class ProviderDown(Exception):
    """The provider does not answer, or not as one."""

    reason = Sentence("The sign-in service does not answer. Sign in with your password, or try again later.")


class NotConfirmed(Exception):
    """What came back does not prove who somebody is."""

    reason = Sentence("The sign-in service did not confirm who you are. Please start again.")


class NotLinked(Exception):
    """The provider knows this person, and no account is linked to them."""

    reason = Sentence("No account here belongs to you yet. Ask an administrator to link it.")


class NotUsable(NotForProduction):
    """A provider is configured that cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody on their way to the provider: where to, and what the cookie has to keep."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, as the provider says under its signature."""

    issuer: str
    subject: str
    username: str
    """What the configured claim says; "" when none is configured."""
    following: str


def name_of(settings: Settings) -> str:
    """Return what the provider is called on the sign-in page; "" when there is none."""
    return (settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or "") if settings.oidc_issuer else ""


def refuse_unusable(settings: Settings) -> None:
    """Raise `NotUsable` when a provider is configured that nobody could sign in through, or not safely."""
    if not settings.oidc_issuer:
        return
    if find_spec("authlib") is None:
        raise NotUsable("FIRELINE_OIDC_ISSUER is set, and the extra is missing: pip install 'fireline[oidc]'")
    if not _may_be_asked(settings.oidc_issuer):
        raise NotUsable("FIRELINE_OIDC_ISSUER has to begin with https://")
    if not settings.oidc_client_id:
        raise NotUsable("FIRELINE_OIDC_ISSUER is set, and FIRELINE_OIDC_CLIENT_ID is not")


def depart(settings: Settings, *, following: str) -> Departure:
    """Return the address at the provider, and what to keep until somebody comes back. Raises `ProviderDown`."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415 - the extra may be absent

    kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48), "next": following}  # fmt: skip
    provider = _discovered(settings)
    query = {
        "response_type": "code", "client_id": settings.oidc_client_id, "redirect_uri": _back(settings),
        "scope": settings.oidc_scopes, "state": kept["state"], "nonce": kept["nonce"],
        "code_challenge": create_s256_code_challenge(kept["verifier"]), "code_challenge_method": "S256",
    }  # fmt: skip
    address = _with_query(provider["authorization_endpoint"], query)
    return Departure(address, _serializer(settings).dumps(kept))


def _with_query(address: str, query: dict[str, str]) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(query))))))


def arrive(settings: Settings, *, cookie: str, state: str, code: str, at: datetime) -> Arrival:
    """Return who came back. Raises `NotConfirmed`, `ProviderDown`."""
    try:
        kept = _serializer(settings).loads(cookie, max_age=WAITS_SECONDS)
    except BadData:
        raise NotConfirmed from None
    if not code or not hmac.compare_digest(state.encode(), kept["state"].encode()):
        raise NotConfirmed
    provider = _discovered(settings)
    answer = _exchanged(settings, provider, code=code, verifier=kept["verifier"])
    claims = _verified(settings, provider, answer, nonce=kept["nonce"], at=at)
    claim = settings.oidc_username_claim
    username = claims.get(claim) if claim else ""
    return Arrival(
        settings.oidc_issuer, str(claims["sub"]), username if isinstance(username, str) else "", kept["next"]
    )


def _exchanged(settings: Settings, provider: dict[str, Any], *, code: str, verifier: str) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - a web part without a provider is lighter without it
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as above
    from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415

    methods = provider.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    try:
        with OAuth2Client(
            settings.oidc_client_id, settings.oidc_client_secret or None, redirect_uri=_back(settings),
            token_endpoint_auth_method=method if settings.oidc_client_secret else "none",
            timeout=ASKED_WITHIN_SECONDS, trust_env=False,
        ) as client:  # fmt: skip
            return dict(client.fetch_token(provider["token_endpoint"], code=code, code_verifier=verifier))
    except httpx.HTTPError as error:
        raise _down(error) from error
    except (AuthlibBaseError, ValueError) as refused:
        log.warning("the sign-in service refused a code: %s", type(refused).__name__)
        raise NotConfirmed from refused


def _verified(
    settings: Settings, provider: dict[str, Any], answer: dict[str, Any], *, nonce: str, at: datetime
) -> dict[str, Any]:
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - as above
    from joserfc import jwk, jwt  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        keys = jwk.KeySet.import_key_set(_asked(provider["jwks_uri"]))
        token = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": settings.oidc_issuer},
             "aud": {"essential": True, "value": settings.oidc_client_id}},
            {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": answer.get("access_token")},
        )  # fmt: skip
        claims.validate(now=int(at.timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, KeyError, TypeError, ValueError) as refused:
        log.warning("the sign-in service's token does not hold: %s", type(refused).__name__)
        raise NotConfirmed from refused
    if not claims.get("sub") or len(str(claims["sub"])) > 255:  # noqa: PLR2004 - OpenID Connect Core, 2
        raise NotConfirmed
    return dict(claims)


_known: dict[str, tuple[float, dict[str, Any]]] = {}


def _discovered(settings: Settings) -> dict[str, Any]:
    """Return what the provider says of itself, asked for every ten minutes. Raises `ProviderDown`."""
    issuer = settings.oidc_issuer
    asked_at, known = _known.get(issuer, (0.0, {}))
    if known and time.monotonic() - asked_at < KNOWN_FOR_SECONDS:
        return known
    said = _asked(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if said.get("issuer") != issuer or not all(_may_be_asked(said.get(name)) for name in wanted):
        log.error("the sign-in service at FIRELINE_OIDC_ISSUER names another issuer, or addresses that are not safe")
        raise ProviderDown
    _known[issuer] = (time.monotonic(), said)
    return said


def _asked(address: str) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - as above

    if not _may_be_asked(address):
        raise ProviderDown
    try:
        answer = httpx.get(address, timeout=ASKED_WITHIN_SECONDS, trust_env=False)
        answer.raise_for_status()
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise _down(error) from error
    if not isinstance(said, dict):
        raise ProviderDown
    return said


def _down(error: Exception) -> ProviderDown:
    log.warning("the sign-in service does not answer: %s", type(error).__name__)
    return ProviderDown()


def _may_be_asked(address: object) -> bool:
    """Return whether an address is safe: HTTPS, or this very machine."""
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def _back(settings: Settings) -> str:
    return settings.public_url.rstrip("/") + BACK


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="single-sign-on")
