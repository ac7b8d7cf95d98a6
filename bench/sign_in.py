"""Signing in with a password through the web part, beside the bare check of an argon2 hash that it cannot go below."""

from __future__ import annotations

import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.load import free_port
from bench.servers import part, settings
from domain import accounts, passwords, schema
from domain.database import Database, open_database
from domain.identifiers import new_id
from domain.models import Person, Post
from tests.cluster import Cluster

ACCOUNTS = 20
ASKED = 200
"""Sign-ins per database; p95 is the tenth slowest."""
PASSWORD = "three words suffice"
LIMIT_MS = 150


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure on PostgreSQL and on SQLite and yield the rows."""
    for kind in ("postgresql", "sqlite"):
        url = cluster.create_database("sign_in") if kind == "postgresql" else f"sqlite:///{folder}/sign_in.db"
        database = open_database(url)
        schema.upgrade(database)
        stored = _accounts(database)
        database.dispose()
        port = free_port()
        environment = settings(folder, url, port=port, exchange_port=free_port())
        with part(["api", "--port", str(port)], environment, ready=f"http://127.0.0.1:{port}/login"):
            _sign_in(port, 0)  # the first one in a process makes ready what the others find
            ours, bare = [], []
            for number in range(ASKED):
                ours.append(_timed(partial(_sign_in, port, number)))
                bare.append(_timed(partial(_check, stored)))
        yield {
            "what": f"sign-in p95, {kind}, ms",
            "ours": round(_p95(ours) * 1000, 1),
            "p50 ms": round(statistics.median(ours) * 1000, 1),
            "bare argon2 p95 ms": round(_p95(bare) * 1000, 1),
            "bare p50 ms": round(statistics.median(bare) * 1000, 1),
            "ratio": round(statistics.median(ours) / statistics.median(bare), 2),
            "to reach": f"p95 ≤ {LIMIT_MS}, ratio ≤ 2.5",
        }


def _accounts(database: Database) -> str:
    with database.write() as session:
        for number in range(ACCOUNTS):
            person = Person(id=new_id(), name=f"成员{number}")
            session.add(person)
            session.flush()
            session.add(Post(id=new_id(), person_id=person.id, role="handler", from_on=date(2020, 1, 1)))
            session.flush()
            account = accounts.add_account(session, username=f"bench{number}", password=PASSWORD, person_id=person.id)
        return account.password_hash


def _sign_in(port: int, number: int) -> None:
    body = urlencode({"username": f"bench{number % ACCOUNTS}", "password": PASSWORD})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/login", body, {"content-type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != http.client.SEE_OTHER or not re.search("fireline=", answer.headers.get("set-cookie", "")):
        msg = f"a sign-in answered {answer.status}"
        raise RuntimeError(msg)


def _check(stored: str) -> None:
    if not passwords.is_right(PASSWORD, stored):
        raise RuntimeError("the bare check failed")


def _timed(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
