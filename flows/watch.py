"""Looks for due promises and clocks of a process, claims them, has each carried out; one watch per process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlmodel import Session

from domain import outbox, sweep
from domain.models import Case, Outbox
from domain.processes import WORKFLOWS
from domain.settings import get_settings
from domain.workflow import TransitionRefused
from flows.effects import carry_out
from flows.hands import Hands
from flows.shift import Shift
from flows.stage import CLOCKS, Job
from flows.work import Run, Work

log = structlog.get_logger(__name__)

CLOCKS_EACH_SECONDS = 1.0
"""Clocks count minutes; they need not be looked at ten times a second."""
CLOCKS_AT_ONCE = 200
ROUTINE_CLOCKS_AT_ONCE = 1_000
"""Of a process whose clocks ring together: at midnight a city's patrols begin within two minutes."""
BATCH_FROM = 10
"""So many clocks due together become one task; fewer have a task each."""
DATABASE_AWAY_SECONDS = 1.0
LISTENING_POLL_SECONDS = 0.5
"""PostgreSQL wakes us; the poll is for what falls due later and for a lost connection."""


class Watching(Protocol):
    """A watch: over a process, or over errands."""

    def due(self, *, clocks: bool) -> tuple[bool, bool]:
        """Return whether promises, and if asked for clocks, are due (reads only; blocks)."""

    async def take_promises(self) -> int:
        """Claim as many as this worker has hands free, begin with them, and return how many."""

    async def take_clocks(self) -> int:
        """Claim the clocks that are due, begin with them, and return how many."""

    async def drained(self) -> None:
        """Return when everything that was begun has ended."""


class Watch:
    """The watch over one process."""

    def __init__(self, process: str, shift: Shift) -> None:
        self.process = process
        self.shift = shift
        self._workflow = WORKFLOWS[process]
        self._hands = Hands(process, shift)

    def due(self, *, clocks: bool) -> tuple[bool, bool]:
        """Return whether promises, and if asked for clocks, are due (reads only; blocks)."""
        at = self.shift.now()
        with self.shift.database.read() as session:
            return (
                outbox.due(session, self.process, at=at),
                clocks and sweep.due(session, self.process, at=at),
            )

    async def take_promises(self) -> int:
        """Claim as many promises as this worker has hands free, begin with them, and return how many."""
        if self.shift.free <= 0 or self.shift.stopping.is_set():
            return 0
        claimed = await self.shift.in_thread(partial(self._claim, self.shift.free))
        for row, number in claimed:
            if mine := self.shift.running.get(row.key):
                # Its lease ran out while we were at it, and we have just taken it again: it goes on, once.
                mine.extended()
                continue
            work = Work(
                row, self.shift.worker, self.shift.database, self.shift.provider, self.shift.now, self.shift.lease
            )
            label = self._workflow.effects[row.effect].in_language(get_settings().locale)
            job = Job(f"{label} · {number}", row.effect, partial(_carry_out, work))
            self._hands.begin(job, work)
        return len(claimed)

    def _claim(self, most: int) -> list[tuple[Outbox, str]]:
        with self.shift.database.write() as session:
            rows = outbox.claim(
                session, self.process, worker=self.shift.worker, at=self.shift.now(), lease=self.shift.lease, most=most
            )
            numbers = _numbers(session, {row.case_id for row in rows})
        return [(row, numbers[row.case_id]) for row in rows]

    async def take_clocks(self) -> int:
        """Claim the clocks that are due, begin with them, and return how many."""
        if self.shift.stopping.is_set():
            return 0
        keys = await self.shift.in_thread(self._claim_clocks)
        label = "时限" if get_settings().locale == "zh_CN" else "clocks"
        if len(keys) >= BATCH_FROM:
            self._hands.begin(Job(f"{label} · {len(keys)}", CLOCKS, partial(self._ring, keys)), None)
            return len(keys)
        for key, number in keys.items():
            clock = next(clock for clock in self._workflow.clocks if clock.name == key[1])
            title = f"{label} {clock.label.in_language(get_settings().locale)} · {number}"
            self._hands.begin(Job(title, CLOCKS, partial(self._ring, {key: number})), None)
        return len(keys)

    def _claim_clocks(self) -> dict[tuple[UUID, str], str]:
        with self.shift.database.write() as session:
            keys = sweep.claim(
                session, self.process, worker=self.shift.worker, at=self.shift.now(), lease=self.shift.lease,
                most=ROUTINE_CLOCKS_AT_ONCE if self._workflow.is_routine else CLOCKS_AT_ONCE,
            )  # fmt: skip
            numbers = _numbers(session, {case_id for case_id, _ in keys})
        return {key: numbers[key[0]] for key in keys}

    def _ring(self, keys: Collection[tuple[UUID, str]], _run: Run) -> str:
        rung = self._ring_together(keys) if self._workflow.is_routine and len(keys) >= BATCH_FROM else set()
        for case_id, name in (key for key in keys if key not in rung):
            try:
                with self.shift.database.write() as session, suppress(TransitionRefused):
                    # A refusal is written down by the sweep: the clock is over and nothing follows from it.
                    sweep.ring(session, case_id, name, at=self.shift.now())
            except Exception:
                log.exception("clock failed", case=str(case_id), clock=name)
        return "done"

    def _ring_together(self, keys: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
        """Ring clocks of one name at once and return which; whatever goes wrong is left to be rung one by one."""
        done: set[tuple[UUID, str]] = set()
        for name in sorted({name for _, name in keys}):
            listed = [case_id for case_id, other in keys if other == name]
            for start in range(0, len(listed), CLOCKS_AT_ONCE):
                some = listed[start : start + CLOCKS_AT_ONCE]
                try:
                    with self.shift.database.write() as session:
                        rung = sweep.ring_together(session, some, name, at=self.shift.now())
                except Exception:
                    log.exception("clocks failed together", clock=name, cases=len(some))
                else:
                    done |= {(case_id, name) for case_id in rung}
        return done

    async def drained(self) -> None:
        """Return when everything that was begun has ended."""
        await self._hands.drained()


def _carry_out(work: Work, run: Run) -> str:
    work.run = run
    return carry_out(work)


def _numbers(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = session.execute(select(Case.id, Case.number).where(Case.id.in_(ids)))  # type: ignore[call-overload, attr-defined]
    return dict(rows.tuples().all())


async def look_out(shift: Shift, watches: Sequence[Watching], *, listening: bool = False) -> None:
    """Look for due work until the shift stops: at every ring of the bell, and every `poll_seconds` in any case."""
    poll = max(get_settings().poll_seconds, LISTENING_POLL_SECONDS) if listening else get_settings().poll_seconds
    loop = asyncio.get_running_loop()
    clocks_at = 0.0
    while not shift.stopping.is_set():
        shift.bell.clear()
        try:
            clocks = loop.time() >= clocks_at
            if clocks:
                clocks_at = loop.time() + CLOCKS_EACH_SECONDS
            due = await shift.in_thread(partial(_peek, watches, clocks=clocks))
            for watch, (promises, rings) in zip(watches, due, strict=True):
                if promises:
                    await watch.take_promises()
                if rings:
                    await watch.take_clocks()
        except Exception as error:  # noqa: BLE001 - the database may be away; the watch must not end
            log.warning("the watch could not look", error=type(error).__name__)
            await asyncio.sleep(DATABASE_AWAY_SECONDS)
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(poll):
                await shift.bell.wait()


def _peek(watches: Sequence[Watching], *, clocks: bool) -> list[tuple[bool, bool]]:
    return [watch.due(clocks=clocks) for watch in watches]
