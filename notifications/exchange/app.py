"""The exchange as a web application: API, control API and page under one roof, logged without bodies."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifications.exchange import control, phones, rest
from notifications.exchange.pace import Pace
from notifications.exchange.register import Register
from notifications.exchange.switchboard import Account, Switchboard

log = logging.getLogger(__name__)

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


class Guard:
    """Adds security headers; logs method, path, status and time, never a query or body: they hold numbers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        finally:
            milliseconds = (time.perf_counter() - began) * 1000
            log.info("%s %s %d %.1f ms", scope["method"], scope["path"], status, milliseconds)


def create_app(*, account: Account, register: Register, pace: Pace) -> Starlette:
    """Return the application; its switchboard is `app.state.switchboard` once it has started."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        switchboard = Switchboard(account=account, register=register, pace=pace)
        app.state.switchboard = switchboard
        switchboard.open()
        yield
        await switchboard.close()

    return Starlette(
        routes=[
            *rest.routes(),
            *control.routes(),
            *phones.routes(),
            Route("/healthz", healthz, methods=["GET"]),
        ],
        middleware=[Middleware(Guard)],
        lifespan=lifespan,
    )


async def healthz(request: Request) -> Response:
    """Return `{"status": "ok", "messages", "calls"}`."""
    register: Register = request.app.state.switchboard.register
    return JSONResponse({"status": "ok", "messages": len(register.messages), "calls": len(register.calls)})
