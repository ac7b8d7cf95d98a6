"""Bounds what a request may send. Forms with photos may be long; everything else is short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.forms import close_form

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
KILOBYTE, MEGABYTE = 1024, 1024 * 1024
WITH_PHOTOS = 256 * MEGABYTE
"""Nine photos of 20 MB and some that are too large, so that the page can name those and keep the rest."""
WITH_FILES = 64 * MEGABYTE
"""A table of a city's venues is 10 MB, the outlines of a province 20 MB."""
FORM = 4 * MEGABYTE
"""A megabyte of Chinese text in a form's encoding, which is then named as too long and given back."""
JSON = 2 * MEGABYTE
"""The same in JSON's escapes."""
SHORT = 64 * KILOBYTE


class BodyTooLarge(Exception):
    """The request has more bytes than any form of its address needs."""


def takes_photos(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint whose form may carry photos."""
    endpoint.__longest_form__ = WITH_PHOTOS  # type: ignore[attr-defined]
    return endpoint


def takes_files(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint whose form may carry a table, outlines or documents."""
    endpoint.__longest_form__ = WITH_FILES  # type: ignore[attr-defined]
    return endpoint


def takes_little(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that is sent a few short fields, by anybody."""
    endpoint.__longest_body__ = SHORT  # type: ignore[attr-defined]
    return endpoint


def longest(scope: Scope) -> int:
    """Return how many bytes the body of this request may have; the router has put the endpoint into the scope."""
    endpoint = scope.get("endpoint")
    if (marked := getattr(endpoint, "__longest_body__", None)) is not None:
        return int(marked)
    kind = dict(scope["headers"]).get(b"content-type", b"").lower()
    if kind.startswith(b"multipart/"):
        return int(getattr(endpoint, "__longest_form__", FORM))
    return FORM if kind.startswith(b"application/x-www-form-urlencoded") else JSON


class BodyLimit:
    """Refuses a request whose body is too long, by its announced length or while it comes in; puts away its files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in and raise `BodyTooLarge` into the reader."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        length = int(announced) if announced.isdigit() else 0
        received = 0

        async def counting() -> Message:
            nonlocal received
            limit = longest(scope)
            if length > limit:
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
