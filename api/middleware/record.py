"""One log line and one count per request, by the route's template: addresses hold receipts and venue codes."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import RequestMetrics

log = logging.getLogger("fireline.access")
NO_ROUTE = "(none)"


class Record:
    """Logs and counts each answer when it is complete."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, note the status, and write it down at the end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - began
            route = _template(scope)
            self._metrics.note(method=scope["method"], route=route, status=status, seconds=seconds)
            log.info("%s %s %s %.1f ms", scope["method"], route, status or "cut off", seconds * 1000)


def _template(scope: Scope) -> str:
    if scope["path"].startswith("/static/"):
        return "/static"
    return getattr(scope.get("route"), "path", None) or NO_ROUTE
