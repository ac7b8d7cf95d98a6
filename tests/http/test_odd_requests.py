"""Whatever a stranger or a colleague sends, to whatever address: the answer is a page or a problem, never a crash."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from api import deps
from api.routes import endpoints
from domain import reports
from domain.database import Database
from domain.models import SignIn, Throttle
from tests.staff_member import Office, office_of
from tests.world import World


def cursor(*key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


ODD_TEXTS = [
    "", " ", "\x00", "//[", "http://[", "//a℀b", "²", "１２", "-1", str(2**31), str(10**30), "9" * 5000, "NaN", "1e400",
    "%00", "%", "\\", "'\"<>", "../..", "a" * 3000, "\u202e", "\U0001f525", "0190b5a0-0000-7000-8000-000000000000",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", cursor("newest", "0001-01-01T00:00:00+23:59", "0" * 32),
    cursor("due", "9999-12-31T23:59:59-23:59", "0" * 32), cursor("newest", 5, []), cursor(), "JB-2026-000001",
    "ABCDEFGHJKMN", "warden", "comment", "form-data; name=",
]  # fmt: skip
PARAMETERS = [
    "next", "code", "lang", "size", "cursor", "limit", "order", "state", "process", "area", "q", "view", "go", "done",
    "overdue", "new", "attempt", "hazard",
]  # fmt: skip
FIELDS = [
    "csrf", "version", "next", "username", "password", "form", "hazard", "description", "phone", "place", "lat", "lon",
    "photos", "kept", "receipt", "text", "note", "number", "confirmed", "confirm", "assignee", "channel", "venue",
    "venue_code", "seen", "form_id", "language", "action", "name", "hazards", "hazard_code", "rating", "outcome",
    "until", "AnsweredBy", "MessageSid", "Digits", "file", "reason",
]  # fmt: skip
HEADERS = [
    "origin", "sec-fetch-site", "accept", "accept-language", "cookie", "authorization", "idempotency-key",
    "x-csrf-token", "x-twilio-signature", "x-forwarded-for", "content-type", "range", "if-none-match", "referer",
]  # fmt: skip
CONTENT_TYPES = [
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=nonsense", "application/json; charset=utf-16", "text/plain", "é/ü",
]  # fmt: skip

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
numbers = st.sampled_from([0, -1, 1, 2**31 - 1, 2**31, 2**63, 10**30, 1.5, float("nan"), float("inf"), -1e308])
surrogates = st.sampled_from(["\ud800", "a\udfffb"])
values = st.recursive(
    st.one_of(texts, surrogates, numbers, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts | surrogates, inner, max_size=3)),
    max_leaves=6,
)
bodies = st.one_of(
    st.dictionaries(st.one_of(st.sampled_from(FIELDS), texts, surrogates), values, max_size=6).map(
        lambda body: ("application/json", json.dumps(body).encode())
    ),
    st.lists(st.tuples(st.sampled_from(FIELDS), texts), max_size=8).map(
        lambda fields: ("application/x-www-form-urlencoded", urlencode(fields).encode())
    ),
    st.lists(st.tuples(st.sampled_from(FIELDS), texts, st.booleans()), max_size=6).map(
        lambda fields: ("multipart/form-data; boundary=x", multipart(fields))
    ),
    st.tuples(st.sampled_from(CONTENT_TYPES), st.binary(max_size=60)),
    st.sampled_from([("application/json", b"[" * 100_000), ("application/json", b'{"version":' + b"9" * 5000 + b"}")]),
)


def multipart(fields: list[tuple[str, str, bool]]) -> bytes:
    """Return a form whose fields come as texts or as files."""
    parts = []
    for name, text, is_file in fields:
        file = '; filename="a.jpg"\r\ncontent-type: image/jpeg' if is_file else ""
        parts.append(f'--x\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n{text}\r\n'.encode())
    return b"".join([*parts, b"--x--\r\n"])


@st.composite
def odd_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Return what is sent to every address. A place of the path left None takes what belongs there."""
    kind, body = draw(bodies)
    headers = {"content-type": kind, **dict(draw(st.lists(st.tuples(st.sampled_from(HEADERS), texts), max_size=2)))}
    return {
        "places": draw(st.lists(st.one_of(st.none(), st.none(), texts), min_size=3, max_size=3)),
        "query": urlencode(draw(st.lists(st.tuples(st.sampled_from(PARAMETERS), texts), max_size=4))),
        "headers": {name: re.sub(rb"[\r\n\0]", b"", text.encode()) for name, text in headers.items()},
        "content": body,
    }


def filled(path: str, odd: list[str | None], right: dict[str, str]) -> str:
    """Return the path with its places filled, by what belongs there where nothing odd is given."""
    texts_in_turn = iter(odd)
    parts = []
    for part in path.split("/"):
        if part.startswith("{"):
            text = next(texts_in_turn)
            parts.append(quote(right.get(part.strip("{}"), "x") if text is None else text, safe=""))
        else:
            parts.append(part)
    return "/".join(parts)


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def test_no_request_however_odd_makes_the_web_part_fail(office: Office) -> None:
    """A crash is raised by the client, with its trace."""
    number = office.report()
    right = {"number": number, "code": office.world.codes["kuancheng"], "name": "comment", "step": "add_information"}
    with office.db.read() as session:
        right["receipt"] = reports.receipt_of(session, office.case(number).id) or ""
    staff, nobody = office.member("handler").client, office.nobody().client
    with office.db.read() as session:
        csrf = session.exec(select(SignIn.csrf)).one()
    addresses = [(method, route.path) for route in endpoints(office.app) for method in sorted(route.methods - {"HEAD"})]

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(odd_requests())
    def try_everywhere(odd: dict[str, Any]) -> None:
        with office.db.write() as session:
            session.execute(delete(Throttle))  # what slows guessing down would spare the rest
        for method, path in addresses:
            for client, headers in ((nobody, {}), (staff, {"x-csrf-token": deps.masked(csrf)})):
                answer = client.request(
                    method, f"{filled(path, odd['places'], right)}?{odd['query']}", follow_redirects=False,
                    content=odd["content"] if method == "POST" else None, headers={**headers, **odd["headers"]},
                )  # fmt: skip
                assert answer.status_code < 500 or path == "/healthz", f"{method} {path}"

    try_everywhere()
