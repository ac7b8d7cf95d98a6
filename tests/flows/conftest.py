"""A worker in this process against a real exchange in its own; the provider's callbacks reach the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlmodel import col, select

from domain import attempts, cases, outbox, reports
from domain.actors import Actor, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Attempt, Case, Outbox, Photo
from domain.reports import Intake, Opened
from domain.settings import get_settings
from flows import worker
from flows.provider import provider_of
from flows.shift import Shift
from notifications import calls, news
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, Exchange, Receiver, eventually, running_exchange, running_receiver
from tests.world import World, disturbable_at_night

SEED = "楼层好多烟感报警不会亮,希望能看看是否会联动"
REPORTER = "+8613912345678"
WARDEN = "+8613800000002"
HANDLER = "+8613800000001"
MANAGER = "+8613800000012"
OWNER = "+8613800000013"


@pytest.fixture(scope="session")
def one_exchange() -> Iterator[Exchange]:
    """One exchange for all tests of this folder."""
    with running_exchange() as running:
        yield running


@pytest.fixture
def exchange(one_exchange: Exchange) -> Exchange:
    """An exchange that remembers nothing."""
    one_exchange.http.post("/control/reset").raise_for_status()
    return one_exchange


@pytest.fixture
def receiver(db: Database) -> Iterator[Receiver]:
    """Our webhooks, as the web part answers them."""
    with running_receiver() as running:
        webhooks = Webhooks(db, running)
        webhooks.take_over()
        yield running
        webhooks.close()


@dataclass
class Webhooks:
    """Hands the provider's requests to the functions the web part calls."""

    db: Database
    receiver: Receiver
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def take_over(self) -> None:
        """Answer every path a provider is given."""
        self._answer("/webhooks/twilio/message-status", self._message_status)
        self._answer("/webhooks/twilio/status", self._status)
        self._answer("/webhooks/twilio/voice", self._voice)
        self._answer("/webhooks/twilio/voice/keys", self._keys)

    def _answer(self, path: str, how: Callable[[dict[str, str]], str]) -> None:
        def answer(fields: dict[str, str]) -> str:
            with self._one_at_a_time:
                return "" if self._closed else how(fields)

        self.receiver.answers[path] = answer

    def close(self) -> None:
        """Touch the database no more: news that comes after the end of a test finds it gone."""
        with self._one_at_a_time:
            self._closed = True

    def _attempt(self, fields: dict[str, str]) -> UUID | None:
        webhook = next(webhook for webhook in reversed(self.receiver.received) if webhook.fields is fields)
        query = parse_qs(urlsplit(webhook.path).query)
        return UUID(query["attempt"][0]) if "attempt" in query else None

    def _message_status(self, fields: dict[str, str]) -> str:
        with self.db.write() as session:
            news.record_message(
                session, fields["MessageSid"], fields["MessageStatus"], fields.get("ErrorCode"), datetime.now(UTC),
                attempt_id=self._attempt(fields),
            )  # fmt: skip
        return ""

    def _status(self, fields: dict[str, str]) -> str:
        with self.db.write() as session:
            attempts.record_callback(
                session,
                fields["CallSid"],
                fields["CallStatus"],
                fields.get("ErrorCode"),
                datetime.now(UTC),
                attempt_id=self._attempt(fields),
                answered_by=fields.get("AnsweredBy"),
            )
        return ""

    def _voice(self, fields: dict[str, str]) -> str:
        with self.db.read() as session:
            return calls.script(session, self._attempt(fields), answered_by=fields.get("AnsweredBy"))

    def _keys(self, fields: dict[str, str]) -> str:
        with self.db.write() as session:
            return calls.take_keys(session, self._attempt(fields), fields["Digits"], datetime.now(UTC))


@pytest.fixture
def telephony(exchange: Exchange, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """The exchange, and settings that lead to it and back; short waits, so that tests need not be patient."""
    for name, value in {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_BASE_URL": exchange.url,
        "PUBLIC_URL": receiver.url, "PROVIDER_CONNECT_SECONDS": "0.5", "PROVIDER_READ_SECONDS": "0.5",
        "SETTLING_SECONDS": "0.2", "CALL_AGAIN_SECONDS": "0.1", "CALL_LASTS_SECONDS": "5", "POLL_SECONDS": "0.02",
        "LEASE_SECONDS": "10",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FIRELINE_{name}", value)
    get_settings.cache_clear()
    return exchange


@dataclass
class Worker:
    """A worker in a thread of its own, as `flows.worker` runs it."""

    db: Database
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    shift: Shift | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _begun: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)
        self._thread.start()
        assert self._begun.wait(20)

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.shift = Shift(self.db, provider_of(get_settings()), now=self.now)
        self._begun.set()
        await worker.work(self.shift)
        self.shift.close()

    def stop(self) -> None:
        """Drain and end."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.shift.stop)
            self._thread.join(30)
            assert not self._thread.is_alive()


@pytest.fixture
def no_quiet_hours(db: Database) -> None:
    """Let messages go out at any hour: these tests run by the real clock, also at night."""
    with db.write() as session:
        disturbable_at_night(session)


@pytest.fixture
def at_work(db: Database, telephony: Exchange, no_quiet_hours: None) -> Iterator[Worker]:  # noqa: ARG001 - the settings come first
    """A worker at work."""
    running = Worker(db)
    running.start()
    yield running
    running.stop()


@dataclass
class Desk:
    """What people and tests do with cases."""

    db: Database
    world: World

    def report(self, **changes: object) -> Opened:
        """Report the seed's hazard."""
        intake = {"venue_code": self.world.codes["kuancheng"], "hazard": "equipment", "description": SEED,
                  "phone": REPORTER}  # fmt: skip
        with self.db.write() as session:
            actor = Actor(frozenset({Role.REPORTER}))
            given = {key: value for key, value in {**intake, **changes}.items() if value is not None}
            return reports.open_report(session, Intake(**given), actor=actor, at=datetime.now(UTC))

    def fire(self, case_id: UUID, name: str, who: str, /, **data: object) -> None:
        """Take a step."""
        with self.db.write() as session:
            actor = self.world.actor(session, who)
            case = cases.reload(session, case_id)
            cases.fire(session, case, name, actor=actor, at=datetime.now(UTC), data=data)

    def case(self, case_id: UUID) -> Case:
        """Return the case as it is now."""
        with self.db.read() as session:
            return cases.by_id(session, case_id)

    def numbered(self, number: str) -> Case:
        """Return the case with that number."""
        with self.db.read() as session:
            return cases.by_number(session, number)

    def photo(self) -> UUID:
        """Put a photo's row there, as an upload does."""
        photo = Photo(id=new_id(), storage_key="0" * 64, original_sha256="0" * 64, width=1, height=1, size=1,
                      made_at=datetime.now(UTC))  # fmt: skip
        with self.db.write() as session:
            session.add(photo)
        return photo.id

    def promises(self, case_id: UUID) -> dict[str, Outbox]:
        """Return the newest promise of each effect."""
        with self.db.read() as session:
            rows = session.exec(select(Outbox).where(Outbox.case_id == case_id).order_by(col(Outbox.seq))).all()
        return {row.effect: row for row in rows}

    def settled(self, case_id: UUID, effect: str) -> Outbox:
        """Return the promise once it is done or held."""

        def over() -> Outbox | None:
            row = self.promises(case_id).get(effect)
            return row if row is not None and row.state in ("done", "held") else None

        return eventually(over, what=effect)

    def attempts(self, case_id: UUID) -> list[Attempt]:
        """Return every attempt of a case."""
        with self.db.read() as session:
            return attempts.of_case(session, case_id)

    def in_state(self, case_id: UUID, state: str) -> Case:
        """Return the case once it is in that state."""

        def there() -> Case | None:
            case = self.case(case_id)
            return case if case.state == state else None

        return eventually(there, what=state)

    def again(self, row: Outbox) -> None:
        """Decide that a held message goes out again."""
        with self.db.write() as session:
            assert outbox.release_held(session, row.id, again=True, at=datetime.now(UTC), note="请再发")


@pytest.fixture
def desk(db: Database, world: World, no_quiet_hours: None) -> Desk:  # noqa: ARG001 - it sets the database up
    """The desk of the test city."""
    return Desk(db, world)
