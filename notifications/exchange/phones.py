"""The phones as a page: a card each, live by server-sent events with replay, usable without JavaScript."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from notifications.exchange.behaviour import Mode
from notifications.exchange.records import Call, Message, Phone
from notifications.exchange.register import Register
from notifications.exchange.switchboard import RINGING, Switchboard
from notifications.exchange.words import HTML_LANGUAGE, LANGUAGES, say

FOLDER = Path(__file__).parent / "page"
FILES = {"phones.css": "text/css", "phones.js": "text/javascript"}
TIME_ZONE = ZoneInfo(os.environ.get("FIRELINE_TIMEZONE") or "Asia/Shanghai")
SHOWN = 30
"""So many messages and ended calls of a phone are on its card."""
HEARTBEAT_SECONDS = 15.0
LINK = re.compile(r"https?://[^\s<>\"'，。；）】]+")
CHINESE_MOBILE = re.compile(r"\+86(1\d{2})(\d{4})(\d{4})")


@dataclass(frozen=True, slots=True)
class Card:
    """What the page shows of one phone."""

    number: str
    person: str
    post: str
    live_calls: list[Call]
    ended_calls: list[Call]
    messages: list[Message]
    mode: Mode
    """How requests for it are met."""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was ever sent to it."""
        return not (self.live_calls or self.ended_calls or self.messages)

    @property
    def last_at(self) -> datetime:
        """Return when it was sent something last."""
        calls = [call.created_at for call in (*self.live_calls, *self.ended_calls)]
        return max([*calls, *(message.created_at for message in self.messages)])

    @property
    def anchor(self) -> str:
        """Return the id of the card on the page."""
        return "phone-" + re.sub(r"\W", "", self.number)

    @property
    def spaced_number(self) -> str:
        """Return the number as people read it: 138 0013 8000."""
        return CHINESE_MOBILE.sub(r"\1 \2 \3", self.number)

    @property
    def rings(self) -> bool:
        """Whether a call waits to be answered."""
        return any(call.status in RINGING for call in self.live_calls)

    @property
    def talks(self) -> bool:
        """Whether somebody is on the line."""
        return any(call.status == "in-progress" for call in self.live_calls)


def routes() -> list[Route]:
    """Return the page's routes."""
    return [
        Route("/", page, methods=["GET"]),
        Route("/events", events, methods=["GET"]),
        Route("/page/{name}", file, methods=["GET"]),
    ]


def cards(register: Register, *, only: str | None = None) -> list[Card]:
    """Return a card for every number; `only` one number if given.

    First those with traffic, the most recent on top; then the quiet ones as the directory has them.
    """
    if only:
        return [_card(register, only, register.calls_newest_first(to=only), register.messages_newest_first(to=only))]
    calls: dict[str, list[Call]] = defaultdict(list)
    messages: dict[str, list[Message]] = defaultdict(list)
    for call in register.calls_newest_first():
        calls[call.to].append(call)
    for message in register.messages_newest_first():
        messages[message.to].append(message)
    found = [_card(register, number, calls[number], messages[number]) for number in register.numbers()]
    busy = sorted((card for card in found if not card.is_quiet), key=lambda card: card.last_at, reverse=True)
    return [*busy, *(card for card in found if card.is_quiet)]


def ringing_cards(register: Register, *, only: str | None = None) -> list[Card]:
    """Return cards, without their messages, of the phones that ring."""
    calls = [call for call in register.calls_newest_first(to=only) if call.status in RINGING]
    return [_card(register, number, calls, []) for number in dict.fromkeys(call.to for call in calls)]


def _card(register: Register, number: str, calls: list[Call], messages: list[Message]) -> Card:
    phone = register.phones.get(number) or Phone(number)
    return Card(
        number=number,
        person=phone.person,
        post=phone.post,
        live_calls=[call for call in calls if not call.ended],
        ended_calls=[call for call in calls if call.ended][:SHOWN],
        messages=messages[:SHOWN],
        mode=register.behaviour.of(number),
    )


def linked(text: str) -> Markup:
    """Return the text as HTML with its web addresses as links."""
    parts, last = [], 0
    for match in LINK.finditer(text):
        address = escape(match[0])
        parts += [escape(text[last : match.start()])]
        parts += [Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(address)]
        last = match.end()
    return Markup().join([*parts, escape(text[last:])])


def _clock(at: datetime) -> str:
    return at.astimezone(TIME_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"linked": linked, "clock": _clock}
    environment.globals |= {"_": lambda name: say(name, language), "language": language, "modes": list(Mode)}
    return environment


ENVIRONMENTS = {language: _environment(language) for language in LANGUAGES}


async def page(request: Request) -> Response:
    """Return the phones, or the one of `?number=`, in `?lang=`."""
    register, language, only = _register(request), _language(request), _number(request)
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    number = {"number": only} if only else {}
    shown = cards(register, only=only)
    html = (
        ENVIRONMENTS[language]
        .get_template("phones.html")
        .render(
            phones=[card for card in shown if only or not card.is_quiet],
            quiet=[card for card in shown if not only and card.is_quiet],
            otherwise=register.behaviour.otherwise,
            ringing=ringing_cards(register, only=only),
            only=only,
            after=f"{register.run}-{register.revision}",
            query=urlencode({"lang": language, **number}),
            other_query=urlencode({"lang": other, **number}),
            html_language=HTML_LANGUAGE[language],
            other_html_language=HTML_LANGUAGE[other],
        )
    )
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


async def events(request: Request) -> Response:
    """Stream the cards that changed after `Last-Event-ID` (or `?after=`), then every change.

    An event's id is the run of the exchange and a revision; its data is `{"number", "html", "ringing"}`.
    After a restart or a reset the page is told to load itself again.
    """
    seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
    stream = _stream(_switchboard(request), language=_language(request), only=_number(request), seen=seen)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _stream(switchboard: Switchboard, *, language: str, only: str | None, seen: str) -> AsyncIterator[str]:
    register = switchboard.register
    run, _, revision = seen.partition("-")
    if run != register.run or not revision.isdecimal():
        yield f"id: {register.run}-{register.revision}\nevent: reload\ndata: {{}}\n\n"
        return
    after = int(revision)
    with register.watching() as changed:
        while not switchboard.closing.is_set():
            changed.clear()
            numbers = [number for number, at in register.changed_in.items() if at > after]
            after = register.revision
            for number in numbers:
                if only in {None, number}:
                    yield _event(register, number, language=language, only=only, revision=after)
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await changed.wait()
            except TimeoutError:
                yield ": still here\n\n"


def _event(register: Register, number: str, *, language: str, only: str | None, revision: int) -> str:
    environment = ENVIRONMENTS[language]
    (card,) = cards(register, only=number)
    data = {
        "number": number,
        "html": environment.get_template("phone.html").render(phone=card).strip(),
        "ringing": environment.get_template("ringing.html").render(ringing=ringing_cards(register, only=only)),
    }
    return f"id: {register.run}-{revision}\nevent: phone\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def file(request: Request) -> Response:
    """Return the page's style or script."""
    name = request.path_params["name"]
    if name not in FILES:
        return Response(status_code=404)
    return FileResponse(FOLDER / name, media_type=FILES[name], headers={"Cache-Control": "no-cache"})


def _language(request: Request) -> str:
    wanted = request.query_params.get("lang", "")
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def _number(request: Request) -> str | None:
    return request.query_params.get("number") or None


def _switchboard(request: Request) -> Switchboard:
    switchboard: Switchboard = request.app.state.switchboard
    return switchboard


def _register(request: Request) -> Register:
    return _switchboard(request).register
