"""Kill -9 of the worker at every point of sending a sign-in code: another takes it up, and one message arrives."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from domain import accounts, sign_in_codes
from domain.accounts import Caller
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Errand, Person
from domain.settings import get_settings
from tests.faults.hands import KILLED, LATER, LEASE, Hands
from tests.telephony import Exchange

FEWEST_POINTS = 8
NOW = timedelta(0)


@dataclass
class Stage:
    """People with accounts and phones of their own, and workers to be killed."""

    db: Database
    telephony: Exchange
    url: str
    folder: Path
    hands: Hands = field(default_factory=Hands)
    _number: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(self) -> tuple[object, str]:
        """Ask for a code as somebody new; return the ticket and their phone."""
        number = next(self._number)
        person = Person(id=new_id(), name=f"成员{number}", phone=f"+86137{number:08d}")
        with self.db.write() as session:
            session.add(person)
            session.flush()
            accounts.add_account(session, username=f"u{number}", password="three words suffice", person_id=person.id)
        ticket = sign_in_codes.ask(self.db, username=f"u{number}", address=f"10.0.0.{number}", at=datetime.now(UTC))
        return ticket, person.phone

    def work(self, *, die_at: int | None = None, ahead: timedelta = NOW) -> tuple[int, list[str]]:
        """Let one worker work; return its exit status and the points it reached."""
        trace = self.folder / f"trace-{next(self._number)}"
        trace.touch()
        environment = {name: value for name, value in os.environ.items() if name.startswith("FIRELINE_")}
        environment |= {"FIRELINE_LEASE_SECONDS": str(LEASE.total_seconds()), "FIRELINE_PROVIDER_READ_SECONDS": "5"}
        status = self.hands.work(self.url, environment, die_at=die_at, trace=trace, ahead=ahead)
        return status, trace.read_text().splitlines()

    def state(self, ticket: object) -> str:
        """Return how the errand of a code stands."""
        with self.db.read() as session:
            return session.exec(select(Errand).where(Errand.key == f"sign_in_code:{ticket}")).one().state


@pytest.fixture
def stage(db: Database, telephony: Exchange, database_url: str, tmp_path: Path) -> Stage:
    return Stage(db, telephony, database_url, tmp_path)


def test_one_message_arrives_wherever_the_worker_dies(stage: Stage) -> None:
    stage.ask()
    status, points = stage.work()
    assert status == 0
    assert len(points) >= FEWEST_POINTS
    assert {"request.before", "request.after", "commit.before", "commit.after"} <= set(points)

    for index, point in enumerate(points):
        ticket, phone = stage.ask()
        died, reached = stage.work(die_at=index)
        assert (died, len(reached)) == (KILLED, index + 1), point

        assert stage.work(ahead=LATER)[0] == 0

        messages = stage.telephony.messages(to=phone)
        assert (stage.state(ticket), len(messages)) == ("done", 1), f"died at {index}, {point}"
        signed_in = sign_in_codes.sign_in(
            stage.db, ticket=ticket, code=re.search(r"\b\d{6}\b", messages[0]["body"]).group(0),
            caller=Caller("10.0.1.1"), at=datetime.now(UTC), settings=get_settings(),
        )  # fmt: skip
        assert signed_in.token
