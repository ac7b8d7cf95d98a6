"""The demo city as a running Fireline shows it: people signed in, each with a browser of their own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
from sqlmodel import select

from domain.database import Database, open_database
from domain.models import Account, Case, Outbox, SignIn
from tests.runner.running import Run, eventually
from tests.staff_member import Member

ROLES = ("handler", "warden", "inspector1", "inspector2", "operator", "officer", "owner", "crew", "supervisor",
         "leader", "admin", "auditor")  # fmt: skip
"""Every account of the demo city."""


class Site:
    """A running city, its database beside it."""

    def __init__(self, run: Run, url: str, stack: ExitStack) -> None:
        self.run, self._stack = run, stack
        self.db: Database = open_database(url)
        self._members: dict[str, Member] = {}

    def browser(self, **cookies: str) -> httpx.Client:
        """Return a browser nobody is signed in with, or who these cookies say."""
        address = f"http://127.0.0.1:{self.run.port}"
        # No connection is kept: one that the server has just closed for being idle would fail the next request.
        alone = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=address, cookies=cookies, trust_env=False, timeout=60, limits=alone)
        return self._stack.enter_context(client)

    def member(self, who: str) -> Member:
        """Return somebody signed in, second factor and all; the same browser every time."""
        if who not in self._members:
            token, now = secrets.token_urlsafe(16), datetime.now(UTC)
            digest = hashlib.sha256(token.encode()).digest()
            with self.db.write() as session:
                account = session.exec(select(Account).where(Account.username == who)).one()
                session.add(
                    SignIn(token_hash=digest, account_id=account.id, csrf=secrets.token_urlsafe(24), started_at=now,
                           seen_at=now, second_at=now, proven_at=now)
                )  # fmt: skip
            self._members[who] = Member(self.browser(fireline=token))
        return self._members[who]

    def person(self, who: str) -> UUID:
        """Return the id of an account's person."""
        with self.db.read() as session:
            return session.exec(select(Account.person_id).where(Account.username == who)).one()

    def case(self, number: str) -> Case:
        """Return a case as it stands."""
        with self.db.read() as session:
            return session.exec(select(Case).where(Case.number == number)).one()

    def in_state(self, number: str, state: str) -> None:
        """Wait until a case is in that state."""
        eventually(lambda: self.case(number).state == state, what=f"{number} {state}")

    def led_to(self, number: str) -> str:
        """Return the number of the rectification a report led to."""

        def found() -> str | None:
            with self.db.read() as session:
                return session.exec(select(Case.number).where(Case.parent_id == self.case(number).id)).first()

        return eventually(found, what="the rectification")

    def everything_is_done(self) -> None:
        """Wait until every promise is kept or waits for a person."""

        def done() -> bool:
            with self.db.read() as session:
                return session.exec(select(Outbox).where(Outbox.state == "pending")).first() is None

        eventually(done, what="every promise kept")


@contextmanager
def site_of(run: Run, url: str) -> Iterator[Site]:
    """Look at a running city."""
    with ExitStack() as stack:
        site = Site(run, url, stack)
        try:
            yield site
        finally:
            site.db.dispose()
