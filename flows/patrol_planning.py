"""The flow in which days of patrols are planned: one warm run, a task for each day and each shard of areas."""

from __future__ import annotations

from prefect import flow

from flows.errands import PATROLS, STAGES
from flows.tasks import keep_watch, named_tasks

TASKS = named_tasks(kind for kind, stage in STAGES.items() if stage == PATROLS)


@flow(name="patrol-planning", flow_run_name="{title} · {since}", persist_result=False, validate_parameters=False)
async def patrol_planning(title: str, since: str, worker: str) -> str:  # noqa: ARG001 - people read them in Prefect's pages
    """Plan what `worker` hands over, from `since` until it is relieved."""
    return await keep_watch(TASKS)
