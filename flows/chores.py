"""One claimed errand on its way: the lease that makes it ours, how far it is, and the ways in which it can end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain import errands, system_errands
from domain.database import Database
from domain.errands import Made
from domain.language import Sentence
from domain.models import Errand
from domain.outbox import LeaseLost
from domain.settings import get_settings
from flows.work import Run
from notifications.providers import Provider
from notifications.verdicts import Line


@dataclass(slots=True)
class Chore:
    """An errand this worker has claimed, as the function that does it sees it.

    The function ends it by `settle`, in the very transaction of its effect, or raises `errands.ErrandRefused` when it
    can never be done. Anything else it raises, or returning without having ended it, is a try in vain.
    """

    row: Errand
    worker: str
    database: Database
    provider: Provider
    now: Callable[[], datetime]
    lease: timedelta
    run: Run = field(default_factory=Run)
    lost: bool = False
    """Cancelled, or taken over by another worker; everything more is abandoned in silence."""
    ended: bool = False
    done: int = 0
    total: int = 0
    made_with: Mapping[str, Any] = field(default_factory=dict)
    """The reach of whoever asked, kept with what came of it."""
    _told: tuple[int, int] = (0, 0)
    _mine_until: float = 0.0
    """On the monotonic clock, which no change of the machine's time touches."""

    def __post_init__(self) -> None:
        """Count the lease from now."""
        self.done, self.total = self._told = (self.row.done, self.row.total)
        self.extended()

    @property
    def key(self) -> str:
        """Return what tells this errand from every other piece of work."""
        return f"errand:{self.row.id}"

    @property
    def line(self) -> Line:
        """Return what telling somebody needs."""
        return Line(self.database, self.provider, self.now, self.fence)

    def extended(self) -> None:
        """Count the lease from now: it was taken or prolonged in the database just before."""
        settings = get_settings()
        request = settings.provider_connect_seconds + settings.provider_read_seconds
        self._mine_until = time.monotonic() + max(self.lease.total_seconds() - request, self.lease.total_seconds() / 2)

    def prolong(self, session: Session) -> None:
        """Prolong the lease in the database; raises `LeaseLost`."""
        errands.extend(session, self.row, worker=self.worker, until=self.now() + self.lease)

    def hand_back(self, session: Session) -> None:
        """Return it undone for another worker; raises `LeaseLost`."""
        errands.give_back(session, self.row, worker=self.worker)

    def fence(self) -> None:
        """Raise `LeaseLost` when it was cancelled or somebody else may be carrying it out."""
        if self.lost or time.monotonic() > self._mine_until:
            raise LeaseLost(self.row.key)

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far it is; cheap, as often as one likes, also within a transaction. Raises `LeaseLost`.

        The watch writes it down twice a second, in a thread of its own (on SQLite a write waits for the one that is
        under way, so a function that wrote here within its own transaction would wait for itself).
        """
        self.fence()
        self.done = done
        self.total = self.total if total is None else total

    def untold(self) -> tuple[int, int] | None:
        """Return how far it is if that was not written down yet."""
        now = (self.done, self.total)
        return None if now == self._told else now

    def write_progress(self, session: Session, now: tuple[int, int]) -> None:
        """Write down how far it is; raises `LeaseLost`."""
        errands.progress(session, self.row, worker=self.worker, done=now[0], total=now[1])
        self._told = now

    def settle(self, session: Session, outcome: Mapping[str, Any], *, file: Made | None = None) -> None:
        """Record that it was done, in the transaction of its effect; raises `LeaseLost`, which rolls that back."""
        self._note_run(session)
        if self.untold():
            self.write_progress(session, (self.done, self.total))
        outcome = {**self.made_with, **outcome}
        errands.settle(session, self.row, worker=self.worker, at=self.now(), outcome=outcome, file=file)
        self.ended = True

    def fail(self, session: Session, reason: Sentence | str, outcome: Mapping[str, Any] | None = None) -> None:
        """Record that it cannot be done; raises `LeaseLost`."""
        self._note_run(session)
        said = {**self.made_with, **(outcome or {})}
        errands.fail(session, self.row, worker=self.worker, at=self.now(), reason=reason, outcome=said)
        system_errands.tell(session, self.row, at=self.now())
        self.ended = True

    def hold(self, session: Session, reason: Sentence | str) -> None:
        """Leave it to a person; raises `LeaseLost`."""
        self._note_run(session)
        errands.hold(session, self.row, worker=self.worker, at=self.now(), reason=reason)
        system_errands.tell(session, self.row, at=self.now())
        self.ended = True

    def retry(self, session: Session, reason: str, *, until: datetime | None = None) -> None:
        """Try again later; raises `LeaseLost`."""
        self._note_run(session)
        if not errands.retry(session, self.row, worker=self.worker, at=self.now(), reason=reason, until=until):
            system_errands.tell(session, self.row, at=self.now())
        self.ended = True

    def postpone(self, session: Session, until: datetime, *, reason: Sentence | str | None = None) -> None:
        """Wait for something outside, without counting a try; raises `LeaseLost`."""
        self._note_run(session)
        errands.postpone(session, self.row, worker=self.worker, until=until, reason=reason)
        system_errands.tell_if_late(session, self.row, at=self.now())
        self.ended = True

    def _note_run(self, session: Session) -> None:
        if self.run.flow_run_id is not None:
            errands.note_run(session, self.row, flow_run_id=self.run.flow_run_id, task_run_id=self.run.task_run_id)
