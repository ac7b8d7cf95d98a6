"""The flow in which reports are made: one warm run, a task for each scope of a day, a week or a month."""

from __future__ import annotations

from prefect import flow

from flows.errands import REPORTS, STAGES
from flows.tasks import keep_watch, named_tasks

TASKS = named_tasks(kind for kind, stage in STAGES.items() if stage == REPORTS)


@flow(name="sla-report", flow_run_name="{title} · {since}", persist_result=False, validate_parameters=False)
async def sla_report(title: str, since: str, worker: str) -> str:  # noqa: ARG001 - people read them in Prefect's pages
    """Make the reports that `worker` hands over, from `since` until it is relieved."""
    return await keep_watch(TASKS)
