"""The flow that watches over errands: one warm run, a task for each kind."""

from __future__ import annotations

from prefect import flow

from domain.errand_kinds import KINDS
from flows.errands import ERRANDS, STAGES
from flows.tasks import keep_watch, named_tasks

TASKS = named_tasks(kind for kind in KINDS if kind not in STAGES)


@flow(name=ERRANDS, flow_run_name="{title} · {since}", persist_result=False, validate_parameters=False)
async def errands(title: str, since: str, worker: str) -> str:  # noqa: ARG001 - people read them in Prefect's pages
    """Perform what `worker` hands over, from `since` until it is relieved."""
    return await keep_watch(TASKS)
