"""Twilio's API 2010-04-01: create, list and fetch messages and calls, change a call.

Faults of the exchange itself (`behaviour.py`) are met here, by the number that a request is for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from notifications.exchange.answers import VERSION, ApiError, TwilioJSON, not_found, resource
from notifications.exchange.behaviour import Mode
from notifications.exchange.line import Act, Event
from notifications.exchange.listing import filtered, page
from notifications.exchange.records import Call, Callback, Message
from notifications.exchange.switchboard import NotNow, Switchboard

Form = dict[str, list[str]]
Endpoint = Callable[[Request], Awaitable[Response]]

E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
LONGEST_BODY = 1600
LARGEST_REQUEST = 128 * 1024
LONGEST_SILENCE_SECONDS = 120.0
"""A request that is never answered is let go after this, should the client have no timeout of its own."""
CALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
RINGING_SECONDS = range(1, 601)


def routes() -> list[Route]:
    """Return the API's routes."""
    account = f"/{VERSION}/Accounts/{{account}}"
    return [
        Route(f"{account}/Messages.json", _guarded(create_message), methods=["POST"]),
        Route(f"{account}/Messages.json", _guarded(list_messages), methods=["GET"]),
        Route(f"{account}/Messages/{{sid}}.json", _guarded(fetch_message), methods=["GET"]),
        Route(f"{account}/Calls.json", _guarded(create_call), methods=["POST"]),
        Route(f"{account}/Calls.json", _guarded(list_calls), methods=["GET"]),
        Route(f"{account}/Calls/{{sid}}.json", _guarded(fetch_call), methods=["GET"]),
        Route(f"{account}/Calls/{{sid}}.json", _guarded(change_call), methods=["POST"]),
        Route(f"/{VERSION}/{{rest:path}}", _guarded(_nothing_here), methods=["GET", "POST", "DELETE"]),
    ]


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            _admit(request)
            return await endpoint(request)
        except ApiError as error:
            return error.response()

    return guarded


def _admit(request: Request) -> None:
    """Raise 20003 unless the request carries the account's name and token and asks for that account."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        scheme, username, password = "", "", ""
    admitted = _switchboard(request).account.admits(username=username, password=password)
    asked_for = request.path_params.get("account", username)
    if scheme.lower() != "basic" or not admitted or asked_for != username:
        raise ApiError(status=401, code=20003, message="Authenticate")


async def create_message(request: Request) -> Response:
    """Accept a message."""
    form = await _form(request)
    to = _number(form, "To", missing=(21604, "A 'To' phone number is required."))
    from_ = _first(form, "From")
    body = _first(form, "Body")
    if not from_:
        raise _bad(21603, "A 'From' phone number is required.")
    if not body.strip():
        raise _bad(21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise _bad(21617, "The concatenated message body exceeds the 1600 character limit.")
    callback = Callback(url=_url(form, "StatusCallback", code=21609), method="POST")
    switchboard = _switchboard(request)
    mode = switchboard.register.behaviour.of(to)
    await _meet_fault_before(request, mode)
    message = Message(account_sid=switchboard.account.sid, to=to, from_=from_, body=body, callback=callback, mode=mode)
    answer = TwilioJSON(resource(message), status_code=201)
    switchboard.take_message(message)
    await _meet_fault_after(request, mode)
    return answer


async def create_call(request: Request) -> Response:
    """Accept a call."""
    form = await _form(request)
    to = _number(form, "To", missing=(21201, "No 'To' number is specified"))
    from_ = _first(form, "From")
    if not from_:
        raise _bad(21213, "No 'From' number is specified")
    url, twiml = _url(form, "Url", code=21205), _first(form, "Twiml")
    if not url and not twiml:
        raise _bad(21205, "Url parameter is required.")
    switchboard = _switchboard(request)
    mode = switchboard.register.behaviour.of(to)
    await _meet_fault_before(request, mode)
    call = Call(
        account_sid=switchboard.account.sid,
        to=to,
        from_=from_,
        url=url,
        url_method=_method(form, "Method"),
        fallback_url=_url(form, "FallbackUrl", code=21205),
        twiml="" if url else twiml,
        callback=Callback(
            url=_url(form, "StatusCallback", code=21609),
            method=_method(form, "StatusCallbackMethod"),
            events=_events(form),
        ),
        ring_seconds=_ring_seconds(form),
        machine_detection=_machine_detection(form),
        send_digits=_first(form, "SendDigits"),
        mode=mode,
    )
    answer = TwilioJSON(resource(call), status_code=201)
    switchboard.take_call(call)
    await _meet_fault_after(request, mode)
    return answer


async def change_call(request: Request) -> Response:
    """End a call, or give one that is talking another document."""
    call = _call(request)
    form = await _form(request)
    status, url, twiml = _first(form, "Status"), _url(form, "Url", code=21205), _first(form, "Twiml")
    if status in {"canceled", "completed"}:
        event = Event(Act.CANCEL if status == "canceled" else Act.COMPLETE)
    elif url or twiml:
        event = Event(Act.REDIRECT, url=url, method=_method(form, "Method"), twiml="" if url else twiml)
    else:
        raise _bad(20001, "Status must be canceled or completed, or Url or Twiml be given")
    try:
        await _switchboard(request).act(call, event)
    except NotNow as error:
        if event.act is Act.REDIRECT:
            raise _bad(21220, "Call is not in-progress. Cannot redirect.") from error
        if not call.ended:
            raise _bad(21220, "Call is in-progress. Cannot cancel.") from error
        # Twilio answers 200 when a call has already ended
    return TwilioJSON(resource(call))


async def list_messages(request: Request) -> Response:
    """Return a page of messages, newest first."""
    found = filtered(
        _switchboard(request).register.messages_newest_first(),
        request.query_params,
        texts={"To": "to", "From": "from_"},
        times={"DateSent": "sent_at"},
    )
    return TwilioJSON(page(found, request.query_params, key="messages", path=request.url.path))


async def list_calls(request: Request) -> Response:
    """Return a page of calls, newest first."""
    found = filtered(
        _switchboard(request).register.calls_newest_first(),
        request.query_params,
        texts={"To": "to", "From": "from_", "Status": "status"},
        times={"StartTime": "started_at", "EndTime": "ended_at"},
    )
    return TwilioJSON(page(found, request.query_params, key="calls", path=request.url.path))


async def fetch_message(request: Request) -> Response:
    """Return one message."""
    message = _switchboard(request).register.messages.get(request.path_params["sid"])
    if message is None:
        raise not_found(request.url.path)
    return TwilioJSON(resource(message))


async def fetch_call(request: Request) -> Response:
    """Return one call."""
    return TwilioJSON(resource(_call(request)))


async def _nothing_here(request: Request) -> Response:
    raise not_found(request.url.path)


async def _meet_fault_before(request: Request, mode: Mode) -> None:
    """Refuse, or never answer, before anything is stored."""
    if mode is Mode.ERROR_500:
        raise ApiError(status=500, code=20500, message="Internal Server Error")
    if mode is Mode.RATE_LIMIT:
        raise ApiError(status=429, code=20429, message="Too Many Requests")
    if mode is Mode.TIMEOUT:
        await _silence(request)
        raise ApiError(status=504, code=20504, message="Gateway Timeout")


async def _meet_fault_after(request: Request, mode: Mode) -> None:
    """Never answer although everything was stored."""
    if mode is Mode.ACCEPT_THEN_TIMEOUT:
        await _silence(request)
        raise ApiError(status=504, code=20504, message="Gateway Timeout")


async def _silence(request: Request) -> None:
    """Wait until the client has gone, the exchange closes, or two minutes are over."""
    gone = asyncio.create_task(_disconnected(request))
    closing = asyncio.create_task(_switchboard(request).closing.wait())
    try:
        await asyncio.wait({gone, closing}, timeout=LONGEST_SILENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        closing.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _switchboard(request: Request) -> Switchboard:
    switchboard: Switchboard = request.app.state.switchboard
    return switchboard


def _call(request: Request) -> Call:
    call = _switchboard(request).register.calls.get(request.path_params["sid"])
    if call is None:
        raise not_found(request.url.path)
    return call


async def _form(request: Request) -> Form:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_REQUEST:
            raise ApiError(status=413, code=20413, message="Request Entity Too Large")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise _bad(20001, "The form is not UTF-8") from error


def _bad(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _number(form: Form, name: str, *, missing: tuple[int, str]) -> str:
    number = _first(form, name)
    if not number:
        raise _bad(*missing)
    if not E164.fullmatch(number):
        raise _bad(21211, f"Invalid 'To' Phone Number: {number}")
    return number


def _url(form: Form, name: str, *, code: int) -> str:
    url = _first(form, name)
    if url and not url.startswith(("http://", "https://")):
        raise _bad(code, f"{name} is not a valid URL: {url}")
    return url


def _method(form: Form, name: str) -> str:
    method = _first(form, name).upper() or "POST"
    if method not in {"GET", "POST"}:
        raise _bad(20001, f"{name} must be GET or POST")
    return method


def _events(form: Form) -> tuple[str, ...]:
    """Return the wanted events, the end alone when none are named; one value may hold several."""
    wanted = [event for value in form.get("StatusCallbackEvent", []) for event in value.split()]
    if unknown := set(wanted) - CALL_EVENTS:
        raise _bad(21626, f"Invalid StatusCallbackEvent: {', '.join(sorted(unknown))}")
    return tuple(wanted) or ("completed",)


def _ring_seconds(form: Form) -> int:
    raw = _first(form, "Timeout") or "60"
    if not raw.isdecimal() or int(raw) not in RINGING_SECONDS:
        raise _bad(20001, "Timeout must be between 1 and 600 seconds")
    return int(raw)


def _machine_detection(form: Form) -> str:
    wanted = _first(form, "MachineDetection")
    if wanted not in {"", "Enable", "DetectMessageEnd"}:
        raise _bad(21207, "MachineDetection must be Enable or DetectMessageEnd")
    return wanted
