"""The way to the telephones of the embedded default, which ring on the exchange's own port."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from api.access import Router, public
from api.deps import Conf
from api.errors import NOT_FOUND

router = Router(include_in_schema=False)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@router.get("/exchange")
@public
def to_exchange(request: Request, settings: Conf) -> RedirectResponse:
    """Lead to the exchange; 404 in a deployment that has none."""
    if not settings.exchange_url:
        raise HTTPException(NOT_FOUND)
    exchange = urlsplit(settings.exchange_url)
    # The exchange's loopback is ours, not the browser's: there it is the host the page was asked from.
    host = request.url.hostname if exchange.hostname in LOOPBACK else exchange.hostname
    port = f":{exchange.port}" if exchange.port else ""
    return RedirectResponse(f"{exchange.scheme}://{host}{port}/")
