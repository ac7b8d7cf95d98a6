"""Compresses whole answers of text; streams and what is compressed already pass untouched."""

from __future__ import annotations

import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 500
"""Below this the gzip header eats the gain."""
LEVEL = 6
WINDOW = 16 + 13
"""Gzip's frame around a window of 8 KB: a page is not longer, and making ready the usual 32 KB takes four times the
time of compressing it."""
MEMORY = 6
TEXT = (b"text/", b"application/json", b"application/problem+json", b"image/svg+xml")


class Compression:
    """Gzip for readers who accept it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; hold back the start of an answer until its body shows whether it is worth it."""
        if scope["type"] != "http" or not _accepts(scope):
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def compressing(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                first, start = start, None
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    message = _compressed(first, message)
                await send(first)
            await send(message)

        await self.app(scope, receive, compressing)


def _accepts(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def _compressed(start: Message, message: Message) -> Message:
    headers = start["headers"]
    body = message.get("body", b"")
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    encoded = any(name == b"content-encoding" for name, _ in headers)
    if encoded or len(body) < SMALLEST or not kind.startswith(TEXT):
        return message
    press = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    smaller = press.compress(body) + press.flush()
    start["headers"] = [
        *(item for item in headers if item[0] != b"content-length"),
        (b"content-encoding", b"gzip"),
        (b"content-length", str(len(smaller)).encode()),
        (b"vary", b"Accept-Encoding"),
    ]
    return {**message, "body": smaller}
