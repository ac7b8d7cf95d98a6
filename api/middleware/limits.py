"""Bounds what a request may send. Forms with photos may be long; everything else is short."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.forms import close_form

MEGABYTE = 1024 * 1024
WITH_PHOTOS = 256 * MEGABYTE
"""Nine photos of 20 MB and some that are too large, so that the page can name those and keep the rest."""
WITHOUT = 8 * MEGABYTE


class BodyTooLarge(Exception):
    """The request has more bytes than any form of ours needs."""


class BodyLimit:
    """Refuses a request whose body is too long, by its announced length or while it comes in; puts away its files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in and raise `BodyTooLarge` into the reader."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = WITH_PHOTOS if headers.get(b"content-type", b"").startswith(b"multipart/") else WITHOUT
        announced = headers.get(b"content-length", b"0")
        too_long = announced.isdigit() and int(announced) > limit
        received = 0

        async def counting() -> Message:
            nonlocal received
            if too_long:
                raise BodyTooLarge
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge
            return message

        try:
            await self.app(scope, counting, send)
        finally:
            await close_form(scope)
