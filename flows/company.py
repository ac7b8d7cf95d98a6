"""Prefect's company: joins its server when that is there, keeps a warm flow run per process, does without when not.

All of it lives in one thread with an event loop of its own, and Prefect is imported there, after its server has
answered. Nothing in here can hold up an effect: a job that no flow run has begun soon is carried out directly.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
import structlog

from domain import heartbeats
from domain.language import Label
from domain.processes import WORKFLOWS
from domain.settings import city_zone, get_settings
from flows.errands import ERRANDS, PATROLS, REPORTS
from flows.shift import PART, Shift
from flows.stage import Stage

log = structlog.get_logger(__name__)

RELIEVED_AFTER = timedelta(minutes=15)
RELIEVED_AFTER_TASKS = 2_000
"""A run that long stays readable in Prefect's pages."""
LOOK_SECONDS = 1.0
HEALTH_SECONDS = 2.0
AWAY_AFTER = 2
"""So many questions in a row without an answer; one may be lost while the server is busy."""
STARTS_WITHIN_SECONDS = 30.0
ENDS_WITHIN_SECONDS = 5.0
BROKEN_SECONDS = 5.0
COMES_WITHIN = timedelta(seconds=90)
"""Its server takes 11 to 17 s to start, several times that on a busy machine; after this it is away."""
CRASHED_AFTER = timedelta(seconds=60)
"""A worker silent for so long has died, and its runs with it."""

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
}
"""No telemetry; and a line of log per task would triple what its server has to write."""

FLOWS: dict[str, tuple[str, Label]] = {
    **{process: (f"flows.{process}", Label(workflow.zh, workflow.en)) for process, workflow in WORKFLOWS.items()},
    ERRANDS: ("flows.errand_run", Label("后台任务", "Background tasks")),
    REPORTS: ("flows.report_run", Label("时限报表", "Reports of deadlines")),
    PATROLS: ("flows.patrol_planning", Label("排定巡查任务", "Planning of patrols")),
}
"""What is watched over → the module of its flow, and its name for people."""

FlowRun = Callable[..., Coroutine[Any, Any, object]]


class Company:
    """One worker's relation to Prefect."""

    def __init__(self, shift: Shift, *, api_url: str) -> None:
        self._shift = shift
        self._api = api_url.rstrip("/")
        self._stopping = threading.Event()
        self._unanswered = AWAY_AFTER  # until it has answered for the first time it is awaited, not away
        self._plays: dict[asyncio.Task[object], Stage] = {}
        self._left: set[UUID] = set()
        """Runs that could not be ended in Prefect because it was away."""
        self._thread = threading.Thread(target=self._live, name="fireline-prefect", daemon=True)
        os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
        shift.prefect("starting")

    def start(self) -> None:
        """Begin to look for the server."""
        self._thread.start()

    def stop(self) -> None:
        """Close the stages and end the runs; blocks for `ENDS_WITHIN_SECONDS` at most. The thread may hang on."""
        self._stopping.set()
        for stage in self._shift.stages.values():
            stage.close()
        self._thread.join(timeout=ENDS_WITHIN_SECONDS)

    def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._keep())
            except Exception:
                log.exception("prefect's company broke off")
                self._leave()
                self._plays.clear()
                self._stopping.wait(BROKEN_SECONDS)

    async def _keep(self) -> None:
        async with httpx.AsyncClient(timeout=HEALTH_SECONDS, trust_env=False) as http:
            while not self._stopping.is_set():
                if await self._is_there(http):
                    await self._join(http)
                elif self._unanswered == AWAY_AFTER or self._has_not_come():
                    self._leave()
                await asyncio.sleep(LOOK_SECONDS)
            await self._end()

    def _has_not_come(self) -> bool:
        waited = self._shift.now() - self._shift.prefect_since
        return self._shift.prefect_state == "starting" and waited > COMES_WITHIN

    async def _is_there(self, http: httpx.AsyncClient) -> bool:
        try:
            answer = await http.get(f"{self._api}/health")
        except httpx.HTTPError:
            self._unanswered += 1
            return False
        if not answer.is_success:
            self._unanswered += 1
            return False
        self._unanswered = 0
        return True

    def _leave(self) -> None:
        """Carry on without: close every stage, and remember the runs Prefect still believes in."""
        stages = list(self._plays.values())
        self._shift.stages.clear()
        for stage in stages:
            stage.close()
        self._left |= {stage.flow_run_id for stage in stages if stage.flow_run_id}
        self._shift.prefect("away")

    async def _join(self, http: httpx.AsyncClient) -> None:
        """See that each process has an open stage that is not worn out."""
        if self._left:
            await self._clear_up(http)
        for process in FLOWS:
            stage = self._shift.stages.get(process)
            if stage is None or not stage.is_open or self._is_worn(stage):
                await self._open(process)
                if self._stopping.is_set():
                    return
        if all(process in self._shift.stages for process in FLOWS) and self._shift.prefect_state != "joined":
            self._shift.prefect("joined")
            await self._bury(http)

    def _is_worn(self, stage: Stage) -> bool:
        return self._shift.now() - stage.opened_at >= RELIEVED_AFTER or stage.performed >= RELIEVED_AFTER_TASKS

    async def _open(self, process: str) -> None:
        """Start a flow run of the process and let it take over from the one before."""
        flow = await asyncio.to_thread(_flow_of, process)
        stage = Stage(process, opened_at=self._shift.now(), threads=self._shift.threads)
        play = asyncio.create_task(_play(flow, stage, worker=self._shift.worker))
        self._plays[play] = stage
        play.add_done_callback(self._ended)
        opened = asyncio.create_task(stage.opened.wait())
        await asyncio.wait({play, opened}, timeout=STARTS_WITHIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        if not stage.is_open:
            play.cancel()
        elif not self._stopping.is_set():
            before = self._shift.stages.get(process)
            self._shift.stages[process] = stage
            if before:
                before.close()
            log.info("watch begins", process=process, flow_run=str(stage.flow_run_id))

    def _ended(self, play: asyncio.Task[object]) -> None:
        stage = self._plays.pop(play)
        stage.close()
        if self._shift.stages.get(stage.process) is stage:
            del self._shift.stages[stage.process]
        error = None if play.cancelled() else play.exception()
        if error is not None:
            log.warning("flow run broke off", process=stage.process, error=type(error).__name__)
            if stage.flow_run_id:
                self._left.add(stage.flow_run_id)

    async def _end(self) -> None:
        """Let the runs end in order; what Prefect does not take in time is left to the next worker's `_bury`."""
        for stage in self._plays.values():
            stage.close()
        if self._plays:
            _, late = await asyncio.wait(self._plays, timeout=ENDS_WITHIN_SECONDS - LOOK_SECONDS)
            for play in late:
                play.cancel()

    async def _clear_up(self, http: httpx.AsyncClient) -> None:
        """End the runs that were left open while Prefect was away."""
        for play in [play for play, stage in self._plays.items() if stage.flow_run_id in self._left]:
            play.cancel()
            await asyncio.wait({play}, timeout=ENDS_WITHIN_SECONDS)
        for run_id in list(self._left):
            if await self._set_state(http, run_id, "COMPLETED", "Prefect was away; the work went on without it."):
                self._left.discard(run_id)

    async def _bury(self, http: httpx.AsyncClient) -> None:
        """Mark the runs of workers that died as crashed, else Prefect would show them running for ever."""
        dead = await asyncio.to_thread(self._dead)
        for instance, run_ids in dead.items():
            ended = [await self._set_state(http, run_id, "CRASHED", "Its worker died.") for run_id in run_ids]
            if all(ended):
                await asyncio.to_thread(self._forget, instance)

    def _dead(self) -> dict[str, list[UUID]]:
        at = self._shift.now()
        with self._shift.database.read() as session:
            silent = [row for row in heartbeats.silent(session, PART, at=at) if row.at < at - CRASHED_AFTER]
        watches = {row.instance: row.data.get("watches", {}) for row in silent}
        return {
            instance: [UUID(watch["flow_run_id"]) for watch in said.values() if watch.get("flow_run_id")]
            for instance, said in watches.items()
        }

    def _forget(self, instance: str) -> None:
        with self._shift.database.write() as session:
            heartbeats.forget(session, PART, instance)

    async def _set_state(self, http: httpx.AsyncClient, run_id: UUID, kind: str, message: str) -> bool:
        body = {"state": {"type": kind, "name": kind.capitalize(), "message": message}, "force": True}
        with suppress(httpx.HTTPError):
            answer = await http.post(f"{self._api}/flow_runs/{run_id}/set_state", json=body)
            return answer.is_success or answer.status_code == httpx.codes.NOT_FOUND
        return False


def _flow_of(process: str) -> FlowRun:
    """Return the process's flow, importing Prefect at the first call (about 2 s)."""
    flow: FlowRun = getattr(import_module(FLOWS[process][0]), process)
    return flow


async def _play(flow: FlowRun, stage: Stage, *, worker: str) -> object:
    from flows.tasks import STAGE  # noqa: PLC0415 - Prefect comes in with it

    # `_ended` says what broke off, once; Prefect would say so three times, also when we cancel a run ourselves.
    logging.getLogger("prefect.flow_runs").setLevel(logging.CRITICAL)
    STAGE.set(stage)
    title = FLOWS[stage.process][1].in_language(get_settings().locale)
    since = stage.opened_at.astimezone(city_zone()).strftime("%m-%d %H:%M")
    return await flow(title=title, since=since, worker=worker)
