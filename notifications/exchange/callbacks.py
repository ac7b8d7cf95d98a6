"""Requests to the account's own server: TwiML and status callbacks, signed as Twilio signs them.

Like Twilio it does not repeat a status callback that failed. Signature: concatenate the URL and, for POST,
every parameter name and value sorted by name; HMAC-SHA1 with the auth token; Base64
(https://www.twilio.com/docs/usage/security#validating-requests).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from notifications.exchange.behaviour import Mode

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""Twilio gives a webhook 15 s (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

Parameters = Mapping[str, str]


class WebhookFailed(Exception):
    """The account's server did not answer with 2xx in time; Twilio's error 11200."""


def signature(token: str, url: str, parameters: Parameters) -> str:
    """Return the `X-Twilio-Signature` of a request to `url` with these form parameters (none for GET)."""
    signed = url + "".join(name + parameters[name] for name in sorted(parameters))
    digest = hmac.new(token.encode(), signed.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()


class Webhooks:
    """The exchange's HTTP client; one per exchange, closed with it."""

    def __init__(self, *, auth_token: str) -> None:
        self._token = auth_token
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy from the environment could not reach a server on loopback
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )

    async def request(self, *, url: str, method: str, parameters: Parameters) -> str:
        """Return the body of the 2xx answer, else raise WebhookFailed. Takes 15 s at most."""
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                answer = await self._send(url=url, method=method, parameters=parameters)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise WebhookFailed(type(error).__name__) from error
        if not answer.is_success:
            msg = f"HTTP {answer.status_code}"
            raise WebhookFailed(msg)
        return answer.text

    async def _send(self, *, url: str, method: str, parameters: Parameters) -> httpx.Response:
        if method == "GET":
            target = str(httpx.URL(url + ("&" if "?" in url else "?") + urlencode(parameters)))
            headers = {"X-Twilio-Signature": signature(self._token, target, {})}
            return await self._http.get(target, headers=headers)
        target = str(httpx.URL(url))  # what goes over the wire is what must be signed
        headers = {"X-Twilio-Signature": signature(self._token, target, parameters)}
        return await self._http.post(target, data=dict(parameters), headers=headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class StatusCallbacks:
    """The status callbacks of one message or call: in order, and once unless its mode says otherwise.

    `send` never waits for the account's server; `finish` waits until everything has been sent.
    """

    def __init__(self, webhooks: Webhooks, *, url: str, method: str, mode: Mode) -> None:
        self._webhooks = webhooks
        self._url = url
        self._method = method
        self._mode = mode
        self._kept: list[Parameters] = []
        self._last: asyncio.Task[None] | None = None

    def send(self, parameters: Parameters) -> None:
        """Send one callback after those before it; reordered callbacks wait for `finish`."""
        if self._mode is Mode.REORDERED_CALLBACKS:
            self._kept.append(parameters)
            return
        for _ in range(2 if self._mode is Mode.DUPLICATE_CALLBACKS else 1):
            self._last = asyncio.create_task(self._after(self._last, parameters))

    async def finish(self) -> None:
        """Send what was kept, last first, and wait until all callbacks are out."""
        for parameters in reversed(self._kept):
            self._last = asyncio.create_task(self._after(self._last, parameters))
        self._kept.clear()
        if self._last:
            await self._last

    async def _after(self, earlier: asyncio.Task[None] | None, parameters: Parameters) -> None:
        if earlier:
            await earlier
        try:
            await self._webhooks.request(url=self._url, method=self._method, parameters=parameters)
        except WebhookFailed as failure:
            sid = parameters.get("CallSid") or parameters.get("MessageSid")
            log.warning("status callback of %s failed (11200): %s", sid, failure)
