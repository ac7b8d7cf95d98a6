"""Security headers on every answer, also on those no route made."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ALWAYS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # A receipt stands in the address: no other site may learn it. "no-referrer" would turn the Origin of our own
    # forms into "null".
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
)
OVER_HTTPS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NOT_KEPT = (b"cache-control", b"no-store")
MAP = "/map"
"""The only page with pictures from elsewhere, where tiles are set."""


class SecurityHeaders:
    """Adds the headers; what a route says about caching stays, everything else is not kept by anybody."""

    def __init__(self, app: ASGIApp, *, secure: bool, tiles_origin: str = "") -> None:
        self.app = app
        self._headers = [*ALWAYS, OVER_HTTPS] if secure else list(ALWAYS)
        with_tiles = POLICY.replace("img-src 'self'", f"img-src 'self' {tiles_origin}") if tiles_origin else POLICY
        self._of_the_map = [(b"content-security-policy", with_tiles.encode()), *self._headers[1:]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the headers to what comes back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = self._of_the_map if scope["path"] == MAP else self._headers

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                kept = any(name == b"cache-control" for name, _ in headers)
                message["headers"] = [*headers, *added] if kept else [*headers, *added, NOT_KEPT]
            await send(message)

        await self.app(scope, receive, adding)
