"""The control API: what a person at a demo phone, a test or the demo's loader does to the exchange.

It needs no credentials because the exchange listens on loopback; requests that a browser sends from another
site are refused, so no page elsewhere can press keys here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from notifications.exchange.answers import TwilioJSON, resource
from notifications.exchange.behaviour import Behaviour, Mode
from notifications.exchange.line import Act, Event
from notifications.exchange.records import Call, Message, Phone, as_json
from notifications.exchange.switchboard import NotNow, Switchboard

Endpoint = Callable[[Request], Awaitable[Response]]

KEYS = frozenset("0123456789*#")
KEY_NAMES = {"star": "*", "hash": "#"}
"""A `#` cannot stand in a path unescaped."""
PHONE_ACTS = (Act.ANSWER, Act.REJECT, Act.NO_ANSWER, Act.VOICEMAIL, Act.HANG_UP)


class Refused(Exception):
    """A control request that cannot be carried out; becomes `{"title", "detail"}` with the status."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def routes() -> list[Route]:
    """Return the control API's routes."""
    acts = [Route(f"/control/calls/{{sid}}/{act}", _checked(_phone_act(act)), methods=["POST"]) for act in PHONE_ACTS]
    return [
        Route("/control/calls", _checked(list_calls), methods=["GET"]),
        Route("/control/messages", _checked(list_messages), methods=["GET"]),
        *acts,
        Route("/control/calls/{sid}/press/{key}", _checked(press), methods=["POST"]),
        Route("/control/behaviour", _checked(show_behaviour), methods=["GET"]),
        Route("/control/behaviour", _checked(set_behaviour), methods=["POST"]),
        Route("/control/phones", _checked(list_phones), methods=["GET"]),
        Route("/control/phones", _checked(set_phones), methods=["PUT"]),
        Route("/control/reset", _checked(reset), methods=["POST"]),
    ]


def _checked(endpoint: Endpoint) -> Endpoint:
    async def checked(request: Request) -> Response:
        try:
            _refuse_other_sites(request)
            return await endpoint(request)
        except Refused as refused:
            body = {"title": refused.title, "detail": refused.detail, "status": refused.status}
            return TwilioJSON(body, status_code=refused.status, media_type="application/problem+json")

    return checked


def _refuse_other_sites(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise Refused(403, "Other site", "Only this exchange's own page may control it.")


def shown(record: Message | Call) -> dict[str, Any]:
    """Return Twilio's resource and what only the exchange knows: exact times, words said, keys, mode."""
    extra = as_json(record)
    extra.pop("from_")
    return {**extra, **resource(record)}


async def list_calls(request: Request) -> Response:
    """Return calls, newest first, of `?to=` and not before `?since=` (ISO 8601 or seconds since 1970)."""
    found = _switchboard(request).register.calls_newest_first(to=_to(request), since=_since(request))
    return TwilioJSON([shown(call) for call in found])


async def list_messages(request: Request) -> Response:
    """Return messages like `list_calls` does calls."""
    found = _switchboard(request).register.messages_newest_first(to=_to(request), since=_since(request))
    return TwilioJSON([shown(message) for message in found])


def _phone_act(act: Act) -> Endpoint:
    async def phone_act(request: Request) -> Response:
        return await _act(request, Event(act))

    return phone_act


async def press(request: Request) -> Response:
    """Press one key during a call; `star` and `hash` are names for * and #."""
    key = KEY_NAMES.get(request.path_params["key"], request.path_params["key"])
    if key not in KEYS:
        raise Refused(422, "Unknown key", f"A telephone has no key {key!r}.")
    return await _act(request, Event(Act.PRESS, key=key))


async def _act(request: Request, event: Event) -> Response:
    switchboard = _switchboard(request)
    call = switchboard.register.calls.get(request.path_params["sid"])
    if call is None:
        raise Refused(404, "Unknown call", f"There is no call {request.path_params['sid']}.")
    try:
        await switchboard.act(call, event)
    except NotNow as error:
        raise Refused(409, "Not now", f"{event.act} is not possible while the call is {call.status}.") from error
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(_page_before(request), status_code=303)  # a browser without JavaScript
    return TwilioJSON(shown(call))


def _page_before(request: Request) -> str:
    """Return this page's own address with the choices the person had made, never another site's."""
    query = request.headers.get("referer", "").partition("?")[2]
    return f"/?{query}" if query else "/"


async def show_behaviour(request: Request) -> Response:
    """Return `{"mode", "numbers", "modes"}`."""
    behaviour = _switchboard(request).register.behaviour
    return TwilioJSON({**behaviour.as_json(), "modes": [str(mode) for mode in Mode]})


async def set_behaviour(request: Request) -> Response:
    """Set the mode of `numbers`, or of all when none are given; the page's form may be sent without its script."""
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    wanted = await _form(request) if is_form else await _json(request)
    if not isinstance(wanted, dict) or wanted.get("mode") not in set(Mode):
        raise Refused(422, "Unknown mode", f"mode must be one of {', '.join(Mode)}.")
    numbers = wanted.get("numbers")
    if numbers is not None and not _texts(numbers):
        raise Refused(422, "Bad numbers", "numbers must be a list of telephone numbers.")
    register = _switchboard(request).register
    behaviour = Behaviour.from_json(register.behaviour.as_json())
    behaviour.set(Mode(wanted["mode"]), numbers=numbers)
    register.set_behaviour(behaviour)
    if is_form and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(_page_before(request), status_code=303)
    return await show_behaviour(request)


async def list_phones(request: Request) -> Response:
    """Return the directory `[{"number", "person", "post"}]`."""
    return TwilioJSON([as_json(phone) for phone in _switchboard(request).register.phones.values()])


async def set_phones(request: Request) -> Response:
    """Replace the directory."""
    _switchboard(request).register.set_phones(phones_from(await _json(request)))
    return await list_phones(request)


async def reset(request: Request) -> Response:
    """Forget messages, calls and behaviour."""
    _switchboard(request).reset()
    return Response(status_code=204)


def phones_from(data: object) -> list[Phone]:
    """Return the phones in `[{"number", "person"?, "post"?}]`; Refused (422) when it is anything else."""
    if not isinstance(data, list):
        raise Refused(422, "Bad phones", "Phones must be a list.")
    phones = []
    for place, item in enumerate(data, start=1):
        fields = {name: item.get(name, "") for name in ("number", "person", "post")} if isinstance(item, dict) else {}
        if not fields.get("number") or not _texts(list(fields.values())):
            raise Refused(422, "Bad phones", f"Phone {place} needs a number; person and post are texts.")
        phones.append(Phone(**fields))
    return phones


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


async def _form(request: Request) -> object:
    """Return the form of the page as the JSON it stands for: a mode, and a number unless it is for all."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    mode, numbers = fields.get("mode", [""])[0], fields.get("number")
    return {"mode": mode, "numbers": numbers} if numbers else {"mode": mode}


async def _json(request: Request) -> object:
    try:
        body: object = await request.json()
    except ValueError as error:
        raise Refused(422, "Not JSON", "The body must be JSON.") from error
    return body


def _to(request: Request) -> str | None:
    """Return the wanted number; a `+` that was not escaped arrives as a space."""
    number = request.query_params.get("to")
    return "+" + number[1:] if number and number.startswith(" ") else number or None


def _since(request: Request) -> datetime | None:
    raw = request.query_params.get("since")
    if not raw:
        return None
    try:
        if raw.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(raw), UTC)
        since = datetime.fromisoformat(raw.replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise Refused(422, "Bad time", "since must be an ISO 8601 time or seconds since 1970.") from error
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def _switchboard(request: Request) -> Switchboard:
    switchboard: Switchboard = request.app.state.switchboard
    return switchboard
