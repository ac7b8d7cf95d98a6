"""For whom cases wait, read from the tables: whoever may take the step that usually comes next."""

from __future__ import annotations

from domain.actors import Actor
from domain.processes import LISTED, ROUTINE, WORKFLOWS
from domain.processes.everywhere import is_assignee
from domain.queries.case_list import WaitsFor


def waits_for(actor: Actor, *, process: str | None = None) -> tuple[WaitsFor, ...]:
    """Return where cases wait for this actor; empty for who takes no usual step (an auditor).

    Cases of a routine process are among them only when it is the `process` asked for.
    """
    found = []
    for flow in (WORKFLOWS[process],) if process in ROUTINE else LISTED.values():
        for step in flow.transitions:
            if not step.usual or not actor.plays(*step.roles):
                continue
            own = actor.person_id if is_assignee in step.guards else None
            found.append(WaitsFor(flow.name, tuple(sorted(state.name for state in step.sources)), own))
    return tuple(found)
