"""Looks for due errands, claims them, has each carried out; long ones never take all the hands."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from domain import errands
from domain.errand_kinds import KINDS, kind_of
from domain.models import Errand
from domain.outbox import LeaseLost
from domain.settings import get_settings
from flows.chores import Chore
from flows.errands import ERRANDS, STAGES, carry_out
from flows.hands import Hands
from flows.shift import Shift
from flows.stage import Job
from flows.work import Run

log = structlog.get_logger(__name__)

LONG_AT_ONCE = 2
"""Long errands a worker has under way; the other hands stay free for messages and codes."""
PROGRESS_SECONDS = 0.5


class ErrandWatch:
    """The watch over errands of every kind."""

    def __init__(self, shift: Shift) -> None:
        self.shift = shift
        self._hands = {stage: Hands(stage, shift) for stage in (ERRANDS, *STAGES.values())}
        self._chores: dict[str, Chore] = {}
        """Key → what is under way."""

    def due(self, *, clocks: bool) -> tuple[bool, bool]:  # noqa: ARG002 - errands have no clocks
        """Return whether errands are due that there are hands for (a read; blocks)."""
        with self.shift.database.read() as session:
            return errands.due(session, self._kinds(), at=self.shift.now()), False

    def _kinds(self) -> list[str]:
        under_way = sum(kind_of(chore.row.kind).is_long for chore in list(self._chores.values()))
        return [name for name, kind in KINDS.items() if not kind.is_long or under_way < LONG_AT_ONCE]

    async def take_promises(self) -> int:
        """Claim as many errands as this worker has hands free, begin with them, and return how many."""
        begun = 0
        while self.shift.free > 0 and not self.shift.stopping.is_set():
            # One at a time: whether a long one may follow depends on what this one is.
            claimed = await self.shift.in_thread(partial(self._claim, self._kinds()))
            if not claimed:
                break
            begun += 1
            for row in claimed:
                self._begin(row)
        return begun

    def _claim(self, kinds: list[str]) -> list[Errand]:
        with self.shift.database.write() as session:
            return errands.claim(
                session, kinds, worker=self.shift.worker, at=self.shift.now(), lease=self.shift.lease, most=1
            )

    def _begin(self, row: Errand) -> None:
        shift = self.shift
        chore = Chore(row, shift.worker, shift.database, shift.provider, shift.now, shift.lease)
        if mine := self._chores.get(chore.key):
            # Its lease ran out while we were at it, and we have just taken it again: it goes on, once.
            mine.extended()
            return
        label = row.data.get("title") or kind_of(row.kind).label.in_language(get_settings().locale)
        self._chores[chore.key] = chore
        job = Job(f"{label} · {str(row.id)[-12:]}", row.kind, partial(self._carry_out, chore))
        self._hands[STAGES.get(row.kind, ERRANDS)].begin(job, chore)

    def _carry_out(self, chore: Chore, run: Run) -> str:
        chore.run = run
        try:
            return carry_out(chore)
        finally:
            self._chores.pop(chore.key, None)

    async def take_clocks(self) -> int:
        """Return 0: errands have no clocks."""
        return 0

    async def drained(self) -> None:
        """Return when everything that was begun has ended."""
        for hands in self._hands.values():
            await hands.drained()

    async def keep_progress(self) -> None:
        """Write down twice a second how far everything is, and notice what was cancelled, until the shift ends."""
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            if self._chores:
                await self.shift.in_thread(self._write_progress)

    def _write_progress(self) -> None:
        for chore in list(self._chores.values()):
            now = chore.untold()
            if chore.ended or chore.lost or now is None:
                continue
            try:
                with self.shift.database.write() as session:
                    chore.write_progress(session, now)
            except LeaseLost:
                chore.lost = not chore.ended
            except Exception as error:  # noqa: BLE001 - the database is away; how far it is may wait
                log.warning("progress not written", error=type(error).__name__)
