"""The flow that watches over applications for enrolment: one warm run, a task for each effect and each clock."""

from __future__ import annotations

from prefect import flow

from domain.processes.enrolment import ENROLMENT
from flows.tasks import keep_watch, tasks_of

TASKS = tasks_of(ENROLMENT)


@flow(
    name=ENROLMENT.name.replace("_", "-"),
    flow_run_name="{title} · {since}",
    description=ENROLMENT.zh,
    persist_result=False,
    validate_parameters=False,
)
async def enrolment(title: str, since: str, worker: str) -> str:  # noqa: ARG001 - people read them in Prefect's pages
    """Perform what `worker` hands over, from `since` until it is relieved."""
    return await keep_watch(TASKS)
