"""What the flows of all processes share: a warm run that performs jobs as tasks named after cases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TaskRunContext
from prefect.states import Failed

from domain.workflow import Workflow
from flows.stage import CLOCKS, Job, Stage
from flows.work import Run

STAGE: ContextVar[Stage] = ContextVar("stage")
"""The stage a flow run opens; not a parameter, because Prefect would try to write it down."""
_JOB: ContextVar[Job] = ContextVar("job")


async def _perform(title: str) -> Any:  # noqa: ANN401, ARG001 - a result or a Prefect state; the title names the run
    job = _JOB.get()
    if not job.take():
        return "carried out directly"
    context = TaskRunContext.get()
    run = Run(context.task_run.flow_run_id, context.task_run.id) if context else Run()
    how = await asyncio.get_running_loop().run_in_executor(STAGE.get().threads, job.carry_out, run)
    return Failed(message="Put off; it will be tried again.") if how == "put off" else how


def tasks_of(workflow: Workflow) -> Mapping[str, Any]:
    """Return a Prefect task for every effect of a process, and one for its clocks."""
    return named_tasks((*workflow.effects, CLOCKS))


def named_tasks(kinds: Iterable[str]) -> Mapping[str, Any]:
    """Return a Prefect task for each kind of job."""
    return {
        kind: task(
            name=kind.replace("_", "-"), task_run_name="{title}", cache_policy=NO_CACHE, persist_result=False, retries=0
        )(_perform)
        for kind in kinds
    }


async def keep_watch(tasks: Mapping[str, Any]) -> str:
    """Perform every job of the current stage until it is closed; the body of each flow."""
    stage = STAGE.get()
    context = FlowRunContext.get()
    stage.open(context.flow_run.id if context and context.flow_run else None)
    under_way: set[asyncio.Task[None]] = set()
    while (job := await stage.next_job()) is not None:
        one = asyncio.create_task(_as_task(tasks[job.kind], job))
        under_way.add(one)
        one.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way)
    return f"{stage.performed} tasks"


async def _as_task(prefect_task: Any, job: Job) -> None:  # noqa: ANN401 - Prefect's generic Task
    _JOB.set(job)
    await prefect_task(job.title, return_state=True)
