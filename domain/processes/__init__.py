"""The processes, a table each. `WORKFLOWS` is the list everything else reads."""

from __future__ import annotations

from domain.processes.enrolment import ENROLMENT
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.patrol_task import PATROL_TASK
from domain.processes.rectification import RECTIFICATION
from domain.workflow import Workflow

WORKFLOWS: dict[str, Workflow] = {flow.name: flow for flow in (HAZARD_REPORT, RECTIFICATION, ENROLMENT, PATROL_TASK)}
ROUTINE: frozenset[str] = frozenset(flow.name for flow in WORKFLOWS.values() if flow.is_routine)
"""Processes of tens of thousands of cases a day: lists, boards and reports leave them to pages of their own."""
LISTED: dict[str, Workflow] = {name: flow for name, flow in WORKFLOWS.items() if name not in ROUTINE}
"""The others: what lists, boards, maps and reports are about unless a routine process is named."""


def workflow_of(process: str) -> Workflow:
    """Return the table of a process; KeyError for a process there is none of."""
    return WORKFLOWS[process]
