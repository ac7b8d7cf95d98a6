"""A city's register: the venue list, its search, a venue's facilities, through the web part; and what access costs.

Times of whole pages and answers as a browser or program gets them, one after the other; signing in is not in them.
"""

from __future__ import annotations

import hashlib
import http.client
import random
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import true

from bench import register_data
from bench.load import free_port
from bench.register_data import Register
from bench.servers import part, settings
from domain import access, schema
from domain.actors import Actor, Grant, Role
from domain.database import Database, open_database
from domain.identifiers import new_id
from domain.models import Account, Person, Post, SignIn
from domain.queries import venue_list
from domain.queries.venue_list import Wanted
from tests.cluster import Cluster

ASKED = 120
"""Requests per row; p95 is the sixth slowest."""
ROUNDS = 5
LIMIT_MS = 150
CHANCE = random.Random(7)


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure on PostgreSQL and on SQLite and yield the rows."""
    for kind in ("postgresql", "sqlite"):
        url = cluster.create_database("register") if kind == "postgresql" else f"sqlite:///{folder}/register.db"
        database = open_database(url)
        schema.upgrade(database)
        started = time.perf_counter()
        register = register_data.build(database)
        yield {"what": f"fill the register, {kind}, s", "ours": round(time.perf_counter() - started, 1),
               "venues": register_data.VENUES, "facilities": register_data.FACILITIES, "to reach": "–"}  # fmt: skip
        pages: dict[str, float] = {}
        for row in _pages(database, register, url, folder, kind):
            pages[row["what"].split(",")[0]] = row["p50 ms"]
            yield row
        yield from _access(database, register, kind, pages)
        database.dispose()


def _pages(database: Database, register: Register, url: str, folder: Path, kind: str) -> Iterator[dict[str, Any]]:
    cookie = _supervisor(database, register)
    port = free_port()
    environment = settings(folder, url, port=port, exchange_port=free_port())
    with part(["api", "--port", str(port)], environment, ready=f"http://127.0.0.1:{port}/"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for what, path in _questions(register).items():
            times = [_asked(connection, path(), cookie) for _ in range(ASKED)]
            yield {
                "what": f"{what}, {kind}, p95 ms",
                "ours": round(sorted(times)[int(ASKED * 0.95)], 1),
                "p50 ms": round(statistics.median(times), 1),
                "to reach": f"≤ {LIMIT_MS}",
            }


def _questions(register: Register) -> dict[str, Callable[[], str]]:
    grids = [code for _, code, _ in register.areas["grid"]]

    def part_of_a_name() -> str:
        name = CHANCE.choice(register.names)
        start = CHANCE.randrange(len(name) - 3)
        return f"/venues?q={quote(name[start : start + CHANCE.randrange(2, 5)])}"

    return {
        "venue list": lambda: "/venues",
        "venue list by class and area": lambda: f"/venues?class=V09&area={CHANCE.choice(grids)}",
        "search by part of a name": part_of_a_name,
        "search for what is not there": lambda: f"/venues?q={quote('没有这家店')}",
        "search in English": lambda: f"/venues?q=house+{CHANCE.randrange(65000)}",
        "search by code": lambda: f"/venues?q={CHANCE.choice(register.codes)}",
        "search by credit code": lambda: f"/venues?q={CHANCE.choice(register.credit_codes)}",
        "a venue": lambda: f"/venues/{CHANCE.choice(register.codes)}",
        "facilities of the largest venue": lambda: f"/venues/{register.largest}/facilities",
        "venues as JSON": lambda: f"/api/v1/venues?q={quote(CHANCE.choice(register.names)[2:5])}",
    }


def _asked(connection: http.client.HTTPConnection, path: str, cookie: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "identity"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or not body:
        msg = f"{path}: {answer.status}"
        raise RuntimeError(msg)
    return (time.perf_counter() - started) * 1000


def _supervisor(database: Database, register: Register) -> str:
    """Enter a supervisor of the whole city, signed in, and return their cookie."""
    city, token, at = register.areas["city"][0], secrets.token_urlsafe(16), datetime.now(UTC)
    with database.write() as session:
        person = Person(id=new_id(), name="沈持衡", phone="+8613800000012")
        account = Account(id=new_id(), person_id=person.id, username="supervisor", password_hash="-")
        post = Post(id=new_id(), person_id=person.id, role=Role.SUPERVISOR.value, area_id=city[0],
                    from_on=date(2020, 1, 1))  # fmt: skip
        session.add(person)
        session.flush()
        session.add_all([account, post])
        session.flush()
        digest = hashlib.sha256(token.encode()).digest()
        session.add(SignIn(token_hash=digest, account_id=account.id, csrf="-", started_at=at, seen_at=at))
    return f"fireline={token}"


def _access(database: Database, register: Register, kind: str, pages: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Compare the list as three people see it with the same list asked for by area or industry, without any access.

    What it costs more is a share of the page that shows it, in the median.
    """
    district, city = register.areas["district"][2], register.areas["city"][0]
    everything = Wanted()
    pairs = (
        ("of the whole city", Grant(Role.SUPERVISOR, city[2]), everything),
        ("of a district", Grant(Role.SUPERVISOR, district[2]), replace(everything, area=district[1])),
        ("of an industry", Grant(Role.INSPECTOR, city[2], None, "hotel"), replace(everything, industry="hotel")),
    )
    for who, grant, same in pairs:
        actor = Actor(frozenset({grant.role}), person_id=new_id(), grants=(grant,))
        for what, text, page in (("list", "", "venue list"), ("search", "饭店", "search by part of a name")):
            ours, bare = [], []
            for _ in range(ROUNDS * 8):
                ours.append(_listed(database, actor, replace(everything, q=text), guarded=True))
                bare.append(_listed(database, actor, replace(same, q=text), guarded=False))
            mine, without = statistics.median(ours), statistics.median(bare)
            yield {
                "what": f"access, {what} {who}, {kind}, ms",
                "ours": round(mine, 2),
                "the same without": round(without, 2),
                "of its page": f"{max(0.0, mine - without) / pages[page]:.1%}",
                "to reach": "≤ 10% of its page",
            }


def _listed(database: Database, actor: Actor, wanted: Wanted, *, guarded: bool) -> float:
    guard = access.venues_visible
    if not guarded:
        access.venues_visible = lambda *_: true()  # the list without any condition of access
    try:
        started = time.perf_counter()
        with database.read() as session:
            venue_list.page(session, actor, wanted)
        return (time.perf_counter() - started) * 1000
    finally:
        access.venues_visible = guard
