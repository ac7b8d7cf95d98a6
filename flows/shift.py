"""What the watches of one worker share: the database, the provider, the threads, the leases, the bell."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from sqlmodel import Session

from domain import outbox
from domain.database import Database
from domain.settings import get_settings
from flows.stage import Stage
from notifications.providers import Provider

log = structlog.get_logger(__name__)
R = TypeVar("R")

PART = "worker"
"""This part's name among the heartbeats."""
AT_ONCE = 8
"""Pieces of work one worker carries out at the same time; each may wait for the provider."""


def name_of_worker() -> str:
    """Return what tells this worker from every other, also from earlier ones of the same process id."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{datetime.now(UTC):%H%M%S%f}"


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Leased(Protocol):
    """A piece of work that is ours for as long as its lease lasts: a promise of a case, an errand."""

    lost: bool
    """Another worker took it over, or somebody cancelled it."""

    @property
    def key(self) -> str:
        """Return what tells it from every other piece of work."""

    def extended(self) -> None:
        """Count the lease from now."""

    def prolong(self, session: Session) -> None:
        """Prolong the lease in the database; raises `LeaseLost`."""

    def hand_back(self, session: Session) -> None:
        """Return it undone for another worker; raises `LeaseLost`."""


class Shift:
    """A worker at work, from its start until it is drained."""

    def __init__(
        self,
        database: Database,
        provider: Provider,
        *,
        now: Callable[[], datetime] = utc_now,
        at_once: int = AT_ONCE,
        worker: str | None = None,
    ) -> None:
        self.database = database
        self.provider = provider
        self.now = now
        self.worker = worker or name_of_worker()
        self.lease = timedelta(seconds=get_settings().lease_seconds)
        self.stopping = asyncio.Event()
        self.bell = asyncio.Event()
        self.free = at_once
        """Hands free for more work; the event loop alone counts them."""
        self.stages: dict[str, Stage] = {}
        """Process → the Prefect flow run that performs its work now; empty while there is none."""
        self.prefect_state = "off"
        self.prefect_since = now()
        self.running: dict[str, Leased] = {}
        """Key → the work under way."""
        # The claims and the measuring need threads too, or eight slow providers would keep the leases from being
        # prolonged.
        self.threads = ThreadPoolExecutor(at_once + 3, thread_name_prefix="fireline-work")

    async def in_thread(self, function: Callable[[], R]) -> R:
        """Run blocking code beside the event loop; who is cancelled meanwhile still waits until it has ended."""
        running = asyncio.get_running_loop().run_in_executor(self.threads, function)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])  # else it would go on with a database that is being taken away
            raise

    def ring(self) -> None:
        """Look for work now instead of at the next poll."""
        self.bell.set()

    async def keep_leases(self) -> None:
        """Prolong the leases of what takes long, until the shift ends; notice those that are lost."""
        pause = self.lease.total_seconds() / 4
        while True:
            await asyncio.sleep(pause)
            works = list(self.running.values())
            if works:
                await self.in_thread(lambda: self._prolong(works))  # noqa: B023 - awaited before the next round

    def _prolong(self, works: list[Leased]) -> None:
        for work in works:
            try:
                with self.database.write() as session:
                    work.prolong(session)
                work.extended()
            except outbox.LeaseLost:
                # Finished just now, or taken over; a fence tells the difference to whoever still works on it.
                work.lost = True
            except Exception as error:  # noqa: BLE001 - the work's own fence stops it when this goes on
                log.warning("lease not prolonged", promise=work.key, error=type(error).__name__)

    def give_back(self) -> None:
        """Return what is still under way, so that another worker need not wait for the leases to run out.

        Safe: no new request gets past the fence, and one that is on its way stands in an attempt that the other
        worker looks up.
        """
        for work in list(self.running.values()):
            work.lost = True
            try:
                with self.database.write() as session:
                    work.hand_back(session)
            except outbox.LeaseLost:
                log.info("it was done after all", promise=work.key)

    def stop(self) -> None:
        """Claim nothing more."""
        self.stopping.set()
        self.ring()

    def state(self) -> dict[str, object]:
        """Return what the heartbeat says of this worker."""
        watches = {
            process: {
                "flow_run_id": str(stage.flow_run_id) if stage.flow_run_id else None,
                "since": stage.opened_at.isoformat(),
                "performed": stage.performed,
            }
            for process, stage in list(self.stages.items())
        }
        return {
            "prefect": self.prefect_state,
            "since": self.prefect_since.isoformat(),
            "watches": watches,
            "under_way": len(self.running),
        }

    def prefect(self, state: str) -> None:
        """Note how this worker stands with Prefect: off, starting, joined or away."""
        if state != self.prefect_state:
            log.info("prefect", state=state)
            self.prefect_state, self.prefect_since = state, self.now()

    def close(self) -> None:
        """Let the threads go; returns when what they are at has ended."""
        self.threads.shutdown(cancel_futures=True)
        self.provider.close()
