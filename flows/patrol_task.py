"""The flow that watches over patrols: one warm run, a task for each effect and each clock."""

from __future__ import annotations

from prefect import flow

from domain.processes.patrol_task import PATROL_TASK
from flows.tasks import keep_watch, tasks_of

TASKS = tasks_of(PATROL_TASK)


@flow(
    name=PATROL_TASK.name.replace("_", "-"),
    flow_run_name="{title} · {since}",
    description=PATROL_TASK.zh,
    persist_result=False,
    validate_parameters=False,
)
async def patrol_task(title: str, since: str, worker: str) -> str:  # noqa: ARG001 - people read them in Prefect's pages
    """Perform what `worker` hands over, from `since` until it is relieved."""
    return await keep_watch(TASKS)
