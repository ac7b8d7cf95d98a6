"""One claimed promise on its way: the lease that makes it ours, and the ways in which it can end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import outbox
from domain.database import Database
from domain.models import Outbox
from domain.settings import get_settings
from notifications.providers import Provider
from notifications.verdicts import Line


@dataclass(slots=True)
class Run:
    """The Prefect runs that carry a piece of work out; empty while Prefect is away."""

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


@dataclass(slots=True)
class Work:
    """A promise this worker has claimed."""

    row: Outbox
    worker: str
    database: Database
    provider: Provider
    now: Callable[[], datetime]
    lease: timedelta
    run: Run = field(default_factory=Run)
    lost: bool = False
    """Another worker took it over; everything more is abandoned in silence."""
    _mine_until: float = 0.0
    """On the monotonic clock, which no change of the machine's time touches."""

    def __post_init__(self) -> None:
        """Count the lease from now."""
        self.extended()

    @property
    def key(self) -> str:
        """Return what tells this promise from every other piece of work."""
        return self.row.key

    @property
    def line(self) -> Line:
        """Return what telling somebody needs."""
        return Line(self.database, self.provider, self.now, self.fence)

    def extended(self) -> None:
        """Count the lease from now: it was taken or prolonged in the database just before."""
        settings = get_settings()
        request = settings.provider_connect_seconds + settings.provider_read_seconds
        # A request begun at the last allowed moment has to be over when the lease ends.
        self._mine_until = time.monotonic() + max(self.lease.total_seconds() - request, self.lease.total_seconds() / 2)

    def prolong(self, session: Session) -> None:
        """Prolong the lease in the database; raises `LeaseLost`."""
        outbox.extend(session, self.row, worker=self.worker, until=self.now() + self.lease)

    def hand_back(self, session: Session) -> None:
        """Return it undone for another worker; raises `LeaseLost`."""
        outbox.give_back(session, self.row, worker=self.worker)

    def fence(self) -> None:
        """Raise `LeaseLost` when somebody else may be carrying this out."""
        if self.lost or time.monotonic() > self._mine_until:
            raise outbox.LeaseLost(self.row.key)

    def settle(self, session: Session, outcome: Mapping[str, Any]) -> None:
        """Record that the promise was kept."""
        self._note_run(session)
        outbox.settle(session, self.row, worker=self.worker, at=self.now(), outcome=outcome)

    def hold(self, session: Session, reason: str, outcome: Mapping[str, Any]) -> None:
        """Leave the promise to a person."""
        self._note_run(session)
        outbox.hold(session, self.row, worker=self.worker, at=self.now(), reason=reason, outcome=outcome)

    def retry(self, session: Session, reason: str, *, until: datetime | None = None) -> None:
        """Try again later."""
        self._note_run(session)
        outbox.retry(session, self.row, worker=self.worker, at=self.now(), reason=reason, until=until)

    def postpone(self, session: Session, until: datetime, outcome: Mapping[str, Any]) -> None:
        """Wait for something outside, without counting a try."""
        self._note_run(session)
        outbox.postpone(session, self.row, worker=self.worker, until=until, outcome=outcome)

    def _note_run(self, session: Session) -> None:
        if self.run.flow_run_id is not None:
            outbox.note_run(session, self.row.id, flow_run_id=self.run.flow_run_id, task_run_id=self.run.task_run_id)
