"""The reader's language and text size: from the address, a cookie, the browser, or the deployment's default."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.language import CHINESE, ENGLISH, LOCALES

LANGUAGE_COOKIE = "lang"
SIZE_COOKIE = "size"
SIZES = ("normal", "large")
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """How this reader wants to read. `large` is 大字版."""

    locale: str
    large: bool


class ReadersPreferences:
    """Puts `Preferences` into the request's state; `?lang=` and `?size=` are remembered in a cookie."""

    def __init__(self, app: ASGIApp, *, default: str, secure: bool) -> None:
        self.app = app
        self._default = default
        self._attributes = f"; Path=/; Max-Age={A_YEAR}; SameSite=Lax" + ("; Secure" if secure else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Negotiate, then pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        chosen = _chosen(scope["query_string"])
        headers = dict(scope["headers"])
        cookies = _cookies(headers.get(b"cookie"))
        language = chosen.get(LANGUAGE_COOKIE) or cookies.get(LANGUAGE_COOKIE)
        if language not in LOCALES:
            language = accepted(headers.get(b"accept-language", b"").decode("latin-1")) or self._default
        size = chosen.get(SIZE_COOKIE) or cookies.get(SIZE_COOKIE)
        scope.setdefault("state", {})["preferences"] = Preferences(language, size == "large")
        await self.app(scope, receive, self._remembering(send, chosen) if chosen else send)

    def _remembering(self, send: Send, chosen: dict[str, str]) -> Send:
        lines = [(b"set-cookie", f"{name}={value}{self._attributes}".encode()) for name, value in chosen.items()]

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *lines]
            await send(message)

        return remember


def _chosen(query: bytes) -> dict[str, str]:
    if b"lang=" not in query and b"size=" not in query:
        return {}
    values = parse_qs(query.decode("latin-1"), max_num_fields=None)
    chosen = {}
    for name, allowed in ((LANGUAGE_COOKIE, LOCALES), (SIZE_COOKIE, SIZES)):
        value = values.get(name, [""])[-1]
        if value in allowed:
            chosen[name] = value
    return chosen


def _cookies(header: bytes | None) -> dict[str, str]:
    if not header or (b"lang=" not in header and b"size=" not in header):
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header.decode("latin-1")).items()}
    except CookieError:
        return {}


def accepted(header: str) -> str | None:
    """Return the locale a browser prefers most among ours; None when it wants neither."""
    best, best_weight = None, 0.0
    for part in header.split(","):
        tag, _, rest = part.strip().partition(";")
        locale = CHINESE if tag.lower().startswith("zh") else ENGLISH if tag.lower().startswith("en") else None
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest.strip() else 1.0
        except ValueError:
            continue
        if locale and weight > best_weight:
            best, best_weight = locale, weight
    return best
