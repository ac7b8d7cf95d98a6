"""Somebody signed in at the web part, without the slow password, who asks it over HTTP."""

from __future__ import annotations

import hashlib
import http.client
import secrets
from datetime import UTC, date, datetime
from uuid import UUID

from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Person, Post, SignIn

Headers = dict[str, str]


def colleague(database: Database, role: str) -> UUID:
    """Add somebody who holds a post everywhere, and return their id."""
    with database.write() as session:
        person = Person(id=new_id(), name="赵同事")
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role=role, from_on=date(2020, 1, 1)))
        return person.id


def signed_in(database: Database, person: UUID) -> Headers:
    """Return the cookie of a person who has signed in just now."""
    token, now = secrets.token_urlsafe(16), datetime.now(UTC)
    with database.write() as session:
        account = Account(id=new_id(), person_id=person, username=token.lower(), password_hash="-")
        session.add(account)
        session.flush()
        session.add(SignIn(token_hash=hashlib.sha256(token.encode()).digest(), account_id=account.id,
                           csrf=secrets.token_urlsafe(24), started_at=now, seen_at=now))  # fmt: skip
    return {"cookie": f"fireline={token}"}


def ask(port: int, path: str, headers: Headers, *, method: str = "GET", body: bytes | None = None) -> bytes:
    """Return what 127.0.0.1:`port` answers; raises RuntimeError for anything but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        msg = f"{path} answered {answer.status}: {found[:300]!r}"
        raise RuntimeError(msg)
    return found
